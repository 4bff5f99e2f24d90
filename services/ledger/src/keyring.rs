//! The keyring: every private key of the State's node, but not the root key, in epochs by which
//! keys are destroyed.
//!
//! ```text
//! keyring          "readmit keyring 2\n" epoch:u64: which epoch counts
//! keyring.<n>      "readmit epoch 1\n" n:u64 frame*
//! keyring.<n>.key  "readmit wrapping key 1\n" memory_kib:u32 passes:u32 lanes:u32 salt:16 n:u64
//!                  nonce:12 sealed:48
//! keyring.lock     locked while somebody adds or destroys
//!
//! frame  = length:u32 nonce:12 sealed          (length counts nonce and sealed)
//! sealed = AES-256-GCM-SIV(wrapping key, nonce, content; header ‖ number of the frame:u64)
//! ```
//!
//! Numbers are big-endian. The wrapping key of an epoch is random and lies, sealed under
//! Argon2id(passphrase, salt), in a file of its own: whoever destroys that small file destroys
//! everything that only this epoch holds, wherever copies of the contents lie. What a frame holds
//! stands in `contents.rs`.
//!
//! Within an epoch frames are only appended, each durable before the entries that use its keys are
//! written: a crash in between leaves keys that nobody uses. A last frame that a crash has torn is
//! cut off, after a copy of it was put beside the file; a frame before the last that does not open
//! is damage, and nothing is changed then.
//!
//! To destroy keys, the next epoch is written without them ([`Step`]).

mod backup;
mod case_keys;
mod contents;
mod epoch;
mod error;
mod files;
mod signer_key;
mod version_1;
mod wrapping;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use domain::identifier::CaseId;
use record::key::{PublicKey, SigningKeyInMemory};
use record::random;
use record::seal::CaseKey;
use record::wrap::OpeningKey;

use crate::config::Passphrase;
use crate::locked::Locked;

pub use backup::{Aged, back_up_keyring, restore_keyring};
pub(crate) use case_keys::CaseKeys;
pub(crate) use contents::{Contents, NewKey, NodeKeys, Reach, Secrets};
pub use error::KeyringError;
pub use signer_key::{create_signer_key, open_signer_key};
pub use wrapping::Hardness;

use epoch::Epoch;
use error::{corrupt, file_error, read_error};
use files::Part;
use wrapping::PassphraseKey;

const MAGIC: &[u8] = b"readmit keyring 2\n";
/// How often a keyring is looked at again that is made anew meanwhile.
const LOOKS_MAX: usize = 3;

/// The public halves, to be announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// Signs dispatch headers.
    pub log: PublicKey,
    /// Opens wrapped case keys: an X25519 public key.
    pub hpke: [u8; 32],
}

/// Every key by which the State speaks and is spoken to, the newest last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyList {
    /// Sign dispatch headers.
    pub log: Vec<PublicKey>,
    /// Open wrapped case keys.
    pub hpke: Vec<[u8; 32]>,
    /// How many cases have a key here.
    pub cases: usize,
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Signing dispatch headers.
    Log,
    /// Opening wrapped case keys.
    Hpke,
}

/// The steps by which the next epoch takes the place of one, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// The wrapping key of the next epoch is durable. *A crash here* leaves it, and nothing that
    /// it opens; the next opening destroys it.
    WrappingKey,
    /// The contents of the next epoch are durable. *A crash here* leaves both of its files; the
    /// epoch before counts, and the next opening destroys them.
    Contents,
    /// `keyring` names the next epoch, in one step of the file system: it counts. *A crash here*
    /// leaves the files of the epoch before; the next opening destroys them.
    Switch,
    /// The wrapping key of the epoch before is overwritten and gone: what was only there is
    /// erased. *A crash here* leaves contents that nobody can open; the next opening removes them.
    OldWrappingKey,
    /// The contents of the epoch before are gone.
    OldContents,
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
    let contents = Contents::generate(&mut random);
    let key = PassphraseKey::new(passphrase, hardness, &mut random);
    found(path, &key.ok_or_else(|| corrupt(path, 0))?, &contents)?;
    contents.public_keys().ok_or_else(|| corrupt(path, 0))
}

/// The public halves of the newest keys of a keyring.
///
/// # Errors
/// It is missing or damaged, or the passphrase is another.
pub fn keyring_public_keys(
    path: &Path,
    passphrase: &Passphrase,
) -> Result<PublicKeys, KeyringError> {
    look(path, passphrase)?.1.public_keys().ok_or_else(|| corrupt(path, 0))
}

/// Everything public about the keys of a keyring. A node may be running on it.
///
/// # Errors
/// As [`keyring_public_keys`].
pub fn list_keys(path: &Path, passphrase: &Passphrase) -> Result<KeyList, KeyringError> {
    use record::key::Signer as _;
    let contents = look(path, passphrase)?.1;
    Ok(KeyList {
        log: contents.log.iter().map(SigningKeyInMemory::public_key).collect(),
        hpke: contents.hpke.iter().map(OpeningKey::public_key).collect(),
        cases: contents.cases.len(),
    })
}

/// Makes a key that is to succeed the newest of its use, in a keyring that no node runs on. It is
/// used once it is announced. The first half returned is the log key, where that was asked for.
///
/// # Errors
/// The keyring does not open, is in use, or cannot be written.
pub fn prepare_key(
    path: &Path,
    passphrase: &Passphrase,
    of: KeyUse,
) -> Result<[u8; 32], KeyringError> {
    let mut opened = Keyring::open(path, passphrase)?;
    opened.keyring.prepare(of)
}

/// Makes the first epoch of a keyring.
fn found(path: &Path, key: &PassphraseKey, contents: &Contents) -> Result<(), KeyringError> {
    if path.try_exists().map_err(|source| file_error("make", path, source))? {
        return Err(KeyringError::Exists { path: path.to_path_buf() });
    }
    let wrapping = Epoch::write_wrapping_key(path, 1, key)?;
    Epoch::write_contents(path, 1, key, wrapping, contents)?;
    files::write_new(path, &pointer(1)).map(drop).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeyringError::Exists { path: path.to_path_buf() }
        } else {
            file_error("make", path, source)
        }
    })
}

/// Looks at a keyring that a node may be running on: nothing is locked, and nothing is changed.
fn look(path: &Path, passphrase: &Passphrase) -> Result<(PassphraseKey, Contents), KeyringError> {
    let mut looks = 0;
    loop {
        looks += 1;
        let pointer = read_pointer(path)?;
        let found = match &pointer {
            Pointer::Version1(bytes) => version_1::read(path, bytes, passphrase),
            Pointer::Epoch(number) => Epoch::look(path, *number, passphrase),
        };
        // An epoch that was made anew meanwhile is overwritten before it goes: it looks damaged, or
        // as if less were in it.
        if looks >= LOOKS_MAX || read_pointer(path)? == pointer {
            return found;
        }
    }
}

/// Which epoch counts, or a keyring of version 1 itself.
#[derive(PartialEq, Eq)]
enum Pointer {
    Version1(Vec<u8>),
    Epoch(u64),
}

fn read_pointer(path: &Path) -> Result<Pointer, KeyringError> {
    let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
    if bytes.starts_with(version_1::MAGIC) {
        return Ok(Pointer::Version1(bytes));
    }
    let number = bytes.strip_prefix(MAGIC).ok_or_else(|| corrupt(path, 0))?;
    let number = number.try_into().map_err(|_| corrupt(path, MAGIC.len()))?;
    Ok(Pointer::Epoch(u64::from_be_bytes(number)))
}

fn pointer(epoch: u64) -> Vec<u8> {
    [MAGIC, &epoch.to_be_bytes()].concat()
}

/// A keyring, open for more keys and for destroying some.
#[derive(Debug)]
pub(crate) struct Keyring {
    path: PathBuf,
    epoch: Epoch,
    keys: NodeKeys,
    /// Whether local keys are still derived from one secret, as in version 1.
    derives_locals: bool,
    _lock: Locked,
    /// Set when which epoch counts is not known any more.
    failed: bool,
}

/// What an opened keyring holds.
pub(crate) struct Opened {
    pub(crate) keyring: Keyring,
    pub(crate) secrets: Secrets,
    pub(crate) cases: HashMap<CaseId, CaseKey>,
    pub(crate) locals: HashMap<CaseId, CaseKey>,
}

impl Keyring {
    /// Opens a keyring, and finishes what a crash has left half done. It is locked before it is
    /// read: a frame that another node is just writing would look torn, and be cut off.
    pub(crate) fn open(path: &Path, passphrase: &Passphrase) -> Result<Opened, KeyringError> {
        // Before the lock, which would be made where no keyring is.
        read_pointer(path)?;
        let lock = lock(path, files::beside(path, "lock"))?;
        if let Pointer::Version1(_) = read_pointer(path)? {
            take_over(path, passphrase)?;
        }
        let Pointer::Epoch(number) = read_pointer(path)? else {
            return Err(corrupt(path, 0));
        };
        let (epoch, contents) = Epoch::open(path, number, passphrase)?;
        refuse_newer(path, number, &contents, passphrase)?;
        sweep(path, Some(number), Step::OldContents)?;
        let derives_locals = contents.local.is_some();
        let Contents { node, local: _, log, hpke, cases, locals } = contents;
        let keyring = Self {
            path: path.to_path_buf(),
            epoch,
            keys: NodeKeys { log, hpke },
            derives_locals,
            _lock: lock,
            failed: false,
        };
        Ok(Opened { keyring, secrets: Secrets::new(node), cases, locals })
    }

    /// The keys by which the State speaks and is spoken to.
    pub(crate) const fn keys(&self) -> &NodeKeys {
        &self.keys
    }

    /// Whether nothing can be added any more before a restart.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed || self.epoch.has_failed()
    }

    /// Whether local keys are still derived from one secret, as in version 1.
    pub(crate) const fn derives_locals(&self) -> bool {
        self.derives_locals
    }

    /// Adds keys of cases; durable when it returns.
    pub(crate) fn add(&mut self, keys: &[NewKey]) -> Result<(), KeyringError> {
        self.usable()?;
        self.epoch.add(keys)
    }

    /// Makes a key that is to succeed the newest of its use; its public half.
    pub(crate) fn prepare(&mut self, of: KeyUse) -> Result<[u8; 32], KeyringError> {
        use record::key::Signer as _;
        let mut random = random::operating_system();
        match of {
            KeyUse::Log => {
                let key = SigningKeyInMemory::generate(&mut random);
                let public = *key.public_key().as_bytes();
                self.make_anew(|contents| contents.log.push(key))?;
                Ok(public)
            }
            KeyUse::Hpke => {
                let key = OpeningKey::generate(&mut random);
                let public = key.public_key();
                self.make_anew(|contents| contents.hpke.push(key))?;
                Ok(public)
            }
        }
    }

    /// Gives each of these cases a local key of its own, where they are derived still, and destroys
    /// the secret that they were derived from; all local keys.
    pub(crate) fn settle_locals(
        &mut self,
        cases: impl IntoIterator<Item = CaseId>,
    ) -> Result<HashMap<CaseId, CaseKey>, KeyringError> {
        let mut locals = HashMap::new();
        self.make_anew(|contents| {
            contents.settle_locals(cases);
            locals.clone_from(&contents.locals);
        })?;
        Ok(locals)
    }

    /// Whether a key of a case is in the files, which are read for it.
    pub(crate) fn holds(&self, case: &CaseId) -> Result<bool, KeyringError> {
        let contents = self.epoch.contents()?;
        Ok(contents.cases.contains_key(case) || contents.locals.contains_key(case))
    }

    /// Destroys what `change` takes out of the contents, and keeps what it adds: the next epoch,
    /// written whole. When it returns, nothing here opens what was taken out.
    ///
    /// After an error before the switch everything is as it was; after one behind it the new epoch
    /// counts and the old one is not destroyed yet: calling it again, or opening the keyring, ends
    /// that.
    pub(crate) fn make_anew(
        &mut self,
        change: impl FnOnce(&mut Contents),
    ) -> Result<(), KeyringError> {
        self.make_anew_until(change, Step::OldContents)
    }

    fn make_anew_until(
        &mut self,
        change: impl FnOnce(&mut Contents),
        last: Step,
    ) -> Result<(), KeyringError> {
        self.usable()?;
        // What an attempt that failed has left.
        sweep(&self.path, Some(self.epoch.number), Step::OldContents)?;
        let mut contents = self.epoch.contents()?;
        change(&mut contents);
        let number = self.epoch.number + 1;
        let passphrase = self.epoch.passphrase.clone();
        let wrapping = Epoch::write_wrapping_key(&self.path, number, &passphrase)?;
        if last == Step::WrappingKey {
            return Ok(());
        }
        let next = Epoch::write_contents(&self.path, number, &passphrase, wrapping, &contents)?;
        if last == Step::Contents {
            return Ok(());
        }
        if let Err(source) = files::replace(&self.path, &pointer(number)) {
            // The new name may be there or not: only the disk knows which epoch counts.
            self.failed = true;
            return Err(file_error("switch", &self.path, source));
        }
        self.epoch = next;
        self.derives_locals = contents.local.is_some();
        self.keys = NodeKeys { log: contents.log, hpke: contents.hpke };
        if last == Step::Switch {
            return Ok(());
        }
        sweep(&self.path, Some(number), last)
    }

    fn usable(&self) -> Result<(), KeyringError> {
        if self.failed {
            let gone = io::Error::other("an earlier write has failed");
            return Err(file_error("write", &self.path, gone));
        }
        Ok(())
    }
}

/// Makes a keyring of version 1 one of version 2. Until the switch, which is one step of the file
/// system, version 1 counts; *a crash before it* leaves an epoch that the next opening destroys.
/// *A crash after it* leaves blocks of the old file that no name leads to any more and that are not
/// overwritten.
fn take_over(path: &Path, passphrase: &Passphrase) -> Result<(), KeyringError> {
    // A node of the version before locks the file itself.
    let old = lock(path, path.to_path_buf())?;
    let Pointer::Version1(bytes) = read_pointer(path)? else {
        return Ok(());
    };
    let (key, contents) = version_1::read(path, &bytes, passphrase)?;
    for (number, part) in listed(path)? {
        if part == Part::Contents {
            refuse_epoch(path, number, &contents, passphrase)?;
        }
    }
    sweep(path, None, Step::OldContents)?;
    let wrapping = Epoch::write_wrapping_key(path, 1, &key)?;
    Epoch::write_contents(path, 1, &key, wrapping, &contents)?;
    files::replace(path, &pointer(1)).map_err(|source| file_error("switch", path, source))?;
    tracing::info!(cases = contents.cases.len(), "a keyring of version 1 was taken over");
    files::overwrite(&old).map_err(|source| file_error("destroy", path, source))
}

/// Refuses to destroy an epoch above the one that counts if it holds a case key that this one has
/// not. One that was being written when a crash came holds no more than the one before it.
fn refuse_newer(
    path: &Path,
    number: u64,
    contents: &Contents,
    passphrase: &Passphrase,
) -> Result<(), KeyringError> {
    for (other, part) in listed(path)? {
        if other > number && part == Part::Contents {
            refuse_epoch(path, other, contents, passphrase)?;
        }
    }
    Ok(())
}

fn refuse_epoch(
    path: &Path,
    number: u64,
    contents: &Contents,
    passphrase: &Passphrase,
) -> Result<(), KeyringError> {
    // One that does not open holds nothing that anybody could use.
    let Ok((_, found)) = Epoch::look(path, number, passphrase) else {
        return Ok(());
    };
    if found.cases.keys().any(|case| !contents.cases.contains_key(case)) {
        let path = files::of_epoch(path, number, Part::Contents);
        return Err(KeyringError::Newer { path });
    }
    Ok(())
}

/// Destroys every epoch but the one that counts: wrapping keys first, then contents.
fn sweep(path: &Path, counts: Option<u64>, last: Step) -> Result<(), KeyringError> {
    let others: Vec<(u64, Part)> =
        listed(path)?.into_iter().filter(|(number, _)| Some(*number) != counts).collect();
    let steps = [(Step::OldWrappingKey, Part::WrappingKey), (Step::OldContents, Part::Contents)];
    for (step, of) in steps {
        if step > last {
            return Ok(());
        }
        for (number, part) in &others {
            if *part == of {
                let file = files::of_epoch(path, *number, *part);
                files::destroy(&file).map_err(|source| file_error("destroy", &file, source))?;
            }
        }
    }
    Ok(())
}

fn listed(path: &Path) -> Result<Vec<(u64, Part)>, KeyringError> {
    files::epochs(path).map_err(|source| file_error("list", path, source))
}

/// Locks a file beside a keyring, which is made where it is not there.
fn lock(keyring: &Path, path: PathBuf) -> Result<Locked, KeyringError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
    let file: File = file.map_err(|source| file_error("lock", &path, source))?;
    Locked::new(file).map_err(|error| match error {
        TryLockError::WouldBlock => KeyringError::InUse { path: keyring.to_path_buf() },
        TryLockError::Error(source) => file_error("lock", &path, source),
    })
}

#[cfg(test)]
mod tests;
