//! The files of attachments: sealed chunks, each named by its digest.
//!
//! ```text
//! attachments/<case>/<author>/<attachment>/<digest of a sealed chunk>
//! attachments/<case>/<author>/<attachment>/upload        until a statement lists it
//! ```
//!
//! A chunk is written beside its place, synced, and moved there: what has its name is whole. *A
//! crash before* leaves a file that nobody looks for. All chunks and their folders are synced
//! before the entry that lists them is appended, so what is listed is there; *a crash in between*
//! leaves an upload that is not listed. Both are swept at a start, once they are a day old.
//!
//! Nothing here is opened, and everything that is read is held to its digest. The folder can be
//! lost without the record: what a partner attached is fetched again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use domain::identifier::{CaseId, Digest, State};
use domain::person::attachment::AttachmentId;
use record::attachment::SEALED_CHUNK_BYTES_MAX;
use record::digest::sha256;
use runtime::failure::{Class, Failure};

use crate::failure::DISK_FULL;

/// The folder in the data folder.
const FOLDER: &str = "attachments";
/// The mark of an upload that no statement lists yet: empty while it goes on, then what a statement
/// would list, sealed.
const UPLOAD: &str = "upload";
/// What is behind the name of a file that is being written.
const UNFINISHED: &str = ".new";
/// How long an upload waits to be listed.
pub(crate) const UPLOAD_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// The files. Cheap to clone; each call blocks.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    root: PathBuf,
}

/// Where one attachment is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) case: CaseId,
    pub(crate) author: State,
    pub(crate) id: AttachmentId,
}

impl Files {
    pub(crate) fn new(data_folder: &Path) -> Self {
        Self { root: data_folder.join(FOLDER) }
    }

    fn folder(&self, kept: &Kept) -> PathBuf {
        let author = kept.author.code();
        self.root.join(kept.case.to_string()).join(author).join(kept.id.to_string())
    }

    /// Begins an upload.
    pub(crate) fn begin(&self, kept: &Kept) -> Result<(), Failure> {
        let folder = self.folder(kept);
        let begun = make_folders(&self.root, &folder).and_then(|()| write(&folder, UPLOAD, &[]));
        begun.map_err(failed)
    }

    /// Ends an upload: from now on a statement may list it. `sealed` is what it would list.
    pub(crate) fn end(&self, kept: &Kept, sealed: &[u8]) -> Result<(), Failure> {
        write(&self.folder(kept), UPLOAD, sealed).map_err(failed)
    }

    /// What an upload was sealed with at its end; `None` where there is none, or it goes on.
    pub(crate) fn upload(&self, kept: &Kept) -> Result<Option<Vec<u8>>, Failure> {
        let sealed = existing(fs::read(self.folder(kept).join(UPLOAD))).map_err(failed)?;
        Ok(sealed.filter(|sealed| !sealed.is_empty()))
    }

    /// Keeps a sealed chunk; durable when it returns. Whole or not at all: a full disk leaves
    /// nothing of it.
    pub(crate) fn put(&self, kept: &Kept, sealed: &[u8]) -> Result<Digest, Failure> {
        let folder = self.folder(kept);
        let digest = sha256(&[sealed]);
        let put = make_folders(&self.root, &folder)
            .and_then(|()| write(&folder, &digest.to_string(), sealed));
        put.map_err(failed)?;
        Ok(digest)
    }

    /// Whether a chunk is here.
    pub(crate) fn holds(&self, kept: &Kept, digest: &Digest) -> bool {
        self.folder(kept).join(digest.to_string()).is_file()
    }

    /// A sealed chunk; `None` where it is not here.
    pub(crate) fn read(&self, kept: &Kept, digest: &Digest) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.folder(kept).join(digest.to_string());
        let length = match existing(fs::metadata(&path)).map_err(failed)? {
            None => return Ok(None),
            Some(found) => found.len(),
        };
        let fits = length <= SEALED_CHUNK_BYTES_MAX as u64;
        let sealed = if fits { existing(fs::read(&path)).map_err(failed)? } else { None };
        match sealed {
            Some(sealed) if sha256(&[&sealed]) == *digest => Ok(Some(sealed)),
            // Damaged: it goes, so that a partner's is fetched again.
            Some(_) | None => {
                tracing::error!(case = %kept.case, attachment = %kept.id, "a chunk is damaged");
                let _ = fs::remove_file(&path);
                Ok(None)
            }
        }
    }

    /// Removes an upload that is not to be kept.
    pub(crate) fn remove(&self, kept: &Kept) -> Result<(), Failure> {
        existing(fs::remove_dir_all(self.folder(kept))).map(drop).map_err(failed)
    }

    /// Removes everything that is kept of a case.
    pub(crate) fn erase(&self, case: &CaseId) -> Result<(), Failure> {
        existing(fs::remove_dir_all(self.root.join(case.to_string()))).map(drop).map_err(failed)
    }

    /// The cases of which something is kept.
    pub(crate) fn cases(&self) -> Vec<CaseId> {
        names(&self.root).iter().filter_map(|name| CaseId::parse(name).ok()).collect()
    }

    /// The uploads that are older than a day, by their own State.
    pub(crate) fn old_uploads(&self, own: State, now: SystemTime) -> Vec<Kept> {
        let mut old = Vec::new();
        for case in names(&self.root) {
            let Ok(id) = CaseId::parse(&case) else { continue };
            let folder = self.root.join(&case).join(own.code());
            for name in names(&folder) {
                let Some(attachment) = AttachmentId::parse(&name) else { continue };
                let mark = fs::metadata(folder.join(&name).join(UPLOAD));
                let age = mark.and_then(|mark| mark.modified()).map(|at| now.duration_since(at));
                if let Ok(Ok(age)) = age
                    && age >= UPLOAD_KEPT
                {
                    old.push(Kept { case: id, author: own, id: attachment });
                }
            }
        }
        old
    }

    /// An upload that a statement lists is one no more.
    pub(crate) fn listed(&self, kept: &Kept) -> Result<(), Failure> {
        existing(fs::remove_file(self.folder(kept).join(UPLOAD))).map(drop).map_err(failed)
    }
}

/// The names in a folder; none where it is not there or cannot be read.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// Writes a file under its name only once it is whole and synced, and syncs the name.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let unfinished = folder.join(format!("{name}{UNFINISHED}"));
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let moved = written
        .and_then(|()| fs::rename(&unfinished, folder.join(name)))
        .and_then(|()| File::open(folder)?.sync_all());
    if moved.is_err() {
        // What is left of it takes room that is needed, and nobody looks for it.
        let _ = fs::remove_file(&unfinished);
    }
    moved
}

/// Makes a folder and those above it, each durable, from `root` on.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder)?;
    let mut made = Some(folder);
    while let Some(at) = made {
        File::open(at)?.sync_all()?;
        if at == root {
            return root.parent().map_or(Ok(()), |above| File::open(above)?.sync_all());
        }
        made = at.parent();
    }
    Ok(())
}

/// `None` where something is not there.
fn existing<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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
        let files = Files::new(folder.path());
        let digest = files.put(&kept(), b"sealed").unwrap();
        assert_eq!(files.read(&kept(), &digest).unwrap().unwrap(), b"sealed");
        let path = files.folder(&kept()).join(digest.to_string());
        // What a crash leaves of a write is under another name.
        fs::write(path.with_extension("new"), b"seal").unwrap();
        assert!(files.holds(&kept(), &digest));
        for damage in [b"sealeD".to_vec(), b"sea".to_vec(), vec![0; SEALED_CHUNK_BYTES_MAX + 1]] {
            fs::write(&path, damage).unwrap();
            assert_eq!(files.read(&kept(), &digest).unwrap(), None);
            assert!(!files.holds(&kept(), &digest), "it can be fetched again");
        }
    }

    #[test]
    fn an_upload_is_swept_once_it_is_a_day_old_unless_it_was_listed() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let (own, other) = (kept(), Kept { author: State::new("XK").unwrap(), ..kept() });
        files.begin(&own).unwrap();
        assert_eq!(files.upload(&own).unwrap(), None, "it goes on");
        files.end(&own, b"manifest").unwrap();
        assert_eq!(files.upload(&own).unwrap().unwrap(), b"manifest");
        files.put(&other, b"sealed").unwrap();
        let now = SystemTime::now();
        assert_eq!(files.old_uploads(own.author, now), []);
        let day = now + UPLOAD_KEPT + Duration::from_secs(60);
        assert_eq!(files.old_uploads(own.author, day), [own]);
        files.listed(&own).unwrap();
        assert_eq!(files.old_uploads(own.author, day), []);
        files.remove(&own).unwrap();
        files.remove(&own).unwrap();
    }
}
