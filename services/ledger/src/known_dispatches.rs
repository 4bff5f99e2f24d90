//! Dispatches that were read before. Every entry of a case asks for several of them, and the next
//! case for the same ones.
//!
//! Only what is durable is asked for, and what is durable of a dispatch never changes: nothing here
//! can be out of date.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::chain::Dispatch;
use event_store::LogName;

/// Dispatches of one log that are kept: about 2 MB. When there are more, all are forgotten and read
/// again, which costs no more than if none had been kept.
const DISPATCHES_MAX: usize = 16_384;

/// What the rules read of dispatches, by log and number. Cheap to clone; clones share. The lock is
/// held for one look, or to add one.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownDispatches(Arc<RwLock<HashMap<LogName, HashMap<u64, Dispatch>>>>);

impl KnownDispatches {
    pub(crate) fn get(&self, log: &LogName, number: u64) -> Option<Dispatch> {
        let logs = self.0.read().unwrap_or_else(PoisonError::into_inner);
        logs.get(log)?.get(&number).copied()
    }

    pub(crate) fn add(&self, log: &LogName, dispatch: Dispatch) {
        let mut logs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let known = logs.entry(log.clone()).or_default();
        if known.len() >= DISPATCHES_MAX {
            known.clear();
        }
        known.insert(dispatch.number, dispatch);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use domain::identifier::Digest;
    use domain::time::Instant;

    use super::*;

    fn dispatch(number: u64) -> Dispatch {
        let (time, digest) = (Instant::from_ms(number), Digest::new([1; 32]));
        Dispatch { number, time, digest, heard: None }
    }

    #[test]
    fn a_dispatch_is_known_in_its_own_log_only() {
        let [one, other] = ["headers/one", "headers/other"].map(|name| LogName::new(name).unwrap());
        let known = KnownDispatches::default();
        known.add(&one, dispatch(3));
        assert_eq!(known.clone().get(&one, 3), Some(dispatch(3)));
        assert_eq!((known.get(&one, 4), known.get(&other, 3)), (None, None));
    }

    #[test]
    fn no_more_are_kept_than_the_limit_says() {
        let log = LogName::new("headers/one").unwrap();
        let known = KnownDispatches::default();
        let full = DISPATCHES_MAX as u64;
        (0..=full).for_each(|number| known.add(&log, dispatch(number)));
        assert_eq!(known.get(&log, 0), None);
        assert_eq!(known.get(&log, full), Some(dispatch(full)));
        assert!(known.0.read().unwrap().get(&log).unwrap().len() <= DISPATCHES_MAX);
    }
}
