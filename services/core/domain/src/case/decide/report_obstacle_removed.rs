//! A State states that its obstacle is removed.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// This State's obstacle is removed.
#[derive(Clone, Debug)]
pub struct ReportObstacleRemoved {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ObstacleRemoved`] that is broken.
pub fn report_obstacle_removed(
    case: &Case,
    command: ReportObstacleRemoved,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ObstacleRemoved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::rules;
    use crate::rules::Rules;

    use crate::case::story::{NL, XK, accepted_under, check, filed_under, nothing, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_state_removes_the_obstacle_that_it_has_stated_once() {
        let rules = rules();
        let rules = Rules { transfer_extension: Some(rules.reply.source.clone()), ..rules };
        let obstructed = || accepted_under(&rules).nl(S::ObstacleReported);
        check(
            NL,
            Kind::ObstacleRemoved,
            |given| {
                let command = ReportObstacleRemoved { ordered: given.ordered() };
                report_obstacle_removed(&given.case(), command)
            },
            [
                (obstructed(), states(S::ObstacleRemoved)),
                (obstructed().nl(S::ObstacleRemoved), nothing()),
                (
                    obstructed().nl(S::ObstacleRemoved).nl(S::ObstacleReported),
                    states(S::ObstacleRemoved),
                ),
                // Also where nothing is to be done any more.
                (obstructed().nl(S::RequestWithdrawn), states(S::ObstacleRemoved)),
                (accepted_under(&rules), Err(R::ObstacleMustBeInPlace)),
                (filed_under(&rules).by(XK), Err(R::ObstacleMustBeInPlace)),
                // An answer ends what delayed it.
                (obstructed().by(XK), Err(R::RequestMustBeOpen)),
            ],
        );
    }
}
