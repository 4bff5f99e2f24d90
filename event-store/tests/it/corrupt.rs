//! Damage of every kind: found, located, and repaired where it can be.

use event_store::{Affected, Fault, OpenError, Position, Recovery, VerifyError};

use crate::place::{OnDisk, Place};
use crate::sample::{Answers, answers, batch, fill, log, numbered, record, stream};

/// The one segment of a small store.
const FIRST: &str = "journal/0000000000000000.seg";

/// Makes a closed store of a few batches, and says what it answers.
async fn closed(place: &OnDisk, batches: usize) -> Answers {
    let store = place.open();
    fill(&store, 0..batches).await;
    let answers = answers(&store);
    store.close();
    answers
}

fn fault(result: Result<event_store::Verified, VerifyError>) -> Fault {
    match result {
        Err(VerifyError::Fault(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

async fn every_flipped_byte_of_the_journal_is_found(place: OnDisk) {
    closed(&place, 10).await;
    place.remove_dir("index");
    let good = place.verify().unwrap();
    let used = usize::try_from(good.bytes).unwrap();
    let bytes = place.bytes(FIRST);
    let last_frame = bytes.windows(4).rposition(|window| window == b"RFRM").unwrap();

    let (mut located, mut torn) = (0, 0);
    for at in 0..bytes.len() {
        place.flip(FIRST, at as u64, 1 << (at % 8));
        match place.verify() {
            Err(VerifyError::Fault(fault)) => {
                assert!(at < last_frame, "{at}: {fault}");
                assert_eq!(fault.file, FIRST);
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
        place.flip(FIRST, at as u64, 1 << (at % 8));
    }
    eprintln!("{located} located, {torn} seen as torn, of {} bytes", bytes.len());
    assert!(located > used / 2);
}

/// What the next opening mends, it mends.
fn is_mended(place: &OnDisk) {
    let copy = place.copy();
    let opened = copy.open();
    opened.close();
    assert_eq!(opened.damage(), None);
    assert_eq!(copy.verify().unwrap().repairs, []);
}

/// On real files, each 103rd.
async fn every_flipped_byte_of_many_segments_is_found_and_never_answered(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..120).await;
    let expected = answers(&store).all;
    store.close();
    let paths = place.segments();
    assert!(paths.len() > 2);
    let step = place.pick(1, 103);
    let (mut located, mut torn, mut zeros, mut footers) = (0, 0, 0, 0);
    for path in paths {
        for at in (0..place.length(&path)).step_by(step) {
            place.flip(&path, at, 1 << (at % 8));
            match place.verify() {
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
                        Affected::Footer => footers += usize::from(all),
                        Affected::End if all => zeros += 1,
                        Affected::End => torn += 1,
                        Affected::Index | Affected::Records(_) => panic!("{path} {at}: {repair}"),
                    }
                    if repair.affected == Affected::Footer && at % 8 == 0 {
                        is_mended(&place);
                    }
                }
                other => panic!("{path} {at}: {other:?}"),
            }
            // Whoever makes the index anew reads a beginning of what was there, or is refused.
            if at % 64 == 7 {
                let damaged = place.copy();
                if damaged.keeps_database() {
                    damaged.remove_dir("index");
                }
                if let Ok(store) = damaged.try_open() {
                    let found = answers(&store).all;
                    assert_eq!(found, expected[..found.len()], "{path} {at}");
                }
            }
            place.flip(&path, at, 1 << (at % 8));
        }
    }
    eprintln!(
        "{located} located, {torn} seen as torn, {zeros} in what is not used yet, {footers} in \
         footers"
    );
    // Of three footers.
    assert!((3 * 104 / step..=3 * 104_usize.div_ceil(step)).contains(&footers), "{footers}");
    assert_eq!(place.verify().unwrap().repairs, []);
}

#[tokio::test]
async fn a_flipped_byte_of_the_database_gives_no_wrong_answer() {
    let whole = OnDisk::files();
    let expected = closed(&whole, 30).await;
    let mut files = whole.paths("index/tree");
    files.push("index/trust".to_owned());
    let (mut flips, mut rebuilt) = (0, 0);
    for file in files {
        let bytes = whole.bytes(&file);
        let used: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at] != 0).collect();
        for at in used.iter().step_by(used.len().div_ceil(120)) {
            let place = whole.copy();
            place.flip(&file, *at as u64, 1 << (at % 8));
            let store = place.open();
            assert_eq!(answers(&store), expected, "{file:?} {at}");
            flips += 1;
            rebuilt += usize::from(store.recovery().index_rebuilt);
        }
    }
    eprintln!("{flips} flips, {rebuilt} rebuilt at once");
}

async fn damage_before_the_last_frame_refuses_to_open_and_names_the_record(place: OnDisk) {
    closed(&place, 10).await;
    let bytes = place.bytes(FIRST);
    let payload = b"payload of 5.1";
    let at = bytes.windows(payload.len()).position(|window| window == payload).unwrap();
    place.flip(FIRST, at as u64, 1);
    let found = fault(place.verify());
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
    let result = place.try_open();
    let Err(OpenError::Corrupt { segment: 0, offset, .. }) = result else { panic!("{result:?}") };
    assert!(offset > 0 && usize::try_from(offset).unwrap() < at);
    place.flip(FIRST, at as u64, 1);
    place.open();
}

async fn damage_of_a_sealed_segment_is_found_and_never_read(place: OnDisk) {
    closed(&place, 200).await;
    let paths = place.segments();
    assert!(paths.len() > 3);
    let at = place.bytes(&paths[1]).windows(7).position(|window| window == b"payload").unwrap();
    place.flip(&paths[1], at as u64, 1);
    let found = fault(place.verify());
    assert_eq!(found.file, paths[1]);
    // Where the index is whole the store opens; the record itself is refused.
    if place.keeps_database() {
        let store = place.open();
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
    }
    place.remove_dir("index");
    let result = place.try_open();
    assert!(matches!(result, Err(OpenError::Corrupt { segment: 1, .. })), "{result:?}");

    place.remove(&paths[2]);
    let result = place.try_open();
    assert!(matches!(result, Err(OpenError::Corrupt { segment: 2, .. })), "{result:?}");
}

async fn an_index_lost_in_whole_or_part_is_rebuilt_with_the_same_answers(place: OnDisk) {
    let expected = closed(&place, 150).await;
    let (positions, trust) = ("index/positions", "index/trust");
    let (hashes, offsets) = ("index/logs/entries+NL+0.hashes", "index/logs/entries+NL+0.offsets");
    let cut = |path: &str, by: u64| place.set_length(path, place.length(path) - by);
    let damages: [(&str, &dyn Fn()); 10] = [
        ("index", &|| place.remove_dir("index")),
        ("positions", &|| place.remove(positions)),
        ("positions cut", &|| cut(positions, 1)),
        ("hashes", &|| place.remove(hashes)),
        ("hashes cut", &|| cut(hashes, 32)),
        ("root flipped", &|| place.flip(hashes, place.length(hashes) - 1, 1)),
        ("offsets cut", &|| cut(offsets, 8)),
        ("database", &|| place.remove_dir("index/tree")),
        ("opening", &|| place.write("index/opening", b"")),
        ("incarnation", &|| place.write(trust, b"1 another start")),
    ];
    let indexed = if place.keeps_database() { expected.all.len() as u64 } else { 0 };
    for (what, damage) in damages {
        damage();
        let store = place.open();
        assert_eq!(answers(&store), expected, "{what}");
        let rebuilt = Recovery {
            indexed_records: expected.all.len() as u64,
            // An empty database looks like a new one: everything is replayed, into the old files.
            index_rebuilt: match what {
                "database" => false,
                "index" | "opening" | "incarnation" => true,
                _ => place.keeps_database(),
            },
            ..Recovery::default()
        };
        assert_eq!(store.recovery(), rebuilt, "{what}");
        store.close();
        let verified = place.verify().unwrap();
        assert_eq!(verified.indexed, Some(indexed), "{what}");
    }
    let rebuilt = place.rebuild().unwrap();
    assert_eq!(rebuilt.records, expected.all.len() as u64);
    assert_eq!(rebuilt.streams, 5);
    assert_eq!(rebuilt.logs, place.verify().unwrap().logs);
    assert_eq!(answers(&place.open()), expected);
}

async fn an_index_of_another_version_gives_the_same_answers(place: OnDisk) {
    let expected = closed(&place, 40).await;
    for trust in ["1 closed", "3 closed", "closed", "", "2 closed "] {
        let place = place.copy();
        place.write("index/trust", trust.as_bytes());
        let store = place.open();
        assert_eq!(answers(&store), expected, "{trust:?}");
        assert!(store.recovery().index_rebuilt, "{trust:?}");
    }
}

#[tokio::test]
async fn a_database_cut_anywhere_gives_the_same_answers() {
    let whole = OnDisk::files();
    let expected = closed(&whole, 40).await;
    let database = "index/tree/db";
    let bytes = whole.bytes(database);
    for part in 0..8 {
        let at = bytes.len() * part / 8;
        let overwritten = [&bytes[..at], &vec![0xff; bytes.len() - at]].concat();
        for damaged in [&bytes[..at], &overwritten] {
            let place = whole.copy();
            place.write(database, damaged);
            assert_eq!(answers(&place.open()), expected, "{part}");
        }
    }
}

#[tokio::test]
async fn every_flipped_byte_of_the_flat_files_is_found() {
    let place = OnDisk::files();
    closed(&place, 4).await;
    let mut files = place.paths("index/logs");
    files.push("index/positions".to_owned());
    for file in files {
        for at in 0..place.length(&file) {
            place.flip(&file, at, 4);
            let found = fault(place.verify());
            assert_eq!(found.file, file, "{found}");
            assert!(found.offset <= at && at < found.offset + 32, "{found}");
            assert!(found.log.is_some() && found.position.is_some());
            // Whoever opens the store next is not to trust it.
            assert!(place.is_there("index/opening"));
            place.remove("index/opening");
            place.flip(&file, at, 4);
        }
    }
    place.verify().unwrap();
}

#[tokio::test]
async fn a_wrong_address_is_never_answered_with_another_record() {
    let place = OnDisk::files();
    closed(&place, 30).await;
    // The file is swapped under a trusted index: two addresses of a log change places.
    let file = "index/logs/local.offsets";
    let bytes = place.bytes(file);
    place.put(file, 0, &[&bytes[8..16], &bytes[..8]].concat());
    let store = place.open();
    let result = store.read_log(&log("local"), 0, 10);
    assert!(matches!(result, Err(event_store::ReadError::Index { .. })), "{result:?}");
    store.close();
    let store = place.open();
    assert!(store.recovery().index_rebuilt);
    answers(&store);
}

async fn an_old_copy_of_the_journal_is_noticed_by_the_index(place: OnDisk) {
    closed(&place, 10).await;
    let old = place.journal();
    let store = place.open();
    fill(&store, 10..20).await;
    store.close();
    place.remove_dir("journal");
    place.disk().create_dir("journal").unwrap();
    old.iter().for_each(|(path, bytes)| place.write(path, bytes));
    if place.keeps_database() {
        assert_eq!(fault(place.verify()).file, "index");
    }
    let store = place.open();
    assert!(store.recovery().index_was_ahead);
    assert!(store.recovery().index_rebuilt);
    assert_eq!(store.cursor(&crate::sample::cursor("kafka/in")), Some(b"9".to_vec()));
    answers(&store);
}

async fn a_flip_in_an_acknowledged_last_frame_is_noticed_by_the_index(place: OnDisk) {
    closed(&place, 10).await;
    let last = place.bytes(FIRST).windows(4).rposition(|w| w == b"RFRM").unwrap();
    place.flip(FIRST, last as u64 + 60, 1);
    let store = place.open();
    assert!(store.recovery().cut_bytes > 0);
    assert!(store.recovery().index_was_ahead);
    assert_eq!(answers(&store).cursor, Some(b"8".to_vec()));
}

async fn a_frame_smuggled_into_a_payload_is_no_frame(place: OnDisk) {
    let other = place.another();
    closed(&other, 3).await;
    let foreign = other.bytes(FIRST);
    let store = place.open();
    let mut new = record("local", Some("a"), "x");
    for shift in 0..8 {
        // Some copy starts at a multiple of 8, as frames do.
        new.payload.extend_from_slice(&vec![0; 8 + shift]);
        new.payload.extend_from_slice(&foreign[..1000]);
    }
    store.append(batch(vec![new])).await.unwrap();
    store.close();
    // The frame that holds it is torn at its beginning: what is left must not look like more.
    place.flip(FIRST, 64 + 50, 1);
    place.remove_dir("index");
    let store = place.open();
    assert!(store.recovery().cut_bytes > 1000, "{:?}", store.recovery());
    assert_eq!(store.next_position(), Position(0));
    assert_eq!(store.stream_revision(&stream("a")).unwrap(), None);
}

async fn a_newer_store_is_refused_untouched(place: OnDisk) {
    closed(&place, 3).await;
    let whole = place.bytes(FIRST);
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
        place.write(FIRST, &bytes);
        let result = place.try_open();
        let Err(OpenError::Newer { found }) = result else { panic!("{result:?}") };
        assert_eq!(found, number);
        assert!(place.bytes(FIRST) == bytes, "the journal is as it was");
        let verified = place.verify();
        assert!(matches!(verified, Err(VerifyError::Newer { found }) if found == number));
    }
}

async fn a_folder_without_a_store_is_left_alone(place: OnDisk) {
    assert!(matches!(place.verify(), Err(VerifyError::NoStore)));
    assert!(matches!(place.rebuild(), Err(event_store::RebuildError::NoStore)));
    let disk = place.disk();
    assert_eq!((disk.list("").unwrap(), disk.folders("").unwrap()), (Vec::new(), Vec::new()));
}

crate::place::on_each_disk!(
    every_flipped_byte_of_the_journal_is_found,
    every_flipped_byte_of_many_segments_is_found_and_never_answered,
    damage_before_the_last_frame_refuses_to_open_and_names_the_record,
    damage_of_a_sealed_segment_is_found_and_never_read,
    an_index_lost_in_whole_or_part_is_rebuilt_with_the_same_answers,
    an_index_of_another_version_gives_the_same_answers,
    an_old_copy_of_the_journal_is_noticed_by_the_index,
    a_flip_in_an_acknowledged_last_frame_is_noticed_by_the_index,
    a_frame_smuggled_into_a_payload_is_no_frame,
    a_newer_store_is_refused_untouched,
    a_folder_without_a_store_is_left_alone
);
