//! A question to the requesting State; its text is in the particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A question to the requesting State; its text is in the particulars.
#[derive(Clone, Debug)]
pub struct AskClarification {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ClarificationAsked`] that is broken.
pub fn ask_clarification(case: &Case, command: AskClarification) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ClarificationAsked)
}
