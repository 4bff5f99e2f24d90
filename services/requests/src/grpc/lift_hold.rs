//! `CaseService.LiftHold`: the own State's hold is lifted.

use domain::case::decide::lift_hold;
use proto::command::v1::Receipt;
use proto::requests::v1::LiftHoldRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn lift_hold(
    desk: &Desk,
    request: Request<LiftHoldRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Internal, "CaseService/LiftHold");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        lift_hold::lift_hold(&reading.case, lift_hold::LiftHold { ordered })
    })
    .await
}
