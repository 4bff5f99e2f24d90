//! `ListMissing`: what entries of the partner name and what is not here, since when.

use std::sync::Arc;

use domain::case::event::Statement;
use domain::chain::Content;
use domain::identifier::CaseId;
use proto::ledger::v1::missing::What;
use proto::ledger::v1::{self as wire, ListMissingRequest, ListMissingResponse};
use record::entry::Head;
use runtime::failure::{Class, Failure};

use super::Service;
use super::supply_attachment::held;
use crate::attachments::Kept;
use crate::corridor::{Corridor, Side};
use crate::failure::corrupt;
use crate::grpc::attachment::listed_at;
use crate::layout;
use crate::missing::{Missing, Named, Need};
use crate::read::records::{CaseRecords, EntryRecord};

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
    let (snapshot, now_ms) = (service.snapshot(), service.now_ms());
    let Some(stood) = snapshot.corridors.get(&corridor.partner) else {
        return Ok(ListMissingResponse::default());
    };
    let from = Named { position: request.from_position, need: Need::Body };
    let mut rest = stood.missing.range(from..).peekable();
    let mut missing = Vec::new();
    let mut listing = Listing { service, corridor: &corridor, looked_at: None };
    // A page ends between two entries, so that the next one goes on after this position.
    let mut last = None;
    while let Some((named, item)) = rest.peek().copied() {
        if missing.len() >= limit && last != Some(named.position) {
            break;
        }
        last = Some(named.position);
        rest.next();
        missing.extend(listing.sent(named, item)?);
    }
    Ok(ListMissingResponse { missing, more: rest.peek().is_some(), now_ms })
}

/// A page in the making.
struct Listing<'a> {
    service: &'a Service,
    corridor: &'a Corridor,
    /// The case that was read last: what is missing of one case mostly stands together.
    looked_at: Option<(CaseId, Option<Arc<CaseRecords>>)>,
}

impl Listing<'_> {
    /// A case; `None` where it is of another corridor: somebody has used its id, and nothing of
    /// that must keep the rest from being listed.
    fn records(&mut self, case: CaseId) -> Result<Option<&CaseRecords>, Failure> {
        if self.looked_at.as_ref().is_none_or(|(of, _)| *of != case) {
            let found = match self.service.case_of(self.corridor, case) {
                Ok(records) => Some(records),
                Err(failure) if failure.class() == Class::NotFound => None,
                Err(failure) => return Err(failure),
            };
            self.looked_at = Some((case, found));
        }
        Ok(self.looked_at.as_ref().and_then(|(_, records)| records.as_deref()))
    }

    /// As it is sent; `None` where it must not be asked for any more, or cannot be told any more.
    fn sent(&mut self, named: &Named, missing: &Missing) -> Result<Option<wire::Missing>, Failure> {
        let (service, corridor) = (self.service, self.corridor);
        // What an erasure was ordered of is not asked for.
        let erased = service.reader().keys.is_erased(&missing.case);
        let records = self.records(missing.case)?;
        let wanted = !erased && records.is_some_and(CaseRecords::keys_travel);
        let what = match named.need {
            Need::Body => {
                let entries = &corridor.names.partner.entries;
                let record = layout::record_at(&service.reader().store, entries, named.position)?;
                let record =
                    record.ok_or_else(|| Failure::corrupt("a missing entry is not there"))?;
                let head = Head::decode(&record.leaf).ok_or_else(|| corrupt(&record))?;
                let digest = head.body_digest.map(|digest| digest.as_bytes().to_vec());
                What::Body(wire::MissingBody { digest: digest.unwrap_or_default() })
            }
            Need::CaseKey if wanted => What::CaseKey(wire::MissingCaseKey {}),
            Need::CaseKey => return Ok(None),
            Need::Attachment(id) => {
                let author = corridor.partner;
                let listed = records
                    .and_then(|it| listed_at(service.reader(), it, author, named.position, &id));
                let Some(listed) = listed.filter(|_| wanted) else { return Ok(None) };
                let kept = Kept { case: missing.case, author, id };
                let held = held(&service.0.files, &kept, &listed);
                let digests = listed.chunks.iter().map(|digest| digest.as_bytes().to_vec());
                What::Attachment(wire::MissingAttachment {
                    id: id.as_bytes().to_vec(),
                    chunks: digests.collect(),
                    from_index: u32::try_from(held).unwrap_or(u32::MAX),
                })
            }
        };
        let founder = corridor.side(corridor.founded.founder_of(&missing.case));
        let unreported = |it: &CaseRecords| is_open(it, founder) && !reported(it, named.position);
        Ok(Some(wire::Missing {
            since_ms: missing.since.as_ms(),
            position: named.position,
            case_id: missing.case.as_bytes().to_vec(),
            unreported: wanted && records.is_some_and(unreported),
            what: Some(what),
        }))
    }
}

/// Whether the State that may found a case has opened it.
fn is_open(records: &CaseRecords, founder: Option<Side>) -> bool {
    let opens =
        |it: &Arc<EntryRecord>| Some(it.side) == founder && it.head.case_key_commitment.is_some();
    records.entries.iter().any(opens)
}

/// Whether the own State has called an entry of the partner's unreadable.
fn reported(records: &CaseRecords, position: u64) -> bool {
    records.entries.iter().filter(|it| it.side == Side::Own).any(|it| match &it.entry.content {
        Content::Stated(statement) => {
            matches!(**statement, Statement::EntryUnreadable(entry) if entry == position)
        }
        Content::NotUnderstood => false,
    })
}
