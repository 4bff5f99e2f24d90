//! An entry: its head is what the Merkle tree holds, its facts and sealed body are named by it.

use domain::case::event::Statement;
use domain::chain::Content;
use domain::identifier::{CaseId, Digest};
use proto::record::v1;

use crate::canonical::{self, field};
use crate::digest::sha256;
use crate::facts::{self, FACTS_BYTES_MAX};
use crate::log_id::LogId;

/// Most bytes of a sealed body.
pub const SEALED_BODY_BYTES_MAX: usize = 32 * 1024;

/// The head of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Position in the log, gap-free from 0.
    pub position: u64,
    /// Ties the entry to its case without naming it.
    pub tag: Digest,
    /// SHA-256 of the facts.
    pub facts_digest: Digest,
    /// SHA-256 of the sealed body; `None` where there is none.
    pub body_digest: Option<Digest>,
    /// The commitment to the case key, on an opening entry.
    pub case_key_commitment: Option<Digest>,
}

impl Head {
    /// Reads a head from its canonical bytes; `None` for anything else. Written by hand, as every
    /// head of a log is read when the log is verified: the one form of five fields.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let position = position(&mut rest)?;
        let tag = digest(&mut rest, 2)?;
        let facts_digest = digest(&mut rest, 3)?;
        let body_digest = digest(&mut rest, 4);
        let case_key_commitment = digest(&mut rest, 5);
        let head = Self { position, tag, facts_digest, body_digest, case_key_commitment };
        rest.is_empty().then_some(head)
    }

    /// The canonical bytes: the leaf of the log's Merkle tree.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let bytes = |digest: &Digest| digest.as_bytes().to_vec();
        let optional = |digest: Option<&Digest>| digest.map(bytes).unwrap_or_default();
        canonical::encode(&v1::Head {
            position: self.position,
            tag: bytes(&self.tag),
            facts_digest: bytes(&self.facts_digest),
            body_digest: optional(self.body_digest.as_ref()),
            case_key_commitment: optional(self.case_key_commitment.as_ref()),
        })
    }
}

/// Field 1, a varint in its fewest bytes; absent for 0.
fn position(rest: &mut &[u8]) -> Option<u64> {
    let Some(mut bytes) = rest.strip_prefix(&[0x08]) else {
        return Some(0);
    };
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = bytes.split_first()?;
        bytes = behind;
        let part = u64::from(byte & 0x7F);
        // The tenth byte has one bit left.
        if shift == 63 && part > 1 {
            return None;
        }
        number |= part << shift;
        if byte & 0x80 == 0 {
            *rest = bytes;
            // A last byte of zero would be a longer form, and zero itself is not written.
            return (*byte != 0).then_some(number);
        }
    }
    None
}

/// Field `number`, 32 bytes; leaves what it reads from alone where it is not there.
fn digest(rest: &mut &[u8], number: u8) -> Option<Digest> {
    let bytes = rest.strip_prefix(&[(number << 3) | 2, 32])?;
    let (digest, behind) = bytes.split_first_chunk::<32>()?;
    *rest = behind;
    Some(Digest::new(*digest))
}

/// An entry as bytes, fixed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The bytes of the head.
    pub head: Vec<u8>,
    /// The bytes of the facts.
    pub facts: Vec<u8>,
    /// The sealed body; `None` where there is none, or where it is not at hand.
    pub sealed_body: Option<Vec<u8>>,
}

/// What an entry is made of.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The case; `None` on corridor entries.
    pub case: Option<CaseId>,
    /// The bytes of the facts.
    pub facts: Vec<u8>,
    /// The sealed body.
    pub sealed_body: Option<Vec<u8>>,
    /// The commitment to the case key, on an opening entry.
    pub case_key_commitment: Option<Digest>,
}

/// Why an entry is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DraftError {
    /// The facts are too long.
    #[error("the facts have {bytes} bytes, more than {FACTS_BYTES_MAX}")]
    FactsTooLong {
        /// How long they are.
        bytes: usize,
    },
    /// The sealed body is too long.
    #[error("the sealed body has {bytes} bytes, more than {SEALED_BODY_BYTES_MAX}")]
    BodyTooLong {
        /// How long it is.
        bytes: usize,
    },
}

impl Entry {
    /// Makes the entry at a position of a log.
    ///
    /// # Errors
    /// A part is too long.
    pub fn new(log: &LogId, position: u64, draft: Draft) -> Result<Self, DraftError> {
        if draft.facts.len() > FACTS_BYTES_MAX {
            return Err(DraftError::FactsTooLong { bytes: draft.facts.len() });
        }
        let bytes = draft.sealed_body.as_ref().map_or(0, Vec::len);
        if bytes > SEALED_BODY_BYTES_MAX {
            return Err(DraftError::BodyTooLong { bytes });
        }
        let head = Head {
            position,
            tag: log.tag(draft.case.as_ref(), position),
            facts_digest: sha256(&[&draft.facts]),
            body_digest: draft.sealed_body.as_ref().map(|body| sha256(&[body])),
            case_key_commitment: draft.case_key_commitment,
        };
        Ok(Self { head: head.encode(), facts: draft.facts, sealed_body: draft.sealed_body })
    }

    pub(crate) fn from_message(message: v1::Entry) -> Self {
        let v1::Entry { head, facts, sealed_body } = message;
        // A sealed body is at least as long as its authentication tag, so empty means absent.
        Self { head, facts, sealed_body: Some(sealed_body).filter(|body| !body.is_empty()) }
    }

    /// Reads an entry by hand; `None` for anything but the one form.
    pub(crate) fn by_hand(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [head, facts, sealed_body] = [1, 2, 3].map(|number| field(&mut rest, number));
        let is_empty = |it: Option<&[u8]>| it.is_some_and(<[u8]>::is_empty);
        // What is empty is not written.
        if !rest.is_empty() || [head, facts, sealed_body].into_iter().any(is_empty) {
            return None;
        }
        let owned = |it: Option<&[u8]>| it.map(<[u8]>::to_vec);
        Some(Self {
            head: owned(head).unwrap_or_default(),
            facts: owned(facts).unwrap_or_default(),
            sealed_body: owned(sealed_body),
        })
    }

    pub(crate) fn to_message(&self) -> v1::Entry {
        v1::Entry {
            head: self.head.clone(),
            facts: self.facts.clone(),
            sealed_body: self.sealed_body.clone().unwrap_or_default(),
        }
    }
}

/// Whom an entry belongs to: said by its facts, proved by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The corridor.
    Corridor,
    /// A case.
    Case(CaseId),
    /// Nobody: the tag does not fit the facts. Such an entry is stored and counts nowhere.
    Nobody,
}

/// An entry as everybody reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whom it belongs to.
    pub owner: Owner,
    /// What it states.
    pub content: Content,
}

/// Reads an entry whose facts are those that its head names.
#[must_use]
pub fn read(log: &LogId, head: &Head, facts: &[u8]) -> Reading {
    let claimed = facts::claimed_case(facts);
    let tagged = log.tag(claimed.as_ref(), head.position) == head.tag;
    read_tagged(claimed.filter(|_| tagged), tagged, head, facts)
}

/// Reads an entry whose tag is known to be that of `owner`: a case, or the corridor.
pub(crate) fn read_owned(owner: Option<CaseId>, head: &Head, facts: &[u8]) -> Reading {
    read_tagged(owner, facts::claimed_case(facts) == owner, head, facts)
}

/// `tagged` says whether the tag is that of what the facts claim to be of.
fn read_tagged(case: Option<CaseId>, tagged: bool, head: &Head, facts: &[u8]) -> Reading {
    let owner = match (tagged, case) {
        (false, _) => Owner::Nobody,
        (true, Some(case)) => Owner::Case(case),
        (true, None) => Owner::Corridor,
    };
    let content = match facts::read(facts) {
        Content::Stated(statement) if tagged && shaped(head, &statement) => {
            Content::Stated(statement)
        }
        Content::Stated(_) | Content::NotUnderstood => Content::NotUnderstood,
    };
    Reading { owner, content }
}

/// Whether the head has what the kind of statement needs: a commitment exactly where a case is
/// opened, and no body on a corridor entry.
fn shaped(head: &Head, statement: &Statement) -> bool {
    let kind = statement.kind();
    let corridor = kind.speaker() == domain::case::event::Speaker::Corridor;
    kind.opens() == head.case_key_commitment.is_some() && !(corridor && head.body_digest.is_some())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::indexing_slicing, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    /// The general way, as all other messages are read.
    fn read(bytes: &[u8]) -> Option<Head> {
        let message: v1::Head = canonical::decode(bytes).ok()?;
        let optional = |bytes: &[u8]| {
            if bytes.is_empty() { Some(None) } else { Digest::from_slice(bytes).ok().map(Some) }
        };
        Some(Head {
            position: message.position,
            tag: Digest::from_slice(&message.tag).ok()?,
            facts_digest: Digest::from_slice(&message.facts_digest).ok()?,
            body_digest: optional(&message.body_digest)?,
            case_key_commitment: optional(&message.case_key_commitment)?,
        })
    }

    fn digest() -> impl Strategy<Value = Digest> {
        any::<[u8; 32]>().prop_map(Digest::new)
    }

    fn position() -> impl Strategy<Value = u64> {
        let edges = (0..64_u32).prop_map(|bit| 1 << bit);
        prop_oneof![Just(0), Just(u64::MAX), edges, any::<u64>()]
    }

    prop_compose! {
        fn head()(
            position in position(),
            tag in digest(),
            facts_digest in digest(),
            body_digest in proptest::option::of(digest()),
            case_key_commitment in proptest::option::of(digest()),
        ) -> Head {
            Head { position, tag, facts_digest, body_digest, case_key_commitment }
        }
    }

    proptest! {
        #[test]
        fn a_head_reads_back(head in head()) {
            prop_assert_eq!(Head::decode(&head.encode()), Some(head));
        }

        #[test]
        fn by_hand_and_the_general_way_read_the_same(
            head in head(),
            at in any::<prop::sample::Index>(),
            with in any::<[u8; 2]>(),
            how in 0..5,
        ) {
            let mut bytes = head.encode();
            // Near the front, where the position is, as often as anywhere.
            let at = if with[1] % 2 == 0 { at.index(bytes.len()) } else { at.index(12) };
            match how {
                0 => bytes[at] = with[0],
                1 => bytes.insert(at, with[0]),
                2 => drop(bytes.remove(at)),
                3 => bytes.truncate(at),
                _ => bytes.extend(with),
            }
            prop_assert_eq!(Head::decode(&bytes), read(&bytes));
        }

        #[test]
        fn numbers_are_read_in_the_shortest_form_only(
            bytes in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut all = vec![8];
            all.extend(bytes);
            all.extend([0x12, 32].into_iter().chain([1; 32]));
            all.extend([0x1a, 32].into_iter().chain([2; 32]));
            prop_assert_eq!(Head::decode(&all), read(&all));
        }
    }
}
