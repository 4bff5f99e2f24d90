//! A named official decides on identity and nationality. A register or biometric match is a
//! finding; it confirms nothing by itself.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// A named official's verdict.
#[derive(Clone, Debug)]
pub struct DecideIdentity {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The verdict.
    pub verdict: IdentityVerdict,
}

/// A verdict on identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityVerdict {
    /// Confirmed.
    Confirmed,
    /// Denied.
    NotConfirmed,
    /// Neither.
    Inconclusive,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::IdentityConfirmed`] that is broken.
pub fn decide_identity(case: &Case, command: DecideIdentity) -> Result<Vec<Event>, Rejection> {
    let statement = match command.verdict {
        IdentityVerdict::Confirmed => Statement::IdentityConfirmed,
        IdentityVerdict::NotConfirmed => Statement::IdentityNotConfirmed,
        IdentityVerdict::Inconclusive => Statement::IdentityInconclusive,
    };
    propose(case, command.ordered, statement)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;

    use crate::case::story::{XK, check, filed, nothing, refusal, refused, states, withdrawn};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn identity_is_decided_once_unless_inconclusive() {
        check(
            XK,
            Kind::IdentityConfirmed,
            |given| {
                decide_identity(
                    &given.case(),
                    DecideIdentity {
                        ordered: given.ordered(),
                        verdict: IdentityVerdict::Confirmed,
                    },
                )
            },
            [
                (filed(), states(S::IdentityConfirmed)),
                (filed().xk(S::IdentityInconclusive), states(S::IdentityConfirmed)),
                (filed().xk(S::IdentityConfirmed), nothing()),
                (filed().xk(S::IdentityNotConfirmed), Err(R::IdentityMustBeDecidedOnce)),
                (refused(), Err(R::RequestMustBeOpen)),
                (filed().xk(S::IdentityNotConfirmed).xk(refusal()), Err(R::RequestMustBeOpen)),
                (withdrawn(), Err(R::RequestMustBeOpen)),
            ],
        );
    }

    #[test]
    fn each_verdict_stands_once() {
        for (verdict, statement) in [
            (IdentityVerdict::Confirmed, S::IdentityConfirmed),
            (IdentityVerdict::NotConfirmed, S::IdentityNotConfirmed),
            (IdentityVerdict::Inconclusive, S::IdentityInconclusive),
        ] {
            check(
                XK,
                statement.kind(),
                |given| {
                    let command = DecideIdentity { ordered: given.ordered(), verdict };
                    decide_identity(&given.case(), command)
                },
                [(filed(), states(statement.clone())), (filed().xk(statement.clone()), nothing())],
            );
        }
    }
}
