//! `CaseService.ListInbox`: what waits for the caller's office.

use proto::requests::v1::{InboxLine, ListInboxRequest, ListInboxResponse};
use runtime::command::Reading;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::listing::{self, Listing};
use crate::next_step::{self, Seat};
use crate::view::{line, words};

pub(super) async fn list_inbox(
    desk: &Desk,
    request: Request<ListInboxRequest>,
) -> Result<ListInboxResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let seat = if official.caller.consulate().is_ok() { Seat::Consulate } else { Seat::Office };
    let label = format!("inbox/{}", official.office);
    let listing = Listing {
        prefix: &label,
        belongs: &listing::exactly(&label),
        wait_for_position: it.wait_for_position,
        page_size: it.page_size,
        page_token: &it.page_token,
    };
    let listed = listing::list(desk, &official, listing).await?;
    let inbox_line = |reading: &Reading| InboxLine {
        case: Some(line::of(reading, None)),
        waits_for: next_step::kinds(reading, seat)
            .into_iter()
            .map(|kind| words::kind(Some(kind)).into())
            .collect(),
    };
    Ok(ListInboxResponse {
        lines: listed.readings.iter().map(|(_, reading)| inbox_line(reading)).collect(),
        next_page_token: listed.next_page_token,
        upto_position: listed.upto_position,
    })
}
