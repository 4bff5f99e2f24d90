//! Stores that earlier versions have written, checked in, and read by this one for ever.
//!
//! `journal/` and the answers expected are what `write_the_fixture` has made once; a store of a new
//! version comes beside them, under its own name. No file here is ever edited or removed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use event_store::{Options, Store};

use crate::place::OnDisk;
use crate::sample::{LOGS, answers, copy, cursor, fill, log, small};

const FIXTURES: [&str; 2] = ["version-1", "version-2"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Everything that a store says of itself, as text.
fn told(store: &Store) -> String {
    let mut text = String::new();
    for name in LOGS {
        let frontier = store.log_frontier(&log(name));
        let root: String = frontier.root().iter().map(|byte| format!("{byte:02x}")).collect();
        writeln!(text, "log {name} {} {root}", frontier.size()).unwrap();
    }
    let value = store.cursor(&cursor("kafka/in")).unwrap_or_default();
    writeln!(text, "cursor kafka/in {}", String::from_utf8_lossy(&value)).unwrap();
    for record in answers(store).all {
        let stream = record.stream.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
        let revision = record.revision.map(|revision| revision.0);
        writeln!(
            text,
            "{} {} {} {stream:?} {revision:?} {} | {}",
            record.position,
            record.log,
            record.log_index,
            String::from_utf8_lossy(&record.leaf),
            String::from_utf8_lossy(&record.payload)
        )
        .unwrap();
    }
    text
}

async fn every_version_is_still_read(place: OnDisk) {
    for name in FIXTURES {
        let fixture = folder(name);
        let expected = std::fs::read_to_string(fixture.join("told.txt")).unwrap();
        let place = place.another();
        place.take(&fixture.join("store"));
        let verified = place.verify().unwrap();
        assert!(verified.segments > 1 && verified.torn_bytes == 0);
        let store = place.open_with(Options::default());
        assert_eq!(told(&store), expected, "{name}");
        // And goes on.
        fill(&store, 40..50).await;
        store.close();
        place.verify().unwrap();

        let (backup, restored) = (place.another(), place.another());
        backup.take(&fixture.join("backup"));
        restored.restore(&backup).unwrap();
        assert_eq!(told(&restored.open_with(Options::default())), expected, "{name}");
    }
}

crate::place::on_each_disk!(every_version_is_still_read);

/// The version of a segment file, as its header has it.
fn version(store: &Path) -> u32 {
    let segment = std::fs::read(store.join("journal/0000000000000000.seg")).unwrap();
    u32::from_le_bytes(segment[8..12].try_into().unwrap())
}

/// A version without a fixture would be read by nobody's test once there is a newer one.
#[test]
fn each_version_up_to_the_one_that_is_written_has_a_fixture() {
    let dir = tempfile::tempdir().unwrap();
    Store::open(dir.path(), small()).unwrap().close();
    let written = version(dir.path());
    let names: Vec<_> = (1..=written).map(|version| format!("version-{version}")).collect();
    assert_eq!(names, FIXTURES);
    for (expected, name) in (1..).zip(FIXTURES) {
        assert_eq!(version(&folder(name).join("store")), expected, "{name}");
    }
}

/// Not a test: makes a fixture in the folder that `EVENT_STORE_FIXTURE` names, once for a version.
#[tokio::test]
async fn write_the_fixture() {
    let Ok(name) = std::env::var("EVENT_STORE_FIXTURE") else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let fixture = folder(&name);
    assert!(!fixture.exists(), "a fixture is never changed");
    let store = Store::open(dir.path(), small()).unwrap();
    fill(&store, 0..40).await;
    std::fs::create_dir_all(&fixture).unwrap();
    std::fs::write(fixture.join("told.txt"), told(&store)).unwrap();
    store.backup(fixture.join("backup"), &mut |_| ()).unwrap();
    std::fs::remove_file(fixture.join("backup/lock")).unwrap();
    store.close();
    copy(&dir.path().join("journal"), &fixture.join("store/journal"));
}
