//! The interview took place, or the person did not appear.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// What became of the interview.
#[derive(Clone, Debug)]
pub struct ReportInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// What became of it.
    pub course: InterviewCourse,
}

/// What became of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterviewCourse {
    /// It took place.
    Held,
    /// The person did not appear.
    Missed,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewHeld`] that is broken.
pub fn report_interview(case: &Case, command: ReportInterview) -> Result<Vec<Event>, Rejection> {
    let statement = match command.course {
        InterviewCourse::Held => Statement::InterviewHeld,
        InterviewCourse::Missed => Statement::InterviewMissed,
    };
    propose(case, command.ordered, statement)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::office;

    use crate::case::story::{Story, XK, check, filed, nothing, refusal, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_arranged_interview_is_held_or_missed_once() {
        check(
            XK,
            Kind::InterviewHeld,
            |given| {
                report_interview(
                    &given.case(),
                    ReportInterview { ordered: given.ordered(), course: InterviewCourse::Held },
                )
            },
            [
                (arranged(), states(S::InterviewHeld)),
                (arranged().xk(refusal()), states(S::InterviewHeld)),
                (arranged().xk(S::InterviewHeld), nothing()),
                (arranged().xk(S::InterviewMissed), Err(R::InterviewMustBeArranged)),
                (
                    arranged().xk(S::InterviewMissed).xk(S::InterviewArranged),
                    states(S::InterviewHeld),
                ),
                (filed(), Err(R::InterviewMustBeArranged)),
            ],
        );
    }

    fn arranged() -> Story {
        filed().nl(S::InterviewRequested(office("consulate-brussels"))).xk(S::InterviewArranged)
    }

    #[test]
    fn a_person_may_not_appear() {
        check(
            XK,
            Kind::InterviewMissed,
            |given| {
                let course = InterviewCourse::Missed;
                report_interview(
                    &given.case(),
                    ReportInterview { ordered: given.ordered(), course },
                )
            },
            [
                (arranged(), states(S::InterviewMissed)),
                (arranged().xk(S::InterviewMissed), nothing()),
                (arranged().xk(S::InterviewHeld), Err(R::InterviewMustBeArranged)),
                (filed(), Err(R::InterviewMustBeArranged)),
            ],
        );
    }
}
