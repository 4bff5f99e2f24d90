//! `TravelDocumentService.RequestTravelDocument`: a consulate is asked for a travel document.

use domain::case::decide::request_travel_document;
use domain::identifier::Office;
use proto::command::v1::Receipt;
use proto::identity::v1::RequestTravelDocumentRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn request_travel_document(
    desk: &Desk,
    request: Request<RequestTravelDocumentRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, "TravelDocumentService/RequestTravelDocument");
    let (order, addressed_to) = Order::read(official, head, |fields| {
        fields.take("addressed_to", Office::new(&it.addressed_to))
    })?;
    desk.run_checked(order, |reading, ordered| {
        desk.check_consulate(reading, &addressed_to)?;
        let command = request_travel_document::RequestTravelDocument {
            ordered,
            addressed_to: addressed_to.clone(),
        };
        request_travel_document::request_travel_document(
            &reading.case,
            &reading.safeguards(),
            command,
        )
        .map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
    })
    .await
}
