//! The one who appends: takes the batches that wait, gives them their numbers, writes them as one
//! frame, syncs once, and answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::append::{AppendError, Appended, Placed, Prepared};
use crate::disk::Shortage;
use crate::journal::bytes::{put, wide};
use crate::journal::frame::{self, Header, Numbers};
use crate::journal::write::{JournalWriter, WriteError};
use crate::journal::{Mark, frame_length};
use crate::limits::{INDEX_RECORDS_MIN, PENDING_RECORDS_MAX, QUEUE_BYTES_MAX};
use crate::live::Shared;
use crate::name::{LogName, StreamId};
use crate::queue::{Queue, Reply, Request};
use crate::record::{Position, Revision};
use crate::sealer::Sealer;

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) journal: JournalWriter,
    pub(crate) sealer: Sealer,
}

/// A batch that was found good, with the numbers of its records.
struct Accepted {
    batch: Prepared,
    reply: Reply,
    numbers: Vec<Numbers>,
    _share: Option<OwnedSemaphorePermit>,
}

/// What the group so far changes, on top of what is committed.
struct Group<'a> {
    shared: &'a Shared,
    position: u64,
    logs: BTreeMap<LogName, u64>,
    streams: HashMap<StreamId, u64>,
    accepted: Vec<Accepted>,
    refused: Vec<(Reply, AppendError)>,
}

impl Writer {
    /// Writes what waits as one group; whether anything did.
    pub(crate) fn commit_next(&mut self, queue: &Queue) -> bool {
        let requests = queue.take();
        if requests.is_empty() {
            return false;
        }
        if self.sealer.is_inline() && self.shared.live().positions.pending() >= INDEX_RECORDS_MIN {
            self.shared.index_or_fail();
        }
        self.commit(requests);
        self.seal_full();
        true
    }

    /// Hands over the segments that are full.
    pub(crate) fn seal_full(&mut self) {
        let full = self.journal.take_full();
        let left = self.sealer.seal(&self.shared, full);
        self.journal.put_back(left);
    }

    fn commit(&mut self, requests: Vec<Request>) {
        let shared = Arc::clone(&self.shared);
        if let Err(shortage) = shared.wait_for_index(PENDING_RECORDS_MAX) {
            for Request { reply, .. } in requests {
                let _ = reply.send(Err(shortage.into()));
            }
            return;
        }
        let mut group = Group::new(&shared, self.journal.mark());
        for Request { batch, reply, share } in requests {
            if let Some(reason) = shared.failure() {
                let error = AppendError::Poisoned { reason: reason.to_owned() };
                group.refused.push((reply, error));
                continue;
            }
            match group.accept(&batch) {
                Ok(numbers) => {
                    group.accepted.push(Accepted { batch, reply, numbers, _share: share })
                }
                Err(error) => {
                    if let AppendError::Poisoned { reason } = &error {
                        shared.fail(reason.clone());
                    }
                    group.refused.push((reply, error));
                }
            }
        }
        let Group { accepted, refused, .. } = group;
        let result = match accepted.is_empty() {
            true => Ok(()),
            false => self.write(&accepted),
        };
        for (reply, error) in refused {
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Err(error));
        }
        for Accepted { batch, reply, numbers, .. } in accepted {
            let _ = reply.send(match &result {
                Ok(()) => Ok(appended(&batch, &numbers, self.journal.mark())),
                Err(error) => Err(error.clone()),
            });
        }
    }

    /// Writes the frame of a group, and makes it visible once it is durable.
    fn write(&mut self, accepted: &[Accepted]) -> Result<(), AppendError> {
        let records = accepted.iter().map(|batch| batch.numbers.len()).sum::<usize>();
        let cursors = accepted.iter().flat_map(|batch| &batch.batch.cursors);
        let cursors_length: usize =
            cursors.clone().map(|(name, value)| frame::cursor_length(name, value)).sum();
        let records_length: usize = accepted.iter().map(|batch| batch.batch.bytes.len()).sum();
        let length = frame_length(records_length + cursors_length);

        let before = self.journal.mark();
        let address = match self.journal.reserve(length) {
            Ok(address) => address,
            Err(WriteError::Short(shortage)) => return Err(shortage.into()),
            Err(WriteError::Failed(error)) => return Err(self.poison(&error)),
        };
        let mut bytes = Vec::with_capacity(length);
        bytes.resize(frame::HEADER_LENGTH, 0);
        let mut addresses = Vec::with_capacity(records);
        let store = self.shared.journal.store;
        for Accepted { batch, numbers, .. } in accepted {
            let mut at = bytes.len();
            bytes.extend_from_slice(&batch.bytes);
            for (record, numbers) in batch.records.iter().zip(numbers) {
                let record_address = address + wide(at);
                let encoded = bytes.get_mut(at..at + record.length).unwrap_or_default();
                frame::number_record(encoded, &store, record_address, *numbers);
                addresses.push(record_address);
                at += record.length;
            }
        }
        for (name, value) in cursors.clone() {
            frame::encode_cursor(name, value, &mut bytes);
        }
        bytes.resize(length, 0);
        let (_, body) = bytes.split_at(frame::HEADER_LENGTH);
        let count = |count: usize| u32::try_from(count).expect("a group is bounded");
        let header = Header {
            body_crc: frame::body_checksum(body, &store, address),
            body_length: count(body.len()),
            records: count(records),
            cursors: count(cursors.clone().count()),
            sequence: before.sequence,
            first_position: before.position,
        };
        put(&mut bytes, 0, &header.encode(&store, address));

        if let Err(error) = self.journal.write(&bytes, wide(records)) {
            return Err(self.poison(&error));
        }
        self.publish(accepted, &addresses);
        Ok(())
    }

    /// Makes visible what is durable now.
    fn publish(&self, accepted: &[Accepted], addresses: &[u64]) {
        let mut addresses = addresses;
        let mut live = self.shared.live_mut();
        for Accepted { batch, numbers, .. } in accepted {
            let (of_batch, rest) = addresses.split_at(numbers.len());
            live.add_batch(batch, numbers, of_batch);
            addresses = rest;
            for (name, value) in &batch.cursors {
                live.add_cursor(name.clone(), value.clone());
            }
        }
        live.mark = self.journal.mark();
        let position = Position(live.mark.position);
        let pending = live.positions.pending();
        drop(live);
        self.shared.wake_indexer(pending);
        self.shared.committed.send_replace(position);
    }

    fn poison(&self, error: &dyn std::error::Error) -> AppendError {
        let mut reason = error.to_string();
        if let Some(source) = error.source() {
            reason = format!("{reason}: {source}");
        }
        self.shared.fail(reason.clone());
        AppendError::Poisoned { reason }
    }
}

impl<'a> Group<'a> {
    fn new(shared: &'a Shared, mark: Mark) -> Self {
        Self {
            shared,
            position: mark.position,
            logs: BTreeMap::new(),
            streams: HashMap::new(),
            accepted: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Checks what a batch expects, and numbers its records. A refused batch changes nothing.
    fn accept(&mut self, batch: &Prepared) -> Result<Vec<Numbers>, AppendError> {
        for (stream, expected) in &batch.expected {
            let found = self.stream_length(stream)?.checked_sub(1).map(Revision);
            if !expected.holds(found) {
                let (stream, expected) = (*stream, *expected);
                return Err(AppendError::Conflict { stream, expected, found });
            }
        }
        // Looked up before anything is counted, since looking up may fail.
        let lengths: Result<Vec<u64>, AppendError> =
            batch.streams.iter().map(|stream| self.stream_length(stream)).collect();
        let mut lengths = lengths?;
        let mut sizes: Vec<u64> = batch.logs.iter().map(|log| self.log_size(log)).collect();
        let count = |of: Option<&mut u64>| {
            let of = of?;
            *of += 1;
            Some(*of - 1)
        };
        let numbers = batch.records.iter().map(|record| {
            let position = self.position;
            self.position += 1;
            let log_index = count(sizes.get_mut(record.log)).unwrap_or_default();
            let revision = record.stream.and_then(|stream| count(lengths.get_mut(stream)));
            Numbers { position, log_index, revision }
        });
        let numbers = numbers.collect();
        self.streams.extend(batch.streams.iter().copied().zip(lengths));
        self.logs.extend(batch.logs.iter().cloned().zip(sizes));
        Ok(numbers)
    }

    fn log_size(&self, log: &LogName) -> u64 {
        self.logs.get(log).copied().unwrap_or_else(|| self.shared.live().log_size(log))
    }

    fn stream_length(&self, stream: &StreamId) -> Result<u64, AppendError> {
        if let Some(length) = self.streams.get(stream) {
            return Ok(*length);
        }
        match self.shared.stream_length(stream) {
            Some(Ok(length)) => Ok(length),
            Some(Err(broken)) => Err(AppendError::Poisoned { reason: broken.to_string() }),
            None => Err(AppendError::Closed),
        }
    }
}

impl From<Shortage> for AppendError {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::Space => Self::DiskFull,
            Shortage::Files => Self::NoFiles,
        }
    }
}

fn appended(batch: &Prepared, numbers: &[Numbers], end: Mark) -> Appended {
    let first = numbers.first().map_or(end.position, |first| first.position);
    let placed = batch.records.iter().zip(numbers).filter_map(|(record, numbers)| {
        Some(Placed {
            position: Position(numbers.position),
            log: batch.logs.get(record.log)?.clone(),
            log_index: numbers.log_index,
            revision: numbers.revision.map(Revision),
        })
    });
    Appended {
        first: Position(first),
        next: Position(first + wide(numbers.len())),
        records: placed.collect(),
    }
}

/// The share of the queue's bytes that a batch takes, in kibibytes.
pub(crate) fn share(weight: usize) -> u32 {
    u32::try_from(weight.div_ceil(1 << 10)).expect("a batch is bounded")
}

/// All shares that there are.
pub(crate) const SHARES: usize = QUEUE_BYTES_MAX >> 10;
