//! `CaseEventService.Subscribe`: the events that are there, then those that come, from a token on.

use std::collections::VecDeque;
use std::pin::Pin;

use domain::identifier::Agency;
use proto::reintegration::v1::{SubscribeRequest, SubscribeResponse};
use runtime::failure::Failure;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Status};

use crate::desk::Desk;
use crate::feed::event::{Event, read_token};

/// The stream of one subscriber. One that reads slowly costs nothing: it is read for when it asks.
pub(super) type Events = Pin<Box<dyn Stream<Item = Result<SubscribeResponse, Status>> + Send>>;

/// Events that are taken from the feed at a time.
const BATCH_EVENTS_MAX: usize = 64;

pub(super) fn subscribe(
    desk: &Desk,
    request: &Request<SubscribeRequest>,
) -> Result<Events, Failure> {
    let (_, agency) = desk.agency(request)?;
    let after = position("after_token", &request.get_ref().after_token)?;
    let grown = desk.feed.grown();
    let waiting = VecDeque::new();
    let subscriber = Subscriber { desk: desk.clone(), agency, after, grown, waiting };
    Ok(Box::pin(futures::stream::unfold(subscriber, |mut subscriber| async move {
        let event = subscriber.next().await?;
        let message = SubscribeResponse { event: Some(event.message()) };
        Some((Ok(message), subscriber))
    })))
}

/// The position that a token names; `None` where it is empty.
pub(super) fn position(field: &str, token: &str) -> Result<Option<u64>, Failure> {
    if token.is_empty() {
        return Ok(None);
    }
    let read = read_token(token);
    read.map(Some).ok_or_else(|| Failure::field(field, "must be a token of this stream"))
}

struct Subscriber {
    desk: Desk,
    agency: Agency,
    /// Everything up to here has been taken from the feed.
    after: Option<u64>,
    grown: watch::Receiver<u64>,
    waiting: VecDeque<Event>,
}

impl Subscriber {
    /// The next event; `None` when the service ends.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            // Marked as seen before the feed is read: what comes in between wakes at once.
            self.grown.borrow_and_update();
            self.waiting = self.desk.feed.after(&self.agency, self.after, BATCH_EVENTS_MAX).into();
            if let Some(last) = self.waiting.back() {
                self.after = Some(last.position);
                continue;
            }
            tokio::select! {
                changed = self.grown.changed() => changed.ok()?,
                () = self.desk.shutdown.wait() => return None,
            }
        }
    }
}
