//! The note that committed records are gone. The index that knew of them is made anew at once, and
//! nothing but this note tells of them a second time: so it stays, whoever opens the store first,
//! until somebody who has looked into it removes the file.

use std::io;

use crate::disk::Disk;

/// The file in the folder of a store that is there once the index knew records that the journal
/// does not have; it says how many of both.
pub const RECORDS_LOST: &str = "records-lost";

const RECORDS_LOST_NEW: &str = "records-lost.new";

pub(crate) fn is_noted(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.open(RECORDS_LOST)?.is_some())
}

/// Leaves the note, before the index is deleted, below an earlier one. *A crash here* leaves the
/// index too, and it is noted again. On a full disk there may be none: whoever opens the store is
/// told all the same.
pub(crate) fn note(disk: &dyn Disk, known: u64, held: u64) {
    let line = format!("the index knew {known} records, the journal held {held}\n");
    let write = || {
        let mut text = earlier(disk)?;
        if text.ends_with(line.as_bytes()) {
            return Ok(());
        }
        text.extend_from_slice(line.as_bytes());
        let file = disk.create(RECORDS_LOST_NEW)?;
        file.write_at(&text, 0)?;
        file.sync()?;
        disk.rename(RECORDS_LOST_NEW, RECORDS_LOST)?;
        disk.sync_dir("")
    };
    // The caller tells of it by itself.
    let _: io::Result<()> = write();
}

/// Takes the note back that this opening left: the journal has them after all.
pub(crate) fn withdraw(disk: &dyn Disk) -> io::Result<()> {
    disk.remove(RECORDS_LOST)?;
    disk.sync_dir("")
}

fn earlier(disk: &dyn Disk) -> io::Result<Vec<u8>> {
    let Some(file) = disk.open(RECORDS_LOST)? else {
        return Ok(Vec::new());
    };
    let mut text = vec![0; usize::try_from(file.length()?).unwrap_or(0)];
    let read = file.read_at(&mut text, 0)?;
    text.truncate(read);
    Ok(text)
}
