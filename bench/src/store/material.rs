//! Records of 512 bytes that no compression helps with, as sealed bodies are.

use anyhow::Result;
use event_store::{Batch, LogName, NewRecord, StreamId};

/// What a record holds, without its names and numbers.
pub(crate) const RECORD_BYTES: usize = 512;
/// Of these, what the Merkle tree hashes: about as much as the head of an entry.
const LEAF_BYTES: usize = 112;
/// Entries of a case.
pub(crate) const CASE_ENTRIES: u64 = 100;
/// Cases that are under way at the same time: their entries lie so many records apart.
pub(crate) const CASES_AT_ONCE: u64 = 100;
/// The same of a store in which very many are under way.
pub(crate) const CASES_AT_ONCE_MANY: u64 = 10_000;

const LOG: &str = "entries/NL/0";
/// A case id.
const STREAM_BYTES: usize = 16;

/// What one record holds.
pub(crate) type Value = [u8; RECORD_BYTES];

/// The frame of a batch of the store, in bytes (`event-store/FORMAT.md`): a header, then for each
/// record another, its log, its stream and what it holds, all up to a multiple of 8.
pub(crate) fn framed(records: usize) -> usize {
    48 + (records * (40 + LOG.len() + STREAM_BYTES + RECORD_BYTES)).next_multiple_of(8)
}

/// The `number`-th value: noise, the same in every run.
pub(crate) fn value(number: u64) -> Value {
    let mut value = [0; RECORD_BYTES];
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for bytes in value.chunks_exact_mut(8) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.copy_from_slice(&state.to_le_bytes());
    }
    value
}

/// The case that the `number`-th record is of. So many cases take turns until each has its
/// [`CASE_ENTRIES`]; then others begin.
pub(crate) fn case_of(number: u64, at_once: u64) -> u64 {
    number / (at_once * CASE_ENTRIES) * at_once + number % at_once
}

/// The stream of a case.
///
/// # Errors
/// None: 16 bytes are a stream id.
pub(crate) fn stream(case: u64) -> Result<StreamId> {
    let mixed = case.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    Ok(StreamId::new(&[mixed.to_be_bytes(), case.to_be_bytes()].concat())?)
}

/// The log of all records.
///
/// # Errors
/// None: the name is a good one.
pub(crate) fn log() -> Result<LogName> {
    Ok(LogName::new(LOG)?)
}

/// The batch of records from `first` on, with these values, of [`CASES_AT_ONCE`] cases.
pub(crate) fn batch(first: u64, values: &[Value]) -> Result<Batch> {
    batch_of(first, values, CASES_AT_ONCE)
}

/// The batch of records from `first` on, with these values, of so many cases at the same time.
pub(crate) fn batch_of(first: u64, values: &[Value], at_once: u64) -> Result<Batch> {
    let log = log()?;
    let record = |(number, value): (u64, &Value)| {
        let (leaf, payload) = value.split_at(LEAF_BYTES);
        Ok(NewRecord {
            log: log.clone(),
            stream: Some(stream(case_of(number, at_once))?),
            leaf: leaf.to_vec(),
            payload: payload.to_vec(),
        })
    };
    let records = (first..).zip(values).map(record).collect::<Result<_>>()?;
    Ok(Batch { records, ..Batch::default() })
}
