//! Own dispatches to one partner, onto the own topic: one record each, in order.
//!
//! Nothing is remembered here. Where to go on is seen from the topic itself and from what the
//! partner is known to have heard, at every start and after every disturbance: if all that is
//! unheard is on the topic, behind it; otherwise from the first unheard one on. So a wiped topic or
//! a lost cluster is filled again, and at worst something is published twice, which readers skip.

use domain::identifier::State;
use futures::FutureExt;
use messaging::cluster::QueryError;
use messaging::publish::Interrupted;
use messaging::{Cluster, Incoming, Outgoing, PublishError, Publisher, Topic};
use proto::ledger::v1::{FollowDispatchesResponse, GetHeadsResponse};
use runtime::shutdown::Shutdown;
use std::time::Duration;
use tonic::Streaming;

use crate::carriage;
use crate::ledger::{self, Ledger};
use crate::retry::Backoff;
use crate::status::Place;

/// Dispatches that are given to the courier at a time, at most.
const BATCH_RECORDS_MAX: usize = 64;

/// The loop for one partner.
pub(crate) struct Publishing {
    pub(crate) partner: State,
    pub(crate) topic: Topic,
    pub(crate) publisher: Publisher,
    pub(crate) cluster: Cluster,
    pub(crate) ledger: Ledger,
    pub(crate) recheck_interval: Duration,
    pub(crate) status: Place,
}

/// Why publishing has to look anew where it stands.
#[derive(Debug, thiserror::Error)]
enum Disturbed {
    #[error("the ledger does not answer: {0}")]
    Ledger(#[from] tonic::Status),
    #[error("the ledger ended its answer")]
    LedgerEnded,
    #[error("the own topic cannot be looked at: {0}")]
    Topic(#[from] QueryError),
    #[error("publishing failed: {0}")]
    Publish(#[from] PublishError),
    #[error("the own topic lost what was published")]
    Lost,
    #[error("the node waits until its log is whole again")]
    Waiting,
}

/// Where publishing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The next dispatch that the topic needs.
    next: u64,
    /// The offset of the topic's last record, if it has one.
    last_offset: Option<i64>,
}

impl Publishing {
    /// Publishes until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut backoff = Backoff::new();
        loop {
            let disturbed = tokio::select! {
                disturbed = self.publish(&mut backoff) => disturbed,
                () = shutdown.wait() => return,
            };
            if let Disturbed::Lost = disturbed {
                tracing::warn!(topic = %self.topic, "own topic lost what was published");
            } else {
                tracing::debug!(topic = %self.topic, reason = %disturbed, "publishing waits");
                self.status.error(&disturbed);
                backoff.wait(&shutdown).await;
            }
        }
    }

    /// Publishes until something disturbs it.
    async fn publish(&self, backoff: &mut Backoff) -> Disturbed {
        match self.follow(backoff).await {
            Ok(never) => match never {},
            Err(disturbed) => disturbed,
        }
    }

    async fn follow(&self, backoff: &mut Backoff) -> Result<std::convert::Infallible, Disturbed> {
        let heads = self.ledger.heads(self.partner).await?;
        self.status.change(|status| status.own_head = ledger::own_head(&heads));
        // The topic is a witness of what was signed: nothing older comes behind it.
        if heads.waiting {
            return Err(Disturbed::Waiting);
        }
        let mut standing = self.look(&heads).await?;
        self.published(standing.next);
        let mut dispatches = self.ledger.follow(self.partner, standing.next).await?;
        let mut recheck = tokio::time::interval(self.recheck_interval);
        recheck.reset();
        loop {
            tokio::select! {
                dispatch = dispatches.message() => {
                    let first = dispatch?.ok_or(Disturbed::LedgerEnded)?;
                    let batch = gather(first, &mut dispatches);
                    self.put(batch, &heads.genesis, &mut standing).await?;
                    backoff.worked();
                }
                _ = recheck.tick() => self.recheck(standing).await?,
            }
        }
    }

    /// Finds out where to go on.
    async fn look(&self, heads: &GetHeadsResponse) -> Result<Standing, Disturbed> {
        let unheard = ledger::heard(heads).map_or(0, |number| number.saturating_add(1));
        let tail = self.tail(1).await?;
        let last_offset = tail.last().map(|record| record.offset);
        let carried = tail.last().and_then(|record| carriage::number(record, &heads.genesis));
        // A number above the own head is nobody's word but the courier's.
        let carried = carried.filter(|number| Some(*number) <= ledger::own_head(heads));
        let next = match carried {
            Some(last) if last < unheard => unheard,
            Some(last) if self.holds(unheard, last, &heads.genesis).await? => {
                last.saturating_add(1)
            }
            Some(_) | None => unheard,
        };
        Ok(Standing { next, last_offset })
    }

    /// Whether the topic ends with all dispatches from `first` to `last`.
    async fn holds(&self, first: u64, last: u64, genesis: &[u8]) -> Result<bool, Disturbed> {
        let count = u32::try_from(last - first).unwrap_or(u32::MAX).saturating_add(1);
        if count > messaging::cluster::TAIL_RECORDS_MAX {
            return Ok(false);
        }
        let tail = self.tail(count).await?;
        let numbers = tail.iter().map(|record| carriage::number(record, genesis));
        Ok(numbers.eq((first..=last).map(Some)))
    }

    /// Publishes a row; what is too large for the courier is left to the door.
    async fn put(
        &self,
        batch: Vec<FollowDispatchesResponse>,
        genesis: &[u8],
        standing: &mut Standing,
    ) -> Result<(), Disturbed> {
        let newest = batch.last().map(|dispatch| dispatch.number);
        self.status.change(|status| status.own_head = status.own_head.max(newest));
        let records: Vec<Outgoing> = batch
            .into_iter()
            .map(|dispatch| carriage::pack(&self.topic, genesis, dispatch))
            .collect();
        let mut rest = records.as_slice();
        while !rest.is_empty() {
            let (placed, error) = match self.publisher.publish_all(rest).await {
                Ok(placed) => (placed, None),
                Err(Interrupted { placed, error }) => (placed, Some(error)),
            };
            for place in &placed {
                // Lower than before: what was there is gone.
                if standing.last_offset.is_some_and(|last| place.offset <= last) {
                    return Err(Disturbed::Lost);
                }
                standing.last_offset = Some(place.offset);
            }
            let mut done = placed.len();
            match error {
                None => {}
                Some(error @ PublishError::TooLarge { .. }) => {
                    tracing::error!(topic = %self.topic, %error, "record not taken");
                    self.status.error(&error);
                    done += 1;
                }
                Some(
                    error @ (PublishError::Unavailable { .. }
                    | PublishError::UnknownTopic { .. }
                    | PublishError::NotAllowed { .. }),
                ) => {
                    self.advance(standing, done);
                    return Err(error.into());
                }
            }
            self.advance(standing, done);
            rest = rest.get(done..).unwrap_or_default();
        }
        Ok(())
    }

    fn advance(&self, standing: &mut Standing, done: usize) {
        let done = u64::try_from(done).unwrap_or(u64::MAX);
        standing.next = standing.next.saturating_add(done);
        self.published(standing.next);
    }

    fn published(&self, next: u64) {
        self.status.change(|status| status.published = next.checked_sub(1));
    }

    /// Asks the topic whether it still ends where publishing left it.
    async fn recheck(&self, standing: Standing) -> Result<(), Disturbed> {
        let tail = self.tail(1).await?;
        let Some(last) = standing.last_offset else { return Ok(()) };
        match tail.last() {
            Some(record) if record.offset >= last => Ok(()),
            // Expired or wiped: what the partner has not heard is published again.
            Some(_) | None => Err(Disturbed::Lost),
        }
    }

    /// The last records of the own topic; and the publisher learns whether the cluster answers.
    async fn tail(&self, count: u32) -> Result<Vec<Incoming>, QueryError> {
        let tail = self.cluster.tail(&self.topic, count).await;
        self.publisher.asked(&tail).await;
        tail
    }
}

/// A dispatch and those that are there behind it already.
fn gather(
    first: FollowDispatchesResponse,
    dispatches: &mut Streaming<FollowDispatchesResponse>,
) -> Vec<FollowDispatchesResponse> {
    let mut batch = vec![first];
    while batch.len() < BATCH_RECORDS_MAX {
        // An error shows again with the next message that is waited for.
        let Some(Ok(Some(next))) = dispatches.message().now_or_never() else { break };
        batch.push(next);
    }
    batch
}
