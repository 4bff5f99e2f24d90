//! A corrected body.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Rectified, Statement};
use crate::case::rejection::Rejection;

/// A corrected body.
#[derive(Clone, Debug)]
pub struct Rectify {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// What it corrects.
    pub corrects: Rectified,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::Rectified`] that is broken.
pub fn rectify(case: &Case, command: Rectify) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::Rectified(command.corrects),
    )
}
