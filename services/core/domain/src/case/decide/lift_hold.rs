//! This State's hold is lifted.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State's hold is lifted.
#[derive(Clone, Debug)]
pub struct LiftHold {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::HoldLifted`] that is broken.
pub fn lift_hold(case: &Case, command: LiftHold) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::HoldLifted)
}
