//! An answer to a question of the requested State.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Position, Statement};
use crate::case::rejection::Rejection;

/// An answer to a question of the requested State.
#[derive(Clone, Debug)]
pub struct GiveClarification {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Position of the question in the partner's log.
    pub question: Position,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ClarificationGiven`] that is broken.
pub fn give_clarification(
    case: &Case,
    command: GiveClarification,
) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::ClarificationGiven(command.question),
    )
}
