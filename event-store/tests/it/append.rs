//! Appending and reading back: numbers, expectations, atomicity, reopening.

use std::collections::BTreeSet;
use std::sync::Arc;

use event_store::disk::{Disk, Simulated};
use event_store::{
    AppendError, Appended, Batch, Expected, Filter, OpenError, Options, Placed, Position,
    ReadError, Recovery, Revision, Store,
};

use crate::sample::{
    LOGS, Place, answers, batch, cursor, fill, log, numbered, record, since, small, stream,
};

async fn records_are_numbered_in_store_log_and_stream(place: Place) {
    let store = place.open();
    let records = vec![
        record(LOGS[0], Some("case"), "first"),
        record(LOGS[1], Some("case"), "second"),
        record(LOGS[0], None, "third"),
    ];
    let placed = |position, log_name, log_index, revision: Option<u64>| Placed {
        position: Position(position),
        log: log(log_name),
        log_index,
        revision: revision.map(Revision),
    };
    let appended = store.append(batch(records.clone())).await.unwrap();
    let expected = Appended {
        first: Position(0),
        next: Position(3),
        records: vec![
            placed(0, LOGS[0], 0, Some(0)),
            placed(1, LOGS[1], 0, Some(1)),
            placed(2, LOGS[0], 1, None),
        ],
    };
    assert_eq!(appended, expected);

    let read = store.read_log(&log(LOGS[0]), 0, 10).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].leaf, records[0].leaf);
    assert_eq!(read[0].payload, records[0].payload);
    assert_eq!(store.read_log(&log(LOGS[0]), 1, 10).unwrap(), read[1..]);
    assert_eq!(store.read_stream(&stream("case"), Revision(0), 10).unwrap().len(), 2);
    assert_eq!(store.read_stream(&stream("none"), Revision(0), 10).unwrap(), []);
    assert_eq!(store.read_log(&log("none"), 0, 10).unwrap(), []);
    assert_eq!(since(&store, &Filter::Log(log(LOGS[1])), 10).len(), 1);
    assert_eq!(since(&store, &Filter::LogPrefix("entries/".to_owned()), 10).len(), 3);
    assert_eq!(store.next_position(), Position(3));
}

async fn expectations_are_checked_before_the_batch(place: Place) {
    let store = place.open();
    let append = async |expected: Expected| {
        let records = vec![record("local", Some("case"), "x"), record("local", Some("case"), "y")];
        let expected = vec![(stream("case"), expected)];
        let cursors = vec![(cursor("kafka/in"), b"moved".to_vec())];
        store.append(Batch { records, expected, cursors }).await
    };
    let conflict = |expected, found: Option<u64>| AppendError::Conflict {
        stream: stream("case"),
        expected,
        found: found.map(Revision),
    };
    let at = |revision| Expected::Revision(Revision(revision));

    assert_eq!(append(Expected::Exists).await, Err(conflict(Expected::Exists, None)));
    assert_eq!(append(at(0)).await, Err(conflict(at(0), None)));
    assert_eq!(store.cursor(&cursor("kafka/in")), None, "a refused batch sets no cursor");
    assert_eq!(store.next_position(), Position(0));
    assert!(append(Expected::Absent).await.is_ok());
    assert_eq!(append(Expected::Absent).await, Err(conflict(Expected::Absent, Some(1))));
    assert_eq!(append(at(0)).await, Err(conflict(at(0), Some(1))));
    assert!(append(at(1)).await.is_ok());
    assert!(append(Expected::Exists).await.is_ok());
    assert!(append(Expected::Any).await.is_ok());
    assert_eq!(store.stream_revision(&stream("case")).unwrap(), Some(Revision(7)));
    assert_eq!(store.cursor(&cursor("kafka/in")), Some(b"moved".to_vec()));
}

async fn of_many_batches_that_expect_the_same_one_wins(place: Place) {
    let store = place.open();
    for round in 0..20 {
        let expected = match round {
            0 => Expected::Absent,
            _ => Expected::Revision(Revision(round - 1)),
        };
        let racing = (0..16).map(|racer| {
            let records = vec![record("local", Some("case"), &format!("{round}.{racer}"))];
            let expected = vec![(stream("case"), expected)];
            store.append(Batch { records, expected, cursors: Vec::new() })
        });
        let results = futures::future::join_all(racing).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    }
    assert_eq!(store.next_position(), Position(20));
    answers(&store);
}

async fn cursors_alone_are_stored_and_survive(place: Place) {
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

async fn a_reopened_store_answers_the_same_over_segments(place: Place) {
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
    assert!(place.segments() > 3);
    let verified = place.verify().unwrap();
    assert_eq!(verified.records, expected.unwrap().all.len() as u64);
    let indexed = if place.keeps_database() { verified.records } else { 0 };
    assert_eq!(verified.indexed, Some(indexed));
    assert_eq!((verified.streams, verified.torn_bytes), (5, 0));
}

async fn long_streams_are_read_in_pieces(place: Place) {
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

async fn what_was_acknowledged_is_seen_by_every_read(place: Place) {
    let store = place.open();
    let tasks = (0..8).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = format!("stream {task}");
            for n in 0..40_u64 {
                let new = record("local", Some(&id), &format!("{task}.{n}"));
                let appended = store.append(batch(vec![new.clone()])).await.unwrap();
                let placed = &appended.records[0];
                assert_eq!(placed.revision, Some(Revision(n)));
                let by_stream = store.read_stream(&stream(&id), Revision(n), 9).unwrap();
                let by_log = store.read_log(&log("local"), placed.log_index, 1).unwrap();
                let page = store.read_since(placed.position, &Filter::All, 1).unwrap();
                assert_eq!(by_stream, by_log);
                assert_eq!(by_stream, page.records);
                assert_eq!(by_stream[0].payload, new.payload);
                let all = store.read_stream(&stream(&id), Revision(0), 99).unwrap();
                assert_eq!(all.len() as u64, n + 1);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(answers(&store).all.len(), 320);
}

async fn a_place_beyond_the_end_is_an_error(place: Place) {
    let store = place.open();
    fill(&store, 0..1).await;
    let beyond = |result: Result<usize, ReadError>| match result {
        Err(ReadError::BeyondEnd { asked, end }) => (asked, end),
        other => panic!("{other:?}"),
    };
    assert_eq!(beyond(store.read_log(&log(LOGS[0]), 2, 1).map(|r| r.len())), (2, 1));
    assert_eq!(beyond(store.read_log(&log("none"), 1, 1).map(|r| r.len())), (1, 0));
    let read = store.read_stream(&stream("a"), Revision(2), 1);
    assert_eq!(beyond(read.map(|r| r.len())), (2, 1));
    let read = store.read_since(Position(2), &Filter::All, 1);
    assert_eq!(beyond(read.map(|r| r.records.len())), (2, 1));
}

async fn one_folder_has_one_user(place: Place) {
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

async fn an_append_given_up_leaves_the_store_whole(place: Place) {
    let store = place.open();
    let mut certain = BTreeSet::new();
    for n in 0..60 {
        let append = store.append(numbered(n));
        if n % 3 == 0 {
            // Polled once, so that it may or may not have reached the writer.
            drop(futures::FutureExt::now_or_never(append));
        } else {
            certain.extend(append.await.unwrap().records.into_iter().map(|r| r.position));
        }
    }
    store.close();
    let store = place.open();
    let all = answers(&store).all;
    assert!(certain.iter().all(|position| all.iter().any(|r| r.position == *position)));
}

crate::sample::on_each_disk!(
    records_are_numbered_in_store_log_and_stream,
    expectations_are_checked_before_the_batch,
    of_many_batches_that_expect_the_same_one_wins,
    cursors_alone_are_stored_and_survive,
    a_reopened_store_answers_the_same_over_segments,
    long_streams_are_read_in_pieces,
    what_was_acknowledged_is_seen_by_every_read,
    a_place_beyond_the_end_is_an_error,
    one_folder_has_one_user,
    an_append_given_up_leaves_the_store_whole
);

#[tokio::test]
async fn a_store_without_threads_holds_what_one_with_threads_holds() {
    let batches = || (0..40).map(numbered);
    let [one, other]: [Arc<dyn Disk>; 2] = [Arc::new(Simulated::new()), Arc::new(Simulated::new())];
    let threads = Store::open_on(one, small()).unwrap();
    let inline = Store::open_inline_on(&other, small()).unwrap();
    for (batch, same) in batches().zip(batches()) {
        let appended = threads.append(batch).await.unwrap();
        assert_eq!(inline.append(same).await.unwrap(), appended);
    }
    assert_eq!(since(&inline, &Filter::All, 1000), since(&threads, &Filter::All, 1000));
    inline.close();
    let refused = inline.append(numbered(0)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Closed), "{refused}");
    let again = Store::open_inline_on(&other, small()).unwrap();
    assert_eq!(since(&again, &Filter::All, 1000), since(&threads, &Filter::All, 1000));
}
