//! What arrives from a partner, and what is done: a dispatch is taken in, or has one named fault.
//!
//! Pure: what is already stored is asked of [`Known`], and acting on a fault is the caller's.

use domain::chain::{Content, Heard};
use domain::identifier::Digest;
use domain::time::Instant;
use proto::record::v1::WrappedCaseKey;

use crate::breach::{self, Breach};
use crate::digest::sha256;
use crate::dispatch::{Dispatch, DispatchError, Header, SignedHeader};
use crate::entry::{self, Entry, Head, Reading};
use crate::key::{KeyId, PublicKey};
use crate::key_directory::root_statement;
use crate::log::{LogState, Stamp};
use crate::log_id::LogId;

/// What is already stored of the two logs, asked while a partner's dispatch is checked.
pub trait Known {
    /// Era, digest and time of a dispatch of the log that `heard` points into; `None` where that
    /// log has no such number.
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
    /// A dispatch of an era that has ended, after its last one: it is in no chain, nothing happens.
    #[error("dispatch {number} is of an era that ended before it")]
    Void {
        /// Its number.
        number: u64,
    },
    /// The log is frozen by a proven fault: nothing more of this era is imported.
    #[error("dispatch {number} is of a log that is frozen by a proven fault")]
    Frozen {
        /// Its number.
        number: u64,
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
        self.check_dated(dispatch, Some(now), known)
    }

    /// Checks parked dispatches that a correction of the clock releases: a run from the next
    /// number on, the last of which is dated no later than `now` permits and corrects the clock of
    /// the others. All of them are to be stored in one step, so that no word of one's own lies
    /// between; until then they count as not arrived.
    ///
    /// # Errors
    /// The index of the first that cannot be stored, and why; then none is to be stored. A run
    /// that does not end with a correction fails at its last.
    pub fn check_released(
        &self,
        run: Vec<Dispatch>,
        now: Instant,
        known: &impl Known,
    ) -> Result<Vec<Accepted>, (usize, Fault)> {
        let Some(last) = run.last().map(|last| *last.signed_header.header()) else {
            return Ok(Vec::new());
        };
        if !last.corrects_clock {
            return Err((run.len() - 1, Fault::Future { until: last.time.less(self.skew) }));
        }
        let mut accepted: Vec<Accepted> = Vec::with_capacity(run.len());
        for (index, dispatch) in run.into_iter().enumerate() {
            let is_last = dispatch.signed_header.header().number == last.number;
            let state = accepted.last().map_or(self, |before| &before.state);
            let taken = state.check_dated(dispatch, is_last.then_some(now), known);
            accepted.push(taken.map_err(|fault| (index, fault))?);
        }
        Ok(accepted)
    }

    /// Checks a dispatch that must not be dated later than the skew after `now`, where one is
    /// given.
    fn check_dated(
        &self,
        dispatch: Dispatch,
        now: Option<Instant>,
        known: &impl Known,
    ) -> Result<Accepted, Fault> {
        let signed = &dispatch.signed_header;
        let header = signed.header();
        let number = header.number;
        if header.author != self.author() {
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
        if header.era < self.eras.era_of(number) {
            return Err(Fault::Void { number });
        }
        self.authentic(&dispatch)?;
        self.in_its_era(header)?;
        if number > self.next_number() {
            let wanted = self.next_number();
            return Err(Fault::Gap { wanted, number, signature: GapSignature::Verified });
        }
        if let Some(stored) = stored {
            return Err(Fault::Rival { number, stored, arrived: *signed.digest() });
        }
        if now.is_some_and(|now| header.time > now.plus(self.skew)) {
            return Err(Fault::Future { until: header.time.less(self.skew) });
        }
        self.chain(header).map_err(|breach| Fault::BrokenChain { number, breach })?;
        self.hearing(header, known)?;
        self.take_in(dispatch)
    }

    /// Whether the partner signed it: with the key that counts before this number, or with one
    /// that its own first entry announces. An era begins with the latter.
    fn authentic(&self, dispatch: &Dispatch) -> Result<(), Fault> {
        let signed = &dispatch.signed_header;
        let header = signed.header();
        let number = header.number;
        let announced = self.keys.may_sign(number, signed.key_id());
        let announced = announced.filter(|_| header.era <= self.era());
        let key = announced.or_else(|| self.by_itself(dispatch));
        let ended = self.frozen.is_some();
        match key {
            Some(key) if signed.verifies(&self.genesis, &key) => Ok(()),
            Some(_) => Err(Fault::NotAuthentic(NotAuthentic::BadSignature)),
            None if number > self.next_number() && (!ended || header.era > self.era()) => {
                Err(Fault::Gap {
                    wanted: self.next_number(),
                    number,
                    signature: GapSignature::KeyUnknown,
                })
            }
            None => Err(Fault::NotAuthentic(NotAuthentic::UnknownKey(signed.key_id()))),
        }
    }

    /// Whether its era is the one that its number has, or the next one where that may begin here.
    fn in_its_era(&self, header: &Header) -> Result<(), Fault> {
        let number = header.number;
        let next = self.next_number();
        if header.era == self.eras.era_of(number) {
            let frozen = self.frozen.is_some() && number >= next;
            return if frozen { Err(Fault::Frozen { number }) } else { Ok(()) };
        }
        let may_begin = |frozen| number > next || self.may_succeed(frozen, header.heard);
        let succeeds = number >= next
            && self.era().checked_add(1) == Some(header.era)
            && self.frozen.as_ref().is_some_and(may_begin);
        if succeeds { Ok(()) } else { Err(Fault::BrokenChain { number, breach: Breach::Era }) }
    }

    /// The key of this dispatch's signature, if its own first entry announces it.
    fn by_itself(&self, dispatch: &Dispatch) -> Option<PublicKey> {
        let header = dispatch.signed_header.header();
        let first = dispatch.entries.first()?;
        let log = LogId::shared(&self.genesis, header.author, header.era);
        let reading = entry::read(&log, &Head::decode(&first.head)?, &first.facts);
        let id = dispatch.signed_header.key_id();
        let Content::Stated(statement) = &reading.content else {
            return None;
        };
        self.keys.announced_by_itself(root_statement(statement)?, header.number, id)
    }

    /// Whether what a header has heard was said, and its time does not lie behind it.
    pub(crate) fn hearing(&self, header: &Header, known: &impl Known) -> Result<(), Fault> {
        let Some(heard) = header.heard else {
            return Ok(());
        };
        let number = header.number;
        let stamp = known
            .heard(heard.number)
            .filter(|stamp| stamp.digest == heard.digest && stamp.era == heard.era)
            .ok_or(Fault::HeardUnknown { number, heard })?;
        if header.time < stamp.time.less(self.skew) {
            return Err(Fault::BrokenChain { number, breach: Breach::Time });
        }
        Ok(())
    }

    /// Takes in the entries: heads under the signed root first, then what the heads name.
    fn take_in(&self, dispatch: Dispatch) -> Result<Accepted, Fault> {
        let Dispatch { signed_header, entries: arrived, case_keys } = dispatch;
        let header = signed_header.header();
        let number = header.number;
        let heads = arrived.iter().map(|entry| entry.head.as_slice());
        let (mut next, heads) = self.take_in_heads(&signed_header, heads)?;
        let mut entries = Vec::with_capacity(heads.len());
        for (index, (head, mut entry)) in heads.into_iter().zip(arrived).enumerate() {
            if sha256(&[&entry.facts]) != head.facts_digest {
                return Err(Fault::EntriesWithheld { number, position: Some(head.position) });
            }
            let reading = entry::read(next.log(), &head, &entry.facts);
            next.take_statement(header, index, head.position, &reading.content);
            entry.sealed_body = entry.sealed_body.filter(|body| {
                body.len() <= entry::SEALED_BODY_BYTES_MAX
                    && head.body_digest == Some(sha256(&[body]))
            });
            entries.push(AcceptedEntry { head, entry, reading });
        }
        next.complete(header).map_err(|breach| Fault::BrokenChain { number, breach })?;
        Ok(Accepted { signed_header, entries, case_keys, state: next })
    }

    /// Takes in heads and moves on over the header. What the root key states is the caller's to
    /// take in, by [`LogState::take_statement`], once it has the facts, and then
    /// [`LogState::complete`].
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
        let broken = |breach| Fault::BrokenChain { number, breach };
        breach::grows(self.last.as_ref(), header).map_err(broken)?;
        let mut next = self.clone();
        next.turn(header).map_err(broken)?;
        let heads = heads.into_iter();
        let mut read = Vec::with_capacity(heads.size_hint().0);
        let mut malformed = None;
        for bytes in heads {
            let position = next.frontier.size();
            next.frontier.push(merkle::leaf_hash(bytes));
            match Head::decode(bytes).filter(|head| head.position == position) {
                Some(head) => read.push(head),
                None => malformed = malformed.or(Some(position)),
            }
        }
        let size_fits = next.frontier.size() == header.log_size;
        if !size_fits || header.log_root.as_bytes() != &next.frontier.root() {
            return Err(Fault::EntriesWithheld { number, position: None });
        }
        if let Some(position) = malformed {
            return Err(broken(Breach::Head { position }));
        }
        next.last = Some(signed.into());
        Ok((next, read))
    }
}
