//! The request is accepted.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is accepted.
#[derive(Clone, Debug)]
pub struct AcceptRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestAccepted`] that is broken.
pub fn accept_request(case: &Case, command: AcceptRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestAccepted)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Rectified;

    use crate::case::story::{
        XK, accepted, accepted_by_silence, check, filed, nothing, refused, states, withdrawn,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_open_request_is_accepted_once_and_again_only_for_a_rectified_person() {
        check(
            XK,
            Kind::RequestAccepted,
            |given| accept_request(&given.case(), AcceptRequest { ordered: given.ordered() }),
            [
                (filed(), states(S::RequestAccepted)),
                (filed().xk(S::IdentityInconclusive), states(S::RequestAccepted)),
                (filed().xk(S::IdentityNotConfirmed), Err(R::IdentityMustNotBeDenied)),
                (refused(), Err(R::RequestMustBeOpen)),
                (withdrawn(), Err(R::RequestMustBeOpen)),
                (refused().nl(S::RequestWithdrawn), Err(R::RequestMustBeOpen)),
                (accepted_by_silence(), Err(R::RequestMustBeOpen)),
                (accepted(), nothing()),
                (accepted().nl(S::Rectified(Rectified::Other)), nothing()),
                (accepted().nl(S::RequestWithdrawn), nothing()),
                (accepted().nl(S::Rectified(Rectified::Person)), states(S::RequestAccepted)),
                (accepted().xk(S::Rectified(Rectified::Person)), states(S::RequestAccepted)),
                (
                    accepted_by_silence().nl(S::Rectified(Rectified::Person)),
                    states(S::RequestAccepted),
                ),
                (accepted().nl(S::Rectified(Rectified::Person)).xk(S::RequestAccepted), nothing()),
            ],
        );
    }
}
