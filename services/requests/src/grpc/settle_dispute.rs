//! `CaseService.SettleDispute`: an office or consulate takes a disputed case as its screen shows.

use domain::case::decide::settle_dispute;
use proto::command::v1::Receipt;
use proto::requests::v1::SettleDisputeRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn settle_dispute(
    desk: &Desk,
    request: Request<SettleDisputeRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CaseService/SettleDispute");
    let (order, ()) = Order::read(official, head, |fields| fields.given("etag", &it.etag))?;
    desk.run(order.giving_away(&it.etag), |reading, ordered| {
        settle_dispute::settle_dispute(&reading.case, settle_dispute::SettleDispute { ordered })
    })
    .await
}
