//! Where no record was found although the index says that one is there: which of the two is wrong.
//!
//! The frames say it. From the start of the segment their headers, each with a checksum of its own,
//! lead from one to the next; the checksum of a frame's body says whether its bytes are what was
//! written. Only after a read that has failed, so it may take its time.

use super::bytes::{narrow, wide};
use super::frame::{Decoded, Frame, HEADER_LENGTH, Header, Part};
use super::{Journal, JournalError, Segment, Window};

/// What is found at an address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A record: the read before was wrong, and the next one need not be.
    Record,
    /// Whole frames, and no record that starts there: the address is wrong.
    NoRecord,
    /// A broken frame, or one before it so that its borders are not known.
    Damage,
}

impl Journal {
    /// What really is at an address before `end`, up to which the journal is committed.
    pub(crate) fn standing(&self, address: u64, end: u64) -> Result<Standing, JournalError> {
        let segment = self.segment_at(address);
        let next = segment.header.number + 1;
        let after = self.segments().into_iter().find(|it| it.header.number == next);
        let end = after.map_or(end, |after| after.header.base);
        let mut window = Window::new(Window::NEAR);
        let mut at = segment.start().address;
        while at <= address && at < end {
            let offset = at - segment.header.base;
            let bytes = window.get(&segment, offset, HEADER_LENGTH);
            let bytes = bytes.map_err(JournalError::reading(segment.header.number))?;
            let Decoded::Frame(header) = Header::decode(bytes, &self.store, at) else {
                return Ok(Standing::Damage);
            };
            let after = header.end(at).address;
            if address < after {
                return self.within(&segment, (at, header), address);
            }
            at = after;
        }
        Ok(Standing::NoRecord)
    }

    fn within(
        &self,
        segment: &Segment,
        (at, header): (u64, Header),
        address: u64,
    ) -> Result<Standing, JournalError> {
        let mut body = vec![0; narrow(u64::from(header.body_length))];
        let offset = at - segment.header.base + wide(HEADER_LENGTH);
        let read = segment.file.read_at(&mut body, offset);
        let read = read.map_err(JournalError::reading(segment.header.number))?;
        if read < body.len() || !header.covers(&body, &self.store, at) {
            return Ok(Standing::Damage);
        }
        let mut found = Standing::NoRecord;
        let parts = Frame { address: at, header, body: &body }.parts(&self.store, |part| {
            if matches!(part, Part::Record { address: starts, .. } if starts == address) {
                found = Standing::Record;
            }
        });
        Ok(if parts.is_ok() { found } else { Standing::Damage })
    }
}
