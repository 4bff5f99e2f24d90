//! A few bytes of a segment held in memory, so that neighbours are read together.

use std::io;

use super::Segment;
use super::bytes::{narrow, wide};

/// One stretch of one segment.
#[derive(Debug)]
pub(crate) struct Window {
    segment: u64,
    start: u64,
    bytes: Vec<u8>,
    ahead: usize,
}

impl Window {
    /// For one record, here and there.
    pub(crate) const NEAR: usize = 4 << 10;
    /// For many records that follow one another.
    const FAR: usize = 64 << 10;
    /// For whole segments.
    pub(crate) const WHOLE: usize = 1 << 20;

    /// How far to read ahead for so many records that follow one another. What is read for nothing
    /// costs as much as what is wanted: one record is the usual question.
    pub(crate) fn for_records(count: usize) -> usize {
        count.saturating_mul(1 << 10).clamp(Self::NEAR, Self::FAR)
    }

    pub(crate) fn new(ahead: usize) -> Self {
        Self { segment: 0, start: 0, bytes: Vec::new(), ahead }
    }

    /// The bytes at `offset`; fewer than `length` only at the end of the file.
    pub(crate) fn get(
        &mut self,
        segment: &Segment,
        offset: u64,
        length: usize,
    ) -> io::Result<&[u8]> {
        let end = offset + wide(length);
        let has = self.segment == segment.header.number
            && self.start <= offset
            && end <= self.start + wide(self.bytes.len());
        if !has {
            let mut wanted = length.max(self.ahead);
            if wanted > Self::FAR {
                // No more than there is: a short segment is opened as often as a long one.
                let left = segment.file.length()?.saturating_sub(offset);
                wanted = narrow(wide(wanted).min(left));
            }
            self.bytes.resize(wanted, 0);
            self.segment = segment.header.number;
            self.start = offset;
            let read = segment.file.read_at(&mut self.bytes, offset);
            self.bytes.truncate(*read.as_ref().unwrap_or(&0));
            read?;
        }
        let from = narrow(offset - self.start);
        let bytes = self.bytes.get(from..).unwrap_or_default();
        Ok(bytes.get(..length).unwrap_or(bytes))
    }
}
