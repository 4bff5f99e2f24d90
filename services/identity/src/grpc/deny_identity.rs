//! `IdentityService.DenyIdentity`: a named official denies identity or nationality.

use domain::case::decide::decide_identity::{DecideIdentity, IdentityVerdict, decide_identity};
use proto::command::v1::Receipt;
use proto::identity::v1::DenyIdentityRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn deny_identity(
    desk: &Desk,
    request: Request<DenyIdentityRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/DenyIdentity");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        let verdict = IdentityVerdict::NotConfirmed;
        decide_identity(&reading.case, DecideIdentity { ordered, verdict })
    })
    .await
}
