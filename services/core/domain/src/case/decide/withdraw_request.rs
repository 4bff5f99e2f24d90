//! The request is withdrawn. No reason travels.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is withdrawn. No reason travels.
#[derive(Clone, Debug)]
pub struct WithdrawRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestWithdrawn`] that is broken.
pub fn withdraw_request(case: &Case, command: WithdrawRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestWithdrawn)
}
