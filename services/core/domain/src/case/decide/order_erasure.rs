//! This State will destroy its copies of the case's personal data.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{ErasureBasis, Event, Statement};
use crate::case::rejection::Rejection;

/// This State will destroy its copies of the case's personal data.
#[derive(Clone, Debug)]
pub struct OrderErasure {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// On what basis.
    pub basis: ErasureBasis,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ErasureOrdered`] that is broken.
pub fn order_erasure(case: &Case, command: OrderErasure) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ErasureOrdered(command.basis))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{
        NL, Story, XK, accepted, check, closed, filed, nothing, refused, revoked, states,
    };
    use Rejection as R;
    use Statement as S;

    const BASIS: ErasureBasis = ErasureBasis::RetentionOver;

    #[test]
    fn what_is_closed_undisputed_and_not_held_may_be_erased() {
        check(
            NL,
            Kind::ErasureOrdered,
            |given| {
                let command = OrderErasure { ordered: given.ordered(), basis: BASIS };
                order_erasure(&given.case(), command)
            },
            [
                (closed(refused()), states(S::ErasureOrdered(BASIS))),
                (closed(refused()).nl(S::ErasureOrdered(BASIS)), nothing()),
                (closed(refused()).by(XK), Err(R::PartMustBeClosed)),
                (filed(), Err(R::PartMustBeClosed)),
                (accepted(), Err(R::PartMustBeClosed)),
                (disputed(), Err(R::DisputeMustBeSettled)),
                (
                    disputed().nl(S::DisputeSettled).xk(S::DisputeSettled),
                    states(S::ErasureOrdered(BASIS)),
                ),
                (closed(refused().nl(S::HoldPlaced)), Err(R::HoldMustBeLifted)),
                (closed(refused()).xk(S::HoldPlaced), Err(R::HoldMustBeLifted)),
            ],
        );
    }

    fn disputed() -> Story {
        closed(refused()).xk(revoked(Some(0)))
    }
}
