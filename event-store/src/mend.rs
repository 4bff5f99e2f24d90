//! Mending a damaged store record by record: what has perished is made again by whoever knows it,
//! and is taken only if it is, byte for byte, what stood there.
//!
//! The journal vouches for it: each record that is left has its checksum, and the frame has one
//! over all of them, so that the whole of a frame is proved by what was written of it first. Where
//! that is lost too, the frame is left alone. The head of a segment needs nobody: it follows from
//! what is left around it (`mend/head.rs`). Not here: putting back what a backup holds (`heal.rs`),
//! and who knows the records: the store does not.

mod broken;
pub(crate) mod head;
mod patch;
mod walk;

use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use thiserror::Error;

use self::patch::Patch;
use self::walk::Walk;
use crate::backup::{Failed, Progress};
use crate::check::{self, Verified, VerifyError};
use crate::disk::{Disk, Files};
use crate::journal::{Journal, JournalError, segment};
use crate::open::{self, OpenError};
use crate::record::{NewRecord, Position, StoredRecord};

/// A group of records of which some have perished, or whose frame has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The segment file, within the folder.
    pub file: String,
    /// Where the frame begins in it.
    pub offset: u64,
    /// Its records in order: those that are left, and the places of those that are not. Records of
    /// one batch stand together.
    pub slots: Vec<Slot>,
}

/// The place of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It is left.
    Intact(StoredRecord),
    /// It has perished.
    Lost {
        /// Its position.
        position: Position,
        /// What reads as a record at its place, where anything does. Some of it is not what was
        /// written, and nothing says what.
        reads: Option<StoredRecord>,
    },
}

/// What is met on the way through a damaged store.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// A record, in a frame without damage.
    Record(&'a StoredRecord),
    /// A damaged frame; its records are not told one by one.
    Broken(&'a Broken),
}

/// Who knows what has perished.
pub trait Filler {
    /// What may have stood in the lost places of a frame, each in order: they are tried one after
    /// the other. An error, or none that fits, ends the mending; nothing is changed then.
    fn fill(&mut self, broken: &Broken) -> Result<Vec<Vec<NewRecord>>, String>;

    /// Every record of the store, in order, those that were filled in too. An error ends the
    /// mending, and nothing is changed.
    fn record(&mut self, record: &StoredRecord) -> Result<(), String>;
}

/// What was mended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mended {
    /// Frames that were made whole.
    pub frames: u64,
    /// Records in them that had perished.
    pub records: u64,
    /// The store as it is now.
    pub verified: Verified,
}

/// Why a store was not mended. Nothing was changed, but for segments that were mended before a
/// write failed, or before another read otherwise each time: those stay.
#[derive(Debug, Error)]
pub enum MendError {
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
    /// What has perished cannot be made again record by record.
    #[error("{what} in `{file}` at offset {offset}: {stretch} can be had from a backup alone")]
    Beyond {
        /// What it is.
        what: &'static str,
        /// The file, within the folder.
        file: String,
        /// Where, in the file.
        offset: u64,
        /// Which records that concerns.
        stretch: Stretch,
    },
    /// Nothing that was offered is what stood there; or what stood beside the records, which
    /// nobody can offer, has perished too.
    #[error(
        "nothing that was offered is what stood from position {position} on, in `{file}` at \
         offset {offset}, or not all of it"
    )]
    Unfilled {
        /// The file, within the folder.
        file: String,
        /// Where the frame begins in it.
        offset: u64,
        /// The first record that has perished.
        position: Position,
    },
    /// Who knows the records refuses them.
    #[error("{reason}")]
    Refused {
        /// Why.
        reason: String,
    },
    /// All frames are whole, and yet something is wrong.
    #[error("the store is not sound beyond what was mended")]
    NotSound(#[source] VerifyError),
}

/// Records in a row, of which some have perished and nothing tells which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first; `None` where it may be any.
    pub from: Option<Position>,
    /// The one behind the last; `None` where it may be any.
    pub before: Option<Position>,
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.before) {
            (Some(from), Some(before)) => {
                write!(f, "what stood from position {from} to {}", before.0.saturating_sub(1))
            }
            (Some(from), None) => write!(f, "what stood from position {from} on"),
            (None, _) => f.write_str("what stood in the store"),
        }
    }
}

impl From<JournalError> for MendError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io { doing, file, source } => Self::Io { doing, file, source },
            JournalError::Newer { found } => Self::Newer { found },
            JournalError::Corrupt { segment, offset, what, position, upto, .. } => {
                let stretch = Stretch { from: position.map(Position), before: upto.map(Position) };
                Self::Beyond { what, file: segment::path(segment), offset, stretch }
            }
        }
    }
}

impl From<Failed> for MendError {
    fn from(Failed(doing, file, source): Failed) -> Self {
        Self::Io { doing, file, source }
    }
}

/// Makes the heads of segments of a closed store anew that are damaged and follow, provably, from
/// what is left; returns their files, within the folder. What cannot be proved is left as it is.
pub fn mend_heads(dir: impl AsRef<Path>) -> Result<Vec<String>, MendError> {
    mend_heads_on(Arc::new(Files::new(dir.as_ref())))
}

/// As [`mend_heads`], on a disk.
pub fn mend_heads_on(disk: Arc<dyn Disk>) -> Result<Vec<String>, MendError> {
    let _lock = lock(&disk)?;
    let mended = head::mend(&disk)?;
    Ok(mended.into_iter().map(segment::path).collect())
}

/// Reads all of a closed store, past what is damaged, and changes nothing.
pub fn survey(dir: impl AsRef<Path>, each: &mut dyn FnMut(Seen<'_>)) -> Result<(), MendError> {
    survey_on(Arc::new(Files::new(dir.as_ref())), each)
}

/// As [`survey`], on a disk.
pub fn survey_on(disk: Arc<dyn Disk>, each: &mut dyn FnMut(Seen<'_>)) -> Result<(), MendError> {
    let (journal, _lock) = open(&disk)?;
    Walk::new(&journal).survey(each)
}

/// Makes the damaged frames of a closed store whole again, and verifies all.
pub fn mend(
    dir: impl AsRef<Path>,
    filler: &mut dyn Filler,
    progress: &mut dyn FnMut(Progress),
) -> Result<Mended, MendError> {
    mend_on(Arc::new(Files::new(dir.as_ref())), filler, progress)
}

/// As [`mend`], on a disk.
pub fn mend_on(
    disk: Arc<dyn Disk>,
    filler: &mut dyn Filler,
    progress: &mut dyn FnMut(Progress),
) -> Result<Mended, MendError> {
    let (journal, lock) = open(&disk)?;
    let mut walk = Walk::new(&journal);
    let patches: Vec<Patch> = walk.mend(filler, progress)?;
    patch::apply(&journal, &patches)?;
    drop((journal, lock));
    let verified = check::verify_on(disk).map_err(MendError::NotSound)?;
    let records = patches.iter().map(|patch| patch.filled).sum();
    Ok(Mended { frames: crate::journal::bytes::wide(patches.len()), records, verified })
}

fn open(disk: &Arc<dyn Disk>) -> Result<(Journal, Box<dyn Send + Sync>), MendError> {
    let lock = lock(disk)?;
    let journal = Journal::open(disk)?.ok_or(MendError::NoStore)?;
    Ok((journal, lock))
}

fn lock(disk: &Arc<dyn Disk>) -> Result<Box<dyn Send + Sync>, MendError> {
    let names = disk.list(segment::DIR);
    if names.map_err(JournalError::io("list", segment::DIR))?.is_empty() {
        return Err(MendError::NoStore);
    }
    open::lock(&**disk).map_err(|error| match error {
        OpenError::Io { doing, file, source } => MendError::Io { doing, file, source },
        OpenError::InUse
        | OpenError::Corrupt { .. }
        | OpenError::Newer { .. }
        | OpenError::Index { .. } => MendError::InUse,
    })
}
