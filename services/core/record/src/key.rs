//! Keys that sign: public keys, their ids, and the one door through which all signing goes.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::random::CryptoRng;

/// Names a public key: the first 16 bytes of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 16]);

impl KeyId {
    /// The id of a public key.
    #[must_use]
    pub fn of(public_key: &[u8; 32]) -> Self {
        let digest = sha256(&[public_key]);
        let mut id = [0; 16];
        id.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
        Self(id)
    }

    /// Reads an id from bytes; `None` unless there are sixteen.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An Ed25519 public key that is a point of the curve and not of small order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Bytes that are no usable Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the 32 bytes of an Ed25519 public key that is not of small order")]
pub struct NotAKey;

impl PublicKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// Not 32 bytes, no point of the curve, not its one encoding, or of small order.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, NotAKey> {
        let bytes: &[u8; 32] = bytes.try_into().map_err(|_| NotAKey)?;
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| NotAKey)?;
        // A point has one encoding that is taken: others would give one key two ids.
        let one_encoding = key.to_edwards().compress().as_bytes() == bytes;
        if key.is_weak() || !one_encoding { Err(NotAKey) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The id of this key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.as_bytes())
    }

    /// Whether `signature` is this key's over `bytes`, strictly: no malleable form is taken.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.0.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// Where signatures come from. All signing goes through here: a key in memory today, a hardware
/// module later.
///
/// An implementation signs what it is given with Ed25519 (RFC 8032, no pre-hash) and always with
/// the one key that [`Signer::public_key`] names. It may block. After an error nothing is signed;
/// the caller may try again.
pub trait Signer: Send + Sync {
    /// The key that signs.
    fn public_key(&self) -> PublicKey;

    /// Signs bytes.
    ///
    /// # Errors
    /// The key cannot be used now.
    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignError>;

    /// The id of the key that signs.
    fn key_id(&self) -> KeyId {
        self.public_key().id()
    }
}

/// A signature that was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing with key `{key_id}` failed: {reason}")]
pub struct SignError {
    /// The key that was asked to sign.
    pub key_id: KeyId,
    /// What its keeper said.
    pub reason: String,
}

/// A signing key in memory; wiped when dropped, never printed.
pub struct SigningKeyInMemory(SigningKey);

impl SigningKeyInMemory {
    /// A new key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        random.fill_bytes(seed.as_mut());
        Self::from_seed(&seed)
    }

    /// The key of a seed of 32 bytes.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed, for a keyring that keeps it sealed.
    #[must_use]
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }
}

impl Signer for SigningKeyInMemory {
    fn public_key(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    fn sign(&self, bytes: &[u8]) -> Result<[u8; 64], SignError> {
        let failed = |error: ed25519_dalek::SignatureError| SignError {
            key_id: self.key_id(),
            reason: error.to_string(),
        };
        self.0.try_sign(bytes).map(|signature| signature.to_bytes()).map_err(failed)
    }
}

impl fmt::Debug for SigningKeyInMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKeyInMemory({})", self.key_id())
    }
}
