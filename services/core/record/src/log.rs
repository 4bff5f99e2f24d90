//! The running state of one log, and the next dispatch of its author. What a partner takes in is
//! in [`crate::arrival`].
//!
//! A state is a value. Composing or accepting a dispatch yields the next one and leaves the old
//! one as it was, so a writer moves on only once the bytes are durable.

use std::sync::Arc;

use domain::case::event::Statement;
use domain::chain::{Content, Heard};
use domain::identifier::{Digest, State};
use domain::time::{Instant, Span};
use merkle::Frontier;

use crate::dispatch::{DispatchError, ENTRIES_MAX, Header, SignedHeader, within_limits};
use crate::entry::{self, Entry, Head, Reading};
use crate::genesis::SignedGenesis;
use crate::key::{KeyId, SignError, Signer};
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

/// The running state of one log.
#[derive(Clone, Debug)]
pub struct LogState {
    pub(crate) genesis: Digest,
    pub(crate) skew: Span,
    pub(crate) log: LogId,
    pub(crate) partner: State,
    pub(crate) last: Option<Last>,
    pub(crate) frontier: Frontier,
    pub(crate) keys: Arc<KeyDirectory>,
}

/// What the next dispatch builds on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Last {
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
        let root = Root { genesis: digest, author, key: party.root_key };
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
            heard: Heard { era: self.log.era(), number: last.number, digest: last.stamp.digest },
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
            let too_many = DispatchError::TooManyEntries { entries: entries.len() };
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
        key.ok_or(ComposeError::KeyNotValid { key_id: signer.key_id(), number })?;
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
        Ok(Composed { signed_header, entries, state: next })
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
    pub(crate) fn grows(&self, header: &Header) -> Result<(), Breach> {
        let added = header.log_size.checked_sub(self.frontier.size()).ok_or(Breach::Size)?;
        if added > ENTRIES_MAX as u64 {
            return Err(Breach::Size);
        }
        if added == 0 && header.log_root.as_bytes() != &self.frontier.root() {
            return Err(Breach::Root);
        }
        Ok(())
    }

    /// Takes in a key announcement, if the entry is one. One that does not count stays in the log
    /// and changes nothing.
    pub(crate) fn announce(&mut self, reading: &Reading, dispatch: u64, index: usize) {
        if let Some(root_statement) = announcement(&reading.content) {
            let place = if index == 0 { Place::First } else { Place::Later };
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
    pub(crate) const fn of(signed: &SignedHeader) -> Self {
        let header = signed.header();
        let stamp = Stamp { digest: *signed.digest(), time: header.time };
        Self { number: header.number, stamp, heard: header.heard }
    }
}

/// The root statement inside a key announcement.
pub(crate) fn announcement(content: &Content) -> Option<&[u8]> {
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
