//! Sealing of bodies: AES-256-GCM-SIV under keys derived from the key of the case.
//!
//! A sub-key belongs to one log and one purpose, and each position is sealed once, so the position
//! is the nonce. Should one be used twice all the same, GCM-SIV gives away only that two bodies
//! are equal.

use std::fmt;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use domain::identifier::{CaseId, Digest};
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::digest::{COMMITMENT, SUB_KEY, sha256};
use crate::log_id::LogId;
use crate::random::CryptoRng;

/// Where something is sealed or wrapped: everything is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The log.
    pub log: LogId,
    /// The position of the entry.
    pub position: u64,
    /// The case.
    pub case: CaseId,
}

impl Place {
    /// Log, position and case id: 32, 8 and 16 bytes.
    pub(crate) fn bytes(&self) -> [u8; 56] {
        let mut bytes = [0; 56];
        let parts = self
            .log
            .as_bytes()
            .iter()
            .copied()
            .chain(self.position.to_be_bytes())
            .chain(self.case.as_bytes().iter().copied());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        bytes
    }
}

/// What a sub-key is for. One key is never used for two purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Bodies of a log between States.
    Body,
    /// Bodies of a log that a State keeps to itself.
    LocalBody,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Body => b"body",
            Self::LocalBody => b"local-body",
        }
    }
}

/// The key of a case; wiped when dropped, never printed. Destroying it erases the person.
#[derive(Clone)]
pub struct CaseKey(Zeroizing<[u8; 32]>);

/// A sealed body that does not open: another key, another place, or changed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes do not open with this key at this place")]
pub struct DoesNotOpen;

impl CaseKey {
    /// A new key.
    pub fn generate(random: &mut impl CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        random.fill_bytes(key.as_mut());
        Self(key)
    }

    /// Takes 32 bytes as a key; `None` for any other number.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(|key| Self(Zeroizing::new(key)))
    }

    /// The bytes, for a keyring that keeps them sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// The commitment that the opening entry carries: it fixes the key and tells nothing of it.
    #[must_use]
    pub fn commitment(&self, opening: &Place) -> Digest {
        sha256(&[COMMITMENT, &opening.bytes(), self.expose()])
    }

    /// Whether this is the key that the opening entry committed to.
    #[must_use]
    pub fn fits(&self, opening: &Place, commitment: &Digest) -> bool {
        self.commitment(opening).as_bytes().ct_eq(commitment.as_bytes()).into()
    }

    /// Seals a body. The result is 16 bytes longer.
    #[must_use]
    pub fn seal(&self, place: &Place, purpose: Purpose, body: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: body, aad: &place.bytes() };
        self.cipher(place, purpose)
            .encrypt(&nonce(place.position), payload)
            .expect("a body is far below the limit of the cipher")
    }

    /// Opens a sealed body.
    ///
    /// # Errors
    /// Another key, another place, or changed bytes.
    pub fn open(
        &self,
        place: &Place,
        purpose: Purpose,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let payload = Payload { msg: sealed, aad: &place.bytes() };
        self.cipher(place, purpose)
            .decrypt(&nonce(place.position), payload)
            .map(Zeroizing::new)
            .map_err(|_| DoesNotOpen)
    }

    fn cipher(&self, place: &Place, purpose: Purpose) -> Aes256GcmSiv {
        let mut key = Zeroizing::new([0; 32]);
        let era = place.log.era().to_be_bytes();
        let info = [SUB_KEY, place.log.as_bytes(), &era, purpose.label()].concat();
        Hkdf::<Sha256>::new(None, self.expose())
            .expand(&info, key.as_mut())
            .expect("32 bytes are within the limit of HKDF");
        Aes256GcmSiv::new_from_slice(key.as_ref()).expect("the cipher takes 32 bytes")
    }
}

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CaseKey(withheld)")
    }
}

/// The position as the last 8 of 12 bytes, big-endian.
fn nonce(position: u64) -> Nonce {
    let mut bytes = [0; 12];
    bytes.iter_mut().skip(4).zip(position.to_be_bytes()).for_each(|(to, from)| *to = from);
    Nonce::from(bytes)
}
