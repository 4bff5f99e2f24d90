//! The request is refused, with coded reasons.

use std::collections::BTreeSet;

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, RefusalReason, Statement};
use crate::case::rejection::Rejection;

/// The request is refused, with coded reasons.
#[derive(Clone, Debug)]
pub struct RefuseRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reasons: BTreeSet<RefusalReason>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestRefused`] that is broken.
pub fn refuse_request(case: &Case, command: RefuseRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestRefused(command.reasons.into_iter().collect()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::rules;
    use crate::rules::Requirement;

    use crate::case::story::{
        NL, Story, XK, accepted, accepted_by_silence, check, filed, filed_under, nothing, noticed,
        refusal, refused, states, withdrawn,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_open_request_is_refused_once_with_reasons() {
        check(
            XK,
            Kind::RequestRefused,
            |given| {
                refuse_request(
                    &given.case(),
                    RefuseRequest { ordered: given.ordered(), reasons: why() },
                )
            },
            [
                (filed(), states(refusal())),
                (filed().xk(S::IdentityConfirmed), states(refusal())),
                (noticed(), states(refusal())),
                (refused(), nothing()),
                (filed().xk(other_refusal()), Err(R::RequestMustBeOpen)),
                (accepted(), Err(R::RequestMustBeOpen)),
                (withdrawn(), Err(R::RequestMustBeOpen)),
                (accepted_by_silence(), Err(R::RequestMustBeOpen)),
                // Symptom: an answer that a withdrawal had crossed was refused when repeated.
                (crossed_by_a_withdrawal(), nothing()),
            ],
        );
    }

    fn why() -> BTreeSet<RefusalReason> {
        [RefusalReason::NotANational].into()
    }

    fn other_refusal() -> S {
        S::RequestRefused(vec![RefusalReason::FiledTooLate])
    }

    fn crossed_by_a_withdrawal() -> Story {
        filed().unheard(NL, S::RequestWithdrawn).unheard(XK, refusal()).heard()
    }

    #[test]
    fn a_refusal_without_reasons_is_one_only_where_the_agreement_lets_it_be() {
        let mut rules = rules();
        rules.refusal_reasons.as_mut().unwrap().value = Requirement::Optional;
        for (given, expected) in [
            (filed(), Err(R::RefusalMustStateReasons)),
            (accepted(), Err(R::RequestMustBeOpen)),
            (filed_under(&rules), states(S::RequestRefused(vec![]))),
        ] {
            let given = given.by(XK);
            let command = RefuseRequest { ordered: given.ordered(), reasons: BTreeSet::new() };
            let then = refuse_request(&given.case(), command);
            let then = then.map(|events| events.into_iter().map(|it| it.statement).collect());
            assert_eq!(then, expected);
        }
    }
}
