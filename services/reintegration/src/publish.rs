//! The feed of one agency, as thin CloudEvents on the agency's topic.
//!
//! The topic is its own cursor: the last event on it says where to go on. Where it is empty, or
//! ends with what this State never published, everything is published from the first event on;
//! an event has the same id every time, so that a second delivery is known as one.

use std::time::Duration;

use domain::identifier::{Agency, State};
use messaging::cluster::QueryError;
use messaging::publish::Interrupted;
use messaging::{CloudEvent, Cluster, Outgoing, PublishError, Publisher, Topic};
use proto::command::v1::Purpose;
use proto::ledger::v1::GetStatusRequest;
use runtime::caller::Caller;
use runtime::command::Ledger;
use runtime::shutdown::Shutdown;

use crate::feed::Feed;
use crate::feed::event::{self, Event};

/// Events that are given to the courier at a time, at most.
const BATCH_EVENTS_MAX: usize = 64;
/// The first and the longest wait before publishing is tried again.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(2)];

/// The loop for one agency.
pub(crate) struct Publishing {
    pub(crate) state: State,
    pub(crate) agency: Agency,
    pub(crate) topic: Topic,
    pub(crate) publisher: Publisher,
    pub(crate) cluster: Cluster,
    pub(crate) feed: Feed,
    pub(crate) ledger: Ledger,
    pub(crate) caller: Caller,
    pub(crate) recheck_interval: Duration,
}

/// Why publishing has to look anew where it stands.
#[derive(Debug, thiserror::Error)]
enum Disturbed {
    #[error("the ledger does not answer: {0}")]
    Ledger(#[from] tonic::Status),
    #[error("the topic cannot be looked at: {0}")]
    Topic(#[from] QueryError),
    #[error("publishing failed: {0}")]
    Publish(#[from] PublishError),
    #[error("an event cannot be written: {0}")]
    Encode(#[from] messaging::cloud_event::EncodeError),
    #[error("the topic lost what was published")]
    Lost,
    #[error("the feed has ended")]
    FeedEnded,
}

/// Where publishing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The position of the last event that is on the topic.
    last: Option<u64>,
    /// The offset of the topic's last record, if it has one.
    last_offset: Option<i64>,
}

impl Publishing {
    /// Publishes until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let [first, longest] = RETRY_AFTER;
        let mut wait = first;
        loop {
            let mut published = 0;
            let ended = tokio::select! {
                ended = self.publish(&mut published) => ended,
                () = shutdown.wait() => return,
            };
            if let Err(disturbed) = ended {
                tracing::debug!(topic = %self.topic, reason = %disturbed, "publishing waits");
            }
            wait = if published > 0 { first } else { wait.saturating_mul(2).min(longest) };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Publishes until something disturbs it.
    async fn publish(&self, published: &mut usize) -> Result<(), Disturbed> {
        let mut grown = self.feed.grown();
        let mut standing = self.look().await?;
        let mut recheck = tokio::time::interval(self.recheck_interval);
        recheck.reset();
        loop {
            grown.borrow_and_update();
            let events = self.feed.after(&self.agency, standing.last, BATCH_EVENTS_MAX);
            if !events.is_empty() {
                *published += self.put(&events, &mut standing).await?;
                continue;
            }
            tokio::select! {
                changed = grown.changed() => changed.map_err(|_| Disturbed::FeedEnded)?,
                _ = recheck.tick() => self.recheck(standing).await?,
            }
        }
    }

    /// Finds out where to go on: behind the topic's last event, if the store has that event.
    async fn look(&self) -> Result<Standing, Disturbed> {
        let tail = self.cluster.tail(&self.topic, 1).await?;
        let last_offset = tail.last().map(|record| record.offset);
        let nothing = Standing { last: None, last_offset };
        let decoded = tail.last().map(|it| CloudEvent::decode(&it.headers, &it.payload));
        let Some(Ok(last)) = decoded else { return Ok(nothing) };
        let Some((id, position)) = event::place(&last) else { return Ok(nothing) };
        let request = GetStatusRequest { caller: Some(self.caller.context(Purpose::Unspecified)) };
        let status = self.ledger.clone().get_status(request).await?.into_inner();
        if status.store_position < Some(position) {
            return Ok(nothing);
        }
        // The event of that position, or a later record, is still to come.
        let mut grown = self.feed.grown();
        let taken = grown.wait_for(|next| *next > position).await;
        drop(taken.map_err(|_| Disturbed::FeedEnded)?);
        let known = self.feed.holds(&self.agency, position, id);
        Ok(if known { Standing { last: Some(position), last_offset } } else { nothing })
    }

    /// Publishes a row; returns how many were taken.
    async fn put(&self, events: &[Event], standing: &mut Standing) -> Result<usize, Disturbed> {
        let records: Vec<Outgoing> =
            events.iter().map(|event| self.record(event)).collect::<Result<_, _>>()?;
        let (placed, error) = match self.publisher.publish_all(&records).await {
            Ok(placed) => (placed, None),
            Err(Interrupted { placed, error }) => (placed, Some(error)),
        };
        for (place, event) in placed.iter().zip(events) {
            // Lower than before: what was there is gone.
            if standing.last_offset.is_some_and(|last| place.offset <= last) {
                return Err(Disturbed::Lost);
            }
            *standing = Standing { last: Some(event.position), last_offset: Some(place.offset) };
        }
        error.map_or(Ok(placed.len()), |error| Err(error.into()))
    }

    /// The key is the case, so that who spreads the events further can keep their order.
    fn record(&self, event: &Event) -> Result<Outgoing, Disturbed> {
        let encoded = event.cloud_event(self.state, &self.agency).encode()?;
        Ok(Outgoing {
            topic: self.topic.clone(),
            key: event.case.to_string().into_bytes(),
            headers: encoded.headers,
            payload: encoded.payload,
        })
    }

    /// Asks the topic whether it still ends where publishing left it. An empty topic whose offsets
    /// go on has expired, and has lost nothing that an agency could still miss.
    async fn recheck(&self, standing: Standing) -> Result<(), Disturbed> {
        let Some(last) = standing.last_offset else { return Ok(()) };
        let end = self.cluster.end_offset(&self.topic).await?;
        if end > last { Ok(()) } else { Err(Disturbed::Lost) }
    }
}
