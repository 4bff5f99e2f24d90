//! Backups: copies of the journal, made while the store runs, and stores made from them.
//!
//! A backup is a folder with the segments of a store and, for each, a seal (`journal/seal.rs`).
//! Segments that are full never change, so a further backup into the same folder copies only those
//! that it does not have whole, and the newest. Not here: the index, which is built anew.

use std::io;
use std::path::Path;
use std::sync::Arc;

use merkle::Hash;
use thiserror::Error;

use crate::check::{self, Verified, VerifyError};
use crate::disk::{Disk, DiskFile, Files};
use crate::index;
use crate::journal::bytes::wide;
use crate::journal::frame::StoreId;
use crate::journal::scan::Scan;
use crate::journal::seal::{self, Footer, Seal};
use crate::journal::{Journal, JournalError, Mark, Segment, segment};
use crate::open::{self, OpenError, Options, Recovery};
use crate::record::Position;
use crate::store::Store;

/// How far a backup or a restore is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes copied or found to be there.
    pub bytes: u64,
    /// Bytes in all.
    pub bytes_total: u64,
}

/// What a backup holds now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackedUp {
    /// Every record before this position.
    pub upto: Position,
    /// Segments that were copied.
    pub segments_copied: u64,
    /// Segments that an earlier backup had copied whole.
    pub segments_kept: u64,
    /// Bytes that were copied.
    pub bytes_copied: u64,
    /// What opening the store found and did, where nobody had it open.
    pub recovery: Option<Recovery>,
}

/// Why a backup was not made. What the folder held before, it still holds.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The operating system refused.
    #[error("could not {doing} `{file}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file, within the store or the backup.
        file: String,
        /// Its answer.
        source: io::Error,
    },
    /// There is no store in the folder.
    #[error("there is no store here")]
    NoStore,
    /// The store cannot be opened.
    #[error("could not open the store")]
    NotOpened(#[source] OpenError),
    /// Somebody has the folder: another backup, or a store.
    #[error("the folder of the backup is in use")]
    InUse,
    /// The journal is damaged; damage is not copied.
    #[error("the store is damaged: {0}")]
    Damaged(check::Fault),
    /// The folder holds something that is no earlier backup of this store.
    #[error("`{file}` is not of an earlier backup of this store")]
    Foreign {
        /// The file.
        file: String,
    },
}

/// Why a store was not made from a backup.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// The operating system refused.
    #[error("could not {doing} `{file}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file, within the store or the backup.
        file: String,
        /// Its answer.
        source: io::Error,
    },
    /// There is no backup in the folder.
    #[error("there is no backup here")]
    NoBackup,
    /// The target holds a store, or a part of one.
    #[error("there is a store in the target folder")]
    NotEmpty,
    /// Another process has the target folder.
    #[error("the target folder is in use")]
    InUse,
    /// The backup is damaged; no store was made.
    #[error("`{file}` of the backup is damaged or missing")]
    Damaged {
        /// The file.
        file: String,
    },
    /// What was restored is not what its seals say.
    #[error("the restored store is not sound")]
    NotSound(#[source] VerifyError),
}

impl From<JournalError> for BackupError {
    fn from(error: JournalError) -> Self {
        match VerifyError::from(error) {
            VerifyError::Io { doing, file, source } => Self::Io { doing, file, source },
            VerifyError::Fault(fault) => Self::Damaged(fault),
            VerifyError::InUse | VerifyError::NoStore | VerifyError::Newer { .. } => {
                Self::Foreign { file: segment::DIR.to_owned() }
            }
        }
    }
}

/// A failed step, before it is known whose.
pub(crate) struct Failed(pub(crate) &'static str, pub(crate) String, pub(crate) io::Error);

impl From<Failed> for BackupError {
    fn from(Failed(doing, file, source): Failed) -> Self {
        Self::Io { doing, file, source }
    }
}

impl From<Failed> for RestoreError {
    fn from(Failed(doing, file, source): Failed) -> Self {
        Self::Io { doing, file, source }
    }
}

pub(crate) fn failed(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> Failed {
    move |source| Failed(doing, file.to_owned(), source)
}

fn seal_path(number: u64) -> String {
    format!("{}/{number:016}.seal", segment::DIR)
}

/// Writes a file under another name, and renames it when it is durable: a crash leaves the old
/// one, or the new one. What could not be filled is removed.
pub(crate) fn replace(
    disk: &dyn Disk,
    path: &str,
    fill: impl FnOnce(&dyn DiskFile) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let new = format!("{path}{}", segment::NEW);
    let file = disk.create(&new).map_err(failed("create", &new))?;
    if let Err(failed) = fill(&*file) {
        // Where that fails too, it lies about under a name that nobody reads.
        let _ = disk.remove(&new);
        return Err(failed);
    }
    file.sync().map_err(failed("sync", &new))?;
    disk.rename(&new, path).map_err(failed("rename", &new))?;
    disk.sync_dir(segment::DIR).map_err(failed("sync", segment::DIR))
}

/// Copies the first `length` bytes of a file, if there are so many, and returns their digest.
pub(crate) fn copy(
    (from, to, path): (&dyn DiskFile, &dyn DiskFile, &str),
    length: u64,
    copied: &mut dyn FnMut(u64),
) -> Result<Hash, Failed> {
    let digest = seal::digest(from, length, |piece, at| {
        to.write_at(piece, at)?;
        copied(wide(piece.len()));
        Ok(())
    });
    digest.map_err(failed("copy", path))
}

fn read_seal(disk: &dyn Disk, number: u64) -> Result<Option<Seal>, Failed> {
    let path = seal_path(number);
    let Some(file) = disk.open(&path).map_err(failed("open", &path))? else {
        return Ok(None);
    };
    let mut bytes = [0; seal::LENGTH];
    let read = file.read_at(&mut bytes, 0).map_err(failed("read", &path))?;
    Ok(bytes.get(..read).and_then(Seal::decode))
}

/// The segments as they stand at a mark, each with its end: a running writer changes nothing of
/// them, up to there, ever again.
fn parts(journal: &Journal, end: Mark) -> Vec<(Segment, Mark)> {
    // Of one moment: a segment may be begun between two looks.
    let segments = journal.segments();
    let ends: Vec<Mark> = segments.iter().skip(1).map(Segment::before).chain([end]).collect();
    let mut parts: Vec<_> = segments.into_iter().zip(ends).collect();
    // A segment begun since the mark is for the next backup.
    parts.retain(|(segment, _)| segment.header.base < end.address);
    if let Some((_, last)) = parts.last_mut() {
        *last = end;
    }
    parts
}

impl Store {
    /// Copies what is committed now into a folder, which is empty or holds an earlier backup of
    /// this store. The store goes on meanwhile. Blocks for as long as that takes.
    pub fn backup(
        &self,
        to: impl AsRef<Path>,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BackedUp, BackupError> {
        self.backup_on(&Files::new(to.as_ref()), progress)
    }

    /// As [`Store::backup`], on a disk.
    pub fn backup_on(
        &self,
        to: &dyn Disk,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<BackedUp, BackupError> {
        let end = self.shared().live().mark;
        copy_journal(&self.shared().journal, Ends { durable: end, seen: end }, to, progress)
    }
}

/// Copies a store into a folder, as [`Store::backup`] does, also while another process has it.
///
/// What another process has appended last may not be durable yet, and a backup must not hold what
/// the store may still lose: so its last group of batches is left for the next backup. Everything
/// before is durable, because no group is written before the one ahead of it was synced.
pub fn backup(
    dir: impl AsRef<Path>,
    to: impl AsRef<Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackedUp, BackupError> {
    let dir: Arc<dyn Disk> = Arc::new(Files::new(dir.as_ref()));
    backup_on(&dir, &Files::new(to.as_ref()), progress)
}

/// As [`backup`], on disks.
pub fn backup_on(
    disk: &Arc<dyn Disk>,
    to: &dyn Disk,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackedUp, BackupError> {
    let names = disk.list(segment::DIR).map_err(failed("list", segment::DIR))?;
    if names.is_empty() {
        return Err(BackupError::NoStore);
    }
    match Store::open_inline_on(disk, Options::default()) {
        Ok(store) => {
            let done = store.backup_on(to, progress);
            let recovery = Some(store.recovery());
            store.close();
            return done.map(|done| BackedUp { recovery, ..done });
        }
        Err(OpenError::InUse) => {}
        Err(error) => return Err(BackupError::NotOpened(error)),
    }
    let journal = Journal::open(disk)?.ok_or(BackupError::NoStore)?;
    copy_journal(&journal, ends(&journal)?, to, progress)
}

/// Where a journal ends.
#[derive(Clone, Copy)]
struct Ends {
    /// Everything before it is durable.
    durable: Mark,
    /// Everything before it is seen; the last frame may not be durable.
    seen: Mark,
}

/// The ends of a journal that another process may be writing. Its writer adds frames between one
/// read and the next: where one is missing in what was read first, and there in what was read
/// last, a second look from there on finds it.
fn ends(journal: &Journal) -> Result<Ends, JournalError> {
    let mut durable = journal.last().start();
    let mut seen = durable;
    let mut doubted = None;
    loop {
        let mut scan = Scan::from(journal, seen);
        let stopped = loop {
            match scan.next() {
                Ok(Some(frame)) => durable = frame.start(),
                Ok(None) => return Ok(Ends { durable, seen: scan.mark() }),
                Err(error) => break error,
            }
        };
        seen = scan.mark();
        let is_new = doubted.replace(seen) != Some(seen);
        if !(is_new && matches!(stopped, JournalError::Corrupt { .. })) {
            return Err(stopped);
        }
    }
}

/// Whether an earlier backup has the last frame that is seen: the store was stopped then, or has
/// made it itself, and the frame was durable.
fn has_what_is_seen(to: &dyn Disk, journal: &Journal, ends: Ends) -> Result<bool, BackupError> {
    let last = journal.last();
    let found = read_seal(to, last.header.number)?;
    let Some(found) = found.filter(|found| found.end == ends.seen.address) else {
        return Ok(false);
    };
    let digest = seal::checked_digest(journal, &last, ends.seen)?;
    Ok(found == Seal::of(journal, &last, ends.seen, digest))
}

fn copy_journal(
    journal: &Journal,
    ends: Ends,
    to: &dyn Disk,
    progress: &mut dyn FnMut(Progress),
) -> Result<BackedUp, BackupError> {
    to.create_dir(segment::DIR).map_err(failed("create", segment::DIR))?;
    to.sync_dir("").map_err(failed("sync", "."))?;
    let _lock = open::lock(to).map_err(|_| BackupError::InUse)?;
    check_target(to, &journal.store)?;
    let end = match ends.durable != ends.seen && has_what_is_seen(to, journal, ends)? {
        true => ends.seen,
        false => ends.durable,
    };
    let mut done = BackedUp {
        upto: Position(end.position),
        segments_copied: 0,
        segments_kept: 0,
        bytes_copied: 0,
        recovery: None,
    };
    let mut bytes = 0;
    for (segment, segment_end) in parts(journal, end) {
        let length = segment_end.address - segment.header.base;
        let mut copied = |count| {
            bytes += count;
            progress(Progress { bytes, bytes_total: end.address });
        };
        if copy_segment(journal, (&segment, segment_end), to, &mut copied)? {
            done.segments_copied += 1;
            done.bytes_copied += length;
        } else {
            done.segments_kept += 1;
            copied(length);
        }
    }
    Ok(done)
}

/// Copies one segment, unless an earlier backup has all of it; whether it did.
fn copy_segment(
    journal: &Journal,
    (segment, end): (&Segment, Mark),
    to: &dyn Disk,
    copied: &mut dyn FnMut(u64),
) -> Result<bool, BackupError> {
    let header = segment.header;
    let path = segment::path(header.number);
    if let Some(found) = read_seal(to, header.number)? {
        let is_of_another = (found.store, found.base) != (journal.store, header.base);
        // One that goes further: this store is an older copy of what was backed up.
        if is_of_another || found.end > end.address {
            return Err(BackupError::Foreign { file: seal_path(header.number) });
        }
        if found.end == end.address {
            return Ok(false);
        }
    }
    // Damage is found before it is copied.
    let digest = seal::checked_digest(journal, segment, end)?;
    let seal = Seal::of(journal, segment, end, digest);
    if let Footer::Good(footer) = seal::footer(journal, segment, end)?
        && footer != seal
    {
        return Err(journal.damaged(segment.start(), end).into());
    }
    let length = end.address - header.base;
    // A crash before the seal is replaced leaves the old seal, which holds for the beginning of
    // the new copy too.
    replace(to, &path, |file| {
        match copy((&*segment.file, file, &path), length, copied)? == digest {
            true => Ok(()),
            false => Err(failed("copy", &path)(io::Error::other("it reads otherwise each time"))),
        }
    })?;
    let path = seal_path(header.number);
    replace(to, &path, |file| file.write_at(&seal.encode(), 0).map_err(failed("write", &path)))?;
    Ok(true)
}

/// A folder that a store lives or lived in is no place for a backup, not even one of itself.
fn check_target(to: &dyn Disk, store: &StoreId) -> Result<(), BackupError> {
    let foreign = |file: &str| Err(BackupError::Foreign { file: file.to_owned() });
    if to.open(index::TRUST).map_err(failed("open", index::TRUST))?.is_some() {
        return foreign(index::TRUST);
    }
    let path = segment::path(0);
    let Some(file) = to.open(&path).map_err(failed("open", &path))? else {
        return Ok(());
    };
    let mut bytes = [0; segment::HEADER_LENGTH];
    file.read_at(&mut bytes, 0).map_err(failed("read", &path))?;
    match segment::Header::decode(&bytes) {
        Ok(header) if header.store == *store => Ok(()),
        Ok(_) | Err(_) => foreign(&path),
    }
}

/// Makes a store from a backup, in a folder without one, and checks every byte of it.
pub fn restore(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified, RestoreError> {
    restore_on(&Files::new(from.as_ref()), Arc::new(Files::new(to.as_ref())), progress)
}

/// As [`restore`], on disks.
pub fn restore_on(
    from: &dyn Disk,
    to: Arc<dyn Disk>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Verified, RestoreError> {
    let seals = seals_of(from)?;
    let last = *seals.last().ok_or(RestoreError::NoBackup)?;
    to.create_dir(segment::DIR).map_err(failed("create", segment::DIR))?;
    to.sync_dir("").map_err(failed("sync", "."))?;
    let lock = open::lock(&*to).map_err(|_| RestoreError::InUse)?;
    let there = to.list(segment::DIR).map_err(failed("list", segment::DIR))?;
    if there.iter().any(|name| segment::number_of(name).is_some()) {
        return Err(RestoreError::NotEmpty);
    }
    let mut bytes = 0;
    // The first segment comes last: without it nobody takes the rest for a store.
    for seal in seals.iter().rev() {
        let path = segment::path(seal.number);
        let damaged = || RestoreError::Damaged { file: path.clone() };
        let file = from.open(&path).map_err(failed("open", &path))?;
        let file = file.ok_or_else(damaged)?;
        let mut copied = |count| {
            bytes += count;
            progress(Progress { bytes, bytes_total: last.end });
        };
        let new = format!("{path}{}", segment::NEW);
        let target = to.create(&new).map_err(failed("create", &new))?;
        let length = seal.end - seal.base;
        let digest = copy((&*file, &*target, &path), length, &mut copied)?;
        if digest != seal.digest {
            to.remove(&new).map_err(failed("remove", &new))?;
            return Err(damaged());
        }
        if seal.number < last.number && has_footer(&*target).map_err(failed("read", &new))? {
            let footer = target.write_at(&seal.encode(), length);
            footer.map_err(failed("write", &new))?;
        }
        target.sync().map_err(failed("sync", &new))?;
        to.rename(&new, &path).map_err(failed("rename", &new))?;
        to.sync_dir(segment::DIR).map_err(failed("sync", segment::DIR))?;
    }
    drop(lock);
    let verified = check::verify_on(to).map_err(RestoreError::NotSound)?;
    if verified.torn_bytes > 0 || verified.records != last.next_position {
        return Err(RestoreError::Damaged { file: segment::path(last.number) });
    }
    Ok(verified)
}

/// Whether a segment gets a footer once it is full.
fn has_footer(segment: &dyn DiskFile) -> io::Result<bool> {
    let mut bytes = [0; segment::HEADER_LENGTH];
    segment.read_at(&mut bytes, 0)?;
    Ok(segment::Header::decode(&bytes).is_ok_and(|header| header.has_footer()))
}

/// The seals of a backup, which must follow on; a copy without a seal was not finished.
pub(crate) fn seals_of(from: &dyn Disk) -> Result<Vec<Seal>, RestoreError> {
    let names = from.list(segment::DIR).map_err(failed("list", segment::DIR))?;
    let count = names.iter().filter(|name| name.ends_with(".seal")).count();
    let mut seals: Vec<Seal> = Vec::with_capacity(count);
    for number in 0..wide(count) {
        let seal = read_seal(from, number)?;
        let follows = |seal: &Seal| match seals.last() {
            None => seal.base == 0 && seal.first_position == 0,
            Some(last) => {
                seal.store == last.store
                    && seal.base == last.end
                    && seal.first_position == last.next_position
            }
        };
        match seal.filter(|seal| seal.number == number && follows(seal)) {
            Some(seal) => seals.push(seal),
            None => return Err(RestoreError::Damaged { file: seal_path(number) }),
        }
    }
    Ok(seals)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::thread;

    use super::*;
    use crate::disk::Simulated;
    use crate::{Batch, LogName, NewRecord};

    /// A segment begun between two looks was once left out, and the one before it given its end: a
    /// backup beside a busy writer failed.
    #[test]
    fn the_segments_of_a_backup_are_those_of_one_moment() {
        let disk: Arc<dyn Disk> = Arc::new(Simulated::new());
        let options =
            Options { segment_bytes: 4 << 10, ahead_bytes: 1 << 10, ..Options::default() };
        let store = Store::open_inline_on(&disk, options).unwrap();
        let (journal, mut looks) = (&store.shared().journal, 0);
        thread::scope(|scope| {
            let load = scope.spawn(|| {
                for _ in 0..1_000 {
                    let (log, payload) = (LogName::new("local").unwrap(), vec![1; 1_000]);
                    let record = NewRecord { log, stream: None, leaf: Vec::new(), payload };
                    let batch = Batch { records: vec![record], ..Batch::default() };
                    store.append_blocking(batch).unwrap();
                }
            });
            while !load.is_finished() {
                let end = store.shared().live().mark;
                let parts = parts(journal, end);
                let (last, upto) = parts.last().unwrap();
                let of_the_end = journal.segment_at(end.address - 1).header.number;
                assert_eq!((last.header.number, *upto), (of_the_end, end));
                looks += 1;
            }
        });
        assert!(looks > 0 && journal.segments().len() > 100);
    }
}
