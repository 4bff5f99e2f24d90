//! This State has destroyed its copies of the case's personal data.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State has destroyed its copies of the case's personal data.
#[derive(Clone, Debug)]
pub struct ReportErasureDone {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ErasureDone`] that is broken.
pub fn report_erasure_done(
    case: &Case,
    command: ReportErasureDone,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ErasureDone)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::{ErasureBasis, Kind};

    use crate::case::story::{NL, Story, XK, check, closed, nothing, refused, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_erasure_is_done_once_it_was_ordered() {
        check(
            NL,
            Kind::ErasureDone,
            |given| {
                report_erasure_done(&given.case(), ReportErasureDone { ordered: given.ordered() })
            },
            [
                (ordered(), states(S::ErasureDone)),
                (ordered().nl(S::ErasureDone), nothing()),
                (ordered().xk(S::HoldPlaced), states(S::ErasureDone)),
                (ordered().by(XK), Err(R::ErasureMustBeOrdered)),
                (refused(), Err(R::ErasureMustBeOrdered)),
            ],
        );
    }

    fn ordered() -> Story {
        closed(refused()).nl(S::ErasureOrdered(ErasureBasis::Order))
    }
}
