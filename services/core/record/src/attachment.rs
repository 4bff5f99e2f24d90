//! Attachments: sealed in chunks, so that each is checked when it comes, fetched again alone, and
//! none needs to be held in memory whole.
//!
//! Each attachment has a sub-key of its own, so the number of the chunk and whether it is the last
//! are the nonce: chunks that are changed, left out, repeated, put in another order or cut off do
//! not open. What is taken is told by its content ([`content`]), never by its name.

pub mod content;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use domain::identifier::CaseId;
use domain::person::attachment::{AttachmentId, CHUNK_BYTES};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::digest::SUB_KEY;
use crate::log_id::LogId;
use crate::seal::{CaseKey, DoesNotOpen};

/// Bytes of every chunk but the last, before sealing.
pub const CHUNK_LENGTH: usize = 256 << 10;
/// Most bytes of a sealed chunk.
pub const SEALED_CHUNK_BYTES_MAX: usize = CHUNK_LENGTH + 16;

const _: () = assert!(CHUNK_BYTES == CHUNK_LENGTH as u64);

/// Where an attachment is sealed: everything is bound to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttachmentPlace {
    /// The log of the State that attaches it, in its first era: it is sealed before it is known
    /// where it will be listed.
    pub log: LogId,
    /// The case.
    pub case: CaseId,
    /// Its name.
    pub id: AttachmentId,
}

/// Which chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 0.
    pub index: u64,
    /// Whether another one follows.
    pub end: End,
}

/// Whether a chunk is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Another one follows.
    More,
    /// It is the last.
    Last,
}

impl Part {
    /// The chunk at an index of so many.
    #[must_use]
    pub const fn of(index: u64, count: u64) -> Self {
        Self { index, end: if index + 1 == count { End::Last } else { End::More } }
    }

    /// Three zeros, the flag, the number.
    fn nonce(self) -> Nonce {
        let mut bytes = [0; 12];
        let flag = match self.end {
            End::More => 0,
            End::Last => 1,
        };
        let parts = [0, 0, 0, flag].into_iter().chain(self.index.to_be_bytes());
        bytes.iter_mut().zip(parts).for_each(|(to, from)| *to = from);
        Nonce::from(bytes)
    }
}

/// The key of one attachment. Wiped when dropped, never printed.
pub struct AttachmentKey {
    cipher: Aes256GcmSiv,
    bound: [u8; 64],
}

impl std::fmt::Debug for AttachmentKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AttachmentKey(withheld)")
    }
}

impl AttachmentKey {
    /// Derives it from the key of the case.
    #[must_use]
    pub fn new(key: &CaseKey, place: &AttachmentPlace) -> Self {
        let era = place.log.era().to_be_bytes();
        let info = [SUB_KEY, place.log.as_bytes(), &era, b"attachment", place.id.as_bytes()];
        let mut derived = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, key.expose())
            .expand(&info.concat(), derived.as_mut())
            .expect("32 bytes are within the limit of HKDF");
        let cipher = Aes256GcmSiv::new_from_slice(derived.as_ref()).expect("32 bytes");
        let mut bound = [0; 64];
        let parts = [place.log.as_bytes().as_slice(), place.case.as_bytes(), place.id.as_bytes()];
        bound.iter_mut().zip(parts.concat()).for_each(|(to, from)| *to = from);
        Self { cipher, bound }
    }

    /// Seals a chunk. The result is 16 bytes longer.
    #[must_use]
    pub fn seal(&self, part: Part, chunk: &[u8]) -> Vec<u8> {
        let payload = Payload { msg: chunk, aad: &self.bound };
        let sealed = self.cipher.encrypt(&part.nonce(), payload);
        sealed.expect("a chunk is far below the limit of the cipher")
    }

    /// Opens a sealed chunk.
    ///
    /// # Errors
    /// Another key, another place, another number or end, or changed bytes.
    pub fn open(&self, part: Part, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let payload = Payload { msg: sealed, aad: &self.bound };
        let opened = self.cipher.decrypt(&part.nonce(), payload);
        opened.map(Zeroizing::new).map_err(|_| DoesNotOpen)
    }
}
