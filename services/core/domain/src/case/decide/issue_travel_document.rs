//! A travel document is issued; its number is in the particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement, TravelDocumentIssued};
use crate::case::rejection::Rejection;

/// A travel document is issued; its number is in the particulars.
#[derive(Clone, Debug)]
pub struct IssueTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Its validity.
    pub issued: TravelDocumentIssued,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentIssued`] that is broken.
pub fn issue_travel_document(
    case: &Case,
    command: IssueTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::TravelDocumentIssued(command.issued),
    )
}
