//! What was tried in vain, and is not tried again at once.
//!
//! Kept in memory alone: after a restart everything is tried once more. There is room for so many
//! things; beyond that all are forgotten, and tried again a little earlier.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// How long something waits that could not be done.
const WAIT: Duration = Duration::from_secs(10 * 60);

/// Most things that are kept.
const KEPT_MAX: usize = 65_536;

/// Things that wait, until when.
#[derive(Debug)]
pub(crate) struct Postponed<K>(BTreeMap<K, Instant>);

impl<K: Ord + Copy> Postponed<K> {
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Lets something wait from now on.
    pub(crate) fn add(&mut self, it: K, now: Instant) {
        if self.0.len() >= KEPT_MAX {
            self.0.retain(|_, until| *until > now);
        }
        if self.0.len() >= KEPT_MAX {
            self.0.clear();
        }
        self.0.insert(it, now + WAIT);
    }

    /// Whether something waits.
    pub(crate) fn waits(&self, it: &K, now: Instant) -> bool {
        self.0.get(it).is_some_and(|until| *until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_tried_again_later_and_takes_a_bounded_room() {
        let (mut postponed, now) = (Postponed::new(), Instant::now());
        postponed.add(0, now);
        assert!(postponed.waits(&0, now) && !postponed.waits(&1, now));
        assert!(!postponed.waits(&0, now + WAIT));
        for it in 0..=KEPT_MAX {
            postponed.add(it, now);
        }
        assert_eq!((postponed.0.len(), postponed.waits(&KEPT_MAX, now)), (1, true));
    }
}
