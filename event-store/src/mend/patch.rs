//! Whole frames in the place of damaged ones: each segment is made anew beside the old one, and
//! renamed into its place.

use std::io;
use std::sync::Arc;

use super::{MendError, Stretch};
use crate::backup::{self, failed};
use crate::disk::{Disk, DiskFile};
use crate::journal::bytes::{narrow, wide};
use crate::journal::frame::{Decoded, Frame, HEADER_LENGTH, Header, StoreId};
use crate::journal::seal::{self, Footer};
use crate::journal::{Journal, JournalError, Mark, Segment, segment};
use crate::record::Position;

/// A frame as it was written first.
pub(super) struct Patch {
    /// The number of its segment.
    pub(super) segment: u64,
    pub(super) start: Mark,
    pub(super) bytes: Vec<u8>,
    /// Records in it that had perished.
    pub(super) filled: u64,
}

impl Patch {
    pub(super) fn as_frame(&self, store: &StoreId) -> Option<Frame<'_>> {
        let address = self.start.address;
        let Decoded::Frame(header) = Header::decode(&self.bytes, store, address) else {
            return None;
        };
        Some(Frame { address, header, body: self.bytes.get(HEADER_LENGTH..)? })
    }
}

/// A file as it will be.
#[derive(Debug)]
pub(super) struct Patched<'a> {
    file: Arc<dyn DiskFile>,
    /// Places and bytes.
    patches: Vec<(u64, &'a [u8])>,
}

impl<'a> Patched<'a> {
    pub(super) fn with(file: Arc<dyn DiskFile>, at: u64, bytes: &'a [u8]) -> Self {
        Self { file, patches: vec![(at, bytes)] }
    }

    fn length(&self) -> io::Result<u64> {
        let ends = self.patches.iter().map(|(at, bytes)| at + wide(bytes.len()));
        Ok(self.file.length()?.max(ends.max().unwrap_or_default()))
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.file.read_at(buffer, offset)?;
        let left = narrow(self.length()?.saturating_sub(offset).min(wide(buffer.len())));
        // A file that was cut goes on with zeros, and with what is put there.
        buffer.get_mut(read..left).unwrap_or_default().fill(0);
        let end = offset + wide(left);
        for (at, bytes) in &self.patches {
            let from = (*at).max(offset);
            let to = (at + wide(bytes.len())).min(end);
            if from < to {
                let source = bytes.get(narrow(from - at)..narrow(to - at)).unwrap_or_default();
                let target = buffer.get_mut(narrow(from - offset)..narrow(to - offset));
                target.unwrap_or_default().copy_from_slice(source);
            }
        }
        Ok(left)
    }
}

/// Writes whole frames where damaged ones stand. Before anything is written, each full segment is
/// held to its footer, if that is good: it was taken of the very bytes. *A crash* leaves the old
/// segment, or the new one; what was mended before it stays.
pub(super) fn apply(journal: &Journal, patches: &[Patch]) -> Result<(), MendError> {
    let mut segments = journal.segments();
    segments.retain(|it| patches.iter().any(|patch| patch.segment == it.header.number));
    let ends = journal.full_segments();
    for segment in &segments {
        let number = segment.header.number;
        let end = ends.iter().find(|(it, _)| it.header.number == number);
        if let Some((_, end)) = end {
            check_footer(journal, segment, *end, &patched(segment, patches))?;
        }
    }
    for segment in &segments {
        write(&*journal.disk, segment.header.number, &patched(segment, patches))?;
    }
    Ok(())
}

fn patched<'a>(segment: &Segment, patches: &'a [Patch]) -> Patched<'a> {
    let own = patches.iter().filter(|patch| patch.segment == segment.header.number);
    let own = own.map(|it| (it.start.address - segment.header.base, it.bytes.as_slice()));
    Patched { file: Arc::clone(&segment.file), patches: own.collect() }
}

fn check_footer(
    journal: &Journal,
    segment: &Segment,
    end: Mark,
    patched: &Patched<'_>,
) -> Result<(), MendError> {
    let Footer::Good(footer) = seal::footer(journal, segment, end)? else {
        return Ok(());
    };
    let length = end.address - segment.header.base;
    let read = |buffer: &mut [u8], at| patched.read_at(buffer, at);
    let digest = seal::digest_of(read, length, |_, _| Ok(()));
    let number = segment.header.number;
    match digest.map_err(JournalError::reading(number))? == footer.digest {
        true => Ok(()),
        false => Err(MendError::Beyond {
            what: "damage that no checksum shows, before a footer",
            file: segment::path(number),
            offset: length,
            stretch: Stretch {
                from: Some(Position(segment.header.first_position)),
                before: Some(Position(end.position)),
            },
        }),
    }
}

/// Makes a segment anew. *A crash* leaves the old one, or the new one; so does a read that lies.
pub(super) fn write(disk: &dyn Disk, number: u64, patched: &Patched<'_>) -> Result<(), MendError> {
    let path = segment::path(number);
    let length = patched.length().map_err(failed("read", &path))?;
    let read = |buffer: &mut [u8], at| patched.read_at(buffer, at);
    backup::replace(disk, &path, |file| {
        seal::copy_and_compare(read, (file, 0), length).map_err(failed("copy", &path))
    })?;
    Ok(())
}
