//! Decisions: one command, one file. Each may refuse and never changes anything.
//!
//! What must hold for a statement is in [`super::rule`], so that what is decided and what is
//! judged on the record cannot differ. A file here adds what only the author can know: its own
//! safeguards, and what the command means on the case as it stands. The same command again yields
//! an empty list.

pub mod accept_request;
pub mod add_evidence;
pub mod admit_request;
pub mod arrange_interview;
pub mod ask_clarification;
pub mod cancel_transfer;
pub mod check_register;
pub mod claim_silence;
pub mod close_case;
pub mod decide_identity;
pub mod file_request;
pub mod give_clarification;
pub mod issue_travel_document;
pub mod lift_hold;
pub mod notice_silence;
pub mod notify_transfer;
pub mod object_to_transfer;
pub mod place_hold;
pub mod rectify;
pub mod refuse_request;
pub mod report_arrival;
pub mod report_departure;
pub mod report_interview;
pub mod report_non_departure;
pub mod request_interview;
pub mod request_register_check;
pub mod request_travel_document;
pub mod return_unconsidered;
pub mod revoke_travel_document;
pub mod withdraw_request;

use super::event::{Event, Kind, Position, Statement};
use super::rejection::Rejection;
use super::rule;
use super::{Case, said::Side};
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

/// States `statement`, if its rule lets it; states nothing where it has been stated already.
fn propose(case: &Case, ordered: Ordered, statement: Statement) -> Result<Vec<Event>, Rejection> {
    let side = case.side(ordered.by).ok_or(Rejection::OpeningMustBeHeard)?;
    if stands_already(case, side, &statement) {
        return Ok(Vec::new());
    }
    let view = case.view(side, ordered.at);
    rule::understood(view.chains, side, view.heard, statement.kind())?;
    rule::check(&view, &statement)?;
    Ok(vec![Event {
        statement,
        particulars: ordered.particulars,
    }])
}

/// No safeguard of the own side may be open.
fn met(safeguards: &Safeguards) -> Result<(), Rejection> {
    if safeguards.met() {
        Ok(())
    } else {
        Err(Rejection::SafeguardMustBeMet)
    }
}

/// The notice of the pending transfer.
fn pending(case: &Case) -> Result<Position, Rejection> {
    let pending = case.said.requesting.pending();
    pending
        .map(|transfer| transfer.notice.position)
        .ok_or(Rejection::TransferMustBePending)
}

/// Whether the side has said the same and it is still its word. Kinds that may well be said
/// twice (a question, an item of evidence, a correction, a new date, a new document, a new
/// transfer) never stand already.
fn stands_already(case: &Case, side: Side, statement: &Statement) -> bool {
    let kind = statement.kind();
    let mut own = case
        .history
        .iter()
        .filter(|judged| judged.side == side && judged.verdict.stands());
    let said = |judged: &super::knowledge::Judged| judged.statement.as_deref() == Some(statement);
    match kind {
        Kind::HoldPlaced => case.said.either(side).holds(),
        // A renewed acceptance is for a person who was rectified since.
        Kind::RequestAccepted => own.any(said) && case.covers_person == super::Coverage::Covered,
        Kind::RegisterCheckRequested
        | Kind::SilenceNoticed
        | Kind::RequestWithdrawn
        | Kind::TransferCancelled
        | Kind::PersonDeparted
        | Kind::TakenBack
        | Kind::RequestAdmitted
        | Kind::RegisterChecked
        | Kind::IdentityConfirmed
        | Kind::IdentityNotConfirmed
        | Kind::RequestRefused
        | Kind::ReturnedUnconsidered
        | Kind::TravelDocumentRevoked
        | Kind::TransferObjected
        | Kind::PersonArrived
        | Kind::CaseClosed
        | Kind::ClarificationGiven => own.any(said),
        Kind::SilenceClaimed => case.said.requesting.claim.is_some(),
        Kind::KeyAnnounced
        | Kind::CapabilitiesStated
        | Kind::AgreementAdopted
        | Kind::RequestFiled
        | Kind::EvidenceAdded
        | Kind::InterviewRequested
        | Kind::TravelDocumentRequested
        | Kind::TransferNotified
        | Kind::PersonNotDeparted
        | Kind::ClarificationAsked
        | Kind::InterviewArranged
        | Kind::InterviewHeld
        | Kind::InterviewMissed
        | Kind::IdentityInconclusive
        | Kind::TravelDocumentIssued
        | Kind::HoldLifted
        | Kind::Rectified => false,
    }
}
