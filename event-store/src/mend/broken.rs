//! One damaged frame: what is left of it, and the whole of it once the rest is known.

use std::collections::HashMap;
use std::ops::Range;

use super::patch::Patch;
use super::{Broken, MendError, Slot, Stretch};
use crate::journal::bytes::{Fields, narrow, wide};
use crate::journal::frame::{
    self, Decoded, HEADER_LENGTH, Header, Numbers, RecordView, StoreId, body_checksum,
};
use crate::journal::{Journal, JournalError, Mark, Segment, Window, segment};
use crate::limits::FRAME_BODY_BYTES_MAX;
use crate::name::{LogName, StreamId};
use crate::record::{NewRecord, Position, StoredRecord};

/// How many records each log and each stream has, before a frame.
#[derive(Default)]
pub(super) struct Counts {
    logs: HashMap<LogName, u64>,
    streams: HashMap<StreamId, u64>,
}

impl Counts {
    /// The numbers of the next record of a log and a stream; `before` is known where nothing is
    /// here yet.
    fn next(&mut self, before: &Self, record: &NewRecord, position: u64) -> Numbers {
        let counted = || before.logs.get(&record.log).copied().unwrap_or_default();
        let log = self.logs.entry(record.log.clone()).or_insert_with(counted);
        let log_index = *log;
        *log += 1;
        let revision = record.stream.map(|stream| {
            let counted = || before.streams.get(&stream).copied().unwrap_or_default();
            let next = self.streams.entry(stream).or_insert_with(counted);
            *next += 1;
            *next - 1
        });
        Numbers { position, log_index, revision }
    }

    pub(super) fn take(&mut self, record: &StoredRecord) {
        self.logs.insert(record.log.clone(), record.log_index + 1);
        if let (Some(stream), Some(revision)) = (record.stream, record.revision) {
            self.streams.insert(stream, revision.0 + 1);
        }
    }
}

/// A part of the body of a damaged frame.
enum Piece {
    /// A record that is left.
    Intact(Range<usize>, StoredRecord),
    /// Records that are not, and the bytes between the ones that are.
    Lost { bytes: Range<usize>, from: u64, count: u64 },
    /// As `Lost`, where nothing tells where the last of them ends.
    LostToTheEnd { at: usize, position: u64, count: u64 },
}

/// A damaged frame whose place is known.
pub(super) struct BrokenFrame {
    segment: Segment,
    start: Mark,
    end: Mark,
    /// The header, where it is whole.
    header: Option<Header>,
    /// Header and body, as they are on the disk.
    bytes: Vec<u8>,
    pieces: Vec<Piece>,
}

impl BrokenFrame {
    /// Reads what is left of the frame at a place where one should stand.
    pub(super) fn read(journal: &Journal, start: Mark) -> Result<Self, MendError> {
        let segment = journal.segment_at(start.address);
        let offset = start.address - segment.header.base;
        let beyond = |what, before: Option<Mark>| MendError::Beyond {
            what,
            file: segment::path(segment.header.number),
            offset,
            stretch: stretch(start, before),
        };
        let mut window = Window::new(Window::WHOLE);
        let number = segment.header.number;
        let bytes = window.get(&segment, offset, HEADER_LENGTH);
        let bytes = bytes.map_err(JournalError::reading(number))?;
        let next_segment = next_segment(journal, &segment);
        let header = match Header::decode(bytes, &journal.store, start.address) {
            Decoded::Frame(header) => Some(header),
            Decoded::UnknownKind(found) => return Err(MendError::Newer { found }),
            Decoded::Broken => None,
        };
        let follows = |header: &Header| {
            let end = header.end(start.address);
            (header.sequence, header.first_position) == (start.sequence, start.position)
                && next_segment.is_none_or(|next| end.address <= next.address)
        };
        if header.is_some_and(|header| !follows(&header)) {
            return Err(beyond("a frame that does not follow on", None));
        }
        let end = match header {
            Some(header) => header.end(start.address),
            None => {
                let next = next_frame(journal, &segment, offset, &mut window)?;
                next.or(next_segment).ok_or_else(|| beyond("an end that cannot be told", None))?
            }
        };
        let length = end.address.saturating_sub(start.address);
        if end.sequence != start.sequence + 1 {
            let what = "several frames in a row whose borders cannot be told";
            return Err(beyond(what, Some(end)));
        }
        if !(wide(HEADER_LENGTH)..=wide(HEADER_LENGTH + FRAME_BODY_BYTES_MAX)).contains(&length)
            || end.position < start.position
        {
            return Err(beyond("a frame whose length cannot be told", None));
        }
        let mut bytes = vec![0; narrow(length)];
        // What a file that was cut lacks is as lost as what is otherwise in it.
        segment.file.read_at(&mut bytes, offset).map_err(JournalError::reading(number))?;
        let mut frame = Self { segment, start, end, header, bytes, pieces: Vec::new() };
        frame.find_pieces(&journal.store);
        Ok(frame)
    }

    pub(super) fn end(&self) -> Mark {
        self.end
    }

    pub(super) fn beyond(&self, what: &'static str) -> MendError {
        let Broken { file, offset, .. } = self.as_seen();
        MendError::Beyond { what, file, offset, stretch: stretch(self.start, Some(self.end)) }
    }

    pub(super) fn first_lost(&self) -> Option<Position> {
        self.pieces.iter().find_map(|piece| match piece {
            Piece::Intact(..) => None,
            Piece::Lost { from, .. } => Some(Position(*from)),
            Piece::LostToTheEnd { position, .. } => Some(Position(*position)),
        })
    }

    pub(super) fn as_seen(&self) -> Broken {
        let mut slots = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Intact(_, record) => slots.push(Slot::Intact(record.clone())),
                Piece::Lost { bytes: Range { start: at, .. }, from, count }
                | Piece::LostToTheEnd { at, position: from, count } => {
                    slots.extend(self.lost(*at, *from..from + count));
                }
            }
        }
        let header = self.segment.header;
        let offset = self.start.address - header.base;
        Broken { file: segment::path(header.number), offset, slots }
    }

    /// Places of lost records, the first of them at an offset of the body. Where the next one is,
    /// the length of each says, as far as it can be believed.
    fn lost(&self, at: usize, positions: Range<u64>) -> impl Iterator<Item = Slot> {
        let mut rest = self.body().get(at..);
        positions.map(move |position| {
            let length = rest.and_then(frame::stored_record_length);
            let split = length.zip(rest).and_then(|(length, rest)| rest.split_at_checked(length));
            rest = split.map(|(_, rest)| rest);
            let reads = split.and_then(|(bytes, _)| RecordView::decode_unchecked(bytes));
            let reads = reads.and_then(|view| view.to_stored());
            Slot::Lost { position: Position(position), reads }
        })
    }

    fn body(&self) -> &[u8] {
        self.bytes.get(HEADER_LENGTH..).unwrap_or_default()
    }

    fn body_address(&self) -> u64 {
        self.start.address + wide(HEADER_LENGTH)
    }

    /// Looks for the records that are left: each has its checksum and its number.
    fn find_pieces(&mut self, store: &StoreId) {
        let (mut at, mut position) = (0, self.start.position);
        let mut pieces = Vec::new();
        while position < self.end.position {
            if let Some((record, length)) = self.record_at(at, store)
                && record.position.0 == position
            {
                pieces.push(Piece::Intact(at..at + length, record));
                at += length;
                position += 1;
                continue;
            }
            let behind = at + frame::RECORD_HEADER_LENGTH..self.body().len();
            let later = position + 1..self.end.position;
            let next = behind.into_iter().find_map(|from| {
                // The cheap question first: this is asked of every byte.
                let number = Fields(self.body().get(from + 8..)?).u64()?;
                let is_later = later.contains(&number) && self.record_at(from, store).is_some();
                is_later.then_some((from, number))
            });
            match next {
                Some((from, next)) => {
                    let count = next - position;
                    pieces.push(Piece::Lost { bytes: at..from, from: position, count });
                    (at, position) = (from, next);
                }
                None => {
                    let count = self.end.position - position;
                    pieces.push(Piece::LostToTheEnd { at, position, count });
                    position = self.end.position;
                }
            }
        }
        self.pieces = pieces;
    }

    fn record_at(&self, at: usize, store: &StoreId) -> Option<(StoredRecord, usize)> {
        let rest = self.body().get(at..)?;
        let length = frame::stored_record_length(rest)?;
        let address = self.body_address() + wide(at);
        let record = RecordView::decode(rest.get(..length)?, store, address)?;
        Some((record.to_stored()?, length))
    }

    /// The frame with these records in the lost places, if that is what stood here.
    pub(super) fn made_with(
        &self,
        journal: &Journal,
        offered: &[NewRecord],
        counts: &Counts,
    ) -> Option<Patch> {
        let mut now = Counts::default();
        let mut offered = offered.iter();
        let mut body = Vec::with_capacity(self.body().len());
        let mut filled = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Intact(range, record) => {
                    now.take(record);
                    body.extend_from_slice(self.body().get(range.clone())?);
                }
                Piece::Lost { from, count, .. }
                | Piece::LostToTheEnd { position: from, count, .. } => {
                    for position in *from..from + count {
                        let record = offered.next()?;
                        let numbers = now.next(counts, record, position);
                        self.push(journal, record, numbers, &mut body);
                        filled += 1;
                    }
                    if let Piece::Lost { bytes, .. } = piece
                        && body.len() != bytes.end
                    {
                        return None;
                    }
                }
            }
        }
        let is_all = offered.next().is_none() && body.len() <= self.body().len();
        let cursors = is_all.then(|| self.push_rest(&mut body))??;
        let header = self.header_of(journal, &body, cursors, filled > 0)?;
        let header = header.encode(&journal.store, self.start.address);
        Some(Patch {
            segment: self.segment.header.number,
            start: self.start,
            bytes: [&header[..], &body].concat(),
            filled,
        })
    }

    /// Adds a record that was lost, with the numbers that it had.
    fn push(&self, journal: &Journal, record: &NewRecord, numbers: Numbers, body: &mut Vec<u8>) {
        let address = self.body_address() + wide(body.len());
        frame::encode_record(record, numbers, (&journal.store, address), body);
    }

    /// Adds what stands behind the records: cursors as they are, and zeros. Returns how many
    /// cursors there are, if they can be read.
    fn push_rest(&self, body: &mut Vec<u8>) -> Option<u32> {
        let rest = self.body().get(body.len()..)?;
        let mut fields = Fields(rest);
        let mut cursors = 0;
        let is_more = |fields: &Fields<'_>, cursors| match self.header {
            Some(header) => cursors < header.cursors,
            None => wide(fields.0.len()) >= frame::ALIGNMENT,
        };
        while is_more(&fields, cursors) {
            frame::decode_cursor(&mut fields)?;
            cursors += 1;
        }
        let padding = fields.0.len();
        body.extend_from_slice(rest.get(..rest.len() - padding)?);
        body.resize(body.len() + padding, 0);
        (wide(padding) < frame::ALIGNMENT).then_some(cursors)
    }

    /// The header of the frame with this body, if what is left of the old one says so.
    fn header_of(
        &self,
        journal: &Journal,
        body: &[u8],
        cursors: u32,
        is_filled: bool,
    ) -> Option<Header> {
        let (store, address) = (&journal.store, self.start.address);
        if let Some(header) = self.header {
            return header.covers(body, store, address).then_some(header);
        }
        let mut fields = Fields(self.bytes.get(4..)?);
        let (header_crc, _, body_crc) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let header = Header {
            body_crc: body_checksum(body, store, address),
            body_length: u32::try_from(body.len()).ok()?,
            records: u32::try_from(self.end.position - self.start.position).ok()?,
            cursors,
            sequence: self.start.sequence,
            first_position: self.start.position,
        };
        let encoded = header.encode(store, address);
        let is_vouched_for = body_crc == header.body_crc
            || Fields(encoded.get(4..)?).u32() == Some(header_crc)
            // Each record vouches for itself, and there is nothing else.
            || (!is_filled && cursors == 0);
        is_vouched_for.then_some(header)
    }
}

fn stretch(start: Mark, before: Option<Mark>) -> Stretch {
    let before = before.map(|mark| Position(mark.position));
    Stretch { from: Some(Position(start.position)), before }
}

fn next_segment(journal: &Journal, segment: &Segment) -> Option<Mark> {
    let full = journal.full_segments();
    let found = full.into_iter().find(|(it, _)| it.header.number == segment.header.number);
    found.map(|(_, end)| end)
}

/// Where the next good frame of the segment begins.
fn next_frame(
    journal: &Journal,
    segment: &Segment,
    offset: u64,
    window: &mut Window,
) -> Result<Option<Mark>, MendError> {
    let number = segment.header.number;
    let used = journal.used_length(segment, offset)?;
    let mut at = offset + wide(HEADER_LENGTH);
    while at < used {
        let bytes = window.get(segment, at, HEADER_LENGTH);
        let bytes = bytes.map_err(JournalError::reading(number))?;
        let address = segment.header.base + at;
        if bytes.starts_with(&frame::MAGIC)
            && let Decoded::Frame(header) = Header::decode(bytes, &journal.store, address)
        {
            let Header { sequence, first_position: position, .. } = header;
            return Ok(Some(Mark { address, sequence, position }));
        }
        at += frame::ALIGNMENT;
    }
    Ok(None)
}
