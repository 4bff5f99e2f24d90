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

use crate::breach::{self, Before, Breach};
use crate::dispatch::{DispatchError, ENTRIES_MAX, Header, SignedHeader, within_limits};
use crate::entry::{self, Entry, Head};
use crate::era::{Eras, Frozen};
use crate::facts;
use crate::genesis::SignedGenesis;
use crate::key::{KeyId, SignError, Signer};
use crate::key_directory::{KeyDirectory, Placed, root_statement};
use crate::log_id::LogId;
use crate::root_statement::Root;

/// The era that every log begins with.
pub(crate) const FIRST_ERA: u32 = 0;

/// A dispatch by what the other log needs to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its era.
    pub era: u32,
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
    /// Its time.
    pub time: Instant,
}

/// The running state of one log.
#[derive(Clone, Debug)]
pub struct LogState {
    pub(crate) genesis: Digest,
    pub(crate) skew: Span,
    pub(crate) eras: Eras,
    pub(crate) partner: State,
    pub(crate) last: Option<Before>,
    pub(crate) frontier: Frontier,
    pub(crate) keys: Arc<KeyDirectory>,
    pub(crate) frozen: Option<Frozen>,
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
    /// The log is frozen, and the dispatch does not begin its next era.
    #[error("the log is frozen by a fault proved in dispatch {} of the partner", .0.stated_in)]
    Frozen(Frozen),
    /// It would correct the clock or begin an era without a statement that counts.
    #[error("the dispatch would break the chain of its log")]
    WouldBreak(#[source] Breach),
    /// The signer failed.
    #[error("signing the dispatch")]
    Sign(#[from] SignError),
}

impl LogState {
    /// The log of `author` before its first dispatch; `None` for a State that is not in the
    /// corridor.
    #[must_use]
    pub fn new(genesis: &SignedGenesis, author: State) -> Option<Self> {
        let party = genesis.genesis().party(author)?;
        let partner = genesis.genesis().partner(author)?.state;
        let digest = *genesis.digest();
        let root = Root { genesis: digest, author, key: party.root_key };
        Some(Self {
            genesis: digest,
            skew: genesis.genesis().skew(),
            eras: Eras::new(LogId::shared(&digest, author, FIRST_ERA)),
            partner,
            last: None,
            frontier: Frontier::new(),
            keys: Arc::new(KeyDirectory::new(root)),
            frozen: None,
        })
    }

    /// Puts a state together again from what a store keeps: its last signed header, the frontier
    /// of its heads, and every corridor statement at its place, in the order of the log. Own
    /// stored bytes are trusted: no signature is verified but those of the root key. Whether the
    /// log is frozen is for the other log to say: see [`LogState::freeze`].
    ///
    /// `None` when the parts do not belong together.
    #[must_use]
    pub fn resume<'a>(
        genesis: &SignedGenesis,
        author: State,
        last: Option<&SignedHeader>,
        frontier: Frontier,
        stated: impl IntoIterator<Item = Placed<'a>>,
    ) -> Option<Self> {
        let mut state = Self::new(genesis, author)?;
        for placed in stated {
            let header = &placed.header;
            // The succession stands behind the announcement that its era begins with.
            if matches!(placed.statement, Statement::LogSucceeded(_))
                && header.era != state.era()
                && placed.index == 1
            {
                state.enter(header, placed.position.checked_sub(1)?);
            }
            // One that does not count changes nothing, now as then.
            let _ = Arc::make_mut(&mut state.keys).take(&placed);
        }
        if let Some(last) = last {
            let header = last.header();
            let fits = header.author == author
                && header.era == state.era()
                && header.log_size == frontier.size()
                && header.log_root.as_bytes() == &frontier.root();
            fits.then_some(())?;
            state.last = Some(last.into());
        } else if frontier.size() != 0 {
            return None;
        }
        state.frontier = frontier;
        Some(state)
    }

    /// Moves on over a dispatch that is stored, without verifying it again: heads with the facts
    /// of each, `None` where the facts are known to carry no word of the root key. Root and size
    /// are compared.
    ///
    /// # Errors
    /// The stored bytes do not follow: the store is damaged.
    pub fn replay<'a>(
        &self,
        stored: &SignedHeader,
        heads: impl IntoIterator<Item = (&'a [u8], Option<&'a [u8]>)>,
    ) -> Result<Self, Breach> {
        let header = stored.header();
        let mut next = self.clone();
        next.turn(header)?;
        for (index, (head, facts)) in heads.into_iter().enumerate() {
            let position = next.frontier.size();
            next.frontier.push(merkle::leaf_hash(head));
            if let Some(facts) = facts {
                let head = Head::decode(head).ok_or(Breach::Head { position })?;
                let reading = entry::read(next.log(), &head, facts);
                next.take_statement(header, index, position, &reading.content);
            }
        }
        next.chain(header)?;
        if header.log_size != next.frontier.size() {
            return Err(Breach::Size);
        }
        if header.log_root.as_bytes() != &next.frontier.root() {
            return Err(Breach::Root);
        }
        next.complete(header)?;
        next.last = Some(stored.into());
        Ok(next)
    }

    /// The log is frozen: the other State has stated a fault of it that counts and freezes (see
    /// [`crate::fault`]). Nothing changes where that era has ended already.
    pub fn freeze(&mut self, frozen: Frozen) {
        if frozen.last.era == self.era() && self.frozen.is_none() {
            self.frozen = Some(frozen);
        }
    }

    /// The fault by which the current era has ended; `None` where it goes on.
    #[must_use]
    pub const fn frozen(&self) -> Option<&Frozen> {
        self.frozen.as_ref()
    }

    /// The current era.
    #[must_use]
    pub fn era(&self) -> u32 {
        self.log().era()
    }

    /// Where each era begins.
    #[must_use]
    pub const fn eras(&self) -> &Eras {
        &self.eras
    }

    /// The log in its next era: what the entries bind that begin it.
    #[must_use]
    pub fn next_era(&self) -> LogId {
        LogId::shared(&self.genesis, self.author(), self.era().saturating_add(1))
    }

    /// The log, in its current era.
    #[must_use]
    pub fn log(&self) -> &LogId {
        self.eras.current()
    }

    /// The digest of the genesis.
    #[must_use]
    pub const fn genesis(&self) -> &Digest {
        &self.genesis
    }

    /// The State that writes it.
    #[must_use]
    pub fn author(&self) -> State {
        self.log().author()
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
            Some(last) => last.header.number.saturating_add(1),
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
        self.last.map(|Before { header, digest }| Listening {
            heard: Heard { era: header.era, number: header.number, digest },
            time: header.time,
        })
    }

    /// What the last dispatch has heard.
    #[must_use]
    pub fn heard(&self) -> Option<Heard> {
        self.last.and_then(|last| last.header.heard)
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
    /// heard less the skew; the own last time is left out where the first entry corrects the
    /// clock. In a frozen log, the entries begin the next era: see [`LogState::next_era`].
    ///
    /// # Errors
    /// Entries that are too many, too large or not next; a key that may not sign; heard falling;
    /// a frozen log; a correction or succession that would not count; or the signer fails.
    pub fn compose(
        &self,
        entries: Vec<Entry>,
        listening: Option<Listening>,
        now: Instant,
        signer: &dyn Signer,
    ) -> Result<Composed, ComposeError> {
        if entries.len() > ENTRIES_MAX {
            let too_many = DispatchError::TooManyEntries { entries: entries.len() };
            return Err(ComposeError::TooLarge(too_many));
        }
        let mut header = self.draft(&entries, listening, now)?;
        let number = header.number;
        let mut next = self.clone();
        next.turn(&header).map_err(ComposeError::WouldBreak)?;
        for (index, entry) in entries.iter().enumerate() {
            let position = next.frontier.size();
            let head = Head::decode(&entry.head)
                .filter(|head| head.position == position)
                .ok_or(ComposeError::NotNext { expected: position })?;
            next.frontier.push(merkle::leaf_hash(&entry.head));
            // No case entry carries a word of the root key.
            if facts::claimed_case(&entry.facts).is_none() {
                let reading = entry::read(next.log(), &head, &entry.facts);
                next.take_statement(&header, index, position, &reading.content);
            }
        }
        next.complete(&header).map_err(ComposeError::WouldBreak)?;
        let key = next.keys.may_sign(number, signer.key_id());
        key.ok_or(ComposeError::KeyNotValid { key_id: signer.key_id(), number })?;
        if breach::heard_falls(self.heard(), header.heard) {
            return Err(ComposeError::HeardFalls);
        }
        header.log_size = next.frontier.size();
        header.log_root = Digest::new(next.frontier.root());
        let signed_header = SignedHeader::sign(&header, &self.genesis, signer)?;
        within_limits(&signed_header, &entries).map_err(ComposeError::TooLarge)?;
        next.last = Some((&signed_header).into());
        Ok(Composed { signed_header, entries, state: next })
    }

    /// The header of the next dispatch, but for size and root.
    fn draft(
        &self,
        entries: &[Entry],
        listening: Option<Listening>,
        now: Instant,
    ) -> Result<Header, ComposeError> {
        let stated = |index: usize| {
            let entry = entries.get(index);
            let entry = entry.filter(|entry| facts::claimed_case(&entry.facts).is_none())?;
            match facts::read(&entry.facts) {
                Content::Stated(statement) => Some(statement),
                Content::NotUnderstood => None,
            }
        };
        let heard = listening.map(|listening| listening.heard);
        let mut era = self.era();
        if let Some(frozen) = self.frozen {
            let succeeds = matches!(stated(1).as_deref(), Some(Statement::LogSucceeded(_)));
            if !succeeds || !self.may_succeed(&frozen, heard) {
                return Err(ComposeError::Frozen(frozen));
            }
            era = era.saturating_add(1);
        }
        let corrects_clock = matches!(stated(0).as_deref(), Some(Statement::ClockCorrected(_)));
        let last = self.last.filter(|_| !corrects_clock);
        let own = last.map_or(now, |last| now.max(last.header.time));
        Ok(Header {
            author: self.author(),
            era,
            number: self.next_number(),
            previous: self.last.map(|last| last.digest),
            time: listening.map_or(own, |listening| own.max(listening.time.less(self.skew))),
            log_size: self.frontier.size(),
            log_root: Digest::new([0; 32]),
            heard,
            corrects_clock,
        })
    }

    /// Whether the next dispatch may begin the next era: it follows the last one that the other
    /// State had heard when it stated the fault, and has heard that.
    pub(crate) fn may_succeed(&self, frozen: &Frozen, heard: Option<Heard>) -> bool {
        self.head().is_some_and(|head| head.heard == frozen.last)
            && heard.is_some_and(|heard| heard.number >= frozen.stated_in)
    }

    /// Enters the era of a header, where it is the next one.
    pub(crate) fn turn(&mut self, header: &Header) -> Result<(), Breach> {
        if header.era == self.era() {
            return Ok(());
        }
        if self.era().checked_add(1) != Some(header.era) || self.last.is_none() {
            return Err(Breach::Era);
        }
        self.enter(header, self.frontier.size());
        Ok(())
    }

    fn enter(&mut self, header: &Header, position: u64) {
        let log = LogId::shared(&self.genesis, self.author(), header.era);
        self.eras.begin(log, header.number, position);
        self.frozen = None;
    }

    /// Whether a header continues this log, as far as headers tell.
    pub(crate) fn chain(&self, header: &Header) -> Result<(), Breach> {
        breach::follows(self.last.as_ref(), header)
    }

    /// Takes in an entry, if it carries a word of the root key. One that does not count stays in
    /// the log and changes nothing.
    pub(crate) fn take_statement(
        &mut self,
        header: &Header,
        index: usize,
        position: u64,
        content: &Content,
    ) {
        if let Content::Stated(statement) = content
            && root_statement(statement).is_some()
        {
            let placed = Placed { header: *header, index, position, statement };
            let _ = Arc::make_mut(&mut self.keys).take(&placed);
        }
    }

    /// Whether a dispatch whose entries were taken in has what its header says: a correction that
    /// counts, a succession that counts.
    pub(crate) fn complete(&self, header: &Header) -> Result<(), Breach> {
        if header.corrects_clock && !self.keys.corrects_clock(header.number) {
            return Err(Breach::Time);
        }
        let before = header.number.checked_sub(1).map(|before| self.eras.era_of(before));
        let begins = before.is_some_and(|before| before != header.era);
        if begins && !self.keys.succeeds(header.number) {
            return Err(Breach::Era);
        }
        Ok(())
    }
}

impl From<&SignedHeader> for Before {
    fn from(signed: &SignedHeader) -> Self {
        Self { header: *signed.header(), digest: *signed.digest() }
    }
}
