//! `TransferService.ObjectToTransfer`: the requested State objects to a notified transfer.

use domain::case::decide::object_to_transfer;
use proto::command::v1::Receipt;
use proto::requests::v1::ObjectToTransferRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::notice;

pub(super) async fn object_to_transfer(
    desk: &Desk,
    request: Request<ObjectToTransferRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/ObjectToTransfer");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        notice::stands(reading, it.notice)?;
        object_to_transfer::object_to_transfer(
            &reading.case,
            object_to_transfer::ObjectToTransfer { ordered },
        )
    })
    .await
}
