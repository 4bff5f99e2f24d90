//! A request to check the population register.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A request to check the population register.
#[derive(Clone, Debug)]
pub struct RequestRegisterCheck {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RegisterCheckRequested`] that is broken.
pub fn request_register_check(
    case: &Case,
    command: RequestRegisterCheck,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RegisterCheckRequested)
}
