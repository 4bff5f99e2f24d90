//! Backups: copies of the journal, made while the store runs, and stores made from them.
//!
//! A backup is a folder with the segments of a store and, for each, a seal (`journal/seal.rs`).
//! Segments that are full never change, so a further backup into the same folder copies only those
//! that it does not have whole, and the newest. Not here: the index, which is built anew.

use std::io;
use std::path::Path;
use std::sync::Arc;

use merkle::{Frontier, Hash};
use thiserror::Error;

use crate::check::{self, Verified, VerifyError};
use crate::disk::{Disk, DiskFile, Files};
use crate::index;
use crate::journal::bytes::{narrow, wide};
use crate::journal::frame::StoreId;
use crate::journal::scan::Scan;
use crate::journal::seal::{self, Seal};
use crate::journal::{Journal, JournalError, Mark, Segment, segment};
use crate::open;
use crate::record::Position;
use crate::store::Store;

const PIECE: usize = 1 << 20;

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
struct Failed(&'static str, String, io::Error);

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

fn failed(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> Failed {
    move |source| Failed(doing, file.to_owned(), source)
}

fn seal_path(number: u64) -> String {
    format!("{}/{number:016}.seal", segment::DIR)
}

/// Writes a file under another name, and renames it when it is durable: a crash leaves the old
/// one, or the new one.
fn replace(
    disk: &dyn Disk,
    path: &str,
    fill: impl FnOnce(&dyn DiskFile) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let new = format!("{path}{}", segment::NEW);
    let file = disk.create(&new).map_err(failed("create", &new))?;
    fill(&*file)?;
    file.sync().map_err(failed("sync", &new))?;
    disk.rename(&new, path).map_err(failed("rename", &new))?;
    disk.sync_dir(segment::DIR).map_err(failed("sync", segment::DIR))
}

/// Copies the first `length` bytes of a file, if there are so many, and returns their digest.
fn copy(
    (from, to, path): (&dyn DiskFile, &dyn DiskFile, &str),
    length: u64,
    copied: &mut dyn FnMut(u64),
) -> Result<Hash, Failed> {
    let mut tree = Frontier::new();
    let mut piece = vec![0; PIECE];
    let mut at = 0;
    while at < length {
        let wanted = narrow((length - at).min(wide(PIECE)));
        let piece = piece.get_mut(..wanted).unwrap_or_default();
        let read = from.read_at(piece, at).map_err(failed("read", path))?;
        let piece = piece.get(..read).unwrap_or_default();
        to.write_at(piece, at).map_err(failed("write", path))?;
        tree.push(merkle::leaf_hash(piece));
        at += wide(read);
        copied(wide(read));
        if read < wanted {
            break;
        }
    }
    Ok(tree.root())
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

/// One segment and where it ends.
struct Part {
    segment: Segment,
    end: Mark,
}

/// The segments as they stand at a mark, which a running writer never changes again.
fn parts(journal: &Journal, end: Mark) -> Vec<Part> {
    let segments = journal.segments();
    let ends = segments.iter().skip(1).map(|next| Mark {
        address: next.header.base,
        sequence: next.header.first_sequence,
        position: next.header.first_position,
    });
    let within = |part: &Part| part.segment.header.base < end.address;
    let ends = ends.chain([end]);
    let all = segments.iter().cloned().zip(ends);
    let mut parts: Vec<_> = all.map(|(segment, end)| Part { segment, end }).collect();
    // A segment begun since then is for the next backup.
    parts.retain(within);
    if let Some(last) = parts.last_mut() {
        last.end = end;
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
        let journal = &self.shared().journal;
        let end = self.shared().live().mark;
        to.create_dir(segment::DIR).map_err(failed("create", segment::DIR))?;
        to.sync_dir("").map_err(failed("sync", "."))?;
        let _lock = open::lock(to).map_err(|_| BackupError::InUse)?;
        check_target(to, &journal.store)?;
        let mut done = BackedUp {
            upto: Position(end.position),
            segments_copied: 0,
            segments_kept: 0,
            bytes_copied: 0,
        };
        let mut bytes = 0;
        for Part { segment, end: part_end } in parts(journal, end) {
            let header = segment.header;
            let length = part_end.address - header.base;
            let path = segment::path(header.number);
            let found = read_seal(to, header.number)?;
            let is_of_another =
                |found: Seal| (found.store, found.base) != (journal.store, header.base);
            if found.is_some_and(is_of_another) {
                return Err(BackupError::Foreign { file: seal_path(header.number) });
            }
            if found.is_some_and(|found| found.end > part_end.address) {
                // This store is an older copy of what was backed up.
                return Err(BackupError::Foreign { file: seal_path(header.number) });
            }
            if found.is_some_and(|found| found.end == part_end.address) {
                done.segments_kept += 1;
                bytes += length;
                progress(Progress { bytes, bytes_total: end.address });
                continue;
            }
            // Damage is found before it is copied.
            let mut scan = Scan::from(journal, segment.start());
            while scan.mark().address < part_end.address && scan.next()?.is_some() {}
            if scan.mark().address < part_end.address {
                return Err(journal.damaged(scan.mark(), end).into());
            }
            let mut digest = merkle::empty_root();
            let mut copied = |count| {
                bytes += count;
                progress(Progress { bytes, bytes_total: end.address });
            };
            // A crash before the seal is replaced leaves the old seal, which holds for the
            // beginning of the new copy too.
            replace(to, &path, |file| {
                digest = copy((&*segment.file, file, &path), length, &mut copied)?;
                Ok(())
            })?;
            let seal = Seal {
                store: journal.store,
                number: header.number,
                base: header.base,
                end: part_end.address,
                first_position: header.first_position,
                next_position: part_end.position,
                digest,
            };
            let path = seal_path(header.number);
            replace(to, &path, |file| {
                file.write_at(&seal.encode(), 0).map_err(failed("write", &path))
            })?;
            done.segments_copied += 1;
            done.bytes_copied += length;
        }
        Ok(done)
    }
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

/// The seals of a backup, which must follow on; a copy without a seal was not finished.
fn seals_of(from: &dyn Disk) -> Result<Vec<Seal>, RestoreError> {
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
