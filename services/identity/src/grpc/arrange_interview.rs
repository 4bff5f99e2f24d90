//! `IdentityService.ArrangeInterview`: a date and place for the interview.

use domain::case::decide::arrange_interview;
use domain::person::{Detail, Interview, LocalTime, NAME_CHARS_MAX, Text};
use proto::command::v1::Receipt;
use proto::identity::v1::ArrangeInterviewRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn arrange_interview(
    desk: &Desk,
    request: Request<ArrangeInterviewRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/ArrangeInterview");
    let (order, interview) = Order::read(official, head, |fields| {
        let at = fields.take("at", LocalTime::new(&it.at));
        let place = fields.take("place", Text::new(&it.place, NAME_CHARS_MAX));
        Some(Interview { at: at?, place: place? })
    })?;
    desk.run(order.with_detail(Detail::Interview(interview)), |reading, ordered| {
        arrange_interview::arrange_interview(
            &reading.case,
            arrange_interview::ArrangeInterview { ordered },
        )
    })
    .await
}
