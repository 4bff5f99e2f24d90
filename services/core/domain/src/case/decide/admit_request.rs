//! The request is complete and in the authority's queue.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The request is complete and in the authority's queue.
#[derive(Clone, Debug)]
pub struct AdmitRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::RequestAdmitted`] that is broken.
pub fn admit_request(case: &Case, command: AdmitRequest) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::RequestAdmitted)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{Story, XK, check, filed, nothing, refusal, refused, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_open_request_is_admitted_once() {
        check(
            XK,
            Kind::RequestAdmitted,
            |given| admit_request(&given.case(), AdmitRequest { ordered: given.ordered() }),
            [
                (filed(), states(S::RequestAdmitted)),
                (filed().xk(S::RequestAdmitted), nothing()),
                (refused(), Err(R::RequestMustBeOpen)),
                (refused_after_admission(), nothing()),
            ],
        );
    }

    fn refused_after_admission() -> Story {
        filed().xk(S::RequestAdmitted).xk(refusal())
    }
}
