//! `AnswerService.AcceptRequest`: the authority accepts, on the screen that its official saw.

use domain::case::decide::accept_request;
use proto::command::v1::Receipt;
use proto::requests::v1::AcceptRequestRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn accept_request(
    desk: &Desk,
    request: Request<AcceptRequestRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "AnswerService/AcceptRequest");
    let (order, ()) = Order::read(official, head, |fields| fields.given("etag", &it.etag))?;
    desk.run(order.giving_away(&it.etag), |reading, ordered| {
        accept_request::accept_request(&reading.case, accept_request::AcceptRequest { ordered })
    })
    .await
}
