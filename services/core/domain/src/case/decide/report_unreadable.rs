//! What belongs to an entry of the partner cannot be read.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Position, Statement};
use crate::case::rejection::Rejection;

/// What belongs to an entry of the partner cannot be read.
#[derive(Clone, Debug)]
pub struct ReportUnreadable {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Its position in the partner's log.
    pub entry: Position,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::EntryUnreadable`] that is broken.
pub fn report_unreadable(case: &Case, command: ReportUnreadable) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::EntryUnreadable(command.entry))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{NL, XK, accepted, check, filed, nothing, refused, states};
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, then the request; Kosovo's its adoption, then the answer.
    const OPENING: Position = 1;
    const ANSWER: Position = 1;

    #[test]
    fn what_was_heard_is_called_unreadable_once() {
        check(
            XK,
            Kind::EntryUnreadable,
            |given| {
                let command = ReportUnreadable { ordered: given.ordered(), entry: OPENING };
                report_unreadable(&given.case(), command)
            },
            [
                (filed(), states(S::EntryUnreadable(OPENING))),
                (filed().xk(S::EntryUnreadable(OPENING)), nothing()),
                (filed().xk(S::EntryContested(OPENING)), states(S::EntryUnreadable(OPENING))),
                (accepted().by(NL), states(S::EntryUnreadable(ANSWER))),
                (refused().xk(S::CaseClosed), states(S::EntryUnreadable(OPENING))),
                // Nothing of the partner stands there.
                (filed().by(NL), Err(R::EntryMustBeKnown)),
                (filed().unheard(XK, S::RequestAccepted).by(NL), Err(R::EntryMustBeKnown)),
            ],
        );
    }

    #[test]
    fn an_entry_of_the_corridor_is_none_of_the_case() {
        let given = filed().by(XK);
        let command = ReportUnreadable { ordered: given.ordered(), entry: 0 };
        assert_eq!(report_unreadable(&given.case(), command), Err(R::EntryMustBeKnown));
    }
}
