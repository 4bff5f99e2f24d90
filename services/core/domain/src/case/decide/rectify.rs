//! A corrected body.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Rectified, Statement};
use crate::case::rejection::Rejection;

/// A corrected body.
#[derive(Clone, Debug)]
pub struct Rectify {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// What it corrects.
    pub corrects: Rectified,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::Rectified`] that is broken.
pub fn rectify(case: &Case, command: Rectify) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::Rectified(command.corrects))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, XK, check, departed, filed, states};
    use Statement as S;

    #[test]
    fn either_state_rectifies_as_often_as_needed() {
        check(
            NL,
            Kind::Rectified,
            |given| {
                rectify(
                    &given.case(),
                    Rectify { ordered: given.ordered(), corrects: Rectified::Person },
                )
            },
            [
                (filed(), states(S::Rectified(Rectified::Person))),
                (filed().by(XK), states(S::Rectified(Rectified::Person))),
                (
                    filed().nl(S::Rectified(Rectified::Person)),
                    states(S::Rectified(Rectified::Person)),
                ),
                (departed(), states(S::Rectified(Rectified::Person))),
            ],
        );
    }
}
