//! What the population register says.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, RegisterFinding, Statement};
use crate::case::rejection::Rejection;

/// What the population register says.
#[derive(Clone, Debug)]
pub struct CheckRegister {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The finding.
    pub finding: RegisterFinding,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RegisterChecked`] that is broken.
pub fn check_register(case: &Case, command: CheckRegister) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RegisterChecked(command.finding))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{Story, XK, check, filed, nothing, refusal, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_register_check_that_was_asked_for_has_one_finding() {
        check(
            XK,
            Kind::RegisterChecked,
            |given| {
                check_register(
                    &given.case(),
                    CheckRegister { ordered: given.ordered(), finding: HIT },
                )
            },
            [
                (asked(), states(S::RegisterChecked(HIT))),
                (asked().xk(refusal()), states(S::RegisterChecked(HIT))),
                (asked().xk(S::RegisterChecked(HIT)), nothing()),
                (
                    asked().xk(S::RegisterChecked(RegisterFinding::NoHit)),
                    Err(R::StatementMustNotRepeat),
                ),
                (filed(), Err(R::RegisterCheckMustBeRequested)),
            ],
        );
    }

    const HIT: RegisterFinding = RegisterFinding::Hit;

    fn asked() -> Story {
        filed().nl(S::RegisterCheckRequested)
    }
}
