//! The case is stopped. No reason travels.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The case is stopped. No reason travels.
#[derive(Clone, Debug)]
pub struct PlaceHold {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::HoldPlaced`] that is broken.
pub fn place_hold(case: &Case, command: PlaceHold) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::HoldPlaced)
}
