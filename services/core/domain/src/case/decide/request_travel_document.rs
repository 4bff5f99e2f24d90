//! A request for a travel document, once the acceptance is confirmed.

use super::{Ordered, met, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::identifier::Office;
use crate::safeguard::Safeguards;

/// A request for a travel document, once the acceptance is confirmed.
#[derive(Clone, Debug)]
pub struct RequestTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The consulate.
    pub addressed_to: Office,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentRequested`] that is broken, or an open safeguard.
pub fn request_travel_document(
    case: &Case,
    safeguards: &Safeguards,
    command: RequestTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    met(safeguards)?;
    propose(
        case,
        command.ordered,
        Statement::TravelDocumentRequested(command.addressed_to),
    )
}
