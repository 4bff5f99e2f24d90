//! The next segment, filled with zeros before it is needed: so that whoever fills one segment
//! after the other need not write zeros in between. The disk writes them all the same.
//!
//! It is made under a name that no segment has and that the next opening removes: step by step
//! while nobody appends, once the last segment is more than half full; what is left of it in the
//! background, when that one has become full. Nothing rests on it: where there is none, the writer
//! makes a segment with as many zeros as it needs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::bytes::wide;
use super::write::{Sizes, WriteError, ZEROS_STEP, write_zeros};
use super::{Journal, JournalError, segment};
use crate::disk::{DiskFile, Shortage};

/// At most one file of zeros, durable as far as it goes.
#[derive(Debug, Default)]
pub(crate) struct Spare {
    held: Mutex<Held>,
    /// Whoever has lengthened it has put it back.
    settled: Condvar,
    /// The number of the segment that was the last when the journal was opened.
    since: AtomicU64,
    /// How many were made: each has a path of its own, also while another is being renamed.
    made: AtomicU64,
}

#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    /// Somebody is lengthening it.
    Away,
    Part(Zeros),
    Whole(Zeros),
}

/// Whoever lengthens it, however that ends.
struct Lengthening<'a>(&'a Spare);

impl Drop for Lengthening<'_> {
    fn drop(&mut self) {
        let mut held = self.0.held();
        if matches!(*held, Held::Away) {
            *held = Held::Nothing;
        }
        drop(held);
        self.0.settled.notify_all();
    }
}

/// A file of zeros.
#[derive(Debug)]
pub(crate) struct Zeros {
    pub(crate) path: String,
    pub(crate) file: Arc<dyn DiskFile>,
    length: u64,
}

impl Spare {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which segment is the last when somebody begins to write.
    pub(crate) fn begin(&self, last: u64) {
        self.since.store(last, Ordering::Relaxed);
    }

    /// Takes it, to be made the next segment; as much of it as is there.
    pub(crate) fn take(&self) -> Option<Zeros> {
        let mut held = self.held();
        match std::mem::take(&mut *held) {
            Held::Nothing => None,
            Held::Away => {
                *held = Held::Away;
                None
            }
            Held::Part(zeros) | Held::Whole(zeros) => Some(zeros),
        }
    }

    /// As `take`, once nobody lengthens it any more.
    fn take_when_settled(&self) -> Option<Zeros> {
        let is_away = |held: &mut Held| matches!(held, Held::Away);
        let held = self.settled.wait_while(self.held(), is_away);
        drop(held.unwrap_or_else(PoisonError::into_inner));
        self.take()
    }

    fn put_back(&self, held: Held) {
        *self.held() = held;
    }

    /// Whether somebody could make it, or go on with it.
    pub(crate) fn is_wanted(&self) -> bool {
        match *self.held() {
            Held::Nothing | Held::Part(_) => true,
            Held::Away | Held::Whole(_) => false,
        }
    }

    /// Takes it to be lengthened: nobody else does so meanwhile, nor takes it.
    fn take_part(&self) -> Option<Option<Zeros>> {
        let mut held = self.held();
        match std::mem::replace(&mut *held, Held::Away) {
            Held::Nothing => Some(None),
            Held::Part(zeros) => Some(Some(zeros)),
            other @ (Held::Away | Held::Whole(_)) => {
                *held = other;
                None
            }
        }
    }

    fn next_path(&self) -> String {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        format!("{}/spare-{number}{}", segment::DIR, segment::NEW)
    }
}

impl Journal {
    /// Makes the spare whole once a segment is full, if there is room for it and for another
    /// segment. Not for what was full before: whoever only opens a store need not write zeros.
    pub(crate) fn make_spare(&self, full: u64, sizes: Sizes) -> Result<(), WriteError> {
        if full < self.spare.since.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.lengthen_spare_by(sizes.segment_bytes, sizes)
    }

    /// Makes the next step of the spare, if there is none that is whole, under the same condition.
    pub(crate) fn lengthen_spare(&self, sizes: Sizes) -> Result<(), WriteError> {
        self.lengthen_spare_by(wide(ZEROS_STEP), sizes)
    }

    fn lengthen_spare_by(&self, bytes: u64, sizes: Sizes) -> Result<(), WriteError> {
        let Some(part) = self.spare.take_part() else {
            return Ok(());
        };
        let _lengthening = Lengthening(&self.spare);
        let length = part.as_ref().map_or(0, |zeros| zeros.length);
        let wanted = sizes.segment_bytes.saturating_mul(2).saturating_add(sizes.reserve_bytes);
        let free = self.disk.free_bytes().map_err(JournalError::io("ask", "."));
        let is_short = match &free {
            Ok(Some(free)) => free.saturating_add(length) < wanted,
            Ok(None) | Err(_) => false,
        };
        if free.is_err() || is_short {
            self.spare.put_back(part.map_or(Held::Nothing, Held::Part));
            return free.map_err(WriteError::Failed).and(Err(WriteError::Short(Shortage::Space)));
        }
        let path = part.as_ref().map_or_else(|| self.spare.next_path(), |part| part.path.clone());
        let to = sizes.segment_bytes.min(length + bytes);
        let lengthened = || {
            let file = part.map_or_else(|| self.disk.create(&path), |part| Ok(part.file))?;
            write_zeros(&*file, length, to)?;
            file.sync()?;
            Ok(file)
        };
        match lengthened() {
            Ok(file) => {
                let zeros = Zeros { path, file, length: to };
                let is_whole = to == sizes.segment_bytes;
                self.spare.put_back(if is_whole { Held::Whole(zeros) } else { Held::Part(zeros) });
                Ok(())
            }
            Err(error) => {
                // If it stays, the next opening removes it.
                let _ = self.disk.remove(&path);
                self.spare.put_back(Held::Nothing);
                Err(match Shortage::of(&error) {
                    Some(shortage) => WriteError::Short(shortage),
                    None => JournalError::io("write", &path)(error).into(),
                })
            }
        }
    }

    /// Gives its room back to the disk; whether there was one. Waits for whoever lengthens it: what
    /// that has taken is room too.
    pub(crate) fn give_up_spare(&self) -> bool {
        self.spare.take_when_settled().is_some_and(|zeros| self.disk.remove(&zeros.path).is_ok())
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
