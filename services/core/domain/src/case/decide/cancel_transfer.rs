//! A transfer that was notified will not take place.

use super::{Ordered, pending, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The pending transfer will not take place.
#[derive(Clone, Debug)]
pub struct CancelTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferCancelled`] that is broken.
pub fn cancel_transfer(case: &Case, command: CancelTransfer) -> Result<Vec<Event>, Rejection> {
    let notice = pending(case)?;
    propose(case, command.ordered, Statement::TransferCancelled(notice))
}
