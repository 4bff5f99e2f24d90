//! What is said of a segment that changes no more: how far it goes, and the digest of its bytes. It
//! is the footer of a segment that is full, and stands beside each segment in a backup.
//!
//! ```text
//! seal = magic(8), version u32, crc u32, store_id(16), number u64, base u64, end u64,
//!        first_position u64, next_position u64, digest(32)
//! ```
//!
//! The checksum is CRC-32 over everything else. The digest is the RFC 9162 root over pieces of
//! 1 MiB of the segment, from its first byte up to `end`; the footer itself stands after that.
//!
//! A footer is written in the background, after everything that it speaks of was read back and
//! checked, and a crash may leave none or a torn one: the next opening then writes it. No record
//! depends on it.

use std::io;

use merkle::{Frontier, Hash};

use super::bytes::{Fields, narrow, put, wide};
use super::frame::StoreId;
use super::scan::Scan;
use super::{Journal, JournalError, Mark, Segment, segment};
use crate::disk::DiskFile;

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
    /// Of a segment as it stands when it ends at `end`.
    pub(crate) fn of(journal: &Journal, segment: &Segment, end: Mark, digest: Hash) -> Self {
        Self {
            store: journal.store,
            number: segment.header.number,
            base: segment.header.base,
            end: end.address,
            first_position: segment.header.first_position,
            next_position: end.position,
            digest,
        }
    }

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

/// What a digest takes at once.
const PIECE: usize = 1 << 20;

/// The digest of bytes that come in any portions.
#[derive(Default)]
struct Digest {
    tree: Frontier,
    piece: Vec<u8>,
}

impl Digest {
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = PIECE - self.piece.len();
            let (now, rest) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            bytes = rest;
            if self.piece.len() == PIECE {
                self.end_piece();
            }
        }
    }

    fn end_piece(&mut self) {
        self.tree.push(merkle::leaf_hash(&self.piece));
        self.piece.clear();
    }

    fn root(mut self) -> Hash {
        if !self.piece.is_empty() {
            self.end_piece();
        }
        self.tree.root()
    }
}

/// The digest of the first `length` bytes of a file. Each portion is handed on: a copy is made so.
pub(crate) fn digest(
    file: &dyn DiskFile,
    length: u64,
    each: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<Hash> {
    digest_of(|bytes, at| file.read_at(bytes, at), length, each)
}

/// As [`digest`], of bytes that are read by a function.
pub(crate) fn digest_of(
    read_at: impl Fn(&mut [u8], u64) -> io::Result<usize>,
    length: u64,
    mut each: impl FnMut(&[u8], u64) -> io::Result<()>,
) -> io::Result<Hash> {
    let mut digest = Digest::default();
    let mut bytes = vec![0; narrow(length.min(wide(PIECE)))];
    let mut at = 0;
    while at < length {
        let wanted = narrow((length - at).min(wide(PIECE)));
        let bytes = bytes.get_mut(..wanted).unwrap_or_default();
        let read = read_at(bytes, at)?;
        let bytes = bytes.get(..read).unwrap_or_default();
        each(bytes, at)?;
        digest.push(bytes);
        at += wide(read);
        if read < wanted {
            break;
        }
    }
    Ok(digest.root())
}

/// Copies so many bytes, as they are read, into a file from a place of it on. A read that lied
/// would stand in the place of the only original for ever: so the copy is read back, and held to a
/// second read of what it was made of.
pub(crate) fn copy_and_compare(
    read_at: impl Fn(&mut [u8], u64) -> io::Result<usize>,
    (file, start): (&dyn DiskFile, u64),
    length: u64,
) -> io::Result<()> {
    digest_of(&read_at, length, |piece, at| file.write_at(piece, start + at))?;
    let made = digest_of(|bytes, at| file.read_at(bytes, start + at), length, |_, _| Ok(()))?;
    match made == digest_of(&read_at, length, |_, _| Ok(()))? {
        true => Ok(()),
        false => Err(io::Error::other("it reads otherwise each time")),
    }
}

/// The digest of a segment up to a frame's end, of the very bytes whose checksums were found good:
/// one that was read for itself could be that of a read that lied, and would stand there for ever.
pub(crate) fn checked_digest(
    journal: &Journal,
    segment: &Segment,
    end: Mark,
) -> Result<Hash, JournalError> {
    let mut digest = Digest::default();
    digest.push(&segment.header.encode());
    let mut scan = Scan::from(journal, segment.start());
    while scan.mark().address < end.address {
        let Some(frame) = scan.next()? else {
            break;
        };
        digest.push(&frame.header.encode(&journal.store, frame.address));
        digest.push(frame.body);
    }
    match scan.mark() == end {
        true => Ok(digest.root()),
        false => Err(journal.damaged(scan.mark(), end)),
    }
}

/// What stands where the footer of a full segment belongs.
pub(crate) enum Footer {
    Good(Seal),
    /// Nothing, or a part of it.
    Missing,
    /// This version of segments has none.
    NotDue,
}

/// Looks at the footer of a full segment that ends at `end`.
pub(crate) fn footer(
    journal: &Journal,
    segment: &Segment,
    end: Mark,
) -> Result<Footer, JournalError> {
    if !segment.header.has_footer() {
        return Ok(Footer::NotDue);
    }
    let mut bytes = [0; LENGTH];
    let read = segment.file.read_at(&mut bytes, end.address - segment.header.base);
    let read = read.map_err(JournalError::reading(segment.header.number))?;
    let found = bytes.get(..read).and_then(Seal::decode);
    let fits = |seal: &Seal| {
        *seal == Seal { digest: seal.digest, ..Seal::of(journal, segment, end, [0; 32]) }
    };
    Ok(found.filter(fits).map_or(Footer::Missing, Footer::Good))
}

/// Gives a full segment its footer, if it has none: reads it back, checks every frame, and makes
/// the footer durable.
pub(crate) fn seal(journal: &Journal, segment: &Segment, end: Mark) -> Result<(), JournalError> {
    match footer(journal, segment, end)? {
        Footer::Good(_) | Footer::NotDue => return Ok(()),
        Footer::Missing => {}
    }
    let digest = checked_digest(journal, segment, end)?;
    let path = segment::path(segment.header.number);
    let length = end.address - segment.header.base;
    let seal = Seal::of(journal, segment, end, digest);
    let written = segment.file.write_at(&seal.encode(), length);
    written.map_err(JournalError::io("write", &path))?;
    // Zeros that a crash has kept go with it.
    let cut = segment.file.set_length(length + wide(LENGTH));
    cut.map_err(JournalError::io("cut", &path))?;
    segment.file.sync().map_err(JournalError::io("sync", &path))
}
