//! `IdentityService.ConfirmIdentity`: a named official confirms identity and nationality, on the
//! screen that the official saw.

use domain::case::decide::decide_identity::{DecideIdentity, IdentityVerdict, decide_identity};
use proto::command::v1::Receipt;
use proto::identity::v1::ConfirmIdentityRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn confirm_identity(
    desk: &Desk,
    request: Request<ConfirmIdentityRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/ConfirmIdentity");
    let (order, ()) = Order::read(official, head, |fields| fields.given("etag", &it.etag))?;
    desk.run(order.giving_away(&it.etag), |reading, ordered| {
        let verdict = IdentityVerdict::Confirmed;
        decide_identity(&reading.case, DecideIdentity { ordered, verdict })
    })
    .await
}
