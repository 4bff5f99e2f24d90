//! What an attachment is, told by its content: its first bytes, and that it has the structure of
//! its type from beginning to end. A name or a claimed type is never asked.
//!
//! This keeps out what is plainly something else, or cut off. It does not prove that a file is
//! harmless: whoever opens it does so with a program that expects the worst.

use domain::person::attachment::MediaType;

/// Why content is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Its beginning is that of no type that is taken.
    #[error("it is no PDF, JPEG, PNG or ANSI/NIST file")]
    UnknownType,
    /// It begins as its type does and does not go on so.
    #[error("it begins as a file of its type, and is damaged or cut off")]
    Damaged,
}

/// Bytes at the end of a PDF among which its end mark stands.
const TAIL_BYTES: usize = 1024;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
const PDF: &[u8] = b"%PDF-";
/// How the first field of an ANSI/NIST file is written, by older and newer versions.
const NIST: [&[u8]; 2] = [b"1.001:", b"1.01:"];

/// Looks at content piece by piece, holding no more than the first record of an ANSI/NIST file.
#[derive(Debug, Default)]
pub struct Inspector {
    walk: Option<Walk>,
    /// Bytes that the walk has not taken yet.
    rest: Vec<u8>,
    /// How many of them the walk has taken within this push. They go all at once: one by one, a
    /// file of nothing but small elements would cost its length squared.
    at: usize,
    tail: Vec<u8>,
    /// Bytes that the walk passes over.
    skip: u64,
}

/// How far the structure of a type has been followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Walk {
    Pdf,
    /// Segments of a JPEG, up to its picture.
    JpegSegments,
    /// The picture of a JPEG, up to the end.
    JpegPicture,
    /// Chunks of a PNG; the first one describes the picture.
    Png {
        first: bool,
    },
    /// After the last chunk of a PNG nothing follows.
    PngEnded,
    /// The first record of an ANSI/NIST file.
    NistFirst,
    /// What follows it.
    Nist,
    Damaged,
}

impl Inspector {
    /// Looks at the next bytes.
    ///
    /// # Errors
    /// Its beginning is that of no type that is taken: no more need be sent.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NotTaken> {
        self.keep_tail(bytes);
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= skipped as u64;
        let bytes = bytes.get(skipped..).unwrap_or_default();
        match self.walk {
            // Nothing more is looked for but the end.
            Some(Walk::Pdf | Walk::JpegPicture | Walk::Nist | Walk::Damaged) => return Ok(()),
            Some(Walk::PngEnded) => {
                if !bytes.is_empty() {
                    self.walk = Some(Walk::Damaged);
                }
                return Ok(());
            }
            Some(Walk::JpegSegments | Walk::Png { .. } | Walk::NistFirst) | None => {}
        }
        self.rest.extend_from_slice(bytes);
        if self.walk.is_none() && self.rest.len() >= PNG.len() {
            self.begin()?;
        }
        while let Some(walk) = self.walk
            && self.step(walk)
        {}
        self.rest.drain(..self.at.min(self.rest.len()));
        self.at = 0;
        Ok(())
    }

    /// Says what it was, once everything was pushed.
    ///
    /// # Errors
    /// No type that is taken, or damaged.
    pub fn finish(mut self) -> Result<MediaType, NotTaken> {
        if self.walk.is_none() {
            self.begin()?;
        }
        let tail = self.tail.as_slice();
        let holds = |mark: &[u8]| tail.windows(mark.len()).any(|bytes| bytes == mark);
        let (media_type, whole) = match self.walk {
            Some(Walk::Pdf) => (MediaType::Pdf, holds(b"startxref") && holds(b"%%EOF")),
            Some(Walk::JpegPicture) => (MediaType::Jpeg, tail.ends_with(b"\xff\xd9")),
            Some(Walk::PngEnded) => (MediaType::Png, self.skip == 0 && self.here().is_empty()),
            Some(Walk::Nist) => (MediaType::AnsiNist, tail.ends_with(&[SEPARATOR_FILE])),
            Some(Walk::JpegSegments | Walk::Png { .. } | Walk::NistFirst | Walk::Damaged)
            | None => return Err(NotTaken::Damaged),
        };
        if whole { Ok(media_type) } else { Err(NotTaken::Damaged) }
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(
            bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..).unwrap_or_default(),
        );
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
    }

    /// Tells the type by the first bytes.
    fn begin(&mut self) -> Result<(), NotTaken> {
        let rest = self.rest.as_slice();
        let (walk, taken) = if rest.starts_with(PNG) {
            (Walk::Png { first: true }, PNG.len())
        } else if rest.starts_with(JPEG) {
            (Walk::JpegSegments, 2)
        } else if rest.starts_with(PDF) {
            (Walk::Pdf, rest.len())
        } else if NIST.iter().any(|start| rest.starts_with(start)) {
            (Walk::NistFirst, 0)
        } else {
            return Err(NotTaken::UnknownType);
        };
        self.walk = Some(walk);
        self.rest.drain(..taken);
        Ok(())
    }

    /// Follows the structure by one element; whether there may be another one.
    fn step(&mut self, walk: Walk) -> bool {
        match walk {
            Walk::JpegSegments => self.jpeg_segment(),
            Walk::Png { first } => self.png_chunk(first),
            Walk::NistFirst => self.nist_first(),
            Walk::Pdf | Walk::JpegPicture | Walk::PngEnded | Walk::Nist | Walk::Damaged => {
                self.rest.clear();
                false
            }
        }
    }

    /// A segment of a JPEG: a mark, a length that counts itself, content.
    fn jpeg_segment(&mut self) -> bool {
        let Some([0xff, mark, high, low]) = self.here().first_chunk::<4>().copied() else {
            if self.here().len() >= 4 {
                self.damaged();
            }
            return false;
        };
        let length = u64::from(u16::from_be_bytes([high, low]));
        if mark == 0xff {
            // Any mark may have more of these before it.
            return self.pass(1);
        }
        // Marks without content do not stand here, and each length counts its own two bytes.
        if !(0xc0..=0xfe).contains(&mark) || (0xd0..=0xd9).contains(&mark) || length < 2 {
            return self.damaged();
        }
        if mark == 0xda {
            self.walk = Some(Walk::JpegPicture);
            self.rest.clear();
            return false;
        }
        self.pass(2 + length)
    }

    /// A chunk of a PNG: a length, a type, content, a checksum.
    fn png_chunk(&mut self, first: bool) -> bool {
        let Some(head) = self.here().first_chunk::<8>().copied() else { return false };
        let [a, b, c, d, kind @ ..] = head;
        let length = u32::from_be_bytes([a, b, c, d]);
        let fits = kind.iter().all(u8::is_ascii_alphabetic) && length <= i32::MAX.unsigned_abs();
        if !fits || first != (&kind == b"IHDR") || (first && length != 13) {
            return self.damaged();
        }
        let ended = &kind == b"IEND";
        if ended && length != 0 {
            return self.damaged();
        }
        self.walk = Some(if ended { Walk::PngEnded } else { Walk::Png { first: false } });
        let more = self.pass(12 + u64::from(length));
        if more && ended { self.damaged() } else { more }
    }

    /// Passes over bytes, those that are there and those that come; whether some are left.
    fn pass(&mut self, count: u64) -> bool {
        let here = usize::try_from(count).unwrap_or(usize::MAX).min(self.here().len());
        self.at += here;
        self.skip = count - here as u64;
        self.skip == 0 && !self.here().is_empty()
    }

    /// Bytes that the walk has not taken yet.
    fn here(&self) -> &[u8] {
        self.rest.get(self.at..).unwrap_or_default()
    }

    /// The first record of an ANSI/NIST file: where it says that it ends, it does, and it names its
    /// version and what the file holds.
    fn nist_first(&mut self) -> bool {
        let length = match nist_length(&self.rest) {
            Some(length) if length <= NIST_FIRST_BYTES_MAX => length,
            None if self.rest.len() < NIST_LENGTH_BYTES_MAX => return false,
            Some(_) | None => return self.damaged(),
        };
        let Some(record) = self.rest.get(..length) else { return false };
        let named = |names: [&[u8]; 2]| {
            let mut fields = record.split(|byte| *byte == SEPARATOR_GROUP);
            fields.any(|field| names.iter().any(|name| field.starts_with(name)))
        };
        let whole = record.ends_with(&[SEPARATOR_FILE])
            && named([b"1.002:", b"1.02:"])
            && named([b"1.003:", b"1.03:"]);
        if !whole {
            return self.damaged();
        }
        self.walk = Some(Walk::Nist);
        self.rest.clear();
        false
    }

    fn damaged(&mut self) -> bool {
        self.walk = Some(Walk::Damaged);
        self.rest.clear();
        false
    }
}

const SEPARATOR_FILE: u8 = 0x1c;
const SEPARATOR_GROUP: u8 = 0x1d;

/// Most bytes of the first record of an ANSI/NIST file: it only lists the others.
const NIST_FIRST_BYTES_MAX: usize = 64 << 10;
/// Bytes within which its first field, the length, ends.
const NIST_LENGTH_BYTES_MAX: usize = 16;

/// The length that the first record of an ANSI/NIST file gives itself, in its first field.
fn nist_length(bytes: &[u8]) -> Option<usize> {
    let digits = NIST.iter().find_map(|start| bytes.strip_prefix(*start))?;
    let end = digits.iter().take(NIST_LENGTH_BYTES_MAX).position(|it| *it == SEPARATOR_GROUP)?;
    let digits = digits.get(..end).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}
