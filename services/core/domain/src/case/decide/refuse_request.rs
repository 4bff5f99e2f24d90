//! The request is refused, with coded reasons.

use std::collections::BTreeSet;

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, RefusalReason, Statement};
use crate::case::rejection::Rejection;

/// The request is refused, with coded reasons.
#[derive(Clone, Debug)]
pub struct RefuseRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reasons: BTreeSet<RefusalReason>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestRefused`] that is broken.
pub fn refuse_request(case: &Case, command: RefuseRequest) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::RequestRefused(command.reasons.into_iter().collect()),
    )
}
