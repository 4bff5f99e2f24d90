//! Real file systems that are full or can only be read: each test is a process with a mount
//! namespace of its own, and a small file system in memory there. Where no namespace is to be had
//! the test says so; what it shows is then shown on the simulated disk alone (`machine.rs`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use event_store::{AppendError, Filter, OpenError, Options, Store, StoredRecord};

use crate::sample::{answers, batch, fill, record, since, small};

const FOLDER: &str = "EVENT_STORE_MEDIA_FOLDER";

/// Runs tests of this file, each as a process, on 32 MiB of disk, with what is between them.
fn on_a_small_disk(steps: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let apart = |then: &str| {
        let mount = "mount -t tmpfs -o size=32m none \"$1\"";
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &format!("set -e; {mount}; {then}")]);
        command.arg(std::env::current_exe().unwrap()).arg(dir.path()).env(FOLDER, dir.path());
        command.output()
    };
    if !apart("true").is_ok_and(|done| done.status.success()) {
        eprintln!("not shown on a real file system: there is no namespace to mount one in");
        return;
    }
    let step = |step: &&str| match step.strip_prefix("remount ") {
        Some(how) => format!("mount -o remount,{how} \"$1\""),
        None => format!("\"$0\" --exact media::{step} --nocapture"),
    };
    let done = apart(&steps.iter().map(step).collect::<Vec<_>>().join("; ")).unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let tests = steps.iter().filter(|step| !step.starts_with("remount")).count();
    assert_eq!(said.matches("1 passed").count(), tests, "{said}");
}

/// The disk, in the process that has one.
fn disk() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
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
