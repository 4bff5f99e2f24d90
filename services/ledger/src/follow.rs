//! Following what becomes durable: entries of cases, and own dispatches as they are to be sent.
//!
//! Both read by position or number what the latest snapshot covers, and wait for the next one:
//! nothing is lost at the seam, and a slow follower costs nothing.

use std::sync::Arc;

use domain::chain::Content;
use domain::identifier::{CaseId, State};
use event_store::{Filter, Position, StoredRecord};
use proto::ledger::v1 as wire;
use proto::record::v1::{Dispatch, Entry};
use record::canonical;
use record::entry::{self, Head};
use record::random;
use record::wrap;
use runtime::failure::Failure;
use tokio::sync::mpsc;
use tonic::Status;

use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::layout::{self, LogKind, LogNames};
use crate::read::Reader;
use crate::snapshot::{Snapshot, Snapshots};

/// Records that are read at once.
const PAGE_RECORDS: usize = 256;

/// Where the items of a stream go.
pub(crate) type Sink<T> = mpsc::Sender<Result<T, Status>>;

/// Which entries are followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) from: Position,
    pub(crate) case: Option<CaseId>,
    /// The partner of the case: receipts of others do not concern it.
    pub(crate) partner: Option<State>,
    pub(crate) with_local: bool,
    pub(crate) with_receipts: bool,
}

/// Follows entries until nobody listens or the ledger ends.
pub(crate) async fn cases(
    reader: Reader,
    mut snapshots: Snapshots,
    wanted: Wanted,
    sink: Sink<wire::FollowCasesResponse>,
) {
    let mut next = wanted.from;
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        while next < snapshot.next {
            let filter = match wanted.case {
                // Receipts are of no case, so that they would not pass its stream.
                Some(case) if !wanted.with_receipts => Filter::Stream(layout::case_stream(&case)),
                Some(_) | None => Filter::All,
            };
            let page = match reader.store.read_since(next, &filter, PAGE_RECORDS) {
                Ok(page) => page,
                Err(error) => return end(&sink, failure::read(error)).await,
            };
            for record in page.records.iter().filter(|it| it.position < snapshot.next) {
                let item = match followed(&reader, &wanted, record) {
                    Ok(Some(item)) => item,
                    Ok(None) => continue,
                    Err(failure) => return end(&sink, failure).await,
                };
                if sink.send(Ok(item)).await.is_err() {
                    return;
                }
            }
            next = page.next.min(snapshot.next);
            // Reading blocks this thread: who looks through much lets others have it in between.
            tokio::task::yield_now().await;
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() {
                return end(&sink, failure::writer_gone()).await;
            },
            () = sink.closed() => return,
        }
    }
}

/// A record as its followers see it; `None` where it is not wanted.
fn followed(
    reader: &Reader,
    wanted: &Wanted,
    record: &StoredRecord,
) -> Result<Option<wire::FollowCasesResponse>, Failure> {
    let case = record.stream.as_ref().and_then(layout::case_of);
    let of_another = |case| wanted.case.is_some() && wanted.case != case;
    let item = wire::FollowCasesResponse {
        position: record.position.0,
        case_id: case.map(|case| case.as_bytes().to_vec()).unwrap_or_default(),
        log_position: record.log_index,
        ..Default::default()
    };
    Ok(match LogKind::of(&record.log) {
        Some(LogKind::Entries { partner, author }) if !of_another(case) => {
            let corridor = reader.corridor(partner)?;
            let stored = layout::entry_of(record)?;
            let head = Head::decode(&record.leaf).ok_or_else(|| failure::corrupt(record))?;
            let side = corridor.side(author).unwrap_or(Side::Own);
            let log = corridor.log_at(side, head.position);
            let content = entry::read(&log, &head, &stored.facts).content;
            Some(wire::FollowCasesResponse {
                author: author.to_string(),
                partner_state: partner.to_string(),
                understood: matches!(content, Content::Stated(_)),
                facts: stored.facts,
                dispatch: stored.dispatch,
                time_ms: stored.time_ms,
                kind: wire::RecordKind::Entry.into(),
                ..item
            })
        }
        Some(LogKind::Local { partner }) if wanted.with_local && !of_another(case) => {
            let stored = layout::entry_of(record)?;
            Some(wire::FollowCasesResponse {
                author: reader.own.to_string(),
                partner_state: partner.to_string(),
                understood: true,
                facts: stored.facts,
                time_ms: stored.time_ms,
                kind: wire::RecordKind::LocalEntry.into(),
                ..item
            })
        }
        Some(LogKind::Headers { partner, author })
            if wanted.with_receipts && wanted.partner.is_none_or(|of| of == partner) =>
        {
            let header = layout::header_of(record)?;
            (header.entries == 0).then(|| wire::FollowCasesResponse {
                author: author.to_string(),
                partner_state: partner.to_string(),
                dispatch: record.log_index,
                log_position: 0,
                time_ms: header.time_ms,
                kind: wire::RecordKind::Receipt.into(),
                ..item
            })
        }
        Some(
            LogKind::Entries { .. }
            | LogKind::Local { .. }
            | LogKind::Headers { .. }
            | LogKind::Commands { .. }
            | LogKind::Proofs
            | LogKind::Missing
            | LogKind::Supplied
            | LogKind::Access,
        )
        | None => None,
    })
}

/// Follows the own dispatches to a partner until nobody listens or the ledger ends.
pub(crate) async fn dispatches(
    reader: Reader,
    mut snapshots: Snapshots,
    corridor: Arc<Corridor>,
    from: u64,
    sink: Sink<wire::FollowDispatchesResponse>,
) {
    let mut next = from;
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
        while next < logs.own.dispatches() {
            let item = match dispatch(&reader, &snapshot, &corridor, Side::Own, next) {
                Ok(Some(item)) => item,
                Ok(None) => break,
                Err(failure) => return end(&sink, failure).await,
            };
            let item = wire::FollowDispatchesResponse {
                number: next,
                dispatch: item.bytes,
                digest: item.digest,
                time_ms: item.time_ms,
            };
            if sink.send(Ok(item)).await.is_err() {
                return;
            }
            next += 1;
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() {
                return end(&sink, failure::writer_gone()).await;
            },
            () = sink.closed() => return,
        }
    }
}

/// A range of dispatches of one log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) side: Side,
    pub(crate) from: u64,
    pub(crate) to: Option<u64>,
}

/// Sends a range of dispatches, as far as there are any.
pub(crate) async fn range(
    reader: Reader,
    snapshot: Arc<Snapshot>,
    corridor: Arc<Corridor>,
    range: Range,
    sink: Sink<wire::ReadDispatchesResponse>,
) {
    let mut number = range.from;
    while range.to.is_none_or(|to| number <= to) {
        match dispatch(&reader, &snapshot, &corridor, range.side, number) {
            Ok(Some(Sendable { bytes, .. })) => {
                let item = wire::ReadDispatchesResponse { number, dispatch: bytes };
                if sink.send(Ok(item)).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(failure) => return end(&sink, failure).await,
        }
        number += 1;
    }
}

/// A dispatch as it is to be sent.
pub(crate) struct Sendable {
    pub(crate) bytes: Vec<u8>,
    digest: Vec<u8>,
    time_ms: u64,
}

/// A stored dispatch with its entries; of the own log with the case keys that its entries minted,
/// wrapped anew for the partner, unless either State has ordered the erasure of the case. `None`
/// beyond the head of the snapshot.
pub(crate) fn dispatch(
    reader: &Reader,
    snapshot: &Snapshot,
    corridor: &Corridor,
    side: Side,
    number: u64,
) -> Result<Option<Sendable>, Failure> {
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    let (names, end): (&LogNames, u64) = match side {
        Side::Own => (&corridor.names.own, logs.own.dispatches()),
        Side::Partner => (&corridor.names.partner, logs.partner.dispatches()),
    };
    if number >= end {
        return Ok(None);
    }
    let Some(record) = layout::record_at(&reader.store, &names.headers, number)? else {
        return Ok(None);
    };
    let header = layout::header_of(&record)?;
    let stored = layout::log_records(
        &reader.store,
        &names.entries,
        header.first_entry,
        header.entries.into(),
    )?;
    let mut entries = Vec::with_capacity(stored.len());
    let mut case_keys = Vec::new();
    for entry in &stored {
        let payload = layout::entry_of(entry)?;
        let head = Head::decode(&entry.leaf).ok_or_else(|| failure::corrupt(entry))?;
        let case = entry.stream.as_ref().and_then(layout::case_of);
        let opens = side == Side::Own && head.case_key_commitment.is_some();
        if let (true, Some(case), Some(recipient)) = (opens, case, logs.partner_hpke)
            && let Some(key) = reader.keys.get(&case)
            && reader.case(snapshot, case)?.is_some_and(|records| records.keys_travel())
        {
            let place = corridor.place(Side::Own, case, head.position);
            let genesis = corridor.genesis.digest();
            let mut random = random::operating_system();
            let wrapped = wrap::wrap(&key, genesis, &place, &recipient, &mut random);
            case_keys.push(wrapped.map_err(|error| {
                Failure::internal("a case key could not be wrapped").with_source(error)
            })?);
        }
        entries.push(Entry {
            head: entry.leaf.clone(),
            facts: payload.facts,
            sealed_body: payload.sealed_body,
        });
    }
    let dispatch = Dispatch { signed_header: record.leaf, entries, case_keys };
    Ok(Some(Sendable {
        bytes: canonical::encode(&dispatch),
        digest: header.digest,
        time_ms: header.time_ms,
    }))
}

/// Ends a stream with a failure.
async fn end<T>(sink: &Sink<T>, failure: Failure) {
    // Whoever no longer listens does not need the reason.
    let _ = sink.send(Err(failure.into())).await;
}
