//! `AnswerService.AskClarification`: the authority asks a question.

use domain::case::decide::ask_clarification;
use proto::command::v1::Receipt;
use proto::requests::v1::AskClarificationRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn ask_clarification(
    desk: &Desk,
    request: Request<AskClarificationRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Required, "AnswerService/AskClarification");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        ask_clarification::ask_clarification(
            &reading.case,
            ask_clarification::AskClarification { ordered },
        )
    })
    .await
}
