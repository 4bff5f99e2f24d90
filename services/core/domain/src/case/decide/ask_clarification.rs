//! A question to the requesting State; its text is in the particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A question to the requesting State; its text is in the particulars.
#[derive(Clone, Debug)]
pub struct AskClarification {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ClarificationAsked`] that is broken.
pub fn ask_clarification(case: &Case, command: AskClarification) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ClarificationAsked)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{XK, check, filed, refused, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_question_is_asked_of_an_open_request_as_often_as_needed() {
        check(
            XK,
            Kind::ClarificationAsked,
            |given| ask_clarification(&given.case(), AskClarification { ordered: given.ordered() }),
            [
                (filed(), states(S::ClarificationAsked)),
                (filed().xk(S::ClarificationAsked), states(S::ClarificationAsked)),
                (refused(), Err(R::RequestMustBeOpen)),
            ],
        );
    }
}
