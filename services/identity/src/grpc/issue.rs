//! `TravelDocumentService.Issue`: a travel document is issued, on the screen that the official
//! saw. Its number is sealed.

use domain::case::decide::issue_travel_document::{IssueTravelDocument, issue_travel_document};
use domain::case::event::TravelDocumentIssued;
use domain::person::{Detail, REFERENCE_CHARS_MAX, Text, full_date};
use proto::command::v1::Receipt;
use proto::identity::v1::IssueRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn issue(desk: &Desk, request: Request<IssueRequest>) -> Result<Receipt, Failure> {
    let official = desk.consulate(&request)?;
    let it = request.into_inner();
    let head = head!(it, "TravelDocumentService/Issue");
    let (order, (number, issued)) = Order::read(official, head, |fields| {
        fields.given("etag", &it.etag);
        let number = fields.take("number", Text::new(&it.number, REFERENCE_CHARS_MAX));
        let issued_on = fields.take("issued_on", full_date(&it.issued_on));
        let valid_until = fields.take("valid_until", full_date(&it.valid_until));
        let (issued_on, valid_until) = (issued_on?, valid_until?);
        if valid_until < issued_on {
            fields.wrong("valid_until", "must not be before `issued_on`");
            return None;
        }
        Some((number?, TravelDocumentIssued { issued_on, valid_until }))
    })?;
    let order = order.with_detail(Detail::TravelDocument(number)).giving_away(&it.etag);
    desk.run(order, |reading, ordered| {
        let command = IssueTravelDocument { ordered, issued };
        issue_travel_document(&reading.case, command)
    })
    .await
}
