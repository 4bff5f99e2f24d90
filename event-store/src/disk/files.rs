//! Real files in a real folder.

use std::fs::{self, File, FileType, OpenOptions, TryLockError};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Advice, fadvise};

use super::{Disk, DiskFile};

/// Where Linux tells one start of the machine from another.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The files under one folder of the machine.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// The files under `root`; nothing is created yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// Turns "it is not there" into `None`.
fn there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The names in a folder, of one type; none if it is not there.
fn names(dir: &Path, is_wanted: fn(&FileType) -> bool) -> io::Result<Vec<String>> {
    let Some(entries) = there(fs::read_dir(dir))? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if is_wanted(&entry.file_type()?) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn sync_tree(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    File::open(dir)?.sync_all()
}

impl Disk for Files {
    fn create_dir(&self, path: &str) -> io::Result<()> {
        let path = self.at(path);
        let missing: Vec<_> = path
            .ancestors()
            .take_while(|above| !above.as_os_str().is_empty() && !above.exists())
            .collect();
        fs::create_dir_all(&path)?;
        // Nobody else can sync the folders above the root, in which the store itself is a name.
        for made in missing {
            match made.parent() {
                Some(above) if above.as_os_str().is_empty() => File::open(".")?.sync_all()?,
                Some(above) => File::open(above)?.sync_all()?,
                None => {}
            }
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        names(&self.at(dir), FileType::is_file)
    }

    fn folders(&self, dir: &str) -> io::Result<Vec<String>> {
        names(&self.at(dir), FileType::is_dir)
    }

    fn open(&self, path: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let mut options = OpenOptions::new();
        let file = match there(options.read(true).write(true).open(self.at(path))) {
            // To be looked at only: a write will say so.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                there(File::open(self.at(path)))?
            }
            opened => opened?,
        };
        Ok(file.map(|file| Arc::new(file) as Arc<dyn DiskFile>))
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        let file =
            options.read(true).write(true).create(true).truncate(true).open(self.at(path))?;
        Ok(Arc::new(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.at(from), self.at(to))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        there(fs::remove_file(self.at(path))).map(|_| ())
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        there(fs::remove_dir_all(self.at(path))).map(|_| ())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        File::open(self.at(dir))?.sync_all()
    }

    fn sync_tree(&self, dir: &str) -> io::Result<()> {
        sync_tree(&self.at(dir))
    }

    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(self.at(path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Lock(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let found = rustix::fs::statvfs(&self.root)?;
        Ok(Some(found.f_bavail.saturating_mul(found.f_frsize)))
    }

    fn incarnation(&self) -> Option<String> {
        fs::read_to_string(BOOT_ID).ok().map(|id| id.trim().to_owned())
    }

    fn native(&self, dir: &str) -> Option<PathBuf> {
        Some(self.at(dir))
    }
}

/// A locked file.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would do, were it not for processes started just now: until they run their own
        // program they share the file, and with it the lock.
        let _ = self.0.unlock();
    }
}

impl DiskFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let at = offset + u64::try_from(filled).map_err(io::Error::other)?;
            match std::os::unix::fs::FileExt::read_at(self, rest, at) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn will_read(&self, offset: u64, length: u64) {
        // If it is refused, the read does without.
        let _ = fadvise(self, offset, NonZeroU64::new(length), Advice::WillNeed);
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.write_all_at(bytes, offset)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        // On Linux `fdatasync` also writes the length when it has changed.
        self.sync_data()
    }
}
