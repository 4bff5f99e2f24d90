//! What keeps the contents of a keyring: the key of a passphrase, the wrapping key of an epoch that
//! it seals, and the frames that the wrapping key seals.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use record::random::CryptoRng;
use zeroize::Zeroizing;

use crate::config::Passphrase;

/// Bytes of the parameters and the salt of Argon2id.
pub(super) const DERIVATION_LENGTH: usize = 12 + SALT_LENGTH;
/// Bytes of a nonce before what it seals.
pub(super) const NONCE_LENGTH: usize = 12;
/// Most bytes of a frame: far more than a group of entries opens cases.
pub(super) const FRAME_BYTES_MAX: usize = 1 << 20;
/// Bytes of a wrapping key, sealed.
pub(super) const SEALED_KEY_LENGTH: usize = NONCE_LENGTH + 32 + 16;

const SALT_LENGTH: usize = 16;
/// What a keyring may ask for: a file of somebody else must not exhaust the machine.
const MEMORY_KIB_MAX: u32 = 4 << 20;
const PASSES_MAX: u32 = 64;

/// What it costs to try a passphrase: the parameters of Argon2id, kept beside what it opens.
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

/// A key that seals, with nothing but its bytes; wiped when dropped, never printed.
#[derive(Clone)]
pub(super) struct SealingKey(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(withheld)")
    }
}

impl SealingKey {
    /// A new key.
    pub(super) fn generate(random: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill_bytes(key.as_mut());
        Self(key)
    }

    /// A secret of this length that is itself to be sealed.
    pub(super) fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// The bytes.
    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Aes256GcmSiv {
        Aes256GcmSiv::new_from_slice(self.0.as_ref()).expect("the cipher takes 32 bytes")
    }

    /// Nonce and sealed content.
    pub(super) fn seal(
        &self,
        bound: &[u8],
        content: &[u8],
        random: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let nonce = fresh::<NONCE_LENGTH>(random);
        let payload = Payload { msg: content, aad: bound };
        let sealed = self
            .cipher()
            .encrypt(&Nonce::from(nonce), payload)
            .expect("what is sealed is far below the limit of the cipher");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed; `None` where it does not open.
    pub(super) fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        let payload = Payload { msg: sealed, aad: bound };
        let content = self.cipher().decrypt(&Nonce::from(*nonce), payload).ok()?;
        Some(Zeroizing::new(content))
    }

    /// A whole frame, length included. `header` is that of its file.
    pub(super) fn seal_frame(
        &self,
        header: &[u8],
        number: u64,
        content: &[u8],
        random: &mut impl CryptoRng,
    ) -> Vec<u8> {
        let sealed = self.seal(&frame_bound(header, number), content, random);
        let length = u32::try_from(sealed.len()).expect("a frame is bounded");
        [length.to_be_bytes().as_slice(), &sealed].concat()
    }

    /// What a frame holds, given without its length; `None` where it does not open.
    pub(super) fn open_frame(
        &self,
        header: &[u8],
        number: u64,
        frame: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        self.open(&frame_bound(header, number), frame)
    }
}

fn frame_bound(header: &[u8], number: u64) -> Vec<u8> {
    [header, &number.to_be_bytes()].concat()
}

/// The key of a passphrase, with what it was derived by: parameters and salt.
#[derive(Clone, Debug)]
pub(super) struct PassphraseKey {
    pub(super) derivation: Vec<u8>,
    key: SealingKey,
}

impl PassphraseKey {
    /// The key of a passphrase under a new salt.
    pub(super) fn new(
        passphrase: &Passphrase,
        hardness: Hardness,
        random: &mut impl CryptoRng,
    ) -> Option<Self> {
        let Hardness { memory_kib, passes, lanes } = hardness;
        let mut derivation = Vec::with_capacity(DERIVATION_LENGTH);
        for number in [memory_kib, passes, lanes] {
            derivation.extend_from_slice(&number.to_be_bytes());
        }
        derivation.extend_from_slice(&fresh::<SALT_LENGTH>(random));
        Self::derive(&derivation, passphrase)
    }

    /// The key of a passphrase under parameters and salt; `None` where they cannot be used.
    pub(super) fn derive(derivation: &[u8], passphrase: &Passphrase) -> Option<Self> {
        let (numbers, salt) = derivation.split_at_checked(12)?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let [memory_kib, passes, lanes] = numbers else {
            return None;
        };
        let [memory_kib, passes, lanes] =
            [memory_kib, passes, lanes].map(|number| u32::from_be_bytes(*number));
        if salt.len() != SALT_LENGTH || memory_kib > MEMORY_KIB_MAX || passes > PASSES_MAX {
            return None;
        }
        let params = Params::new(memory_kib, passes, lanes, Some(32)).ok()?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut())
            .ok()?;
        Some(Self { derivation: derivation.to_vec(), key: SealingKey(key) })
    }

    /// Seals a wrapping key: [`SEALED_KEY_LENGTH`] bytes.
    pub(super) fn seal(
        &self,
        bound: &[u8],
        wrapping: &SealingKey,
        random: &mut impl CryptoRng,
    ) -> Vec<u8> {
        self.key.seal(bound, wrapping.0.as_ref(), random)
    }

    /// Opens a wrapping key; `None` where the passphrase is another.
    pub(super) fn open(&self, bound: &[u8], sealed: &[u8]) -> Option<SealingKey> {
        let opened = self.key.open(bound, sealed)?;
        let key: [u8; 32] = opened.as_slice().try_into().ok()?;
        Some(SealingKey(Zeroizing::new(key)))
    }

    /// The key itself, as version 1 sealed frames with it.
    pub(super) const fn as_sealing(&self) -> &SealingKey {
        &self.key
    }
}

pub(super) fn fresh<const LENGTH: usize>(random: &mut impl CryptoRng) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    random.fill_bytes(&mut bytes);
    bytes
}

/// The frame at an offset, without its length; `None` where it is not there whole.
pub(super) fn frame_at(bytes: &[u8], offset: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(offset..)?.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    rest.get(..length).filter(|_| (NONCE_LENGTH..=FRAME_BYTES_MAX).contains(&length))
}

/// Whether what stands at an offset can be the last frame, torn: it reaches to the end of the file
/// or beyond it, or was never filled.
pub(super) fn is_last(bytes: &[u8], offset: usize) -> bool {
    let rest = bytes.get(offset..).unwrap_or_default();
    let whole = frame_at(bytes, offset).map(|frame| 4 + frame.len());
    whole.is_none_or(|length| length == rest.len()) && rest.len() <= FRAME_BYTES_MAX
}
