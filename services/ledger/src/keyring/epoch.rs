//! One epoch of a keyring: its two files, read, written anew and appended to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use record::random::{self, CryptoRng};

use super::contents::{Collected, Contents, NewKey, encode_keys};
use super::error::{KeyringError, corrupt, file_error, read_error, wrong_passphrase};
use super::files::{self, Part};
use super::wrapping::{
    DERIVATION_LENGTH, PassphraseKey, SEALED_KEY_LENGTH, SealingKey, frame_at, is_last,
};
use crate::config::Passphrase;

const KEY_MAGIC: &[u8] = b"readmit wrapping key 1\n";
const EPOCH_MAGIC: &[u8] = b"readmit epoch 1\n";
const HEADER_LENGTH: usize = EPOCH_MAGIC.len() + 8;

/// An epoch, open for more keys.
#[derive(Debug)]
pub(super) struct Epoch {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) passphrase: PassphraseKey,
    wrapping: SealingKey,
    header: Vec<u8>,
    frames: u64,
    /// Where the next frame begins.
    end: u64,
    failed: bool,
}

/// What a file of frames holds, as far as it can be read.
pub(super) struct Frames {
    pub(super) contents: Contents,
    pub(super) frames: u64,
    pub(super) end: usize,
}

impl Epoch {
    /// Writes the wrapping key of a new epoch: a new one, sealed under the key of the passphrase.
    pub(super) fn write_wrapping_key(
        pointer: &Path,
        number: u64,
        passphrase: &PassphraseKey,
    ) -> Result<SealingKey, KeyringError> {
        let mut random = random::operating_system();
        let wrapping = SealingKey::generate(&mut random);
        let path = files::of_epoch(pointer, number, Part::WrappingKey);
        let bytes = encode_wrapping_key(number, passphrase, &wrapping, &mut random);
        files::write_new(&path, &bytes).map_err(|source| made_error(&path, source))?;
        Ok(wrapping)
    }

    /// Writes the contents of a new epoch.
    pub(super) fn write_contents(
        pointer: &Path,
        number: u64,
        passphrase: &PassphraseKey,
        wrapping: SealingKey,
        contents: &Contents,
    ) -> Result<Self, KeyringError> {
        let path = files::of_epoch(pointer, number, Part::Contents);
        let header = header_of(number);
        let (bytes, frames) = seal_all(&header, &wrapping, contents);
        let file = files::write_new(&path, &bytes).map_err(|source| made_error(&path, source))?;
        let (passphrase, end) = (passphrase.clone(), bytes.len() as u64);
        Ok(Self { number, path, file, passphrase, wrapping, header, frames, end, failed: false })
    }

    /// Opens an epoch to look at it, changing nothing; a torn last frame is left out.
    pub(super) fn look(
        pointer: &Path,
        number: u64,
        passphrase: &Passphrase,
    ) -> Result<(PassphraseKey, Contents), KeyringError> {
        let (passphrase, wrapping) = read_wrapping_key(pointer, number, passphrase)?;
        let path = files::of_epoch(pointer, number, Part::Contents);
        let bytes = fs::read(&path).map_err(|source| read_error(&path, source))?;
        let frames = open_all(&path, &header_of(number), &wrapping, &bytes)?;
        Ok((passphrase, frames.contents))
    }

    /// Opens an epoch for more. A last frame that a crash has torn is cut off.
    pub(super) fn open(
        pointer: &Path,
        number: u64,
        passphrase: &Passphrase,
    ) -> Result<(Self, Contents), KeyringError> {
        let (passphrase, wrapping) = read_wrapping_key(pointer, number, passphrase)?;
        let path = files::of_epoch(pointer, number, Part::Contents);
        let file = OpenOptions::new().read(true).append(true).open(&path);
        let file = file.map_err(|source| read_error(&path, source))?;
        let bytes = fs::read(&path).map_err(|source| read_error(&path, source))?;
        let header = header_of(number);
        let Frames { contents, frames, end } = open_all(&path, &header, &wrapping, &bytes)?;
        if end < bytes.len() {
            cut(&path, &file, &bytes, end)?;
        }
        let end = end as u64;
        let epoch =
            Self { number, path, file, passphrase, wrapping, header, frames, end, failed: false };
        Ok((epoch, contents))
    }

    /// Reads once more what it holds.
    pub(super) fn contents(&self) -> Result<Contents, KeyringError> {
        let bytes = fs::read(&self.path).map_err(|source| read_error(&self.path, source))?;
        Ok(open_all(&self.path, &self.header, &self.wrapping, &bytes)?.contents)
    }

    /// Whether nothing can be added any more before a restart.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Adds keys of cases; durable when it returns. After a write that failed, as on a full disk,
    /// what it left is taken off again and the next one may be tried; after a sync that failed,
    /// nobody knows what the file holds.
    pub(super) fn add(&mut self, keys: &[NewKey]) -> Result<(), KeyringError> {
        if self.failed {
            let gone = io::Error::other("an earlier write has failed");
            return Err(file_error("write", &self.path, gone));
        }
        let mut random = random::operating_system();
        for content in encode_keys(keys) {
            let frame = self.wrapping.seal_frame(&self.header, self.frames, &content, &mut random);
            if let Err(source) = self.file.write_all(&frame) {
                let taken_off = self.file.set_len(self.end).and_then(|()| self.file.sync_data());
                self.failed = taken_off.is_err();
                return Err(file_error("write", &self.path, source));
            }
            if let Err(source) = self.file.sync_data() {
                self.failed = true;
                return Err(file_error("write", &self.path, source));
            }
            self.frames += 1;
            self.end += frame.len() as u64;
        }
        Ok(())
    }
}

fn header_of(number: u64) -> Vec<u8> {
    [EPOCH_MAGIC, &number.to_be_bytes()].concat()
}

/// A whole file of contents, and how many frames it has.
pub(super) fn seal_all(
    header: &[u8],
    wrapping: &SealingKey,
    contents: &Contents,
) -> (Vec<u8>, u64) {
    let mut random = random::operating_system();
    let mut bytes = header.to_vec();
    let mut frames = 0;
    for content in contents.encode() {
        bytes.extend_from_slice(&wrapping.seal_frame(header, frames, &content, &mut random));
        frames += 1;
    }
    (bytes, frames)
}

/// Opens a file of contents. What the last frame leaves torn is not read; a frame before it that
/// does not open is damage.
pub(super) fn open_all(
    path: &Path,
    header: &[u8],
    wrapping: &SealingKey,
    bytes: &[u8],
) -> Result<Frames, KeyringError> {
    if !bytes.starts_with(header) {
        return Err(corrupt(path, 0));
    }
    let (mut end, mut frames) = (header.len(), 0);
    let mut collected = Collected::default();
    while end < bytes.len() {
        let frame = frame_at(bytes, end);
        let content = frame.and_then(|frame| wrapping.open_frame(header, frames, frame));
        let (Some(frame), Some(content)) = (frame, content) else {
            // The first frame was durable before the epoch counted: it is never torn.
            if frames > 0 && is_last(bytes, end) {
                break;
            }
            return Err(corrupt(path, end));
        };
        collected.read(&content).ok_or_else(|| corrupt(path, end))?;
        end += 4 + frame.len();
        frames += 1;
    }
    let contents = collected.finish().ok_or_else(|| corrupt(path, HEADER_LENGTH))?;
    Ok(Frames { contents, frames, end })
}

/// `magic ‖ parameters and salt ‖ number ‖ sealed wrapping key`; all before the last is bound.
fn encode_wrapping_key(
    number: u64,
    passphrase: &PassphraseKey,
    wrapping: &SealingKey,
    random: &mut impl CryptoRng,
) -> Vec<u8> {
    let mut bytes = KEY_MAGIC.to_vec();
    bytes.extend_from_slice(&passphrase.derivation);
    bytes.extend_from_slice(&number.to_be_bytes());
    let sealed = passphrase.seal(&bytes, wrapping, random);
    bytes.extend_from_slice(&sealed);
    bytes
}

fn read_wrapping_key(
    pointer: &Path,
    number: u64,
    passphrase: &Passphrase,
) -> Result<(PassphraseKey, SealingKey), KeyringError> {
    const BOUND_LENGTH: usize = KEY_MAGIC.len() + DERIVATION_LENGTH + 8;
    let path = files::of_epoch(pointer, number, Part::WrappingKey);
    let bytes = fs::read(&path).map_err(|source| read_error(&path, source))?;
    let (bound, sealed) = bytes.split_at_checked(BOUND_LENGTH).ok_or_else(|| corrupt(&path, 0))?;
    let rest = bound.strip_prefix(KEY_MAGIC).ok_or_else(|| corrupt(&path, 0))?;
    let derivation = rest.get(..DERIVATION_LENGTH).ok_or_else(|| corrupt(&path, 0))?;
    if !bound.ends_with(&number.to_be_bytes()) || sealed.len() != SEALED_KEY_LENGTH {
        return Err(corrupt(&path, KEY_MAGIC.len()));
    }
    let passphrase = PassphraseKey::derive(derivation, passphrase)
        .ok_or_else(|| corrupt(&path, KEY_MAGIC.len()))?;
    // Damage to it cannot be told from another passphrase.
    let wrapping = passphrase.open(bound, sealed).ok_or_else(|| wrong_passphrase(pointer))?;
    Ok((passphrase, wrapping))
}

/// Cuts a torn last frame off, once a copy of it is kept.
fn cut(path: &Path, file: &File, bytes: &[u8], end: usize) -> Result<(), KeyringError> {
    let torn = bytes.get(end..).unwrap_or_default();
    tracing::warn!(bytes = torn.len(), "the keyring ended in a torn frame, which is cut off");
    // Each cut keeps its copy: a second one must not take the place of the first.
    let copy = files::beside(path, &format!("torn-{end}-{}", torn.len()));
    let done = fs::write(&copy, torn)
        .and_then(|()| File::open(&copy)?.sync_all())
        .and_then(|()| file.set_len(end as u64))
        .and_then(|()| file.sync_all());
    done.map_err(|source| file_error("repair", path, source))
}

fn made_error(path: &Path, source: io::Error) -> KeyringError {
    if source.kind() == io::ErrorKind::AlreadyExists {
        KeyringError::Exists { path: path.to_path_buf() }
    } else {
        file_error("write", path, source)
    }
}
