//! Addresses in the index that lead astray while the journal is whole: the index is blamed, and
//! made anew at the next opening; the journal is not.

use std::fs;
use std::path::Path;

use event_store::disk::{Disk as _, Disturbance, Simulated};
use event_store::{
    AppendError, Filter, Label, LabelError, Position, ReadError, Revision, Store, StoredRecord,
};

use crate::sample::{answers, batch, copy, fill, log, open, record, segments, stream};

/// A closed store of several segments, and its records.
async fn closed(dir: &Path) -> Vec<StoredRecord> {
    let store = open(dir);
    fill(&store, 0..120).await;
    let records = answers(&store).all;
    store.close();
    assert!(segments(dir).len() > 2);
    records
}

/// Every record by position, log and stream: each is right, or the index is blamed and not the
/// journal; how many were refused.
fn right_or_the_index_is_blamed(store: &Store, expected: &[StoredRecord]) -> usize {
    let mut refused = 0;
    for record in expected {
        let page = store.read_since(record.position, &Filter::All, 1).map(|page| page.records);
        let in_log = store.read_log(&record.log, record.log_index, 1);
        let in_stream = record.stream.zip(record.revision);
        let in_stream = in_stream.map(|(stream, at)| store.read_stream(&stream, at, 1));
        for found in [page, in_log].into_iter().chain(in_stream) {
            match found {
                Ok(found) => assert_eq!(found, std::slice::from_ref(record)),
                Err(ReadError::Index { .. }) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(store.damage(), None);
    refused
}

/// Wrong addresses: into a record, a frame's header, a segment's header, a footer, the zeros,
/// behind the end, and nowhere.
fn astray(address: u64) -> impl Iterator<Item = u64> {
    let bits = (0..64).map(move |bit| address ^ (1 << bit));
    bits.chain([address + 1, address + 40, address - 48, 0, 8, 64, 8_000, 8_190, u64::MAX])
}

/// An address that led to no record was once told as damage of the journal (`store-damaged`).
#[tokio::test]
async fn an_address_that_leads_astray_accuses_the_index_and_not_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path()).await;
    let whole = tempfile::tempdir().unwrap();
    copy(&dir.path().join("index"), &whole.path().join("index"));
    for file in ["index/positions", "index/logs/local.offsets"] {
        let bytes = fs::read(whole.path().join(file)).unwrap();
        let place = bytes.len() / 16 * 8;
        let address = u64::from_le_bytes(bytes[place..place + 8].try_into().unwrap());
        for wrong in astray(address) {
            fs::remove_dir_all(dir.path().join("index")).unwrap();
            copy(&whole.path().join("index"), &dir.path().join("index"));
            let mut bytes = bytes.clone();
            bytes[place..place + 8].copy_from_slice(&wrong.to_le_bytes());
            fs::write(dir.path().join(file), bytes).unwrap();
            let store = open(dir.path());
            assert!(!store.recovery().index_rebuilt);
            let refused = right_or_the_index_is_blamed(&store, &expected);
            assert_eq!(refused, 1, "{file} {address} {wrong}");
            store.close();
            let store = open(dir.path());
            assert!(store.recovery().index_rebuilt);
            assert_eq!(right_or_the_index_is_blamed(&store, &expected), 0);
        }
    }
}

/// The key of the first addresses of stream `a`.
const ROW_OF_A: &[u8] = b"s\x01a\0\0\0\0";

/// Changes a row of the embedded database of a closed store.
fn rewrite(dir: &Path, key: &[u8], change: &dyn Fn(&mut [u8])) {
    let database =
        sled::Config::new().segment_size(2 << 20).path(dir.join("index/tree")).open().unwrap();
    let mut row = database.get(key).unwrap().unwrap().to_vec();
    change(&mut row);
    database.insert(key, row).unwrap();
    database.flush().unwrap();
}

/// As above, of the addresses in the embedded database.
#[tokio::test]
async fn a_row_that_leads_astray_accuses_the_index_and_not_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path()).await;
    let rewrite = |change: &dyn Fn(&mut [u8])| {
        rewrite(dir.path(), ROW_OF_A, &|row| {
            let length = row.len() - 4;
            change(&mut row[..length]);
            let crc = crc32fast::hash(&[ROW_OF_A, &row[..length]].concat());
            row[length..].copy_from_slice(&crc.to_le_bytes());
        });
    };
    for shift in [1, 8, 40, 48, 1 << 13, 1 << 40, 1 << 63] {
        rewrite(&|row| {
            let address = u64::from_le_bytes(row[8..16].try_into().unwrap());
            row[8..16].copy_from_slice(&address.wrapping_add(shift).to_le_bytes());
        });
        let store = open(dir.path());
        assert_eq!(right_or_the_index_is_blamed(&store, &expected), 1, "{shift}");
        store.close();
        let store = open(dir.path());
        assert!(store.recovery().index_rebuilt);
        assert_eq!(right_or_the_index_is_blamed(&store, &expected), 0);
    }
}

/// Flips a bit of a row, so that its checksum is wrong.
fn spoil(dir: &Path, key: &[u8]) {
    rewrite(dir, key, &|row| row[row.len() / 2] ^= 1);
}

/// A row with a wrong checksum was once met again after each opening: reads failed for ever, and an
/// append to its stream stopped the store each time.
#[tokio::test]
async fn a_row_that_does_not_match_its_checksum_is_made_anew_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    let expected = closed(dir.path()).await;
    let a = stream("a");
    let read = |store: &Store| drop(store.read_stream(&a, Revision(0), 1).unwrap_err());
    let ask = |store: &Store| drop(store.stream_revision(&a).unwrap_err());
    let append = |store: &Store| {
        let refused =
            store.append_blocking(batch(vec![record("local", Some("a"), "more")])).unwrap_err();
        assert!(matches!(refused, AppendError::Poisoned { .. }), "{refused}");
    };
    let ways: [&dyn Fn(&Store); 3] = [&read, &ask, &append];
    for met in ways {
        spoil(dir.path(), ROW_OF_A);
        let store = open(dir.path());
        assert!(!store.recovery().index_rebuilt);
        met(&store);
        store.close();
        let store = open(dir.path());
        assert!(store.recovery().index_rebuilt);
        assert_eq!(right_or_the_index_is_blamed(&store, &expected), 0);
        store.close();
    }
}

/// Likewise, of the labels of a stream.
#[tokio::test]
async fn labels_that_do_not_match_their_checksum_are_lost_at_the_next_opening() {
    let dir = tempfile::tempdir().unwrap();
    closed(dir.path()).await;
    let store = open(dir.path());
    let labels = vec![Label::new("open").unwrap()];
    store.set_labels(&stream("a"), labels, Position(1)).unwrap();
    store.close();
    spoil(dir.path(), b"ma");
    let store = open(dir.path());
    assert_eq!(store.labels_upto(), Ok(Position(1)));
    let refused = store.labels_of(&stream("a")).unwrap_err();
    assert!(matches!(refused, LabelError::Index { .. }), "{refused}");
    store.close();
    let store = open(dir.path());
    assert!(store.recovery().index_rebuilt);
    assert_eq!(store.labels_of(&stream("a")), Ok(vec![]));
    assert_eq!(store.labels_upto(), Ok(Position(0)));
}

/// Likewise, of a hash file that cannot be read.
#[tokio::test]
async fn hashes_that_cannot_be_read_are_made_anew_at_the_next_opening() {
    let disk = std::sync::Arc::new(Simulated::new());
    let open = || Store::open_on(disk.clone(), crate::sample::small()).unwrap();
    let store = open();
    fill(&store, 0..20).await;
    let root = store.root_at(&log("local"), 3).unwrap();
    store.close();
    let store = open();
    disk.disturb_read_after(Disturbance::Fails, 0);
    let refused = store.root_at(&log("local"), 3).unwrap_err();
    assert!(matches!(refused, ReadError::Index { .. }), "{refused}");
    disk.go_on();
    store.close();
    let store = open();
    assert!(store.recovery().index_rebuilt);
    assert_eq!(store.root_at(&log("local"), 3).unwrap(), root);
}

/// One read that lies was once told as damage of the journal too.
#[tokio::test]
async fn a_read_that_lies_once_accuses_nobody_for_it() {
    let disk = Simulated::new();
    let store = Store::open_on(std::sync::Arc::new(disk.clone()), crate::sample::small()).unwrap();
    fill(&store, 0..60).await;
    let expected = answers(&store).all;
    let mut right = 0;
    for record in &expected {
        // The first read may be that of an address.
        for read in 0..2 {
            disk.disturb_read_after(Disturbance::FlipsBit, read);
            match store.read_since(record.position, &Filter::All, 1) {
                Ok(page) => {
                    assert_eq!(page.records, std::slice::from_ref(record));
                    right += 1;
                }
                Err(ReadError::Index { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            disk.go_on();
        }
    }
    assert_eq!(store.damage(), None);
    assert!(right > 60, "{right}");
    assert!(disk.list("journal").unwrap().len() > 1);
}
