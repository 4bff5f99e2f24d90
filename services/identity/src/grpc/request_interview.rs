//! `IdentityService.RequestInterview`: a consulate is asked for an interview.

use domain::case::decide::request_interview;
use domain::identifier::Office;
use proto::command::v1::Receipt;
use proto::identity::v1::RequestInterviewRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn request_interview(
    desk: &Desk,
    request: Request<RequestInterviewRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/RequestInterview");
    let (order, addressed_to) = Order::read(official, head, |fields| {
        fields.take("addressed_to", Office::new(&it.addressed_to))
    })?;
    desk.run_checked(order, |reading, ordered| {
        desk.check_consulate(reading, &addressed_to)?;
        let command =
            request_interview::RequestInterview { ordered, addressed_to: addressed_to.clone() };
        request_interview::request_interview(&reading.case, &reading.safeguards(), command)
            .map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
    })
    .await
}
