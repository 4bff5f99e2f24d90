//! A dispatch: new entries of a log and one signed header.

use domain::chain::Heard;
use domain::identifier::{Digest, State};
use domain::time::Instant;
use proto::record::v1::{self, WrappedCaseKey};

use crate::canonical::{self, NotCanonical, field};
use crate::cose::{self, Payload, Signed};
use crate::digest::{DISPATCH, sha256};
use crate::entry::Entry;
use crate::genesis::VERSION;
use crate::key::{KeyId, PublicKey, SignError, Signer};

/// Most entries of one dispatch.
pub const ENTRIES_MAX: usize = 256;
/// Most bytes of one dispatch, with bodies and without wrapped case keys.
pub const DISPATCH_BYTES_MAX: usize = 512 * 1024;

/// The signed part of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The State that writes the log.
    pub author: State,
    /// Era of the log; 0 is the first.
    pub era: u32,
    /// Number of the dispatch, gap-free from 0.
    pub number: u64,
    /// Digest of the author's previous dispatch; `None` on number 0.
    pub previous: Option<Digest>,
    /// When it was made.
    pub time: Instant,
    /// Entries in the log after this dispatch.
    pub log_size: u64,
    /// Merkle root of the log after this dispatch.
    pub log_root: Digest,
    /// The partner's last dispatch that the author has durably stored.
    pub heard: Option<Heard>,
    /// Whether its first entry corrects the author's clock: only then may its time fall.
    pub corrects_clock: bool,
}

impl Header {
    /// Reads a header from its canonical bytes; `None` for anything else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let message: v1::Header = canonical::decode(bytes).ok()?;
        let previous = if message.previous.is_empty() {
            None
        } else {
            Some(Digest::from_slice(&message.previous).ok()?)
        };
        (message.version == VERSION).then_some(())?;
        Some(Self {
            author: State::new(&message.author).ok()?,
            era: message.era,
            number: message.number,
            previous,
            time: Instant::from_ms(message.time_ms),
            log_size: message.log_size,
            log_root: Digest::from_slice(&message.log_root).ok()?,
            heard: message.heard.map(Heard::try_from).transpose().ok()?,
            corrects_clock: message.corrects_clock,
        })
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(&v1::Header {
            version: VERSION,
            author: self.author.to_string(),
            era: self.era,
            number: self.number,
            previous: self.previous.map(|it| it.as_bytes().to_vec()).unwrap_or_default(),
            time_ms: self.time.as_ms(),
            log_size: self.log_size,
            log_root: self.log_root.as_bytes().to_vec(),
            heard: self.heard.map(Into::into),
            corrects_clock: self.corrects_clock,
        })
    }
}

/// A header with its signature, read and not yet verified.
#[derive(Clone, Debug)]
pub struct SignedHeader {
    bytes: Vec<u8>,
    signed: Signed,
    header: Header,
    digest: Digest,
}

impl SignedHeader {
    /// Reads a signed header; `None` unless it is a COSE_Sign1 in the one form, over a canonical
    /// header. Says nothing about the signature.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let signed = Signed::parse(bytes)?;
        let payload = signed.payload()?;
        let header = Header::decode(payload)?;
        let digest = sha256(&[payload]);
        Some(Self { bytes: bytes.to_vec(), signed, header, digest })
    }

    /// Signs a header.
    ///
    /// # Errors
    /// The signer fails.
    pub fn sign(header: &Header, genesis: &Digest, signer: &dyn Signer) -> Result<Self, SignError> {
        let bytes = cose::sign(&header.encode(), Payload::Attached, &context(genesis), signer)?;
        Ok(Self::parse(&bytes).expect("a header made here reads back"))
    }

    /// The bytes: COSE_Sign1 with the header inside.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// SHA-256 of the header bytes: the digest of the dispatch. Two signatures over one header are
    /// one dispatch.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The key that it says it was signed with.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.signed.key_id
    }

    /// Whether `key` signed it for the corridor of this genesis.
    #[must_use]
    pub fn verifies(&self, genesis: &Digest, key: &PublicKey) -> bool {
        self.signed.verifies(&context(genesis), key)
    }

    /// How a partner names this dispatch when it has heard it.
    #[must_use]
    pub const fn as_heard(&self) -> Heard {
        Heard { era: self.header.era, number: self.header.number, digest: self.digest }
    }
}

impl PartialEq for SignedHeader {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for SignedHeader {}

/// A dispatch, read and not yet checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    /// The signed header.
    pub signed_header: SignedHeader,
    /// The new entries, by ascending position.
    pub entries: Vec<Entry>,
    /// Case keys minted by opening entries of this dispatch, sealed to the recipient.
    pub case_keys: Vec<WrappedCaseKey>,
}

/// Why bytes are no dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispatchError {
    /// Not in the canonical form.
    #[error("the dispatch cannot be read")]
    NotCanonical(#[source] NotCanonical),
    /// The signed header is none.
    #[error("the signed header cannot be read")]
    NoHeader,
    /// More entries than a dispatch may have.
    #[error("the dispatch has {entries} entries, more than {ENTRIES_MAX}")]
    TooManyEntries {
        /// How many there are.
        entries: usize,
    },
    /// More bytes than a dispatch may have.
    #[error("the dispatch has {bytes} bytes, more than {DISPATCH_BYTES_MAX}")]
    TooLong {
        /// How many there are, without wrapped case keys.
        bytes: usize,
    },
}

impl Dispatch {
    /// Reads a dispatch.
    ///
    /// # Errors
    /// Not canonical, without a readable header, or too large.
    pub fn decode(bytes: &[u8]) -> Result<Self, DispatchError> {
        let Parts { signed_header, entries, case_keys } = match Parts::by_hand(bytes) {
            Some(parts) => parts,
            // It says what is wrong.
            None => Parts::read(bytes).map_err(DispatchError::NotCanonical)?,
        };
        let signed_header = SignedHeader::parse(&signed_header).ok_or(DispatchError::NoHeader)?;
        let dispatch = Self { signed_header, entries, case_keys };
        within_limits(&dispatch.signed_header, &dispatch.entries)?;
        if dispatch.case_keys.len() > ENTRIES_MAX {
            return Err(DispatchError::TooManyEntries { entries: dispatch.case_keys.len() });
        }
        Ok(dispatch)
    }

    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        canonical::encode(&v1::Dispatch {
            signed_header: self.signed_header.bytes().to_vec(),
            entries: self.entries.iter().map(Entry::to_message).collect(),
            case_keys: self.case_keys.clone(),
        })
    }
}

/// What a dispatch is made of, read and nothing else.
#[derive(Debug, PartialEq)]
struct Parts {
    signed_header: Vec<u8>,
    entries: Vec<Entry>,
    case_keys: Vec<WrappedCaseKey>,
}

impl Parts {
    /// The general way, as all other messages are read.
    fn read(bytes: &[u8]) -> Result<Self, NotCanonical> {
        let v1::Dispatch { signed_header, entries, case_keys } = canonical::decode(bytes)?;
        let entries = entries.into_iter().map(Entry::from_message).collect();
        Ok(Self { signed_header, entries, case_keys })
    }

    /// The same by hand, as every entry of a log is read here when the log is verified: nothing is
    /// written again to be compared. `None` for anything but the one form.
    fn by_hand(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let signed_header = field(&mut rest, 1).filter(|it| !it.is_empty())?.to_vec();
        let mut entries = Vec::new();
        while let Some(bytes) = field(&mut rest, 2) {
            entries.push(Entry::by_hand(bytes)?);
        }
        let mut case_keys = Vec::new();
        while let Some(bytes) = field(&mut rest, 3) {
            case_keys.push(canonical::decode(bytes).ok()?);
        }
        rest.is_empty().then_some(Self { signed_header, entries, case_keys })
    }
}

/// Holds header and entries to the limits of a dispatch.
pub(crate) fn within_limits(
    signed_header: &SignedHeader,
    entries: &[Entry],
) -> Result<(), DispatchError> {
    if entries.len() > ENTRIES_MAX {
        return Err(DispatchError::TooManyEntries { entries: entries.len() });
    }
    let bytes = encoded_bytes(entries) + field_bytes(signed_header.bytes().len());
    if bytes > DISPATCH_BYTES_MAX {
        return Err(DispatchError::TooLong { bytes });
    }
    Ok(())
}

/// How many bytes entries take in a dispatch: what a writer adds up to stay within
/// [`DISPATCH_BYTES_MAX`], leaving 512 bytes for the header.
#[must_use]
pub fn encoded_bytes(entries: &[Entry]) -> usize {
    let entry = |entry: &Entry| {
        let body = entry.sealed_body.as_ref().map_or(0, Vec::len);
        let parts = [entry.head.len(), entry.facts.len(), body];
        field_bytes(parts.into_iter().filter(|length| *length > 0).map(field_bytes).sum())
    };
    entries.iter().map(entry).sum()
}

/// Bytes of a length-delimited field with a tag of one byte.
fn field_bytes(length: usize) -> usize {
    1 + prost::length_delimiter_len(length) + length
}

fn context(genesis: &Digest) -> Vec<u8> {
    [DISPATCH, genesis.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..=most)
    }

    prop_compose! {
        fn entry()(head in bytes(6), facts in bytes(150), sealed_body in bytes(6)) -> v1::Entry {
            v1::Entry { head, facts, sealed_body }
        }
    }

    prop_compose! {
        fn case_key()(position in 0..300_u64, sealed in bytes(6)) -> WrappedCaseKey {
            WrappedCaseKey { position, sealed, ..Default::default() }
        }
    }

    prop_compose! {
        fn dispatch()(
            signed_header in bytes(5),
            entries in prop::collection::vec(entry(), 0..4),
            case_keys in prop::collection::vec(case_key(), 0..3),
        ) -> v1::Dispatch {
            v1::Dispatch { signed_header, entries, case_keys }
        }
    }

    /// The general way, but for what has no header and is refused a step later.
    fn read(bytes: &[u8]) -> Option<Parts> {
        Parts::read(bytes).ok().filter(|parts| !parts.signed_header.is_empty())
    }

    #[test]
    fn what_is_empty_is_not_written() {
        let with_entry = |entry: &[u8]| [&[0x0a, 1, 7], entry].concat();
        let empty = Entry { head: Vec::new(), facts: Vec::new(), sealed_body: None };
        let parts = Parts::by_hand(&with_entry(&[0x12, 0])).map(|parts| parts.entries);
        assert_eq!(parts, Some(vec![empty]));
        for field in [0x0a, 0x12, 0x1a] {
            let bytes = with_entry(&[0x12, 2, field, 0]);
            assert_eq!((Parts::by_hand(&bytes), read(&bytes)), (None, None));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn a_dispatch_is_read_by_hand_as_in_the_general_way(dispatch in dispatch()) {
            let bytes = canonical::encode(&dispatch);
            let read = read(&bytes);
            prop_assert_eq!(read.is_some(), !dispatch.signed_header.is_empty());
            prop_assert_eq!(Parts::by_hand(&bytes), read);
        }

        #[test]
        fn what_is_no_dispatch_is_none_either_way(
            dispatch in dispatch(),
            at in any::<prop::sample::Index>(),
            with in prop_oneof![any::<u8>(), prop::sample::select(vec![0, 0x80, 10, 0x12, 0x1a])],
            how in 0..6,
        ) {
            let mut bytes = canonical::encode(&dispatch);
            let at = at.index(bytes.len().max(1));
            match how {
                _ if bytes.is_empty() => bytes.push(with),
                0 => bytes[at] = with,
                1 => bytes.insert(at, with),
                2 => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                // A length, or what looks like one, in a longer form.
                4 => {
                    bytes[at] |= 0x80;
                    bytes.insert(at + 1, 0);
                }
                _ => bytes.push(with),
            }
            prop_assert_eq!(Parts::by_hand(&bytes), read(&bytes));
        }
    }
}
