//! The journal: segment files read by address, and scanned frame by frame.
//!
//! Not here: writing (`journal/write.rs`), the bytes of a frame (`journal/frame.rs`).

mod astray;
pub(crate) mod bytes;
pub(crate) mod frame;
pub(crate) mod scan;
pub(crate) mod seal;
pub(crate) mod segment;
mod shelf;
pub(crate) mod spare;
mod window;
pub(crate) mod write;

use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

pub(crate) use self::astray::Standing;
use self::bytes::{narrow, wide};
use self::frame::{RecordView, StoreId};
use self::shelf::Shelf;
use self::spare::Spare;
pub(crate) use self::window::Window;
use crate::disk::{Disk, DiskFile};

/// Where the journal stands between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Address of the next frame.
    pub(crate) address: u64,
    /// Number of the next frame.
    pub(crate) sequence: u64,
    /// Position of the next record.
    pub(crate) position: u64,
}

impl Mark {
    /// Where every journal begins.
    pub(crate) const START: Self =
        Self { address: segment::HEADER_LENGTH as u64, sequence: 0, position: 0 };
}

/// Why the journal cannot be read.
#[derive(Debug, Error)]
pub(crate) enum JournalError {
    #[error("could not {doing} `{file}`")]
    Io { doing: &'static str, file: String, source: io::Error },
    #[error("{what} in segment {segment} at offset {offset}")]
    Corrupt {
        segment: u64,
        offset: u64,
        what: &'static str,
        log: Option<crate::LogName>,
        /// The first record that is affected.
        position: Option<u64>,
        /// The first after it that is not.
        upto: Option<u64>,
    },
    #[error("format {found} is newer than this program")]
    Newer { found: u32 },
}

impl JournalError {
    /// For `map_err`: what was being done, and to which file.
    pub(crate) fn io(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, file: file.to_owned(), source }
    }

    /// For `map_err`: reading a segment. The name is made only when it is needed.
    pub(crate) fn reading(number: u64) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing: "read", file: segment::path(number), source }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) header: segment::Header,
    pub(crate) file: Arc<dyn DiskFile>,
}

impl Segment {
    /// Where its first frame starts.
    pub(crate) fn start(&self) -> Mark {
        Mark {
            address: self.header.base + wide(segment::HEADER_LENGTH),
            sequence: self.header.first_sequence,
            position: self.header.first_position,
        }
    }

    /// Where the segment before it ends.
    pub(crate) fn before(&self) -> Mark {
        Mark {
            address: self.header.base,
            sequence: self.header.first_sequence,
            position: self.header.first_position,
        }
    }
}

/// All segments of a store, for reading.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store: StoreId,
    // Only grows, and only by the writer, which holds a segment durable before it stands here.
    segments: RwLock<Vec<Segment>>,
    shelf: Arc<Shelf>,
    pub(crate) spare: Spare,
}

impl Journal {
    /// Opens the segments that are there; `None` if there are none.
    pub(crate) fn open(disk: &Arc<dyn Disk>) -> Result<Option<Self>, JournalError> {
        let names = disk.list(segment::DIR).map_err(JournalError::io("list", segment::DIR))?;
        let mut numbers: Vec<u64> =
            names.iter().filter_map(|name| segment::number_of(name)).collect();
        numbers.sort_unstable();

        let shelf = Shelf::new(disk);
        let kept_open = wide(numbers.len().saturating_sub(shelf::KEPT_OPEN))..;
        let mut segments: Vec<Segment> = Vec::with_capacity(numbers.len());
        for (expected, number) in (0..).zip(numbers) {
            let corrupt = |what| JournalError::Corrupt {
                segment: expected,
                offset: 0,
                what,
                log: None,
                position: segments.last().map(|last| last.header.first_position),
                upto: None,
            };
            if number != expected {
                return Err(corrupt("a missing segment"));
            }
            let path = segment::path(number);
            let file = disk.open(&path).map_err(JournalError::io("open", &path))?;
            let file = file.ok_or_else(|| corrupt("a missing segment"))?;
            let mut bytes = [0; segment::HEADER_LENGTH];
            let read = file.read_at(&mut bytes, 0).map_err(JournalError::io("read", &path))?;
            let header = match segment::Header::decode(bytes.get(..read).unwrap_or_default()) {
                Ok(header) => header,
                Err(segment::Wrong::Newer(found)) => return Err(JournalError::Newer { found }),
                Err(segment::Wrong::Broken) => return Err(corrupt("a broken segment header")),
            };
            let follows = match segments.last() {
                None => header.base == 0 && header.first_position == 0,
                Some(last) => {
                    header.store == last.header.store
                        && header.base > last.header.base
                        && header.first_sequence > last.header.first_sequence
                        && header.first_position >= last.header.first_position
                }
            };
            if header.number != number || !follows {
                return Err(corrupt("a segment that does not follow on"));
            }
            let file = if kept_open.contains(&number) { file } else { shelf.file(number) };
            segments.push(Segment { header, file });
        }
        Ok(Self::over(disk, segments, shelf))
    }

    /// Some segments of a store, which follow on; `None` if there are none.
    pub(crate) fn of(disk: &Arc<dyn Disk>, segments: Vec<Segment>) -> Option<Self> {
        Self::over(disk, segments, Shelf::new(disk))
    }

    fn over(disk: &Arc<dyn Disk>, segments: Vec<Segment>, shelf: Arc<Shelf>) -> Option<Self> {
        let store = segments.first()?.header.store;
        let disk = Arc::clone(disk);
        let (segments, spare) = (RwLock::new(segments), Spare::default());
        Some(Self { disk, store, segments, shelf, spare })
    }

    pub(crate) fn segments(&self) -> Vec<Segment> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The segments before the last, and where each ends.
    pub(crate) fn full_segments(&self) -> Vec<(Segment, Mark)> {
        let segments = self.segments();
        segments.iter().cloned().zip(segments.iter().skip(1).map(Segment::before)).collect()
    }

    pub(crate) fn last(&self) -> Segment {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        segments.last().expect("a journal has a segment").clone()
    }

    /// The address after the last byte of the last segment, its zeros included.
    pub(crate) fn length(&self) -> io::Result<u64> {
        let last = self.last();
        Ok(last.header.base + last.file.length()?)
    }

    fn push(&self, segment: Segment) {
        let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
        segments.push(segment);
        let old = segments.len().checked_sub(shelf::KEPT_OPEN + 1);
        if let Some(old) = old.and_then(|at| segments.get_mut(at)) {
            old.file = self.shelf.file(old.header.number);
        }
    }

    /// The segment that an address lies in.
    pub(crate) fn segment_at(&self, address: u64) -> Segment {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let after = segments.partition_point(|segment| segment.header.base <= address);
        let found = segments.get(after.saturating_sub(1));
        found.expect("the first segment starts at address 0").clone()
    }

    /// The same mark, past the header if it stands at the very start of a segment.
    pub(crate) fn past_header(&self, mark: Mark) -> Mark {
        let start = self.segment_at(mark.address);
        if start.header.base == mark.address { start.start() } else { mark }
    }

    /// A part of a good frame that its header promised otherwise.
    pub(crate) fn bad_part(&self, header: &frame::Header, bad: frame::BadPart) -> JournalError {
        let segment = self.segment_at(bad.address);
        JournalError::Corrupt {
            segment: segment.header.number,
            offset: bad.address - segment.header.base,
            what: "a broken frame",
            position: Some(header.first_position + bad.record.unwrap_or(0)),
            upto: Some(header.first_position + u64::from(header.records)),
            log: bad.log,
        }
    }

    /// Where a committed frame should stand and none does.
    pub(crate) fn damaged(&self, at: Mark, end: Mark) -> JournalError {
        let segment = self.segment_at(at.address);
        JournalError::Corrupt {
            segment: segment.header.number,
            offset: at.address - segment.header.base,
            what: "a broken frame",
            log: None,
            position: Some(at.position),
            upto: Some(end.position),
        }
    }

    /// Has the records at these addresses fetched at the same time, where they lie apart: read one
    /// after the other, each would wait for the disk alone.
    pub(crate) fn will_read(&self, addresses: &[u64]) {
        let near = wide(Window::NEAR);
        let mut fetched = 0;
        for address in addresses {
            if *address >= fetched {
                let segment = self.segment_at(*address);
                segment.file.will_read(address - segment.header.base, near);
                fetched = address.saturating_add(near);
            }
        }
    }

    /// Looks at the record at an address, and checks that it is intact.
    pub(crate) fn with_record<T>(
        &self,
        address: u64,
        window: &mut Window,
        look: impl FnOnce(&RecordView<'_>, usize) -> T,
    ) -> Result<T, JournalError> {
        let segment = self.segment_at(address);
        let offset = address - segment.header.base;
        let number = segment.header.number;
        let corrupt = || JournalError::Corrupt {
            segment: number,
            offset,
            what: "a broken record",
            log: None,
            position: None,
            upto: None,
        };
        let read = || {
            let start = window.get(&segment, offset, 4)?;
            let Some(length) = frame::stored_record_length(start) else {
                return Ok(None);
            };
            let bytes = window.get(&segment, offset, length)?;
            let record = RecordView::decode(bytes, &self.store, address);
            Ok(record.map(|record| look(&record, length)))
        };
        read().map_err(JournalError::reading(number))?.ok_or_else(corrupt)
    }

    /// The last byte of a segment that is not zero, from `offset` on: its offset + 1, or `offset`.
    pub(crate) fn used_length(&self, segment: &Segment, offset: u64) -> Result<u64, JournalError> {
        const STEP: usize = 64 << 10;
        let mut used = offset;
        let mut at = offset;
        let mut bytes = vec![0; STEP];
        loop {
            let read = segment.file.read_at(&mut bytes, at);
            let read = read.map_err(JournalError::reading(segment.header.number))?;
            let seen = bytes.get(..read).unwrap_or_default();
            if let Some(last) = seen.iter().rposition(|byte| *byte != 0) {
                used = at + wide(last) + 1;
            }
            at += wide(read);
            if read < STEP {
                return Ok(used);
            }
        }
    }
}

/// The length of a frame whose parts take `content` bytes.
pub(crate) fn frame_length(content: usize) -> usize {
    frame::HEADER_LENGTH + content.next_multiple_of(narrow(frame::ALIGNMENT))
}
