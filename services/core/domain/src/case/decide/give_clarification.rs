//! An answer to a question of the requested State.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Position, Statement};
use crate::case::rejection::Rejection;

/// An answer to a question of the requested State.
#[derive(Clone, Debug)]
pub struct GiveClarification {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Position of the question in the partner's log.
    pub question: Position,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ClarificationGiven`] that is broken.
pub fn give_clarification(
    case: &Case,
    command: GiveClarification,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ClarificationGiven(command.question))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, Story, check, filed, nothing, refusal, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_question_that_was_asked_is_answered_once() {
        check(
            NL,
            Kind::ClarificationGiven,
            |given| {
                give_clarification(
                    &given.case(),
                    GiveClarification { ordered: given.ordered(), question: QUESTION },
                )
            },
            [
                (asked(), states(S::ClarificationGiven(QUESTION))),
                (asked().xk(refusal()), states(S::ClarificationGiven(QUESTION))),
                (asked().nl(S::ClarificationGiven(QUESTION)), nothing()),
                (filed(), Err(R::QuestionMustHaveBeenAsked)),
                (filed().xk(S::RequestAdmitted), Err(R::QuestionMustHaveBeenAsked)),
            ],
        );
    }

    /// Kosovo's log holds its adoption, then the question.
    const QUESTION: Position = 1;

    fn asked() -> Story {
        filed().xk(S::ClarificationAsked)
    }
}
