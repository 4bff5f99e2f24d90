//! Opening a store: find the end of the journal, cut what a crash has torn, bring the index up to
//! date or build it again.

use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::database::{self, Database};
use crate::disk::Disk;
use crate::index::{self, Broken, Tree};
use crate::journal::frame::{Frame, Part, RecordView};
use crate::journal::scan::{Scan, Tail};
use crate::journal::write::{JournalWriter, Sizes};
use crate::journal::{Journal, JournalError, Mark, Window, segment};
use crate::limits::{INDEX_RESERVE_PART, REPLAY_RECORDS_MAX};
use crate::live::{Committed, Live, LogState, PendingStream, Shared};
use crate::lost::{self, RECORDS_LOST};
use crate::mutant::{self, Mutant};
use crate::name::LogName;
use crate::record::Position;

const LOCK: &str = "lock";

/// How a store uses the disk and memory. Every store can be opened with any options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes after which a new segment file is begun. Default 64 MiB.
    pub segment_bytes: u64,
    /// Bytes of zeros written ahead of the records, so that a commit changes no file length.
    /// Default 4 MiB.
    pub ahead_bytes: u64,
    /// Bytes of the disk that the journal leaves free: what the index needs for the records that
    /// are there, so that it is never the index that finds the disk full. Default 32 MiB.
    pub reserve_bytes: u64,
    /// Memory for the cache of the index, in bytes. Default 56 MiB.
    pub index_cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            ahead_bytes: 4 << 20,
            reserve_bytes: 32 << 20,
            index_cache_bytes: 56 << 20,
        }
    }
}

impl Options {
    fn sizes(self) -> Sizes {
        let Self { segment_bytes, ahead_bytes, reserve_bytes, .. } = self;
        Sizes { segment_bytes, ahead_bytes, reserve_bytes }
    }

    fn database_sizes(self) -> database::Sizes {
        let reserve_bytes = self.reserve_bytes / INDEX_RESERVE_PART;
        database::Sizes { cache_bytes: self.index_cache_bytes, reserve_bytes }
    }
}

/// What opening found and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes cut from the end of the journal, where no good frame stood: torn by a crash before it
    /// was acknowledged, or a last frame that was damaged. The journal cannot tell which.
    pub cut_bytes: u64,
    /// Records that the index did not have, and got from the journal.
    pub indexed_records: u64,
    /// The index was missing or not to be trusted, and was built from nothing.
    pub index_rebuilt: bool,
    /// The index knew records that the journal does not have, at this opening or at an earlier one
    /// (the note [`RECORDS_LOST`](crate::RECORDS_LOST) stays until somebody removes it). Only
    /// committed records are indexed, so the journal has lost some: an old copy of it, or damage
    /// to its last frame.
    pub index_was_ahead: bool,
}

/// Why a store was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another handle, has the folder.
    #[error("the data folder is in use")]
    InUse,
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
    /// The journal is damaged before its end. Nothing was changed.
    #[error("the journal has {what} in segment {segment} at offset {offset}")]
    Corrupt {
        /// The number of the segment file.
        segment: u64,
        /// The first byte of what is damaged.
        offset: u64,
        /// What it is.
        what: &'static str,
    },
    /// A newer version has written the store. Nothing was changed.
    #[error("the store has format {found}, newer than this program")]
    Newer {
        /// The format found.
        found: u32,
    },
    /// The index could not be built, even from nothing.
    #[error("the index could not be built: {what}")]
    Index {
        /// What went wrong.
        what: String,
    },
}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { doing, file, source } => Self::Io { doing, file, source },
            JournalError::Corrupt { segment, offset, what, .. } => {
                Self::Corrupt { segment, offset, what }
            }
            JournalError::Newer { found } => Self::Newer { found },
        }
    }
}

fn io(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { doing, file: file.to_owned(), source }
}

/// Whether the index may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    IfTrusted,
    Rebuild,
}

/// An open store, before its threads run.
pub(crate) struct Opened {
    pub(crate) lock: Box<dyn Send + Sync>,
    pub(crate) shared: Shared,
    pub(crate) writer: JournalWriter,
    pub(crate) recovery: Recovery,
}

/// Takes the folder for oneself.
pub(crate) fn lock(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>, OpenError> {
    disk.lock(LOCK).map_err(io("lock", LOCK))?.ok_or(OpenError::InUse)
}

/// How far the reading of the journal is, while a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Bytes of the journal read or not to be read.
    pub bytes: u64,
    /// Bytes of the journal in all.
    pub bytes_total: u64,
}

/// Where an opening says how far it is.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(Opening);

/// Bytes of the journal after which an opening says how far it is.
const WATCHED_BYTES: u64 = 16 << 20;

pub(crate) fn open(
    disk: &Arc<dyn Disk>,
    options: Options,
    index: Index,
    watch: Watch<'_>,
) -> Result<Opened, OpenError> {
    disk.create_dir("").map_err(io("create", "."))?;
    let lock = lock(&**disk)?;
    let journal = Arc::new(open_journal(disk, options)?);

    let is_noted = lost::is_noted(&**disk).map_err(io("open", RECORDS_LOST))?;
    let mut recovery = Recovery { index_was_ahead: is_noted, ..Recovery::default() };
    let mut is_fresh = !index::is_trusted(&**disk).unwrap_or(false);
    let mut noted = None;
    let replayed = loop {
        if is_fresh {
            index::delete(&**disk).map_err(io("delete", index::DIR))?;
        }
        // Before it is deleted, an old index is asked for what the journal does not have.
        let is_asked = index == Index::Rebuild && !is_fresh;
        let quiet: Watch<'_> = &mut |_| ();
        match replay(&journal, options, if is_asked { quiet } else { &mut *watch }) {
            Ok(_) if is_asked => is_fresh = true,
            Ok(replayed) => break replayed,
            Err(ReplayError::Journal(error)) => return Err(error.into()),
            Err(ReplayError::Ahead { known, held }) if !is_fresh => {
                recovery.index_was_ahead = true;
                lost::note(&**disk, known, held);
                noted = Some(known);
                is_fresh = true;
            }
            Err(ReplayError::Index(_)) if !is_fresh => is_fresh = true,
            Err(ReplayError::Index(broken)) => return Err(OpenError::Index { what: broken.what }),
            Err(ReplayError::Ahead { .. }) => {
                let what = "a new index goes further than the journal".to_owned();
                return Err(OpenError::Index { what });
            }
        }
    };

    let Replayed { shared, records, tail } = replayed;
    let mark = shared.live().mark;
    if noted.is_some_and(|known| known <= mark.position) {
        // It was a read that lied, and another did not.
        recovery.index_was_ahead = is_noted;
        if !is_noted {
            lost::withdraw(&**disk).map_err(io("remove", RECORDS_LOST))?;
        }
    }
    let writer = JournalWriter::new(journal, options.sizes(), mark, tail)?;
    recovery.cut_bytes = tail.torn_bytes;
    recovery.indexed_records = records;
    recovery.index_rebuilt = is_fresh && mark != Mark::START;
    Ok(Opened { lock, shared, writer, recovery })
}

fn open_journal(disk: &Arc<dyn Disk>, options: Options) -> Result<Journal, OpenError> {
    disk.create_dir(segment::DIR).map_err(io("create", segment::DIR))?;
    disk.sync_dir("").map_err(io("sync", "."))?;
    if let Some(journal) = Journal::open(disk)? {
        // A crash while a segment was created leaves it under its other name, without a frame.
        for name in disk.list(segment::DIR).map_err(io("list", segment::DIR))? {
            if name.ends_with(segment::NEW) {
                let path = format!("{}/{name}", segment::DIR);
                disk.remove(&path).map_err(io("remove", &path))?;
            }
        }
        // Whoever has named the last segment may have died before it synced the name.
        if !mutant::is(Mutant::NamesTakenForDurable) {
            disk.sync_dir(segment::DIR).map_err(io("sync", segment::DIR))?;
        }
        return Ok(journal);
    }
    Ok(Journal::create(disk, options.sizes())?)
}

enum ReplayError {
    Journal(JournalError),
    Index(Broken),
    /// The index knows of more records than the journal holds.
    Ahead {
        known: u64,
        held: u64,
    },
}

impl From<JournalError> for ReplayError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Broken> for ReplayError {
    fn from(broken: Broken) -> Self {
        Self::Index(broken)
    }
}

impl From<io::Error> for ReplayError {
    fn from(error: io::Error) -> Self {
        Self::Index(error.into())
    }
}

struct Replayed {
    shared: Shared,
    records: u64,
    tail: Tail,
}

/// Opens the index, reads the last segment and whatever the index does not have yet, and gives
/// the latter to the index.
fn replay(
    journal: &Arc<Journal>,
    options: Options,
    watch: Watch<'_>,
) -> Result<Replayed, ReplayError> {
    let disk = &journal.disk;
    disk.create_dir(index::DIR)?;
    index::mark_open(&**disk)?;
    let tree = index::open_tree(disk, options.index_cache_bytes)?;
    let indexed = journal.past_header(tree.mark()?.unwrap_or(Mark::START));
    let mut live = Live::new(&**disk, indexed)?;
    for (log, size, root) in tree.logs()? {
        let state = LogState::indexed(&**disk, &log, size, &root)?;
        live.logs.insert(log, state);
    }
    live.cursors.extend(tree.cursors()?);
    let database = Database::new(tree, options.database_sizes());
    let shared = Shared::new(Arc::clone(journal), live, database);

    let last = journal.last().start();
    let start = if indexed.address < last.address { indexed } else { last };
    let mut scan = Scan::from(journal, start);
    let mut records = 0;
    let mut said = start.address;
    let bytes_total = journal.length().map_err(JournalError::io("read", segment::DIR))?;
    while let Some(frame) = scan.next()? {
        let bytes = frame.address;
        if bytes >= said + WATCHED_BYTES {
            said = bytes;
            watch(Opening { bytes, bytes_total });
        }
        if frame.address < indexed.address {
            continue;
        }
        let before = shared.live().mark;
        let end = frame.end();
        if before != indexed || frame.start() == indexed {
            records += u64::from(frame.header.records);
            replay_frame(&shared, &frame)?;
            shared.live_mut().mark = end;
        } else {
            return Err(Broken::new("it does not end between two frames").into());
        }
        if shared.live().positions.pending() >= REPLAY_RECORDS_MAX {
            shared.index_pending()?;
        }
    }
    if scan.mark().address < indexed.address {
        return Err(ReplayError::Ahead { known: indexed.position, held: scan.mark().position });
    }
    // Past the header of a segment that has no frame yet, where the last frame ends before it.
    shared.live_mut().mark = scan.mark();
    check_end(&shared)?;
    match shared.index_pending() {
        // It stays in memory, and the indexer tries again.
        Err(broken) if broken.shortage.is_some() => {}
        indexed => indexed?,
    }
    shared.committed.send_replace(Position(shared.live().mark.position));
    Ok(Replayed { shared, records, tail: scan.tail() })
}

fn replay_frame(shared: &Shared, frame: &Frame<'_>) -> Result<(), ReplayError> {
    let mut live = shared.live_mut();
    let mut result = Ok(());
    let parts = frame.parts(&shared.journal.store, |part| {
        if result.is_ok() {
            result = match part {
                Part::Record { address, record } => {
                    replay_record(shared, &mut live, address, &record)
                }
                Part::Cursor { name, value } => {
                    live.add_cursor(name, value.to_vec());
                    Ok(())
                }
            };
        }
    });
    if let Err(bad) = parts {
        return Err(shared.journal.bad_part(&frame.header, bad).into());
    }
    Ok(result?)
}

fn replay_record(
    shared: &Shared,
    live: &mut Live,
    address: u64,
    record: &RecordView<'_>,
) -> Result<(), Broken> {
    let log = LogName::new(record.log).map_err(|error| Broken::new(error.to_string()))?;
    let revision = match &record.stream {
        None => None,
        Some(stream) => match live.streams.get(stream).map(PendingStream::length) {
            Some(length) => Some(length),
            None => shared.with_tree(|tree| tree.stream_length(stream)).transpose()?,
        },
    };
    let follows = live.log_size(&log) == record.numbers.log_index
        && live.positions.len() == record.numbers.position
        && revision == record.numbers.revision;
    if !follows {
        return Err(Broken::new("a record does not follow on"));
    }
    let committed = Committed {
        address,
        log: &log,
        leaf: merkle::leaf_hash(record.leaf),
        stream: record.stream.zip(revision),
    };
    live.add_record(committed);
    Ok(())
}

/// After the replay: the index knows nothing that the journal does not have, and the last address
/// of each log leads to its last record.
fn check_end(shared: &Shared) -> Result<(), ReplayError> {
    let mut window = Window::new(Window::NEAR);
    let live = shared.live();
    let end = live.mark;
    let labels_upto = shared.with_tree(Tree::labels_upto).transpose()?;
    let known = live.positions.in_file()?.max(labels_upto.unwrap_or_default());
    if known > end.position {
        return Err(ReplayError::Ahead { known, held: end.position });
    }
    for (log, state) in &live.logs {
        let last = state.offsets.len().saturating_sub(1);
        let address = state.offsets.get(last).fetch()?.map(u64::from_le_bytes);
        let address = address.filter(|address| *address < end.address);
        let address = address.ok_or_else(|| Broken::new("a log without its last record"))?;
        let is_last = shared.journal.with_record(address, &mut window, |record, _| {
            record.log == log.as_str() && record.numbers.log_index == last
        });
        if !is_last.is_ok_and(|is_last| is_last) {
            return Err(Broken::new("an offset file does not fit the journal").into());
        }
    }
    Ok(())
}
