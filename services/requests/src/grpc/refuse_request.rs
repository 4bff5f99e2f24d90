//! `AnswerService.RefuseRequest`: the authority refuses, with coded reasons.

use domain::case::decide::refuse_request;
use proto::command::v1::Receipt;
use proto::requests::v1::RefuseRequestRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::view::words;
use runtime::fields::Fields;

pub(super) async fn refuse_request(
    desk: &Desk,
    request: Request<RefuseRequestRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "AnswerService/RefuseRequest");
    let (order, reasons) =
        Order::read(official, head, |fields| reasons(fields, &it.reasons, words::read_refusal))?;
    desk.run(order, |reading, ordered| {
        let reasons = reasons.iter().copied().collect();
        let command = refuse_request::RefuseRequest { ordered, reasons };
        refuse_request::refuse_request(&reading.case, command)
    })
    .await
}

/// Reads coded reasons: none twice. That there must be one is for the rules to say.
pub(super) fn reasons<T: Ord>(
    fields: &mut Fields,
    numbers: &[i32],
    read: impl Fn(i32) -> Option<T>,
) -> Option<Vec<T>> {
    let reasons = fields.list("reasons", numbers, REASONS_MAX, |fields, path, number| {
        fields.word(path, read(*number))
    });
    fields.none_twice("reasons", reasons)
}

/// Most reasons of one answer: more than there are.
const REASONS_MAX: usize = 64;
