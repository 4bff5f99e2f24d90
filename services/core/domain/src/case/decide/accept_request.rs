//! The request is accepted.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is accepted.
#[derive(Clone, Debug)]
pub struct AcceptRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestAccepted`] that is broken.
pub fn accept_request(case: &Case, command: AcceptRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestAccepted)
}
