//! What is attached to a statement: scans, photographs, fingerprint files. Here only what is said
//! of it; the content travels apart, sealed.

use std::fmt;

use super::{NAME_CHARS_MAX, Text, Unfit};
use crate::identifier::Digest;

/// Most attachments of one statement.
pub const ATTACHMENTS_MAX: usize = 32;
/// Largest attachment, in bytes.
pub const ATTACHMENT_BYTES_MAX: u64 = 16 << 20;
/// Bytes of every chunk but the last, before sealing.
pub const CHUNK_BYTES: u64 = 256 << 10;
/// Most chunks of all attachments of one statement: their digests must fit into its body.
pub const CHUNKS_MAX: usize = 512;
/// Longest label, in characters.
pub const LABEL_CHARS_MAX: usize = NAME_CHARS_MAX;

/// Names an attachment, within its case. Random: it says nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId([u8; Self::LENGTH]);

impl AttachmentId {
    /// How many bytes an id has.
    pub const LENGTH: usize = 16;
    const PREFIX: &'static str = "att_";

    /// Takes bytes as an id.
    #[must_use]
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// Takes 16 bytes as an id; `None` for any other number.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads a printed id; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::PREFIX)?;
        let lower = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        if digits.len() != 2 * Self::LENGTH || !digits.as_bytes().iter().all(lower) {
            return None;
        }
        u128::from_str_radix(digits, 16).ok().map(|number| Self(number.to_be_bytes()))
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:032x}", Self::PREFIX, u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What an attachment is, as its content shows. Nothing else is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaType {
    /// A document (PDF).
    Pdf,
    /// A photograph or scan (JPEG).
    Jpeg,
    /// A scan (PNG).
    Png,
    /// Fingerprints or other biometrics for exchange (ANSI/NIST-ITL, traditional encoding).
    AnsiNist,
}

impl MediaType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Jpeg, Self::Png, Self::AnsiNist];
}

/// What a statement says of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub id: AttachmentId,
    /// What it is.
    pub media_type: MediaType,
    /// Its size before sealing, in bytes.
    pub bytes: u64,
    /// SHA-256 of it before sealing.
    pub digest: Digest,
    /// SHA-256 of each sealed chunk, in order.
    pub chunks: Vec<Digest>,
    /// For people.
    pub label: Option<Text>,
}

/// How many chunks an attachment of this size has.
#[must_use]
pub const fn chunks_of(bytes: u64) -> u64 {
    bytes.div_ceil(CHUNK_BYTES)
}

/// Whether attachments may stand in one statement together.
///
/// # Errors
/// Too many, too large, or with chunks that do not fit their size.
pub fn check_attachments(attachments: &[Attachment]) -> Result<(), Unfit> {
    if attachments.len() > ATTACHMENTS_MAX {
        return Err(Unfit::MustBeAtMostMany(ATTACHMENTS_MAX));
    }
    let mut chunks = 0;
    for it in attachments {
        if !(1..=ATTACHMENT_BYTES_MAX).contains(&it.bytes) {
            return Err(Unfit::MustBeAtMostBytes(ATTACHMENT_BYTES_MAX));
        }
        if u64::try_from(it.chunks.len()) != Ok(chunks_of(it.bytes)) {
            return Err(Unfit::MustHaveOneChunkForEach(CHUNK_BYTES));
        }
        chunks += it.chunks.len();
    }
    if chunks > CHUNKS_MAX {
        return Err(Unfit::MustBeAtMostMany(CHUNKS_MAX));
    }
    let mut ids: Vec<_> = attachments.iter().map(|it| it.id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < attachments.len() { Err(Unfit::MustNotRepeat) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn attachment(id: u8, bytes: u64) -> Attachment {
        let count = usize::try_from(chunks_of(bytes)).unwrap();
        Attachment {
            id: AttachmentId::new([id; 16]),
            media_type: MediaType::Pdf,
            bytes,
            digest: Digest::from_slice(&[1; 32]).unwrap(),
            chunks: vec![Digest::from_slice(&[2; 32]).unwrap(); count],
            label: None,
        }
    }

    #[test]
    fn an_id_is_read_as_it_is_printed() {
        let id = AttachmentId::new([0xab; 16]);
        assert_eq!(AttachmentId::parse(&id.to_string()), Some(id));
        let small = AttachmentId::new([0; 16]);
        assert_eq!(AttachmentId::parse(&small.to_string()), Some(small));
        for wrong in ["", "att_", "att_+b", &id.to_string().to_uppercase(), "abababab"] {
            assert_eq!(AttachmentId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn attachments_of_one_statement_are_bounded() {
        let largest = attachment(1, ATTACHMENT_BYTES_MAX);
        assert_eq!(largest.chunks.len(), 64);
        let mut short = attachment(1, CHUNK_BYTES + 1);
        short.chunks.pop();
        let many =
            |count: u8, bytes| (0..count).map(|id| attachment(id, bytes)).collect::<Vec<_>>();
        let table: [(Vec<Attachment>, Result<(), Unfit>); 9] = [
            (Vec::new(), Ok(())),
            (vec![largest], Ok(())),
            (many(32, 1), Ok(())),
            (many(8, ATTACHMENT_BYTES_MAX), Ok(())),
            (many(33, 1), Err(Unfit::MustBeAtMostMany(ATTACHMENTS_MAX))),
            (many(9, ATTACHMENT_BYTES_MAX), Err(Unfit::MustBeAtMostMany(CHUNKS_MAX))),
            (
                vec![attachment(1, ATTACHMENT_BYTES_MAX + 1)],
                Err(Unfit::MustBeAtMostBytes(ATTACHMENT_BYTES_MAX)),
            ),
            (vec![short], Err(Unfit::MustHaveOneChunkForEach(CHUNK_BYTES))),
            (vec![attachment(1, 5), attachment(1, 5)], Err(Unfit::MustNotRepeat)),
        ];
        for (index, (attachments, expected)) in table.into_iter().enumerate() {
            assert_eq!(check_attachments(&attachments), expected, "{index}");
        }
        assert!(check_attachments(&[attachment(1, 0)]).is_err());
    }
}
