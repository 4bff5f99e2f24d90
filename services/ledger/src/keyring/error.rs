//! Why a keyring could not be made, opened, added to or made anew.

use std::io;
use std::path::{Path, PathBuf};

/// Why a keyring could not be made, opened, added to or made anew.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// There is no such file.
    #[error("there is no keyring `{}`", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is one already, and it is not overwritten.
    #[error("there is a keyring `{}` already", path.display())]
    Exists {
        /// Where it is.
        path: PathBuf,
    },
    /// The passphrase does not open it.
    #[error("the passphrase does not open the keyring `{}`", path.display())]
    WrongPassphrase {
        /// Where it is.
        path: PathBuf,
    },
    /// Another process adds to it.
    #[error("the keyring `{}` is in use by another node", path.display())]
    InUse {
        /// Where it is.
        path: PathBuf,
    },
    /// It is damaged, or no keyring.
    #[error("the keyring `{}` is damaged at byte {offset}", path.display())]
    Corrupt {
        /// Where it is.
        path: PathBuf,
        /// Where the damage begins.
        offset: u64,
    },
    /// An epoch above the one that counts holds keys that this one has not: an old `keyring` was
    /// put beside newer files.
    #[error(
        "`{}` is newer than the epoch that the keyring names and holds keys that it has not: an \
         old copy was put in its place",
        path.display()
    )]
    Newer {
        /// The newer epoch.
        path: PathBuf,
    },
    /// A backup is older than it may become.
    #[error("the backup `{}` was good until {not_after} and is refused now", path.display())]
    BackupTooOld {
        /// Where it is.
        path: PathBuf,
        /// The last moment at which it is taken.
        not_after: String,
    },
    /// The operating system refused.
    #[error("could not {doing} the keyring `{}`", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

pub(super) fn corrupt(path: &Path, offset: usize) -> KeyringError {
    KeyringError::Corrupt { path: path.to_path_buf(), offset: offset as u64 }
}

pub(super) fn wrong_passphrase(path: &Path) -> KeyringError {
    KeyringError::WrongPassphrase { path: path.to_path_buf() }
}

pub(super) fn read_error(path: &Path, source: io::Error) -> KeyringError {
    if source.kind() == io::ErrorKind::NotFound {
        KeyringError::Missing { path: path.to_path_buf() }
    } else {
        file_error("read", path, source)
    }
}

pub(super) fn file_error(doing: &'static str, path: &Path, source: io::Error) -> KeyringError {
    KeyringError::File { doing, path: path.to_path_buf(), source }
}
