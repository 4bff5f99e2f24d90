//! The person has arrived.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The person has arrived.
#[derive(Clone, Debug)]
pub struct ReportArrival {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::PersonArrived`] that is broken.
pub fn report_arrival(case: &Case, command: ReportArrival) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::PersonArrived)
}
