//! This State closes its part of the case.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State closes its part of the case.
#[derive(Clone, Debug)]
pub struct CloseCase {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::CaseClosed`] that is broken.
pub fn close_case(case: &Case, command: CloseCase) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::CaseClosed)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{
        NL, XK, accepted, check, departed, filed, nothing, refused, states, withdrawn,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_state_closes_its_part_once_when_the_case_has_come_to_its_end() {
        check(
            NL,
            Kind::CaseClosed,
            |given| close_case(&given.case(), CloseCase { ordered: given.ordered() }),
            [
                (refused(), states(S::CaseClosed)),
                (refused().by(XK), states(S::CaseClosed)),
                (withdrawn(), states(S::CaseClosed)),
                (accepted().nl(S::RequestWithdrawn), states(S::CaseClosed)),
                (filed().xk(S::ReturnedUnconsidered(vec![])), Err(R::CaseMustBeSettled)),
                (departed().xk(S::PersonArrived), states(S::CaseClosed)),
                (departed().nl(S::TakenBack), states(S::CaseClosed)),
                (filed(), Err(R::CaseMustBeSettled)),
                (accepted(), Err(R::CaseMustBeSettled)),
                (departed().by(XK), Err(R::CaseMustBeSettled)),
                (refused().nl(S::CaseClosed), nothing()),
                (refused().nl(S::CaseClosed).by(XK), states(S::CaseClosed)),
            ],
        );
    }
}
