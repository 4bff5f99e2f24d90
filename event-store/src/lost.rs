//! The note that committed records are gone. The index that knew of them is made anew at once, and
//! nothing but this note tells of them a second time: so it stays, whoever opens the store first,
//! until somebody who has looked into it removes the file.

use std::io;

use crate::disk::Disk;

/// The file in the folder of a store that is there once the index knew records that the journal
/// does not have; it says how many of both.
pub const RECORDS_LOST: &str = "records-lost";

pub(crate) fn is_noted(disk: &dyn Disk) -> io::Result<bool> {
    Ok(disk.open(RECORDS_LOST)?.is_some())
}

/// Leaves the note, before the index is deleted. *A crash here* leaves both, and it is noted again;
/// or an empty file, which says as much. On a full disk there may be none: whoever opens the store
/// is told all the same.
pub(crate) fn note(disk: &dyn Disk, known: u64, held: u64) {
    let text = format!("the index knew {known} records, the journal held {held}\n");
    let write = || {
        let file = disk.create(RECORDS_LOST)?;
        file.write_at(text.as_bytes(), 0)?;
        file.sync()?;
        disk.sync_dir("")
    };
    // The caller tells of it by itself.
    let _: io::Result<()> = write();
}
