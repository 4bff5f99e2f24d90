//! `ExportEvidence`: the bundle that proves one case to anybody, in parts.

use proto::ledger::v1::{AccessKind, ExportEvidenceRequest, ExportEvidenceResponse};
use record::bundle::{self, StoredDispatch, StoredEntry};
use runtime::failure::Failure;
use tonic::Response;

use super::{Items, Seen, Service, asking, streamed};
use crate::corridor::Side;
use crate::layout::{self, LogNames};
use crate::snapshot::LogSnapshot;

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
    let corridor = &records.corridor;
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    let own = stored(service, &corridor.names.own, logs.own)?;
    let partner = stored(service, &corridor.names.partner, logs.partner)?;
    let (first, second) = match corridor.side(corridor.founded.first) {
        Some(Side::Own) => (own, partner),
        Some(Side::Partner) | None => (partner, own),
    };
    let bytes = bundle::export(&corridor.genesis, records.id, first, second);
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

/// A whole log up to its head in a snapshot.
fn stored(
    service: &Service,
    names: &LogNames,
    log: LogSnapshot,
) -> Result<Vec<StoredDispatch>, Failure> {
    let store = &service.reader().store;
    let mut dispatches = Vec::new();
    let mut from = 0;
    while from < log.dispatches() {
        let count = PAGE_DISPATCHES.min(log.dispatches() - from);
        for record in layout::log_records(store, &names.headers, from, count)? {
            let header = layout::header_of(&record)?;
            let (first, count) = (header.first_entry, u64::from(header.entries));
            let mut entries = Vec::new();
            for entry in layout::log_records(store, &names.entries, first, count)? {
                let facts = layout::entry_of(&entry)?.facts;
                entries.push(StoredEntry { head: entry.leaf, facts });
            }
            dispatches.push(StoredDispatch { signed_header: record.leaf, entries });
        }
        from += count;
    }
    Ok(dispatches)
}
