//! The case is stopped. No reason travels.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The case is stopped. No reason travels.
#[derive(Clone, Debug)]
pub struct PlaceHold {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::HoldPlaced`] that is broken.
pub fn place_hold(case: &Case, command: PlaceHold) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::HoldPlaced)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, XK, check, departed, filed, nothing, states};
    use Statement as S;

    #[test]
    fn a_state_has_at_most_one_hold_in_place() {
        check(
            NL,
            Kind::HoldPlaced,
            |given| place_hold(&given.case(), PlaceHold { ordered: given.ordered() }),
            [
                (filed(), states(S::HoldPlaced)),
                (filed().by(XK), states(S::HoldPlaced)),
                (departed(), states(S::HoldPlaced)),
                (filed().nl(S::HoldPlaced), nothing()),
                (filed().xk(S::HoldPlaced), states(S::HoldPlaced)),
                (filed().nl(S::HoldPlaced).nl(S::HoldLifted), states(S::HoldPlaced)),
            ],
        );
    }
}
