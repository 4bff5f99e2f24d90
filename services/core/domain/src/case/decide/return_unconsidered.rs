//! The request is sent back without being considered.

use std::collections::BTreeSet;

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, ReturnReason, Statement};
use crate::case::rejection::Rejection;

/// The request is sent back without being considered.
#[derive(Clone, Debug)]
pub struct ReturnUnconsidered {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reasons: BTreeSet<ReturnReason>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ReturnedUnconsidered`] that is broken.
pub fn return_unconsidered(
    case: &Case,
    command: ReturnUnconsidered,
) -> Result<Vec<Event>, Rejection> {
    propose(
        case,
        command.ordered,
        Statement::ReturnedUnconsidered(command.reasons.into_iter().collect()),
    )
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{XK, accepted, check, filed, nothing, refused, states, withdrawn};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_open_request_is_sent_back_once_with_reasons() {
        check(
            XK,
            Kind::ReturnedUnconsidered,
            |given| {
                return_unconsidered(
                    &given.case(),
                    ReturnUnconsidered {
                        ordered: given.ordered(),
                        reasons: [ReturnReason::Incomplete].into(),
                    },
                )
            },
            [
                (filed(), states(returned())),
                (filed().xk(returned()), nothing()),
                (refused(), Err(R::RequestMustBeOpen)),
                (withdrawn(), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    fn returned() -> S {
        S::ReturnedUnconsidered(vec![ReturnReason::Incomplete])
    }

    #[test]
    fn a_return_without_reasons_is_none_but_not_before_the_request_is_seen_to_be_open() {
        for (given, expected) in
            [(filed(), R::ReturnMustStateReasons), (accepted(), R::RequestMustBeOpen)]
        {
            let given = given.by(XK);
            let reasons = BTreeSet::new();
            let command = ReturnUnconsidered { ordered: given.ordered(), reasons };
            assert_eq!(return_unconsidered(&given.case(), command), Err(expected));
        }
    }
}
