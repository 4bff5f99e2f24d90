//! The one who appends: takes the batches that wait, gives them their numbers, writes them as one
//! frame, syncs once, and answers.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::append::{AppendError, Appended, Prepared};
use crate::disk::Shortage;
use crate::growth::{Group, Grower, Growth, Numbered};
use crate::index::Broken;
use crate::journal::bytes::{put, wide};
use crate::journal::frame::{self, Header, Numbers, StoreId};
use crate::journal::write::{JournalWriter, WriteError};
use crate::journal::{Mark, frame_length};
use crate::limits::{FRAME_BYTES_KEPT, INDEX_RECORDS_MIN, PENDING_RECORDS_MAX, QUEUE_BYTES_MAX};
use crate::live::Shared;
use crate::name::{CursorName, LogName, StreamId};
use crate::queue::{Queue, Reply, Request};
use crate::record::{Position, Revision};
use crate::sealer::Sealer;

pub(crate) struct Writer {
    shared: Arc<Shared>,
    journal: JournalWriter,
    sealer: Sealer,
    grower: Grower,
    /// The frame of the last group, for its room.
    frame: Vec<u8>,
}

/// Who waits for a batch that was found good.
struct Waiting {
    reply: Reply,
    _share: Option<OwnedSemaphorePermit>,
}

/// What the group so far changes, on top of what is committed.
struct Draft<'a> {
    shared: &'a Shared,
    position: u64,
    logs: BTreeMap<LogName, u64>,
    streams: HashMap<StreamId, u64>,
    accepted: Vec<Numbered>,
    waiting: Vec<Waiting>,
    refused: Vec<(Reply, AppendError)>,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        journal: JournalWriter,
        sealer: Sealer,
        grower: Grower,
    ) -> Self {
        Self { shared, journal, sealer, grower, frame: Vec::new() }
    }

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
        let wants_zeros = self.journal.wants_zeros() && self.shared.failure().is_none();
        match self.sealer.is_inline() {
            // Nobody comes by later.
            true if wants_zeros => self.make_zeros(queue),
            true => {}
            false => queue.want_zeros(wants_zeros),
        }
        true
    }

    /// Writes zeros ahead, a step of them, while nobody appends.
    pub(crate) fn make_zeros(&mut self, queue: &Queue) {
        if self.shared.failure().is_none()
            && let Err(error) = self.journal.make_zeros()
        {
            self.poison(&error);
        }
        queue.want_zeros(self.shared.failure().is_none() && self.journal.wants_zeros());
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
        let mut draft = Draft::new(&shared, self.journal.mark());
        let last = requests.len().saturating_sub(1);
        for (at, Request { batch, reply, share }) in requests.into_iter().enumerate() {
            if let Some(reason) = shared.failure() {
                let error = AppendError::Poisoned { reason: reason.to_owned() };
                draft.refused.push((reply, error));
                continue;
            }
            let follows = if at < last { Follows::Another } else { Follows::Nothing };
            match draft.accept(&batch, follows) {
                Ok(numbers) => {
                    draft.accepted.push(Numbered { batch, numbers });
                    draft.waiting.push(Waiting { reply, _share: share });
                }
                Err(error) => {
                    if let AppendError::Poisoned { reason } = &error {
                        shared.fail(reason.clone());
                    }
                    draft.refused.push((reply, error));
                }
            }
        }
        let Draft { accepted, waiting, refused, .. } = draft;
        let result = match accepted.is_empty() {
            true => Ok(Vec::new()),
            false => self.write(accepted),
        };
        for (reply, error) in refused {
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Err(error));
        }
        match result {
            Ok(answers) => {
                for (Waiting { reply, .. }, answer) in waiting.into_iter().zip(answers) {
                    let _ = reply.send(Ok(answer));
                }
            }
            Err(error) => {
                for Waiting { reply, .. } in waiting {
                    let _ = reply.send(Err(error.clone()));
                }
            }
        }
    }

    /// Writes the frame of a group, and makes it visible once it is durable.
    fn write(&mut self, mut batches: Vec<Numbered>) -> Result<Vec<Appended>, AppendError> {
        let cursors: Vec<_> =
            batches.iter_mut().flat_map(|it| std::mem::take(&mut it.batch.cursors)).collect();
        let cursors_length: usize =
            cursors.iter().map(|(name, value)| frame::cursor_length(name, value)).sum();
        let records_length: usize = batches.iter().map(|it| it.batch.length).sum();
        let length = frame_length(records_length + cursors_length);

        let before = self.journal.mark();
        let address = match self.journal.reserve(length) {
            Ok(address) => address,
            Err(WriteError::Short(shortage)) => return Err(shortage.into()),
            Err(WriteError::Failed(error)) => return Err(self.poison(&error)),
        };
        let records: usize = batches.iter().map(|it| it.numbers.len()).sum();
        let group = Arc::new(Group {
            batches,
            body_address: address + wide(frame::HEADER_LENGTH),
            end: before.position + wide(records),
        });
        let Ok(growing) = self.grower.begin(&group, &self.shared) else {
            return Err(self.poison_as(HASHER_ENDED.to_owned()));
        };
        let frame = &mut self.frame;
        encode(&group, &cursors, (&self.shared.journal.store, address, before.sequence), frame);
        // What is left of it is freed by the hasher, if that still has it.
        drop(group);
        let written = self.journal.write(frame, wide(records));
        if frame.capacity() > FRAME_BYTES_KEPT {
            *frame = Vec::new();
        }
        let grown = growing.wait();
        if let Err(error) = written {
            return Err(self.poison(&error));
        }
        let Ok((growth, answers)) = grown else {
            return Err(self.poison_as(HASHER_ENDED.to_owned()));
        };
        self.publish(growth, cursors);
        Ok(answers)
    }

    /// Makes visible what is durable now.
    fn publish(&self, growth: Growth, cursors: Vec<(CursorName, Vec<u8>)>) {
        let mut live = self.shared.live_mut();
        live.add_group(growth);
        for (name, value) in cursors {
            live.add_cursor(name, value);
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
        self.poison_as(reason)
    }

    fn poison_as(&self, reason: String) -> AppendError {
        self.shared.fail(reason.clone());
        AppendError::Poisoned { reason }
    }
}

/// What is told where nobody hashes any more.
const HASHER_ENDED: &str = "the thread that hashes has ended";

/// The frame of a group: with this id of the store, at this address, with this sequence.
fn encode(
    group: &Group,
    cursors: &[(CursorName, Vec<u8>)],
    (store, address, sequence): (&StoreId, u64, u64),
    out: &mut Vec<u8>,
) {
    out.clear();
    out.resize(frame::HEADER_LENGTH, 0);
    for Numbered { batch, numbers } in &group.batches {
        for (record, numbers) in batch.records.iter().zip(numbers) {
            let record_address = address + wide(out.len());
            frame::encode_record(record, *numbers, (store, record_address), out);
        }
    }
    for (name, value) in cursors {
        frame::encode_cursor(name, value, out);
    }
    out.resize(frame_length(out.len() - frame::HEADER_LENGTH), 0);
    let body = out.get(frame::HEADER_LENGTH..).unwrap_or_default();
    let records = group.records();
    let count = |count: usize| u32::try_from(count).expect("a group is bounded");
    let header = Header {
        body_crc: frame::body_checksum(body, store, address),
        body_length: count(body.len()),
        records: count(records),
        cursors: count(cursors.len()),
        sequence,
        first_position: group.end - wide(records),
    };
    put(out, 0, &header.encode(store, address));
}

/// What comes behind a batch in its group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    Another,
    Nothing,
}

impl<'a> Draft<'a> {
    fn new(shared: &'a Shared, mark: Mark) -> Self {
        Self {
            shared,
            position: mark.position,
            logs: BTreeMap::new(),
            streams: HashMap::new(),
            accepted: Vec::new(),
            waiting: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Checks what a batch expects, and numbers its records. A refused batch changes nothing.
    fn accept(&mut self, batch: &Prepared, follows: Follows) -> Result<Vec<Numbers>, AppendError> {
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
        let numbers = batch.places.iter().map(|place| {
            let position = self.position;
            self.position += 1;
            let log_index = count(sizes.get_mut(place.log)).unwrap_or_default();
            let revision = place.stream.and_then(|stream| count(lengths.get_mut(stream)));
            Numbers { position, log_index, revision }
        });
        let numbers = numbers.collect();
        // For those that come behind it.
        if follows == Follows::Another {
            self.streams.extend(batch.streams.iter().copied().zip(lengths));
            self.logs.extend(batch.logs.iter().cloned().zip(sizes));
        }
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
            Some(Err(Broken { shortage: Some(shortage), .. })) => Err(shortage.into()),
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

/// The share of the queue's bytes that a batch takes, in kibibytes.
pub(crate) fn share(weight: usize) -> u32 {
    u32::try_from(weight.div_ceil(1 << 10)).expect("a batch is bounded")
}

/// All shares that there are.
pub(crate) const SHARES: usize = QUEUE_BYTES_MAX >> 10;
