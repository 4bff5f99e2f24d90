//! The bytes of frames, records and cursors; `FORMAT.md` explains them.
//!
//! ```text
//! frame  = header(48) body
//! header = magic u32, header_crc u32, kind u32, body_crc u32, body_length u32, records u32,
//!          cursors u32, zero u32, sequence u64, first_position u64
//! body   = record*, cursor*, zeros up to a multiple of 8
//! record = length u32, crc u32, position u64, log_index u64, revision u64 (all ones: no stream),
//!          leaf_length u32, log_length u8, stream_length u8, zero u16, log, stream, leaf, payload
//! cursor = name_length u32, value_length u32, name, value
//! ```
//!
//! Numbers are little-endian. Each checksum is CRC-32 over the store's id, the address of the
//! frame or record, and the bytes that follow the checksum (of a body: all of it). So bytes that
//! were written elsewhere, or that somebody smuggled into a payload, are no frame here.
//!
//! Ways to break a frame: a wrong magic, checksum, kind or length (found by `Header::decode` and
//! by the body's checksum); numbers that do not follow on (found by the scan); records that do
//! not fill the body (found by `Records`).

use crate::journal::Mark;
use crate::journal::bytes::{Fields, put, wide};
use crate::limits::FRAME_BODY_BYTES_MAX;
use crate::mutant::{self, Mutant};
use crate::name::{CursorName, LogName, StreamId};
use crate::record::{NewRecord, Position, Revision, StoredRecord};

pub(crate) const HEADER_LENGTH: usize = 48;
pub(crate) const RECORD_HEADER_LENGTH: usize = 40;
pub(crate) const ALIGNMENT: u64 = 8;

pub(crate) const MAGIC: [u8; 4] = *b"RFRM";
/// The only kind of frame that this version knows.
const KIND_DATA: u32 = 1;
const NO_REVISION: u64 = u64::MAX;

/// Chosen at random when a store is founded; seeds every checksum.
pub(crate) type StoreId = [u8; 16];

fn checksum(store: &StoreId, address: u64, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(store);
    hasher.update(&address.to_le_bytes());
    hasher.update(bytes);
    match mutant::is(Mutant::NoChecksum) {
        true => 0,
        false => hasher.finalize(),
    }
}

/// What stands before the body of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) body_crc: u32,
    pub(crate) body_length: u32,
    pub(crate) records: u32,
    pub(crate) cursors: u32,
    pub(crate) sequence: u64,
    pub(crate) first_position: u64,
}

/// What the first bytes of a frame turned out to be.
pub(crate) enum Decoded {
    Frame(Header),
    /// A header of ours, of a kind that a newer version has written.
    UnknownKind(u32),
    Broken,
}

impl Header {
    pub(crate) fn encode(&self, store: &StoreId, address: u64) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        put(&mut bytes, 0, &MAGIC);
        put(&mut bytes, 8, &KIND_DATA.to_le_bytes());
        put(&mut bytes, 12, &self.body_crc.to_le_bytes());
        put(&mut bytes, 16, &self.body_length.to_le_bytes());
        put(&mut bytes, 20, &self.records.to_le_bytes());
        put(&mut bytes, 24, &self.cursors.to_le_bytes());
        put(&mut bytes, 32, &self.sequence.to_le_bytes());
        put(&mut bytes, 40, &self.first_position.to_le_bytes());
        let crc = checksum(store, address, bytes.get(8..).unwrap_or_default());
        put(&mut bytes, 4, &crc.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8], store: &StoreId, address: u64) -> Decoded {
        let decode = || {
            let mut fields = Fields(bytes.get(..HEADER_LENGTH)?);
            let magic = fields.array::<4>()?;
            let crc = fields.u32()?;
            let intact = magic == MAGIC && crc == checksum(store, address, fields.0);
            let kind = fields.u32()?;
            let body_crc = fields.u32()?;
            let body_length = fields.u32()?;
            let records = fields.u32()?;
            let cursors = fields.u32()?;
            let zero = fields.u32()?;
            let sequence = fields.u64()?;
            let first_position = fields.u64()?;
            let header = Self { body_crc, body_length, records, cursors, sequence, first_position };
            Some((intact, kind, zero, header))
        };
        match decode() {
            Some((true, kind, ..)) if kind != KIND_DATA => Decoded::UnknownKind(kind),
            Some((true, _, 0, header)) if header.is_plausible() => Decoded::Frame(header),
            Some(_) | None => Decoded::Broken,
        }
    }

    /// Where the journal stands after a frame at `address`.
    pub(crate) fn end(&self, address: u64) -> Mark {
        Mark {
            address: address + wide(HEADER_LENGTH) + u64::from(self.body_length),
            sequence: self.sequence + 1,
            position: self.first_position + u64::from(self.records),
        }
    }

    fn is_plausible(&self) -> bool {
        let length = u64::from(self.body_length);
        length <= wide(FRAME_BODY_BYTES_MAX) && length.is_multiple_of(ALIGNMENT)
    }

    pub(crate) fn covers(&self, body: &[u8], store: &StoreId, address: u64) -> bool {
        self.body_crc == checksum(store, address, body)
    }
}

/// The whole frame, from its body.
pub(crate) fn body_checksum(body: &[u8], store: &StoreId, address: u64) -> u32 {
    checksum(store, address, body)
}

/// The encoded length of a record, before it is known to be within the limits.
pub(crate) fn record_length(record: &NewRecord) -> usize {
    let stream = record.stream.as_ref().map_or(0, |stream| stream.as_bytes().len());
    let log = record.log.as_str().len();
    RECORD_HEADER_LENGTH + log + stream + record.leaf.len() + record.payload.len()
}

fn stored_u32(length: usize) -> [u8; 4] {
    u32::try_from(length).expect("lengths are checked against the limits").to_le_bytes()
}

fn stored_u8(length: usize) -> u8 {
    u8::try_from(length).expect("names are at most 64 bytes")
}

/// The numbers that the writer gives a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) position: u64,
    pub(crate) log_index: u64,
    pub(crate) revision: Option<u64>,
}

/// Encodes a record that is to stand at this address.
pub(crate) fn encode_record(
    record: &NewRecord,
    numbers: Numbers,
    (store, address): (&StoreId, u64),
    out: &mut Vec<u8>,
) {
    let start = out.len();
    let log = record.log.as_str().as_bytes();
    let stream = record.stream.as_ref().map_or(&[][..], StreamId::as_bytes);
    out.extend_from_slice(&stored_u32(record_length(record)));
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&numbers.position.to_le_bytes());
    out.extend_from_slice(&numbers.log_index.to_le_bytes());
    out.extend_from_slice(&numbers.revision.unwrap_or(NO_REVISION).to_le_bytes());
    out.extend_from_slice(&stored_u32(record.leaf.len()));
    out.extend_from_slice(&[stored_u8(log.len()), stored_u8(stream.len()), 0, 0]);
    for part in [log, stream, &record.leaf, &record.payload] {
        out.extend_from_slice(part);
    }
    let crc = checksum(store, address, out.get(start + 8..).unwrap_or_default());
    put(out, start + 4, &crc.to_le_bytes());
}

/// The first field of a record: how long it is, itself included.
pub(crate) fn stored_record_length(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(Fields(bytes).u32()?).ok()?;
    (RECORD_HEADER_LENGTH..=FRAME_BODY_BYTES_MAX).contains(&length).then_some(length)
}

/// A record within the bytes of the journal.
#[derive(Clone, Debug)]
pub(crate) struct RecordView<'a> {
    pub(crate) numbers: Numbers,
    pub(crate) log: &'a str,
    pub(crate) stream: Option<StreamId>,
    pub(crate) leaf: &'a [u8],
    pub(crate) payload: &'a [u8],
}

impl<'a> RecordView<'a> {
    /// Reads a record of exactly these bytes; `None` if they are not what was written.
    pub(crate) fn decode(bytes: &'a [u8], store: &StoreId, address: u64) -> Option<Self> {
        let crc = Fields(bytes.get(4..)?).u32()?;
        (crc == checksum(store, address, bytes.get(8..)?)).then(|| Self::decode_unchecked(bytes))?
    }

    /// As `decode`, for bytes that may be damaged: only to say which record that was.
    pub(crate) fn decode_unchecked(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(8..)?);
        let position = fields.u64()?;
        let log_index = fields.u64()?;
        let revision = fields.u64()?;
        let leaf_length = usize::try_from(fields.u32()?).ok()?;
        let log_length = usize::from(fields.u8()?);
        let stream_length = usize::from(fields.u8()?);
        fields.take(2)?;
        let log = str::from_utf8(fields.take(log_length)?).ok()?;
        let stream = match fields.take(stream_length)? {
            [] => None,
            id => Some(StreamId::new(id).ok()?),
        };
        let leaf = fields.take(leaf_length)?;
        let revision = (revision != NO_REVISION).then_some(revision);
        let numbers = Numbers { position, log_index, revision };
        (revision.is_some() == stream.is_some()).then_some(())?;
        Some(Self { numbers, log, stream, leaf, payload: fields.0 })
    }

    pub(crate) fn to_stored(&self) -> Option<StoredRecord> {
        Some(StoredRecord {
            position: Position(self.numbers.position),
            log: LogName::new(self.log).ok()?,
            log_index: self.numbers.log_index,
            stream: self.stream,
            revision: self.numbers.revision.map(Revision),
            leaf: self.leaf.to_vec(),
            payload: self.payload.to_vec(),
        })
    }
}

/// The encoded length of a cursor.
pub(crate) fn cursor_length(name: &CursorName, value: &[u8]) -> usize {
    8 + name.as_str().len() + value.len()
}

pub(crate) fn encode_cursor(name: &CursorName, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&stored_u32(name.as_str().len()));
    out.extend_from_slice(&stored_u32(value.len()));
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(value);
}

/// A frame that the scan has found good.
pub(crate) struct Frame<'a> {
    pub(crate) address: u64,
    pub(crate) header: Header,
    pub(crate) body: &'a [u8],
}

/// One part of a frame's body.
pub(crate) enum Part<'a> {
    Record { address: u64, record: RecordView<'a> },
    Cursor { name: CursorName, value: &'a [u8] },
}

/// The part of a frame's body at `address` is not what its header promises.
pub(crate) struct BadPart {
    pub(crate) address: u64,
    /// Which record of the frame, if it is one.
    pub(crate) record: Option<u64>,
    /// The log that the damaged bytes seem to name.
    pub(crate) log: Option<LogName>,
}

impl<'a> Frame<'a> {
    /// Where the journal stood before it.
    pub(crate) fn start(&self) -> Mark {
        let Header { sequence, first_position, .. } = self.header;
        Mark { address: self.address, sequence, position: first_position }
    }

    /// Where the journal stands after it.
    pub(crate) fn end(&self) -> Mark {
        self.header.end(self.address)
    }

    /// Walks through the records, then the cursors; stops at the first bad part.
    pub(crate) fn parts(
        &self,
        store: &StoreId,
        mut each: impl FnMut(Part<'a>),
    ) -> Result<(), BadPart> {
        let mut at = 0;
        let body_address = self.address + wide(HEADER_LENGTH);
        for number in 0..self.header.records {
            let address = body_address + wide(at);
            let rest = self.body.get(at..).unwrap_or_default();
            let length = stored_record_length(rest).unwrap_or(usize::MAX);
            let bytes = rest.get(..length);
            let record = bytes.and_then(|bytes| RecordView::decode(bytes, store, address));
            let Some(record) = record else {
                let seen = bytes.and_then(RecordView::decode_unchecked);
                let log = seen.and_then(|seen| LogName::new(seen.log).ok());
                return Err(BadPart { address, record: Some(u64::from(number)), log });
            };
            each(Part::Record { address, record });
            at += length;
        }
        // Cursors have no checksums of their own: where one is damaged, any of them may be.
        let bad = BadPart { address: body_address + wide(at), record: None, log: None };
        let mut fields = Fields(self.body.get(at..).unwrap_or_default());
        for _ in 0..self.header.cursors {
            let Some((name, value)) = decode_cursor(&mut fields) else {
                return Err(bad);
            };
            each(Part::Cursor { name, value });
        }
        match wide(fields.0.len()) < ALIGNMENT && fields.0.iter().all(|byte| *byte == 0) {
            true => Ok(()),
            false => Err(bad),
        }
    }
}

pub(crate) fn decode_cursor<'a>(fields: &mut Fields<'a>) -> Option<(CursorName, &'a [u8])> {
    let name_length = usize::try_from(fields.u32()?).ok()?;
    let value_length = usize::try_from(fields.u32()?).ok()?;
    let name = str::from_utf8(fields.take(name_length)?).ok()?;
    Some((CursorName::new(name).ok()?, fields.take(value_length)?))
}
