//! `ExportEvidence`: the bundle that proves one case to anybody, in parts.
//!
//! A bundle holds every head of both logs and is made in memory, so logs beyond a limit are not
//! exported: they need a bundle of another form.

use domain::identifier::CaseId;
use proto::ledger::v1::{AccessKind, ExportEvidenceRequest, ExportEvidenceResponse};
use record::bundle::{self, StoredDispatch, StoredEntry};
use record::entry::Head;
use runtime::failure::{Class, Failure};
use tonic::Response;

use super::{Items, Seen, Service, asking, streamed};
use crate::corridor::{Corridor, Side};
use crate::failure::EVIDENCE_TOO_LONG;
use crate::layout::{self, LogNames};
use crate::read::Reader;
use crate::snapshot::{CorridorSnapshot, LogSnapshot};

/// Bytes of one part.
const CHUNK_BYTES: usize = 256 * 1024;
/// Dispatches that are read at once.
const PAGE_DISPATCHES: u64 = 1024;

pub(super) async fn execute(
    service: &Service,
    request: &ExportEvidenceRequest,
) -> Result<Response<Items<ExportEvidenceResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let Seen { snapshot, records, .. } = service.see(&asking, &request.case).await?;
    service.note(&asking, Some(records.id), AccessKind::Read).await?;
    let logs = snapshot.corridors.get(&records.corridor.partner).cloned().unwrap_or_default();
    let held = [logs.own, logs.partner].map(|log| log.size.saturating_add(log.dispatches()));
    let (held, most) = (held.iter().sum::<u64>(), service.0.evidence_records_max);
    if held > most {
        let message = format!(
            "the logs hold {held} dispatches and entries, more than the {most} of one bundle"
        );
        return Err(Failure::new(Class::Refused, EVIDENCE_TOO_LONG, message));
    }
    let ended = |_| Failure::unavailable("the ledger is closed");
    let one_at_a_time = service.0.evidence.acquire().await.map_err(ended)?;
    let (reader, corridor, case) = (service.reader().clone(), records.corridor, records.id);
    let made = tokio::task::spawn_blocking(move || make(&reader, &corridor, case, &logs));
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

/// Reads both logs and makes the bundle. Blocks.
pub(crate) fn make(
    reader: &Reader,
    corridor: &Corridor,
    case: CaseId,
    logs: &CorridorSnapshot,
) -> Result<Vec<u8>, Failure> {
    let stored = |side: Side, names: &LogNames, log: LogSnapshot| {
        let shows = |head: &[u8]| {
            Head::decode(head).is_some_and(|decoded| {
                bundle::shows(&corridor.log_at(side, decoded.position), case, head)
            })
        };
        stored(reader, names, log, shows)
    };
    let own = stored(Side::Own, &corridor.names.own, logs.own)?;
    let partner = stored(Side::Partner, &corridor.names.partner, logs.partner)?;
    let (first, second) = match corridor.side(corridor.founded.first) {
        Some(Side::Own) => (own, partner),
        Some(Side::Partner) | None => (partner, own),
    };
    Ok(bundle::export(&corridor.genesis, case, [first, second], None))
}

/// A whole log up to its head in a snapshot, with the facts that the bundle will show.
fn stored(
    reader: &Reader,
    names: &LogNames,
    log: LogSnapshot,
    shows: impl Fn(&[u8]) -> bool,
) -> Result<Vec<StoredDispatch>, Failure> {
    let store = &reader.store;
    let mut dispatches = Vec::new();
    let mut from = 0;
    while from < log.dispatches() {
        let count = PAGE_DISPATCHES.min(log.dispatches() - from);
        for record in layout::log_records(store, &names.headers, from, count)? {
            let header = layout::header_of(&record)?;
            let (first, count) = (header.first_entry, u64::from(header.entries));
            let mut entries = Vec::new();
            for entry in layout::log_records(store, &names.entries, first, count)? {
                let shown = shows(&entry.leaf);
                let facts = if shown { layout::entry_of(&entry)?.facts } else { Vec::new() };
                entries.push(StoredEntry { head: entry.leaf, facts, sealed_body: Vec::new() });
            }
            dispatches.push(StoredDispatch { signed_header: record.leaf, entries });
        }
        from += count;
    }
    Ok(dispatches)
}
