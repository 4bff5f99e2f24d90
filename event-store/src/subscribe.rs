//! Following the store: first what is there, then what comes, without a seam.
//!
//! A subscription always reads from the journal by position; what is "live" is only the signal
//! that there is more. So nothing can be lost or doubled between catching up and following, and
//! a slow reader costs nothing but its own small buffer.

use std::collections::VecDeque;

use futures::Stream;
use tokio::sync::watch;

use crate::engine::Engine;
use crate::limits::SUBSCRIPTION_RECORDS_MAX;
use crate::read::ReadError;
use crate::record::{Filter, Position, StoredRecord};
use crate::store::Store;

/// Records in order of position, without end.
#[derive(Debug)]
pub struct Subscription<E = Store> {
    store: E,
    filter: Filter,
    committed: watch::Receiver<Position>,
    /// Read and not yet given out.
    buffer: VecDeque<StoredRecord>,
    /// The first position not read.
    next: Position,
}

impl Store {
    /// Follows the records from a position on that the filter admits.
    #[must_use]
    pub fn subscribe(&self, from: Position, filter: Filter) -> Subscription {
        Subscription::new(self.clone(), from, filter)
    }
}

impl<E: Engine> Subscription<E> {
    pub(crate) fn new(store: E, from: Position, filter: Filter) -> Self {
        let (committed, buffer) = (store.watch(), VecDeque::new());
        Self { store, filter, committed, buffer, next: from }
    }

    /// The next record; waits for it. [`ReadError::Closed`] once the store is closed and
    /// [`ReadError::BeyondEnd`] if the subscription starts after the store's end. Safe to cancel:
    /// nothing is lost.
    pub async fn next(&mut self) -> Result<StoredRecord, ReadError> {
        loop {
            if let Some(record) = self.buffer.pop_front() {
                return Ok(record);
            }
            // Marked as seen before the read: a commit during the read wakes the wait below.
            let end = *self.committed.borrow_and_update();
            let page = self.store.read_since(self.next, &self.filter, SUBSCRIPTION_RECORDS_MAX)?;
            let has_moved = page.next > self.next;
            self.next = page.next;
            self.buffer.extend(page.records);
            if self.buffer.is_empty() {
                if self.next >= end {
                    self.committed.changed().await.map_err(|_| ReadError::Closed)?;
                } else if has_moved {
                    // A long stretch that the filter does not admit is not to hold up others.
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Where to subscribe again: everything before it that the filter admits was given out.
    #[must_use]
    pub fn position(&self) -> Position {
        self.buffer.front().map_or(self.next, |record| record.position)
    }

    /// The same as a stream, which ends after its first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<StoredRecord, ReadError>> + Send {
        futures::stream::unfold(Some(self), |subscription| async {
            let mut subscription = subscription?;
            match subscription.next().await {
                Ok(record) => Some((Ok(record), Some(subscription))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}
