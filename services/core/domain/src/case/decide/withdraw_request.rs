//! The request is withdrawn. No reason travels.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is withdrawn. No reason travels.
#[derive(Clone, Debug)]
pub struct WithdrawRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestWithdrawn`] that is broken.
pub fn withdraw_request(case: &Case, command: WithdrawRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestWithdrawn)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{
        NL, accepted, check, departed, filed, nothing, ready_to_depart, refused, states, withdrawn,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_request_is_withdrawn_once_until_the_person_has_left() {
        check(
            NL,
            Kind::RequestWithdrawn,
            |given| withdraw_request(&given.case(), WithdrawRequest { ordered: given.ordered() }),
            [
                (filed(), states(S::RequestWithdrawn)),
                (refused(), states(S::RequestWithdrawn)),
                (accepted(), states(S::RequestWithdrawn)),
                (ready_to_depart(), states(S::RequestWithdrawn)),
                (withdrawn(), nothing()),
                (departed(), Err(R::PersonMustNotHaveDeparted)),
            ],
        );
    }
}
