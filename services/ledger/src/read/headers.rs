//! The dispatches of one stored log, looked up by number and by what they have heard: from where it
//! can be at the earliest.

use std::cell::RefCell;
use std::sync::Arc;

use domain::chain::Dispatch;
use domain::chain::sparse::Dispatches;
use domain::time::Instant;
use event_store::{LogName, Store};
use runtime::failure::Failure;

use crate::known_dispatches::{KnownDispatches, KnownLog};
use crate::layout::{self, LogNames};
use crate::snapshot::LogSnapshot;

/// The dispatches of one stored log, up to its head in a snapshot.
pub(crate) struct Headers<'a> {
    store: &'a Store,
    log: &'a LogName,
    snapshot: LogSnapshot,
    /// Those that were read before, where they are kept.
    known: Option<Arc<KnownLog>>,
    /// The first failure: these lookups have no other way to tell it.
    failed: RefCell<Option<Failure>>,
}

impl<'a> Headers<'a> {
    pub(crate) const fn new(store: &'a Store, names: &'a LogNames, snapshot: LogSnapshot) -> Self {
        let failed = RefCell::new(None);
        Self { store, log: &names.headers, snapshot, known: None, failed }
    }

    /// Looks among those that were read before, and adds to them.
    pub(super) fn knowing(self, known: &KnownDispatches) -> Self {
        Self { known: Some(known.of(self.log)), ..self }
    }

    /// Whether every lookup succeeded.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    /// The first dispatch after what `said` had heard of which something holds that holds of all
    /// after it.
    fn first_after(&self, said: &Dispatch, holds: impl Fn(&Dispatch) -> bool) -> Option<Dispatch> {
        if !self.snapshot.head.is_some_and(|head| holds(&head)) {
            return None;
        }
        let from = said.heard.map_or(0, |heard| heard.number.saturating_add(1));
        let end = self.snapshot.dispatches();
        let found = first(from, end, |number| self.by_number(number).is_some_and(|it| holds(&it)));
        self.by_number(found)
    }
}

/// The first number of a range of which something holds that holds of all after it; the end where
/// it holds of none. What it costs depends on how far from the beginning it is, and not on how far
/// the end is: a receipt is near what it answers, however long the log has become.
fn first(from: u64, end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut start, mut step) = (from, 1);
    let mut end = end;
    while start < end {
        let next = start.saturating_add(step - 1);
        if next >= end {
            break;
        }
        if holds(next) {
            end = next;
            break;
        }
        start = next + 1;
        step *= 2;
    }
    while start < end {
        let middle = start + (end - start) / 2;
        if holds(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}

impl Dispatches for Headers<'_> {
    fn by_number(&self, number: u64) -> Option<Dispatch> {
        if number >= self.snapshot.dispatches() {
            return None;
        }
        let known = self.known.as_ref();
        if let Some(known) = known.and_then(|known| known.get(number)) {
            return Some(known);
        }
        let read = layout::dispatch_at(self.store, self.log, number).unwrap_or_else(|failure| {
            self.failed.borrow_mut().get_or_insert(failure);
            None
        });
        if let (Some(known), Some(dispatch)) = (known, read) {
            known.add(dispatch);
        }
        read
    }

    fn first_to_hear(&self, said: &Dispatch) -> Option<Dispatch> {
        let known = self.known.as_ref();
        if let Some(receipt) = known.and_then(|known| known.receipt(said.number)) {
            return (receipt.number < self.snapshot.dispatches()).then_some(receipt);
        }
        let hears = |it: &Dispatch| it.heard.is_some_and(|heard| heard.number >= said.number);
        let first = self.first_after(said, hears);
        if let (Some(known), Some(receipt)) = (known, first) {
            known.add_receipt(said.number, receipt);
        }
        first
    }

    fn first_to_prove_silence(&self, notice: &Dispatch, from: Instant) -> Option<Dispatch> {
        self.first_after(notice, |it| {
            it.time >= from && it.heard.is_some_and(|heard| heard.number >= notice.number)
        })
    }

    fn head(&self) -> Option<Dispatch> {
        self.snapshot.head
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_near_number_is_found_at_the_same_cost_in_a_log_of_any_length() {
        // Symptom: each entry of a case cost another lookup whenever the store had doubled.
        for at in [0_u64, 1, 2, 3, 7, 8, 100, 1_000] {
            let mut costs = Vec::new();
            for end in [1_001_u64, 1_000_000, u64::MAX] {
                let looked = Cell::new(0);
                let found = first(0, end, |number| {
                    looked.set(looked.get() + 1);
                    number >= at
                });
                assert_eq!(found, at);
                costs.push(looked.get());
            }
            assert!(costs.get(1) == costs.last(), "{at}: {costs:?}");
            assert!(*costs.iter().max().unwrap() <= 2 + 2 * u64::BITS - 2 * at.leading_zeros());
        }
        assert_eq!((first(5, 5, |_| true), first(0, 9, |_| false)), (5, 9));
    }
}
