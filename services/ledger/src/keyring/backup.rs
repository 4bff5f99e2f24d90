//! A backup of a keyring: one file, apart from any backup of the logs, good for a bounded time.
//!
//! ```text
//! backup = header sealed-wrapping-key frame*
//! header = "readmit keyring backup 2\n" memory_kib:u32 passes:u32 lanes:u32 salt:16
//!          not_after_ms:u64 frames:u64
//! ```
//!
//! The wrapping key is the backup's own, sealed under the passphrase of the keyring; header and
//! frames are bound to it; a copy that lacks some of the frames is told by their number. What was
//! erased after it was made is in it still: that is why it is refused once its time has passed, why
//! backups past it are to be destroyed, and why a ledger drops the keys of every case whose erasure
//! stands in its own log before it serves anything.

use std::fs;
use std::path::Path;

use domain::time::Instant;
use record::random;

use super::contents::Contents;
use super::epoch::{open_all, seal_all};
use super::error::{KeyringError, corrupt, file_error, read_error, wrong_passphrase};
use super::wrapping::{DERIVATION_LENGTH, PassphraseKey, SEALED_KEY_LENGTH, SealingKey};
use super::{files, found};
use crate::config::Passphrase;

const MAGIC: &[u8] = b"readmit keyring backup 2\n";
const HEADER_LENGTH: usize = MAGIC.len() + DERIVATION_LENGTH + 8 + 8;

/// Whether a backup is taken whose time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aged {
    /// It is refused.
    Refused,
    /// Somebody said that it is to be taken all the same.
    Taken,
}

/// Writes a backup of the keyring `path` to the new file `to`. A node may be running on it.
///
/// # Errors
/// The keyring does not open, or the backup cannot be written.
pub fn back_up_keyring(
    path: &Path,
    passphrase: &Passphrase,
    to: &Path,
    not_after: Instant,
) -> Result<(), KeyringError> {
    let (key, contents) = super::look(path, passphrase)?;
    let mut random = random::operating_system();
    let wrapping = SealingKey::generate(&mut random);
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&key.derivation);
    header.extend_from_slice(&not_after.as_ms().to_be_bytes());
    header.extend_from_slice(&(contents.encode().len() as u64).to_be_bytes());
    let sealed = key.seal(&header, &wrapping, &mut random);
    header.extend_from_slice(&sealed);
    let (bytes, _) = seal_all(&header, &wrapping, &contents);
    files::write_new(to, &bytes).map(drop).map_err(|source| {
        if source.kind() == std::io::ErrorKind::AlreadyExists {
            KeyringError::Exists { path: to.to_path_buf() }
        } else {
            file_error("back up", to, source)
        }
    })
}

/// Makes the keyring `path`, which must not be there, of a backup.
///
/// # Errors
/// There is one, the backup does not open or its time has passed, or a file cannot be written.
pub fn restore_keyring(
    from: &Path,
    passphrase: &Passphrase,
    path: &Path,
    now: Instant,
    aged: Aged,
) -> Result<(), KeyringError> {
    let (key, contents, not_after) = read(from, passphrase)?;
    if now > not_after && aged == Aged::Refused {
        let (path, not_after) = (from.to_path_buf(), not_after.to_string());
        return Err(KeyringError::BackupTooOld { path, not_after });
    }
    found(path, &key, &contents)
}

fn read(
    from: &Path,
    passphrase: &Passphrase,
) -> Result<(PassphraseKey, Contents, Instant), KeyringError> {
    let bytes = fs::read(from).map_err(|source| read_error(from, source))?;
    let header = bytes.get(..HEADER_LENGTH + SEALED_KEY_LENGTH);
    let header = header.ok_or_else(|| corrupt(from, 0))?;
    let (bound, sealed) = header.split_at(HEADER_LENGTH);
    let rest = bound.strip_prefix(MAGIC).ok_or_else(|| corrupt(from, 0))?;
    let (derivation, numbers) = rest.split_at(DERIVATION_LENGTH);
    let (not_after, frames) = numbers.split_at(8);
    let number = |bytes: &[u8]| {
        bytes.try_into().map(u64::from_be_bytes).map_err(|_| corrupt(from, MAGIC.len()))
    };
    let (not_after, frames) = (number(not_after)?, number(frames)?);
    let key =
        PassphraseKey::derive(derivation, passphrase).ok_or_else(|| corrupt(from, MAGIC.len()))?;
    let wrapping = key.open(bound, sealed).ok_or_else(|| wrong_passphrase(from))?;
    let found = open_all(from, header, &wrapping, &bytes)?;
    // Nobody adds to a backup: a last frame that does not open, or is not there, is damage, and
    // keys would be lost.
    if found.end != bytes.len() || found.frames != frames {
        return Err(corrupt(from, found.end));
    }
    Ok((key, found.contents, Instant::from_ms(not_after)))
}
