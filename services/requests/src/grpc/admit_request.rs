//! `AnswerService.AdmitRequest`: the request is complete and in the authority's queue.

use domain::case::decide::admit_request;
use domain::person::{REFERENCE_CHARS_MAX, Text};
use proto::command::v1::Receipt;
use proto::requests::v1::AdmitRequestRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn admit_request(
    desk: &Desk,
    request: Request<AdmitRequestRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "AnswerService/AdmitRequest");
    let (order, reference) = Order::read(official, head, |fields| {
        fields.take("reference", Text::optional(&it.reference, REFERENCE_CHARS_MAX))
    })?;
    desk.run(order.with_reference(reference), |reading, ordered| {
        admit_request::admit_request(&reading.case, admit_request::AdmitRequest { ordered })
    })
    .await
}
