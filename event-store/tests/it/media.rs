//! Real file systems that are full or can only be read: each test is a process on a small disk of
//! its own (`small_disk.rs`). Where they are left out, what they show is shown on the simulated
//! disk alone (`machine.rs`).

use std::fs;
use std::io;
use std::path::Path;

use event_store::{
    AppendError, Filter, Label, LabelError, NewRecord, OpenError, Options, Position, ReadError,
    Revision, Store, StoredRecord, StreamId,
};

use crate::sample::{answers, batch, fill, record, since, small, stream};
use crate::small_disk::{self, disk, fill_up};

/// Runs tests of this file, each as a process, on a small disk, with what is between them.
fn on_a_small_disk(steps: &[&str]) {
    small_disk::run("media", steps);
}

fn options() -> Options {
    Options { ahead_bytes: 64 << 10, segment_bytes: 256 << 10, reserve_bytes: 8 << 20, ..small() }
}

fn open(dir: &Path) -> Store {
    Store::open(dir, options()).unwrap()
}

fn all(store: &Store) -> Vec<StoredRecord> {
    since(store, &Filter::All, 7)
}

async fn append_until_full(store: &Store) -> usize {
    for n in 0.. {
        let records = vec![record("local", Some("a"), &format!("{n} {}", "x".repeat(100_000)))];
        match store.append(batch(records)).await {
            Ok(_) => {}
            Err(AppendError::DiskFull) => return n,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("the disk is full at last")
}

/// Not a test by itself: the process of `a_disk_that_is_full_refuses_and_goes_on`.
#[tokio::test(flavor = "multi_thread")]
async fn child_with_a_full_disk() {
    let Some(disk) = disk() else {
        return;
    };
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![1; 8 << 20]).unwrap();
    let store = open(&disk.join("store"));
    fill(&store, 0..20).await;
    let taken = append_until_full(&store).await;
    assert!(taken > 20, "{taken}");
    let full = all(&store);
    assert_eq!(append_until_full(&store).await, 0);
    assert_eq!((store.failure(), all(&store)), (None, full));
    fs::remove_file(&ballast).unwrap();
    fill(&store, 20..40).await;
    let more = append_until_full(&store).await;
    assert!(more > 20, "{more}");
    let after = all(&store);
    store.close();
    assert_eq!(all(&open(&disk.join("store"))), after);
    event_store::verify(disk.join("store")).unwrap();
}

#[test]
fn a_disk_that_is_full_refuses_and_goes_on() {
    on_a_small_disk(&["child_with_a_full_disk"]);
}

fn streams() -> impl Iterator<Item = (StreamId, NewRecord)> {
    (0..500).map(|n| {
        let name = format!("stream {n}");
        (stream(&name), record("local", Some(&name), &name))
    })
}

/// Whether each stream has so many records: a stream that cannot be read is none that has fewer.
fn are_read(store: &Store, length: usize) -> bool {
    let mut all = true;
    for (stream, _) in streams() {
        match store.read_stream(&stream, Revision(0), 100) {
            Ok(found) => assert_eq!(found.len(), length),
            Err(ReadError::Io { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::StorageFull);
                all = false;
            }
            Err(error) => panic!("{error}"),
        }
    }
    all
}

/// Not a test by itself: the process of `a_database_that_found_the_disk_full_is_made_anew`.
#[tokio::test(flavor = "multi_thread")]
async fn child_whose_index_finds_the_disk_full() {
    let Some(disk) = disk() else {
        return;
    };
    // Without a reserve, so that the database is not kept from trying.
    let sizes = Options { ahead_bytes: 4 << 20, segment_bytes: 8 << 20, ..small() };
    let store = Store::open(disk.join("store"), Options { reserve_bytes: 0, ..sizes }).unwrap();
    let of_all = || batch(streams().map(|(_, record)| record).collect());
    for _ in 0..3 {
        store.append(of_all()).await.unwrap();
    }
    let label = |n: usize| vec![Label::new(&format!("due/{n:0100}")).unwrap()];
    let labelled = streams().next().unwrap().0;
    store.set_labels(&labelled, label(0), Position(1000)).unwrap();
    let ballast = disk.join("ballast");
    fill_up(&ballast);

    // Labels go to the database alone, which has to write them at last.
    let mut tries = 0..;
    let refused = tries.find_map(|n| store.set_labels(&labelled, label(n), Position(1000)).err());
    assert!(matches!(refused, Some(LabelError::Short { .. })), "{refused:?}");
    // The journal has room for these. Whether the index has is seen by whoever waits for it.
    let before = store.next_position();
    while store.append(of_all()).await.is_ok() {}
    let length = usize::try_from(store.next_position().0 / 500).unwrap();
    assert!(store.next_position() > before);
    assert_eq!(store.append(of_all()).await, Err(AppendError::DiskFull));
    assert_eq!(store.failure(), None);
    let full = all(&store);
    assert_eq!(full.len(), 500 * length);
    are_read(&store, length);
    let listed = store.list_labels("due/", None, 10);
    assert!(matches!(listed, Err(LabelError::Short { .. })), "{listed:?}");

    fs::remove_file(&ballast).unwrap();
    while store.append(of_all()).await == Err(AppendError::DiskFull) {}
    while !are_read(&store, length + 1) {}
    // Whoever sets labels is told before it goes on as if they were there.
    let list = || store.list_labels("due/", None, 10);
    while matches!(list(), Err(LabelError::Short { .. })) {}
    assert_eq!(list(), Err(LabelError::Lost));
    assert_eq!(store.advance_labels(store.next_position()), Err(LabelError::Lost));
    assert_eq!(store.labels_upto(), Ok(Position(0)));
    assert_eq!(list(), Ok(Vec::new()));
    store.set_labels(&labelled, label(7), Position(3)).unwrap();
    assert_eq!(store.labels_upto(), Ok(Position(3)));
    store.append(of_all()).await.unwrap();
    assert_eq!((store.failure(), store.damage()), (None, None));
    store.close();

    let verified = event_store::verify(disk.join("store")).unwrap();
    assert_eq!(verified.indexed, Some(verified.records));
    let store = Store::open(disk.join("store"), sizes).unwrap();
    assert!(!store.recovery().index_rebuilt);
    assert_eq!(all(&store)[..full.len()], full);
    assert!(are_read(&store, length + 2));
    assert_eq!(store.list_labels("due/", None, 10).unwrap().len(), 1);
}

#[test]
fn a_database_that_found_the_disk_full_is_made_anew() {
    on_a_small_disk(&["child_whose_index_finds_the_disk_full"]);
}

/// Not a test by itself: the process of `what_the_database_needs_is_left_to_it`.
#[tokio::test(flavor = "multi_thread")]
async fn child_with_little_space() {
    let Some(disk) = disk() else {
        return;
    };
    let store = open(&disk.join("store"));
    fill(&store, 0..20).await;
    let labels = || vec![Label::new("due/2026").unwrap()];
    store.set_labels(&stream("a"), labels(), Position(1)).unwrap();
    let ballast = disk.join("ballast");
    fill_up(&ballast);
    for _ in 0..10_000 {
        let refused = store.set_labels(&stream("b"), labels(), Position(2));
        assert!(matches!(refused, Err(LabelError::Short { .. })), "{refused:?}");
    }
    let listed = |count| {
        let found = store.list_labels("due/", None, 10).unwrap();
        assert_eq!((found.len(), store.labels_upto()), (count, Ok(Position(count as u64))));
    };
    listed(1);
    fs::remove_file(&ballast).unwrap();
    store.set_labels(&stream("b"), labels(), Position(2)).unwrap();
    listed(2);
}

#[test]
fn what_the_database_needs_is_left_to_it() {
    on_a_small_disk(&["child_with_little_space"]);
}

/// Not a test by itself: a process of `a_disk_that_can_only_be_read_is_read`.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_fills_a_store() {
    let Some(disk) = disk() else {
        return;
    };
    let store = open(&disk.join("store"));
    fill(&store, 0..60).await;
    store.close();
}

/// Not a test by itself: a process of `a_disk_that_can_only_be_read_is_read`.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_can_only_read() {
    let Some(disk) = disk() else {
        return;
    };
    let folder = disk.join("store");
    let refused = Store::open(&folder, options());
    let Err(OpenError::Io { doing: "lock", source, .. }) = &refused else { panic!("{refused:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    let verified = event_store::verify(&folder).unwrap();
    assert_eq!((verified.records, verified.indexed), (120, None));
}

/// Not a test by itself: a process of `a_disk_that_can_only_be_read_is_read`.
#[tokio::test(flavor = "multi_thread")]
async fn child_that_goes_on() {
    let Some(disk) = disk() else {
        return;
    };
    let store = open(&disk.join("store"));
    assert_eq!(answers(&store).all.len(), 120);
    fill(&store, 60..70).await;
    store.close();
}

#[test]
fn a_disk_that_can_only_be_read_is_read() {
    let read = ["remount ro", "child_that_can_only_read", "remount rw"];
    on_a_small_disk(&[&["child_that_fills_a_store"], &read[..], &["child_that_goes_on"]].concat());
}
