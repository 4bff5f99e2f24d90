//! `AppendCorridor`: corridor entries, such as the adoption of an agreement.

use domain::case::event::Speaker;
use domain::chain::Content;
use domain::identifier::Digest;
use proto::InvalidField;
use proto::ledger::v1::{AccessKind, AppendCorridorRequest, AppendCorridorResponse};
use record::facts;
use runtime::failure::Failure;
use zeroize::Zeroizing;

use super::{Service, access, asking, request_id, runs_the_node};
use crate::access::NewAccess;
use crate::writer::{AppendJob, NewEntry, Subject};

/// Most entries of one command.
const ENTRIES_MAX: usize = 16;

/// Most sentences that a caller vouches for, and most characters of each.
const VOUCHED_MAX: usize = 80;
const VOUCHED_CHARACTERS_MAX: usize = 200;

pub(super) async fn execute(
    service: &Service,
    request: AppendCorridorRequest,
) -> Result<AppendCorridorResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    runs_the_node(&asking, service.reader().own)?;
    let corridor = service.corridor(&request.partner_state)?;
    let (reader, identity) = (service.reader(), asking.caller.identity());
    let command = reader.secrets.command(&identity, request_id(&request.request_id)?);
    let payload_digest = Digest::from_slice(&request.payload_digest)
        .map_err(|error| InvalidField::new("payload_digest", error))?;
    // Without an entry, only what is vouched for is written: to the access log.
    let least = usize::from(request.vouched.is_empty());
    if !(least..=ENTRIES_MAX).contains(&request.facts.len()) {
        let rule = "must have 1 to 16 entries, or none where something is vouched for";
        return Err(Failure::field("facts", rule));
    }
    if request.vouched.len() > VOUCHED_MAX {
        return Err(Failure::field("vouched", "must have at most 80 sentences"));
    }
    for (index, vouched) in request.vouched.iter().enumerate() {
        if !(1..=VOUCHED_CHARACTERS_MAX).contains(&vouched.chars().count()) {
            return Err(Failure::field(
                format!("vouched[{index}]"),
                "must have 1 to 200 characters",
            ));
        }
    }
    let mut entries = Vec::with_capacity(request.facts.len());
    for (index, facts) in request.facts.into_iter().enumerate() {
        let of_corridor = match facts::read(&facts) {
            Content::Stated(statement) => statement.kind().speaker() == Speaker::Corridor,
            Content::NotUnderstood => false,
        };
        if !of_corridor {
            let reason = "must be canonical, of a known kind and about the corridor";
            return Err(Failure::field(format!("facts[{index}]"), reason));
        }
        entries.push(NewEntry::new(facts, Zeroizing::new(Vec::new())));
    }
    let written = service
        .0
        .queue
        .append(AppendJob {
            partner: corridor.partner,
            subject: Subject::Corridor,
            command,
            payload_digest,
            expected_revision: request.expected_corridor_revision,
            expected_corridor_revision: request.expected_corridor_revision,
            entries,
            local: Vec::new(),
            access: NewAccess {
                vouched: request.vouched,
                ..access(&asking, None, AccessKind::Write)
            },
        })
        .await?;
    let stream = &corridor.stream;
    let prior = reader.sent_prior(corridor, stream, &written.command, written.store_position)?;
    Ok(AppendCorridorResponse {
        written: Some(prior),
        corridor_revision: written.revision,
        replayed: written.replayed,
    })
}
