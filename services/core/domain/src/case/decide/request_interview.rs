//! A request for an interview by a consulate of the requested State.

use super::{Ordered, propose_guarded};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::identifier::Office;
use crate::safeguard::Safeguards;

/// A request for an interview by a consulate of the requested State.
#[derive(Clone, Debug)]
pub struct RequestInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The consulate.
    pub addressed_to: Office,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewRequested`] that is broken, or an open safeguard.
pub fn request_interview(
    case: &Case,
    safeguards: &Safeguards,
    command: RequestInterview,
) -> Result<Vec<Event>, Rejection> {
    propose_guarded(
        case,
        safeguards,
        command.ordered,
        Statement::InterviewRequested(command.addressed_to),
    )
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::{office, rules};

    use crate::case::story::{
        NL, Story, check, filed, filed_under, nothing, refusal, refused, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_interview_is_asked_for_one_at_a_time() {
        check(
            NL,
            Kind::InterviewRequested,
            |given| {
                request_interview(
                    &given.case(),
                    &given.safeguards(),
                    RequestInterview {
                        ordered: given.ordered(),
                        addressed_to: office("consulate-brussels"),
                    },
                )
            },
            [
                (filed(), states(asks("consulate-brussels"))),
                (filed().nl(asks("consulate-brussels")), nothing()),
                (filed().nl(asks("consulate-brussels")).xk(S::InterviewArranged), nothing()),
                (filed().nl(asks("consulate-brussels")).unsafely(), nothing()),
                (filed().nl(asks("consulate-geneva")), Err(R::StatementMustNotRepeat)),
                (missed(), states(asks("consulate-brussels"))),
                // Symptom: after a missed interview the next was asked for again and again.
                (missed().nl(asks("consulate-brussels")), nothing()),
                (missed().nl(asks("consulate-geneva")), Err(R::StatementMustNotRepeat)),
                (filed().unsafely(), Err(R::SafeguardMustBeMet)),
                (refused().unsafely(), Err(R::SafeguardMustBeMet)),
                (refused(), Err(R::RequestMustBeOpen)),
                (without_interviews(), Err(R::AgreementMustHaveInterview)),
                (without_interviews().xk(refusal()), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    fn asks(consulate: &str) -> S {
        S::InterviewRequested(office(consulate))
    }

    fn missed() -> Story {
        let arranged = filed().nl(asks("consulate-brussels")).xk(S::InterviewArranged);
        arranged.xk(S::InterviewMissed)
    }

    fn without_interviews() -> Story {
        let mut rules = rules();
        rules.interview = None;
        filed_under(&rules)
    }
}
