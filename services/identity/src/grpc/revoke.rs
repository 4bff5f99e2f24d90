//! `TravelDocumentService.Revoke`: a travel document is no longer valid. Protects, so the authority
//! whose inbox shows it may state it as well as the consulate.

use domain::case::decide::revoke_travel_document::{RevokeTravelDocument, revoke_travel_document};
use domain::case::rejection::Rejection;
use proto::command::v1::Receipt;
use proto::identity::v1::RevokeRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn revoke(
    desk: &Desk,
    request: Request<RevokeRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.requested(&request)?;
    let it = request.into_inner();
    let head = head!(it, "TravelDocumentService/Revoke");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        let last = reading.case.said.requested.documents.last();
        let last = last.map(|document| document.at.position);
        if it.document.is_some() && it.document != last {
            return Err(Rejection::TravelDocumentMustExist);
        }
        revoke_travel_document(&reading.case, RevokeTravelDocument { ordered })
    })
    .await
}
