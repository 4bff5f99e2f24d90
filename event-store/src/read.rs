//! Reading: a log, a stream, everything since a position, and the small questions.

use std::io;

use merkle::Frontier;
use thiserror::Error;

use crate::index::{self, Broken};
use crate::journal::bytes::wide;
use crate::journal::frame::RecordView;
use crate::journal::{JournalError, Standing, Window};
use crate::limits::{READ_BYTES_MAX, READ_RECORDS_MAX, SCAN_RECORDS_MAX};
use crate::name::{CursorName, LogName, StreamId};
use crate::record::{Filter, Position, Revision, StoredRecord};
use crate::store::Store;

/// Why a read failed. It never returns less than is stored instead.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The place lies after the end: it is not of this store.
    #[error("{asked} is beyond the end, which is {end}")]
    BeyondEnd {
        /// The position, index, revision or size that was asked for.
        asked: u64,
        /// The first that does not exist.
        end: u64,
    },
    /// The operating system refused.
    #[error("could not {doing} `{file}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file, within the folder.
        file: String,
        /// Its answer.
        source: io::Error,
    },
    /// The journal is damaged.
    #[error("the journal has {what} in segment {segment} at offset {offset}")]
    Corrupt {
        /// The number of the segment file.
        segment: u64,
        /// The first byte of what is damaged.
        offset: u64,
        /// What it is.
        what: &'static str,
    },
    /// The index does not fit the journal. It is rebuilt at the next opening.
    #[error("the index is broken: {what}")]
    Index {
        /// What does not fit.
        what: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl From<JournalError> for ReadError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { doing, file, source } => Self::Io { doing, file, source },
            JournalError::Corrupt { segment, offset, what, .. } => {
                Self::Corrupt { segment, offset, what }
            }
            JournalError::Newer { found } => {
                Self::Index { what: format!("it leads to format {found}") }
            }
        }
    }
}

impl From<Broken> for ReadError {
    fn from(broken: Broken) -> Self {
        match broken.shortage {
            Some(shortage) => Self::Io {
                doing: "look into",
                file: index::DIR.to_owned(),
                source: shortage.error(broken.what),
            },
            None => Self::Index { what: broken.what },
        }
    }
}

/// Some records, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The records that the filter admits, in order.
    pub records: Vec<StoredRecord>,
    /// The first position not looked at. Equal to the store's end when all was seen.
    pub next: Position,
}

/// What a record must be, for the index to be right about its address.
enum Wanted<'a> {
    Log(&'a LogName, u64),
    Stream(&'a StreamId, u64),
    Position(u64),
}

impl Wanted<'_> {
    fn is(&self, record: &StoredRecord) -> bool {
        match self {
            Self::Log(log, index) => record.log == **log && record.log_index == *index,
            Self::Stream(stream, revision) => {
                record.stream == Some(**stream) && record.revision == Some(Revision(*revision))
            }
            Self::Position(position) => record.position == Position(*position),
        }
    }
}

/// Reads records until enough of them, or of their bytes, are there.
struct Reader<'a> {
    store: &'a Store,
    window: Window,
    /// The end of what is committed: no address leads there.
    end: u64,
    bytes: usize,
    records: Vec<StoredRecord>,
    records_max: usize,
}

impl<'a> Reader<'a> {
    fn new(store: &'a Store, ahead: usize, max: usize) -> Self {
        let records_max = max.min(READ_RECORDS_MAX);
        let (window, end) = (Window::new(ahead), store.shared().live().mark.address);
        Self { store, window, end, bytes: 0, records: Vec::new(), records_max }
    }

    fn is_full(&self) -> bool {
        self.records.len() >= self.records_max || self.bytes >= READ_BYTES_MAX
    }

    fn read(
        &mut self,
        address: u64,
        wanted: &Wanted<'_>,
        filter: &Filter,
    ) -> Result<(), ReadError> {
        if address >= self.end {
            return Err(self.store.index_is_broken(ASTRAY));
        }
        let journal = &self.store.shared().journal;
        let look = |record: &RecordView<'_>, length| {
            let admitted = filter.admits(record.log, record.stream.as_ref());
            admitted.then(|| (record.to_stored(), length))
        };
        let found = match journal.with_record(address, &mut self.window, look) {
            Err(error @ JournalError::Corrupt { .. }) => self.look_again(address, error, look)?,
            found => found?,
        };
        let Some((record, length)) = found else {
            return Ok(());
        };
        match record.filter(|record| wanted.is(record)) {
            Some(record) => {
                self.bytes += length;
                self.records.push(record);
                Ok(())
            }
            None => Err(self.store.index_is_broken("an address leads to another record")),
        }
    }

    /// Where no record was found: the journal is damaged, or the address is wrong, or the read was.
    fn look_again<T>(
        &mut self,
        address: u64,
        error: JournalError,
        look: impl FnOnce(&RecordView<'_>, usize) -> T,
    ) -> Result<T, ReadError> {
        let journal = &self.store.shared().journal;
        match journal.standing(address, self.end)? {
            Standing::Record => {
                self.window = Window::new(Window::NEAR);
                Ok(journal.with_record(address, &mut self.window, look)?)
            }
            Standing::NoRecord => Err(self.store.index_is_broken(ASTRAY)),
            Standing::Damage => {
                self.store.shared().found_damage(error.to_string());
                Err(error.into())
            }
        }
    }
}

const ASTRAY: &str = "an address leads to no record";

impl Store {
    /// Up to `max` records of a log from `from` on: fewer if the limits of a read say so, none
    /// only at the end. A log without records is empty.
    pub fn read_log(
        &self,
        log: &LogName,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        self.check_open()?;
        let (size, stretch) = {
            let live = self.shared().live();
            let state = live.logs.get(log);
            let size = live.log_size(log);
            let max = max.min(READ_RECORDS_MAX);
            (size, state.map(|state| state.offsets.stretch(from, max)))
        };
        check_end(from, size)?;
        let offsets = stretch.map_or(Ok(Vec::new()), |stretch| stretch.fetch());
        let offsets = offsets.map_err(|source| self.column_failed(source))?;
        if offsets.is_empty() && from < size && max > 0 {
            return Err(self.index_is_broken("an offset file is too short"));
        }
        let mut reader = Reader::new(self, Window::for_records(offsets.len()), max);
        for (index, address) in (from..).zip(offsets) {
            if reader.is_full() {
                break;
            }
            let wanted = Wanted::Log(log, index);
            reader.read(u64::from_le_bytes(address), &wanted, &Filter::All)?;
        }
        Ok(reader.records)
    }

    /// Up to `max` records of a stream from `from` on: fewer if the limits of a read say so, none
    /// only at the end. A stream without records is empty.
    pub fn read_stream(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        let length = self.stream_length(stream)?;
        let Revision(first) = from;
        check_end(first, length)?;
        let max = max.min(READ_RECORDS_MAX);
        // Copied first: what has left memory since then is in the database.
        let pending = self.shared().live().streams.get(stream).map(|pending| {
            let skip = usize::try_from(first.saturating_sub(pending.first)).unwrap_or(usize::MAX);
            (pending.first, pending.addresses.iter().copied().skip(skip).collect::<Vec<_>>())
        });
        let (indexed, newest) = pending.unwrap_or((length, Vec::new()));
        let wanted = indexed.saturating_sub(first);
        let count = usize::try_from(wanted).map_or(max, |wanted| wanted.min(max));
        let addresses = self.shared().with_tree(|tree| tree.stream_addresses(stream, first, count));
        let mut addresses = addresses.ok_or(ReadError::Closed)??;
        if addresses.len() < count {
            return Err(self.index_is_broken("a stream lacks revisions"));
        }
        if wide(count) == wanted {
            addresses.extend(newest);
        }
        addresses.truncate(max);
        if addresses.len() > 1 {
            self.shared().journal.will_read(&addresses);
        }
        let mut reader = Reader::new(self, Window::NEAR, max);
        for (revision, address) in (first..length).zip(addresses) {
            if reader.is_full() {
                break;
            }
            reader.read(address, &Wanted::Stream(stream, revision), &Filter::All)?;
        }
        Ok(reader.records)
    }

    /// Up to `max` records from a position on that the filter admits. A page may be empty and yet
    /// not the last: `next` says how far it has looked.
    pub fn read_since(
        &self,
        from: Position,
        filter: &Filter,
        max: usize,
    ) -> Result<Page, ReadError> {
        self.check_open()?;
        let (end, stretch) = {
            let live = self.shared().live();
            (live.mark.position, live.positions.stretch(from.0, SCAN_RECORDS_MAX))
        };
        check_end(from.0, end)?;
        let addresses = stretch.fetch().map_err(|source| self.column_failed(source))?;
        if addresses.is_empty() && from.0 < end {
            return Err(self.index_is_broken("the file of positions is too short"));
        }
        let mut reader = Reader::new(self, Window::for_records(addresses.len()), max);
        let mut next = from;
        for (position, address) in (from.0..).zip(addresses) {
            if reader.is_full() {
                break;
            }
            let wanted = Wanted::Position(position);
            reader.read(u64::from_le_bytes(address), &wanted, filter)?;
            next = Position(position + 1);
        }
        Ok(Page { records: reader.records, next })
    }

    /// The revision of the last record of a stream; none if it has no record.
    pub fn stream_revision(&self, stream: &StreamId) -> Result<Option<Revision>, ReadError> {
        Ok(self.stream_length(stream)?.checked_sub(1).map(Revision))
    }

    /// How many records a log has; 0 if there is no such log.
    #[must_use]
    pub fn log_size(&self, log: &LogName) -> u64 {
        self.shared().live().log_size(log)
    }

    /// All logs with their sizes, by name.
    #[must_use]
    pub fn logs(&self) -> Vec<(LogName, u64)> {
        let live = self.shared().live();
        live.logs.iter().map(|(log, state)| (log.clone(), state.frontier.size())).collect()
    }

    /// The size, root and right edge of a log's Merkle tree; empty if there is no such log.
    #[must_use]
    pub fn log_frontier(&self, log: &LogName) -> Frontier {
        let live = self.shared().live();
        live.logs.get(log).map(|state| state.frontier.clone()).unwrap_or_default()
    }

    /// The value of a cursor; none if it was never set.
    #[must_use]
    pub fn cursor(&self, name: &CursorName) -> Option<Vec<u8>> {
        self.shared().live().cursors.get(name).cloned()
    }

    fn stream_length(&self, stream: &StreamId) -> Result<u64, ReadError> {
        self.check_open()?;
        Ok(self.shared().stream_length(stream).ok_or(ReadError::Closed)??)
    }

    pub(crate) fn check_open(&self) -> Result<(), ReadError> {
        if self.shared().is_closed() { Err(ReadError::Closed) } else { Ok(()) }
    }

    /// Sees to it that the next opening rebuilds the index.
    pub(crate) fn index_is_broken(&self, what: &str) -> ReadError {
        self.shared().suspect_index();
        ReadError::Index { what: what.to_owned() }
    }

    fn column_failed(&self, source: io::Error) -> ReadError {
        ReadError::Io { doing: "read", file: index::DIR.to_owned(), source }
    }
}

fn check_end(asked: u64, end: u64) -> Result<(), ReadError> {
    if asked > end { Err(ReadError::BeyondEnd { asked, end }) } else { Ok(()) }
}
