//! Further evidence for an open request.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::identifier::EvidenceItem;

/// Further evidence for an open request.
#[derive(Clone, Debug)]
pub struct AddEvidence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Items, as the agreement's lists name them.
    pub evidence: Vec<EvidenceItem>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::EvidenceAdded`] that is broken.
pub fn add_evidence(case: &Case, command: AddEvidence) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::EvidenceAdded(command.evidence),
    )
}
