//! A named official decides on identity and nationality. A register or biometric match is a
//! finding; it confirms nothing by itself.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A named official's verdict.
#[derive(Clone, Debug)]
pub struct DecideIdentity {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The verdict.
    pub verdict: IdentityVerdict,
}

/// A verdict on identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityVerdict {
    /// Confirmed.
    Confirmed,
    /// Denied.
    NotConfirmed,
    /// Neither.
    Inconclusive,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::IdentityConfirmed`] that is broken.
pub fn decide_identity(case: &Case, command: DecideIdentity) -> Result<Vec<Event>, Rejection> {
    let statement = match command.verdict {
        IdentityVerdict::Confirmed => Statement::IdentityConfirmed,
        IdentityVerdict::NotConfirmed => Statement::IdentityNotConfirmed,
        IdentityVerdict::Inconclusive => Statement::IdentityInconclusive,
    };
    propose(case, command.ordered, statement)
}
