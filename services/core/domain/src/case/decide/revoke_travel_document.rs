//! A travel document is no longer valid.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The last travel document is no longer valid.
#[derive(Clone, Debug)]
pub struct RevokeTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentRevoked`] that is broken.
pub fn revoke_travel_document(
    case: &Case,
    command: RevokeTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    let last = case.said.requested.documents.last();
    let issue = last.ok_or(Rejection::TravelDocumentMustExist)?.at.position;
    propose(
        case,
        command.ordered,
        Statement::TravelDocumentRevoked(issue),
    )
}
