//! `OpenSafeguard` and `MeetSafeguard`: on this side of a case alone, in the local log.

use domain::identifier::Office;
use domain::person::{Acting, NOTE_CHARS_MAX, Particulars, Text};
use domain::referral::{LocalEvent, LocalStatement, Safeguard};
use proto::command::v1::{Purpose, Receipt};
use proto::node::v1 as wire;
use runtime::caller::Caller;
use runtime::command::{
    Command, Decision, Effort, Kind, Ordered, Reading, RequestId, payload_digest, run,
};
use runtime::failure::Failure;

use super::Operator;

/// What is to become of a safeguard.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Open,
    Meet,
}

/// What both requests say.
struct Asked {
    request_id: String,
    validate_only: bool,
    note: String,
    case: String,
    safeguard: wire::Safeguard,
}

pub(super) async fn open_safeguard(
    operator: &Operator,
    caller: &Caller,
    request: wire::OpenSafeguardRequest,
) -> Result<wire::OpenSafeguardResponse, Failure> {
    let digest = payload_digest("OpenSafeguard", &request);
    let asked = Asked {
        safeguard: request.safeguard(),
        request_id: request.request_id,
        validate_only: request.validate_only,
        note: request.note,
        case: request.case,
    };
    let receipt = turn(operator, caller, asked, digest, Turn::Open).await?;
    Ok(wire::OpenSafeguardResponse { receipt: Some(receipt) })
}

pub(super) async fn meet_safeguard(
    operator: &Operator,
    caller: &Caller,
    request: wire::MeetSafeguardRequest,
) -> Result<wire::MeetSafeguardResponse, Failure> {
    let digest = payload_digest("MeetSafeguard", &request);
    let asked = Asked {
        safeguard: request.safeguard(),
        request_id: request.request_id,
        validate_only: request.validate_only,
        note: request.note,
        case: request.case,
    };
    let receipt = turn(operator, caller, asked, digest, Turn::Meet).await?;
    Ok(wire::MeetSafeguardResponse { receipt: Some(receipt) })
}

/// States it, unless it is so already.
async fn turn(
    operator: &Operator,
    caller: &Caller,
    asked: Asked,
    digest: domain::identifier::Digest,
    turn: Turn,
) -> Result<Receipt, Failure> {
    let safeguard = named(asked.safeguard)?;
    let particulars = particulars(caller, &asked.note)?;
    let command = Command {
        ordered: Ordered {
            caller: caller.clone(),
            request_id: RequestId::new(&asked.request_id)?,
            payload_digest: digest,
            effort: Effort::of(asked.validate_only),
        },
        case: asked.case,
        purpose: Purpose::Unspecified,
        kind: Kind::Protective,
    };
    let decide = |reading: &Reading| {
        let open = reading.safeguards().open().any(|open| open == safeguard);
        let statement = match (turn, open) {
            (Turn::Open, false) => LocalStatement::SafeguardOpened(safeguard),
            (Turn::Meet, true) => LocalStatement::SafeguardMet(safeguard),
            (Turn::Open, true) | (Turn::Meet, false) => return Ok(Decision::default()),
        };
        Ok(Decision::from(vec![LocalEvent { statement, particulars: particulars.clone() }]))
    };
    run(&operator.ledger, &command, decide).await
}

/// Who acted, and the note.
fn particulars(caller: &Caller, note: &str) -> Result<Particulars, Failure> {
    let note = Text::optional(note, NOTE_CHARS_MAX).map_err(|rule| Failure::field("note", rule))?;
    let acting = Office::new("operator").ok().zip(caller.official());
    let acting = acting.and_then(|(office, official)| {
        let official = Text::new(official, domain::person::NAME_CHARS_MAX).ok()?;
        Some(Acting { office, official })
    });
    Ok(Particulars { acting, note, ..Particulars::default() })
}

fn named(safeguard: wire::Safeguard) -> Result<Safeguard, Failure> {
    match safeguard {
        wire::Safeguard::RightToStay => Ok(Safeguard::RightToStay),
        wire::Safeguard::FitnessToTravel => Ok(Safeguard::FitnessToTravel),
        wire::Safeguard::Child => Ok(Safeguard::Child),
        wire::Safeguard::Restored => Ok(Safeguard::Restored),
        wire::Safeguard::Unspecified => {
            Err(Failure::field("safeguard", "must name one of the safeguards"))
        }
    }
}
