//! A file that one process has to itself.

use std::fs::{File, TryLockError};
use std::ops::Deref;

/// A file, locked. The lock is given up by hand when this is dropped: a process that is just being
/// started by another thread holds a copy of the file for a moment, and would hold the lock too.
#[derive(Debug)]
pub(crate) struct Locked(File);

impl Locked {
    /// Locks a file, or says who is in the way.
    pub(crate) fn new(file: File) -> Result<Self, TryLockError> {
        file.try_lock()?;
        Ok(Self(file))
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing the file does the same, only later.
        let _ = self.0.unlock();
    }
}
