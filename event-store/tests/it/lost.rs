//! Committed records that are gone from the end of the journal: whoever opens the store first, all
//! who open it afterwards are told too.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_store::disk::DiskFile;
use event_store::{RECORDS_LOST, Recovery, Store};

use crate::over_disk::{Journals, OverDisk};
use crate::place::{OnDisk, Place};
use crate::sample::{answers, fill, small};

const APPENDS: usize = 10;

/// A closed store, with one byte of its last frame flipped; whether its index knew the frame.
async fn damaged(place: &OnDisk, index_knows: bool) {
    let store = place.open();
    fill(&store, 0..APPENDS).await;
    store.close();
    let file = &place.segments()[0];
    let last = place.bytes(file).windows(4).rposition(|word| word == b"RFRM").unwrap();
    place.flip(file, last as u64 + 60, 1);
    if !index_knows {
        place.remove_dir("index");
    }
}

/// What the first opening is told, by the way in which it comes about.
type Opens = fn(&OnDisk) -> Recovery;

fn by_a_start(place: &OnDisk) -> Recovery {
    place.open().recovery()
}

fn by_a_backup(place: &OnDisk) -> Recovery {
    place.another().back_up_beside(place).unwrap().recovery.unwrap()
}

fn by_a_rebuild(place: &OnDisk) -> Recovery {
    place.rebuild().unwrap().recovery
}

fn note(place: &OnDisk) -> String {
    String::from_utf8(place.bytes(RECORDS_LOST)).unwrap()
}

const WAYS: [(&str, Opens); 3] =
    [("start", by_a_start), ("backup", by_a_backup), ("rebuild", by_a_rebuild)];

async fn lost_records_are_told_by_every_opening_until_the_note_is_removed(place: OnDisk) {
    // Symptom: a backup or a rebuild of a store whose last frame was damaged made the index anew,
    // which alone had known that frame, and the node that was started then reported nothing.
    for (way, opens) in WAYS {
        let place = place.another();
        damaged(&place, true).await;
        let first = opens(&place);
        assert!(first.cut_bytes > 0 && first.index_was_ahead, "{way}: {first:?}");
        let text = note(&place);
        let held = place.open().next_position();
        assert_eq!(text, format!("the index knew 19 records, the journal held {held}\n"), "{way}");
        let again = by_a_start(&place);
        assert!(again.cut_bytes == 0 && again.index_was_ahead, "{way}: {again:?}");
        place.remove(RECORDS_LOST);
        assert!(!by_a_start(&place).index_was_ahead, "{way}");
    }
}

async fn what_nothing_knew_is_cut_and_not_called_lost(place: OnDisk) {
    for (way, opens) in WAYS {
        let place = place.another();
        damaged(&place, false).await;
        let first = opens(&place);
        assert!(first.cut_bytes > 0 && !first.index_was_ahead, "{way}: {first:?}");
        assert!(!place.is_there(RECORDS_LOST), "{way}");
    }
}

async fn a_backup_beside_a_running_store_opens_nothing(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..APPENDS).await;
    let made = place.another().back_up_beside(&place).unwrap();
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
async fn a_read_that_lies_once_has_nothing_noted_as_lost(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..APPENDS).await;
    let expected = answers(&store);
    store.close();
    let mut rebuilt = 0;
    for reads in 0.. {
        let left = LiesOnce(Arc::new(AtomicUsize::new(reads)));
        let disk = OverDisk::new(place.disk(), left.clone());
        if let Ok(store) = Store::open_on(Arc::new(disk), small()) {
            let recovery = store.recovery();
            assert!(!recovery.index_was_ahead && recovery.cut_bytes == 0, "{reads} {recovery:?}");
            assert_eq!(answers(&store), expected, "{reads}");
            rebuilt += usize::from(recovery.index_rebuilt);
            store.close();
        }
        assert!(!place.is_there(RECORDS_LOST), "{reads}");
        if left.0.load(Ordering::Relaxed) < usize::MAX / 2 {
            break;
        }
    }
    assert!(rebuilt > 0, "the index knew a frame that one read did not find");
}

async fn a_later_loss_is_noted_below_an_earlier(place: OnDisk) {
    damaged(&place, true).await;
    place.write(RECORDS_LOST, b"what was lost before\n");
    assert!(by_a_start(&place).index_was_ahead);
    let text = note(&place);
    assert!(text.starts_with("what was lost before\nthe index knew 19 records, "), "{text}");
}

crate::place::on_each_disk!(
    lost_records_are_told_by_every_opening_until_the_note_is_removed,
    what_nothing_knew_is_cut_and_not_called_lost,
    a_backup_beside_a_running_store_opens_nothing,
    a_read_that_lies_once_has_nothing_noted_as_lost,
    a_later_loss_is_noted_below_an_earlier
);
