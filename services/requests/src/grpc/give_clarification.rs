//! `RequestService.GiveClarification`: an answer to a question of the requested State.

use domain::case::decide::give_clarification;
use domain::case::rejection::Rejection;
use proto::command::v1::Receipt;
use proto::requests::v1::GiveClarificationRequest;
use runtime::command::Reading;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::attached;
use crate::desk::{Desk, Order, head};

pub(super) async fn give_clarification(
    desk: &Desk,
    request: Request<GiveClarificationRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Required, "RequestService/GiveClarification");
    let (order, files) =
        Order::read(official, head, |fields| attached::read(fields, &it.attachments))?;
    let order = desk.attach(order, &files).await?;
    desk.run(order, |reading, ordered| {
        let question = it.question.or_else(|| first_open(reading));
        let question = question.ok_or(Rejection::QuestionMustHaveBeenAsked)?;
        let command = give_clarification::GiveClarification { ordered, question };
        give_clarification::give_clarification(&reading.case, command)
    })
    .await
}

/// The first question that has no answer.
pub(crate) fn first_open(reading: &Reading) -> Option<u64> {
    let said = &reading.case.said;
    let mut questions = said.requested.questions.iter().map(|question| question.position);
    questions.find(|question| !said.requesting.clarified.contains(question))
}
