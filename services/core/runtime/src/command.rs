//! The path of a command: read the case, let the rules decide, append what they say, answer.
//!
//! The rules themselves are in `domain`; who may command what is for the service that calls this.
//! What gives something away was decided by a human on what a screen showed, and carries that
//! screen's etag; what only protects its author, and reports, are decided again on what is known.

mod facts;
mod reading;
mod receipt;

use domain::case::event::{Event, Statement};
use domain::case::query::Etag;
use domain::identifier::{Digest, State};
use domain::referral::LocalEvent;
use proto::InvalidField;
use proto::command::v1::{CaseMoved, Change, Purpose, Receipt};
use proto::ledger::v1::ledger_service_client::LedgerServiceClient;
use proto::ledger::v1::{
    AppendCorridorRequest, AppendRequest, PrepareOpeningRequest, PriorCommand, ReadCaseRequest,
    ReadCorridorRequest,
};
use sha2::Digest as _;
use tonic::transport::Channel;

use crate::caller::Caller;
use crate::failure::{Class, Failure, code};

pub use reading::{Body, CorridorReading, LocalEntry, OpeningReading, Reading};

/// The ledger, as a service of its State reaches it. Cheap to clone.
pub type Ledger = LedgerServiceClient<Channel>;

/// How often a command is decided again because its case moved.
pub const DECIDED_AGAIN_MAX: u32 = 3;

/// Most changes that a stale etag is answered with.
const CHANGES_MAX: usize = 64;

/// Names a command: 1 to 64 characters without control characters, chosen by its caller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestId(String);

impl RequestId {
    /// Checks and takes it.
    ///
    /// # Errors
    /// The field `request_id`, when it has another form.
    pub fn new(text: &str) -> Result<Self, InvalidField> {
        let fits = (1..=64).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            let reason = "must have 1 to 64 characters and no control characters";
            Err(InvalidField::new("request_id", reason))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a command says, as a digest: tells a repetition from another command of the same id.
/// Over the name of the rpc and the whole message.
#[must_use]
pub fn payload_digest(rpc: &str, message: &impl prost::Message) -> Digest {
    let mut hash = sha2::Sha256::new();
    hash.update(rpc.as_bytes());
    hash.update([0]);
    hash.update(message.encode_to_vec());
    Digest::new(hash.finalize().into())
}

/// What every command carries.
#[derive(Clone, Debug)]
pub struct Ordered {
    /// Who commands.
    pub caller: Caller,
    /// Names the command.
    pub request_id: RequestId,
    /// [`payload_digest`] of the command.
    pub payload_digest: Digest,
    /// Whether anything is to be written.
    pub effort: Effort,
}

/// Whether a command is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// It is.
    CarryOut,
    /// It is decided, and nothing is written.
    ValidateOnly,
}

impl Effort {
    /// From the field `validate_only`.
    #[must_use]
    pub const fn of(validate_only: bool) -> Self {
        if validate_only { Self::ValidateOnly } else { Self::CarryOut }
    }
}

/// A command on a case.
#[derive(Clone, Debug)]
pub struct Command {
    /// What every command carries.
    pub ordered: Ordered,
    /// The case: its printed id or its number.
    pub case: String,
    /// Why bodies are read to decide it; unspecified where facts are enough.
    pub purpose: Purpose,
    /// What kind of act it is.
    pub kind: Kind,
}

/// What a command does to its author.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It gives something away (accept, confirm, issue, notify), on a screen with this etag.
    GivesAway {
        /// The etag that the command carried.
        etag: String,
    },
    /// It only protects its author, or reports.
    Protective,
}

/// What the rules decided is to be stated; nothing, where the case says it already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// For the State's own log: the partner hears it.
    pub events: Vec<Event>,
    /// For the local log: the partner never hears it.
    pub local: Vec<LocalEvent>,
}

impl From<Vec<Event>> for Decision {
    fn from(events: Vec<Event>) -> Self {
        Self { events, local: Vec::new() }
    }
}

impl From<Vec<LocalEvent>> for Decision {
    fn from(local: Vec<LocalEvent>) -> Self {
        Self { events: Vec::new(), local }
    }
}

/// Reads a case.
///
/// # Errors
/// NOT_FOUND where it is not there or not the caller's; what the ledger answers.
pub async fn read(
    ledger: &Ledger,
    caller: &Caller,
    purpose: Purpose,
    case: &str,
) -> Result<Reading, Failure> {
    read_for(ledger, caller, purpose, case, "").await
}

async fn read_for(
    ledger: &Ledger,
    caller: &Caller,
    purpose: Purpose,
    case: &str,
    request_id: &str,
) -> Result<Reading, Failure> {
    if case.is_empty() {
        return Err(InvalidField::missing("case").into());
    }
    let request = ReadCaseRequest {
        caller: Some(caller.context(purpose)),
        case: case.to_owned(),
        request_id: request_id.to_owned(),
    };
    let response = ledger.clone().read_case(request).await?.into_inner();
    Reading::of(response)
}

/// Carries out a command on a case.
///
/// # Errors
/// What `decide` rejects; ABORTED with what changed for a stale etag; INVALID_ARGUMENT for a
/// request id that was used with other content; RESOURCE_EXHAUSTED where the case would not hold
/// still; what the ledger answers.
pub async fn run(
    ledger: &Ledger,
    command: &Command,
    decide: impl Fn(&Reading) -> Result<Decision, Failure>,
) -> Result<Receipt, Failure> {
    let Command { ordered, case, purpose, kind } = command;
    for _ in 0..=DECIDED_AGAIN_MAX {
        let request_id = ordered.request_id.as_str();
        let reading = read_for(ledger, &ordered.caller, *purpose, case, request_id).await?;
        if let Some(prior) = &reading.prior {
            same_payload(ordered, prior)?;
            return receipt::replayed(&reading, prior);
        }
        check_etag(kind, &reading)?;
        let decision = decide(&reading)?;
        if ordered.effort == Effort::ValidateOnly {
            return Ok(receipt::validated(&reading));
        }
        if decision == Decision::default() {
            return Ok(receipt::unchanged(&reading));
        }
        let request = AppendRequest {
            caller: Some(ordered.caller.context(*purpose)),
            case_id: reading.case.id.as_bytes().to_vec(),
            partner_state: reading.partner.code().to_owned(),
            request_id: request_id.to_owned(),
            payload_digest: ordered.payload_digest.as_bytes().to_vec(),
            expected_revision: reading.revision,
            expected_corridor_revision: reading.corridor_revision,
            entries: decision.events.iter().map(|it| facts::entry(reading.case.id, it)).collect(),
            local_entries: decision
                .local
                .iter()
                .map(|it| facts::local_entry(reading.case.id, it))
                .collect(),
        };
        match append(ledger, request).await? {
            Some(written) => return receipt::written(&reading, &written, &decision.events),
            None => tracing::debug!("the case moved: decided again"),
        }
    }
    Err(restless())
}

/// A command that opens a case.
#[derive(Clone, Debug)]
pub struct Opening {
    /// What every command carries.
    pub ordered: Ordered,
    /// The partner.
    pub partner: State,
}

/// Carries out a command that opens a case. `decide` takes the serial of the case number from the
/// reading, for the year that the rules say.
///
/// # Errors
/// As [`run`], but for the etag.
pub async fn open(
    ledger: &Ledger,
    command: &Opening,
    decide: impl Fn(&OpeningReading) -> Result<Vec<Event>, Failure>,
) -> Result<Receipt, Failure> {
    let Opening { ordered, partner } = command;
    let caller = ordered.caller.context(Purpose::Unspecified);
    for _ in 0..=DECIDED_AGAIN_MAX {
        let request = PrepareOpeningRequest {
            caller: Some(caller.clone()),
            partner_state: partner.code().to_owned(),
            request_id: ordered.request_id.as_str().to_owned(),
        };
        let response = ledger.clone().prepare_opening(request).await?.into_inner();
        let reading = OpeningReading::of(response, *partner)?;
        if let Some(prior) = reading.prior.clone() {
            same_payload(ordered, &prior)?;
            return receipt::replayed(&reading.opened()?, &prior);
        }
        let events = decide(&reading)?;
        if ordered.effort == Effort::ValidateOnly {
            return Ok(receipt::validated_opening(&reading));
        }
        let request = AppendRequest {
            caller: Some(caller.clone()),
            case_id: reading.id.as_bytes().to_vec(),
            partner_state: partner.code().to_owned(),
            request_id: ordered.request_id.as_str().to_owned(),
            payload_digest: ordered.payload_digest.as_bytes().to_vec(),
            expected_revision: 0,
            expected_corridor_revision: reading.corridor_revision,
            entries: events.iter().map(|it| facts::entry(reading.id, it)).collect(),
            local_entries: Vec::new(),
        };
        match append(ledger, request).await? {
            Some(written) => return receipt::opened(reading, &written, &events),
            None => tracing::debug!("the corridor moved: decided again"),
        }
    }
    Err(restless())
}

/// A command on a corridor.
#[derive(Clone, Debug)]
pub struct OnCorridor {
    /// What every command carries.
    pub ordered: Ordered,
    /// The partner.
    pub partner: State,
    /// What the caller vouches for beside the record; goes to the access log.
    pub vouched: Vec<String>,
}

/// Reads a corridor.
///
/// # Errors
/// NOT_FOUND where there is none with that State; what the ledger answers.
pub async fn read_corridor(
    ledger: &Ledger,
    caller: &Caller,
    partner: State,
) -> Result<CorridorReading, Failure> {
    read_corridor_for(ledger, caller, partner, "").await
}

async fn read_corridor_for(
    ledger: &Ledger,
    caller: &Caller,
    partner: State,
    request_id: &str,
) -> Result<CorridorReading, Failure> {
    let request = ReadCorridorRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        partner_state: partner.code().to_owned(),
        request_id: request_id.to_owned(),
    };
    let response = ledger.clone().read_corridor(request).await?.into_inner();
    CorridorReading::of(response, partner)
}

/// Carries out a command on a corridor, such as the adoption of an agreement.
///
/// # Errors
/// As [`run`], but for the etag.
pub async fn run_on_corridor(
    ledger: &Ledger,
    command: &OnCorridor,
    decide: impl Fn(&CorridorReading) -> Result<Vec<Statement>, Failure>,
) -> Result<Receipt, Failure> {
    let OnCorridor { ordered, partner, vouched } = command;
    for _ in 0..=DECIDED_AGAIN_MAX {
        let request_id = ordered.request_id.as_str();
        let reading = read_corridor_for(ledger, &ordered.caller, *partner, request_id).await?;
        if let Some(prior) = &reading.prior {
            same_payload(ordered, prior)?;
            return receipt::of_corridor(&reading, prior, receipt::Writing::Replayed);
        }
        let statements = decide(&reading)?;
        if ordered.effort == Effort::ValidateOnly {
            return Ok(receipt::validated_on_corridor(&reading));
        }
        // Whoever vouches for what the record says already goes to the access log all the same.
        if statements.is_empty() && vouched.is_empty() {
            return Ok(receipt::unchanged_corridor(&reading));
        }
        let request = AppendCorridorRequest {
            caller: Some(ordered.caller.context(Purpose::Unspecified)),
            partner_state: partner.code().to_owned(),
            request_id: request_id.to_owned(),
            payload_digest: ordered.payload_digest.as_bytes().to_vec(),
            expected_corridor_revision: reading.corridor_revision,
            facts: statements.iter().map(facts::corridor_facts).collect(),
            vouched: vouched.clone(),
        };
        let response = ledger.clone().append_corridor(request).await;
        let response = response.map(tonic::Response::into_inner).map_err(Failure::from);
        let response = response.map(|response| (response.written, response.replayed));
        match unless_moved(response)? {
            Some(written) => {
                return receipt::of_corridor(&reading, &written, receipt::Writing::New);
            }
            None => tracing::debug!("the corridor moved: decided again"),
        }
    }
    Err(restless())
}

/// Appends; `None` where it must be decided again.
async fn append(ledger: &Ledger, request: AppendRequest) -> Result<Option<PriorCommand>, Failure> {
    let response = ledger.clone().append(request).await;
    let response = response.map(tonic::Response::into_inner).map_err(Failure::from);
    unless_moved(response.map(|response| (response.written, response.replayed)))
}

/// What was written; `None` where the case moved, or where the same command was written meanwhile:
/// the next reading shows either.
fn unless_moved(
    response: Result<(Option<PriorCommand>, bool), Failure>,
) -> Result<Option<PriorCommand>, Failure> {
    match response {
        Ok((_, true)) => Ok(None),
        Ok((Some(written), false)) => Ok(Some(written)),
        Ok((None, false)) => Err(Failure::internal("the ledger did not say what it wrote")),
        Err(failure) if failure.moved().is_some() => Ok(None),
        Err(failure) => Err(failure),
    }
}

fn same_payload(ordered: &Ordered, prior: &PriorCommand) -> Result<(), Failure> {
    if prior.payload_digest == ordered.payload_digest.as_bytes() {
        Ok(())
    } else {
        Err(Failure::request_id_used())
    }
}

fn check_etag(kind: &Kind, reading: &Reading) -> Result<(), Failure> {
    let etag = match kind {
        Kind::Protective => return Ok(()),
        Kind::GivesAway { etag } if etag.is_empty() => {
            return Err(InvalidField::missing("etag").into());
        }
        Kind::GivesAway { etag } => etag,
    };
    let invalid = || InvalidField::new("etag", "must be an etag that this case was shown with");
    let expected = Etag::parse(etag).ok_or_else(invalid)?;
    let found = reading.case.etag();
    if expected == found {
        return Ok(());
    }
    let mut changes: Vec<Change> = reading
        .case
        .changed_since(expected)
        .into_iter()
        .map(|judged| Change {
            author: judged.author.code().to_owned(),
            kind: facts::kind(judged.statement.as_deref()).into(),
            position: judged.at.position,
            time_ms: judged.at.time.as_ms(),
        })
        .collect();
    changes.sort_by_key(|change| change.time_ms);
    let newest = changes.split_off(changes.len().saturating_sub(CHANGES_MAX));
    Err(Failure::case_moved(CaseMoved {
        expected_etag: etag.clone(),
        found_etag: found.to_string(),
        changes: newest,
    }))
}

fn restless() -> Failure {
    let message = "the case changed again and again while this was being decided";
    Failure::new(Class::Busy, code::CASE_RESTLESS, message)
}
