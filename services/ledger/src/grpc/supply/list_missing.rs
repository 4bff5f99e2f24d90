//! `ListMissing`: what entries of the partner name and what is not here, since when.

use proto::ledger::v1::missing::What;
use proto::ledger::v1::{self as wire, ListMissingRequest, ListMissingResponse};
use record::entry::Head;
use runtime::failure::Failure;

use super::Service;
use super::supply_attachment::held;
use crate::attachments::Kept;
use crate::corridor::Corridor;
use crate::failure::corrupt;
use crate::grpc::attachment::listed_at;
use crate::layout;
use crate::missing::{Missing, Named, Need};

/// Most items of a page.
const LIMIT_MAX: u32 = 1000;

pub(super) fn execute(
    service: &Service,
    request: &ListMissingRequest,
) -> Result<ListMissingResponse, Failure> {
    let (_, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    if !(1..=LIMIT_MAX).contains(&request.limit) {
        return Err(Failure::field("limit", "must be 1 to 1,000"));
    }
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let snapshot = service.snapshot();
    let Some(stood) = snapshot.corridors.get(&corridor.partner) else {
        return Ok(ListMissingResponse::default());
    };
    let from = Named { position: request.from_position, need: Need::Body };
    let mut rest = stood.missing.range(from..).peekable();
    let mut missing = Vec::new();
    // A page ends between two entries, so that the next one goes on after this position.
    let mut last = None;
    while let Some((named, item)) = rest.peek().copied() {
        if missing.len() >= limit && last != Some(named.position) {
            break;
        }
        last = Some(named.position);
        rest.next();
        missing.extend(sent(service, &corridor, named, item)?);
    }
    Ok(ListMissingResponse { missing, more: rest.peek().is_some() })
}

/// As it is sent; `None` where it must not be asked for any more, or cannot be told any more.
fn sent(
    service: &Service,
    corridor: &Corridor,
    named: &Named,
    missing: &Missing,
) -> Result<Option<wire::Missing>, Failure> {
    // What an erasure was ordered of is not asked for.
    let erased = service.reader().keys.is_erased(&missing.case);
    let what = match named.need {
        Need::Body => {
            let entries = &corridor.names.partner.entries;
            let record = layout::record_at(&service.reader().store, entries, named.position)?;
            let record = record.ok_or_else(|| Failure::corrupt("a missing entry is not there"))?;
            let head = Head::decode(&record.leaf).ok_or_else(|| corrupt(&record))?;
            let digest = head.body_digest.map(|digest| digest.as_bytes().to_vec());
            What::Body(wire::MissingBody { digest: digest.unwrap_or_default() })
        }
        Need::CaseKey => {
            if erased || !service.case_of(corridor, missing.case)?.keys_travel() {
                return Ok(None);
            }
            What::CaseKey(wire::MissingCaseKey {})
        }
        Need::Attachment(id) => {
            let records = service.case_of(corridor, missing.case)?;
            let author = corridor.partner;
            let listed = listed_at(service.reader(), &records, author, named.position, &id);
            let wanted = !erased && records.keys_travel();
            let Some(listed) = listed.filter(|_| wanted) else { return Ok(None) };
            let held = held(&service.0.files, &Kept { case: missing.case, author, id }, &listed);
            What::Attachment(wire::MissingAttachment {
                id: id.as_bytes().to_vec(),
                chunks: listed.chunks.iter().map(|digest| digest.as_bytes().to_vec()).collect(),
                from_index: u32::try_from(held).unwrap_or(u32::MAX),
            })
        }
    };
    Ok(Some(wire::Missing {
        since_ms: missing.since.as_ms(),
        position: named.position,
        case_id: missing.case.as_bytes().to_vec(),
        what: Some(what),
    }))
}
