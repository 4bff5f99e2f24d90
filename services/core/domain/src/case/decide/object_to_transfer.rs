//! The requested State objects to a transfer.

use super::{Ordered, pending, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The pending transfer is objected to; why is in the particulars.
#[derive(Clone, Debug)]
pub struct ObjectToTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferObjected`] that is broken.
pub fn object_to_transfer(case: &Case, command: ObjectToTransfer) -> Result<Vec<Event>, Rejection> {
    let notice = pending(case)?;
    propose(case, command.ordered, Statement::TransferObjected(notice))
}
