//! The events of referred cases, as each agency may hear them: a function of the store, in the
//! order of its positions, kept in memory and rebuilt at every start.
//!
//! It grows with the number of events of referred cases, about 150 bytes each. One task writes
//! ([`follow`]); whoever holds the lock only looks up or appends, and never waits.

pub(crate) mod event;
pub(crate) mod follow;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::identifier::Agency;
use tokio::sync::watch;

use event::Event;

/// The feed. Clones see the same.
#[derive(Clone)]
pub(crate) struct Feed {
    events: Arc<RwLock<BTreeMap<Agency, Vec<Event>>>>,
    /// The first position of the store that has not been taken in.
    next: watch::Sender<u64>,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self { events: Arc::default(), next: watch::Sender::new(0) }
    }

    /// The first events of an agency behind a position of the store (`None`: from the first).
    pub(crate) fn after(
        &self,
        agency: &Agency,
        position: Option<u64>,
        count_max: usize,
    ) -> Vec<Event> {
        let events = self.read();
        let of_agency = events.get(agency).map(Vec::as_slice).unwrap_or_default();
        let heard = |event: &Event| position.is_some_and(|position| event.position <= position);
        let first = of_agency.partition_point(heard);
        of_agency.iter().skip(first).take(count_max).cloned().collect()
    }

    /// Whether an agency has this event.
    pub(crate) fn holds(&self, agency: &Agency, position: u64, id: &str) -> bool {
        let before = position.checked_sub(1);
        self.after(agency, before, 1)
            .first()
            .is_some_and(|event| event.position == position && event.id == id)
    }

    /// Tells when something was taken in.
    pub(crate) fn grown(&self) -> watch::Receiver<u64> {
        self.next.subscribe()
    }

    /// The first position of the store that has not been taken in.
    fn next(&self) -> u64 {
        *self.next.borrow()
    }

    /// Takes in one record of the store, and what the agencies hear of it.
    fn take(&self, position: u64, heard: impl IntoIterator<Item = (Agency, Event)>) {
        {
            let mut events = self.events.write().unwrap_or_else(PoisonError::into_inner);
            for (agency, event) in heard {
                events.entry(agency).or_default().push(event);
            }
        }
        self.next.send_replace(position.saturating_add(1));
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Agency, Vec<Event>>> {
        self.events.read().unwrap_or_else(PoisonError::into_inner)
    }
}
