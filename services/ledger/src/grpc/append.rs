//! `Append`: entries of a case, held to the revisions that they were decided on.

use std::sync::Arc;

use domain::case::event::{Speaker, Statement};
use domain::chain::Content;
use domain::identifier::{CaseId, Digest};
use proto::InvalidField;
use proto::ledger::v1::{self as wire, AccessKind, AppendRequest, AppendResponse};
use record::entry::SEALED_BODY_BYTES_MAX;
use record::{body, facts};
use runtime::caller::Role;
use runtime::failure::Failure;
use zeroize::Zeroizing;

use super::attachment::blocking;
use super::{Seen, Service, access, asking, request_id, state};
use crate::attachments::Kept;
use crate::corridor::Corridor;
use crate::layout;
use crate::serial::YearSerial;
use crate::writer::{AppendJob, NewEntry, Opening, Subject};

/// Most entries of one command, in each log.
const ENTRIES_MAX: usize = 64;
/// Sealing adds this much to a body.
const SEAL_BYTES: usize = 16;

pub(super) async fn execute(
    service: &Service,
    request: AppendRequest,
) -> Result<AppendResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    match &asking.caller.role {
        Role::Office(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Operator
        | Role::Service(_) => {}
        Role::Overseer(_) | Role::Node => {
            return Err(Failure::not_allowed("this role writes nothing"));
        }
    }
    let case = CaseId::from_slice(&request.case_id)
        .map_err(|error| InvalidField::new("case_id", error))?;
    let request_id = request_id(&request.request_id)?;
    let payload_digest = Digest::from_slice(&request.payload_digest)
        .map_err(|error| InvalidField::new("payload_digest", error))?;
    let corridor = service.corridor(&request.partner_state)?;
    let count = request.entries.len() + request.local_entries.len();
    if count == 0
        || request.entries.len() > ENTRIES_MAX
        || request.local_entries.len() > ENTRIES_MAX
    {
        return Err(Failure::field("entries", "must have 1 to 64 entries"));
    }
    let identity = asking.caller.identity();
    let opening = opening(service, corridor, &identity, case, &request)?;
    let subject = match opening {
        Some(opening) => Subject::Opening(case, opening),
        None => {
            let Seen { records, .. } = service.see(&asking, &case.to_string()).await?;
            if records.corridor.partner != state(&request.partner_state, "partner_state")? {
                return Err(Failure::not_found("case"));
            }
            Subject::Case(case)
        }
    };
    let attached = attached(service, corridor, case, &request).await?;
    let command = service.reader().secrets.command(&identity, request_id);
    let written = service
        .0
        .queue
        .append(AppendJob {
            partner: corridor.partner,
            subject,
            command,
            payload_digest,
            expected_revision: request.expected_revision,
            expected_corridor_revision: request.expected_corridor_revision,
            entries: entries(request.entries, "entries", |facts| shared(facts, case))?,
            local: entries(request.local_entries, "local_entries", |facts| local(facts, case))?,
            access: access(&asking, Some(case), AccessKind::Write),
        })
        .await?;
    mark_listed(service, attached).await;
    let (reader, stream) = (service.reader(), layout::case_stream(&case));
    let prior = reader.sent_prior(corridor, &stream, &written.command, written.store_position)?;
    Ok(AppendResponse {
        written: Some(prior),
        revision: written.revision,
        replayed: written.replayed,
    })
}

/// What an opening needs, where the first entry opens the case. Only the caller and request that
/// the id was made for can open it.
fn opening(
    service: &Service,
    corridor: &Corridor,
    identity: &str,
    case: CaseId,
    request: &AppendRequest,
) -> Result<Option<Opening>, Failure> {
    let mut opening = None;
    for (index, entry) in request.entries.iter().enumerate() {
        let Content::Stated(statement) = facts::read(&entry.facts) else {
            continue;
        };
        if let Statement::RequestFiled(filed) = Arc::unwrap_or_clone(statement) {
            if index > 0 || request.expected_revision > 0 {
                let field = format!("entries[{index}].facts");
                return Err(Failure::field(field, "must not open a case that is open"));
            }
            let serial = YearSerial { year: filed.year, serial: filed.serial };
            opening = Some(Opening { serial });
        }
    }
    if let (Some(_), Some(founder)) = (&opening, corridor.founded.founder(corridor.own))
        && service.reader().secrets.case_id(identity, &request.request_id, founder) != case
    {
        return Err(Failure::field("case_id", "must be the id that was prepared"));
    }
    Ok(opening)
}

/// Holds what is attached to what was put: the partner will ask for it, so it must be here, and be
/// what the statement says.
async fn attached(
    service: &Service,
    corridor: &Arc<Corridor>,
    case: CaseId,
    request: &AppendRequest,
) -> Result<Vec<Kept>, Failure> {
    let attachments = |entry: &wire::NewEntry| {
        body::decode(&entry.body).map(|it| it.attachments).unwrap_or_default()
    };
    if request.local_entries.iter().any(|entry| !attachments(entry).is_empty()) {
        return Err(Failure::field("local_entries", "must have no attachments"));
    }
    let listed: Vec<_> = request.entries.iter().flat_map(attachments).collect();
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let absent = || Failure::not_found("attachment");
    let key = service.reader().keys.get(&case).ok_or_else(absent)?;
    let (uploads, corridor) = (service.uploads(case, key, corridor), Arc::clone(corridor));
    let put = blocking(move || {
        let mut put = Vec::new();
        for it in listed {
            put.push(Kept { case, author: corridor.own, id: it.id });
            if uploads.described(it.id)? != Some(it) {
                return Ok(None);
            }
        }
        Ok(Some(put))
    });
    put.await?.ok_or_else(absent)
}

/// What a statement lists waits no more. Where that cannot be noted, the sweep finds it.
async fn mark_listed(service: &Service, attached: Vec<Kept>) {
    if attached.is_empty() {
        return;
    }
    let files = Arc::clone(&service.0.files);
    let marked = blocking(move || attached.iter().try_for_each(|kept| files.listed(kept)));
    if let Err(error) = marked.await {
        tracing::warn!(%error, "an attachment could not be marked as listed");
    }
}

/// Checks and takes entries; `check` says what is wrong with facts.
fn entries(
    entries: Vec<wire::NewEntry>,
    field: &str,
    check: impl Fn(&[u8]) -> Result<(), &'static str>,
) -> Result<Vec<NewEntry>, InvalidField> {
    let numbered = entries.into_iter().enumerate();
    let checked = numbered.map(|(index, entry)| {
        let at = |part: &str| format!("{field}[{index}].{part}");
        check(&entry.facts).map_err(|reason| InvalidField::new(at("facts"), reason))?;
        let sealed = Zeroizing::new(entry.body);
        if sealed.len() + SEAL_BYTES > SEALED_BODY_BYTES_MAX {
            return Err(InvalidField::new(at("body"), "must fit into 32 KiB when sealed"));
        }
        if !sealed.is_empty() {
            body::decode(&sealed).map_err(|error| InvalidField::new(at("body"), error))?;
        }
        Ok(NewEntry::new(entry.facts, sealed))
    });
    checked.collect()
}

/// What is wrong with facts of a log between States, about a case.
fn shared(bytes: &[u8], case: CaseId) -> Result<(), &'static str> {
    let Content::Stated(statement) = facts::read(bytes) else {
        return Err("must be canonical and of a known kind");
    };
    match statement.kind().speaker() {
        Speaker::Corridor => Err("must be about a case"),
        Speaker::Requesting | Speaker::Requested | Speaker::Either => {
            let same = facts::claimed_case(bytes) == Some(case);
            if same { Ok(()) } else { Err("must be about the case that is named") }
        }
    }
}

/// What is wrong with facts of the local log.
fn local(bytes: &[u8], case: CaseId) -> Result<(), &'static str> {
    match facts::decode_local(bytes) {
        Ok((of, _)) if of == case => Ok(()),
        Ok(_) => Err("must be about the case that is named"),
        Err(_) => Err("must be canonical and of a known kind"),
    }
}
