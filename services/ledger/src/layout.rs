//! How the ledger lays its logs out in the store: names, streams and what stands beside a leaf.
//!
//! | log | leaf | stream |
//! |---|---|---|
//! | `entries/<partner>/<author>/<era>` | the head of an entry | its case, or the corridor |
//! | `headers/<partner>/<author>/<era>` | the signed header of a dispatch | none |
//! | `local/<partner>` | the head of a local entry | its case |
//! | `commands/<partner>` | a command that was carried out | its case, or the corridor |
//! | `erasures/<partner>` | a case whose erasure this State has ordered | none |
//! | `proofs/<partner>` | a dispatch that was not imported | none |
//! | `missing/<partner>` | what an imported entry names and what did not come | none |
//! | `supplied/<partner>` | what was missing and has come | its case |
//! | `access` | an access | the accesses of its case |
//!
//! A record of `headers` has the number of the dispatch as its index, and a record of `entries`
//! the position of the entry.

use domain::identifier::{CaseId, Digest, State};
use event_store::{LogName, Revision, Store, StoredRecord, StreamId};
use proto::store::v1 as stored;
use record::canonical;
use record::dispatch::SignedHeader;
use record::log_id::LogId;

use crate::failure::corrupt;
use runtime::failure::Failure;

/// Before the case id in the stream of its accesses, which must not be the stream of the case: a
/// read would move it.
const ACCESSES: u8 = b'a';
/// What the names of the logs of erasures begin with.
const ERASURES: &str = "erasures/";
/// Records that are asked for at once.
const PAGE_RECORDS: usize = 1024;

/// The names of the logs of one corridor.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) own: LogNames,
    pub(crate) partner: LogNames,
    pub(crate) local: LogName,
    pub(crate) commands: LogName,
    pub(crate) proofs: LogName,
    pub(crate) missing: LogName,
    pub(crate) supplied: LogName,
    pub(crate) erasures: LogName,
}

/// The names of the two logs of the store that hold one log of a State.
#[derive(Clone, Debug)]
pub(crate) struct LogNames {
    pub(crate) entries: LogName,
    pub(crate) headers: LogName,
}

/// What a log of the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogKind {
    Entries { partner: State, author: State },
    Headers { partner: State, author: State },
    Local { partner: State },
    Commands { partner: State },
    Proofs,
    Missing,
    Supplied,
    Access,
}

impl Names {
    pub(crate) fn new(own: &LogId, partner: &LogId) -> Self {
        let other = partner.author();
        let of = |log: &LogId| {
            let path = format!("{other}/{}/{}", log.author(), log.era());
            LogNames {
                entries: name(&format!("entries/{path}")),
                headers: name(&format!("headers/{path}")),
            }
        };
        Self {
            own: of(own),
            partner: of(partner),
            local: name(&format!("local/{other}")),
            commands: name(&format!("commands/{other}")),
            proofs: name(&format!("proofs/{other}")),
            missing: name(&format!("missing/{other}")),
            supplied: name(&format!("supplied/{other}")),
            erasures: name(&format!("{ERASURES}{other}")),
        }
    }
}

impl LogKind {
    /// Reads the name of a log; `None` for one that this version does not write.
    pub(crate) fn of(log: &LogName) -> Option<Self> {
        let parts: Vec<&str> = log.as_str().split('/').collect();
        let state = |code: &str| State::new(code).ok();
        match parts.as_slice() {
            ["entries", partner, author, _] => {
                Some(Self::Entries { partner: state(partner)?, author: state(author)? })
            }
            ["headers", partner, author, _] => {
                Some(Self::Headers { partner: state(partner)?, author: state(author)? })
            }
            ["local", partner] => Some(Self::Local { partner: state(partner)? }),
            ["commands", partner] => Some(Self::Commands { partner: state(partner)? }),
            ["proofs", _] => Some(Self::Proofs),
            ["missing", _] => Some(Self::Missing),
            ["supplied", _] => Some(Self::Supplied),
            ["access"] => Some(Self::Access),
            _ => None,
        }
    }
}

/// The case whose erasure a record says was ordered.
pub(crate) fn erased_case(record: &StoredRecord) -> Option<CaseId> {
    let is_order = record.log.as_str().starts_with(ERASURES);
    is_order.then(|| CaseId::from_slice(&record.leaf).ok()).flatten()
}

/// The access log.
pub(crate) fn access_log() -> LogName {
    name("access")
}

/// The stream of a case.
pub(crate) fn case_stream(case: &CaseId) -> StreamId {
    stream(case.as_bytes())
}

/// The case of a stream; `None` for the stream of anything else.
pub(crate) fn case_of(stream: &StreamId) -> Option<CaseId> {
    CaseId::from_slice(stream.as_bytes()).ok()
}

/// The stream of a corridor.
pub(crate) fn corridor_stream(genesis: &Digest) -> StreamId {
    stream(genesis.as_bytes())
}

/// The stream of the accesses to a case.
pub(crate) fn accesses_stream(case: &CaseId) -> StreamId {
    stream(&[&[ACCESSES], case.as_bytes().as_slice()].concat())
}

fn name(text: &str) -> LogName {
    LogName::new(text).expect("names of logs are short and made of letters, digits and slashes")
}

fn stream(bytes: &[u8]) -> StreamId {
    StreamId::new(bytes).expect("ids of streams have 16, 17 or 32 bytes")
}

/// What stands beside an entry.
pub(crate) fn entry_of(record: &StoredRecord) -> Result<stored::StoredEntry, Failure> {
    canonical::decode(&record.payload).map_err(|_| corrupt(record))
}

/// What stands beside a header.
pub(crate) fn header_of(record: &StoredRecord) -> Result<stored::StoredHeader, Failure> {
    canonical::decode(&record.payload).map_err(|_| corrupt(record))
}

/// A command that was carried out.
pub(crate) fn command_of(record: &StoredRecord) -> Result<stored::StoredCommand, Failure> {
    canonical::decode(&record.leaf).map_err(|_| corrupt(record))
}

/// What the rules read of a stored header.
pub(crate) fn dispatch_of(record: &StoredRecord) -> Result<domain::chain::Dispatch, Failure> {
    let header = header_of(record)?;
    let digest = |bytes: &[u8]| Digest::from_slice(bytes).map_err(|_| corrupt(record));
    let heard = match &header.heard {
        None => None,
        Some(heard) => Some(domain::chain::Heard {
            era: heard.era,
            number: heard.number,
            digest: digest(&heard.digest)?,
        }),
    };
    Ok(domain::chain::Dispatch {
        number: record.log_index,
        time: domain::time::Instant::from_ms(header.time_ms),
        digest: digest(&header.digest)?,
        heard,
    })
}

/// A dispatch of a log of headers; `None` beyond its end.
pub(crate) fn dispatch_at(
    store: &Store,
    log: &LogName,
    number: u64,
) -> Result<Option<domain::chain::Dispatch>, Failure> {
    record_at(store, log, number)?.as_ref().map(dispatch_of).transpose()
}

/// The signed header of such a dispatch.
pub(crate) fn signed_header_at(
    store: &Store,
    log: &LogName,
    number: u64,
) -> Result<Option<SignedHeader>, Failure> {
    let record = record_at(store, log, number)?;
    let parse =
        |record: StoredRecord| SignedHeader::parse(&record.leaf).ok_or_else(|| corrupt(&record));
    record.map(parse).transpose()
}

/// The record of a log at an index; `None` beyond its end.
pub(crate) fn record_at(
    store: &Store,
    log: &LogName,
    index: u64,
) -> Result<Option<StoredRecord>, Failure> {
    if index >= store.log_size(log) {
        return Ok(None);
    }
    let page = store.read_log(log, index, 1).map_err(crate::failure::read)?;
    Ok(page.into_iter().next())
}

/// All records of a stream from a revision on, in order, before a position of the store.
pub(crate) fn stream_records(
    store: &Store,
    stream: &StreamId,
    from: u64,
    before: event_store::Position,
) -> Result<Vec<StoredRecord>, Failure> {
    let mut records = Vec::new();
    let mut from = from;
    loop {
        let page = store
            .read_stream(stream, Revision(from), PAGE_RECORDS)
            .map_err(crate::failure::read)?;
        let read = page.len() as u64;
        records.extend(page.into_iter().take_while(|record| record.position < before));
        from += read;
        let end = records.last().map_or(0, |last| last.revision.map_or(0, |at| at.0 + 1));
        if read == 0 || end < from {
            return Ok(records);
        }
    }
}

/// The records of a log from an index on, as many as asked for.
pub(crate) fn log_records(
    store: &Store,
    log: &LogName,
    from: u64,
    count: u64,
) -> Result<Vec<StoredRecord>, Failure> {
    let mut records: Vec<StoredRecord> = Vec::new();
    let mut wanted = usize::try_from(count).unwrap_or(usize::MAX);
    let mut from = from;
    while wanted > 0 {
        let page =
            store.read_log(log, from, wanted.min(PAGE_RECORDS)).map_err(crate::failure::read)?;
        if page.is_empty() {
            break;
        }
        from += page.len() as u64;
        wanted = wanted.saturating_sub(page.len());
        records.extend(page);
    }
    Ok(records)
}
