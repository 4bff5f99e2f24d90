//! `CaseService.ContestEntry`: the body of an entry of the partner's is none, or contradicts its
//! facts. What did not come at all the node calls unreadable by itself.

use domain::case::decide::contest_entry;
use proto::command::v1::Receipt;
use proto::requests::v1::ContestEntryRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn contest_entry(
    desk: &Desk,
    request: Request<ContestEntryRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CaseService/ContestEntry");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        let command = contest_entry::ContestEntry { ordered, entry: it.entry };
        contest_entry::contest_entry(&reading.case, command)
    })
    .await
}
