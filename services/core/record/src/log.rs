//! The running state of one log: what its author may append, and what a partner may take in.
//!
//! A state is a value. Composing or accepting a dispatch yields the next one and leaves the old
//! one as it was, so a writer moves on only once the bytes are durable.

use std::sync::Arc;

use domain::case::event::Statement;
use domain::chain::{Content, Heard};
use domain::identifier::{Digest, State};
use domain::time::{Instant, Span};
use merkle::Frontier;
use proto::record::v1::WrappedCaseKey;

use crate::digest::sha256;
use crate::dispatch::{Dispatch, DispatchError, ENTRIES_MAX, Header, SignedHeader, within_limits};
use crate::entry::{self, Entry, Head, Reading};
use crate::genesis::SignedGenesis;
use crate::key::{KeyId, PublicKey, SignError, Signer};
use crate::key_directory::{KeyDirectory, Place};
use crate::log_id::LogId;
use crate::root_statement::Root;

/// The era of every log until one is succeeded.
pub(crate) const FIRST_ERA: u32 = 0;

/// A dispatch by what the other log needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its digest.
    pub digest: Digest,
    /// Its time.
    pub time: Instant,
}

/// The partner's last dispatch that has been stored, as a new dispatch states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The dispatch.
    pub heard: Heard,
    /// Its time, which is the latest time heard: times never fall.
    pub time: Instant,
}

/// What is already stored of the two logs, asked while a partner's dispatch is checked.
pub trait Known {
    /// Digest and time of a dispatch of the log that `heard` points into; `None` where that log
    /// has no such number.
    fn heard(&self, number: u64) -> Option<Stamp>;

    /// Digest of a stored dispatch of the log that is being checked; asked only below
    /// [`LogState::next_number`]. `None` where the store cannot say.
    fn stored(&self, number: u64) -> Option<Digest>;
}

/// The running state of one log.
#[derive(Clone, Debug)]
pub struct LogState {
    genesis: Digest,
    skew: Span,
    log: LogId,
    partner: State,
    last: Option<Last>,
    frontier: Frontier,
    keys: Arc<KeyDirectory>,
}

/// What the next dispatch builds on.
#[derive(Clone, Copy, Debug)]
struct Last {
    number: u64,
    stamp: Stamp,
    heard: Option<Heard>,
}

/// A dispatch that was composed and is now to be stored.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The signed header.
    pub signed_header: SignedHeader,
    /// The entries, as they were given.
    pub entries: Vec<Entry>,
    /// The state once it is stored.
    pub state: LogState,
}

/// Why a dispatch is not composed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// Too many entries, or too many bytes.
    #[error("the dispatch is too large")]
    TooLarge(#[source] DispatchError),
    /// An entry is not at the position where the log goes on.
    #[error("the entry is not at position {expected} where the log goes on")]
    NotNext {
        /// The position that was wanted.
        expected: u64,
    },
    /// The signer's key may not sign this dispatch.
    #[error("key `{key_id}` may not sign dispatch {number}")]
    KeyNotValid {
        /// The signer's key.
        key_id: KeyId,
        /// The number of the dispatch.
        number: u64,
    },
    /// What is heard would fall behind what was already stated.
    #[error("what is heard must not fall")]
    HeardFalls,
    /// The signer failed.
    #[error("signing the dispatch")]
    Sign(#[from] SignError),
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

/// How a header breaks the chain of its own log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// `previous` is not the digest of the dispatch before.
    #[error("the previous digest is another")]
    Previous,
    /// The log shrinks, or grows by more entries than a dispatch may have.
    #[error("the size of the log does not follow")]
    Size,
    /// The root changes without a new entry.
    #[error("the root changes without a new entry")]
    Root,
    /// The time falls, or lies further behind a time that it has heard than the skew.
    #[error("the time falls")]
    Time,
    /// What it has heard falls or is forgotten.
    #[error("what it has heard falls")]
    Heard,
    /// A head under the signed root is malformed or not at its position.
    #[error("the head at position {position} is malformed")]
    Head {
        /// Where it stands in the log.
        position: u64,
    },
}

impl LogState {
    /// The log of `author` before its first dispatch; `None` for a State that is not in the
    /// corridor.
    #[must_use]
    pub fn new(genesis: &SignedGenesis, author: State) -> Option<Self> {
        Self::in_era(genesis, author, FIRST_ERA)
    }

    /// The log of `author` in an era, before its first dispatch.
    pub(crate) fn in_era(genesis: &SignedGenesis, author: State, era: u32) -> Option<Self> {
        let party = genesis.genesis().party(author)?;
        let partner = genesis.genesis().partner(author)?.state;
        let digest = *genesis.digest();
        let root = Root {
            genesis: digest,
            author,
            key: party.root_key,
        };
        Some(Self {
            genesis: digest,
            skew: genesis.genesis().skew(),
            log: LogId::shared(&digest, author, era),
            partner,
            last: None,
            frontier: Frontier::new(),
            keys: Arc::new(KeyDirectory::new(root)),
        })
    }

    /// Puts a state together again from what a store keeps: its last signed header, the frontier
    /// of its heads, and every key announcement with the dispatch and place that it stood in. Own
    /// stored bytes are trusted: no signature is verified but those of the root key.
    ///
    /// `None` when the parts do not belong together.
    #[must_use]
    pub fn resume<'a>(
        genesis: &SignedGenesis,
        author: State,
        last: Option<&SignedHeader>,
        frontier: Frontier,
        announcements: impl IntoIterator<Item = (u64, Place, &'a [u8])>,
    ) -> Option<Self> {
        let mut state = Self::new(genesis, author)?;
        let keys = Arc::make_mut(&mut state.keys);
        for (dispatch, place, root_statement) in announcements {
            // One that does not count changes nothing, now as then.
            let _ = keys.announce(root_statement, dispatch, place);
        }
        if let Some(last) = last {
            let header = last.header();
            let fits = header.author == author
                && header.era == state.log.era()
                && header.log_size == frontier.size()
                && header.log_root.as_bytes() == &frontier.root();
            fits.then_some(())?;
            state.last = Some(Last::of(last));
        } else if frontier.size() != 0 {
            return None;
        }
        state.frontier = frontier;
        Some(state)
    }

    /// Moves on over a dispatch that is stored, without verifying it again: heads with the facts
    /// of each, `None` where the facts are known to announce no key. Root and size are compared.
    ///
    /// # Errors
    /// The stored bytes do not follow: the store is damaged.
    pub fn replay<'a>(
        &self,
        stored: &SignedHeader,
        heads: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) -> Result<Self, Breach> {
        let mut next = self.clone();
        let number = stored.header().number;
        for (index, (head, facts)) in heads.into_iter().enumerate() {
            let position = next.frontier.size();
            next.frontier.push(merkle::leaf_hash(head));
            if let Some(facts) = facts {
                let head = Head::decode(head).ok_or(Breach::Head { position })?;
                let reading = entry::read(&next.log, &head, facts);
                next.announce(&reading, number, index);
            }
        }
        next.chain(stored.header())?;
        if stored.header().log_size != next.frontier.size() {
            return Err(Breach::Size);
        }
        if stored.header().log_root.as_bytes() != &next.frontier.root() {
            return Err(Breach::Root);
        }
        next.last = Some(Last::of(stored));
        Ok(next)
    }

    /// The log.
    #[must_use]
    pub const fn log(&self) -> &LogId {
        &self.log
    }

    /// The State that writes it.
    #[must_use]
    pub const fn author(&self) -> State {
        self.log.author()
    }

    /// The State that it is written for.
    #[must_use]
    pub const fn partner(&self) -> State {
        self.partner
    }

    /// Number of the next dispatch.
    #[must_use]
    pub const fn next_number(&self) -> u64 {
        match &self.last {
            Some(last) => last.number.saturating_add(1),
            None => 0,
        }
    }

    /// Position of the next entry: the size of the log.
    #[must_use]
    pub fn next_position(&self) -> u64 {
        self.frontier.size()
    }

    /// The last dispatch, as a partner that has stored it names it, with its time.
    #[must_use]
    pub fn head(&self) -> Option<Listening> {
        self.last.map(|last| Listening {
            heard: Heard {
                era: self.log.era(),
                number: last.number,
                digest: last.stamp.digest,
            },
            time: last.stamp.time,
        })
    }

    /// What the last dispatch has heard.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        self.last.and_then(|last| last.heard)
    }

    /// The frontier of the heads.
    #[must_use]
    pub const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The author's announced keys.
    #[must_use]
    pub fn keys(&self) -> &KeyDirectory {
        &self.keys
    }

    /// Composes the next dispatch. `listening` is the partner's last stored dispatch; `now` the
    /// own clock. Its time is the latest of the own clock, the own last time, and the latest time
    /// heard less the skew.
    ///
    /// # Errors
    /// Entries that are too many, too large or not next; a key that may not sign; heard falling;
    /// or the signer fails.
    pub fn compose(
        &self,
        entries: Vec<Entry>,
        listening: Option<Listening>,
        now: Instant,
        signer: &dyn Signer,
    ) -> Result<Composed, ComposeError> {
        let number = self.next_number();
        if entries.len() > ENTRIES_MAX {
            let too_many = DispatchError::TooManyEntries {
                entries: entries.len(),
            };
            return Err(ComposeError::TooLarge(too_many));
        }
        let mut next = self.clone();
        for (index, entry) in entries.iter().enumerate() {
            let expected = next.frontier.size();
            let head = Head::decode(&entry.head)
                .filter(|head| head.position == expected)
                .ok_or(ComposeError::NotNext { expected })?;
            next.frontier.push(merkle::leaf_hash(&entry.head));
            next.announce(&entry::read(&self.log, &head, &entry.facts), number, index);
        }
        let key = next.keys.may_sign(number, signer.key_id());
        key.ok_or(ComposeError::KeyNotValid {
            key_id: signer.key_id(),
            number,
        })?;
        let heard = listening.map(|listening| listening.heard);
        if heard_falls(self.heard(), heard) {
            return Err(ComposeError::HeardFalls);
        }
        let own = self.last.map_or(now, |last| now.max(last.stamp.time));
        let header = Header {
            author: self.author(),
            era: self.log.era(),
            number,
            previous: self.last.map(|last| last.stamp.digest),
            time: listening.map_or(own, |listening| own.max(listening.time.less(self.skew))),
            log_size: next.frontier.size(),
            log_root: Digest::new(next.frontier.root()),
            heard,
        };
        let signed_header = SignedHeader::sign(&header, &self.genesis, signer)?;
        within_limits(&signed_header, &entries).map_err(ComposeError::TooLarge)?;
        next.last = Some(Last::of(&signed_header));
        Ok(Composed {
            signed_header,
            entries,
            state: next,
        })
    }

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
            return Err(Fault::Gap {
                wanted,
                number,
                signature: GapSignature::Verified,
            });
        }
        if let Some(stored) = stored {
            return Err(Fault::Rival {
                number,
                stored,
                arrived: *signed.digest(),
            });
        }
        if header.time > now.plus(self.skew) {
            return Err(Fault::Future {
                until: header.time.less(self.skew),
            });
        }
        self.chain(header)
            .map_err(|breach| Fault::BrokenChain { number, breach })?;
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
        let key = self
            .keys
            .may_sign(number, signed.key_id())
            .or_else(|| self.by_itself(dispatch));
        match key {
            Some(key) if signed.verifies(&self.genesis, &key) => Ok(()),
            Some(_) => Err(Fault::NotAuthentic(NotAuthentic::BadSignature)),
            None if number > self.next_number() => Err(Fault::Gap {
                wanted: self.next_number(),
                number,
                signature: GapSignature::KeyUnknown,
            }),
            None => Err(Fault::NotAuthentic(NotAuthentic::UnknownKey(
                signed.key_id(),
            ))),
        }
    }

    /// The key of this dispatch's signature, if its own first entry announces it.
    fn by_itself(&self, dispatch: &Dispatch) -> Option<PublicKey> {
        let number = dispatch.signed_header.header().number;
        let first = dispatch.entries.first()?;
        let reading = entry::read(&self.log, &Head::decode(&first.head)?, &first.facts);
        let id = dispatch.signed_header.key_id();
        self.keys
            .announced_by_itself(announcement(&reading.content)?, number, id)
    }

    /// Whether a header continues this log, as far as headers tell.
    pub(crate) fn chain(&self, header: &Header) -> Result<(), Breach> {
        if header.previous != self.last.map(|last| last.stamp.digest)
            || header.number != self.next_number()
        {
            return Err(Breach::Previous);
        }
        if self.last.is_some_and(|last| header.time < last.stamp.time) {
            return Err(Breach::Time);
        }
        if heard_falls(self.heard(), header.heard) {
            return Err(Breach::Heard);
        }
        Ok(())
    }

    /// Whether size and root continue this log, as far as headers tell.
    fn grows(&self, header: &Header) -> Result<(), Breach> {
        let added = header
            .log_size
            .checked_sub(self.frontier.size())
            .ok_or(Breach::Size)?;
        if added > ENTRIES_MAX as u64 {
            return Err(Breach::Size);
        }
        if added == 0 && header.log_root.as_bytes() != &self.frontier.root() {
            return Err(Breach::Root);
        }
        Ok(())
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
            return Err(Fault::BrokenChain {
                number,
                breach: Breach::Time,
            });
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
                return Err(Fault::EntriesWithheld {
                    number,
                    position: Some(head.position),
                });
            }
            let reading = entry::read(&self.log, &head, &entry.facts);
            next.announce(&reading, number, index);
            let mut entry = entry.clone();
            entry.sealed_body = entry.sealed_body.filter(|body| {
                body.len() <= entry::SEALED_BODY_BYTES_MAX
                    && head.body_digest == Some(sha256(&[body]))
            });
            entries.push(AcceptedEntry {
                head,
                entry,
                reading,
            });
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
        self.grows(header)
            .map_err(|breach| Fault::BrokenChain { number, breach })?;
        let mut next = self.clone();
        let mut decoded = Vec::new();
        for bytes in heads {
            let position = next.frontier.size();
            next.frontier.push(merkle::leaf_hash(bytes));
            decoded.push((position, Head::decode(bytes)));
        }
        let size_fits = next.frontier.size() == header.log_size;
        if !size_fits || header.log_root.as_bytes() != &next.frontier.root() {
            return Err(Fault::EntriesWithheld {
                number,
                position: None,
            });
        }
        let at_its_place = |(position, head): (u64, Option<Head>)| {
            head.filter(|head| head.position == position)
                .ok_or(Fault::BrokenChain {
                    number,
                    breach: Breach::Head { position },
                })
        };
        let heads = decoded
            .into_iter()
            .map(at_its_place)
            .collect::<Result<_, _>>()?;
        next.last = Some(Last::of(signed));
        Ok((next, heads))
    }

    /// Takes in a key announcement, if the entry is one. One that does not count stays in the log
    /// and changes nothing.
    pub(crate) fn announce(&mut self, reading: &Reading, dispatch: u64, index: usize) {
        if let Some(root_statement) = announcement(&reading.content) {
            let place = if index == 0 {
                Place::First
            } else {
                Place::Later
            };
            let _ = Arc::make_mut(&mut self.keys).announce(root_statement, dispatch, place);
        }
    }

    /// Whether `signed` is signed for this corridor with a key that may sign its number.
    pub(crate) fn verifies(&self, signed: &SignedHeader) -> bool {
        self.keys
            .may_sign(signed.header().number, signed.key_id())
            .is_some_and(|key| signed.verifies(&self.genesis, &key))
    }
}

impl Last {
    const fn of(signed: &SignedHeader) -> Self {
        let header = signed.header();
        let stamp = Stamp {
            digest: *signed.digest(),
            time: header.time,
        };
        Self {
            number: header.number,
            stamp,
            heard: header.heard,
        }
    }
}

/// The root statement inside a key announcement.
fn announcement(content: &Content) -> Option<&[u8]> {
    let Content::Stated(statement) = content else {
        return None;
    };
    let Statement::KeyAnnounced(announced) = statement.as_ref() else {
        return None;
    };
    Some(&announced.root_statement)
}

/// Whether what is heard falls, is forgotten, or changes under the same number.
fn heard_falls(before: Option<Heard>, after: Option<Heard>) -> bool {
    match (before, after) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            let earlier = (after.era, after.number) < (before.era, before.number);
            let same = (after.era, after.number) == (before.era, before.number);
            earlier || (same && after.digest != before.digest)
        }
    }
}
