//! Writing the journal: room first, then a frame, then its sync. Only the writer thread does it.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::sync::{Arc, RwLock};

use super::bytes::{narrow, wide};
use super::frame::{Decoded, StoreId};
use super::scan::{Scan, Tail};
use super::shelf::Shelf;
use super::spare::{Spare, Zeros};
use super::{Journal, JournalError, Mark, Segment, frame, segment};
use crate::disk::{Disk, DiskFile, Shortage};
use crate::mutant::{self, Mutant};

/// Zeros that are written at once.
pub(super) const ZEROS_STEP: usize = 1 << 20;

/// How large segments are and how they grow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// A segment that would grow beyond it is sealed.
    pub(crate) segment_bytes: u64,
    /// How far ahead of the frames zeros are written.
    pub(crate) ahead_bytes: u64,
    /// What is left free of the disk.
    pub(crate) reserve_bytes: u64,
}

/// Why a frame was not written.
pub(crate) enum WriteError {
    /// No room could be made; nothing has changed.
    Short(Shortage),
    /// What the disk holds now is not known.
    Failed(JournalError),
}

impl From<JournalError> for WriteError {
    fn from(error: JournalError) -> Self {
        Self::Failed(error)
    }
}

/// The end of the journal, and the only one who moves it.
#[derive(Debug)]
pub(crate) struct JournalWriter {
    journal: Arc<Journal>,
    sizes: Sizes,
    segment: Segment,
    mark: Mark,
    /// Up to here the last segment is filled with zeros, durably.
    allocated: u64,
    /// Where the journal ended when the disk had no room for zeros that nobody needed yet.
    refused_at: Option<u64>,
    /// Segments that are full, and where they end, until somebody takes them to be sealed.
    full: Vec<(Segment, Mark)>,
}

impl Journal {
    /// Founds a journal: its id and its first segment.
    pub(crate) fn create(disk: &Arc<dyn Disk>, sizes: Sizes) -> Result<Self, JournalError> {
        let header = segment::Header {
            version: segment::VERSION,
            store: random_id(),
            number: 0,
            base: 0,
            first_position: 0,
            first_sequence: 0,
        };
        let segment = create_segment(&**disk, header, sizes, None)?;
        let segments = RwLock::new(vec![segment]);
        let (disk, shelf) = (Arc::clone(disk), Shelf::new(disk));
        let spare = Spare::default();
        Ok(Self { disk, store: header.store, segments, shelf, spare })
    }
}

/// Sixteen bytes that no other store has. They need not be secret: `RandomState` is seeded by the
/// operating system.
fn random_id() -> StoreId {
    let half = || RandomState::new().build_hasher().finish();
    ((u128::from(half()) << 64) | u128::from(half())).to_le_bytes()
}

/// Creates a segment under another name, or takes the spare, and renames it when it is durable. A
/// crash leaves either the other name, which the next opening removes, or a segment with a good
/// header.
fn create_segment(
    disk: &dyn Disk,
    header: segment::Header,
    sizes: Sizes,
    spare: Option<Zeros>,
) -> Result<Segment, JournalError> {
    let path = segment::path(header.number);
    let (new, file) = match spare {
        Some(Zeros { path, file, .. }) => (path, file),
        None => {
            let new = format!("{path}{}", segment::NEW);
            let file = disk.create(&new).map_err(JournalError::io("create", &new))?;
            let start = wide(segment::HEADER_LENGTH);
            let end = start.max(sizes.ahead_bytes.min(sizes.segment_bytes));
            write_zeros(&*file, start, end).map_err(JournalError::io("write", &new))?;
            (new, file)
        }
    };
    file.write_at(&header.encode(), 0).map_err(JournalError::io("write", &new))?;
    if !mutant::is(Mutant::RenameBeforeSync) {
        file.sync().map_err(JournalError::io("sync", &new))?;
    }
    disk.rename(&new, &path).map_err(JournalError::io("rename", &new))?;
    disk.sync_dir(segment::DIR).map_err(JournalError::io("sync", segment::DIR))?;
    Ok(Segment { header, file })
}

pub(crate) fn write_zeros(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let step =
        |at: u64| usize::try_from(to.saturating_sub(at)).unwrap_or(usize::MAX).min(ZEROS_STEP);
    let zeros = vec![0; step(from)];
    let mut at = from;
    while at < to {
        let length = step(at);
        file.write_at(zeros.get(..length).unwrap_or_default(), at)?;
        at += wide(length);
    }
    Ok(())
}

/// A read that lied about the last frame would have it taken for torn, and cleared.
fn look_again(journal: &Journal, mark: Mark, tail: Tail) -> Result<(), JournalError> {
    let mut scan = Scan::from(journal, mark);
    let is_frame = scan.next()?.is_some();
    if is_frame || scan.tail().torn_bytes != tail.torn_bytes {
        let segment = journal.segment_at(mark.address);
        return Err(unsteady(&segment, mark.address - segment.header.base));
    }
    Ok(())
}

fn unsteady(segment: &Segment, offset: u64) -> JournalError {
    JournalError::Corrupt {
        segment: segment.header.number,
        offset,
        what: "a frame that reads otherwise each time",
        log: None,
        position: None,
        upto: None,
    }
}

/// Writes a frame once more where it stands. A writer that was killed may not have synced it, and
/// of one whose sync has failed the system may show the bytes without ever storing them; a sync
/// alone would then be none.
fn rewrite(
    journal: &Journal,
    segment: &Segment,
    address: u64,
    end: u64,
) -> Result<(), JournalError> {
    let path = segment::path(segment.header.number);
    let offset = address - segment.header.base;
    let mut frame = vec![0; narrow(end - address)];
    let read = segment.file.read_at(&mut frame, offset);
    let read = read.map_err(JournalError::io("read", &path))?;
    let is_good = || match frame::Header::decode(&frame, &journal.store, address) {
        Decoded::Frame(header) => {
            let body = frame.get(frame::HEADER_LENGTH..).unwrap_or_default();
            header.covers(body, &journal.store, address)
        }
        Decoded::UnknownKind(_) | Decoded::Broken => false,
    };
    // The scan has just found it good.
    if read < frame.len() || !is_good() {
        return Err(unsteady(segment, offset));
    }
    let written = segment.file.write_at(&frame, offset);
    written.map_err(JournalError::io("write", &path))
}

impl JournalWriter {
    /// Takes over at `mark`, where a scan has found the end: clears what was torn behind it, and
    /// makes durable what is about to be built upon.
    ///
    /// A crash on the way leaves another torn tail, which the next opening clears, and of the last
    /// frame nothing but its own bytes, old or new.
    pub(crate) fn new(
        journal: Arc<Journal>,
        sizes: Sizes,
        mark: Mark,
        tail: Tail,
    ) -> Result<Self, JournalError> {
        let segment = journal.last();
        let path = segment::path(segment.header.number);
        let offset = mark.address - segment.header.base;
        if tail.torn_bytes > 0 {
            look_again(&journal, mark, tail)?;
            write_zeros(&*segment.file, offset, offset + tail.torn_bytes)
                .map_err(JournalError::io("write", &path))?;
        }
        if !mutant::is(Mutant::LastFrameNotRewritten)
            && let Some(address) = tail.last_frame
        {
            rewrite(&journal, &segment, address, mark.address)?;
        }
        segment.file.sync().map_err(JournalError::io("sync", &path))?;
        let allocated = segment.file.length().map_err(JournalError::io("read", &path))?;
        let full = journal.full_segments();
        journal.spare.begin(segment.header.number);
        Ok(Self {
            journal,
            sizes,
            segment,
            mark,
            allocated: allocated.max(offset),
            refused_at: None,
            full,
        })
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Full segments that nobody has taken yet.
    pub(crate) fn put_back(&mut self, full: Vec<(Segment, Mark)>) {
        self.full = full;
    }

    /// The segments that have become full, each once; at first, all that are.
    pub(crate) fn take_full(&mut self) -> Vec<(Segment, Mark)> {
        std::mem::take(&mut self.full)
    }

    pub(crate) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Makes room for a frame and says at which address it is to be written.
    pub(crate) fn reserve(&mut self, length: usize) -> Result<u64, WriteError> {
        match self.make_room(length) {
            Err(WriteError::Short(Shortage::Space)) if self.journal.give_up_spare() => {
                self.make_room(length)
            }
            made => made,
        }
    }

    fn make_room(&mut self, length: usize) -> Result<u64, WriteError> {
        let offset = self.offset();
        let is_fresh = offset == wide(segment::HEADER_LENGTH);
        if offset + wide(length) > self.sizes.segment_bytes && !is_fresh {
            self.roll()?;
        }
        let end = self.offset() + wide(length);
        if end > self.allocated {
            let ahead = (self.allocated + self.sizes.ahead_bytes).min(self.sizes.segment_bytes);
            self.grow(ahead.max(end))?;
        }
        Ok(self.mark.address)
    }

    /// Writes a frame where `reserve` said, and syncs it. After an error the writer is not to be
    /// used again: whether the frame is there is not known.
    pub(crate) fn write(&mut self, frame: &[u8], records: u64) -> Result<(), JournalError> {
        let path = segment::path(self.segment.header.number);
        let offset = self.offset();
        let file = &self.segment.file;
        let sync = || file.sync().map_err(JournalError::io("sync", &path));
        if mutant::is(Mutant::SyncBeforeWrite) {
            sync()?;
        }
        file.write_at(frame, offset).map_err(JournalError::io("write", &path))?;
        if !mutant::is(Mutant::NoSync) && !mutant::is(Mutant::SyncBeforeWrite) {
            sync()?;
        }
        self.mark = Mark {
            address: self.mark.address + wide(frame.len()),
            sequence: self.mark.sequence + 1,
            position: self.mark.position + records,
        };
        Ok(())
    }

    fn offset(&self) -> u64 {
        self.mark.address - self.segment.header.base
    }

    fn grow(&mut self, target: u64) -> Result<(), WriteError> {
        let path = segment::path(self.segment.header.number);
        self.check_free(target - self.allocated)?;
        if let Err(error) = write_zeros(&*self.segment.file, self.allocated, target) {
            return Err(match Shortage::of(&error) {
                Some(shortage) => WriteError::Short(shortage),
                None => JournalError::io("write", &path)(error).into(),
            });
        }
        self.segment.file.sync().map_err(JournalError::io("sync", &path))?;
        self.allocated = target;
        Ok(())
    }

    /// How far zeros are wanted in the last segment, before anybody waits for them: as far again as
    /// it is filled. So a small store stays small.
    fn wanted(&self) -> u64 {
        let ahead = self.offset().max(self.sizes.ahead_bytes);
        self.sizes.segment_bytes.min(self.offset() + ahead)
    }

    /// Whether there is a step to be made ahead, for whoever has nothing to write: zeros in the
    /// last segment, or in the spare once that segment is more than half full.
    pub(crate) fn wants_zeros(&self) -> bool {
        let Sizes { segment_bytes, ahead_bytes, .. } = self.sizes;
        let again = |at: u64| self.mark.address >= at + ahead_bytes;
        if !self.refused_at.is_none_or(again) {
            return false;
        }
        let missing = self.wanted().saturating_sub(self.allocated);
        let is_whole = self.allocated >= segment_bytes;
        missing >= ahead_bytes.min(wide(ZEROS_STEP))
            || (missing > 0 && self.wanted() == segment_bytes)
            || (is_whole && 2 * self.offset() > segment_bytes && self.journal.spare.is_wanted())
    }

    /// Makes one step ahead. A crash leaves zeros. After an error the writer is not to be used
    /// again; where there is no room, the step is left.
    pub(crate) fn make_zeros(&mut self) -> Result<(), JournalError> {
        self.refused_at = None;
        let is_here = self.allocated < self.wanted();
        let made = match is_here {
            true => self.grow((self.allocated + wide(ZEROS_STEP)).min(self.wanted())),
            false => self.journal.lengthen_spare(self.sizes),
        };
        match made {
            Ok(()) => Ok(()),
            Err(WriteError::Short(_)) => {
                self.refused_at = Some(self.mark.address);
                Ok(())
            }
            Err(WriteError::Failed(error)) => Err(error),
        }
    }

    /// Whether so many bytes can be taken without touching the reserve.
    fn check_free(&self, bytes: u64) -> Result<(), WriteError> {
        let free = self.journal.disk.free_bytes().map_err(JournalError::io("ask", "."))?;
        match free {
            Some(free) if free < bytes.saturating_add(self.sizes.reserve_bytes) => {
                Err(WriteError::Short(Shortage::Space))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn roll(&mut self) -> Result<(), WriteError> {
        let header = segment::Header {
            version: segment::VERSION,
            store: self.journal.store,
            number: self.segment.header.number + 1,
            base: self.mark.address,
            first_position: self.mark.position,
            first_sequence: self.mark.sequence,
        };
        let spare = self.journal.spare.take();
        if spare.is_none() {
            self.check_free(self.sizes.ahead_bytes)?;
        }
        let segment = match create_segment(&*self.journal.disk, header, self.sizes, spare) {
            Ok(segment) => segment,
            Err(error) => {
                if let JournalError::Io { doing: "write" | "create", file, source } = &error
                    && let Some(shortage) = Shortage::of(source)
                {
                    // It holds no frame, and its room is wanted. If it stays, the next opening
                    // removes it.
                    let _ = self.journal.disk.remove(file);
                    return Err(WriteError::Short(shortage));
                }
                return Err(error.into());
            }
        };
        // The zeros that the sealed segment did not need. If a crash keeps them, no harm is done.
        let path = segment::path(self.segment.header.number);
        let used = self.offset();
        self.segment.file.set_length(used).map_err(JournalError::io("cut", &path))?;
        self.journal.push(segment.clone());
        self.full.push((self.segment.clone(), self.mark));
        self.mark = segment.start();
        self.allocated = segment
            .file
            .length()
            .map_err(JournalError::io("read", &segment::path(header.number)))?;
        self.segment = segment;
        Ok(())
    }
}
