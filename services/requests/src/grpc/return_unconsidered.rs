//! `AnswerService.ReturnUnconsidered`: the request is sent back without being considered.

use domain::case::decide::return_unconsidered;
use proto::command::v1::Receipt;
use proto::requests::v1::ReturnUnconsideredRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use super::refuse_request::reasons;
use crate::desk::{Desk, Order, head};
use crate::view::words;

pub(super) async fn return_unconsidered(
    desk: &Desk,
    request: Request<ReturnUnconsideredRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "AnswerService/ReturnUnconsidered");
    let (order, reasons) =
        Order::read(official, head, |fields| reasons(fields, &it.reasons, words::read_return))?;
    desk.run(order, |reading, ordered| {
        let reasons = reasons.iter().copied().collect();
        let command = return_unconsidered::ReturnUnconsidered { ordered, reasons };
        return_unconsidered::return_unconsidered(&reading.case, command)
    })
    .await
}
