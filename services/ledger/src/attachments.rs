//! The files of attachments: sealed chunks, each named by its digest.
//!
//! ```text
//! attachments/<case>/<author>/<attachment>/<digest of a sealed chunk>
//! attachments/<case>/<author>/<attachment>/upload        until a statement lists it
//! attachments/<case>/<author>/<attachment>/listed        from then on
//! ```
//!
//! A chunk is written beside its place, synced, and moved there: what has its name is whole. *A
//! crash before* leaves a file that nobody looks for, and that the next one of that name takes the
//! place of. All chunks and their folders are synced before the entry that lists them is appended,
//! so what is listed is there; *a crash in between* leaves an upload that is not listed. A day
//! later no statement can list it any more, and after another it is swept.
//!
//! Nothing here is opened, and everything that is read is held to its digest.

pub(crate) mod backup;
pub(crate) mod check;

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::identifier::{CaseId, Digest, State};
use domain::person::attachment::AttachmentId;
use domain::time::{Instant, Span};
use event_store::disk::{self, Disk};
use record::attachment::SEALED_CHUNK_BYTES_MAX;
use record::digest::sha256;
use runtime::failure::{Class, Failure};

use crate::failure::DISK_FULL;

/// The folder in the data folder.
const FOLDER: &str = "attachments";
/// The mark of an upload that no statement lists yet: when it began, and at its end also what a
/// statement would list, sealed.
const UPLOAD: &str = "upload";
/// The same mark, once a statement lists it.
const LISTED: &str = "listed";
/// What is behind the name of a file that is being written.
const UNFINISHED: &str = ".new";
/// Bytes of the time that a mark begins with.
const SINCE_LENGTH: usize = 8;
/// Largest mark: a description of 64 chunks with a label, sealed.
const MARK_BYTES_MAX: u64 = 16 << 10;
/// How long an upload can wait to be listed.
pub(crate) const UPLOAD_KEPT: Span = Span::from_ms(24 * 60 * 60 * 1000);

/// The files. Each call blocks.
#[derive(Debug)]
pub(crate) struct Files {
    disk: Arc<dyn Disk>,
    /// Held while files are written or removed: two that bring the same chunk do not write one
    /// file, and what is erased is not written again behind it.
    changes: Mutex<()>,
}

/// Where one attachment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kept {
    pub(crate) case: CaseId,
    pub(crate) author: State,
    pub(crate) id: AttachmentId,
}

impl Kept {
    fn folder(&self) -> String {
        format!("{FOLDER}/{}/{}/{}", self.case, self.author.code(), self.id)
    }
}

impl Files {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, changes: Mutex::new(()) }
    }

    pub(crate) fn in_folder(data_folder: &Path) -> Self {
        Self::new(Arc::new(disk::Files::new(data_folder)))
    }

    fn changes(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the folder of an attachment, durable: chunks can be put.
    pub(crate) fn prepare(&self, kept: &Kept) -> Result<(), Failure> {
        let _changes = self.changes();
        self.make_folders(&kept.folder()).map_err(failed)
    }

    /// Begins an upload.
    pub(crate) fn begin(&self, kept: &Kept, now: Instant) -> Result<(), Failure> {
        self.prepare(kept)?;
        self.mark(kept, now, &[])
    }

    /// Ends an upload: from now on a statement may list it. `sealed` is what it would list.
    pub(crate) fn end(&self, kept: &Kept, now: Instant, sealed: &[u8]) -> Result<(), Failure> {
        self.mark(kept, now, sealed)
    }

    fn mark(&self, kept: &Kept, now: Instant, sealed: &[u8]) -> Result<(), Failure> {
        let _changes = self.changes();
        let mark = [&now.as_ms().to_be_bytes(), sealed].concat();
        self.write(&kept.folder(), UPLOAD, &mark).map_err(failed)
    }

    /// What an upload was sealed with at its end, if a statement lists it or still can; `None`
    /// where there is none, it goes on, or has waited too long.
    pub(crate) fn upload(&self, kept: &Kept, now: Instant) -> Result<Option<Vec<u8>>, Failure> {
        for name in [LISTED, UPLOAD] {
            let path = format!("{}/{name}", kept.folder());
            let mark = self.content(&path, MARK_BYTES_MAX).map_err(failed)?;
            if let Some((since, sealed)) = mark.as_deref().and_then(read_mark) {
                let can_be = name == LISTED || !is_over(since, now);
                return Ok((can_be && !sealed.is_empty()).then(|| sealed.to_vec()));
            }
        }
        Ok(None)
    }

    /// Keeps a sealed chunk, in a folder that was prepared; durable when it returns. Whole or not
    /// at all: a full disk leaves nothing of it.
    pub(crate) fn put(&self, kept: &Kept, sealed: &[u8]) -> Result<Digest, Failure> {
        let _changes = self.changes();
        let digest = sha256(&[sealed]);
        self.write(&kept.folder(), &digest.to_string(), sealed).map_err(failed)?;
        Ok(digest)
    }

    /// Whether a chunk is here.
    pub(crate) fn holds(&self, kept: &Kept, digest: &Digest) -> bool {
        let path = format!("{}/{digest}", kept.folder());
        matches!(self.disk.open(&path), Ok(Some(_)))
    }

    /// A sealed chunk; `None` where it is not here, or damaged.
    pub(crate) fn read(&self, kept: &Kept, digest: &Digest) -> Result<Option<Vec<u8>>, Failure> {
        let path = format!("{}/{digest}", kept.folder());
        if !self.holds(kept, digest) {
            return Ok(None);
        }
        let sealed = self.content(&path, SEALED_CHUNK_BYTES_MAX as u64).map_err(failed)?;
        let sealed = sealed.filter(|sealed| sha256(&[sealed]) == *digest);
        if sealed.is_none() {
            tracing::error!(case = %kept.case, attachment = %kept.id, "a chunk is damaged");
        }
        Ok(sealed)
    }

    /// Removes a chunk that is damaged, so that it is fetched again.
    pub(crate) fn discard(&self, kept: &Kept, digest: &Digest) -> Result<(), Failure> {
        let _changes = self.changes();
        self.disk.remove(&format!("{}/{digest}", kept.folder())).map_err(failed)
    }

    /// Removes an upload that is not to be kept.
    pub(crate) fn remove(&self, kept: &Kept) -> Result<(), Failure> {
        let _changes = self.changes();
        self.disk.remove_dir(&kept.folder()).map_err(failed)
    }

    /// Removes everything that is kept of a case.
    pub(crate) fn erase(&self, case: &CaseId) -> Result<(), Failure> {
        let _changes = self.changes();
        let folder = format!("{FOLDER}/{case}");
        if !self.disk.folders(FOLDER).map_err(failed)?.contains(&case.to_string()) {
            return Ok(());
        }
        let erased = self.disk.remove_dir(&folder).and_then(|()| self.disk.sync_dir(FOLDER));
        erased.map_err(failed)
    }

    /// The cases of which something is kept.
    pub(crate) fn cases(&self) -> Result<Vec<CaseId>, Failure> {
        let names = self.disk.folders(FOLDER).map_err(failed)?;
        Ok(names.iter().filter_map(|name| CaseId::parse(name).ok()).collect())
    }

    /// The uploads of a State for a case that are not known to be listed, and since when.
    pub(crate) fn uploads(
        &self,
        case: CaseId,
        author: State,
    ) -> Result<Vec<(Kept, Instant)>, Failure> {
        let mut uploads = Vec::new();
        let names = self.disk.folders(&format!("{FOLDER}/{case}/{}", author.code()));
        for id in names.map_err(failed)?.iter().filter_map(|name| AttachmentId::parse(name)) {
            let kept = Kept { case, author, id };
            let mark = self.content(&format!("{}/{UPLOAD}", kept.folder()), MARK_BYTES_MAX);
            match mark.map_err(failed)?.as_deref().map(read_mark) {
                Some(mark) => {
                    let since = mark.map_or(Instant::from_ms(0), |(since, _)| since);
                    uploads.push((kept, since));
                }
                // Nothing but its folder: a crash came before its mark.
                None if !self.is_listed(&kept)? => uploads.push((kept, Instant::from_ms(0))),
                None => {}
            }
        }
        Ok(uploads)
    }

    fn is_listed(&self, kept: &Kept) -> Result<bool, Failure> {
        let listed = self.disk.open(&format!("{}/{LISTED}", kept.folder()));
        Ok(listed.map_err(failed)?.is_some())
    }

    /// An upload that a statement lists is swept no more. Does nothing where it was known to be.
    pub(crate) fn listed(&self, kept: &Kept) -> Result<(), Failure> {
        let _changes = self.changes();
        if self.is_listed(kept)? {
            return Ok(());
        }
        let folder = kept.folder();
        let renamed =
            self.disk.rename(&format!("{folder}/{UPLOAD}"), &format!("{folder}/{LISTED}"));
        renamed.and_then(|()| self.disk.sync_dir(&folder)).map_err(failed)
    }

    /// Writes a file under its name only once it is whole and synced, and syncs the name. What
    /// could not be written whole, or may not last, is not left there.
    fn write(&self, folder: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (unfinished, path) =
            (format!("{folder}/{name}{UNFINISHED}"), format!("{folder}/{name}"));
        let written = self.disk.create(&unfinished).and_then(|file| {
            file.write_at(bytes, 0)?;
            file.sync()
        });
        // What could not be written takes room that is needed; what may not last is not believed.
        // Where it cannot be removed either, the disk is past helping.
        if let Err(error) = written.and_then(|()| self.disk.rename(&unfinished, &path)) {
            let _ = self.disk.remove(&unfinished);
            return Err(error);
        }
        self.disk.sync_dir(folder).inspect_err(|_| drop(self.disk.remove(&path)))
    }

    /// Makes a folder and those above it, each durable in the one above.
    fn make_folders(&self, folder: &str) -> io::Result<()> {
        self.disk.create_dir(folder)?;
        let mut above = folder;
        while let Some((parent, _)) = above.rsplit_once('/') {
            self.disk.sync_dir(parent)?;
            above = parent;
        }
        self.disk.sync_dir("")
    }

    /// A file; `None` where it is not there, or longer than it may be.
    fn content(&self, path: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(file) = self.disk.open(path)? else { return Ok(None) };
        let length = file.length()?;
        if length > bytes_max {
            return Ok(None);
        }
        let mut content = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        let read = file.read_at(&mut content, 0)?;
        content.truncate(read);
        Ok(Some(content))
    }
}

/// Whether what began to wait then has waited as long as it can.
pub(crate) fn is_over(since: Instant, now: Instant) -> bool {
    since.plus(UPLOAD_KEPT) <= now
}

/// Since when, and what is sealed; `None` where it is not a mark.
fn read_mark(mark: &[u8]) -> Option<(Instant, &[u8])> {
    let (since, sealed) = mark.split_first_chunk::<SINCE_LENGTH>()?;
    Some((Instant::from_ms(u64::from_be_bytes(*since)), sealed))
}

fn failed(error: io::Error) -> Failure {
    let full = matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    );
    if full {
        let message = "no space is left on the disk";
        return Failure::new(Class::Unavailable, DISK_FULL, message).with_source(error);
    }
    Failure::unavailable("the files of attachments cannot be read or written").with_source(error)
}

#[cfg(test)]
mod power_cut;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn kept() -> Kept {
        Kept {
            case: CaseId::new([1; 16]),
            author: State::new("NL").unwrap(),
            id: AttachmentId::new([2; 16]),
        }
    }

    #[test]
    fn a_chunk_is_there_whole_or_not_at_all_and_is_held_to_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::in_folder(folder.path());
        files.prepare(&kept()).unwrap();
        let digest = files.put(&kept(), b"sealed").unwrap();
        assert_eq!(files.read(&kept(), &digest).unwrap().unwrap(), b"sealed");
        let path = folder.path().join(kept().folder()).join(digest.to_string());
        // What a crash leaves of a write is under another name.
        std::fs::write(path.with_extension("new"), b"seal").unwrap();
        assert!(files.holds(&kept(), &digest));
        for damage in [b"sealeD".to_vec(), b"sea".to_vec(), vec![0; SEALED_CHUNK_BYTES_MAX + 1]] {
            std::fs::write(&path, damage).unwrap();
            assert_eq!(files.read(&kept(), &digest).unwrap(), None);
        }
        files.put(&kept(), b"sealed").unwrap();
        assert_eq!(files.read(&kept(), &digest).unwrap().unwrap(), b"sealed");
    }

    #[test]
    fn an_upload_counts_until_it_is_listed_and_is_described_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::in_folder(folder.path());
        let (own, other) = (kept(), Kept { author: State::new("XK").unwrap(), ..kept() });
        let (began, ended) = (Instant::from_ms(5), Instant::from_ms(7));
        let uploads = || files.uploads(own.case, own.author).unwrap();
        assert_eq!(uploads(), []);
        files.begin(&own, began).unwrap();
        assert_eq!((files.upload(&own, began).unwrap(), uploads()), (None, vec![(own, began)]));
        files.end(&own, ended, b"described").unwrap();
        assert_eq!(files.upload(&own, ended).unwrap().unwrap(), b"described");
        let over = ended.plus(UPLOAD_KEPT);
        assert_eq!(files.upload(&own, over).unwrap(), None);
        files.prepare(&other).unwrap();
        files.put(&other, b"sealed").unwrap();
        assert_eq!(uploads(), [(own, ended)]);
        files.listed(&own).unwrap();
        files.listed(&own).unwrap();
        assert_eq!(files.upload(&own, over).unwrap().unwrap(), b"described");
        assert_eq!(uploads(), []);
        files.remove(&own).unwrap();
        files.remove(&own).unwrap();
        assert_eq!(
            (files.upload(&own, over).unwrap(), files.cases().unwrap()),
            (None, vec![own.case])
        );
        // A folder without a mark is what a crash leaves.
        files.prepare(&own).unwrap();
        assert_eq!(uploads(), [(own, Instant::from_ms(0))]);
        files.erase(&own.case).unwrap();
        files.erase(&own.case).unwrap();
        assert_eq!(files.cases().unwrap(), []);
    }
}
