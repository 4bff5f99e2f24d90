//! `CaseService.PlaceHold`: an office or consulate stops the case. No reason travels.

use domain::case::decide::place_hold;
use proto::command::v1::Receipt;
use proto::requests::v1::PlaceHoldRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn place_hold(
    desk: &Desk,
    request: Request<PlaceHoldRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Internal, "CaseService/PlaceHold");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        place_hold::place_hold(&reading.case, place_hold::PlaceHold { ordered })
    })
    .await
}
