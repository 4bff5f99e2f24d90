//! The first 64 bytes of a segment file, and its name.
//!
//! ```text
//! header = magic(8), version u32, crc u32, store_id(16), number u64, base u64,
//!          first_position u64, first_sequence u64
//! ```
//!
//! The checksum is CRC-32 over everything else. `base` is the address of the file's first byte:
//! addresses run on over all segments, so one number names a place in the journal for ever.

use crate::journal::bytes::{Fields, put};
use crate::journal::frame::StoreId;

pub(crate) const HEADER_LENGTH: usize = 64;
const MAGIC: [u8; 8] = *b"RDMTJRNL";
/// The version of the format that this code writes. All before it are read.
pub(crate) const VERSION: u32 = 2;
/// The first version whose segments get a footer when they are full.
const VERSION_FOOTERS: u32 = 2;
/// The folder of the segments.
pub(crate) const DIR: &str = "journal";
/// The end of the name of a segment that is being created.
pub(crate) const NEW: &str = ".new";
const END: &str = ".seg";

/// What a segment says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) version: u32,
    pub(crate) store: StoreId,
    pub(crate) number: u64,
    pub(crate) base: u64,
    pub(crate) first_position: u64,
    pub(crate) first_sequence: u64,
}

/// Why the first bytes of a segment are no header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Broken,
    Newer(u32),
}

impl Header {
    /// Whether the segment gets a footer once it is full.
    pub(crate) fn has_footer(&self) -> bool {
        self.version >= VERSION_FOOTERS
    }

    pub(crate) fn encode(&self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &self.version.to_le_bytes());
        put(&mut bytes, 16, &self.store);
        put(&mut bytes, 32, &self.number.to_le_bytes());
        put(&mut bytes, 40, &self.base.to_le_bytes());
        put(&mut bytes, 48, &self.first_position.to_le_bytes());
        put(&mut bytes, 56, &self.first_sequence.to_le_bytes());
        let crc = crc32fast::hash(&bytes);
        put(&mut bytes, 12, &crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Wrong> {
        let decode = || {
            let mut zeroed: [u8; HEADER_LENGTH] = bytes.get(..HEADER_LENGTH)?.try_into().ok()?;
            put(&mut zeroed, 12, &[0; 4]);
            let mut fields = Fields(bytes);
            let magic = fields.array::<8>()?;
            let version = fields.u32()?;
            let crc = fields.u32()?;
            let header = Self {
                version,
                store: fields.array()?,
                number: fields.u64()?,
                base: fields.u64()?,
                first_position: fields.u64()?,
                first_sequence: fields.u64()?,
            };
            let intact = magic == MAGIC && crc == crc32fast::hash(&zeroed);
            intact.then_some(header)
        };
        match decode() {
            Some(header) if header.version > VERSION => Err(Wrong::Newer(header.version)),
            Some(header) if header.version > 0 => Ok(header),
            Some(_) | None => Err(Wrong::Broken),
        }
    }
}

pub(crate) fn file_name(number: u64) -> String {
    format!("{number:016}{END}")
}

pub(crate) fn path(number: u64) -> String {
    format!("{DIR}/{}", file_name(number))
}

/// The number of the segment that a file name stands for.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(END)?.parse().ok()?;
    (name == file_name(number)).then_some(number)
}
