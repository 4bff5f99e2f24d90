//! The partner is told that the deadline for silence has passed.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The partner is told that the deadline for silence has passed.
#[derive(Clone, Debug)]
pub struct NoticeSilence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::SilenceNoticed`] that is broken.
pub fn notice_silence(case: &Case, command: NoticeSilence) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::SilenceNoticed)
}
