//! The rebuildable index beside the journal: offset files, hash files, and the embedded database.
//!
//! Whether it can be trusted is decided when it is opened. It is deleted, and rebuilt from the
//! journal, if opening it did not come to an end last time (`opening` is there), if unsynced
//! writes may have been lost since (`trust` names another incarnation of the disk), or if anything
//! it says does not fit the journal.

pub(crate) mod column;
mod rows;
pub(crate) mod tree;

use std::sync::Arc;

pub(crate) use self::tree::{Broken, Changes, Tree};
use crate::disk::Disk;
use crate::name::LogName;

pub(crate) const DIR: &str = "index";
const LOGS_DIR: &str = "index/logs";
const TREE_DIR: &str = "index/tree";
pub(crate) const POSITIONS: &str = "index/positions";
/// There while the database is being opened, or after it broke in use.
const OPENING: &str = "index/opening";
pub(crate) const TRUST: &str = "index/trust";
const TRUST_NEW: &str = "index/trust.new";
/// The first word in `trust`: the version of the index.
const VERSION: &str = "2";
/// The second word: everything was synced before the store was closed.
const CLOSED: &str = "closed";

const OFFSETS_END: &str = ".offsets";
const HASHES_END: &str = ".hashes";

/// The file that holds the address of each record of a log.
pub(crate) fn offsets_path(log: &LogName) -> String {
    format!("{LOGS_DIR}/{}{OFFSETS_END}", log.as_str().replace('/', "+"))
}

/// The file that holds the nodes of the Merkle tree of a log, in order of completion.
pub(crate) fn hashes_path(log: &LogName) -> String {
    format!("{LOGS_DIR}/{}{HASHES_END}", log.as_str().replace('/', "+"))
}

pub(crate) fn delete(disk: &dyn Disk) -> std::io::Result<()> {
    disk.remove_dir(DIR)
}

/// The files beside the database stay.
pub(crate) fn delete_tree(disk: &dyn Disk) -> std::io::Result<()> {
    disk.remove_dir(TREE_DIR)
}

/// Whether the index on the disk may be used at all.
pub(crate) fn is_trusted(disk: &dyn Disk) -> Result<bool, Broken> {
    if disk.open(OPENING)?.is_some() {
        return Ok(false);
    }
    let same = match disk.incarnation() {
        Some(now) => trust_is(disk, &now)?,
        None => false,
    };
    Ok(same || was_closed(disk)?)
}

/// Whether everything was synced before the store was closed.
pub(crate) fn was_closed(disk: &dyn Disk) -> Result<bool, Broken> {
    trust_is(disk, CLOSED)
}

fn trust_is(disk: &dyn Disk, word: &str) -> Result<bool, Broken> {
    let Some(file) = disk.open(TRUST)? else {
        return Ok(false);
    };
    let mut bytes = vec![0; 256];
    let read = file.read_at(&mut bytes, 0)?;
    Ok(bytes.get(..read).unwrap_or_default() == format!("{VERSION} {word}").as_bytes())
}

/// Opens the database, new or old.
pub(crate) fn open_tree(disk: &Arc<dyn Disk>, cache_bytes: u64) -> Result<Tree, Broken> {
    disk.create_dir(LOGS_DIR)?;
    disk.create_dir(TREE_DIR)?;
    disk.create(OPENING)?;
    let tree = Tree::open(disk.native(TREE_DIR).as_deref(), cache_bytes)?;
    disk.remove(OPENING)?;
    Ok(tree)
}

/// From now on the index holds only until unsynced writes are lost. Durable before it is changed.
pub(crate) fn mark_open(disk: &dyn Disk) -> Result<(), Broken> {
    let incarnation = disk.incarnation().unwrap_or_else(|| "unknown".to_owned());
    write_trust(disk, &incarnation)
}

/// Syncs everything; after that the index holds whatever happens to the machine.
pub(crate) fn mark_closed(disk: &dyn Disk) -> Result<(), Broken> {
    disk.sync_tree(DIR)?;
    write_trust(disk, CLOSED)
}

/// The next opening is to delete the index.
pub(crate) fn mark_broken(disk: &dyn Disk) -> Result<(), Broken> {
    disk.create(OPENING)?;
    Ok(())
}

/// The next opening is to use the index after all.
pub(crate) fn mark_whole(disk: &dyn Disk) -> Result<(), Broken> {
    disk.remove(OPENING)?;
    Ok(())
}

fn write_trust(disk: &dyn Disk, word: &str) -> Result<(), Broken> {
    let file = disk.create(TRUST_NEW)?;
    file.write_at(format!("{VERSION} {word}").as_bytes(), 0)?;
    file.sync()?;
    disk.rename(TRUST_NEW, TRUST)?;
    disk.sync_dir(DIR)?;
    Ok(())
}
