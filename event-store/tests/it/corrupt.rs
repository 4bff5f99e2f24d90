//! Damage of every kind: found, located, and repaired where it can be.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use event_store::disk::{Disk as _, Simulated};
use event_store::{Affected, Fault, OpenError, Position, Recovery, Store, VerifyError};

use crate::sample::{
    Answers, answers, batch, copy, fill, log, numbered, open, record, segments, small, stream,
};

/// A closed store of a few batches in one segment, and what it answers.
async fn closed(dir: &Path, batches: usize) -> Answers {
    let store = open(dir);
    fill(&store, 0..batches).await;
    let answers = answers(&store);
    store.close();
    answers
}

fn flip(file: &Path, at: usize, mask: u8) {
    let mut bytes = fs::read(file).unwrap();
    bytes[at] ^= mask;
    fs::write(file, bytes).unwrap();
}

fn fault(result: Result<event_store::Verified, VerifyError>) -> Fault {
    match result {
        Err(VerifyError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_flipped_byte_of_the_journal_is_found() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 10).await;
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let good = event_store::verify(dir.path()).unwrap();
    let used = usize::try_from(good.bytes).unwrap();
    let file = &segments(dir.path())[0];
    let bytes = fs::read(file).unwrap();
    let last_frame = bytes.windows(4).rposition(|window| window == b"RFRM").unwrap();

    let (mut located, mut torn) = (0, 0);
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(file, flipped).unwrap();
        match event_store::verify(dir.path()) {
            Err(VerifyError::Fault(fault)) => {
                assert!(at < last_frame, "{at}: {fault}");
                assert_eq!(fault.file, "journal/0000000000000000.seg");
                assert!(usize::try_from(fault.offset).unwrap() <= at, "{at}: {fault}");
                located += 1;
            }
            // The version number of the segment.
            Err(VerifyError::Newer { .. }) => assert!((8..12).contains(&at), "{at}"),
            // Torn or flipped cannot be told apart in the last frame, nor behind it.
            Ok(verified) => {
                assert!(at >= last_frame, "{at}");
                assert!(verified.torn_bytes > 0, "{at}");
                torn += 1;
            }
            Err(error) => panic!("{at}: {error}"),
        }
    }
    eprintln!("{located} located, {torn} seen as torn, of {} bytes", bytes.len());
    assert!(located > used / 2);
}

/// What the next opening mends, it mends.
fn is_mended(disk: &Simulated) {
    let copy = disk.cut(&mut |_| 0);
    let opened = Store::open_on(Arc::new(copy.clone()), small()).unwrap();
    opened.close();
    assert_eq!(opened.damage(), None);
    assert_eq!(event_store::verify_on(Arc::new(copy)).unwrap().repairs, []);
}

#[tokio::test]
async fn every_flipped_byte_of_many_segments_is_found_and_never_answered() {
    let disk = Simulated::new();
    let store = Store::open_on(Arc::new(disk.clone()), small()).unwrap();
    fill(&store, 0..120).await;
    let expected = answers(&store).all;
    store.close();
    let names = disk.list("journal").unwrap();
    assert!(names.len() > 2);
    let (mut located, mut torn, mut zeros, mut footers) = (0, 0, 0, 0);
    for name in names {
        let path = format!("journal/{name}");
        let length = disk.open(&path).unwrap().unwrap().length().unwrap();
        for at in 0..length {
            disk.flip(&path, at, 1 << (at % 8));
            match event_store::verify_on(Arc::new(disk.clone())) {
                Err(VerifyError::Fault(fault)) => {
                    // What is torn at the end shows as an index that goes further.
                    let is_end = fault.file == "index";
                    assert!(is_end || fault.file == path, "{path} {at}: {fault}");
                    assert!(is_end || fault.offset <= at, "{path} {at}: {fault}");
                    assert_eq!(is_end, fault.affected == Affected::Index, "{fault}");
                    if let Affected::Records(Some(upto)) = fault.affected {
                        assert!(fault.position < Some(upto), "{fault}");
                    }
                    located += 1;
                }
                Err(VerifyError::Newer { .. }) => located += 1,
                Ok(verified) => {
                    let all = verified.records == expected.len() as u64;
                    let [repair] = &verified.repairs[..] else { panic!("{path} {at}") };
                    assert!(repair.file == path && repair.offset <= at, "{path} {at}: {repair}");
                    match repair.affected {
                        Affected::Footer => footers += u64::from(all),
                        Affected::End if all => zeros += 1,
                        Affected::End => torn += 1,
                        Affected::Index | Affected::Records(_) => panic!("{path} {at}: {repair}"),
                    }
                    if repair.affected == Affected::Footer && at % 8 == 0 {
                        is_mended(&disk);
                    }
                }
                other => panic!("{path} {at}: {other:?}"),
            }
            // Whoever opens it all the same reads a beginning of what was there, or is refused.
            if at % 64 == 7 {
                let mut none = |_: usize| 0;
                let damaged = disk.cut(&mut none);
                if let Ok(store) = Store::open_on(Arc::new(damaged), small()) {
                    let found = answers(&store).all;
                    assert_eq!(found, expected[..found.len()], "{path} {at}");
                }
            }
            disk.flip(&path, at, 1 << (at % 8));
        }
    }
    eprintln!(
        "{located} located, {torn} seen as torn, {zeros} in what is not used yet, {footers} in \
         footers"
    );
    assert_eq!(footers, 3 * 104);
    assert_eq!(event_store::verify_on(Arc::new(disk)).unwrap().repairs, []);
}

#[tokio::test]
async fn a_flipped_byte_of_the_database_gives_no_wrong_answer() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path(), 30).await;
    let whole = tempfile::tempdir().unwrap();
    copy(dir.path(), whole.path());
    let mut files = vec![Path::new("index/trust").to_owned()];
    for entry in fs::read_dir(dir.path().join("index/tree")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            files.push(path.strip_prefix(dir.path()).unwrap().to_owned());
        }
    }
    let (mut flips, mut rebuilt) = (0, 0);
    for file in files {
        let bytes = fs::read(whole.path().join(&file)).unwrap();
        let used: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        for at in used.iter().step_by(used.len().div_ceil(120)) {
            fs::remove_dir_all(dir.path()).unwrap();
            copy(whole.path(), dir.path());
            flip(&dir.path().join(&file), *at, 1 << (at % 8));
            let store = open(dir.path());
            assert_eq!(answers(&store), expected, "{file:?} {at}");
            flips += 1;
            rebuilt += usize::from(store.recovery().index_rebuilt);
        }
    }
    eprintln!("{flips} flips, {rebuilt} rebuilt at once");
}

#[tokio::test]
async fn damage_before_the_last_frame_refuses_to_open_and_names_the_record() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 10).await;
    let file = &segments(dir.path())[0];
    let bytes = fs::read(file).unwrap();
    let payload = b"payload of 5.1";
    let at = bytes.windows(payload.len()).position(|window| window == payload).unwrap();
    flip(file, at, 1);
    let found = fault(event_store::verify(dir.path()));
    let position = (0..5).map(|n| numbered(n).records.len()).sum::<usize>() + 1;
    assert_eq!(found.position, Some(Position(position as u64)));
    assert_eq!(found.log, Some(numbered(5).records[1].log.clone()));
    let log = numbered(5).records[1].log.clone();
    let text = format!(
        "a broken frame in `journal/0000000000000000.seg` at offset {}, log `{log}`, position \
         {position}; affected are the records from {position} to {}: stop the node and heal the \
         store",
        found.offset,
        position + 1,
    );
    assert_eq!(found.to_string(), text);
    let result = Store::open(dir.path(), small());
    let Err(OpenError::Corrupt { segment: 0, offset, .. }) = result else { panic!("{result:?}") };
    assert!(offset > 0 && usize::try_from(offset).unwrap() < at);
    flip(file, at, 1);
    open(dir.path());
}

#[tokio::test]
async fn damage_of_a_sealed_segment_is_found_and_never_read() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 200).await;
    assert!(segments(dir.path()).len() > 3);
    let file = &segments(dir.path())[1];
    let bytes = fs::read(file).unwrap();
    let at = bytes.windows(7).position(|window| window == b"payload").unwrap();
    flip(file, at, 1);
    let found = fault(event_store::verify(dir.path()));
    assert_eq!(found.file, "journal/0000000000000001.seg");
    // The index is whole, so the store opens; the record itself is refused.
    let store = open(dir.path());
    assert_eq!(store.damage(), None);
    let errors = (0..store.next_position().0).filter(|position| {
        let read = store.read_since(Position(*position), &event_store::Filter::All, 1);
        read.is_err()
    });
    assert_eq!(errors.collect::<Vec<_>>(), [found.position.unwrap().0]);
    let damage = store.damage().unwrap();
    assert!(damage.starts_with("a broken record in segment 1 at offset "), "{damage}");
    assert_eq!(store.failure(), None);
    store.close();
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let result = Store::open(dir.path(), small());
    assert!(matches!(result, Err(OpenError::Corrupt { segment: 1, .. })), "{result:?}");

    fs::remove_file(&segments(dir.path())[2]).unwrap();
    let result = Store::open(dir.path(), small());
    assert!(matches!(result, Err(OpenError::Corrupt { segment: 2, .. })), "{result:?}");
}

#[tokio::test]
async fn an_index_lost_in_whole_or_part_is_rebuilt_with_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path(), 150).await;
    let index = dir.path().join("index");
    let hashes = index.join("logs/entries+NL+0.hashes");
    let offsets = index.join("logs/entries+NL+0.offsets");
    let cut = |file: &Path, by: u64| {
        let length = fs::metadata(file).unwrap().len();
        fs::OpenOptions::new().write(true).open(file).unwrap().set_len(length - by).unwrap();
    };
    let damages: [(&str, &dyn Fn()); 10] = [
        ("index", &|| fs::remove_dir_all(&index).unwrap()),
        ("positions", &|| fs::remove_file(index.join("positions")).unwrap()),
        ("positions cut", &|| cut(&index.join("positions"), 1)),
        ("hashes", &|| fs::remove_file(&hashes).unwrap()),
        ("hashes cut", &|| cut(&hashes, 32)),
        ("root flipped", &|| flip(&hashes, fs::metadata(&hashes).unwrap().len() as usize - 1, 1)),
        ("offsets cut", &|| cut(&offsets, 8)),
        ("database", &|| fs::remove_dir_all(index.join("tree")).unwrap()),
        ("opening", &|| fs::write(index.join("opening"), "").unwrap()),
        ("incarnation", &|| fs::write(index.join("trust"), "1 another start").unwrap()),
    ];
    for (what, damage) in damages {
        damage();
        let store = open(dir.path());
        assert_eq!(answers(&store), expected, "{what}");
        let rebuilt = Recovery {
            indexed_records: expected.all.len() as u64,
            // An empty database looks like a new one: everything is replayed, into the old files.
            index_rebuilt: what != "database",
            ..Recovery::default()
        };
        assert_eq!(store.recovery(), rebuilt, "{what}");
        store.close();
        let verified = event_store::verify(dir.path()).unwrap();
        assert_eq!(verified.indexed, Some(expected.all.len() as u64), "{what}");
    }
    let rebuilt = event_store::rebuild(dir.path(), &mut |_| ()).unwrap();
    assert_eq!(rebuilt.records, expected.all.len() as u64);
    assert_eq!(rebuilt.streams, 5);
    assert_eq!(rebuilt.logs, event_store::verify(dir.path()).unwrap().logs);
    assert_eq!(answers(&open(dir.path())), expected);
}

#[tokio::test]
async fn an_index_of_another_version_or_a_database_cut_anywhere_gives_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path(), 40).await;
    let whole = tempfile::tempdir().unwrap();
    copy(dir.path(), whole.path());
    let fresh = || {
        fs::remove_dir_all(dir.path()).unwrap();
        copy(whole.path(), dir.path());
    };
    for trust in ["1 closed", "3 closed", "closed", "", "2 closed "] {
        fresh();
        fs::write(dir.path().join("index/trust"), trust).unwrap();
        let store = open(dir.path());
        assert_eq!(answers(&store), expected, "{trust:?}");
        assert!(store.recovery().index_rebuilt, "{trust:?}");
    }
    let database = dir.path().join("index/tree/db");
    let bytes = fs::read(&database).unwrap();
    for part in 0..8 {
        let at = bytes.len() * part / 8;
        let overwritten = [&bytes[..at], &vec![0xff; bytes.len() - at]].concat();
        for damaged in [&bytes[..at], &overwritten] {
            fresh();
            fs::write(&database, damaged).unwrap();
            assert_eq!(answers(&open(dir.path())), expected, "{part}");
        }
    }
}

#[tokio::test]
async fn every_flipped_byte_of_the_flat_files_is_found() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 4).await;
    let index = dir.path().join("index");
    let files = fs::read_dir(index.join("logs")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.push(index.join("positions"));
    for file in files {
        for at in 0..fs::metadata(&file).unwrap().len() {
            flip(&file, usize::try_from(at).unwrap(), 4);
            let found = fault(event_store::verify(dir.path()));
            assert!(file.ends_with(&found.file), "{found}");
            assert!(found.offset <= at && at < found.offset + 32, "{found}");
            assert!(found.log.is_some() && found.position.is_some());
            // Whoever opens the store next is not to trust it.
            fs::remove_file(index.join("opening")).unwrap();
            flip(&file, usize::try_from(at).unwrap(), 4);
        }
    }
    event_store::verify(dir.path()).unwrap();
}

#[tokio::test]
async fn a_wrong_address_is_never_answered_with_another_record() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 30).await;
    // The file is swapped under a trusted index: two addresses of a log change places.
    let file = dir.path().join("index/logs/local.offsets");
    let mut bytes = fs::read(&file).unwrap();
    let (first, rest) = bytes.split_at_mut(8);
    first.swap_with_slice(&mut rest[..8]);
    fs::write(&file, bytes).unwrap();
    let store = open(dir.path());
    let result = store.read_log(&log("local"), 0, 10);
    assert!(matches!(result, Err(event_store::ReadError::Index { .. })), "{result:?}");
    store.close();
    let store = open(dir.path());
    assert!(store.recovery().index_rebuilt);
    answers(&store);
}

#[tokio::test]
async fn an_old_copy_of_the_journal_is_noticed_by_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let old = tempfile::tempdir().unwrap();
    closed(dir.path(), 10).await;
    copy(&dir.path().join("journal"), &old.path().join("journal"));
    let store = open(dir.path());
    fill(&store, 10..20).await;
    store.close();
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    copy(&old.path().join("journal"), &dir.path().join("journal"));
    let found = fault(event_store::verify(dir.path()));
    assert_eq!(found.file, "index");
    let store = open(dir.path());
    assert!(store.recovery().index_was_ahead);
    assert!(store.recovery().index_rebuilt);
    assert_eq!(store.cursor(&crate::sample::cursor("kafka/in")), Some(b"9".to_vec()));
    answers(&store);
}

#[tokio::test]
async fn a_flip_in_an_acknowledged_last_frame_is_noticed_by_the_index() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 10).await;
    let file = &segments(dir.path())[0];
    let last = fs::read(file).unwrap().windows(4).rposition(|w| w == b"RFRM").unwrap();
    flip(file, last + 60, 1);
    let store = open(dir.path());
    assert!(store.recovery().cut_bytes > 0);
    assert!(store.recovery().index_was_ahead);
    assert_eq!(answers(&store).cursor, Some(b"8".to_vec()));
}

#[tokio::test]
async fn a_frame_smuggled_into_a_payload_is_no_frame() {
    let dir = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    closed(other.path(), 3).await;
    let foreign = fs::read(&segments(other.path())[0]).unwrap();
    let store = open(dir.path());
    let mut new = record("local", Some("a"), "x");
    for shift in 0..8 {
        // Some copy starts at a multiple of 8, as frames do.
        new.payload.extend_from_slice(&vec![0; 8 + shift]);
        new.payload.extend_from_slice(&foreign[..1000]);
    }
    store.append(batch(vec![new])).await.unwrap();
    store.close();
    // The frame that holds it is torn at its beginning: what is left must not look like more.
    let file = &segments(dir.path())[0];
    flip(file, 64 + 50, 1);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let store = open(dir.path());
    assert!(store.recovery().cut_bytes > 1000, "{:?}", store.recovery());
    assert_eq!(store.next_position(), Position(0));
    assert_eq!(store.stream_revision(&stream("a")).unwrap(), None);
}

#[tokio::test]
async fn a_newer_store_is_refused_untouched() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path(), 3).await;
    let file = &segments(dir.path())[0];
    let whole = fs::read(file).unwrap();
    let header = |bytes: &mut Vec<u8>| {
        bytes[8] = 3;
        bytes[12..16].fill(0);
        let crc = crc32fast::hash(&bytes[..64]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    };
    // The second frame, of a kind that this version does not know.
    let frame = |bytes: &mut Vec<u8>| {
        let at = 64 + (1..).find(|at| &bytes[64 + at..68 + at] == b"RFRM").unwrap();
        bytes[at + 8] = 2;
        let seed = [&bytes[16..32], &(at as u64).to_le_bytes(), &bytes[at + 8..at + 48]].concat();
        bytes[at + 4..at + 8].copy_from_slice(&crc32fast::hash(&seed).to_le_bytes());
    };
    for number in [3, 2] {
        let mut bytes = whole.clone();
        match number {
            3 => header(&mut bytes),
            _ => frame(&mut bytes),
        }
        fs::write(file, &bytes).unwrap();
        let result = Store::open(dir.path(), small());
        let Err(OpenError::Newer { found }) = result else { panic!("{result:?}") };
        assert_eq!(found, number);
        assert!(fs::read(file).unwrap() == bytes, "the journal is as it was");
        let verified = event_store::verify(dir.path());
        assert!(matches!(verified, Err(VerifyError::Newer { found }) if found == number));
    }
}

#[test]
fn a_folder_without_a_store_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(event_store::verify(dir.path()), Err(VerifyError::NoStore)));
    let rebuilt = event_store::rebuild(dir.path(), &mut |_| ());
    assert!(matches!(rebuilt, Err(event_store::RebuildError::NoStore)));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
