//! Committed records that are gone from the end of the journal: whoever opens the store first, all
//! who open it afterwards are told too.

use std::fs;
use std::path::Path;

use event_store::{RECORDS_LOST, Recovery};

use crate::sample::{fill, open, segments};

const APPENDS: usize = 10;

/// A closed store, with one byte of its last frame flipped; whether its index knew the frame.
async fn damaged(dir: &Path, index_knows: bool) {
    let store = open(dir);
    fill(&store, 0..APPENDS).await;
    store.close();
    let file = &segments(dir)[0];
    let mut bytes = fs::read(file).unwrap();
    let last = bytes.windows(4).rposition(|word| word == b"RFRM").unwrap();
    bytes[last + 60] ^= 1;
    fs::write(file, bytes).unwrap();
    if !index_knows {
        fs::remove_dir_all(dir.join("index")).unwrap();
    }
}

/// What the first opening is told, by the way in which it comes about.
type Opens = fn(&Path) -> Recovery;

fn by_a_start(dir: &Path) -> Recovery {
    open(dir).recovery()
}

fn by_a_backup(dir: &Path) -> Recovery {
    let to = tempfile::tempdir().unwrap();
    event_store::backup(dir, to.path(), &mut |_| ()).unwrap().recovery.unwrap()
}

fn by_a_rebuild(dir: &Path) -> Recovery {
    event_store::rebuild(dir, &mut |_| ()).unwrap().recovery
}

const WAYS: [(&str, Opens); 3] =
    [("start", by_a_start), ("backup", by_a_backup), ("rebuild", by_a_rebuild)];

#[tokio::test]
async fn lost_records_are_told_by_every_opening_until_the_note_is_removed() {
    // Symptom: a backup or a rebuild of a store whose last frame was damaged made the index anew,
    // which alone had known that frame, and the node that was started then reported nothing.
    for (way, opens) in WAYS {
        let dir = tempfile::tempdir().unwrap();
        damaged(dir.path(), true).await;
        let first = opens(dir.path());
        assert!(first.cut_bytes > 0 && first.index_was_ahead, "{way}: {first:?}");
        let note = dir.path().join(RECORDS_LOST);
        let text = fs::read_to_string(&note).unwrap();
        let held = open(dir.path()).next_position();
        assert_eq!(text, format!("the index knew 19 records, the journal held {held}\n"), "{way}");
        let again = by_a_start(dir.path());
        assert!(again.cut_bytes == 0 && again.index_was_ahead, "{way}: {again:?}");
        fs::remove_file(note).unwrap();
        assert!(!by_a_start(dir.path()).index_was_ahead, "{way}");
    }
}

#[tokio::test]
async fn what_nothing_knew_is_cut_and_not_called_lost() {
    for (way, opens) in WAYS {
        let dir = tempfile::tempdir().unwrap();
        damaged(dir.path(), false).await;
        let first = opens(dir.path());
        assert!(first.cut_bytes > 0 && !first.index_was_ahead, "{way}: {first:?}");
        assert!(!dir.path().join(RECORDS_LOST).exists(), "{way}");
    }
}

#[tokio::test]
async fn a_backup_beside_a_running_store_opens_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..APPENDS).await;
    let to = tempfile::tempdir().unwrap();
    let made = event_store::backup(dir.path(), to.path(), &mut |_| ()).unwrap();
    assert_eq!(made.recovery, None);
    drop(store);
}
