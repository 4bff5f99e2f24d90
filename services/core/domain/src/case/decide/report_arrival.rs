//! The person has arrived.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The person has arrived.
#[derive(Clone, Debug)]
pub struct ReportArrival {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::PersonArrived`] that is broken.
pub fn report_arrival(case: &Case, command: ReportArrival) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::PersonArrived)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{XK, check, departed, filed, nothing, ready_to_depart, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_person_who_left_arrives_once() {
        check(
            XK,
            Kind::PersonArrived,
            |given| report_arrival(&given.case(), ReportArrival { ordered: given.ordered() }),
            [
                (departed(), states(S::PersonArrived)),
                (departed().xk(S::HoldPlaced), states(S::PersonArrived)),
                (departed().xk(S::PersonArrived), nothing()),
                (ready_to_depart(), Err(R::DepartureMustBeReported)),
                (filed(), Err(R::DepartureMustBeReported)),
            ],
        );
    }
}
