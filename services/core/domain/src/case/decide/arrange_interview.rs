//! A date and place for the interview.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A date and place for the interview.
#[derive(Clone, Debug)]
pub struct ArrangeInterview {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::InterviewArranged`] that is broken.
pub fn arrange_interview(case: &Case, command: ArrangeInterview) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::InterviewArranged)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::office;

    use crate::case::story::{Story, XK, check, filed, refusal, refused, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_interview_that_was_asked_for_gets_a_date_and_another() {
        check(
            XK,
            Kind::InterviewArranged,
            |given| arrange_interview(&given.case(), ArrangeInterview { ordered: given.ordered() }),
            [
                (asked(), states(S::InterviewArranged)),
                (asked().xk(S::InterviewArranged), states(S::InterviewArranged)),
                (filed(), Err(R::InterviewMustBeRequested)),
                (asked().xk(refusal()), Err(R::RequestMustBeOpen)),
                (refused(), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    fn asked() -> Story {
        filed().nl(S::InterviewRequested(office("consulate-brussels")))
    }
}
