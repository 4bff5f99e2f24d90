//! What the partner could not read is said again, in the hashed bytes.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Restated, Statement};
use crate::case::rejection::Rejection;

/// What the partner could not read is said again, in the hashed bytes.
#[derive(Clone, Debug)]
pub struct Restate {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Which own entry, its sealed bytes, and the case key sealed to the partner.
    pub restated: Restated,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::Restated`] that is broken.
pub fn restate(case: &Case, command: Restate) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::Restated(command.restated))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::{ErasureBasis, Kind, Position};

    use crate::case::story::{
        NL, Story, XK, accepted, check, filed, nothing, refused, restated, states,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, then the request; Kosovo's its adoption, then the answer.
    const OPENING: Position = 1;

    #[test]
    fn what_is_in_doubt_is_stated_again_once() {
        let S::Restated(again) = restated(OPENING) else {
            unreachable!("it restates");
        };
        check(
            NL,
            Kind::Restated,
            |given| {
                let command = Restate { ordered: given.ordered(), restated: again.clone() };
                restate(&given.case(), command)
            },
            [
                (filed().xk(S::EntryUnreadable(OPENING)), states(restated(OPENING))),
                (filed().xk(S::EntryContested(OPENING)), states(restated(OPENING))),
                (filed().xk(S::EntryUnreadable(OPENING)).nl(restated(OPENING)), nothing()),
                (accepted().nl(S::EntryUnreadable(1)).by(XK), states(restated(1))),
                (filed(), Err(R::EntryMustBeInDoubt)),
                // Not heard yet.
                (filed().unheard(XK, S::EntryUnreadable(OPENING)), Err(R::EntryMustBeInDoubt)),
                // Another entry is in doubt.
                (
                    filed().nl(S::EvidenceAdded(vec![])).xk(S::EntryUnreadable(2)),
                    Err(R::EntryMustBeInDoubt),
                ),
            ],
        );
    }
    #[test]
    fn what_is_to_be_restated_is_found_until_it_is_or_the_case_is_to_be_erased() {
        let found = |given: Story| {
            let case = given.by(NL).case();
            let labelled = case.labels(case.requesting).contains("restate/XK");
            let found = case.to_restate(case.requesting);
            assert_eq!(labelled, !found.is_empty());
            assert!(case.to_restate(case.requested).is_empty());
            found.into_iter().collect::<Vec<Position>>()
        };
        let doubted = || refused().xk(S::EntryUnreadable(OPENING));
        let ordered = || S::ErasureOrdered(ErasureBasis::RetentionOver);
        let table: [(_, &[Position]); 7] = [
            (filed(), &[]),
            (doubted(), &[OPENING]),
            (doubted().nl(restated(OPENING)), &[]),
            // Its bytes are as they were meant: somebody has to correct them.
            (filed().xk(S::EntryContested(OPENING)), &[]),
            // Nothing stands there, or what is of no case.
            (filed().xk(S::EntryUnreadable(40)).xk(S::EntryUnreadable(0)), &[]),
            (doubted().xk(S::CaseClosed).xk(ordered()), &[]),
            (doubted().nl(S::CaseClosed).nl(ordered()), &[]),
        ];
        for (given, expected) in table {
            assert_eq!(found(given), expected);
        }
    }
}
