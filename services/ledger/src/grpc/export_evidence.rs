//! `ExportEvidence`: the bundle that proves one case to anybody, in parts.
//!
//! A bundle holds every head of both logs and is made in memory, so logs beyond a limit are not
//! exported: they need a bundle of another form. With bodies it also holds the key of the case:
//! whoever has it reads them, and no erasure here takes that back.

mod extent;

use std::collections::HashMap;
use std::sync::Arc;

use domain::identifier::CaseId;
use proto::command::v1::Purpose;
use proto::ledger::v1::{AccessKind, ExportEvidenceRequest, ExportEvidenceResponse};
use record::bundle::{self, StoredDispatch, StoredEntry};
use record::entry::Head;
use record::seal::CaseKey;
use runtime::failure::{Class, Failure};
use tonic::Response;

use super::{Items, Seen, Service, asking, streamed};
use crate::corridor::{Corridor, Side};
use crate::failure::{CASE_KEY_MISSING, EVIDENCE_TOO_LONG};
use crate::layout::{self, LogNames};
use crate::read::Reader;
use crate::read::records::CaseRecords;
use crate::scope;
use crate::snapshot::CorridorSnapshot;

/// Bytes of one part.
const CHUNK_BYTES: usize = 256 * 1024;
/// Dispatches that are read at once.
const PAGE_DISPATCHES: u64 = 1024;

/// What a bundle is to hold.
pub(crate) struct Wanted {
    case: CaseId,
    /// How many dispatches of the own log, and of the partner's.
    dispatches: [u64; 2],
    /// Where bodies are shown: the key of the case, and its sealed bodies.
    shown: Option<(CaseKey, SealedBodies)>,
}

/// Sealed bodies by log and position.
type SealedBodies = HashMap<(Side, u64), Vec<u8>>;

impl Wanted {
    /// Everything that is there, without bodies.
    pub(crate) fn whole(case: CaseId, logs: &CorridorSnapshot) -> Self {
        let dispatches = [logs.own.dispatches(), logs.partner.dispatches()];
        Self { case, dispatches, shown: None }
    }
}

pub(super) async fn execute(
    service: &Service,
    request: &ExportEvidenceRequest,
) -> Result<Response<Items<ExportEvidenceResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    if request.bodies && asking.purpose == Purpose::Unspecified {
        return Err(Failure::field("purpose", "must be given where bodies are shown"));
    }
    let Seen { snapshot, records, chains } = service.see(&asking, &request.case).await?;
    if request.bodies && !scope::may_see_bodies(&asking.caller) {
        return Err(Failure::not_allowed("this caller is never shown personal data"));
    }
    let logs = snapshot.corridors.get(&records.corridor.partner).cloned().unwrap_or_default();
    let (reader, case) = (service.reader().clone(), records.id);
    let mut wanted = Wanted::whole(case, &logs);
    within_limit(&logs, service.0.evidence_records_max)?;
    let named = [request.own_up_to, request.partner_up_to];
    if named != [None, None] {
        wanted.dispatches = extent::of(&reader, &records.corridor, &logs, named)?;
        extent::holds_opening(&records.corridor, &chains, case, wanted.dispatches)?;
    }
    if request.bodies {
        wanted.shown = Some((case_key(&reader, &case)?, sealed_bodies(&records)));
        // Nobody is given bodies before that is on the record.
        service.disclose(&asking, case).await?;
    } else {
        service.note(&asking, Some(case), AccessKind::Read).await?;
    }
    let ended = |_| Failure::unavailable("the ledger is closed");
    let one_at_a_time = service.0.evidence.acquire().await.map_err(ended)?;
    let corridor = Arc::clone(&records.corridor);
    let made = tokio::task::spawn_blocking(move || make(&reader, &corridor, wanted));
    let made = made
        .await
        .map_err(|error| Failure::internal("the evidence could not be made").with_source(error));
    drop(one_at_a_time);
    let bytes = made??;
    let total_bytes = bytes.len() as u64;
    Ok(streamed(move |sink| async move {
        for chunk in bytes.chunks(CHUNK_BYTES) {
            let part = ExportEvidenceResponse { chunk: chunk.to_vec(), total_bytes };
            if sink.send(Ok(part)).await.is_err() {
                return;
            }
        }
    }))
}

fn within_limit(logs: &CorridorSnapshot, most: u64) -> Result<(), Failure> {
    let held = [&logs.own, &logs.partner].map(|log| log.size.saturating_add(log.dispatches()));
    let held = held.iter().sum::<u64>();
    if held <= most {
        return Ok(());
    }
    let message =
        format!("the logs hold {held} dispatches and entries, more than the {most} of one bundle");
    Err(Failure::new(Class::Refused, EVIDENCE_TOO_LONG, message))
}

/// The key that the partner has as well; what the State keeps to itself is sealed under another.
fn case_key(reader: &Reader, case: &CaseId) -> Result<CaseKey, Failure> {
    reader.keys.get(case).ok_or_else(|| {
        let message = if reader.keys.is_erased(case) {
            "the erasure of this case was ordered: nobody can be shown its bodies any more"
        } else {
            "the key of this case is not here: nobody can be shown its bodies"
        };
        Failure::new(Class::Refused, CASE_KEY_MISSING, message)
    })
}

/// The sealed bodies of a case, those too that came after their entries.
fn sealed_bodies(records: &CaseRecords) -> SealedBodies {
    let all = records.entries.iter();
    let sealed = all.map(|it| ((it.side, it.position), it.stored.sealed_body.clone()));
    sealed.filter(|(_, body)| !body.is_empty()).collect()
}

/// Reads both logs and makes the bundle. Blocks.
pub(crate) fn make(
    reader: &Reader,
    corridor: &Corridor,
    wanted: Wanted,
) -> Result<Vec<u8>, Failure> {
    let [own, partner] = wanted.dispatches;
    let own = stored(reader, corridor, Side::Own, own, &wanted)?;
    let partner = stored(reader, corridor, Side::Partner, partner, &wanted)?;
    let (first, second) = match corridor.side(corridor.founded.first) {
        Some(Side::Own) => (own, partner),
        Some(Side::Partner) | None => (partner, own),
    };
    let key = wanted.shown.map(|(key, _)| key);
    Ok(bundle::export(&corridor.genesis, wanted.case, [first, second], key.as_ref()))
}

/// The first dispatches of a log, with the facts and bodies that the bundle will show.
fn stored(
    reader: &Reader,
    corridor: &Corridor,
    side: Side,
    end: u64,
    wanted: &Wanted,
) -> Result<Vec<StoredDispatch>, Failure> {
    let store = &reader.store;
    let names: &LogNames = match side {
        Side::Own => &corridor.names.own,
        Side::Partner => &corridor.names.partner,
    };
    let shows = |head: &[u8]| {
        Head::decode(head).is_some_and(|decoded| {
            bundle::shows(&corridor.log_at(side, decoded.position), wanted.case, head)
        })
    };
    let sealed = |position: u64| {
        let (_, bodies) = wanted.shown.as_ref()?;
        bodies.get(&(side, position)).cloned()
    };
    let mut dispatches = Vec::new();
    let mut from = 0;
    while from < end {
        let count = PAGE_DISPATCHES.min(end - from);
        for record in layout::log_records(store, &names.headers, from, count)? {
            let header = layout::header_of(&record)?;
            let (first, count) = (header.first_entry, u64::from(header.entries));
            let mut entries = Vec::new();
            for entry in layout::log_records(store, &names.entries, first, count)? {
                let shown = shows(&entry.leaf);
                let facts = if shown { layout::entry_of(&entry)?.facts } else { Vec::new() };
                let sealed_body = sealed(entry.log_index).unwrap_or_default();
                entries.push(StoredEntry { head: entry.leaf, facts, sealed_body });
            }
            dispatches.push(StoredDispatch { signed_header: record.leaf, entries });
        }
        from += count;
    }
    Ok(dispatches)
}
