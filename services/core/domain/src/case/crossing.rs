//! Concurrent acts: what follows when neither State had heard the other (DESIGN 5, the table).
//!
//! Each State's entries change its own half only; everything here is derived from both halves,
//! so the order in which they arrive cannot matter.

use super::event::{Kind, Rectified};
use super::knowledge::{Judged, Verdict, View};
use super::outcome::{Ground, Outcome, heard_by};
use super::rejection::Rejection;
use super::said::{At, Course, Document, Interview, Side, Transfer};
use crate::clock;
use crate::mutant;
use crate::time::Instant;

/// The travel document of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentSituation {
    /// None has been asked for.
    None,
    /// Asked for, not issued.
    Requested(At),
    /// Issued, and nothing stands against it. Whether it has expired depends on the day.
    Valid(Document),
    /// Issued, and a hold is in place.
    Suspended(Document),
    /// Issued, and the request is withdrawn: to be revoked by the State that issued it.
    ToBeRevoked(Document),
    /// Revoked.
    Revoked(Document),
}

/// The transfer of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransferSituation {
    /// None has been notified.
    None,
    /// Notified, and nothing stands against it.
    Notified(Transfer),
    /// Notified, and stopped.
    Stopped(Transfer, Stop),
    /// It was tried, and the person has not left.
    NotDeparted(Transfer),
    /// The person has left.
    Departed(At, Crossed),
    /// The person has arrived.
    Arrived(At, Crossed),
    /// The person was taken back.
    TakenBack(At),
}

/// What stopped a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// A hold of either State.
    Hold,
    /// An objection of the requested State.
    Objection,
    /// A cancellation.
    Cancellation,
    /// A withdrawal of the request.
    Withdrawal,
}

/// Whether a departure crossed a hold, an objection or a revocation that it had not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Crossed {
    /// It did not.
    No,
    /// It did: an alarm on both sides, and a duty to take the person back.
    Yes,
}

/// The travel document, in a view.
#[must_use]
pub(crate) fn document(view: &View<'_>) -> DocumentSituation {
    let asked = view.said.requesting.document_requests.last().map(|(at, _)| *at);
    let Some(last) = view.said.requested.documents.last() else {
        return asked.map_or(DocumentSituation::None, DocumentSituation::Requested);
    };
    let asked_again = asked.filter(|asked| heard_by(view, Side::Requesting, *asked, last.at));
    if last.revoked.is_some() {
        return asked_again.map_or(DocumentSituation::Revoked(*last), DocumentSituation::Requested);
    }
    let withdrawn = view.said.requesting.withdrawn.is_some();
    if withdrawn && !mutant::broken("a document outlives a withdrawal") {
        return DocumentSituation::ToBeRevoked(*last);
    }
    // Another is asked for only where the last one had expired.
    if let Some(asked) = asked_again {
        return DocumentSituation::Requested(asked);
    }
    if view.said.held() && !mutant::broken("a hold suspends no document") {
        return DocumentSituation::Suspended(*last);
    }
    DocumentSituation::Valid(*last)
}

/// Whether a document's last day is over at a moment, in the time of the State that issued it. A
/// moment that the rules do not cover counts as after it.
#[must_use]
pub(crate) fn expired(view: &View<'_>, document: &Document, at: Instant) -> bool {
    let state = view.chains.requested.author;
    let today = view.rules.map(|rules| clock::day_of(rules, at, state));
    !matches!(today, Some(Ok(today)) if today <= document.issued.valid_until)
        && !mutant::broken("a document never expires")
}

/// Whether an interview has been asked for and is still to come. A request that was made knowing
/// how the last interview went asks for another.
#[must_use]
pub(crate) fn interview_waits(view: &View<'_>) -> bool {
    let Some((asked, _)) = view.said.requesting.interviews.last() else {
        return false;
    };
    match view.said.requested.interview {
        Interview::NotArranged | Interview::Arranged(_) => true,
        Interview::Held(over) | Interview::Missed(over) => {
            heard_by(view, Side::Requesting, *asked, over)
        }
    }
}

/// The transfer, in a view.
#[must_use]
pub(crate) fn transfer(view: &View<'_>, judged: &[Judged]) -> TransferSituation {
    let asks = &view.said.requesting;
    if let Some(at) = asks.taken_back {
        return TransferSituation::TakenBack(at);
    }
    if let Some((departed, _)) = asks.departed {
        let crossed = crossed(view, departed, judged);
        return match view.said.requested.arrived {
            Some(arrived) => TransferSituation::Arrived(arrived, crossed),
            None => TransferSituation::Departed(departed, crossed),
        };
    }
    let Some(last) = asks.transfers.last() else {
        return TransferSituation::None;
    };
    let notice = last.notice.position;
    let objected = view.said.requested.objections.iter().any(|(_, objected)| *objected == notice);
    let stop = match last.course {
        Course::NotDeparted(..) => return TransferSituation::NotDeparted(last.clone()),
        Course::Cancelled(_) => Some(Stop::Cancellation),
        Course::Pending | Course::Departed(_) if asks.withdrawn.is_some() => Some(Stop::Withdrawal),
        Course::Pending | Course::Departed(_) if objected => Some(Stop::Objection),
        Course::Pending | Course::Departed(_) if view.said.held() => Some(Stop::Hold),
        Course::Pending | Course::Departed(_) => None,
    };
    let goes_on = match stop {
        Some(Stop::Hold) => mutant::broken("a hold stops no transfer"),
        Some(Stop::Objection) => mutant::broken("an objection stops no transfer"),
        Some(Stop::Cancellation) => mutant::broken("a cancellation stops no transfer"),
        Some(Stop::Withdrawal) => mutant::broken("a withdrawal stops no transfer"),
        None => true,
    };
    match stop.filter(|_| !goes_on) {
        Some(stop) => TransferSituation::Stopped(last.clone(), stop),
        None => TransferSituation::Notified(last.clone()),
    }
}

/// Whether the requested State had placed a hold, objected or revoked the document without
/// having heard of the departure, and the departure without having heard of it.
fn crossed(view: &View<'_>, departed: At, judged: &[Judged]) -> Crossed {
    let against = [Kind::HoldPlaced, Kind::TransferObjected, Kind::TravelDocumentRevoked];
    let crosses = judged.iter().any(|entry| {
        let kind = entry.statement.as_ref().map(|statement| statement.kind());
        entry.side == Side::Requested
            && entry.verdict.stands()
            && kind.is_some_and(|kind| against.contains(&kind))
            && !heard_by(view, Side::Requesting, departed, entry.at)
            && (!heard_by(view, Side::Requested, entry.at, departed)
                || mutant::broken("what knew of a departure crosses it"))
    });
    let crosses = crosses && !mutant::broken("nothing crosses a departure");
    if crosses { Crossed::Yes } else { Crossed::No }
}

/// Marks the answer that a concurrent withdrawal, or a silence proved before it was heard, left
/// without effect. It is kept and shown. An acceptance that arrives after the silence had been
/// proved keeps its force: it says whom it covers.
pub(crate) fn overtake(outcome: Outcome, judged: &mut [Judged]) {
    let withdrawn = matches!(outcome, Outcome::Withdrawn(_));
    let silence = matches!(
        outcome,
        Outcome::Settled(settlement) | Outcome::CancelledAfter(settlement, _)
            if settlement.deciding().0 == Side::Requesting
    );
    for entry in judged.iter_mut().filter(|entry| entry.verdict.stands()) {
        let kind = entry.statement.as_ref().map(|statement| statement.kind());
        let against = matches!(kind, Some(Kind::RequestRefused | Kind::ReturnedUnconsidered));
        let answers = against || kind == Some(Kind::RequestAccepted);
        if mutant::broken("nothing is overtaken") {
            break;
        }
        if withdrawn && answers {
            entry.verdict = Verdict::Ineffective(Rejection::RequestMustNotBeWithdrawn);
        } else if silence && against {
            entry.verdict = Verdict::Ineffective(Rejection::RequestMustBeOpen);
        }
    }
}

/// Whether the acceptance covers the person as last rectified: whoever accepted had heard, or
/// said, every correction of the person.
#[must_use]
pub(crate) fn covers_person(view: &View<'_>) -> bool {
    let Some(ground) = Outcome::of(view).accepted() else {
        return false;
    };
    if mutant::broken("an acceptance covers whoever it turns out to be") {
        return true;
    }
    let renewed = view.said.requested.acceptances.last().copied();
    let person = |rectified: &&(At, Rectified)| rectified.1 == Rectified::Person;
    let knew = |by: Side, at: At| match (renewed, ground) {
        // The last acceptance is what is measured, whoever corrected the person.
        (Some(acceptance), _) => match by {
            Side::Requested => at.position < acceptance.position,
            Side::Requesting => heard_by(view, Side::Requested, acceptance, at),
        },
        // Accepted by silence: the dispatch that proved it must have heard the correction.
        (None, Ground::Silence(claim)) => match by {
            Side::Requested => heard_by(view, Side::Requesting, claim, at),
            Side::Requesting => view.said.requesting.claim.is_some_and(|(_, cited)| {
                let proof = view.chains.requested.dispatches.get(&cited.number);
                proof.and_then(|proof| proof.heard).is_some_and(|it| it.number >= at.dispatch)
            }),
        },
        (None, Ground::Answer(_)) => false,
    };
    [Side::Requesting, Side::Requested]
        .into_iter()
        .all(|by| view.said.either(by).rectified.iter().filter(person).all(|(at, _)| knew(by, *at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::event::{NonDeparture, Statement as S};
    use crate::case::story::{
        NL, Story, accepted, departed, document_issued, document_requested, filed,
        transfer_notified,
    };

    /// The Dutch log holds its adoption, the request, that for a document, then the notice.
    const NOTICE: u64 = 3;
    /// Kosovo's log holds its adoption, the acceptance, then the issue.
    const ISSUE: u64 = 2;

    #[test]
    fn a_transfer_is_stopped_by_what_stops_it_first() {
        let transfer = |story: Story| match story.by(NL).case().transfer {
            TransferSituation::None => "none",
            TransferSituation::Notified(_) => "notified",
            TransferSituation::Stopped(_, Stop::Hold) => "hold",
            TransferSituation::Stopped(_, Stop::Objection) => "objection",
            TransferSituation::Stopped(_, Stop::Cancellation) => "cancellation",
            TransferSituation::Stopped(_, Stop::Withdrawal) => "withdrawal",
            TransferSituation::NotDeparted(_) => "not departed",
            TransferSituation::Departed(_, Crossed::No) => "departed",
            TransferSituation::Arrived(_, Crossed::No) => "arrived",
            TransferSituation::Departed(_, Crossed::Yes)
            | TransferSituation::Arrived(_, Crossed::Yes) => "crossed",
            TransferSituation::TakenBack(_) => "taken back",
        };
        let unfit = S::PersonNotDeparted(NOTICE, NonDeparture::Unfit);
        for (story, expected) in [
            (document_issued(), "none"),
            (transfer_notified(), "notified"),
            (transfer_notified().nl(S::HoldPlaced), "hold"),
            (transfer_notified().xk(S::HoldPlaced), "hold"),
            (transfer_notified().xk(S::HoldPlaced).xk(S::HoldLifted), "notified"),
            (transfer_notified().xk(S::TransferObjected(NOTICE)), "objection"),
            (transfer_notified().xk(S::TransferObjected(NOTICE)).xk(S::HoldPlaced), "objection"),
            (transfer_notified().nl(S::RequestWithdrawn), "withdrawal"),
            (objected().nl(S::RequestWithdrawn), "withdrawal"),
            (objected().nl(S::TransferCancelled(NOTICE)), "cancellation"),
            (
                transfer_notified().nl(S::TransferCancelled(NOTICE)).nl(S::RequestWithdrawn),
                "cancellation",
            ),
            // A report about a transfer that is not pending stands, marked, and changes nothing.
            (
                transfer_notified().nl(S::TransferCancelled(NOTICE)).nl(unfit.clone()),
                "cancellation",
            ),
            (transfer_notified().nl(unfit), "not departed"),
            (departed(), "departed"),
            (departed().xk(S::HoldPlaced), "departed"),
            (departed().xk(S::PersonArrived), "arrived"),
            (departed().nl(S::TakenBack), "taken back"),
        ] {
            assert_eq!(transfer(story), expected);
        }
    }

    fn objected() -> Story {
        transfer_notified().xk(S::TransferObjected(NOTICE))
    }

    #[test]
    fn a_travel_document_is_what_was_last_said_of_it() {
        let document = |story: Story| match story.by(NL).case().document {
            DocumentSituation::None => "none",
            DocumentSituation::Requested(_) => "requested",
            DocumentSituation::Valid(_) => "valid",
            DocumentSituation::Suspended(_) => "suspended",
            DocumentSituation::ToBeRevoked(_) => "to be revoked",
            DocumentSituation::Revoked(_) => "revoked",
        };
        let revoked = || document_issued().xk(S::TravelDocumentRevoked(ISSUE));
        for (story, expected) in [
            (filed(), "none"),
            (accepted(), "none"),
            (document_requested(), "requested"),
            (document_requested().nl(S::HoldPlaced), "requested"),
            (document_issued(), "valid"),
            (document_issued().nl(S::HoldPlaced), "suspended"),
            (document_issued().xk(S::HoldPlaced), "suspended"),
            (document_issued().nl(S::RequestWithdrawn), "to be revoked"),
            (document_issued().nl(S::HoldPlaced).nl(S::RequestWithdrawn), "to be revoked"),
            (revoked(), "revoked"),
            (revoked().nl(S::RequestWithdrawn), "revoked"),
        ] {
            assert_eq!(document(story), expected);
        }
    }
}
