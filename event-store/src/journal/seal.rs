//! What a backup says of each segment that it holds: how far it goes, and the digest of its bytes.
//!
//! ```text
//! seal = magic(8), version u32, crc u32, store_id(16), number u64, base u64, end u64,
//!        first_position u64, next_position u64, digest(32)
//! ```
//!
//! The checksum is CRC-32 over everything else. The digest is the RFC 9162 root over pieces of
//! 1 MiB of the segment, from its first byte up to `end`.

use merkle::Hash;

use crate::journal::bytes::{Fields, put};
use crate::journal::frame::StoreId;

pub(crate) const LENGTH: usize = 104;
const MAGIC: [u8; 8] = *b"RDMTSEAL";
const VERSION: u32 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    pub(crate) store: StoreId,
    pub(crate) number: u64,
    pub(crate) base: u64,
    /// The address after the last byte of the last frame.
    pub(crate) end: u64,
    pub(crate) first_position: u64,
    pub(crate) next_position: u64,
    pub(crate) digest: Hash,
}

impl Seal {
    pub(crate) fn encode(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &VERSION.to_le_bytes());
        put(&mut bytes, 16, &self.store);
        let numbers = [self.number, self.base, self.end, self.first_position, self.next_position];
        for (at, number) in numbers.iter().enumerate() {
            put(&mut bytes, 32 + 8 * at, &number.to_le_bytes());
        }
        put(&mut bytes, 72, &self.digest);
        let crc = crc32fast::hash(&bytes);
        put(&mut bytes, 12, &crc.to_le_bytes());
        bytes
    }

    /// `None` if these are not the bytes of a seal, or those of a newer version.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut zeroed: [u8; LENGTH] = bytes.try_into().ok()?;
        put(&mut zeroed, 12, &[0; 4]);
        let mut fields = Fields(bytes);
        let is_ours = fields.array()? == MAGIC && fields.u32()? == VERSION;
        let is_intact = fields.u32()? == crc32fast::hash(&zeroed);
        let seal = Self {
            store: fields.array()?,
            number: fields.u64()?,
            base: fields.u64()?,
            end: fields.u64()?,
            first_position: fields.u64()?,
            next_position: fields.u64()?,
            digest: fields.array()?,
        };
        (is_ours && is_intact && seal.base <= seal.end).then_some(seal)
    }
}
