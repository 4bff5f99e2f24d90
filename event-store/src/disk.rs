//! The one door to files: the journal and the index know nothing of `std::fs`.
//!
//! Paths are relative to the store's folder, with `/` between their parts. The only thing that
//! does not pass here is the embedded database of the index, which is given a folder of its own
//! and may lose everything at any time.

mod files;
mod simulated;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

pub use files::Files;
pub use simulated::{Choose, Disturbance, Simulated, Step};

/// A folder of files.
///
/// What the store assumes, and a simulated disk may exploit to the full: a write that was not
/// followed by a successful [`DiskFile::sync`] of that file may be kept, lost, torn at any byte
/// or reordered with others; a file created, renamed or removed may be seen so or not until
/// [`Disk::sync_dir`] of its folder. Once a sync has failed, nothing is assumed of what was
/// written since the last one that succeeded.
pub trait Disk: Debug + Send + Sync + 'static {
    /// Creates a folder and those above it; does nothing if it is there.
    fn create_dir(&self, path: &str) -> io::Result<()>;
    /// The names of the files (not folders) in a folder, in no order; none if it is not there.
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;
    /// The names of the folders in a folder, in no order; none if it is not there.
    fn folders(&self, dir: &str) -> io::Result<Vec<String>>;
    /// Opens a file for reading and writing; `None` if it is not there.
    fn open(&self, path: &str) -> io::Result<Option<Arc<dyn DiskFile>>>;
    /// Creates an empty file, or empties it if it is there.
    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>>;
    /// Renames a file over another or none.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file; does nothing if it is not there.
    fn remove(&self, path: &str) -> io::Result<()>;
    /// Removes a folder with everything in it; does nothing if it is not there.
    fn remove_dir(&self, path: &str) -> io::Result<()>;
    /// Makes creations, renames and removals in a folder durable.
    fn sync_dir(&self, dir: &str) -> io::Result<()>;
    /// Makes everything in a folder durable: its files, and those of the folders in it.
    fn sync_tree(&self, dir: &str) -> io::Result<()>;
    /// Takes the exclusive use of the folder, for as long as the value lives and this process
    /// runs; `None` if somebody else has it.
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>>;
    /// How many bytes can still be written; `None` if not known.
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }
    /// Names the time since when no unsynced write was lost: the same for two processes exactly
    /// if what the first wrote without a sync is there for the second. `None` if not known.
    fn incarnation(&self) -> Option<String>;
    /// Where a folder is on the machine, for a database that opens its own files; `None` if it is
    /// nowhere, and the database then lives in memory.
    fn native(&self, dir: &str) -> Option<PathBuf>;
}

/// What the machine has run out of: the same call may succeed later, and nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    Space,
    Files,
}

impl Shortage {
    /// Linux: too many open files, in the system and in the process.
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;

    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        let is_full =
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let code = error.raw_os_error();
        let is_out_of_files = matches!(code, Some(Self::ENFILE | Self::EMFILE));
        match (is_full, is_out_of_files) {
            (true, _) => Some(Self::Space),
            (false, true) => Some(Self::Files),
            (false, false) => None,
        }
    }

    /// As an error, for who asks for no more than that.
    pub(crate) fn error(self, what: String) -> io::Error {
        match self {
            Self::Space => io::Error::new(io::ErrorKind::StorageFull, what),
            Self::Files => io::Error::other(what),
        }
    }
}

/// An open file. Reads and writes at different places may run at the same time.
pub trait DiskFile: Debug + Send + Sync + 'static {
    /// The length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// Fills the buffer from `offset` on; returns less than its length only at the file's end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Says that a stretch will be read soon, so that it can be fetched meanwhile. A hint only.
    fn will_read(&self, _offset: u64, _length: u64) {}
    /// Writes all bytes at `offset`; the file grows if need be.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Cuts the file, or fills it up with zeros.
    fn set_length(&self, length: u64) -> io::Result<()>;
    /// Makes everything written to this file durable, its length included.
    fn sync(&self) -> io::Result<()>;
}
