//! This State's hold is lifted.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State's hold is lifted.
#[derive(Clone, Debug)]
pub struct LiftHold {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::HoldLifted`] that is broken.
pub fn lift_hold(case: &Case, command: LiftHold) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::HoldLifted)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, XK, check, closed, filed, nothing, refused, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_state_lifts_its_own_hold_once() {
        check(
            NL,
            Kind::HoldLifted,
            |given| lift_hold(&given.case(), LiftHold { ordered: given.ordered() }),
            [
                (filed().nl(S::HoldPlaced), states(S::HoldLifted)),
                (filed().xk(S::HoldPlaced).by(XK), states(S::HoldLifted)),
                (filed().nl(S::HoldPlaced).nl(S::HoldLifted), nothing()),
                // Also once its part is closed: it would keep the case from being erased for ever.
                (closed(refused().nl(S::HoldPlaced)), states(S::HoldLifted)),
                (closed(refused()), Err(R::HoldMustBeInPlace)),
                (filed(), Err(R::HoldMustBeInPlace)),
                (filed().xk(S::HoldPlaced), Err(R::HoldMustBeInPlace)),
            ],
        );
    }
}
