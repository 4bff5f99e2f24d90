//! The store on disks: reopening, rebuilding, one user. What every engine does is in `contract.rs`.

use event_store::{
    AppendError, Batch, Filter, Label, OpenError, Options, Position, ReadError, Recovery, Revision,
    Store,
};

use crate::place::{OnDisk, Place};
use crate::sample::{LOGS, answers, batch, cursor, fill, log, numbered, record, since, stream};

async fn cursors_alone_are_stored_and_survive(place: OnDisk) {
    let store = place.open();
    let set = |value: &[u8]| Batch {
        cursors: vec![(cursor("kafka/in"), value.to_vec())],
        ..Batch::default()
    };
    let appended = store.append(set(b"17")).await.unwrap();
    assert_eq!((appended.first, appended.next), (Position(0), Position(0)));
    store.append(set(b"18")).await.unwrap();
    store.close();
    assert_eq!(place.open().cursor(&cursor("kafka/in")), Some(b"18".to_vec()));
    place.lose_index();
    assert_eq!(place.open().cursor(&cursor("kafka/in")), Some(b"18".to_vec()));
}

async fn a_reopened_store_answers_the_same_over_segments(place: OnDisk) {
    let mut expected = None;
    for round in 0..4 {
        let store = place.open();
        if let Some(expected) = &expected {
            assert_eq!(&answers(&store), expected);
            let lost = if place.keeps_database() { 0 } else { expected.all.len() as u64 };
            let recovery = Recovery { indexed_records: lost, ..Recovery::default() };
            assert_eq!(store.recovery(), recovery);
        }
        fill(&store, round * 60..(round + 1) * 60).await;
        expected = Some(answers(&store));
        store.close();
    }
    assert!(place.segments().len() > 3);
    let verified = place.verify().unwrap();
    assert_eq!(verified.records, expected.unwrap().all.len() as u64);
    let indexed = if place.keeps_database() { verified.records } else { 0 };
    assert_eq!(verified.indexed, Some(indexed));
    assert_eq!((verified.streams, verified.torn_bytes), (5, 0));
}

async fn long_streams_are_read_in_pieces(place: OnDisk) {
    let store = place.open_with(Options::default());
    for part in 0..7 {
        let records = (0..100).map(|n| record("local", Some("long"), &format!("{part} {n}")));
        store.append(batch(records.collect())).await.unwrap();
        let other = record("local", Some("lon"), "a prefix of the other id");
        store.append(batch(vec![other])).await.unwrap();
    }
    let check = |store: &Store| {
        for (from, max) in [(0, 700), (0, 255), (0, 257), (255, 2), (256, 300), (699, 5), (700, 5)]
        {
            let read = store.read_stream(&stream("long"), Revision(from), max).unwrap();
            assert_eq!(read.len() as u64, (700 - from).min(max as u64));
            for (revision, record) in (from..).zip(read) {
                assert_eq!(record.revision, Some(Revision(revision)));
                assert_eq!(record.stream, Some(stream("long")));
            }
        }
        assert_eq!(store.stream_revision(&stream("lon")).unwrap(), Some(Revision(6)));
    };
    check(&store);
    store.close();
    check(&place.open());
    place.lose_index();
    check(&place.open());
}

async fn one_folder_has_one_user(place: OnDisk) {
    let store = place.open();
    let second = place.try_open();
    assert!(matches!(second, Err(OpenError::InUse)), "{second:?}");
    assert!(matches!(place.verify(), Err(event_store::VerifyError::InUse)));
    let clone = store.clone();
    store.close();
    assert_eq!(clone.append(numbered(0)).await, Err(AppendError::Closed));
    assert!(matches!(clone.read_log(&log("none"), 0, 1), Err(ReadError::Closed)));
    drop(place.open());
    place.open();
}

async fn a_rebuilt_index_has_no_labels(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..3).await;
    store.set_labels(&stream("a"), vec![Label::new("x").unwrap()], store.next_position()).unwrap();
    store.close();
    place.rebuild().unwrap();
    let store = place.open();
    assert_eq!(store.labels_upto().unwrap(), Position(0));
    assert_eq!(store.list_labels("", None, 10).unwrap(), []);
}

async fn a_store_without_threads_holds_what_one_with_threads_holds(place: OnDisk) {
    // The last ones are so large that another thread hashes them.
    let large = |n: usize| {
        let name = |part: usize| [LOGS[part * n % 3], LOGS[(part + n) % 3]][part % 2];
        let record = |part| record(name(part), Some(["a", "b"][part % 2]), &format!("{n} {part}"));
        batch((0..100).map(record).collect())
    };
    let batches = || (0..40).map(numbered).chain((0..4).map(large));
    let other = place.another();
    let (threads, inline) = (place.open(), other.open_inline());
    for (batch, same) in batches().zip(batches()) {
        let appended = threads.append(batch).await.unwrap();
        assert_eq!(inline.append(same).await.unwrap(), appended);
    }
    assert_eq!(since(&inline, &Filter::All, 1000), since(&threads, &Filter::All, 1000));
    for name in LOGS {
        let (log, size) = (log(name), threads.log_size(&log(name)));
        assert_eq!(inline.log_frontier(&log), threads.log_frontier(&log));
        let proof = |store: &Store| store.inclusion_proof(&log, size - 30, size).unwrap();
        assert_eq!(proof(&inline), proof(&threads));
    }
    inline.close();
    let refused = inline.append(numbered(0)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Closed), "{refused}");
    let again = other.open_inline();
    assert_eq!(since(&again, &Filter::All, 1000), since(&threads, &Filter::All, 1000));
}

crate::place::on_each_disk!(
    cursors_alone_are_stored_and_survive,
    a_reopened_store_answers_the_same_over_segments,
    long_streams_are_read_in_pieces,
    one_folder_has_one_user,
    a_rebuilt_index_has_no_labels,
    a_store_without_threads_holds_what_one_with_threads_holds
);
