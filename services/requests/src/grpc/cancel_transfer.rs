//! `TransferService.CancelTransfer`: the notified transfer will not take place.

use domain::case::decide::cancel_transfer;
use proto::command::v1::Receipt;
use proto::requests::v1::CancelTransferRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::notice;

pub(super) async fn cancel_transfer(
    desk: &Desk,
    request: Request<CancelTransferRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/CancelTransfer");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        notice::stands(reading, it.notice)?;
        cancel_transfer::cancel_transfer(&reading.case, cancel_transfer::CancelTransfer { ordered })
    })
    .await
}
