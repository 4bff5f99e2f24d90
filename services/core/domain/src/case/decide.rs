//! Decisions: one command, one file. Each may refuse and never changes anything.
//!
//! What must hold for a statement is in [`super::rule`], so that what is decided and what is
//! judged on the record cannot differ. A file here adds what only the author can know: its own
//! safeguards, and what the command means on the case as it stands. The same command again yields
//! an empty list.

pub mod file_request;
pub mod add_evidence;
pub mod give_clarification;
pub mod request_register_check;
pub mod request_interview;
pub mod request_travel_document;
pub mod notice_silence;
pub mod claim_silence;
pub mod withdraw_request;
pub mod notify_transfer;
pub mod cancel_transfer;
pub mod report_departure;
pub mod report_non_departure;
pub mod admit_request;
pub mod ask_clarification;
pub mod take_extension;
pub mod check_register;
pub mod arrange_interview;
pub mod report_interview;
pub mod decide_identity;
pub mod accept_request;
pub mod refuse_request;
pub mod return_unconsidered;
pub mod issue_travel_document;
pub mod revoke_travel_document;
pub mod object_to_transfer;
pub mod report_arrival;
pub mod place_hold;
pub mod lift_hold;
pub mod rectify;
pub mod report_unreadable;
pub mod contest_entry;
pub mod restate;
pub mod settle_dispute;
pub mod order_erasure;
pub mod close_case;
pub mod report_erasure_done;
pub mod report_obstacle;
pub mod report_obstacle_removed;

use super::Case;
use super::crossing::{self, DocumentSituation};
use super::dispute;
use super::event::{Event, Position, Statement};
use super::knowledge::View;
use super::outcome::Outcome;
use super::rejection::Rejection;
use super::rule;
use super::said::{Answer, Course, Identity, Interview};
use crate::identifier::State;
use crate::person::Particulars;
use crate::safeguard::Safeguards;
use crate::time::Instant;

/// What every command carries.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// The State that states it.
    pub by: State,
    /// When it is decided.
    pub at: Instant,
    /// The acting official, a note, and what belongs to the kind: sealed beside the statement.
    pub particulars: Particulars,
}

/// States `statement`, if its rule lets it; states nothing where it is the author's word already.
fn propose(case: &Case, ordered: Ordered, statement: Statement) -> Result<Vec<Event>, Rejection> {
    propose_guarded(case, &Safeguards::default(), ordered, statement)
}

/// As [`propose`], for what must not happen while a safeguard of the own side is open.
fn propose_guarded(
    case: &Case,
    safeguards: &Safeguards,
    ordered: Ordered,
    statement: Statement,
) -> Result<Vec<Event>, Rejection> {
    let side = case.side(ordered.by).ok_or(Rejection::OpeningMustBeHeard)?;
    rule::speaker(side, statement.kind())?;
    let view = case.view(side, ordered.at);
    if stands_already(&view, &statement) {
        return Ok(Vec::new());
    }
    if !safeguards.met() {
        return Err(Rejection::SafeguardMustBeMet);
    }
    rule::understood(view.chains, side, view.heard, statement.kind())?;
    rule::check(&view, &statement)?;
    Ok(vec![Event { statement, particulars: ordered.particulars }])
}

/// The notice of the last transfer, whatever became of it: a command that names none means this.
fn last_notice(case: &Case) -> Position {
    let last = case.said.requesting.transfers.last();
    // No entry has this position: where there is no notice, the rule says so.
    last.map_or(Position::MAX, |transfer| transfer.notice.position)
}

/// Whether the side that looks has said the same and it is still its word. Kinds whose matter is
/// in the sealed body (a question, an item of evidence, a correction, a date) may well be said
/// twice and never stand already.
fn stands_already(view: &View<'_>, statement: &Statement) -> bool {
    let asks = &view.said.requesting;
    let answers = &view.said.requested;
    let either = view.said.either(view.side);
    let answered = |same: &Answer| answers.answer.as_ref().is_some_and(|(_, said)| said == same);
    match statement {
        Statement::RegisterCheckRequested => asks.register_check.is_some(),
        Statement::InterviewRequested(office) => {
            let last = asks.interviews.last();
            crossing::interview_waits(view) && last.is_some_and(|(_, asked)| asked == office)
        }
        Statement::TravelDocumentRequested(office) => {
            let waits = matches!(crossing::document(view), DocumentSituation::Requested(_));
            let last = asks.document_requests.last();
            waits && last.is_some_and(|(_, asked)| asked == office)
        }
        Statement::SilenceNoticed => asks.notice.is_some_and(|notice| rule::counts(view, notice)),
        Statement::SilenceClaimed(_) => asks.claim.is_some(),
        Statement::RequestWithdrawn => asks.withdrawn.is_some(),
        Statement::TransferNotified(notified) => {
            asks.pending().is_some_and(|last| last.notified == *notified)
        }
        Statement::TransferCancelled(notice) => {
            ran(view, *notice, |course| matches!(course, Course::Cancelled(_)))
        }
        Statement::PersonDeparted(notice) => {
            asks.departed.is_some_and(|(_, departed)| departed == *notice)
        }
        Statement::PersonNotDeparted(notice, why) => ran(
            view,
            *notice,
            |course| matches!(course, Course::NotDeparted(_, said) if said == why),
        ),
        Statement::TakenBack => asks.taken_back.is_some(),
        Statement::ClarificationGiven(question) => asks.clarified.contains(question),
        Statement::RequestAdmitted => answers.admitted.is_some(),
        Statement::ExtensionTaken(count) => {
            answers.extension.is_some_and(|(_, taken)| taken == *count)
        }
        Statement::RegisterChecked(finding) => {
            answers.register.is_some_and(|(_, found)| found == *finding)
        }
        Statement::InterviewHeld => matches!(answers.interview, Interview::Held(_)),
        Statement::InterviewMissed => matches!(answers.interview, Interview::Missed(_)),
        Statement::IdentityConfirmed => matches!(answers.identity, Identity::Confirmed(_)),
        Statement::IdentityNotConfirmed => matches!(answers.identity, Identity::Denied(_)),
        Statement::IdentityInconclusive => matches!(answers.identity, Identity::Inconclusive(_)),
        // A renewed acceptance is for a person who was rectified since.
        Statement::RequestAccepted => {
            let renews = Outcome::of(view).accepted().is_some() && !crossing::covers_person(view);
            !answers.acceptances.is_empty() && !renews
        }
        Statement::RequestRefused(reasons) => answered(&Answer::Refused(reasons.clone())),
        Statement::ReturnedUnconsidered(reasons) => answered(&Answer::Returned(reasons.clone())),
        Statement::TravelDocumentIssued(issued) => match crossing::document(view) {
            DocumentSituation::Valid(last)
            | DocumentSituation::Suspended(last)
            | DocumentSituation::ToBeRevoked(last) => last.issued == *issued,
            DocumentSituation::None
            | DocumentSituation::Requested(_)
            | DocumentSituation::Revoked(_) => false,
        },
        Statement::TravelDocumentRevoked(issue) => answers
            .documents
            .iter()
            .any(|document| document.at.position == *issue && document.revoked.is_some()),
        Statement::TransferObjected(notice) => {
            answers.objections.iter().any(|(_, objected)| objected == notice)
        }
        Statement::PersonArrived => answers.arrived.is_some(),
        Statement::HoldPlaced => either.holds(),
        Statement::HoldLifted => !either.holds.is_empty() && !either.holds(),
        Statement::EntryUnreadable(entry) => {
            either.unreadable.iter().any(|(_, said)| said == entry)
        }
        Statement::EntryContested(entry) => either.contested.iter().any(|(_, said)| said == entry),
        Statement::Restated(it) => either.restated.iter().any(|(_, said)| *said == it.entry),
        Statement::DisputeSettled => !view.causes.is_empty() && dispute::has_said(view, view.side),
        Statement::ErasureOrdered(_) => either.erasure_ordered.is_some(),
        Statement::CaseClosed => either.closed.is_some(),
        Statement::ErasureDone => either.erasure_done.is_some(),
        Statement::ObstacleReported => either.obstacle().is_some(),
        Statement::ObstacleRemoved => !either.obstacles.is_empty() && either.obstacle().is_none(),
        Statement::KeyAnnounced(_)
        | Statement::CapabilitiesStated(_)
        | Statement::AgreementAdopted(_)
        | Statement::KeyRevoked(_)
        | Statement::ClockCorrected(_)
        | Statement::LogSucceeded(_)
        | Statement::FaultProved(_)
        | Statement::WritingResumed(_)
        | Statement::AgreementEnded(_)
        | Statement::RequestFiled(_)
        | Statement::EvidenceAdded(_)
        | Statement::ClarificationAsked
        | Statement::InterviewArranged
        | Statement::Rectified(_) => false,
    }
}

/// Whether the transfer of a notice took this course.
fn ran(view: &View<'_>, notice: Position, course: impl Fn(&Course) -> bool) -> bool {
    let transfer = view.said.requesting.transfer(notice);
    transfer.is_some_and(|transfer| course(&transfer.course))
}
