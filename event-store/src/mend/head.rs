//! Heads of segments that have perished, made anew from what is left around them.
//!
//! Of a head, the neighbours tell everything but the version: where the segment before it ends is
//! where it begins, the first frame of its own says the rest, and the store's id stands in every
//! head. What they tell is taken only if it is proved ([`Heads::is_proved`]); else the head is left
//! as it is.

use std::ops::Range;
use std::sync::Arc;

use super::MendError;
use super::patch::{self, Patched};
use crate::disk::{Disk, DiskFile};
use crate::journal::bytes::{self, narrow, wide};
use crate::journal::frame::{self, Decoded, StoreId};
use crate::journal::scan::Scan;
use crate::journal::seal::{self, Seal};
use crate::journal::segment::{self, HEADER_LENGTH, Header, Wrong};
use crate::journal::{Journal, JournalError, Mark, Segment};

/// Makes the heads anew that can be proved, each in a file beside the old one that is renamed into
/// its place, and says whose they are. *A crash* leaves the old file, or the new one.
pub(crate) fn mend(disk: &Arc<dyn Disk>) -> Result<Vec<u64>, MendError> {
    let mut heads = Heads::read(disk)?;
    let mut mended = Vec::new();
    // One that is made anew may tell of its neighbours.
    loop {
        let before = mended.len();
        for number in heads.broken() {
            if let Some(header) = heads.proved(number)? {
                heads.put(number, header)?;
                mended.push(number);
            }
        }
        if mended.len() == before {
            mended.sort_unstable();
            return Ok(mended);
        }
    }
}

/// The first bytes of a segment file.
struct Head {
    bytes: [u8; HEADER_LENGTH],
    /// Where they are one.
    header: Option<Header>,
}

/// The heads of all segments, by number, up to a file that is missing.
struct Heads<'a> {
    disk: &'a Arc<dyn Disk>,
    all: Vec<Head>,
}

/// What other heads say of one.
struct Basis {
    /// Where no other head says it: what stands in the place of this one.
    store: StoreId,
    is_store_known: bool,
    /// Those that the heads before it and behind leave open.
    versions: Vec<u32>,
    /// There are both, and they have the same.
    is_version_known: bool,
}

/// Who says where a segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// The segment before it; or it is the first.
    Outside,
    /// The file itself: a whole piece of another segment in it would say otherwise.
    Inside,
}

impl<'a> Heads<'a> {
    /// Nothing is touched in a store of a newer version.
    fn read(disk: &'a Arc<dyn Disk>) -> Result<Self, MendError> {
        let names = disk.list(segment::DIR).map_err(JournalError::io("list", segment::DIR))?;
        let mut numbers: Vec<u64> =
            names.iter().filter_map(|name| segment::number_of(name)).collect();
        numbers.sort_unstable();
        let mut heads = Self { disk, all: Vec::new() };
        for (_, number) in (0..).zip(numbers).take_while(|(expected, number)| expected == number) {
            let mut bytes = [0; HEADER_LENGTH];
            let read = heads.file(number)?.read_at(&mut bytes, 0);
            let read = read.map_err(JournalError::reading(number))?;
            let header = match Header::decode(bytes.get(..read).unwrap_or_default()) {
                Ok(header) => Some(header),
                Err(Wrong::Broken) => None,
                Err(Wrong::Newer(found)) => return Err(MendError::Newer { found }),
            };
            heads.all.push(Head { bytes, header });
        }
        Ok(heads)
    }

    fn broken(&self) -> Vec<u64> {
        let broken = (0..).zip(&self.all).filter(|(_, head)| head.header.is_none());
        broken.map(|(number, _)| number).collect()
    }

    fn file(&self, number: u64) -> Result<Arc<dyn DiskFile>, MendError> {
        let path = segment::path(number);
        let file = self.disk.open(&path).map_err(JournalError::io("open", &path))?;
        file.ok_or(MendError::NoStore)
    }

    fn header(&self, number: u64) -> Option<Header> {
        self.all.get(narrow(number))?.header
    }

    fn put(&mut self, number: u64, header: Header) -> Result<(), MendError> {
        let (file, bytes) = (self.file(number)?, header.encode());
        patch::write(&**self.disk, number, &Patched::with(file, 0, &bytes))?;
        if let Some(head) = self.all.get_mut(narrow(number)) {
            *head = Head { bytes, header: Some(header) };
        }
        Ok(())
    }

    /// The head that stood here, if what is computed can be proved.
    fn proved(&self, number: u64) -> Result<Option<Header>, MendError> {
        let basis = self.basis(number);
        for (mark, told) in self.marks(number, &basis.store)? {
            for version in &basis.versions {
                let header = Header {
                    version: *version,
                    store: basis.store,
                    number,
                    base: mark.address,
                    first_position: mark.position,
                    first_sequence: mark.sequence,
                };
                if self.is_proved(&header, told, &basis)? {
                    return Ok(Some(header));
                }
            }
        }
        Ok(None)
    }

    fn basis(&self, number: u64) -> Basis {
        let good = |head: &Head| head.header;
        let (before, behind) = self.all.split_at(narrow(number));
        let before = before.iter().rev().find_map(good);
        let behind = behind.iter().find_map(good);
        let known = before.or(behind).map(|header| header.store);
        let left = || self.left(number).and_then(|bytes| bytes.get(16..32)?.try_into().ok());
        let version = |header: Header| header.version;
        // No program writes a segment of an older version behind one of a newer.
        let first = before.map_or(1, version);
        let last = behind.map_or(segment::VERSION, version);
        Basis {
            store: known.or_else(left).unwrap_or_default(),
            is_store_known: known.is_some(),
            versions: (first..=last).collect(),
            is_version_known: before.is_some() && behind.is_some() && first == last,
        }
    }

    /// What stands in its place.
    fn left(&self, number: u64) -> Option<&[u8; HEADER_LENGTH]> {
        Some(&self.all.get(narrow(number))?.bytes)
    }

    /// Where the segment may begin: where the one before ends, by its frames or its footer; or
    /// where its own footer or what is left of its head says.
    fn marks(&self, number: u64, store: &StoreId) -> Result<Vec<(Mark, Told)>, MendError> {
        if number == 0 {
            return Ok(vec![(Mark { address: 0, ..Mark::START }, Told::Outside)]);
        }
        let mut marks = Vec::new();
        marks.extend(self.end_of(number - 1)?.map(|mark| (mark, Told::Outside)));
        let base = self.left(number).and_then(|bytes| bytes.get(40..48)?.try_into().ok());
        let bases = [
            (self.seal(number - 1)?.map(|seal| seal.end), Told::Outside),
            (self.seal(number)?.map(|seal| seal.base), Told::Inside),
            (base.map(u64::from_le_bytes), Told::Inside),
        ];
        for (base, told) in bases {
            let mark = match base {
                Some(base) => self.first_frame(number, store, base)?,
                None => None,
            };
            marks.extend(
                mark.filter(|mark| marks.iter().all(|it| it.0 != *mark)).map(|it| (it, told)),
            );
        }
        Ok(marks)
    }

    /// Where the last frame of a segment ends, as far as its frames are whole.
    fn end_of(&self, number: u64) -> Result<Option<Mark>, MendError> {
        let Some(header) = self.header(number) else {
            return Ok(None);
        };
        let segment = Segment { header, file: self.file(number)? };
        let start = segment.start();
        let journal = Journal::of(self.disk, vec![segment]);
        let mut scan = journal.as_ref().map(|journal| Scan::from(journal, start));
        while let Some(scan) = &mut scan {
            match scan.next() {
                Ok(Some(_)) => {}
                Ok(None) => return Ok(Some(scan.mark())),
                Err(JournalError::Corrupt { .. }) => return Ok(None),
                Err(error @ (JournalError::Io { .. } | JournalError::Newer { .. })) => {
                    return Err(error.into());
                }
            }
        }
        Ok(None)
    }

    /// What the first frame says, whose checksum covers its address, if the segment begins here.
    fn first_frame(
        &self,
        number: u64,
        store: &StoreId,
        base: u64,
    ) -> Result<Option<Mark>, MendError> {
        let mut bytes = [0; frame::HEADER_LENGTH];
        let read = self.file(number)?.read_at(&mut bytes, wide(HEADER_LENGTH));
        read.map_err(JournalError::reading(number))?;
        let Some(address) = base.checked_add(wide(HEADER_LENGTH)) else {
            return Ok(None);
        };
        Ok(match frame::Header::decode(&bytes, store, address) {
            Decoded::Frame(frame::Header { sequence, first_position: position, .. }) => {
                Some(Mark { address: base, sequence, position })
            }
            Decoded::UnknownKind(_) | Decoded::Broken => None,
        })
    }

    /// What stands at the end of a segment file, where a full one has its footer.
    fn seal(&self, number: u64) -> Result<Option<Seal>, MendError> {
        let file = self.file(number)?;
        let mut bytes = [0; seal::LENGTH];
        let length = file.length().map_err(JournalError::reading(number))?;
        let Some(at) = length.checked_sub(wide(seal::LENGTH)) else {
            return Ok(None);
        };
        let read = file.read_at(&mut bytes, at).map_err(JournalError::reading(number))?;
        let seal = bytes.get(..read).and_then(Seal::decode);
        Ok(seal.filter(|seal| (seal.number, seal.end - seal.base) == (number, at)))
    }

    /// Whether something that was written of this head vouches for it:
    ///
    /// - its own checksum, if that is left;
    /// - the footer of the segment, whose digest was taken of the very bytes;
    /// - if the segment before ends where this one begins: all the rest of it, if that is left, the
    ///   store's id being known elsewhere or from the checksum of the first frame;
    /// - or, where nothing of it is left, the first frame, whose checksum covers the store and all
    ///   numbers, with the heads on both sides, which leave one version open.
    fn is_proved(&self, header: &Header, told: Told, basis: &Basis) -> Result<bool, MendError> {
        const CHECKSUM: Range<usize> = 12..16;
        let (number, whole) = (header.number, header.encode());
        let Some(mut left) = self.left(number).copied() else {
            return Ok(false);
        };
        let checksum = whole.get(CHECKSUM).unwrap_or_default();
        if left.get(CHECKSUM) == Some(checksum) {
            return Ok(true);
        }
        bytes::put(&mut left, CHECKSUM.start, checksum);
        let mark = Mark {
            address: header.base,
            sequence: header.first_sequence,
            position: header.first_position,
        };
        let is_framed = self.first_frame(number, &header.store, header.base)? == Some(mark);
        let is_left = left == whole && (basis.is_store_known || is_framed);
        let is_known = basis.is_version_known && is_framed;
        match told {
            Told::Outside if is_left || is_known => Ok(true),
            Told::Outside | Told::Inside => self.is_sealed(header),
        }
    }

    /// Whether the segment, with this head, is what its footer says.
    fn is_sealed(&self, header: &Header) -> Result<bool, MendError> {
        let number = header.number;
        let Some(seal) = self.seal(number)? else {
            return Ok(false);
        };
        let bytes = header.encode();
        let patched = Patched::with(self.file(number)?, 0, &bytes);
        let read = |buffer: &mut [u8], at| patched.read_at(buffer, at);
        let digest = seal::digest_of(read, seal.end - seal.base, |_, _| Ok(()));
        Ok(digest.map_err(JournalError::reading(number))? == seal.digest)
    }
}
