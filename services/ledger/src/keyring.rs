//! The keyring: one file that holds every private key of the State's node, but not the root key.
//!
//! ```text
//! keyring = header frame*
//! header  = "readmit keyring 1\n" memory_kib:u32 passes:u32 lanes:u32 salt:16
//! frame   = length:u32 nonce:12 sealed          (length counts nonce and sealed)
//! sealed  = AES-256-GCM-SIV(wrapping key, nonce, content; header ‖ number of the frame:u64)
//! content = secrets in frame 0, then (case id:16 ‖ case key:32)+
//! secrets = log key seed:32 ‖ HPKE private key:32 ‖ node secret:32 ‖ local secret:32
//! ```
//!
//! Numbers are big-endian. The wrapping key is Argon2id(passphrase, salt) with the parameters of
//! the header. Frames are only appended, each durable before the entries that use its keys are
//! written: a crash in between leaves keys that nobody uses. A last frame that a crash has torn is
//! cut off, after a copy of it was put beside the file; a frame before the last that does not open
//! is damage, and nothing is changed then.
//!
//! Epochs of the file, by which keys are destroyed, come with another version in the header.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::identifier::{CaseId, Digest, Founder};
use event_store::StreamId;
use hmac::{Hmac, Mac};
use record::key::{PublicKey, Signer as _, SigningKeyInMemory};
use record::random::{self, CryptoRng};
use record::seal::CaseKey;
use record::wrap::OpeningKey;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::config::Passphrase;
use crate::locked::Locked;

const MAGIC: &[u8] = b"readmit keyring 1\n";
const SALT_LENGTH: usize = 16;
const HEADER_LENGTH: usize = MAGIC.len() + 12 + SALT_LENGTH;
const NONCE_LENGTH: usize = 12;
const SECRET_LENGTH: usize = 32;
const SECRETS_LENGTH: usize = 4 * SECRET_LENGTH;
const CASE_LENGTH: usize = CaseId::LENGTH + 32;
/// Most bytes of a frame: far more than a group of entries opens cases.
const FRAME_BYTES_MAX: usize = 1 << 20;

/// What a keyring may ask for: a file of somebody else must not exhaust the machine.
const MEMORY_KIB_MAX: u32 = 4 << 20;
const PASSES_MAX: u32 = 64;

/// What it costs to try a passphrase: the parameters of Argon2id, kept in the keyring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardness {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Hardness {
    /// The second recommendation of RFC 9106.
    pub const DEFAULT: Self = Self { memory_kib: 64 * 1024, passes: 3, lanes: 4 };
    /// Protects nothing and costs nothing: for tests, whose keys are nobody's.
    pub const NONE: Self = Self { memory_kib: 64, passes: 1, lanes: 1 };
}

/// Why a keyring could not be made, opened or added to.
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

/// The public halves, to be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Signs dispatch headers.
    pub log: PublicKey,
    /// Opens wrapped case keys: an X25519 public key.
    pub hpke: [u8; 32],
}

/// Makes a new keyring with fresh keys and secrets.
///
/// # Errors
/// There is one already, or it cannot be written.
pub fn create_keyring(path: &Path, passphrase: &Passphrase) -> Result<PublicKeys, KeyringError> {
    create_keyring_with(path, passphrase, Hardness::DEFAULT)
}

/// Makes a new keyring that costs something else to try a passphrase on.
///
/// # Errors
/// As [`create_keyring`].
pub fn create_keyring_with(
    path: &Path,
    passphrase: &Passphrase,
    hardness: Hardness,
) -> Result<PublicKeys, KeyringError> {
    let mut random = random::operating_system();
    let mut header = MAGIC.to_vec();
    let Hardness { memory_kib, passes, lanes } = hardness;
    for number in [memory_kib, passes, lanes] {
        header.extend_from_slice(&number.to_be_bytes());
    }
    header.extend_from_slice(&fresh::<SALT_LENGTH>(&mut random));

    let secrets = Secrets::generate(&mut random);
    let wrapping = Wrapping::derive(path, header, passphrase)?;
    let frame = wrapping.seal(0, &secrets.encode(), &mut random);
    let failed = |source: io::Error| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeyringError::Exists { path: path.to_path_buf() }
        } else {
            file_error("make", path, source)
        }
    };
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    let written = restrict(&file)
        .and_then(|()| file.write_all(&wrapping.header))
        .and_then(|()| file.write_all(&frame))
        .and_then(|()| file.sync_all())
        .and_then(|()| sync_folder_of(path));
    written.map_err(|source| file_error("write", path, source))?;
    Ok(secrets.public_keys())
}

/// The public halves of what a keyring holds.
///
/// # Errors
/// It is missing or damaged, or the passphrase is another.
pub fn keyring_public_keys(
    path: &Path,
    passphrase: &Passphrase,
) -> Result<PublicKeys, KeyringError> {
    // A node may be running on it: nothing is locked, and nothing after the secrets is looked at.
    let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
    let Opened { secrets, .. } = open_secrets(path, &bytes, passphrase)?;
    Ok(secrets.public_keys())
}

/// Keys and secrets of the node, in memory while it runs.
#[derive(Debug)]
pub(crate) struct Secrets {
    pub(crate) log: SigningKeyInMemory,
    pub(crate) hpke: OpeningKey,
    node: Secret,
    local: Secret,
}

/// A secret that others are derived from; wiped when dropped, never printed.
struct Secret(Zeroizing<[u8; SECRET_LENGTH]>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(withheld)")
    }
}

impl Secret {
    fn generate(random: &mut impl CryptoRng) -> Self {
        let mut secret = Zeroizing::new([0; SECRET_LENGTH]);
        random.fill_bytes(secret.as_mut());
        Self(secret)
    }

    /// HMAC-SHA-256 over parts, each preceded by its length.
    fn derive(&self, parts: &[&[u8]]) -> Zeroizing<[u8; 32]> {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(self.0.as_ref())
            .expect("a key of any length is taken");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Zeroizing::new(mac.finalize().into_bytes().into())
    }
}

impl Secrets {
    fn generate(random: &mut impl CryptoRng) -> Self {
        Self {
            log: SigningKeyInMemory::generate(random),
            hpke: OpeningKey::generate(random),
            node: Secret::generate(random),
            local: Secret::generate(random),
        }
    }

    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(SECRETS_LENGTH));
        bytes.extend_from_slice(self.log.seed().as_ref());
        bytes.extend_from_slice(self.hpke.expose().as_ref());
        bytes.extend_from_slice(self.node.0.as_ref());
        bytes.extend_from_slice(self.local.0.as_ref());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (parts, rest) = bytes.as_chunks::<SECRET_LENGTH>();
        let [log, hpke, node, local] = parts else {
            return None;
        };
        rest.is_empty().then_some(())?;
        Some(Self {
            log: SigningKeyInMemory::from_seed(log),
            hpke: OpeningKey::from_slice(hpke)?,
            node: Secret(Zeroizing::new(*node)),
            local: Secret(Zeroizing::new(*local)),
        })
    }

    pub(crate) fn public_keys(&self) -> PublicKeys {
        PublicKeys { log: self.log.public_key(), hpke: self.hpke.public_key() }
    }

    /// The id of the case that a command opens: the same for the same caller and request id, and
    /// nothing that anybody else could guess.
    pub(crate) fn case_id(&self, identity: &str, request_id: &str, founder: Founder) -> CaseId {
        let parts: [&[u8]; 3] = [b"case id", identity.as_bytes(), request_id.as_bytes()];
        let derived = self.node.derive(&parts);
        let mut id = [0; CaseId::LENGTH];
        id.iter_mut().zip(derived.iter()).for_each(|(to, from)| *to = *from);
        CaseId::new(id).founded_by(founder)
    }

    /// Names a command of a caller: the same for the same caller and request id, and nothing that
    /// a guess could be held against without the node's secret.
    pub(crate) fn command(&self, identity: &str, request_id: &str) -> Digest {
        let parts: [&[u8]; 3] = [b"command", identity.as_bytes(), request_id.as_bytes()];
        Digest::new(*self.node.derive(&parts))
    }

    /// The digest of a command's payload as it is stored, and back: what it says is personal data,
    /// and a bare digest of it could be guessed at. `command` is carried out once in a stream, so
    /// no mask is used for two payloads.
    pub(crate) fn mask(&self, stream: &StreamId, command: &[u8], digest: &[u8]) -> Vec<u8> {
        let mask = self.node.derive(&[b"payload digest", stream.as_bytes(), command]);
        digest.iter().zip(mask.iter()).map(|(byte, mask)| byte ^ mask).collect()
    }

    /// The key of what the State keeps to itself about a case; wrapped for no one.
    pub(crate) fn local_key(&self, case: &CaseId) -> CaseKey {
        let derived = self.local.derive(&[b"local case key", case.as_bytes()]);
        CaseKey::from_slice(derived.as_ref()).expect("a derived key has 32 bytes")
    }
}

/// Case keys in memory: written by the writer once they are durable, read by everybody.
#[derive(Debug, Default)]
pub(crate) struct CaseKeys(RwLock<HashMap<CaseId, CaseKey>>);

impl CaseKeys {
    pub(crate) fn new(keys: HashMap<CaseId, CaseKey>) -> Self {
        Self(RwLock::new(keys))
    }

    pub(crate) fn get(&self, case: &CaseId) -> Option<CaseKey> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(case).cloned()
    }

    pub(crate) fn extend(&self, keys: Vec<(CaseId, CaseKey)>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(keys);
    }
}

/// The file, open for more keys.
#[derive(Debug)]
pub(crate) struct Keyring {
    path: PathBuf,
    file: Locked,
    wrapping: Wrapping,
    frames: u64,
    /// Where the next frame begins.
    end: u64,
    /// Set when nothing can be added any more: what a failed write left behind is not known.
    failed: bool,
}

impl Keyring {
    /// Opens a keyring: the file, the node's secrets and all case keys. It is locked before it is
    /// read: a frame that another node is just writing would look torn, and be cut off.
    pub(crate) fn open(
        path: &Path,
        passphrase: &Passphrase,
    ) -> Result<(Self, Secrets, HashMap<CaseId, CaseKey>), KeyringError> {
        let file = OpenOptions::new().read(true).append(true).open(path);
        let file = file.map_err(|source| read_error(path, source))?;
        let file = Locked::new(file).map_err(|error| match error {
            TryLockError::WouldBlock => KeyringError::InUse { path: path.to_path_buf() },
            TryLockError::Error(source) => file_error("lock", path, source),
        })?;
        let mut bytes = Vec::new();
        (&*file).read_to_end(&mut bytes).map_err(|source| read_error(path, source))?;
        let Opened { wrapping, secrets, mut end } = open_secrets(path, &bytes, passphrase)?;

        let mut keys = HashMap::new();
        let mut frames = 1;
        while end < bytes.len() {
            let frame = frame_at(&bytes, end);
            let content = frame.and_then(|frame| wrapping.open(frames, frame));
            let (Some(frame), Some(content)) = (frame, content) else {
                if is_last(&bytes, end) {
                    break;
                }
                return Err(corrupt(path, end));
            };
            read_case_keys(&content, &mut keys).ok_or_else(|| corrupt(path, end))?;
            end += 4 + frame.len();
            frames += 1;
        }
        if end < bytes.len() {
            cut(path, &file, &bytes, end)?;
        }
        let end = end as u64;
        let keyring = Self { path: path.to_path_buf(), file, wrapping, frames, end, failed: false };
        Ok((keyring, secrets, keys))
    }

    /// Whether nothing can be added any more before a restart.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Adds case keys; durable when it returns. After a write that failed, as on a full disk, what
    /// it left is taken off again and the next one may be tried; after a sync that failed, nobody
    /// knows what the file holds.
    pub(crate) fn add(&mut self, keys: &[(CaseId, CaseKey)]) -> Result<(), KeyringError> {
        if self.failed {
            let gone = io::Error::other("an earlier write has failed");
            return Err(file_error("write", &self.path, gone));
        }
        let mut random = random::operating_system();
        for keys in keys.chunks(FRAME_BYTES_MAX / CASE_LENGTH / 2) {
            let mut content = Zeroizing::new(Vec::with_capacity(keys.len() * CASE_LENGTH));
            for (case, key) in keys {
                content.extend_from_slice(case.as_bytes());
                content.extend_from_slice(key.expose());
            }
            let frame = self.wrapping.seal(self.frames, &content, &mut random);
            if let Err(source) = (&*self.file).write_all(&frame) {
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

/// A keyring as far as its first frame.
struct Opened {
    wrapping: Wrapping,
    secrets: Secrets,
    /// Where the first frame ends.
    end: usize,
}

/// Opens the first frame.
fn open_secrets(
    path: &Path,
    bytes: &[u8],
    passphrase: &Passphrase,
) -> Result<Opened, KeyringError> {
    let header = bytes.get(..HEADER_LENGTH).filter(|header| header.starts_with(MAGIC));
    let header = header.ok_or_else(|| corrupt(path, 0))?;
    let wrapping = Wrapping::derive(path, header.to_vec(), passphrase)?;
    let first = frame_at(bytes, HEADER_LENGTH).ok_or_else(|| corrupt(path, HEADER_LENGTH))?;
    // The first frame was durable before anybody used the keyring: it is never torn. Damage to it
    // cannot be told from another passphrase.
    let secrets = wrapping
        .open(0, first)
        .ok_or_else(|| KeyringError::WrongPassphrase { path: path.to_path_buf() })?;
    let secrets = Secrets::decode(&secrets).ok_or_else(|| corrupt(path, HEADER_LENGTH))?;
    Ok(Opened { wrapping, secrets, end: HEADER_LENGTH + 4 + first.len() })
}

/// The wrapping key and the header that everything is bound to.
struct Wrapping {
    header: Vec<u8>,
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Wrapping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wrapping(withheld)")
    }
}

impl Wrapping {
    fn derive(path: &Path, header: Vec<u8>, passphrase: &Passphrase) -> Result<Self, KeyringError> {
        let corrupt =
            || KeyringError::Corrupt { path: path.to_path_buf(), offset: MAGIC.len() as u64 };
        let rest = header.get(MAGIC.len()..).ok_or_else(corrupt)?;
        let (numbers, salt) = rest.split_at_checked(12).ok_or_else(corrupt)?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let [memory_kib, passes, lanes] = numbers else {
            return Err(corrupt());
        };
        let [memory_kib, passes, lanes] =
            [memory_kib, passes, lanes].map(|n| u32::from_be_bytes(*n));
        if memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX {
            return Err(corrupt());
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| corrupt())?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .map_err(|_| corrupt())?;
        Ok(Self { header, key })
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new_from_slice(self.key.as_ref()).expect("the cipher takes 32 bytes")
    }

    /// A whole frame, length included.
    fn seal(&self, number: u64, content: &[u8], random: &mut impl CryptoRng) -> Vec<u8> {
        let nonce = fresh::<NONCE_LENGTH>(random);
        let bound = [self.header.as_slice(), &number.to_be_bytes()].concat();
        let payload = Payload { msg: content, aad: &bound };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a frame is far below the limit of the cipher");
        let length = u32::try_from(NONCE_LENGTH + sealed.len()).expect("a frame is bounded");
        [length.to_be_bytes().as_slice(), &nonce, &sealed].concat()
    }

    /// What a frame holds, given without its length; `None` where it does not open.
    fn open(&self, number: u64, frame: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = frame.split_first_chunk::<NONCE_LENGTH>()?;
        let bound = [self.header.as_slice(), &number.to_be_bytes()].concat();
        let payload = Payload { msg: sealed, aad: &bound };
        let content = self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?;
        Some(Zeroizing::new(content))
    }
}

fn fresh<const LENGTH: usize>(random: &mut impl CryptoRng) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    random.fill_bytes(&mut bytes);
    bytes
}

/// The frame at an offset, without its length; `None` where it is not there whole.
fn frame_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(offset..)?.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.get(..length).filter(|_| (NONCE_LENGTH..=FRAME_BYTES_MAX).contains(&length))
}

/// Whether what stands at an offset can be the last frame, torn: it reaches to the end of the file
/// or beyond it, or was never filled.
fn is_last(bytes: &[u8], offset: usize) -> bool {
    let rest = bytes.get(offset..).unwrap_or_default();
    let whole = frame_at(bytes, offset).map(|frame| 4 + frame.len());
    whole.is_none_or(|length| length == rest.len()) && rest.len() <= FRAME_BYTES_MAX
}

/// Cuts a torn last frame off, once a copy of it is kept.
fn cut(path: &Path, file: &File, bytes: &[u8], end: usize) -> Result<(), KeyringError> {
    let torn = bytes.get(end..).unwrap_or_default();
    tracing::warn!(bytes = torn.len(), "the keyring ended in a torn frame, which is cut off");
    // Each cut keeps its copy: a second one must not take the place of the first.
    let copy = path.with_extension(format!("torn-{end}-{}", torn.len()));
    let done = fs::write(&copy, torn)
        .and_then(|()| File::open(&copy)?.sync_all())
        .and_then(|()| file.set_len(end as u64))
        .and_then(|()| file.sync_all());
    done.map_err(|source| file_error("repair", path, source))
}

fn read_case_keys(content: &[u8], keys: &mut HashMap<CaseId, CaseKey>) -> Option<()> {
    let (pairs, rest) = content.as_chunks::<CASE_LENGTH>();
    for pair in pairs {
        let (case, key) = pair.split_at_checked(CaseId::LENGTH)?;
        keys.insert(CaseId::from_slice(case).ok()?, CaseKey::from_slice(key)?);
    }
    rest.is_empty().then_some(())
}

/// Only the owner may read it.
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o600))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn corrupt(path: &Path, offset: usize) -> KeyringError {
    KeyringError::Corrupt { path: path.to_path_buf(), offset: offset as u64 }
}

fn read_error(path: &Path, source: io::Error) -> KeyringError {
    if source.kind() == io::ErrorKind::NotFound {
        KeyringError::Missing { path: path.to_path_buf() }
    } else {
        file_error("read", path, source)
    }
}

fn file_error(doing: &'static str, path: &Path, source: io::Error) -> KeyringError {
    KeyringError::File { doing, path: path.to_path_buf(), source }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn phrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    fn keys(count: u8) -> Vec<(CaseId, CaseKey)> {
        let key = |byte| CaseKey::from_slice(&[byte; 32]).unwrap();
        (0..count).map(|byte| (CaseId::new([byte; 16]), key(byte))).collect()
    }

    #[test]
    fn keys_are_there_after_reopening_and_a_torn_last_frame_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring");
        let made = create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
        let (mut keyring, secrets, found) = Keyring::open(&path, &phrase("open")).unwrap();
        assert_eq!((secrets.public_keys(), found.len()), (made, 0));
        keyring.add(&keys(2)).unwrap();
        keyring.add(&keys(3)).unwrap();
        drop(keyring);
        let (_, again, found) = Keyring::open(&path, &phrase("open")).unwrap();
        assert_eq!(
            again.case_id("a", "b", Founder::First),
            secrets.case_id("a", "b", Founder::First)
        );
        assert_eq!(found.len(), 3);

        let whole = fs::read(&path).unwrap();
        fs::write(&path, whole.get(..whole.len() - 5).unwrap()).unwrap();
        let (mut keyring, _, found) = Keyring::open(&path, &phrase("open")).unwrap();
        assert_eq!(found.len(), 2);
        keyring.add(&keys(4)).unwrap();
        drop(keyring);
        let (_, _, found) = Keyring::open(&path, &phrase("open")).unwrap();
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn a_keyring_that_is_being_added_to_is_not_cut() {
        // Symptom: a second node that was started by mistake, or the installing of another
        // genesis, took a frame that the running node was just writing for a torn one and cut it
        // off; the case keys in it were gone.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring");
        let made = create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
        let (mut keyring, _, _) = Keyring::open(&path, &phrase("open")).unwrap();
        keyring.add(&keys(1)).unwrap();
        (&*keyring.file).write_all(&[0, 0, 0, 90, 1, 2, 3]).unwrap();
        let length = fs::metadata(&path).unwrap().len();
        assert_eq!(keyring_public_keys(&path, &phrase("open")).unwrap(), made);
        let second = Keyring::open(&path, &phrase("open"));
        assert!(matches!(second, Err(KeyringError::InUse { .. })));
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
    }

    #[test]
    fn a_second_torn_frame_does_not_take_the_place_of_the_first() {
        // Symptom: what was cut off once was overwritten by what was cut off next.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring");
        create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
        for torn in [30_usize, 40] {
            let (mut keyring, _, _) = Keyring::open(&path, &phrase("open")).unwrap();
            keyring.add(&keys(1)).unwrap();
            let whole = fs::read(&path).unwrap();
            fs::write(&path, whole.get(..whole.len() - torn).unwrap()).unwrap();
        }
        Keyring::open(&path, &phrase("open")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    const FOLDER: &str = "READMIT_LEDGER_KEYRING_FOLDER";

    #[test]
    fn what_a_full_disk_took_in_part_is_taken_off_again() {
        // Symptom: after one write that the disk had no room for, no case could be opened or taken
        // in any more, however much room there was.
        let folder = tempfile::tempdir().unwrap();
        let test = std::env::current_exe().unwrap();
        // A write beyond the limit is then an error, and no signal.
        let run = "trap '' XFSZ; exec \"$0\" --exact keyring::tests::on_a_full_disk";
        let mut child = std::process::Command::new("bash");
        let child = child.args(["-c", run]).arg(test).env(FOLDER, folder.path());
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let (_, _, found) = Keyring::open(&folder.path().join("keyring"), &phrase("open")).unwrap();
        assert_eq!(found.len(), 5);
    }

    /// The child: takes the room from its own files and gives it back. Does nothing when it is run
    /// as a test by itself.
    #[test]
    fn on_a_full_disk() {
        let Some(folder) = std::env::var_os(FOLDER) else { return };
        let path = Path::new(&folder).join("keyring");
        create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
        let (mut keyring, _, _) = Keyring::open(&path, &phrase("open")).unwrap();
        keyring.add(&keys(2)).unwrap();
        let room = |bytes: &str| {
            let mut prlimit = std::process::Command::new("prlimit");
            let pid = std::process::id().to_string();
            // Before the colon stands the soft limit; the hard one is left alone.
            let limit = format!("--fsize={bytes}:");
            assert!(prlimit.args(["--pid", &pid, &limit]).status().unwrap().success());
        };
        let length = fs::metadata(&path).unwrap().len();
        room(&(length + 20).to_string());
        keyring.add(&keys(5)).unwrap_err();
        assert!(!keyring.has_failed());
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
        room("unlimited");
        keyring.add(&keys(5)).unwrap();
    }

    #[test]
    fn another_passphrase_a_missing_file_and_damage_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyring");
        let missing = Keyring::open(&path, &phrase("open"));
        assert!(matches!(missing, Err(KeyringError::Missing { .. })));
        create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
        let exists = create_keyring_with(&path, &phrase("open"), Hardness::NONE);
        assert!(matches!(exists, Err(KeyringError::Exists { .. })));
        let wrong = Keyring::open(&path, &phrase("close"));
        assert!(matches!(wrong, Err(KeyringError::WrongPassphrase { .. })));
        let (mut keyring, _, _) = Keyring::open(&path, &phrase("open")).unwrap();
        let frame = fs::metadata(&path).unwrap().len();
        keyring.add(&keys(1)).unwrap();
        keyring.add(&keys(2)).unwrap();
        drop(keyring);
        let mut bytes = fs::read(&path).unwrap();
        *bytes.get_mut(usize::try_from(frame).unwrap() + 20).unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let damaged = Keyring::open(&path, &phrase("open"));
        assert!(matches!(damaged, Err(KeyringError::Corrupt { offset, .. }) if offset == frame));
        fs::write(&path, b"something else").unwrap();
        let none = Keyring::open(&path, &phrase("open"));
        assert!(matches!(none, Err(KeyringError::Corrupt { offset: 0, .. })));
    }
}
