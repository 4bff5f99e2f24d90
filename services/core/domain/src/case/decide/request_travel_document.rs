//! A request for a travel document, once the acceptance is confirmed.

use super::{Ordered, propose_guarded};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::identifier::Office;
use crate::safeguard::Safeguards;

/// A request for a travel document, once the acceptance is confirmed.
#[derive(Clone, Debug)]
pub struct RequestTravelDocument {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The consulate.
    pub addressed_to: Office,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TravelDocumentRequested`] that is broken, or an open safeguard.
pub fn request_travel_document(
    case: &Case,
    safeguards: &Safeguards,
    command: RequestTravelDocument,
) -> Result<Vec<Event>, Rejection> {
    propose_guarded(
        case,
        safeguards,
        command.ordered,
        Statement::TravelDocumentRequested(command.addressed_to),
    )
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Rectified;
    use crate::case::history::{office, rules};

    use crate::case::story::{
        NL, Story, XK, accepted, accepted_by_silence, check, document_issued, document_requested,
        filed, filed_under, nothing, noticed, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_travel_document_is_asked_for_until_there_is_a_valid_one() {
        check(
            NL,
            Kind::TravelDocumentRequested,
            |given| {
                request_travel_document(
                    &given.case(),
                    &given.safeguards(),
                    RequestTravelDocument {
                        ordered: given.ordered(),
                        addressed_to: office("consulate-brussels"),
                    },
                )
            },
            [
                (accepted(), states(asks("consulate-brussels"))),
                (document_requested(), nothing()),
                (document_requested().unsafely(), nothing()),
                (accepted().nl(asks("consulate-geneva")), Err(R::StatementMustNotRepeat)),
                (accepted().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed(), Err(R::RequestMustBeAccepted)),
                (accepted().nl(S::RequestWithdrawn), Err(R::RequestMustBeAccepted)),
                (claimed_unheard(), Err(R::AcceptanceMustBeConfirmed)),
                (accepted_by_silence(), states(asks("consulate-brussels"))),
                (
                    accepted().nl(S::Rectified(Rectified::Person)),
                    Err(R::AcceptanceMustCoverThePerson),
                ),
                (without_documents(), Err(R::AgreementMustHaveTravelDocument)),
                (document_issued(), Err(R::TravelDocumentMustNotBeValidAlready)),
                (document_issued().xk(S::HoldPlaced), Err(R::TravelDocumentMustNotBeValidAlready)),
                (revoked(), states(asks("consulate-brussels"))),
                (document_issued().days(100), Err(R::TravelDocumentMustNotBeValidAlready)),
                (document_issued().days(101), states(asks("consulate-brussels"))),
                // Symptom: after a document had expired, the next was asked for again and again.
                (document_issued().days(101).nl(asks("consulate-brussels")), nothing()),
            ],
        );
    }

    fn asks(consulate: &str) -> S {
        S::TravelDocumentRequested(office(consulate))
    }

    fn claimed_unheard() -> Story {
        let noticed = noticed();
        let cited = noticed.word_of_xk();
        noticed.unheard(NL, S::SilenceClaimed(cited))
    }

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
}
