//! What arrives from a partner, and what is done: a dispatch is taken in, or has one named fault.
//!
//! Pure: what is already stored is asked of [`Known`], and acting on a fault is the caller's.

use domain::chain::Heard;
use domain::identifier::Digest;
use domain::time::Instant;
use proto::record::v1::WrappedCaseKey;

use crate::digest::sha256;
use crate::dispatch::{Dispatch, DispatchError, Header, SignedHeader};
use crate::entry::{self, Entry, Head, Reading};
use crate::key::{KeyId, PublicKey};
use crate::log::{Breach, FIRST_ERA, Last, LogState, Stamp, announcement};

/// What is already stored of the two logs, asked while a partner's dispatch is checked.
pub trait Known {
    /// Digest and time of a dispatch of the log that `heard` points into; `None` where that log
    /// has no such number.
    fn heard(&self, number: u64) -> Option<Stamp>;

    /// Digest of a stored dispatch of the log that is being checked; asked only below
    /// [`LogState::next_number`]. `None` where the store cannot say.
    fn stored(&self, number: u64) -> Option<Digest>;
}

/// A partner's dispatch that was checked and is now to be stored.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The signed header.
    pub signed_header: SignedHeader,
    /// The entries.
    pub entries: Vec<AcceptedEntry>,
    /// Wrapped case keys that came with it; not part of the log.
    pub case_keys: Vec<WrappedCaseKey>,
    /// The state once it is stored.
    pub state: LogState,
}

/// An entry of an accepted dispatch.
#[derive(Clone, Debug)]
pub struct AcceptedEntry {
    /// Its head, read.
    pub head: Head,
    /// Its bytes; the sealed body only where it is the one that the head names.
    pub entry: Entry,
    /// Whom it belongs to and what it states.
    pub reading: Reading,
}

impl AcceptedEntry {
    /// Whether the head names a body that did not come: the entry is stored, the body fetched.
    #[must_use]
    pub const fn lacks_body(&self) -> bool {
        self.head.body_digest.is_some() && self.entry.sealed_body.is_none()
    }
}

/// What is wrong with a dispatch that arrived: one member for each row of the table "What arrives,
/// and what is done".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Quarantined, bounded, reported; nothing else happens.
    #[error("the dispatch is not authentic: {0}")]
    NotAuthentic(NotAuthentic),
    /// Numbers are missing before this one: parked where the signature was verified, and the
    /// range fetched.
    #[error("dispatches from {wanted} on are missing before {number}")]
    Gap {
        /// The first number that is missing.
        wanted: u64,
        /// The number that arrived.
        number: u64,
        /// Whether it is the partner's.
        signature: GapSignature,
    },
    /// Dated after the own clock by more than the skew: parked until then.
    #[error("the dispatch is dated in the future, parked until {until}")]
    Future {
        /// When it may be looked at again.
        until: Instant,
    },
    /// Already stored; nothing happens.
    #[error("dispatch {number} is already stored")]
    Duplicate {
        /// Its number.
        number: u64,
    },
    /// The store could not say which dispatch of this number it holds: nothing is judged.
    #[error("the store cannot say which dispatch {number} it holds")]
    Unjudged {
        /// Its number.
        number: u64,
    },
    /// Another dispatch of a number that is stored: equivocation, kept as proof.
    #[error("dispatch {number} is another than the one that is stored")]
    Rival {
        /// The number of both.
        number: u64,
        /// Digest of the one that is stored.
        stored: Digest,
        /// Digest of the one that arrived.
        arrived: Digest,
    },
    /// The log breaks its own chain: kept as proof, and the log is frozen.
    #[error("dispatch {number} breaks the chain of its log: {breach}")]
    BrokenChain {
        /// Its number.
        number: u64,
        /// How.
        breach: Breach,
    },
    /// It claims to have heard what was never signed here: kept as proof, nothing more is written
    /// to that partner.
    #[error("dispatch {number} has heard a dispatch that was never signed here")]
    HeardUnknown {
        /// Its number.
        number: u64,
        /// What it claims to have heard.
        heard: Heard,
    },
    /// The header is authentic, the bytes of its entries are missing or not the signed ones: not
    /// stored, fetched again.
    #[error("entries of dispatch {number} are missing or are not the signed ones")]
    EntriesWithheld {
        /// Its number.
        number: u64,
        /// The first position whose bytes do not match, where it can be told.
        position: Option<u64>,
    },
}

/// Why a dispatch is not authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthentic {
    /// The bytes are no dispatch.
    #[error("the bytes are no dispatch ({0})")]
    NoDispatch(DispatchError),
    /// Another author or era than those of this log.
    #[error("it is of another log")]
    OtherLog,
    /// The key is not one that may sign this number.
    #[error("the key `{0}` may not sign it")]
    UnknownKey(KeyId),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
}

/// Whether a dispatch after a gap could be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapSignature {
    /// It is the partner's: it may be parked.
    Verified,
    /// The key is not known; it may be announced in what is missing. Fetched, never parked.
    KeyUnknown,
}

impl LogState {
    /// Checks the bytes of a partner's dispatch; see [`LogState::check`].
    ///
    /// # Errors
    /// Every way in which it cannot be stored now.
    pub fn check_bytes(
        &self,
        bytes: &[u8],
        now: Instant,
        known: &impl Known,
    ) -> Result<Accepted, Fault> {
        let dispatch = Dispatch::decode(bytes)
            .map_err(|error| Fault::NotAuthentic(NotAuthentic::NoDispatch(error)))?;
        self.check(dispatch, now, known)
    }

    /// Checks a partner's dispatch, in the order of the specification.
    ///
    /// # Errors
    /// Every way in which it cannot be stored now.
    pub fn check(
        &self,
        dispatch: Dispatch,
        now: Instant,
        known: &impl Known,
    ) -> Result<Accepted, Fault> {
        let signed = &dispatch.signed_header;
        let header = signed.header();
        let number = header.number;
        if header.author != self.author() || header.era != self.log.era() {
            return Err(Fault::NotAuthentic(NotAuthentic::OtherLog));
        }
        let stored = if number < self.next_number() {
            Some(known.stored(number).ok_or(Fault::Unjudged { number })?)
        } else {
            None
        };
        if stored == Some(*signed.digest()) {
            return Err(Fault::Duplicate { number });
        }
        self.authentic(&dispatch)?;
        if number > self.next_number() {
            let wanted = self.next_number();
            return Err(Fault::Gap { wanted, number, signature: GapSignature::Verified });
        }
        if let Some(stored) = stored {
            return Err(Fault::Rival { number, stored, arrived: *signed.digest() });
        }
        if header.time > now.plus(self.skew) {
            return Err(Fault::Future { until: header.time.less(self.skew) });
        }
        self.chain(header).map_err(|breach| Fault::BrokenChain { number, breach })?;
        self.hearing(header, known)?;
        let (next, entries) = self.take_in(&dispatch)?;
        Ok(Accepted {
            signed_header: dispatch.signed_header,
            entries,
            case_keys: dispatch.case_keys,
            state: next,
        })
    }

    /// Whether the partner signed it: with the key that counts before this number, or with one
    /// that its own first entry announces.
    fn authentic(&self, dispatch: &Dispatch) -> Result<(), Fault> {
        let signed = &dispatch.signed_header;
        let number = signed.header().number;
        let key = self.keys.may_sign(number, signed.key_id()).or_else(|| self.by_itself(dispatch));
        match key {
            Some(key) if signed.verifies(&self.genesis, &key) => Ok(()),
            Some(_) => Err(Fault::NotAuthentic(NotAuthentic::BadSignature)),
            None if number > self.next_number() => Err(Fault::Gap {
                wanted: self.next_number(),
                number,
                signature: GapSignature::KeyUnknown,
            }),
            None => Err(Fault::NotAuthentic(NotAuthentic::UnknownKey(signed.key_id()))),
        }
    }

    /// The key of this dispatch's signature, if its own first entry announces it.
    fn by_itself(&self, dispatch: &Dispatch) -> Option<PublicKey> {
        let number = dispatch.signed_header.header().number;
        let first = dispatch.entries.first()?;
        let reading = entry::read(&self.log, &Head::decode(&first.head)?, &first.facts);
        let id = dispatch.signed_header.key_id();
        self.keys.announced_by_itself(announcement(&reading.content)?, number, id)
    }

    /// Whether what a header has heard was said, and its time does not lie behind it.
    pub(crate) fn hearing(&self, header: &Header, known: &impl Known) -> Result<(), Fault> {
        let Some(heard) = header.heard else {
            return Ok(());
        };
        let number = header.number;
        let stamp = known
            .heard(heard.number)
            .filter(|stamp| stamp.digest == heard.digest && heard.era == FIRST_ERA)
            .ok_or(Fault::HeardUnknown { number, heard })?;
        if header.time < stamp.time.less(self.skew) {
            return Err(Fault::BrokenChain { number, breach: Breach::Time });
        }
        Ok(())
    }

    /// Takes in the entries: heads under the signed root first, then what the heads name.
    fn take_in(&self, dispatch: &Dispatch) -> Result<(Self, Vec<AcceptedEntry>), Fault> {
        let header = dispatch.signed_header.header();
        let heads = dispatch.entries.iter().map(|entry| entry.head.as_slice());
        let (mut next, heads) = self.take_in_heads(&dispatch.signed_header, heads)?;
        let number = header.number;
        let mut entries = Vec::with_capacity(heads.len());
        for (index, (head, entry)) in heads.into_iter().zip(&dispatch.entries).enumerate() {
            if sha256(&[&entry.facts]) != head.facts_digest {
                return Err(Fault::EntriesWithheld { number, position: Some(head.position) });
            }
            let reading = entry::read(&self.log, &head, &entry.facts);
            next.announce(&reading, number, index);
            let mut entry = entry.clone();
            entry.sealed_body = entry.sealed_body.filter(|body| {
                body.len() <= entry::SEALED_BODY_BYTES_MAX
                    && head.body_digest == Some(sha256(&[body]))
            });
            entries.push(AcceptedEntry { head, entry, reading });
        }
        Ok((next, entries))
    }

    /// Takes in heads and moves on over the header. Key announcements are the caller's to add, by
    /// [`LogState::announce`], once it has the facts.
    ///
    /// A root that does not fit is no proof against the author: whoever carried the bytes could
    /// have changed the heads. Only under a root that fits is a malformed head the author's.
    pub(crate) fn take_in_heads<'a>(
        &self,
        signed: &SignedHeader,
        heads: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(Self, Vec<Head>), Fault> {
        let header = signed.header();
        let number = header.number;
        self.grows(header).map_err(|breach| Fault::BrokenChain { number, breach })?;
        let mut next = self.clone();
        let mut decoded = Vec::new();
        for bytes in heads {
            let position = next.frontier.size();
            next.frontier.push(merkle::leaf_hash(bytes));
            decoded.push((position, Head::decode(bytes)));
        }
        let size_fits = next.frontier.size() == header.log_size;
        if !size_fits || header.log_root.as_bytes() != &next.frontier.root() {
            return Err(Fault::EntriesWithheld { number, position: None });
        }
        let at_its_place = |(position, head): (u64, Option<Head>)| {
            head.filter(|head| head.position == position)
                .ok_or(Fault::BrokenChain { number, breach: Breach::Head { position } })
        };
        let heads = decoded.into_iter().map(at_its_place).collect::<Result<_, _>>()?;
        next.last = Some(Last::of(signed));
        Ok((next, heads))
    }
}
