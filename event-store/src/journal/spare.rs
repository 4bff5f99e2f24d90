//! The next segment, filled with zeros before it is needed: so that whoever fills one segment
//! after the other need not write zeros in between. The disk writes them all the same.
//!
//! It is made in the background when a segment has become full, under a name that no segment has
//! and that the next opening removes. Nothing rests on it: where there is none, the writer makes a
//! segment with as many zeros as it needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::write::{Sizes, write_zeros};
use super::{Journal, JournalError, segment};
use crate::disk::DiskFile;

/// At most one file of zeros, durable.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    held: Mutex<Option<Zeros>>,
    /// The number of the segment that was the last when the journal was opened.
    since: AtomicU64,
    /// How many were made: each has a path of its own, also while another is being renamed.
    made: AtomicU64,
}

/// A file of zeros.
#[derive(Debug)]
pub(crate) struct Zeros {
    pub(crate) path: String,
    pub(crate) file: Arc<dyn DiskFile>,
}

impl Spare {
    fn held(&self) -> MutexGuard<'_, Option<Zeros>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which segment is the last when somebody begins to write.
    pub(crate) fn begin(&self, last: u64) {
        self.since.store(last, Ordering::Relaxed);
    }

    /// Takes it, to be made the next segment.
    pub(crate) fn take(&self) -> Option<Zeros> {
        self.held().take()
    }

    fn next_path(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{}/spare-{number}{}", segment::DIR, segment::NEW)
    }
}

impl Journal {
    /// Makes the spare once a segment is full, if there is none, and room for it and for another
    /// segment. Not for what was full before: whoever only opens a store need not write zeros.
    pub(crate) fn make_spare(&self, full: u64, sizes: Sizes) -> Result<(), JournalError> {
        if full < self.spare.since.load(Ordering::Relaxed) {
            return Ok(());
        }
        let wanted = sizes.segment_bytes.saturating_mul(2).saturating_add(sizes.reserve_bytes);
        let free = self.disk.free_bytes().map_err(JournalError::io("ask", "."))?;
        if self.spare.held().is_some() || free.is_some_and(|free| free < wanted) {
            return Ok(());
        }
        let path = self.spare.next_path();
        let made = self.disk.create(&path).and_then(|file| {
            write_zeros(&*file, 0, sizes.segment_bytes)?;
            file.sync()?;
            Ok(file)
        });
        match made {
            Ok(file) => *self.spare.held() = Some(Zeros { path, file }),
            Err(error) => {
                // If it stays, the next opening removes it.
                let _ = self.disk.remove(&path);
                return Err(JournalError::io("write", &path)(error));
            }
        }
        Ok(())
    }

    /// Gives its room back to the disk; whether there was one.
    pub(crate) fn give_up_spare(&self) -> bool {
        self.spare.take().is_some_and(|zeros| self.disk.remove(&zeros.path).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_opening_knows_it_by_its_name() {
        let spare = Spare::default();
        let paths = [spare.next_path(), spare.next_path()];
        assert_ne!(paths.first(), paths.last());
        for path in &paths {
            let name = path.strip_prefix("journal/").unwrap_or_default();
            assert!(name.ends_with(segment::NEW) && segment::number_of(name).is_none());
        }
    }
}
