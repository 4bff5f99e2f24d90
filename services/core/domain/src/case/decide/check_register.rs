//! What the population register says.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, RegisterFinding, Statement};
use crate::case::rejection::Rejection;

/// What the population register says.
#[derive(Clone, Debug)]
pub struct CheckRegister {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The finding.
    pub finding: RegisterFinding,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RegisterChecked`] that is broken.
pub fn check_register(case: &Case, command: CheckRegister) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::RegisterChecked(command.finding),
    )
}
