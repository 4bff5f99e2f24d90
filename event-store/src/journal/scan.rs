//! Reading the journal frame by frame, and finding its end.
//!
//! A frame is written only after the one before it was synced. So what a crash leaves behind is
//! at most one broken frame, after which nothing was ever written: a *torn tail*. A broken frame
//! with a later frame behind it cannot come from a crash, and is corruption.

use super::bytes::{narrow, wide};
use super::frame::{Decoded, Frame, HEADER_LENGTH, Header};
use super::{Journal, JournalError, Mark, Segment, Window, frame, seal};

/// A walk over the frames from a mark on.
pub(crate) struct Scan<'a> {
    journal: &'a Journal,
    segments: std::vec::IntoIter<Segment>,
    segment: Segment,
    next_base: Option<u64>,
    window: Window,
    mark: Mark,
    tail: Tail,
}

/// What a scan has found at the end of the journal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tail {
    /// Address of the last frame, if the last segment has one.
    pub(crate) last_frame: Option<u64>,
    /// Bytes from the end up to the last one that is not zero.
    pub(crate) torn_bytes: u64,
}

impl<'a> Scan<'a> {
    /// From a mark that lies at the start of a segment or between two frames.
    pub(crate) fn from(journal: &'a Journal, mark: Mark) -> Self {
        let mut segments = journal.segments();
        let first = journal.segment_at(mark.address);
        segments.retain(|segment| segment.header.number > first.header.number);
        let mark = journal.past_header(mark);
        let mut scan = Self {
            journal,
            segments: segments.into_iter(),
            segment: first,
            next_base: None,
            window: Window::new(Window::WHOLE),
            mark,
            tail: Tail::default(),
        };
        scan.look_ahead();
        scan
    }

    /// Where the scan stands: after its end, the end of the journal.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Only after the end.
    pub(crate) fn tail(&self) -> Tail {
        self.tail
    }

    /// The next good frame; `None` at the end of the journal.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'_>>, JournalError> {
        while self.next_base == Some(self.mark.address) {
            self.next_segment()?;
        }
        let offset = self.mark.address - self.segment.header.base;
        let number = self.segment.header.number;
        let bytes = self.window.get(&self.segment, offset, HEADER_LENGTH);
        let bytes = bytes.map_err(JournalError::reading(number))?;
        let header = match Header::decode(bytes, &self.journal.store, self.mark.address) {
            Decoded::Frame(header) => header,
            Decoded::UnknownKind(found) => return Err(JournalError::Newer { found }),
            Decoded::Broken => return self.end(offset, "a broken frame header").map(|()| None),
        };
        if header.sequence != self.mark.sequence || header.first_position != self.mark.position {
            return Err(self.corrupt(offset, "a frame that does not follow on"));
        }
        let body_length = narrow(u64::from(header.body_length));
        let length = HEADER_LENGTH + body_length;
        let end = header.end(self.mark.address).address;
        if self.next_base.is_some_and(|base| end > base) {
            return Err(self.corrupt(offset, "a frame longer than its segment"));
        }
        let bytes = self.window.get(&self.segment, offset, length);
        let bytes = bytes.map_err(JournalError::reading(number))?;
        let body = bytes.get(HEADER_LENGTH..).unwrap_or_default();
        let good = body.len() == body_length
            && header.covers(body, &self.journal.store, self.mark.address);
        if !good {
            return self.end_at_body(offset, header).map(|()| None);
        }
        let address = self.mark.address;
        self.mark = header.end(address);
        self.tail.last_frame = Some(address);
        // Taken again, because the borrow above ends with the checks; the window still has it.
        let bytes = self.window.get(&self.segment, offset, length);
        let bytes = bytes.map_err(JournalError::reading(number))?;
        let body = bytes.get(HEADER_LENGTH..).unwrap_or_default();
        Ok(Some(Frame { address, header, body }))
    }

    fn look_ahead(&mut self) {
        self.next_base = self.segments.as_slice().first().map(|next| next.header.base);
    }

    fn next_segment(&mut self) -> Result<(), JournalError> {
        let offset = self.mark.address - self.segment.header.base;
        // What stands in the place of a footer, good or not, is looked at by whoever seals.
        let end = match self.segment.header.has_footer() {
            true => offset + wide(seal::LENGTH),
            false => offset,
        };
        if self.journal.used_length(&self.segment, end)? > end {
            return Err(self.corrupt(end, "bytes after the end of a sealed segment"));
        }
        let next = self.segments.next().expect("there is a next base");
        let start = next.start();
        if (start.sequence, start.position) != (self.mark.sequence, self.mark.position) {
            return Err(self.corrupt(offset, "a segment that does not continue its predecessor"));
        }
        self.segment = next;
        self.mark = start;
        self.tail.last_frame = None;
        self.look_ahead();
        Ok(())
    }

    /// There is no good frame header here: the end, a torn tail, or corruption.
    fn end(&mut self, offset: u64, what: &'static str) -> Result<(), JournalError> {
        let used = self.journal.used_length(&self.segment, offset)?;
        let found = self.next_frame(offset, used)?;
        if self.next_base.is_none() && found.is_none() {
            self.tail.torn_bytes = used - offset;
            return Ok(());
        }
        let next_segment = self.segments.as_slice().first();
        let next_segment = next_segment.map(|next| next.header.first_position);
        let upto = found.flatten().or(next_segment);
        Err(match self.corrupt(offset, what) {
            JournalError::Corrupt { segment, offset, what, log, position, .. } => {
                JournalError::Corrupt { segment, offset, what, log, position, upto }
            }
            other @ (JournalError::Io { .. } | JournalError::Newer { .. }) => other,
        })
    }

    /// The body does not fit its header. If that is corruption, says which record it hit.
    fn end_at_body(&mut self, offset: u64, header: Header) -> Result<(), JournalError> {
        let Err(error) = self.end(offset, "a broken frame") else {
            return Ok(());
        };
        let length = HEADER_LENGTH + narrow(u64::from(header.body_length));
        let bytes = self.window.get(&self.segment, offset, length).unwrap_or_default();
        let body = bytes.get(HEADER_LENGTH..).unwrap_or_default();
        let frame = Frame { address: self.mark.address, header, body };
        let Err(bad) = frame.parts(&self.journal.store, |_| ()) else {
            return Err(error);
        };
        Err(self.journal.bad_part(&header, bad))
    }

    /// Whether a frame of ours stands anywhere after `offset`, and its first position.
    fn next_frame(&mut self, offset: u64, used: u64) -> Result<Option<Option<u64>>, JournalError> {
        let number = self.segment.header.number;
        let mut at = offset + frame::ALIGNMENT;
        while at < used {
            let bytes = self.window.get(&self.segment, at, HEADER_LENGTH);
            let bytes = bytes.map_err(JournalError::reading(number))?;
            let address = self.segment.header.base + at;
            if bytes.starts_with(&frame::MAGIC) {
                match Header::decode(bytes, &self.journal.store, address) {
                    Decoded::Frame(header) => return Ok(Some(Some(header.first_position))),
                    Decoded::UnknownKind(_) => return Ok(Some(None)),
                    Decoded::Broken => {}
                }
            }
            at += frame::ALIGNMENT;
        }
        Ok(None)
    }

    fn corrupt(&self, offset: u64, what: &'static str) -> JournalError {
        JournalError::Corrupt {
            segment: self.segment.header.number,
            offset,
            what,
            log: None,
            position: Some(self.mark.position),
            upto: None,
        }
    }
}
