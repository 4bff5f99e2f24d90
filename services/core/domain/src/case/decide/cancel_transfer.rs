//! A transfer that was notified will not take place.

use super::{Ordered, last_notice, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The pending transfer will not take place.
#[derive(Clone, Debug)]
pub struct CancelTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferCancelled`] that is broken.
pub fn cancel_transfer(case: &Case, command: CancelTransfer) -> Result<Vec<Event>, Rejection> {
    let notice = last_notice(case);
    propose(case, command.ordered, Statement::TransferCancelled(notice))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::NonDeparture;
    use crate::case::event::Position;

    use crate::case::story::{
        NL, Story, check, departed, document_issued, nothing, states, transfer_notified,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: Position = 3;

    #[test]
    fn the_pending_transfer_is_cancelled_once() {
        check(
            NL,
            Kind::TransferCancelled,
            |given| cancel_transfer(&given.case(), CancelTransfer { ordered: given.ordered() }),
            [
                (transfer_notified(), states(S::TransferCancelled(NOTICE))),
                (
                    transfer_notified().xk(S::TransferObjected(NOTICE)),
                    states(S::TransferCancelled(NOTICE)),
                ),
                (transfer_notified().xk(S::HoldPlaced), states(S::TransferCancelled(NOTICE))),
                // Symptom: the same cancellation again was refused instead of leading to nothing.
                (transfer_notified().nl(S::TransferCancelled(NOTICE)), nothing()),
                (document_issued(), Err(R::TransferMustBePending)),
                (departed(), Err(R::TransferMustBePending)),
                (stayed(), Err(R::TransferMustBePending)),
            ],
        );
    }

    fn stayed() -> Story {
        transfer_notified().nl(S::PersonNotDeparted(NOTICE, NonDeparture::Unfit))
    }
}
