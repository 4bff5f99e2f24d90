//! This State takes the case as it stands, knowing what is in dispute.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State takes the case as it stands, knowing what is in dispute.
#[derive(Clone, Debug)]
pub struct SettleDispute {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::DisputeSettled`] that is broken.
pub fn settle_dispute(case: &Case, command: SettleDispute) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::DisputeSettled)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::outcome::Standing;

    use crate::case::story::{
        NL, Story, XK, accepted, check, closed, fault, filed, nothing, refused, revoked, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn each_state_settles_what_it_knows_to_be_in_dispute() {
        check(
            NL,
            Kind::DisputeSettled,
            |given| settle_dispute(&given.case(), SettleDispute { ordered: given.ordered() }),
            [
                (filed().xk(fault(9)), states(S::DisputeSettled)),
                (filed().xk(fault(9)).by(XK), states(S::DisputeSettled)),
                (filed().xk(fault(9)).xk(S::DisputeSettled), states(S::DisputeSettled)),
                (filed().xk(fault(9)).nl(S::DisputeSettled), nothing()),
                (settled(filed().xk(fault(9))), nothing()),
                // Another cause: what was settled did not know it.
                (settled(filed().xk(fault(9))).xk(fault(9)), states(S::DisputeSettled)),
                (closed(refused()).nl(revoked(Some(0))), states(S::DisputeSettled)),
                // The cause has not been heard.
                (filed().unheard(XK, fault(9)), Err(R::CaseMustBeDisputed)),
                (filed(), Err(R::CaseMustBeDisputed)),
                // The result was confirmed when the fault was stated.
                (refused().xk(fault(9)), Err(R::CaseMustBeDisputed)),
                // The number had long been heard by both.
                (filed().xk(fault(0)), Err(R::CaseMustBeDisputed)),
                // No entry of the case was signed with the key after the last good dispatch.
                (refused().xk(revoked(Some(99))), Err(R::CaseMustBeDisputed)),
            ],
        );
    }

    fn settled(story: Story) -> Story {
        story.nl(S::DisputeSettled).xk(S::DisputeSettled)
    }

    #[test]
    fn a_dispute_ends_when_both_have_settled_its_last_cause() {
        let standing = |story: Story| story.by(XK).case().standing;
        let faulted = || filed().xk(fault(9));
        let doubted = || accepted().nl(revoked(Some(0)));
        for (story, expected) in [
            (filed(), Standing::Provisional),
            (faulted(), Standing::Disputed),
            (faulted().nl(S::DisputeSettled), Standing::Disputed),
            (faulted().xk(S::DisputeSettled), Standing::Disputed),
            (settled(faulted()), Standing::Provisional),
            (settled(faulted()).xk(S::RequestAccepted), Standing::Confirmed),
            (doubted(), Standing::Disputed),
            (settled(doubted()), Standing::Confirmed),
            (settled(faulted()).xk(fault(9)), Standing::Disputed),
            (settled(faulted()).xk(fault(9)).nl(S::DisputeSettled), Standing::Disputed),
            (settled(settled(faulted()).xk(fault(9))), Standing::Provisional),
            // Both settle without having heard of the second cause.
            (
                faulted().nl(S::DisputeSettled).unheard(XK, S::DisputeSettled).nl(revoked(Some(0))),
                Standing::Disputed,
            ),
        ] {
            assert_eq!(standing(story), expected);
        }
    }
}
