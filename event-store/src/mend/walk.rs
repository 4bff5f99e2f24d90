//! The way through a damaged journal: frame by frame, past what is broken.

use super::broken::{BrokenFrame, Counts};
use super::patch::Patch;
use super::{Filler, MendError, Seen};
use crate::backup::Progress;
use crate::journal::frame::{Frame, Part};
use crate::journal::scan::Scan;
use crate::journal::{Journal, JournalError, Mark, segment};
use crate::record::StoredRecord;

/// One way through all of it.
pub(super) struct Walk<'a> {
    journal: &'a Journal,
    counts: Counts,
}

/// What stands at a place of the journal.
enum Found {
    Broken(Mark),
    End,
}

impl<'a> Walk<'a> {
    pub(super) fn new(journal: &'a Journal) -> Self {
        Self { journal, counts: Counts::default() }
    }

    pub(super) fn survey(mut self, each: &mut dyn FnMut(Seen<'_>)) -> Result<(), MendError> {
        let mut mark = Mark::START;
        loop {
            let mut tell = |record: &StoredRecord| {
                each(Seen::Record(record));
                Ok(())
            };
            match self.good(mark, &mut tell, &mut |_| ())? {
                Found::End => return Ok(()),
                Found::Broken(at) => {
                    let frame = BrokenFrame::read(self.journal, at)?;
                    each(Seen::Broken(&frame.as_seen()));
                    mark = frame.end();
                }
            }
        }
    }

    pub(super) fn mend(
        &mut self,
        filler: &mut dyn Filler,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Vec<Patch>, MendError> {
        let mut patches = Vec::new();
        let mut mark = Mark::START;
        let length = self.journal.length();
        let bytes_total = length.map_err(JournalError::io("read", segment::DIR))?;
        let mut passed = |bytes| progress(Progress { bytes, bytes_total });
        loop {
            let mut tell = |record: &StoredRecord| filler.record(record);
            match self.good(mark, &mut tell, &mut passed)? {
                Found::End => return Ok(patches),
                Found::Broken(at) => {
                    let frame = BrokenFrame::read(self.journal, at)?;
                    let patch = self.fill(&frame, filler)?;
                    let whole = patch.as_frame(&self.journal.store);
                    let whole = whole.ok_or_else(|| frame.beyond("a frame that was not mended"))?;
                    self.frame(&whole, &mut |record| filler.record(record))?;
                    mark = whole.end();
                    patches.push(patch);
                }
            }
        }
    }

    /// The first of what is offered that is what stood there.
    fn fill(&self, frame: &BrokenFrame, filler: &mut dyn Filler) -> Result<Patch, MendError> {
        let seen = frame.as_seen();
        let Some(position) = frame.first_lost() else {
            let patch = frame.made_with(self.journal, &[], &self.counts);
            return patch.ok_or_else(|| {
                frame.beyond("the place of a courier, or what else stands beside the records")
            });
        };
        let offered = filler.fill(&seen).map_err(|reason| MendError::Refused { reason })?;
        let mut made = offered.iter().map(|it| frame.made_with(self.journal, it, &self.counts));
        made.find_map(|patch| patch).ok_or(MendError::Unfilled {
            file: seen.file,
            offset: seen.offset,
            position,
        })
    }

    /// Goes on over frames without damage.
    fn good(
        &mut self,
        from: Mark,
        tell: &mut dyn FnMut(&StoredRecord) -> Result<(), String>,
        passed: &mut dyn FnMut(u64),
    ) -> Result<Found, MendError> {
        let journal = self.journal;
        let mut scan = Scan::from(journal, from);
        loop {
            match scan.next() {
                Ok(Some(frame)) => {
                    self.frame(&frame, tell)?;
                    passed(frame.end().address);
                }
                Ok(None) => return Ok(Found::End),
                Err(error) => {
                    let at = scan.mark();
                    let is_frame = matches!(error, JournalError::Corrupt { .. })
                        && journal.segment_at(at.address).header.base != at.address;
                    return if is_frame { Ok(Found::Broken(at)) } else { Err(error.into()) };
                }
            }
        }
    }

    fn frame(
        &mut self,
        frame: &Frame<'_>,
        tell: &mut dyn FnMut(&StoredRecord) -> Result<(), String>,
    ) -> Result<(), MendError> {
        let mut result = Ok(());
        let counts = &mut self.counts;
        let parts = frame.parts(&self.journal.store, |part| {
            if let Part::Record { record, .. } = part
                && result.is_ok()
            {
                // The name of a log was checked before it was written; `verify` says the rest.
                let Some(record) = record.to_stored() else {
                    return;
                };
                counts.take(&record);
                result = tell(&record).map_err(|reason| MendError::Refused { reason });
            }
        });
        parts.map_err(|bad| self.journal.bad_part(&frame.header, bad))?;
        result
    }
}
