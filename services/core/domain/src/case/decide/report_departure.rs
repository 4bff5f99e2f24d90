//! The person has left, or is about to board: the last gate before what cannot be undone.

use super::{Ordered, met, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::safeguard::Safeguards;

/// The person has left under the pending notice.
#[derive(Clone, Debug)]
pub struct ReportDeparture {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it: everything that DESIGN 5 asks of a departure, and no open safeguard.
///
/// # Errors
/// The first condition that is not met.
pub fn report_departure(
    case: &Case,
    safeguards: &Safeguards,
    command: ReportDeparture,
) -> Result<Vec<Event>, Rejection> {
    if let Some((_, notice)) = case.said.requesting.departed {
        return propose(case, command.ordered, Statement::PersonDeparted(notice));
    }
    met(safeguards)?;
    let last = case.said.requesting.transfers.last();
    let notice = last
        .ok_or(Rejection::TransferMustBePending)?
        .notice
        .position;
    propose(case, command.ordered, Statement::PersonDeparted(notice))
}
