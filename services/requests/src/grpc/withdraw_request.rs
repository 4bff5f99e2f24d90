//! `RequestService.WithdrawRequest`: the requesting State withdraws. No reason travels.

use domain::case::decide::withdraw_request;
use proto::command::v1::Receipt;
use proto::requests::v1::WithdrawRequestRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn withdraw_request(
    desk: &Desk,
    request: Request<WithdrawRequestRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Internal, "RequestService/WithdrawRequest");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        withdraw_request::withdraw_request(
            &reading.case,
            withdraw_request::WithdrawRequest { ordered },
        )
    })
    .await
}
