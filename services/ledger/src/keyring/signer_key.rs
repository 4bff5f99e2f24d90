//! The file of a log key that a process of its own keeps: one key, sealed under a passphrase.
//!
//! ```text
//! file = "readmit signer key 1\n" memory_kib:u32 passes:u32 lanes:u32 salt:16 nonce:12 sealed:48
//! ```

use std::fs;
use std::io;
use std::path::Path;

use record::key::{PublicKey, Signer as _, SigningKeyInMemory};
use record::random;

use super::error::{KeyringError, corrupt, file_error, read_error, wrong_passphrase};
use super::files;
use super::wrapping::{DERIVATION_LENGTH, Hardness, PassphraseKey, SealingKey};
use crate::config::Passphrase;

const MAGIC: &[u8] = b"readmit signer key 1\n";

/// Makes a key file with a fresh log key; its public half.
///
/// # Errors
/// There is a file already, or it cannot be written.
pub fn create_signer_key(
    path: &Path,
    passphrase: &Passphrase,
    hardness: Hardness,
) -> Result<PublicKey, KeyringError> {
    let mut random = random::operating_system();
    let signing = SigningKeyInMemory::generate(&mut random);
    let key = PassphraseKey::new(passphrase, hardness, &mut random);
    let key = key.ok_or_else(|| corrupt(path, 0))?;
    let mut bytes = [MAGIC, &key.derivation].concat();
    let seed = SealingKey::from_bytes(&signing.seed());
    let sealed = key.seal(&bytes, &seed, &mut random);
    bytes.extend_from_slice(&sealed);
    files::write_new(path, &bytes).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists {
            KeyringError::Exists { path: path.to_path_buf() }
        } else {
            file_error("make", path, source)
        }
    })?;
    Ok(signing.public_key())
}

/// Opens a key file.
///
/// # Errors
/// It is missing or damaged, or the passphrase is another.
pub fn open_signer_key(
    path: &Path,
    passphrase: &Passphrase,
) -> Result<SigningKeyInMemory, KeyringError> {
    let bytes = fs::read(path).map_err(|source| read_error(path, source))?;
    let (bound, sealed) =
        bytes.split_at_checked(MAGIC.len() + DERIVATION_LENGTH).ok_or_else(|| corrupt(path, 0))?;
    let derivation = bound.strip_prefix(MAGIC).ok_or_else(|| corrupt(path, 0))?;
    let key =
        PassphraseKey::derive(derivation, passphrase).ok_or_else(|| corrupt(path, MAGIC.len()))?;
    let seed = key.open(bound, sealed).ok_or_else(|| wrong_passphrase(path))?;
    Ok(SigningKeyInMemory::from_seed(seed.expose()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_file_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signer.key");
        let passphrase = |text: &str| Passphrase::new(text.to_owned());
        let made = create_signer_key(&path, &passphrase("open"), Hardness::NONE).unwrap();
        let again = create_signer_key(&path, &passphrase("open"), Hardness::NONE);
        assert!(matches!(again, Err(KeyringError::Exists { .. })));
        assert_eq!(open_signer_key(&path, &passphrase("open")).unwrap().public_key(), made);
        let wrong = open_signer_key(&path, &passphrase("close"));
        assert!(matches!(wrong, Err(KeyringError::WrongPassphrase { .. })));
        fs::write(&path, b"something else").unwrap();
        let none = open_signer_key(&path, &passphrase("open"));
        assert!(matches!(none, Err(KeyringError::Corrupt { .. })));
    }
}
