//! Checking and rebuilding a closed store: every byte read, every number and hash compared.

mod indexed;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use merkle::{Frontier, Hash};
use thiserror::Error;

use self::indexed::IndexCheck;
use crate::disk::{Disk, Files};
use crate::index::Tree;
use crate::journal::bytes::wide;
use crate::journal::frame::{Frame, Part, RecordView};
use crate::journal::scan::Scan;
use crate::journal::seal::{self, Footer};
use crate::journal::{Journal, JournalError, Mark, segment};
use crate::name::{LogName, StreamId};
use crate::open::{self, Index, OpenError, Opening, Options, Recovery};
use crate::record::Position;
use crate::store::Store;

/// What was checked, when nothing was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Segment files.
    pub segments: u64,
    /// Frames: groups of batches.
    pub frames: u64,
    /// Records.
    pub records: u64,
    /// Cursor values, the overwritten ones included.
    pub cursors: u64,
    /// Streams.
    pub streams: u64,
    /// Bytes of the journal, headers included.
    pub bytes: u64,
    /// Bytes of an interrupted write at the end, which the next opening cuts.
    pub torn_bytes: u64,
    /// What the next opening repairs by itself: a torn end, and the footers of full segments
    /// that are not there or not whole. A crash leaves both; so may a flipped bit.
    pub repairs: Vec<Fault>,
    /// Size and root of each log.
    pub logs: BTreeMap<LogName, (u64, Hash)>,
    /// So many records were compared with the index; those after them are indexed at the next
    /// opening. `None`: the index is missing or out of date, and the next opening rebuilds
    /// it; or the folder can only be read.
    pub indexed: Option<u64>,
}

/// The first thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file, within the folder.
    pub file: String,
    /// The first byte of what is wrong.
    pub offset: u64,
    /// What it is.
    pub what: String,
    /// The log that is affected, where that can be told.
    pub log: Option<LogName>,
    /// The first record that is affected, where that can be told.
    pub position: Option<Position>,
    /// What is lost with it, and so what helps.
    pub affected: Affected,
}

/// What a fault puts out of reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affected {
    /// Nothing: the index is made anew from the journal.
    Index,
    /// Nothing: the next opening writes the footer of the segment anew.
    Footer,
    /// The last frame, from [`Fault::position`] on, if it was one that had been acknowledged: torn
    /// and flipped cannot be told apart there. The next opening cuts it.
    End,
    /// Records, from [`Fault::position`] on and before this one, where that can be told. Only
    /// another copy of them helps.
    Records(Option<Position>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in `{}` at offset {}", self.what, self.file, self.offset)?;
        if let Some(log) = &self.log {
            write!(f, ", log `{log}`")?;
        }
        if let Some(position) = self.position {
            write!(f, ", position {position}")?;
        }
        match (self.affected, self.position) {
            (Affected::Index, _) => {
                f.write_str("; no record is lost, the index can be rebuilt from the journal")
            }
            (Affected::Footer, _) => {
                f.write_str("; no record is lost, the next opening writes it anew")
            }
            (Affected::End, _) => f.write_str(
                "; the next opening cuts it: a write that was interrupted, or else a damaged last \
                 frame",
            ),
            (Affected::Records(Some(upto)), Some(from)) => {
                let last = upto.0.saturating_sub(1);
                write!(f, "; affected are the records from {from} to {last}: ")?;
                f.write_str("stop the node and heal the store")
            }
            (Affected::Records(_), _) => f.write_str(
                "; how many records are affected is not known: stop the node and heal the store",
            ),
        }
    }
}

/// Why a store is not good, or could not be checked.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// Another process has the folder.
    #[error("the data folder is in use")]
    InUse,
    /// There is no journal in the folder.
    #[error("there is no store here")]
    NoStore,
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
    /// A newer version has written the store.
    #[error("the store has format {found}, newer than this program")]
    Newer {
        /// The format found.
        found: u32,
    },
    /// Something is wrong.
    #[error("{0}")]
    Fault(Fault),
}

impl From<JournalError> for VerifyError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { doing, file, source } => Self::Io { doing, file, source },
            JournalError::Newer { found } => Self::Newer { found },
            JournalError::Corrupt { segment, offset, what, log, position, upto } => {
                Self::Fault(Fault {
                    file: segment::path(segment),
                    offset,
                    what: what.to_owned(),
                    log,
                    position: position.map(Position),
                    affected: Affected::Records(upto.map(Position)),
                })
            }
        }
    }
}

/// What was built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Records read from the journal.
    pub records: u64,
    /// Streams indexed.
    pub streams: u64,
    /// What opening the store found and did: before the index was deleted, it was asked for what
    /// the journal does not have.
    pub recovery: Recovery,
    /// Size and root of each log.
    pub logs: BTreeMap<LogName, (u64, Hash)>,
}

/// Why the index was not rebuilt.
#[derive(Debug, Error)]
pub enum RebuildError {
    /// There is no journal in the folder.
    #[error("there is no store here")]
    NoStore,
    /// The store could not be opened.
    #[error("could not open the store")]
    Open(#[from] OpenError),
    /// The new index could not be read back.
    #[error("the new index is broken: {what}")]
    Index {
        /// What went wrong.
        what: String,
    },
}

/// Reads everything in the data folder of a closed store, and changes nothing in the journal.
pub fn verify(dir: impl AsRef<Path>) -> Result<Verified, VerifyError> {
    verify_on(Arc::new(Files::new(dir.as_ref())))
}

/// As [`verify`], on a disk.
pub fn verify_on(disk: Arc<dyn Disk>) -> Result<Verified, VerifyError> {
    if !has_store(&*disk) {
        return Err(VerifyError::NoStore);
    }
    let lock = match open::lock(&*disk) {
        Ok(lock) => Some(lock),
        // Nobody can write there; nor can the index be opened, which would be written.
        Err(OpenError::Io { source, .. }) if source.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            None
        }
        Err(OpenError::Io { doing, file, source }) => {
            return Err(VerifyError::Io { doing, file, source });
        }
        Err(OpenError::Newer { found }) => return Err(VerifyError::Newer { found }),
        Err(OpenError::InUse | OpenError::Corrupt { .. } | OpenError::Index { .. }) => {
            return Err(VerifyError::InUse);
        }
    };
    let journal = Journal::open(&disk)?.ok_or(VerifyError::NoStore)?;
    let index = match lock {
        Some(_) => IndexCheck::open(&journal)?,
        None => None,
    };
    let mut check = Check::new(&journal, index);
    let verified = check.run();
    if let Some(index) = check.index {
        index.close(&journal, verified.as_ref().err());
    }
    verified
}

/// Deletes the index of a closed store and builds it from the journal.
///
/// Labels are lost; whoever sets them starts again.
pub fn rebuild(
    dir: impl AsRef<Path>,
    watch: &mut dyn FnMut(Opening),
) -> Result<Rebuilt, RebuildError> {
    rebuild_on(Arc::new(Files::new(dir.as_ref())), watch)
}

/// As [`rebuild`], on a disk.
pub fn rebuild_on(
    disk: Arc<dyn Disk>,
    watch: &mut dyn FnMut(Opening),
) -> Result<Rebuilt, RebuildError> {
    if !has_store(&*disk) {
        return Err(RebuildError::NoStore);
    }
    let store = Store::start(open::open(&disk, Options::default(), Index::Rebuild, watch)?)?;
    let counted = store.shared().with_tree(Tree::count_revisions);
    let (_, streams) = counted
        .unwrap_or(Ok((0, 0)))
        .map_err(|broken| RebuildError::Index { what: broken.what })?;
    let root = |(log, _)| {
        let frontier = store.log_frontier(&log);
        (log, (frontier.size(), frontier.root()))
    };
    let rebuilt = Rebuilt {
        records: store.next_position().0,
        streams,
        recovery: store.recovery(),
        logs: store.logs().into_iter().map(root).collect(),
    };
    store.close();
    Ok(rebuilt)
}

fn has_store(disk: &dyn Disk) -> bool {
    disk.list(segment::DIR).is_ok_and(|names| !names.is_empty())
}

/// One walk over the whole journal.
struct Check<'a> {
    journal: &'a Journal,
    index: Option<IndexCheck>,
    frontiers: BTreeMap<LogName, Frontier>,
    streams: HashMap<StreamId, u64>,
    verified: Verified,
    position: u64,
}

impl<'a> Check<'a> {
    fn new(journal: &'a Journal, index: Option<IndexCheck>) -> Self {
        let (frontiers, streams) = (BTreeMap::new(), HashMap::new());
        Self { journal, index, frontiers, streams, verified: Verified::default(), position: 0 }
    }

    fn run(&mut self) -> Result<Verified, VerifyError> {
        let mut scan = Scan::from(self.journal, Mark::START);
        while let Some(frame) = scan.next()? {
            self.frame(&frame)?;
        }
        self.verified.bytes = scan.mark().address;
        self.verified.torn_bytes = scan.tail().torn_bytes;
        self.footers()?;
        self.end_of_journal(scan.mark(), scan.tail().torn_bytes);
        self.verified.segments = wide(self.journal.segments().len());
        self.verified.streams = wide(self.streams.len());
        self.verified.records = self.position;
        let root = |(log, frontier): (LogName, Frontier)| (log, (frontier.size(), frontier.root()));
        self.verified.logs = std::mem::take(&mut self.frontiers).into_iter().map(root).collect();
        if let Some(index) = &mut self.index {
            index.end(scan.mark())?;
            self.verified.indexed = Some(index.mark.position);
        }
        Ok(std::mem::take(&mut self.verified))
    }

    /// Whether each full segment is what its footer says.
    fn footers(&mut self) -> Result<(), VerifyError> {
        for (segment, end) in self.journal.full_segments() {
            let header = segment.header;
            let file = segment::path(header.number);
            let length = end.address - header.base;
            let at_footer = |what: &str, affected, position| Fault {
                file: file.clone(),
                offset: length,
                what: what.to_owned(),
                log: None,
                position,
                affected,
            };
            match seal::footer(self.journal, &segment, end)? {
                Footer::NotDue => {}
                Footer::Missing => {
                    let what = "a footer that is missing or broken";
                    self.verified.repairs.push(at_footer(what, Affected::Footer, None));
                }
                Footer::Good(seal) => {
                    let found = seal::digest(&*segment.file, length, |_, _| Ok(()));
                    if found.map_err(JournalError::io("read", &file))? != seal.digest {
                        let affected = Affected::Records(Some(Position(end.position)));
                        let first = Some(Position(header.first_position));
                        let what = "a footer that does not fit what stands before it";
                        return Err(VerifyError::Fault(at_footer(what, affected, first)));
                    }
                }
            }
        }
        Ok(())
    }

    fn end_of_journal(&mut self, end: Mark, torn_bytes: u64) {
        if torn_bytes == 0 {
            return;
        }
        let header = self.journal.last().header;
        self.verified.repairs.push(Fault {
            file: segment::path(header.number),
            offset: end.address - header.base,
            what: format!("{torn_bytes} bytes that are no frame"),
            log: None,
            position: Some(Position(end.position)),
            affected: Affected::End,
        });
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), VerifyError> {
        self.verified.frames += 1;
        let mut result = Ok(());
        let journal = self.journal;
        let parts = frame.parts(&journal.store, |part| match part {
            Part::Record { address, record } if result.is_ok() => {
                result = self.record(address, &record);
            }
            Part::Record { .. } => {}
            Part::Cursor { .. } => self.verified.cursors += 1,
        });
        parts.map_err(|bad| journal.bad_part(&frame.header, bad))?;
        result
    }

    fn record(&mut self, address: u64, record: &RecordView<'_>) -> Result<(), VerifyError> {
        let segment = self.journal.segment_at(address);
        let fault = |what: &str, log: Option<LogName>| {
            VerifyError::Fault(Fault {
                file: segment::path(segment.header.number),
                offset: address - segment.header.base,
                what: what.to_owned(),
                log,
                position: Some(Position(self.position)),
                affected: Affected::Records(Some(Position(self.position + 1))),
            })
        };
        let Ok(log) = LogName::new(record.log) else {
            return Err(fault("a record with a bad log name", None));
        };
        let frontier = self.frontiers.entry(log.clone()).or_default();
        let revision = record.stream.map(|stream| self.streams.entry(stream).or_default());
        let numbers = record.numbers;
        if numbers.position != self.position {
            return Err(fault("a record whose position does not follow on", Some(log)));
        }
        if numbers.log_index != frontier.size() {
            return Err(fault("a record whose index in its log does not follow on", Some(log)));
        }
        if numbers.revision != revision.as_deref().copied() {
            return Err(fault("a record whose revision does not follow on", Some(log)));
        }
        let mut nodes = Vec::new();
        frontier.push_with(merkle::leaf_hash(record.leaf), |node| nodes.push(node));
        if let Some(revision) = revision {
            *revision += 1;
        }
        self.position += 1;
        match &mut self.index {
            Some(index) => index.record(address, &log, record, &nodes),
            None => Ok(()),
        }
    }
}
