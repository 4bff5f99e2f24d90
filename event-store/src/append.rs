//! What one append is: the batch, what it expects, what comes back, what can go wrong.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;

use thiserror::Error;

use crate::journal::frame;
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_CURSORS_MAX, BATCH_RECORDS_MAX, CURSOR_BYTES_MAX, RECORD_BYTES_MAX,
};
use crate::name::{CursorName, LogName, StreamId};
use crate::record::{NewRecord, Position, Revision};

/// What one append stores: all of it, durably, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The records, in the order in which they are numbered; over any logs and streams.
    pub records: Vec<NewRecord>,
    /// What must hold of streams before the batch; streams not named are not checked.
    pub expected: Vec<(StreamId, Expected)>,
    /// Cursors to be set with the records. A batch may have cursors only.
    pub cursors: Vec<(CursorName, Vec<u8>)>,
}

/// What a batch expects of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It has no record.
    Absent,
    /// It has at least one record.
    Exists,
    /// Its last record has this revision.
    Revision(Revision),
    /// Nothing.
    Any,
}

impl Expected {
    /// Whether a stream whose last revision is `found` is as expected.
    #[must_use]
    pub fn holds(self, found: Option<Revision>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Exists => found.is_some(),
            Self::Revision(revision) => found == Some(revision),
            Self::Any => true,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Exists => f.write_str("there"),
            Self::Revision(revision) => write!(f, "at revision {revision}"),
            Self::Any => f.write_str("in any state"),
        }
    }
}

/// Where the records of a batch stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The position of the first record of the batch.
    pub first: Position,
    /// The position after the last one; equal to `first` if the batch had no records.
    pub next: Position,
    /// One for each record, in their order.
    pub records: Vec<Placed>,
}

/// Where one record stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its place in the store.
    pub position: Position,
    /// Its log.
    pub log: LogName,
    /// Its place in the log.
    pub log_index: u64,
    /// Its place in its stream, if it has one.
    pub revision: Option<Revision>,
}

/// Why nothing of a batch was stored. Except after `Poisoned`, that is certain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AppendError {
    /// Neither records nor cursors.
    #[error("the batch has neither records nor cursors")]
    Empty,
    /// A limit of the store.
    #[error("{what} is {size}, and at most {size_max}")]
    TooLarge {
        /// What was measured.
        what: &'static str,
        /// How large it is.
        size: usize,
        /// How large it may be.
        size_max: usize,
    },
    /// A stream is not as expected.
    #[error("stream `{stream}` is not {expected}")]
    Conflict {
        /// The stream.
        stream: StreamId,
        /// What the batch expected.
        expected: Expected,
        /// The last revision found; none if the stream has no record.
        found: Option<Revision>,
    },
    /// No space on the disk. The store goes on; the batch can be tried again.
    #[error("no space is left on the disk")]
    DiskFull,
    /// No further file can be opened. The store goes on; the batch can be tried again.
    #[error("too many files are open")]
    NoFiles,
    /// A write or sync failed, in this append or before. Whether this batch survives is known
    /// only after opening the store again.
    #[error("the writer has stopped: {reason}")]
    Poisoned {
        /// The first failure.
        reason: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// A batch, checked by its caller, so that the writer only numbers and encodes it.
pub(crate) struct Prepared {
    pub(crate) records: Vec<NewRecord>,
    /// Where each of them belongs.
    pub(crate) places: Vec<Place>,
    /// The logs of its records, each once …
    pub(crate) logs: Vec<LogName>,
    /// … and their streams: so that whoever numbers the records looks each up once.
    pub(crate) streams: Vec<StreamId>,
    /// Length of all records, encoded.
    pub(crate) length: usize,
    pub(crate) expected: Vec<(StreamId, Expected)>,
    pub(crate) cursors: Vec<(CursorName, Vec<u8>)>,
}

/// Where one record of a batch belongs.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Its place in `Prepared::logs`.
    pub(crate) log: usize,
    /// Its place in `Prepared::streams`.
    pub(crate) stream: Option<usize>,
}

impl Prepared {
    pub(crate) fn new(batch: Batch) -> Result<Self, AppendError> {
        let Batch { records, expected, cursors } = batch;
        if records.is_empty() && cursors.is_empty() {
            return Err(AppendError::Empty);
        }
        check("the number of records", records.len(), BATCH_RECORDS_MAX)?;
        check("the number of expected streams", expected.len(), BATCH_RECORDS_MAX)?;
        check("the number of cursors", cursors.len(), BATCH_CURSORS_MAX)?;
        for (_, value) in &cursors {
            check("the value of a cursor", value.len(), CURSOR_BYTES_MAX)?;
        }

        let mut length = 0;
        let mut places = Vec::with_capacity(records.len());
        let mut logs = Distinct::with_room(0);
        let mut streams = Distinct::with_room(records.len().min(STREAMS_EXPECTED));
        for record in &records {
            let of_record = frame::record_length(record);
            check("a record", of_record, RECORD_BYTES_MAX)?;
            check("the batch", length + of_record, BATCH_BYTES_MAX)?;
            length += of_record;
            places.push(Place {
                log: logs.place(&record.log),
                stream: record.stream.as_ref().map(|stream| streams.place(stream)),
            });
        }
        let (logs, streams) = (logs.all, streams.all);
        Ok(Self { records, places, logs, streams, length, expected, cursors })
    }

    /// Its weight in the queue and in a group.
    pub(crate) fn weight(&self) -> usize {
        let cursors = self.cursors.iter().map(|(_, value)| value.len() + CursorName::LENGTH_MAX);
        self.length + cursors.sum::<usize>()
    }
}

/// Streams of a batch for which there is room from the beginning.
const STREAMS_EXPECTED: usize = 128;

/// Names, each once, in the order in which they came.
struct Distinct<T> {
    all: Vec<T>,
    places: HashMap<T, usize>,
    last: usize,
}

impl<T: Clone + Eq + Hash> Distinct<T> {
    fn with_room(count: usize) -> Self {
        Self { all: Vec::with_capacity(count), places: HashMap::with_capacity(count), last: 0 }
    }

    /// The place of a name.
    fn place(&mut self, name: &T) -> usize {
        if self.all.get(self.last) != Some(name) {
            self.last = match self.places.get(name) {
                Some(place) => *place,
                None => {
                    self.places.insert(name.clone(), self.all.len());
                    self.all.push(name.clone());
                    self.all.len() - 1
                }
            };
        }
        self.last
    }
}

fn check(what: &'static str, size: usize, size_max: usize) -> Result<(), AppendError> {
    if size > size_max { Err(AppendError::TooLarge { what, size, size_max }) } else { Ok(()) }
}
