//! The body of an entry of the partner is none, or contradicts its facts.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Position, Statement};
use crate::case::rejection::Rejection;

/// The body of an entry of the partner is none, or contradicts its facts.
#[derive(Clone, Debug)]
pub struct ContestEntry {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Its position in the partner's log.
    pub entry: Position,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::EntryContested`] that is broken.
pub fn contest_entry(case: &Case, command: ContestEntry) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::EntryContested(command.entry))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, XK, accepted, check, filed, nothing, states};
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, then the request; Kosovo's its adoption, then the answer.
    const OPENING: Position = 1;
    const ANSWER: Position = 1;

    #[test]
    fn what_was_heard_is_contested_once() {
        check(
            XK,
            Kind::EntryContested,
            |given| {
                let command = ContestEntry { ordered: given.ordered(), entry: OPENING };
                contest_entry(&given.case(), command)
            },
            [
                (filed(), states(S::EntryContested(OPENING))),
                (filed().xk(S::EntryContested(OPENING)), nothing()),
                (filed().xk(S::EntryUnreadable(OPENING)), states(S::EntryContested(OPENING))),
                (accepted().by(NL), states(S::EntryContested(ANSWER))),
                (filed().by(NL), Err(R::EntryMustBeKnown)),
            ],
        );
    }
}
