//! What a group adds to memory once it is durable: nodes of trees, places of records, answers.
//!
//! None of it stands in the frame. So a thread of its own computes it while the writer encodes the
//! frame and waits for the disk; of small groups, and in a store without threads, the writer does
//! it. Nothing is visible to anybody before the writer hands it to [`Live`](crate::live::Live).

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};

use merkle::{Frontier, Hash};

use crate::append::{Appended, Placed, Prepared};
use crate::journal::bytes::wide;
use crate::journal::frame::{self, Numbers};
use crate::limits::GROWN_APART_RECORDS_MIN;
use crate::live::{PendingStream, Shared};
use crate::name::{LogName, StreamId};
use crate::record::{Position, Revision};

/// A batch that was found good, with the numbers of its records.
pub(crate) struct Numbered {
    pub(crate) batch: Prepared,
    pub(crate) numbers: Vec<Numbers>,
}

/// A group that is being written: the batches, and where the body of their frame begins.
pub(crate) struct Group {
    pub(crate) batches: Vec<Numbered>,
    pub(crate) body_address: u64,
    /// The position after its last record.
    pub(crate) end: u64,
}

/// What memory gets.
pub(crate) struct Growth {
    /// The address of each record.
    pub(crate) addresses: Vec<u64>,
    pub(crate) logs: BTreeMap<LogName, LogGrowth>,
    /// Of each batch, the streams that it lengthens.
    pub(crate) streams: Vec<(StreamId, PendingStream)>,
}

/// What one log gets.
pub(crate) struct LogGrowth {
    /// The right edge of its tree afterwards.
    pub(crate) frontier: Frontier,
    pub(crate) offsets: Vec<[u8; 8]>,
    pub(crate) nodes: Vec<Hash>,
}

/// What memory gets, and what each batch is answered.
pub(crate) type Grown = (Growth, Vec<Appended>);

impl Group {
    /// How many records it has.
    pub(crate) fn records(&self) -> usize {
        self.batches.iter().map(|batch| batch.numbers.len()).sum()
    }

    fn grow(&self, shared: &Shared) -> Grown {
        let mut growth = Growth {
            addresses: Vec::with_capacity(self.records()),
            logs: BTreeMap::new(),
            streams: Vec::new(),
        };
        let mut answers = Vec::with_capacity(self.batches.len());
        let mut address = self.body_address;
        for Numbered { batch, numbers } in &self.batches {
            let first = growth.addresses.len();
            for record in &batch.records {
                growth.addresses.push(address);
                address += wide(frame::record_length(record));
            }
            let addresses = growth.addresses.get(first..).unwrap_or_default();
            growth.streams.extend(streams(batch, numbers, addresses));
            hash(&mut growth.logs, shared, batch, addresses);
            answers.push(answer(batch, numbers, self.end));
        }
        (growth, answers)
    }
}

fn streams(
    batch: &Prepared,
    numbers: &[Numbers],
    addresses: &[u64],
) -> impl Iterator<Item = (StreamId, PendingStream)> {
    let mut streams: Vec<Option<PendingStream>> = batch.streams.iter().map(|_| None).collect();
    for ((place, numbers), address) in batch.places.iter().zip(numbers).zip(addresses) {
        let stream = place.stream.and_then(|stream| streams.get_mut(stream));
        if let (Some(stream), Some(first)) = (stream, numbers.revision) {
            let new = || PendingStream { first, addresses: Vec::new() };
            stream.get_or_insert_with(new).addresses.push(*address);
        }
    }
    let named = batch.streams.iter().zip(streams);
    named.filter_map(|(stream, new)| Some((*stream, new?)))
}

fn hash(
    logs: &mut BTreeMap<LogName, LogGrowth>,
    shared: &Shared,
    batch: &Prepared,
    addresses: &[u64],
) {
    let mut records = batch.records.iter().zip(addresses);
    for of_log in batch.places.chunk_by(|one, next| one.log == next.log) {
        let Some(log) = of_log.first().and_then(|place| batch.logs.get(place.log)) else {
            continue;
        };
        let growth = logs.entry(log.clone()).or_insert_with(|| LogGrowth {
            // Only the writer moves it, which waits for this.
            frontier: shared.live().frontier(log),
            offsets: Vec::new(),
            nodes: Vec::new(),
        });
        let LogGrowth { frontier, offsets, nodes } = growth;
        for (record, address) in records.by_ref().take(of_log.len()) {
            offsets.push(address.to_le_bytes());
            frontier.push_with(merkle::leaf_hash(&record.leaf), |node| nodes.push(node));
        }
    }
}

fn answer(batch: &Prepared, numbers: &[Numbers], end: u64) -> Appended {
    let first = numbers.first().map_or(end, |first| first.position);
    let placed = batch.places.iter().zip(numbers).filter_map(|(place, numbers)| {
        Some(Placed {
            position: Position(numbers.position),
            log: batch.logs.get(place.log)?.clone(),
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

/// Who computes it.
pub(crate) enum Grower {
    /// A thread: where groups go to, and where what they add comes from.
    Thread(mpsc::SyncSender<Arc<Group>>, mpsc::Receiver<Grown>),
    Inline,
}

/// What a group adds, now or soon.
pub(crate) enum Growing<'a> {
    Done(Grown),
    Soon(&'a mpsc::Receiver<Grown>),
}

/// The thread has ended.
pub(crate) struct GrowerGone;

/// The thread's ends of the channels.
pub(crate) type Ends = (mpsc::Receiver<Arc<Group>>, mpsc::SyncSender<Grown>);

impl Grower {
    /// With a thread, which is to call [`run`].
    pub(crate) fn apart() -> (Self, Ends) {
        let (groups, to_grow) = mpsc::sync_channel(1);
        let (grown, done) = mpsc::sync_channel(1);
        (Self::Thread(groups, done), (to_grow, grown))
    }

    /// Begins. Whoever begins waits for it before the next group.
    pub(crate) fn begin(
        &self,
        group: &Arc<Group>,
        shared: &Shared,
    ) -> Result<Growing<'_>, GrowerGone> {
        match self {
            Self::Thread(groups, done) if group.records() >= GROWN_APART_RECORDS_MIN => {
                groups.send(Arc::clone(group)).map_err(|_| GrowerGone)?;
                Ok(Growing::Soon(done))
            }
            Self::Thread(..) | Self::Inline => Ok(Growing::Done(group.grow(shared))),
        }
    }
}

impl Growing<'_> {
    /// Waits for it.
    pub(crate) fn wait(self) -> Result<Grown, GrowerGone> {
        match self {
            Self::Done(grown) => Ok(grown),
            Self::Soon(done) => done.recv().map_err(|_| GrowerGone),
        }
    }
}

/// The thread: until the writer has ended.
pub(crate) fn run(shared: &Shared, (groups, grown): &Ends) {
    while let Ok(group) = groups.recv() {
        let done = group.grow(shared);
        drop(group);
        if grown.send(done).is_err() {
            return;
        }
    }
}
