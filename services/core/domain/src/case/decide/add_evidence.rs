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
    propose(case, command.ordered, Statement::EvidenceAdded(command.evidence))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::item;

    use crate::case::story::{NL, accepted, check, filed, states, withdrawn};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn evidence_on_the_lists_is_added_while_the_request_is_open() {
        check(
            NL,
            Kind::EvidenceAdded,
            |given| {
                add_evidence(
                    &given.case(),
                    AddEvidence { ordered: given.ordered(), evidence: listed() },
                )
            },
            [
                (filed(), states(S::EvidenceAdded(listed()))),
                (filed().nl(S::EvidenceAdded(listed())), states(S::EvidenceAdded(listed()))),
                (accepted(), Err(R::RequestMustBeOpen)),
                (withdrawn(), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    fn listed() -> Vec<EvidenceItem> {
        vec![item("own_statement")]
    }

    #[test]
    fn evidence_that_is_not_listed_is_refused_but_not_before_the_request_is_seen_to_be_open() {
        for evidence in [vec![item("horoscope")], vec![item("entry_exit_stamps")], vec![]] {
            check(
                NL,
                Kind::EvidenceAdded,
                |given| {
                    let evidence = evidence.clone();
                    add_evidence(&given.case(), AddEvidence { ordered: given.ordered(), evidence })
                },
                [(filed(), Err(R::EvidenceMustBeListed)), (accepted(), Err(R::RequestMustBeOpen))],
            );
        }
    }
}
