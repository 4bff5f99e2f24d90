//! A record as a topic holds it, and the mark by which it is found again.

use rdkafka::Message;
use rdkafka::message::{BorrowedMessage, Headers};
use sha2::{Digest, Sha256};

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Its place in the topic's partition 0.
    pub offset: i64,
    pub key: Vec<u8>,
    /// In the order in which they were written; names may repeat.
    pub headers: Vec<(String, Vec<u8>)>,
    pub payload: Vec<u8>,
    /// What the broker says when it was written. Nothing may rest on it.
    pub timestamp_ms: Option<i64>,
}

impl Incoming {
    pub(crate) fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().map_or_else(Vec::new, |headers| {
            headers
                .iter()
                .map(|header| (header.key.to_owned(), header.value.unwrap_or_default().to_vec()))
                .collect()
        });
        Self {
            offset: message.offset(),
            key: message.key().unwrap_or_default().to_vec(),
            headers,
            payload: message.payload().unwrap_or_default().to_vec(),
            timestamp_ms: message.timestamp().to_millis(),
        }
    }

    /// The mark to store in the same step as what this record brought.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { offset: self.offset, digest: digest(&self.key, &self.payload) }
    }
}

/// The last record that was dealt with: its offset and a digest of key and payload.
///
/// An offset alone means nothing once a topic was wiped, created again or moved to another cluster.
/// With the digest a reader sees whether the record at that place is still the same one; if it is,
/// reading goes on behind it, on whatever cluster that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    offset: i64,
    digest: [u8; DIGEST_BYTES],
}

const DIGEST_BYTES: usize = 16;
const OFFSET_BYTES: usize = 8;

impl Mark {
    /// Length of the stored form.
    pub const BYTES: usize = OFFSET_BYTES + DIGEST_BYTES;

    /// The offset of the marked record.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Whether `record` is the marked one.
    #[must_use]
    pub fn fits(&self, record: &Incoming) -> bool {
        record.mark() == *self
    }

    /// The stored form: offset (big endian), then digest.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (offset, digest) = bytes.split_at_mut(OFFSET_BYTES);
        offset.copy_from_slice(&self.offset.to_be_bytes());
        digest.copy_from_slice(&self.digest);
        bytes
    }

    /// Reads the stored form; `None` when it is not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (offset, digest) = bytes.split_first_chunk::<OFFSET_BYTES>()?;
        let offset = i64::from_be_bytes(*offset);
        let digest = digest.try_into().ok()?;
        (offset >= 0).then_some(Self { offset, digest })
    }
}

fn digest(key: &[u8], payload: &[u8]) -> [u8; DIGEST_BYTES] {
    // The key's length keeps key and payload apart.
    let hash = Sha256::new()
        .chain_update((key.len() as u64).to_be_bytes())
        .chain_update(key)
        .chain_update(payload)
        .finalize();
    let mut digest = [0; DIGEST_BYTES];
    digest.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, key: &[u8], payload: &[u8]) -> Incoming {
        Incoming {
            offset,
            key: key.to_vec(),
            headers: Vec::new(),
            payload: payload.to_vec(),
            timestamp_ms: Some(1),
        }
    }

    #[test]
    fn a_mark_survives_storage_and_fits_its_record_only() {
        let mark = record(7, b"k", b"payload").mark();
        assert_eq!(Mark::from_bytes(&mark.to_bytes()), Some(mark));
        assert!(mark.fits(&Incoming { timestamp_ms: None, ..record(7, b"k", b"payload") }));
        assert!(!mark.fits(&record(8, b"k", b"payload")));
        assert!(!mark.fits(&record(7, b"k", b"Payload")));
        assert!(!mark.fits(&record(7, b"kp", b"ayload")));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        let bytes = record(7, b"k", b"").mark().to_bytes();
        assert_eq!(Mark::from_bytes(&[]), None);
        assert_eq!(Mark::from_bytes(&bytes[..23]), None);
        assert_eq!(Mark::from_bytes(&[bytes.as_slice(), &[0]].concat()), None);
        assert_eq!(Mark::from_bytes(&[0xFF; Mark::BYTES]), None);
    }
}
