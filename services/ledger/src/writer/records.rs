//! The records of what is stored: a dispatch of either State with its entries, an entry of the
//! local log, and a dispatch that is kept as proof.

use domain::time::Instant;
use event_store::{NewRecord, StreamId};
use proto::store::v1::{StoredEntry, StoredHeader, StoredHeard, StoredProof};
use record::canonical;
use record::dispatch::SignedHeader;
use record::entry::Entry;

use crate::corridor::Corridor;
use crate::layout::LogNames;

/// The records of a dispatch of either State: its entries, then its header.
pub(crate) fn push_dispatch<'a>(
    records: &mut Vec<NewRecord>,
    names: &LogNames,
    signed: &SignedHeader,
    first_entry: u64,
    entries: impl Iterator<Item = (&'a Entry, Option<StreamId>)>,
) {
    let header = signed.header();
    let mut count = 0;
    for (entry, stream) in entries {
        let stored = StoredEntry {
            dispatch: header.number,
            time_ms: header.time.as_ms(),
            facts: entry.facts.clone(),
            sealed_body: entry.sealed_body.clone().unwrap_or_default(),
        };
        records.push(NewRecord {
            log: names.entries.clone(),
            stream,
            leaf: entry.head.clone(),
            payload: canonical::encode(&stored),
        });
        count += 1;
    }
    let stored = StoredHeader {
        first_entry,
        entries: count,
        time_ms: header.time.as_ms(),
        digest: signed.digest().as_bytes().to_vec(),
        heard: header.heard.map(|heard| StoredHeard {
            era: heard.era,
            number: heard.number,
            digest: heard.digest.as_bytes().to_vec(),
        }),
    };
    records.push(NewRecord {
        log: names.headers.clone(),
        stream: None,
        leaf: signed.bytes().to_vec(),
        payload: canonical::encode(&stored),
    });
}

/// The record of an entry of the local log.
pub(super) fn local_record(
    corridor: &Corridor,
    entry: Entry,
    stream: StreamId,
    at: Instant,
) -> NewRecord {
    let stored = StoredEntry {
        dispatch: 0,
        time_ms: at.as_ms(),
        facts: entry.facts,
        sealed_body: entry.sealed_body.unwrap_or_default(),
    };
    NewRecord {
        log: corridor.names.local.clone(),
        stream: Some(stream),
        leaf: entry.head,
        payload: canonical::encode(&stored),
    }
}

/// The record of a dispatch that is kept as proof.
pub(super) fn proof_record(corridor: &Corridor, proof: &StoredProof) -> NewRecord {
    NewRecord {
        log: corridor.names.proofs.clone(),
        stream: None,
        leaf: canonical::encode(proof),
        payload: Vec::new(),
    }
}
