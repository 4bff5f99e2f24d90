//! Sorted rows of bytes: the embedded database, or a map in memory where there is no folder for it.

use std::collections::BTreeMap;
use std::ops::Bound::{self, Excluded, Included, Unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::Broken;

type Bytes = Vec<u8>;

/// How often the database is opened before its refusal is believed: a process that was started
/// just now may share the database's lock until it runs its own program. Others cannot have it,
/// because whoever opens the database has the lock of the store.
const OPENINGS_MAX: usize = 20;
const OPENINGS_APART: Duration = Duration::from_millis(5);

/// Rows to be set, or removed where there is no value, together.
pub(crate) type Changed = Vec<(Bytes, Option<Bytes>)>;

#[derive(Debug)]
pub(crate) enum Rows {
    Database(sled::Db),
    Memory(RwLock<BTreeMap<Bytes, Bytes>>),
}

/// Runs the database's code, and turns its errors and panics into `Broken`.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Broken> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| Broken::new(error.to_string())),
        Err(_) => Err(Broken::new("the embedded database panicked")),
    }
}

fn bounds<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (after.map_or(Included(prefix), Excluded), Unbounded)
}

impl Rows {
    pub(crate) fn open(dir: Option<&Path>, cache_bytes: u64) -> Result<Self, Broken> {
        let Some(dir) = dir else {
            return Ok(Self::Memory(RwLock::default()));
        };
        let config = sled::Config::new().cache_capacity(cache_bytes).path(dir);
        for _ in 1..OPENINGS_MAX {
            match guarded(|| Ok(config.open())) {
                Ok(Ok(db)) => return Ok(Self::Database(db)),
                Ok(Err(sled::Error::Io(_))) => std::thread::sleep(OPENINGS_APART),
                Ok(Err(error)) => return Err(Broken::new(error.to_string())),
                Err(broken) => return Err(broken),
            }
        }
        guarded(|| config.open()).map(Self::Database)
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Broken> {
        match self {
            Self::Database(db) => guarded(|| db.get(key)).map(|row| row.map(|row| row.to_vec())),
            Self::Memory(rows) => {
                let rows = rows.read().unwrap_or_else(PoisonError::into_inner);
                Ok(rows.get(key).cloned())
            }
        }
    }

    /// The last row under a prefix.
    pub(crate) fn last(&self, prefix: &[u8]) -> Result<Option<(Bytes, Bytes)>, Broken> {
        match self {
            Self::Database(db) => {
                let last = guarded(|| db.scan_prefix(prefix).next_back().transpose())?;
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
            Self::Database(db) => {
                let mut range = guarded(|| Ok(db.range::<&[u8], _>(bounds(prefix, after))))?;
                while let Some((key, value)) = guarded(|| range.next().transpose())? {
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

    /// All of it or, should the process end, none.
    pub(crate) fn apply(&self, changed: Changed) -> Result<(), Broken> {
        match self {
            Self::Database(db) => {
                let mut batch = sled::Batch::default();
                for (key, value) in changed {
                    match value {
                        Some(value) => batch.insert(key, value),
                        None => batch.remove(key),
                    }
                }
                guarded(|| db.apply_batch(batch))
            }
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

    /// Hands everything to the operating system. Not a sync.
    pub(crate) fn flush(&self) -> Result<(), Broken> {
        match self {
            Self::Database(db) => guarded(|| db.flush()).map(|_| ()),
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
