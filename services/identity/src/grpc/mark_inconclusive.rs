//! `IdentityService.MarkInconclusive`: a named official can neither confirm nor deny.

use domain::case::decide::decide_identity::{DecideIdentity, IdentityVerdict, decide_identity};
use proto::command::v1::Receipt;
use proto::identity::v1::MarkInconclusiveRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn mark_inconclusive(
    desk: &Desk,
    request: Request<MarkInconclusiveRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/MarkInconclusive");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        let verdict = IdentityVerdict::Inconclusive;
        decide_identity(&reading.case, DecideIdentity { ordered, verdict })
    })
    .await
}
