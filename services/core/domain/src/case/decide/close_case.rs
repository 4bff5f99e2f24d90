//! This State closes its part of the case.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State closes its part of the case.
#[derive(Clone, Debug)]
pub struct CloseCase {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::CaseClosed`] that is broken.
pub fn close_case(case: &Case, command: CloseCase) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::CaseClosed)
}
