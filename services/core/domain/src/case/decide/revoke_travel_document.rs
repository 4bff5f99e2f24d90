//! A travel document is no longer valid.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Position, Statement};
use crate::case::rejection::Rejection;

/// The last travel document is no longer valid.
#[derive(Clone, Debug)]
pub struct RevokeTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentRevoked`] that is broken.
pub fn revoke_travel_document(
    case: &Case,
    command: RevokeTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    let last = case.said.requested.documents.last();
    // No entry has this position: where there is no document, the rule says so.
    let issue = last.map_or(Position::MAX, |document| document.at.position);
    propose(case, command.ordered, Statement::TravelDocumentRevoked(issue))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{
        XK, check, document_issued, document_requested, filed, nothing, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn the_last_travel_document_is_revoked_once() {
        check(
            XK,
            Kind::TravelDocumentRevoked,
            |given| {
                revoke_travel_document(
                    &given.case(),
                    RevokeTravelDocument { ordered: given.ordered() },
                )
            },
            [
                (document_issued(), states(S::TravelDocumentRevoked(ISSUE))),
                (
                    document_issued().nl(S::RequestWithdrawn),
                    states(S::TravelDocumentRevoked(ISSUE)),
                ),
                (document_issued().xk(S::TravelDocumentRevoked(ISSUE)), nothing()),
                (document_requested(), Err(R::TravelDocumentMustExist)),
                (filed(), Err(R::TravelDocumentMustExist)),
            ],
        );
    }

    /// Kosovo's log holds its adoption, the acceptance, then the issue.
    const ISSUE: Position = 2;
}
