//! The files of attachments in a backup: copied while the node runs, and put back.
//!
//! ```text
//! attachments/<case>/<author>/<attachment>/…    as in the data folder
//! attachments/upto                              the journal names nothing before this position
//!                                               that is not here
//! attachments/lock                              held by whoever writes here
//! ```
//!
//! The journal is copied first. Whatever an entry lists was durable before the entry was appended,
//! so what the copied journal lists is there when the files are copied after it; the other way
//! round, an entry could come in between. *A crash between the two* leaves a journal that is ahead
//! of `upto`, and whoever restores is told.
//!
//! Pieces never change, so what the backup has is not copied again. What is damaged is not copied.
//! What the data folder has lost stays in the backup, which has the only copy then; only what is
//! gone for good goes here too, with the next backup: a case whose erasure stands in the copied
//! journal, and an upload that no statement can list any more. Not here: the keys, without which
//! no piece opens; they have backups of their own (`keyring/backup.rs`).

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use domain::identifier::{CaseId, State};
use domain::person::attachment::AttachmentId;
use domain::time::Instant;
use event_store::disk::{self, Disk};
use event_store::{MendError, Seen};
use record::attachment::SEALED_CHUNK_BYTES_MAX;
use record::digest::sha256;

use super::{
    FOLDER, Files, Kept, LISTED, MARK_BYTES_MAX, SINCE_LENGTH, UPLOAD, UPLOAD_KEPT, is_over,
    read_mark,
};
use crate::layout;

/// Up to where the files of a backup go along with its journal.
const UPTO: &str = "upto";
/// Longest content of that: a position in digits.
const UPTO_BYTES_MAX: u64 = 20;
const LOCK: &str = "lock";
/// Characters of a digest, which is the name of a piece.
pub(super) const DIGITS: usize = 64;

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// Attachments that were looked at.
    pub attachments: u64,
    /// Attachments in all.
    pub attachments_total: u64,
    /// Bytes that were copied.
    pub bytes: u64,
}

/// What was copied, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Attachments that were looked at.
    pub attachments: u64,
    /// Pieces that were copied.
    pub pieces_copied: u64,
    /// Pieces that were there.
    pub pieces_kept: u64,
    /// Bytes that were copied.
    pub bytes_copied: u64,
    /// Pieces that are not what they were when they got their name: they were not copied.
    pub damaged: Vec<String>,
    /// Of a backup: what was removed from it, because it is gone for good.
    pub removed: u64,
    /// Of a backup that is put back: before which position of the journal it has everything; `None`
    /// where it was made without attachments.
    pub upto: Option<u64>,
}

/// Why attachments were not copied. What was copied before stays, and is whole.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The operating system refused.
    #[error("could not {doing} `{file}`")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file, within the backup or the data folder.
        file: String,
        /// Its answer.
        source: io::Error,
    },
    /// Another process makes a backup into the same folder.
    #[error("the folder of the backup is in use")]
    InUse,
    /// Which cases are erased could not be read of the journal.
    #[error("could not read which cases are erased")]
    Erasures(#[source] MendError),
}

pub(super) fn failed(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> CopyError {
    move |source| CopyError::Io { doing, file: file.to_owned(), source }
}

/// Copies what the backup does not have yet, also while a node runs on the data folder. The backup
/// holds the journal already, with every record before position `upto`. Blocks.
///
/// # Errors
/// As [`CopyError`] says.
pub fn back_up_attachments(
    data_folder: &Path,
    backup: &Path,
    (upto, now): (u64, Instant),
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, CopyError> {
    let (from, to) = (Files::in_folder(data_folder), Files::in_folder(backup));
    back_up(&from, &to, (upto, now), &mut || erased(backup), progress)
}

/// Puts back what a backup has and the data folder has lost or holds damaged. The node does not
/// run, and its journal is put back already: what it says is erased stays away. Blocks.
///
/// # Errors
/// As [`CopyError`] says.
pub fn put_back_attachments(
    backup: &Path,
    data_folder: &Path,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, CopyError> {
    let (from, to) = (Files::in_folder(backup), Files::in_folder(data_folder));
    put_back(&from, &to, &mut || erased(&data_folder.join("store")), progress)
}

/// The cases whose erasure stands in a journal that nobody has open.
fn erased(store: &Path) -> Result<BTreeSet<CaseId>, CopyError> {
    erased_on(Arc::new(disk::Files::new(store)))
}

fn erased_on(store: Arc<dyn Disk>) -> Result<BTreeSet<CaseId>, CopyError> {
    let mut cases = BTreeSet::new();
    let read = event_store::survey_on(store, &mut |seen| match seen {
        Seen::Record(record) => cases.extend(layout::erased_case(record)),
        Seen::Broken(_) => {}
    });
    read.map_err(CopyError::Erasures)?;
    Ok(cases)
}

type Erased<'a> = &'a mut dyn FnMut() -> Result<BTreeSet<CaseId>, CopyError>;

fn back_up(
    from: &Files,
    to: &Files,
    (upto, now): (u64, Instant),
    erased: Erased<'_>,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, CopyError> {
    to.make_folders(FOLDER).map_err(failed("create", FOLDER))?;
    let path = format!("{FOLDER}/{LOCK}");
    let lock = to.disk.lock(&path).map_err(failed("lock", &path))?;
    let _lock = lock.ok_or(CopyError::InUse)?;
    let all = all(from)?;
    let mut copy = Copy::new(from, to, Trust::Names);
    copy.each(&all, progress)?;
    let mut done = copy.done;
    to.write(FOLDER, UPTO, upto.to_string().as_bytes()).map_err(failed("write", UPTO))?;
    done.removed = forget(from, to, now, erased)?;
    Ok(done)
}

fn put_back(
    from: &Files,
    to: &Files,
    erased: Erased<'_>,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<Copied, CopyError> {
    let mut all = all(from)?;
    let there = cases(to)?;
    if all.iter().any(|kept| !there.contains(&kept.case)) {
        let erased = erased()?;
        all.retain(|kept| !erased.contains(&kept.case));
    }
    let mut copy = Copy::new(from, to, Trust::Nothing);
    copy.each(&all, progress)?;
    let path = format!("{FOLDER}/{UPTO}");
    let upto = from.content(&path, UPTO_BYTES_MAX).map_err(failed("read", &path))?;
    let upto = upto.and_then(|digits| String::from_utf8(digits).ok()?.parse().ok());
    Ok(Copied { upto, ..copy.done })
}

/// Removes of a backup what is gone for good; how many cases and uploads.
fn forget(from: &Files, to: &Files, now: Instant, erased: Erased<'_>) -> Result<u64, CopyError> {
    let mut removed = 0;
    let (here, cases_here) = (all(from)?.into_iter().collect::<BTreeSet<_>>(), cases(from)?);
    for kept in all(to)?.iter().filter(|kept| !here.contains(kept)) {
        let Some((UPLOAD, mark)) = mark(to, kept)? else { continue };
        // As the node sweeps them.
        if read_mark(&mark).is_some_and(|(since, _)| is_over(since.plus(UPLOAD_KEPT), now)) {
            let folder = kept.folder();
            let above = format!("{FOLDER}/{}/{}", kept.case, kept.author.code());
            let gone = to.disk.remove_dir(&folder).and_then(|()| to.disk.sync_dir(&above));
            gone.map_err(failed("remove", &folder))?;
            removed += 1;
        }
    }
    let lost: Vec<CaseId> = cases(to)?.difference(&cases_here).copied().collect();
    if lost.is_empty() {
        return Ok(removed);
    }
    let erased = erased()?;
    for case in lost.iter().filter(|case| erased.contains(case)) {
        let folder = format!("{FOLDER}/{case}");
        let gone = to.disk.remove_dir(&folder).and_then(|()| to.disk.sync_dir(FOLDER));
        gone.map_err(failed("remove", &folder))?;
        removed += 1;
    }
    Ok(removed)
}

fn cases(files: &Files) -> Result<BTreeSet<CaseId>, CopyError> {
    let names = files.disk.folders(FOLDER).map_err(failed("list", FOLDER))?;
    Ok(names.iter().filter_map(|name| CaseId::parse(name).ok()).collect())
}

/// Everything that is kept, in order.
pub(super) fn all(files: &Files) -> Result<Vec<Kept>, CopyError> {
    let folders = |path: &str| files.disk.folders(path).map_err(failed("list", path));
    let mut all = Vec::new();
    for case in cases(files)? {
        let of_case = format!("{FOLDER}/{case}");
        for author in folders(&of_case)?.iter().filter_map(|name| State::new(name).ok()) {
            let ids = folders(&format!("{of_case}/{}", author.code()))?;
            let ids = ids.iter().filter_map(|name| AttachmentId::parse(name));
            all.extend(ids.map(|id| Kept { case, author, id }));
        }
    }
    all.sort_unstable();
    Ok(all)
}

/// The mark of an attachment, and which it is. A node may rename it meanwhile.
pub(super) fn mark(
    files: &Files,
    kept: &Kept,
) -> Result<Option<(&'static str, Vec<u8>)>, CopyError> {
    for name in [LISTED, UPLOAD, LISTED] {
        let path = format!("{}/{name}", kept.folder());
        let mark = files.content(&path, MARK_BYTES_MAX).map_err(failed("read", &path))?;
        if let Some(mark) = mark {
            return Ok(Some((name, mark)));
        }
    }
    Ok(None)
}

/// What a piece is.
pub(super) enum Piece {
    Whole(Vec<u8>),
    Damaged,
    Gone,
}

pub(super) fn piece(files: &Files, path: &str, name: &str) -> Result<Piece, CopyError> {
    let reading = failed("read", path);
    match files.content(path, SEALED_CHUNK_BYTES_MAX as u64) {
        Ok(Some(bytes)) if sha256(&[&bytes]).to_string() == name => Ok(Piece::Whole(bytes)),
        Ok(Some(_)) => Ok(Piece::Damaged),
        // It is too long, or was removed: its upload has ended badly, or its case is erased.
        Ok(None) => match files.disk.open(path).map_err(reading)? {
            Some(_) => Ok(Piece::Damaged),
            None => Ok(Piece::Gone),
        },
        Err(error) => Err(reading(error)),
    }
}

/// Whether what is at its place is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// What has its name got it when it was whole.
    Names,
    /// It is held to its digest.
    Nothing,
}

struct Copy<'a> {
    from: &'a Files,
    to: &'a Files,
    trust: Trust,
    /// The attachment whose folder was made last.
    made: Option<Kept>,
    done: Copied,
}

impl<'a> Copy<'a> {
    fn new(from: &'a Files, to: &'a Files, trust: Trust) -> Self {
        Self { from, to, trust, made: None, done: Copied::default() }
    }
}

impl Copy<'_> {
    fn each(
        &mut self,
        all: &[Kept],
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<(), CopyError> {
        let attachments_total = all.len() as u64;
        for kept in all {
            self.attachment(kept)?;
            self.done.attachments += 1;
            let (attachments, bytes) = (self.done.attachments, self.done.bytes_copied);
            progress(CopyProgress { attachments, attachments_total, bytes });
        }
        Ok(())
    }

    fn attachment(&mut self, kept: &Kept) -> Result<(), CopyError> {
        let folder = kept.folder();
        let from_mark = mark(self.from, kept)?;
        // An upload that goes on is listed by nothing that was copied.
        if matches!(&from_mark, Some((UPLOAD, mark)) if mark.len() <= SINCE_LENGTH) {
            return Ok(());
        }
        let list = |files: &Files| files.disk.list(&folder).map_err(failed("list", &folder));
        let there: BTreeSet<String> = list(self.to)?.into_iter().collect();
        self.mark(kept, from_mark)?;
        let mut names = list(self.from)?;
        names.retain(|name| name.len() == DIGITS);
        names.sort_unstable();
        for name in names {
            let path = format!("{folder}/{name}");
            let has = match self.trust {
                Trust::Names => there.contains(&name),
                Trust::Nothing => matches!(piece(self.to, &path, &name)?, Piece::Whole(_)),
            };
            if has {
                self.done.pieces_kept += 1;
                continue;
            }
            match piece(self.from, &path, &name)? {
                Piece::Whole(bytes) => {
                    self.write(kept, &name, &bytes)?;
                    self.done.pieces_copied += 1;
                    self.done.bytes_copied += bytes.len() as u64;
                }
                Piece::Damaged => self.done.damaged.push(path),
                Piece::Gone => {}
            }
        }
        Ok(())
    }

    /// Copies a mark, ahead of the pieces: pieces without one would be taken for what a crash has
    /// left. One that says that a statement lists them is never taken back.
    fn mark(
        &mut self,
        kept: &Kept,
        from: Option<(&'static str, Vec<u8>)>,
    ) -> Result<(), CopyError> {
        let Some((name, content)) = from else { return Ok(()) };
        match mark(self.to, kept)? {
            Some((there, other)) if (there, &other) == (name, &content) => return Ok(()),
            Some((LISTED, _)) if name == UPLOAD => return Ok(()),
            Some(_) | None => {}
        }
        let folder = kept.folder();
        self.write(kept, name, &content)?;
        if name == LISTED {
            let path = format!("{folder}/{UPLOAD}");
            let gone = self.to.disk.remove(&path).and_then(|()| self.to.disk.sync_dir(&folder));
            gone.map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    fn write(&mut self, kept: &Kept, name: &str, bytes: &[u8]) -> Result<(), CopyError> {
        let folder = kept.folder();
        if self.made != Some(*kept) {
            self.to.make_folders(&folder).map_err(failed("create", &folder))?;
            self.made = Some(*kept);
        }
        let written = self.to.write(&folder, name, bytes);
        written.map_err(failed("write", &format!("{folder}/{name}")))
    }
}

#[cfg(test)]
mod tests;
