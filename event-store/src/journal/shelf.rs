//! Full segments of long ago: their files are opened when they are read, and closed when others
//! are, so that a store may have more segments than its process may have open files.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::segment;
use crate::disk::{Disk, DiskFile};

/// Segments at the end of the journal whose files stay open.
pub(crate) const KEPT_OPEN: usize = 128;
/// Files of others that are open at the same time, at most.
const OPEN_MAX: usize = 32;

/// The files that were read last, the newest behind.
pub(crate) struct Shelf {
    disk: Arc<dyn Disk>,
    open: Mutex<VecDeque<(u64, Arc<dyn DiskFile>)>>,
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl Shelf {
    pub(crate) fn new(disk: &Arc<dyn Disk>) -> Arc<Self> {
        Arc::new(Self { disk: Arc::clone(disk), open: Mutex::default() })
    }

    /// A file that is opened when it is used.
    pub(crate) fn file(self: &Arc<Self>, number: u64) -> Arc<dyn DiskFile> {
        Arc::new(Shelved { number, shelf: Arc::clone(self) })
    }

    fn get(&self, number: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let at = open.iter().rposition(|(it, _)| *it == number);
        if let Some(found) = at.and_then(|at| open.remove(at)) {
            let file = Arc::clone(&found.1);
            open.push_back(found);
            return Ok(file);
        }
        // Closed first: there may be no room for one more.
        if open.len() >= OPEN_MAX {
            open.pop_front();
        }
        let path = segment::path(number);
        let file = self.disk.open(&path)?;
        let file = file.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, path))?;
        open.push_back((number, Arc::clone(&file)));
        Ok(file)
    }
}

#[derive(Debug)]
struct Shelved {
    number: u64,
    shelf: Arc<Shelf>,
}

impl Shelved {
    fn file(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.shelf.get(self.number)
    }
}

impl DiskFile for Shelved {
    fn length(&self) -> io::Result<u64> {
        self.file()?.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file()?.read_at(buffer, offset)
    }

    fn will_read(&self, offset: u64, length: u64) {
        // Where it cannot be opened, whoever reads it is told.
        if let Ok(file) = self.file() {
            file.will_read(offset, length);
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file()?.write_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file()?.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file()?.sync()
    }
}
