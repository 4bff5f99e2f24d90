//! The partner is told of a transfer.

use super::{Ordered, propose_guarded};
use crate::case::Case;
use crate::case::event::{Event, Statement, TransferNotified};
use crate::case::rejection::Rejection;
use crate::safeguard::Safeguards;

/// The partner is told of a transfer.
#[derive(Clone, Debug)]
pub struct NotifyTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Day and mode.
    pub transfer: TransferNotified,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferNotified`] that is broken, or an open safeguard.
pub fn notify_transfer(
    case: &Case,
    safeguards: &Safeguards,
    command: NotifyTransfer,
) -> Result<Vec<Event>, Rejection> {
    propose_guarded(
        case,
        safeguards,
        command.ordered,
        Statement::TransferNotified(command.transfer),
    )
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Position;
    use crate::case::event::Rectified;
    use crate::clock::NotComputable;
    use crate::rules::Years;

    use crate::case::story::{
        NL, Story, accepted, accepted_by_silence, check, departed, document_issued, filed, nothing,
        noticed, states, transfer, transfer_notified,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: Position = 3;

    #[test]
    fn a_transfer_of_a_confirmed_acceptance_is_notified_one_at_a_time() {
        check(
            NL,
            Kind::TransferNotified,
            |given| {
                notify_transfer(
                    &given.case(),
                    &given.safeguards(),
                    NotifyTransfer { ordered: given.ordered(), transfer: transfer(7) },
                )
            },
            [
                (document_issued(), states(S::TransferNotified(transfer(7)))),
                (accepted(), states(S::TransferNotified(transfer(7)))),
                (accepted_by_silence(), Err(R::TransferNoticeMustBeLongEnough)),
                (transfer_notified(), nothing()),
                (transfer_notified().unsafely(), nothing()),
                (transfer_notified().nl(S::HoldPlaced), nothing()),
                (document_issued().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed(), Err(R::RequestMustBeAccepted)),
                (accepted().nl(S::RequestWithdrawn), Err(R::RequestMustBeAccepted)),
                (claimed_unheard(), Err(R::AcceptanceMustBeConfirmed)),
                (
                    accepted().nl(S::Rectified(Rectified::Person)),
                    Err(R::AcceptanceMustCoverThePerson),
                ),
                (departed(), Err(R::PersonMustNotHaveDeparted)),
                (
                    document_issued().nl(S::TransferNotified(transfer(9))),
                    Err(R::TransferMustNotBePendingAlready),
                ),
                (cancelled(), states(S::TransferNotified(transfer(7)))),
                (document_issued().nl(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (document_issued().xk(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (document_issued().days(5), Err(R::TransferNoticeMustBeLongEnough)),
            ],
        );
    }

    fn claimed_unheard() -> Story {
        let noticed = noticed();
        let cited = noticed.word_of_xk();
        noticed.unheard(NL, S::SilenceClaimed(cited))
    }

    fn cancelled() -> Story {
        transfer_notified().nl(S::TransferCancelled(NOTICE))
    }

    #[test]
    fn a_transfer_keeps_the_notice_and_the_limit() {
        let years = Years { first: 2026, last: 2027 };
        let computable = NotComputable::BeyondCoveredYears { years };
        for (days, expected) in [
            // Noticed on Monday: Tuesday and Wednesday are the notice.
            (2, Err(R::TransferNoticeMustBeLongEnough)),
            (3, states(S::TransferNotified(transfer(3)))),
            // Accepted on 2 March: until 2 June.
            (92, states(S::TransferNotified(transfer(92)))),
            (93, Err(R::TransferMustBeWithinLimit)),
            (1000, Err(R::DeadlineMustBeComputable(computable))),
        ] {
            let given = document_issued().by(NL);
            let command = NotifyTransfer { ordered: given.ordered(), transfer: transfer(days) };
            let then = notify_transfer(&given.case(), &given.safeguards(), command);
            let then = then.map(|events| events.into_iter().map(|it| it.statement).collect());
            assert_eq!(then, expected, "in {days} days");
        }
    }
}
