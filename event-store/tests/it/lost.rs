//! Committed records that are gone from the end of the journal: whoever opens the store first, all
//! who open it afterwards are told too.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_store::disk::DiskFile;
use event_store::{RECORDS_LOST, Recovery, Store};

use crate::over_files::{Journals, OverFiles};
use crate::sample::{answers, fill, open, segments, small};

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

/// Counts down; the read that finds nothing left lies about the last byte that is not zero.
#[derive(Clone, Debug)]
struct LiesOnce(Arc<AtomicUsize>);

impl Journals for LiesOnce {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(Lying { file, once: self.clone() })
    }
}

#[derive(Debug)]
struct Lying {
    file: Arc<dyn DiskFile>,
    once: LiesOnce,
}

impl DiskFile for Lying {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.file.read_at(buffer, offset)?;
        if self.once.0.fetch_sub(1, Ordering::Relaxed) == 0
            && let Some(last) = buffer[..read].iter_mut().rfind(|byte| **byte != 0)
        {
            *last ^= 1;
        }
        Ok(read)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }
    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}

/// A read of the last frame that lied once had it noted as lost for good, though it was read well
/// a moment later.
#[tokio::test]
async fn a_read_that_lies_once_has_nothing_noted_as_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store, 0..APPENDS).await;
    let expected = answers(&store);
    store.close();
    let mut rebuilt = 0;
    for reads in 0.. {
        let left = LiesOnce(Arc::new(AtomicUsize::new(reads)));
        let disk = OverFiles::new(dir.path(), left.clone());
        if let Ok(store) = Store::open_on(Arc::new(disk), small()) {
            let recovery = store.recovery();
            assert!(!recovery.index_was_ahead && recovery.cut_bytes == 0, "{reads} {recovery:?}");
            assert_eq!(answers(&store), expected, "{reads}");
            rebuilt += usize::from(recovery.index_rebuilt);
            store.close();
        }
        assert!(!dir.path().join(RECORDS_LOST).exists(), "{reads}");
        if left.0.load(Ordering::Relaxed) < usize::MAX / 2 {
            break;
        }
    }
    assert!(rebuilt > 0, "the index knew a frame that one read did not find");
}

#[tokio::test]
async fn a_later_loss_is_noted_below_an_earlier() {
    let dir = tempfile::tempdir().unwrap();
    damaged(dir.path(), true).await;
    let note = dir.path().join(RECORDS_LOST);
    fs::write(&note, "what was lost before\n").unwrap();
    assert!(by_a_start(dir.path()).index_was_ahead);
    let text = fs::read_to_string(note).unwrap();
    assert!(text.starts_with("what was lost before\nthe index knew 19 records, "), "{text}");
}
