//! Dispatches that were read before. Every entry of a case asks for several of them, and the next
//! case for the same ones.
//!
//! Only what is durable is asked for, and what is durable of a dispatch never changes, nor which
//! was the first to hear it: nothing here can be out of date.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use domain::chain::Dispatch;
use event_store::LogName;

/// Dispatches of one log that are kept: about 2 MB. When there are more, all are forgotten and read
/// again, which costs no more than if none had been kept.
const DISPATCHES_MAX: usize = 16_384;

/// What the rules read of dispatches, by log. Cheap to clone; clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownDispatches(Arc<RwLock<HashMap<LogName, Arc<KnownLog>>>>);

/// What is known of one log. The lock is held for one look, or to add one.
#[derive(Debug, Default)]
pub(crate) struct KnownLog(RwLock<Maps>);

#[derive(Debug, Default)]
struct Maps {
    by_number: HashMap<u64, Dispatch>,
    /// The first that had heard a dispatch of the other log, by the number of that.
    receipts: HashMap<u64, Dispatch>,
}

impl KnownDispatches {
    pub(crate) fn of(&self, log: &LogName) -> Arc<KnownLog> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(log).cloned();
        known.unwrap_or_else(|| {
            let mut logs = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(logs.entry(log.clone()).or_default())
        })
    }
}

impl KnownLog {
    pub(crate) fn get(&self, number: u64) -> Option<Dispatch> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.by_number.get(&number).copied()
    }

    pub(crate) fn add(&self, dispatch: Dispatch) {
        self.maps().by_number.insert(dispatch.number, dispatch);
    }

    pub(crate) fn receipt(&self, of: u64) -> Option<Dispatch> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.receipts.get(&of).copied()
    }

    pub(crate) fn add_receipt(&self, of: u64, dispatch: Dispatch) {
        self.maps().receipts.insert(of, dispatch);
    }

    /// To add to; empty where it was full.
    fn maps(&self) -> RwLockWriteGuard<'_, Maps> {
        let mut maps = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if maps.by_number.len() + maps.receipts.len() >= DISPATCHES_MAX {
            *maps = Maps::default();
        }
        maps
    }
}

#[cfg(test)]
mod tests {
    use domain::identifier::Digest;
    use domain::time::Instant;

    use super::*;

    fn dispatch(number: u64) -> Dispatch {
        let (time, digest) = (Instant::from_ms(number), Digest::new([1; 32]));
        Dispatch { number, time, digest, heard: None }
    }

    #[test]
    fn a_dispatch_is_known_in_its_own_log_only() {
        #![expect(clippy::unwrap_used, reason = "tests")]
        let [one, other] = ["headers/one", "headers/other"].map(|name| LogName::new(name).unwrap());
        let known = KnownDispatches::default();
        known.of(&one).add(dispatch(3));
        known.of(&one).add_receipt(7, dispatch(4));
        let (again, other) = (known.clone().of(&one), known.of(&other));
        assert_eq!((again.get(3), again.get(4)), (Some(dispatch(3)), None));
        assert_eq!((again.receipt(7), again.receipt(3)), (Some(dispatch(4)), None));
        assert_eq!((other.get(3), other.receipt(7)), (None, None));
    }

    #[test]
    fn no_more_are_kept_than_the_limit_says() {
        let known = KnownLog::default();
        let full = DISPATCHES_MAX as u64;
        (0..full).for_each(|number| known.add(dispatch(number)));
        known.add_receipt(full, dispatch(full));
        assert_eq!(known.get(0), None);
        assert_eq!(known.receipt(full), Some(dispatch(full)));
    }
}
