//! `CaseService.CloseCase`: the own State closes its part.

use domain::case::decide::close_case;
use proto::command::v1::Receipt;
use proto::requests::v1::CloseCaseRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn close_case(
    desk: &Desk,
    request: Request<CloseCaseRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CaseService/CloseCase");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        close_case::close_case(&reading.case, close_case::CloseCase { ordered })
    })
    .await
}
