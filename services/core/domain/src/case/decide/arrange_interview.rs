//! A date and place for the interview.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A date and place for the interview.
#[derive(Clone, Debug)]
pub struct ArrangeInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewArranged`] that is broken.
pub fn arrange_interview(case: &Case, command: ArrangeInterview) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::InterviewArranged)
}
