//! A request to check the population register.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A request to check the population register.
#[derive(Clone, Debug)]
pub struct RequestRegisterCheck {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RegisterCheckRequested`] that is broken.
pub fn request_register_check(
    case: &Case,
    command: RequestRegisterCheck,
) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RegisterCheckRequested)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::rules;

    use crate::case::story::{
        NL, Story, check, filed, filed_under, nothing, refusal, refused, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_register_check_is_asked_for_once() {
        check(
            NL,
            Kind::RegisterCheckRequested,
            |given| {
                request_register_check(
                    &given.case(),
                    RequestRegisterCheck { ordered: given.ordered() },
                )
            },
            [
                (filed(), states(S::RegisterCheckRequested)),
                (filed().nl(S::RegisterCheckRequested), nothing()),
                (refused(), Err(R::RequestMustBeOpen)),
                (without_register(), Err(R::AgreementMustHaveRegisterCheck)),
                (without_register().xk(refusal()), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    fn without_register() -> Story {
        let mut rules = rules();
        rules.register_check = None;
        filed_under(&rules)
    }
}
