//! The files of a keyring: where each lies, writing one whole, destroying one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// A file of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The contents, sealed under the wrapping key.
    Contents,
    /// The wrapping key, sealed under the key of the passphrase.
    WrappingKey,
}

/// `<keyring>.<epoch>` and `<keyring>.<epoch>.key`.
pub(super) fn of_epoch(pointer: &Path, epoch: u64, part: Part) -> PathBuf {
    match part {
        Part::Contents => beside(pointer, &epoch.to_string()),
        Part::WrappingKey => beside(pointer, &format!("{epoch}.key")),
    }
}

/// `<keyring>.<suffix>`.
pub(super) fn beside(pointer: &Path, suffix: &str) -> PathBuf {
    let mut name = pointer.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    pointer.with_file_name(name)
}

/// Every file of an epoch that is there.
pub(super) fn epochs(pointer: &Path) -> io::Result<Vec<(u64, Part)>> {
    let name = pointer.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in fs::read_dir(folder_of(pointer))? {
        let file = entry?.file_name().to_string_lossy().into_owned();
        let Some(suffix) = file.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        let (number, part) = match suffix.strip_suffix(".key") {
            Some(number) => (number, Part::WrappingKey),
            None => (suffix, Part::Contents),
        };
        // A torn frame that was cut off, or the lock, is no epoch.
        if number.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(epoch) = number.parse()
        {
            found.push((epoch, part));
        }
    }
    Ok(found)
}

/// Writes a new file durably; only the owner may read it.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut file =
        OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    sync_folder_of(path)?;
    Ok(file)
}

/// Puts a new file in the place of another, whole and durably.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = beside(path, "new");
    match fs::remove_file(&fresh) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    drop(write_new(&fresh, bytes)?);
    fs::rename(&fresh, path)?;
    sync_folder_of(path)
}

/// Overwrites a file and removes it. What a file system or a disk keeps of overwritten blocks is
/// beyond it.
pub(super) fn destroy(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).open(path) {
        Ok(file) => overwrite(&file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    fs::remove_file(path)?;
    sync_folder_of(path)
}

/// Overwrites what a file holds.
pub(super) fn overwrite(file: &File) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    let length = file.metadata()?.len();
    let zeros = [0; 4096];
    let mut at = 0;
    while at < length {
        let count = usize::try_from(length - at).map_or(zeros.len(), |left| left.min(zeros.len()));
        file.write_all_at(zeros.get(..count).unwrap_or_default(), at)?;
        at += count as u64;
    }
    file.sync_all()
}

pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}
