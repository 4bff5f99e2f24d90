//! `AnswerService.TakeExtension`: the authority takes the longer reply that the agreement allows.

use domain::case::decide::take_extension;
use proto::command::v1::Receipt;
use proto::requests::v1::TakeExtensionRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn take_extension(
    desk: &Desk,
    request: Request<TakeExtensionRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    // A longer reply needs a motive or reasons under every agreement that has one.
    let head = head!(it, Required, "AnswerService/TakeExtension");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    let count = (it.longer_by > 0).then_some(it.longer_by);
    desk.run(order, |reading, ordered| {
        let command = take_extension::TakeExtension { ordered, count };
        take_extension::take_extension(&reading.case, command)
    })
    .await
}
