//! The request is sent back without being considered.

use std::collections::BTreeSet;

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, ReturnReason, Statement};
use crate::case::rejection::Rejection;

/// The request is sent back without being considered.
#[derive(Clone, Debug)]
pub struct ReturnUnconsidered {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reasons: BTreeSet<ReturnReason>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ReturnedUnconsidered`] that is broken.
pub fn return_unconsidered(
    case: &Case,
    command: ReturnUnconsidered,
) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::ReturnedUnconsidered(command.reasons.into_iter().collect()),
    )
}
