//! A travel document is issued; its number is in the particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement, TravelDocumentIssued};
use crate::case::rejection::Rejection;

/// A travel document is issued; its number is in the particulars.
#[derive(Clone, Debug)]
pub struct IssueTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Its validity.
    pub issued: TravelDocumentIssued,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentIssued`] that is broken.
pub fn issue_travel_document(
    case: &Case,
    command: IssueTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::TravelDocumentIssued(command.issued))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Rectified;
    use crate::case::history::{office, rules};
    use crate::clock::NotComputable;
    use crate::rules::Years;

    use crate::case::story::{
        Story, XK, accepted, check, document, document_issued, document_requested, filed,
        filed_under, nothing, refused, states, withdrawn,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_travel_document_is_issued_on_request_while_nothing_stops_the_case() {
        check(
            XK,
            Kind::TravelDocumentIssued,
            |given| {
                issue_travel_document(
                    &given.case(),
                    IssueTravelDocument { ordered: given.ordered(), issued: document(0, 100) },
                )
            },
            [
                (document_requested(), states(S::TravelDocumentIssued(document(0, 100)))),
                (document_issued(), nothing()),
                (document_issued().nl(S::HoldPlaced), nothing()),
                (
                    document_requested().xk(S::TravelDocumentIssued(document(0, 93))),
                    Err(R::TravelDocumentMustNotBeValidAlready),
                ),
                (document_requested().nl(S::RequestWithdrawn), Err(R::RequestMustNotBeWithdrawn)),
                (withdrawn(), Err(R::RequestMustNotBeWithdrawn)),
                (filed(), Err(R::RequestMustBeAccepted)),
                (refused(), Err(R::RequestMustBeAccepted)),
                (
                    document_requested().nl(S::Rectified(Rectified::Person)),
                    Err(R::AcceptanceMustCoverThePerson),
                ),
                (accepted(), Err(R::TravelDocumentMustBeRequested)),
                (accepted().xk(S::HoldPlaced), Err(R::TravelDocumentMustBeRequested)),
                (document_requested().nl(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (document_requested().xk(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (
                    document_requested().xk(S::HoldPlaced).xk(S::HoldLifted),
                    states(S::TravelDocumentIssued(document(0, 100))),
                ),
                (revoked(), states(S::TravelDocumentIssued(document(0, 100)))),
                (without_documents(), Err(R::AgreementMustHaveTravelDocument)),
                (
                    beyond_the_years(),
                    Err(R::DeadlineMustBeComputable(NotComputable::BeyondCoveredYears {
                        years: YEARS,
                    })),
                ),
            ],
        );
    }

    const YEARS: Years = Years { first: 2026, last: 2026 };

    fn revoked() -> Story {
        let issued = document_issued();
        let issue = issued.last(XK);
        issued.xk(S::TravelDocumentRevoked(issue))
    }

    fn without_documents() -> Story {
        let mut rules = rules();
        rules.travel_document = None;
        filed_under(&rules).xk(S::RequestAccepted)
    }

    /// The day of issue is not covered any more.
    fn beyond_the_years() -> Story {
        let mut rules = rules();
        rules.years = YEARS;
        let requested = S::TravelDocumentRequested(office("consulate-brussels"));
        filed_under(&rules).xk(S::RequestAccepted).nl(requested).days(330)
    }

    #[test]
    fn a_travel_document_is_valid_from_today_at_the_latest_and_as_long_as_the_agreement_says() {
        let long_enough = R::TravelDocumentMustBeValidLongEnough;
        for (issued, expected) in [
            (document(0, 92), states(S::TravelDocumentIssued(document(0, 92)))),
            (document(0, 91), Err(long_enough)),
            (document(-1, 91), states(S::TravelDocumentIssued(document(-1, 91)))),
            (document(1, 200), Err(long_enough)),
        ] {
            let given = document_requested().by(XK);
            let command = IssueTravelDocument { ordered: given.ordered(), issued };
            let then = issue_travel_document(&given.case(), command);
            let then = then.map(|events| events.into_iter().map(|it| it.statement).collect());
            assert_eq!(then, expected, "{issued:?}");
        }
    }
}
