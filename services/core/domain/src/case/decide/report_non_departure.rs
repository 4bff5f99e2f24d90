//! The person has not left.

use super::{Ordered, last_notice, propose};
use crate::case::Case;
use crate::case::event::{Event, NonDeparture, Statement};
use crate::case::rejection::Rejection;

/// The person has not left under the pending notice.
#[derive(Clone, Debug)]
pub struct ReportNonDeparture {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// Why.
    pub reason: NonDeparture,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::PersonNotDeparted`] that is broken.
pub fn report_non_departure(
    case: &Case,
    command: ReportNonDeparture,
) -> Result<Vec<Event>, Rejection> {
    let notice = last_notice(case);
    propose(case, command.ordered, Statement::PersonNotDeparted(notice, command.reason))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Position;

    use crate::case::story::{
        NL, Story, check, departed, document_issued, nothing, states, transfer_notified,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: Position = 3;

    #[test]
    fn a_pending_transfer_is_not_taken_once() {
        check(
            NL,
            Kind::PersonNotDeparted,
            |given| {
                report_non_departure(
                    &given.case(),
                    ReportNonDeparture { ordered: given.ordered(), reason: NonDeparture::Unfit },
                )
            },
            [
                (transfer_notified(), states(S::PersonNotDeparted(NOTICE, NonDeparture::Unfit))),
                // Symptom: the same report again was refused instead of leading to nothing.
                (stayed(NonDeparture::Unfit), nothing()),
                (stayed(NonDeparture::Absconded), Err(R::TransferMustBePending)),
                (
                    transfer_notified().nl(S::TransferCancelled(NOTICE)),
                    Err(R::TransferMustBePending),
                ),
                (departed(), Err(R::TransferMustBePending)),
                (document_issued(), Err(R::TransferMustBePending)),
            ],
        );
    }

    fn stayed(why: NonDeparture) -> Story {
        transfer_notified().nl(S::PersonNotDeparted(NOTICE, why))
    }
}
