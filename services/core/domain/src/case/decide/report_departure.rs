//! The person has left, or is about to board: the last gate before what cannot be undone.

use super::{Ordered, last_notice, propose_guarded};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::safeguard::Safeguards;

/// The person has left under the pending notice.
#[derive(Clone, Debug)]
pub struct ReportDeparture {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it: everything that DESIGN 5 asks of a departure, and no open safeguard.
///
/// # Errors
/// The first condition that is not met.
pub fn report_departure(
    case: &Case,
    safeguards: &Safeguards,
    command: ReportDeparture,
) -> Result<Vec<Event>, Rejection> {
    let departed = case.said.requesting.departed;
    let notice = departed.map_or_else(|| last_notice(case), |(_, notice)| notice);
    let statement = Statement::PersonDeparted(notice);
    propose_guarded(case, safeguards, command.ordered, statement)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::case::event::Kind;
    use crate::case::event::Position;
    use crate::case::event::Rectified;
    use crate::case::history::rules;
    use crate::chain::Content;

    use crate::case::story::{
        NL, Story, XK, accepted, check, departed, document_issued, document_requested, filed,
        filed_under, nothing, noticed, ready_to_depart, states, transfer, transfer_notified,
    };
    use Rejection as R;
    use Statement as S;

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: Position = 3;

    #[test]
    fn a_person_leaves_when_everything_that_a_departure_needs_is_there() {
        check(
            NL,
            Kind::PersonDeparted,
            |given| {
                report_departure(
                    &given.case(),
                    &given.safeguards(),
                    ReportDeparture { ordered: given.ordered() },
                )
            },
            [
                (ready_to_depart(), states(S::PersonDeparted(NOTICE))),
                (departed(), nothing()),
                (departed().unsafely(), nothing()),
                (departed().xk(S::PersonArrived), nothing()),
                (ready_to_depart().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed().unsafely(), Err(R::SafeguardMustBeMet)),
                (filed(), Err(R::RequestMustBeAccepted)),
                (ready_to_depart().nl(S::RequestWithdrawn), Err(R::RequestMustBeAccepted)),
                (claimed_unheard(), Err(R::AcceptanceMustBeConfirmed)),
                (
                    ready_to_depart().xk(S::Rectified(Rectified::Person)),
                    Err(R::AcceptanceMustCoverThePerson),
                ),
                (
                    ready_to_depart().nl(S::Rectified(Rectified::Other)),
                    states(S::PersonDeparted(NOTICE)),
                ),
                (document_issued(), Err(R::TransferMustBePending)),
                (ready_to_depart().nl(S::TransferCancelled(NOTICE)), Err(R::TransferMustBePending)),
                (ready_to_depart().nl(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (ready_to_depart().xk(S::HoldPlaced), Err(R::HoldMustBeLifted)),
                (
                    ready_to_depart().xk(S::HoldPlaced).xk(S::TransferObjected(NOTICE)),
                    Err(R::HoldMustBeLifted),
                ),
                (
                    ready_to_depart().xk(S::HoldPlaced).xk(S::HoldLifted),
                    states(S::PersonDeparted(NOTICE)),
                ),
                (
                    ready_to_depart().xk(S::TransferObjected(NOTICE)),
                    Err(R::TransferMustNotBeObjectedTo),
                ),
                (revoked(), Err(R::TravelDocumentMustBeValid)),
                (ready_to_depart().days(110), Err(R::TravelDocumentMustBeValid)),
                (transfer_notified(), Err(R::TransferNoticeMustBeHeardInTime)),
                (transfer_notified().days(5), Err(R::TransferNoticeMustBeHeardInTime)),
                // Noticed on Monday at nine: the notice is over when Wednesday is, at 23:00 UTC.
                (
                    transfer_notified().days(2).hours(14).heartbeat(),
                    Err(R::TransferNoticeMustBeHeardInTime),
                ),
                (
                    transfer_notified().days(2).hours(15).heartbeat(),
                    states(S::PersonDeparted(NOTICE)),
                ),
                (unheard_notice(), Err(R::TransferNoticeMustBeHeardInTime)),
                (late_document(), states(S::PersonDeparted(NOTICE))),
                (document_not_late(), Err(R::TravelDocumentMustBeValid)),
                (without_notice_period(23), Err(R::TransferNoticeMustBeHeardInTime)),
                (without_notice_period(24), states(S::PersonDeparted(2))),
            ],
        );
    }

    fn claimed_unheard() -> Story {
        let noticed = noticed();
        let cited = noticed.word_of_xk();
        noticed.unheard(NL, S::SilenceClaimed(cited))
    }

    fn revoked() -> Story {
        let ready = ready_to_depart();
        let issue = ready.last(XK);
        ready.xk(S::TravelDocumentRevoked(issue))
    }

    /// Kosovo has spoken after the notice period, and never heard the notice.
    fn unheard_notice() -> Story {
        let mut given = document_issued().unheard(NL, S::TransferNotified(transfer(7))).days(5);
        given.history.says(XK, []);
        given.history.hears(NL);
        given
    }

    /// The document has been asked for, and three working days are over.
    fn late_document() -> Story {
        document_requested().nl(S::TransferNotified(transfer(7))).days(5).heartbeat()
    }

    /// The document has been asked for just now.
    fn document_not_late() -> Story {
        let requested = document_requested();
        let request = match &requested.history.asks.own.entries.last().unwrap().content {
            Content::Stated(statement) => (**statement).clone(),
            Content::NotUnderstood => unreachable!("it was stated"),
        };
        accepted().nl(S::TransferNotified(transfer(7))).days(5).nl(request).heartbeat()
    }

    /// Under an agreement without travel documents or a notice period: the grace is left.
    fn without_notice_period(hours: u64) -> Story {
        let mut rules = rules();
        rules.travel_document = None;
        rules.transfer_notice = None;
        let accepted = filed_under(&rules).xk(S::RequestAccepted);
        accepted.nl(S::TransferNotified(transfer(7))).hours(hours).heartbeat()
    }
}
