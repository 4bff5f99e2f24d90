//! A request for an interview by a consulate of the requested State.

use super::{Ordered, met, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::identifier::Office;
use crate::safeguard::Safeguards;

/// A request for an interview by a consulate of the requested State.
#[derive(Clone, Debug)]
pub struct RequestInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The consulate.
    pub addressed_to: Office,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewRequested`] that is broken, or an open safeguard.
pub fn request_interview(
    case: &Case,
    safeguards: &Safeguards,
    command: RequestInterview,
) -> Result<Vec<Event>, Rejection> {
    met(safeguards)?;
    propose(
        case,
        command.ordered,
        Statement::InterviewRequested(command.addressed_to),
    )
}
