//! `IdentityService.ReportInterview`: the interview took place, or the person did not appear.

use domain::case::decide::report_interview;
use proto::command::v1::Receipt;
use proto::identity::v1::ReportInterviewRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::words;

pub(super) async fn report_interview(
    desk: &Desk,
    request: Request<ReportInterviewRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/ReportInterview");
    let (order, course) = Order::read(official, head, |fields| {
        fields.word("outcome", words::read_course(it.outcome))
    })?;
    desk.run(order, |reading, ordered| {
        report_interview::report_interview(
            &reading.case,
            report_interview::ReportInterview { ordered, course },
        )
    })
    .await
}
