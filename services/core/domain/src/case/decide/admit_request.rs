//! The request is complete and in the authority's queue.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is complete and in the authority's queue.
#[derive(Clone, Debug)]
pub struct AdmitRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestAdmitted`] that is broken.
pub fn admit_request(case: &Case, command: AdmitRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestAdmitted)
}
