//! The person has not left.

use super::{Ordered, pending, propose};
use crate::case::Case;
use crate::case::event::{Event, NonDeparture, Statement};
use crate::case::rejection::Rejection;

/// The person has not left under the pending notice.
#[derive(Clone, Debug)]
pub struct ReportNonDeparture {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reason: NonDeparture,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::PersonNotDeparted`] that is broken.
pub fn report_non_departure(
    case: &Case,
    command: ReportNonDeparture,
) -> Result<Vec<Event>, Rejection> {
    let notice = pending(case)?;
    propose(
        case,
        command.ordered,
        Statement::PersonNotDeparted(notice, command.reason),
    )
}
