//! `CaseEventService.ListEvents`: a page of events, oldest first.

use proto::reintegration::v1::{ListEventsRequest, ListEventsResponse};
use runtime::failure::Failure;
use tonic::Request;

use super::subscribe::position;
use crate::desk::Desk;
use crate::feed::event::token;

/// Events on a page where the caller does not say.
const PAGE_EVENTS: u32 = 50;
/// Most events on a page.
const PAGE_EVENTS_MAX: u32 = 200;

pub(super) fn list_events(
    desk: &Desk,
    request: &Request<ListEventsRequest>,
) -> Result<ListEventsResponse, Failure> {
    let (_, agency) = desk.agency(request)?;
    let it = request.get_ref();
    let count = match it.page_size {
        0 => PAGE_EVENTS,
        count @ 1..=PAGE_EVENTS_MAX => count,
        _ => {
            let reason = format_args!("must be 0 to {PAGE_EVENTS_MAX}");
            return Err(Failure::field("page_size", reason));
        }
    };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let after = position("page_token", &it.page_token)?;
    // One more than the page: whether there is a next one.
    let mut events = desk.feed.after(&agency, after, count.saturating_add(1));
    let more = events.len() > count;
    events.truncate(count);
    let last = events.last().map(|event| token(event.position));
    Ok(ListEventsResponse {
        events: events.iter().map(crate::feed::event::Event::message).collect(),
        next_page_token: last.filter(|_| more).unwrap_or_default(),
    })
}
