//! A disk that keeps what was not synced in the memory of the process: a kill loses it, as the loss
//! of power loses what the system has not written yet. Only of the journal, on which all rests; of
//! the index, which is never synced, there would be no end here.

use std::io;
use std::sync::{Arc, Mutex};

use event_store::disk::DiskFile;

use crate::over_disk::{Journals, OverDisk};

/// What a sync does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Syncs {
    Store,
    /// Nothing, and they say that they have: a store on such a disk acknowledges before it syncs.
    Lie,
}

pub(super) type VolatileDisk = OverDisk<Syncs>;

#[derive(Debug)]
struct VolatileFile {
    file: Arc<dyn DiskFile>,
    syncs: Syncs,
    /// What was written since the last sync, in order.
    unsynced: Mutex<Vec<(u64, Vec<u8>)>>,
}

impl Journals for Syncs {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(VolatileFile { file, syncs: *self, unsynced: Mutex::default() })
    }
}

impl VolatileFile {
    fn store(&self, unsynced: &mut Vec<(u64, Vec<u8>)>) -> io::Result<()> {
        for (offset, bytes) in unsynced.drain(..) {
            self.file.write_at(&bytes, offset)?;
        }
        Ok(())
    }
}

impl DiskFile for VolatileFile {
    fn length(&self) -> io::Result<u64> {
        let unsynced = self.unsynced.lock().unwrap();
        let ends = unsynced.iter().map(|(offset, bytes)| offset + bytes.len() as u64);
        Ok(ends.max().unwrap_or(0).max(self.file.length()?))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let unsynced = self.unsynced.lock().unwrap();
        let mut read = self.file.read_at(buffer, offset)?;
        buffer[read..].fill(0);
        for (at, bytes) in &*unsynced {
            let (from, to) = ((*at).max(offset), at + bytes.len() as u64);
            let to = to.min(offset + buffer.len() as u64);
            if from < to {
                let [from, to] = [from, to].map(|it| it as usize);
                let (at, offset) = (*at as usize, offset as usize);
                buffer[from - offset..to - offset].copy_from_slice(&bytes[from - at..to - at]);
                read = read.max(to - offset);
            }
        }
        Ok(read)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.unsynced.lock().unwrap().push((offset, bytes.to_vec()));
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let mut unsynced = self.unsynced.lock().unwrap();
        self.store(&mut unsynced)?;
        self.file.set_length(length)
    }

    fn sync(&self) -> io::Result<()> {
        match self.syncs {
            Syncs::Lie => Ok(()),
            Syncs::Store => {
                self.store(&mut self.unsynced.lock().unwrap())?;
                self.file.sync()
            }
        }
    }
}
