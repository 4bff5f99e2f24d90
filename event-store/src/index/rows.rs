//! Sorted rows of bytes: the embedded database, or a map in memory where there is no folder for it.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::Duration;

use super::Broken;
use crate::disk::Shortage;

type Bytes = Vec<u8>;

/// How often the database is opened before its refusal is believed: a process that was started
/// just now may share the database's lock until it runs its own program. Others cannot have it,
/// because whoever opens the database has the lock of the store.
const OPENINGS_MAX: usize = 20;
const OPENINGS_APART: Duration = Duration::from_millis(5);

/// A part of the database's file, and the buffer in which that is put together.
const SEGMENT_BYTES: usize = 2 << 20;
/// What the database is given at once; it has written that before it is given more.
///
/// It writes buffers, and gives the end of its file back, by a pool of seven threads. Whoever
/// needs a longer file again waits for the pool with a lock held for which each of them waits in
/// turn when its buffer is written: with all seven busy, for ever. A batch has two buffers of its
/// own, and fills about three more of so many bytes, with what it moves on the way: threads are
/// left.
const BATCH_BYTES_MAX: usize = SEGMENT_BYTES;

/// Rows to be set, or removed where there is no value.
pub(crate) type Changed = Vec<(Bytes, Option<Bytes>)>;

/// How many bytes the database is given with a row.
fn bytes_of((key, value): &(Bytes, Option<Bytes>)) -> usize {
    key.len() + value.as_ref().map_or(0, Vec::len)
}

/// Whether rows are too many to be applied together.
pub(crate) fn are_too_many(changed: &Changed) -> bool {
    changed.iter().map(bytes_of).sum::<usize>() > BATCH_BYTES_MAX
}

#[derive(Debug)]
pub(crate) enum Rows {
    Database(Guarded),
    Memory(RwLock<BTreeMap<Bytes, Bytes>>),
}

/// The database, and whether it has run out of something.
#[derive(Debug)]
pub(crate) struct Guarded {
    db: sled::Db,
    /// It keeps its first error of writing for as long as it is open, and answers with it whatever
    /// it is to write, which reading may ask of it too.
    is_stuck: AtomicBool,
    /// Held by who gives it something.
    giving: Mutex<()>,
}

impl Guarded {
    fn apply(&self, changed: Changed) -> Result<(), Broken> {
        let mut batch = sled::Batch::default();
        for (key, value) in changed {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let _giving = self.giving.lock().unwrap_or_else(PoisonError::into_inner);
        self.run(|db| db.flush())?;
        self.run(|db| db.apply_batch(batch))
    }

    fn run<T>(&self, call: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Broken> {
        let result = guarded(|| call(&self.db));
        if result.as_ref().is_err_and(|broken| broken.shortage.is_some()) {
            self.is_stuck.store(true, Ordering::Relaxed);
        }
        result
    }
}

/// Runs the database's code, and turns its errors and panics into `Broken`.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Broken> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(broken(&error)),
        Err(_) => Err(Broken::new("the embedded database panicked")),
    }
}

fn broken(error: &sled::Error) -> Broken {
    let shortage = match error {
        sled::Error::Io(error) => Shortage::of(error),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => None,
    };
    Broken { what: error.to_string(), shortage }
}

fn bounds<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (after.map_or(Included(prefix), Excluded), Unbounded)
}

impl Rows {
    pub(crate) fn open(dir: Option<&Path>, cache_bytes: u64) -> Result<Self, Broken> {
        let Some(dir) = dir else {
            return Ok(Self::Memory(RwLock::default()));
        };
        let config = sled::Config::new().cache_capacity(cache_bytes);
        let config = config.segment_size(SEGMENT_BYTES).path(dir);
        for _ in 1..OPENINGS_MAX {
            match guarded(|| Ok(config.open())) {
                Ok(Ok(db)) => return Ok(Self::new(db)),
                Ok(Err(sled::Error::Io(_))) => std::thread::sleep(OPENINGS_APART),
                Ok(Err(error)) => return Err(broken(&error)),
                Err(broken) => return Err(broken),
            }
        }
        guarded(|| config.open()).map(Self::new)
    }

    fn new(db: sled::Db) -> Self {
        let giving = Mutex::new(());
        Self::Database(Guarded { db, is_stuck: AtomicBool::new(false), giving })
    }

    /// Whether the database takes nothing more, for want of something.
    pub(crate) fn is_stuck(&self) -> bool {
        match self {
            Self::Database(database) => database.is_stuck.load(Ordering::Relaxed),
            Self::Memory(_) => false,
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Database(database) => {
                database.run(|db| db.get(key)).map(|row| row.map(|row| row.to_vec()))
            }
            Self::Memory(rows) => {
                let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
                Ok(rows.get(key).cloned())
            }
        }
    }

    /// The last row under a prefix.
    pub(crate) fn last(&self, prefix: &[u8]) -> Result<Option<(Bytes, Bytes)>, Broken> {
        match self {
            Self::Database(database) => {
                let last = database.run(|db| db.scan_prefix(prefix).next_back().transpose())?;
                Ok(last.map(|(key, value)| (key.to_vec(), value.to_vec())))
            }
            Self::Memory(rows) => {
                let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
                let under = rows.range::<[u8], _>(bounds(prefix, None));
                let last = under.take_while(|(key, _)| key.starts_with(prefix)).last();
                Ok(last.map(|(key, value)| (key.clone(), value.clone())))
            }
        }
    }

    /// Everything under a prefix, after a key if one is given; stops when `each` says so. `each`
    /// must not change rows.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<bool, Broken>,
    ) -> Result<(), Broken> {
        match self {
            Self::Database(database) => {
                let start = |db: &sled::Db| Ok(db.range::<&[u8], _>(bounds(prefix, after)));
                let mut range = database.run(start)?;
                while let Some((key, value)) = database.run(|_| range.next().transpose())? {
                    if !key.starts_with(prefix) || !each(&key, &value)? {
                        break;
                    }
                }
            }
            Self::Memory(rows) => {
                let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
                for (key, value) in rows.range::<[u8], _>(bounds(prefix, after)) {
                    if !key.starts_with(prefix) || !each(key, value)? {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// All of it or, should the process end, none; not for too many ([`are_too_many`]).
    pub(crate) fn apply(&self, changed: Changed) -> Result<(), Broken> {
        match self {
            Self::Database(database) => database.apply(changed),
            Self::Memory(rows) => {
                let mut rows = rows.write().unwrap_or_else(PoisonError::into_inner);
                for (key, value) in changed {
                    match value {
                        Some(value) => rows.insert(key, value),
                        None => rows.remove(&key),
                    };
                }
                Ok(())
            }
        }
    }

    /// Any number, in their order; should the process end, some of them.
    pub(crate) fn apply_apart(&self, changed: Changed) -> Result<(), Broken> {
        let (mut part, mut bytes) = (Changed::new(), 0);
        for row in changed {
            let more = bytes_of(&row);
            if bytes + more > BATCH_BYTES_MAX {
                self.apply(std::mem::take(&mut part))?;
                bytes = 0;
            }
            bytes += more;
            part.push(row);
        }
        self.apply(part)
    }

    /// Hands everything to the operating system, and ends. Not a sync.
    pub(crate) fn close(self) -> Result<(), Broken> {
        match self {
            Self::Database(database) => {
                let flushed = database.run(|db| db.flush());
                guarded(|| {
                    drop(database);
                    Ok(())
                })?;
                flushed.map(|_| ())
            }
            Self::Memory(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_panic_of_the_database_is_an_index_that_is_broken() {
        let broken = guarded(|| -> sled::Result<()> { panic!("as on damage") }).unwrap_err();
        assert_eq!(broken.what, "the embedded database panicked");
        assert_eq!(broken.shortage, None);
    }
}
