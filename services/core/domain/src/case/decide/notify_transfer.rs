//! The partner is told of a transfer.

use super::{Ordered, met, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement, TransferNotified};
use crate::case::rejection::Rejection;
use crate::safeguard::Safeguards;

/// The partner is told of a transfer.
#[derive(Clone, Debug)]
pub struct NotifyTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Day and mode.
    pub transfer: TransferNotified,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferNotified`] that is broken, or an open safeguard.
pub fn notify_transfer(
    case: &Case,
    safeguards: &Safeguards,
    command: NotifyTransfer,
) -> Result<Vec<Event>, Rejection> {
    met(safeguards)?;
    propose(
        case,
        command.ordered,
        Statement::TransferNotified(command.transfer),
    )
}
