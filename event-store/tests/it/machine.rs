//! What the machine around a store may lack or do: space, files, leave to write, a second process,
//! another clock.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use event_store::disk::Simulated;
use event_store::{AppendError, Batch, Filter, Label, OpenError, Options, Position, Store};

use crate::place::{OnDisk, Place};
use crate::sample::{answers, batch, fill, numbered, open, record, since, small, stream};

fn sized(n: usize) -> Batch {
    batch(vec![record("local", Some("a"), &format!("{n} {}", "x".repeat(700)))])
}

/// Appends until there is no space; how many batches were taken.
async fn append_until_full(store: &Store, from: usize) -> usize {
    for n in from.. {
        match store.append(sized(n)).await {
            Ok(_) => {}
            Err(AppendError::DiskFull) => return n,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("the disk is full at last")
}

/// Each 97th byte from none to more than a segment.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_full_somewhere_refuses_appends_and_goes_on_when_there_is_space() {
    let mut appended = 0;
    for free in (0..9000).step_by(97) {
        let disk = Simulated::new();
        let store = Store::open_on(Arc::new(disk.clone()), small()).unwrap();
        fill(&store, 0..4).await;
        disk.limit_space(disk.used_bytes() + free);
        let n = append_until_full(&store, 0).await;
        appended += n;
        let full = answers(&store);
        assert_eq!(full.all.len(), 7 + n, "{free}");
        assert_eq!(store.append(sized(n)).await, Err(AppendError::DiskFull));
        assert_eq!(store.failure(), None, "{free}");
        assert_eq!(answers(&store), full, "reads go on");
        disk.go_on();
        fill(&store, 4..40).await;
        let after = answers(&store);
        assert_eq!(after.all[..full.all.len()], full.all, "{free}");
        store.close();
        let store = Store::open_on(Arc::new(disk), small()).unwrap();
        assert_eq!(answers(&store), after, "{free}");
    }
    assert!(appended > 100, "{appended}");
}

/// Verifying once left the index trusted until the next reboot alone, which then cost all labels.
async fn an_index_that_was_verified_is_trusted_as_before(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..40).await;
    let labels = vec![Label::new("open").unwrap()];
    store.set_labels(&stream("a"), labels.clone(), Position(1)).unwrap();
    store.close();
    let (trust, segment) = ("index/trust", "journal/0000000000000000.seg");
    let closed = place.bytes(trust);
    place.verify().unwrap();
    assert_eq!(place.bytes(trust), closed);
    // Nor is it the index's fault where the journal is damaged.
    place.flip(segment, 200, 1);
    place.verify().unwrap_err();
    place.flip(segment, 200, 1);
    assert_eq!(place.bytes(trust), closed);
    let store = place.open();
    assert!(!store.recovery().index_rebuilt);
    let kept = if place.keeps_labels() { labels } else { Vec::new() };
    assert_eq!(store.labels_of(&stream("a")), Ok(kept));
}

#[tokio::test]
async fn an_index_that_was_found_wrong_is_not_trusted_again() {
    let place = OnDisk::files();
    let store = place.open();
    fill(&store, 0..40).await;
    store.close();
    place.flip("index/positions", 80, 1);
    place.verify().unwrap_err();
    assert!(place.open().recovery().index_rebuilt);
}

#[tokio::test]
async fn an_index_that_was_verified_is_trusted_when_the_machine_starts_again() {
    let disk = Simulated::new();
    let place = OnDisk::from(disk.clone());
    let store = place.open();
    fill(&store, 0..40).await;
    store.close();
    place.verify().unwrap();
    let store = OnDisk::from(disk.cut(&mut |_| 0)).open();
    assert!(!store.recovery().index_rebuilt);
}

#[tokio::test]
async fn the_journal_leaves_the_reserve_free() {
    let disk = Simulated::new();
    let store = Store::open_on(Arc::new(disk.clone()), small()).unwrap();
    let space = disk.used_bytes() + 20_000;
    disk.limit_space(space);
    append_until_full(&store, 0).await;
    // What is left is less than the journal would take at once, and as much as the reserve.
    store.close();
    let free = space - disk.used_bytes();
    assert!(free < small().reserve_bytes + small().ahead_bytes, "{free}");
    let verified = event_store::verify_on(Arc::new(disk)).unwrap();
    assert!(verified.records > 5);
}

#[tokio::test]
async fn a_folder_that_can_only_be_read_is_verified_and_not_opened() {
    let disk = Simulated::new();
    let store = Store::open_on(Arc::new(disk.clone()), small()).unwrap();
    fill(&store, 0..60).await;
    store.close();
    let before = disk.digest();
    disk.make_read_only();
    let result = Store::open_on(Arc::new(disk.clone()), small());
    let Err(OpenError::Io { doing: "lock", file, .. }) = result else { panic!("{result:?}") };
    assert_eq!(file, "lock");
    let verified = event_store::verify_on(Arc::new(disk.clone())).unwrap();
    assert_eq!((verified.records, verified.indexed), (120, None));
    assert_eq!(disk.digest(), before);
    disk.go_on();
    assert_eq!(Store::open_on(Arc::new(disk), small()).unwrap().next_position(), Position(120));
}

#[tokio::test]
async fn a_folder_that_becomes_read_only_stops_the_writer_and_not_the_reader() {
    let disk = Simulated::new();
    let store = Store::open_on(Arc::new(disk.clone()), small()).unwrap();
    fill(&store, 0..4).await;
    let before = answers(&store);
    disk.make_read_only();
    let refused = store.append(numbered(4)).await;
    assert!(matches!(refused, Err(AppendError::Poisoned { .. })), "{refused:?}");
    assert_eq!(answers(&store), before);
    store.close();
    disk.go_on();
    let store = Store::open_on(Arc::new(disk), small()).unwrap();
    assert_eq!(answers(&store), before);
    fill(&store, 4..8).await;
}

const FOLDER: &str = "EVENT_STORE_MACHINE_FOLDER";

/// A test of this file, in a process of its own.
fn process(test: &str, dir: &Path, files_max: usize) -> Command {
    let mut command = Command::new("sh");
    let line = format!("ulimit -n {files_max}; exec \"$0\" --exact machine::{test} --nocapture");
    command.args(["-c", &line]).arg(std::env::current_exe().unwrap()).env(FOLDER, dir);
    command
}

/// Not a test by itself: what `two_processes_never_have_one_folder` starts and kills.
#[tokio::test]
async fn child_that_has_the_folder() {
    let Ok(dir) = std::env::var(FOLDER) else {
        return;
    };
    let store = open(Path::new(&dir));
    fill(&store, 0..3).await;
    eprintln!("has it");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    store.close();
}

#[tokio::test]
async fn two_processes_never_have_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = process("child_that_has_the_folder", dir.path(), 256)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap() == "has it"));
    let second = Store::open(dir.path(), small());
    assert!(matches!(second, Err(OpenError::InUse)), "{second:?}");
    let verified = event_store::verify(dir.path());
    assert!(matches!(verified, Err(event_store::VerifyError::InUse)), "{verified:?}");
    let rebuilt = event_store::rebuild(dir.path(), &mut |_| ());
    assert!(matches!(rebuilt, Err(event_store::RebuildError::Open(OpenError::InUse))));
    // Killed, it has it no more.
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(answers(&open(dir.path())).all.len(), 6);
}

/// Not a test by itself: what `a_process_without_files_refuses_and_goes_on` starts.
#[tokio::test]
async fn child_without_files() {
    let Ok(dir) = std::env::var(FOLDER) else {
        return;
    };
    let store = open(Path::new(&dir));
    fill(&store, 0..3).await;
    let mut files = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        files.push(file);
    }
    // The segment that is open is filled; a next one cannot be made.
    let mut taken = 0;
    let refused = loop {
        match store.append(sized(taken)).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, AppendError::NoFiles);
    assert!(taken > 0);
    assert_eq!(store.append(sized(0)).await, Err(AppendError::NoFiles));
    let before = answers(&store);
    assert_eq!(before.all.len(), 6 + taken);
    drop(files);
    fill(&store, 3..40).await;
    store.append(sized(0)).await.unwrap();
    let after = answers(&store);
    store.close();
    assert_eq!(answers(&open(Path::new(&dir))), after);
}

#[test]
fn a_process_without_files_refuses_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let done = process("child_without_files", dir.path(), 64).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    assert!(event_store::verify(dir.path()).unwrap().records > 50);
}

/// Not a test by itself: what `more_segments_than_files_may_be_open_are_read_and_written` starts.
#[tokio::test(flavor = "multi_thread")]
async fn child_with_fewer_files_than_segments() {
    let Ok(dir) = std::env::var(FOLDER) else {
        return;
    };
    let dir = Path::new(&dir);
    let segments = || crate::sample::segments(dir).len();
    let before = segments();
    assert!(before > 300, "{before}");
    event_store::verify(dir).unwrap();
    for round in 0..2 {
        let store = open(dir);
        for n in 0..40 {
            store.append(large(n)).await.unwrap();
        }
        let all = since(&store, &Filter::All, 7);
        assert_eq!(all.len(), 320 + 40 * (round + 1));
        for position in (0..all.len()).step_by(37).chain([0, 1, 2]) {
            let at = Position(position as u64);
            let page = store.read_since(at, &Filter::All, 1).unwrap();
            assert_eq!(page.records, [all[position].clone()]);
        }
        store.backup(dir.join("backup"), &mut |_| ()).unwrap();
        store.close();
        // From nothing, once.
        if round == 0 {
            std::fs::remove_dir_all(dir.join("index")).unwrap();
        }
    }
    assert!(segments() > before + 70);
}

fn large(n: usize) -> Batch {
    batch(vec![record("local", Some("a"), &format!("{n} {}", "x".repeat(3900)))])
}

#[tokio::test(flavor = "multi_thread")]
async fn more_segments_than_files_may_be_open_are_read_and_written() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for n in 0..320 {
        store.append(large(n)).await.unwrap();
    }
    store.close();
    let done = process("child_with_fewer_files_than_segments", dir.path(), 220).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

#[test]
fn nothing_in_the_store_asks_for_the_time() {
    // So no clock that jumps can change what is stored or read.
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let is_test = path.ends_with("power_cut.rs");
            for clock in ["SystemTime", "Instant"] {
                assert!(is_test || !text.contains(clock), "{}: {clock}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 20);
}

async fn whoever_waits_for_an_opening_is_told_how_far_it_is(place: OnDisk) {
    let store = place.open_with(Options::default());
    for _ in 0..50 {
        let large = record("local", None, &"x".repeat(1 << 18));
        store.append(batch(vec![large])).await.unwrap();
    }
    store.close();
    let mut seen = Vec::new();
    let mut watch = |now: event_store::Opening| seen.push((now.bytes, now.bytes_total));
    event_store::rebuild_on(place.disk(), &mut watch).unwrap();
    if place.keeps_database() {
        place.remove_dir("index");
    }
    Store::open_watched_on(place.disk(), Options::default(), &mut watch).unwrap();
    assert!(seen.len() == 2 && seen.iter().all(|(bytes, total)| bytes < total), "{seen:?}");
}

crate::place::on_each_disk!(
    an_index_that_was_verified_is_trusted_as_before,
    whoever_waits_for_an_opening_is_told_how_far_it_is
);
