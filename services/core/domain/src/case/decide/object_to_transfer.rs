//! The requested State objects to a transfer.

use super::{Ordered, last_notice, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The pending transfer is objected to; why is in the particulars.
#[derive(Clone, Debug)]
pub struct ObjectToTransfer {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::TransferObjected`] that is broken.
pub fn object_to_transfer(case: &Case, command: ObjectToTransfer) -> Result<Vec<Event>, Rejection> {
    let notice = last_notice(case);
    propose(case, command.ordered, Statement::TransferObjected(notice))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Position;

    use crate::case::story::{
        Story, XK, check, departed, document_issued, nothing, states, transfer_notified,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: Position = 3;

    #[test]
    fn the_pending_transfer_is_objected_to_once() {
        check(
            XK,
            Kind::TransferObjected,
            |given| {
                object_to_transfer(&given.case(), ObjectToTransfer { ordered: given.ordered() })
            },
            [
                (transfer_notified(), states(S::TransferObjected(NOTICE))),
                (transfer_notified().nl(S::HoldPlaced), states(S::TransferObjected(NOTICE))),
                (transfer_notified().xk(S::TransferObjected(NOTICE)), nothing()),
                (objected_and_cancelled(), nothing()),
                (
                    transfer_notified().nl(S::TransferCancelled(NOTICE)),
                    Err(R::TransferMustBePending),
                ),
                (document_issued(), Err(R::TransferMustBePending)),
                (departed(), Err(R::TransferMustBePending)),
            ],
        );
    }

    fn objected_and_cancelled() -> Story {
        transfer_notified().xk(S::TransferObjected(NOTICE)).nl(S::TransferCancelled(NOTICE))
    }
}
