//! The State that is played: it signs what it likes with its true keys.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use domain::case::event::{
    ClockCorrected, KeyAnnounced, LogSucceeded, Opaque, Statement as Stated,
};
use domain::chain::Heard;
use domain::identifier::{CaseId, Digest, State};
use domain::time::{Instant, Span};
use record::dispatch::{Dispatch, Header, SignedHeader};
use record::entry::{Draft, Entry};
use record::era::Frozen;
use record::genesis::SignedGenesis;
use record::key::{Signer as _, SigningKeyInMemory};
use record::log::{Listening, LogState};
use record::log_id::LogId;
use record::root_statement::{AnnouncedKey, RootStatement, Statement, Succession};
use record::wrap::OpeningKey;
use record::{facts, random};

/// An author of dispatches.
pub(super) struct Author {
    pub(super) genesis: SignedGenesis,
    pub(super) log: LogState,
    pub(super) heard: Option<Listening>,
    root: SigningKeyInMemory,
    key: SigningKeyInMemory,
    /// Opens case keys that are wrapped for this State.
    pub(super) opening: Arc<OpeningKey>,
    serial: u64,
}

/// An entry to be said.
#[derive(Default)]
pub(super) struct Said {
    pub(super) case: Option<CaseId>,
    pub(super) facts: Vec<u8>,
    pub(super) sealed_body: Option<Vec<u8>>,
    pub(super) commitment: Option<Digest>,
}

impl Said {
    /// About the corridor.
    pub(super) fn corridor(statement: &Stated) -> Self {
        Self { facts: facts::encode(None, statement), ..Self::default() }
    }

    /// About a case.
    pub(super) fn case(case: CaseId, statement: &Stated) -> Self {
        let facts = facts::encode(Some(case), statement);
        Self { case: Some(case), facts, ..Self::default() }
    }
}

impl Author {
    pub(super) fn new(
        genesis: SignedGenesis,
        own: State,
        partner: State,
        root: SigningKeyInMemory,
    ) -> anyhow::Result<Self> {
        let party = genesis.genesis().party(own).context("the genesis does not name HOME")?;
        if party.root_key != root.public_key() || genesis.genesis().party(partner).is_none() {
            bail!("the root key in HOME is not the one that the genesis names");
        }
        let log = LogState::new(&genesis, own).context("the genesis does not name HOME")?;
        let key = SigningKeyInMemory::generate(&mut random::operating_system());
        let opening = Arc::new(OpeningKey::generate(&mut random::operating_system()));
        Ok(Self { genesis, log, heard: None, root, key, opening, serial: 0 })
    }

    /// Another that goes on from the same place with the same keys.
    pub(super) fn fork(&self) -> Self {
        Self {
            genesis: self.genesis.clone(),
            log: self.log.clone(),
            heard: self.heard,
            root: SigningKeyInMemory::from_seed(&self.root.seed()),
            key: SigningKeyInMemory::from_seed(&self.key.seed()),
            opening: Arc::clone(&self.opening),
            serial: self.serial,
        }
    }

    /// The announcements that a log begins with.
    pub(super) fn introduction(&mut self) -> anyhow::Result<Dispatch> {
        let log = self.announce_log_key()?;
        let hpke = self.announced(AnnouncedKey::Hpke(self.opening.public_key()))?;
        self.say(vec![log, hpke])
    }

    /// A dispatch with these entries, dated now.
    pub(super) fn say(&mut self, said: Vec<Said>) -> anyhow::Result<Dispatch> {
        self.say_at(said, now())
    }

    /// A dispatch with these entries.
    pub(super) fn say_at(&mut self, said: Vec<Said>, at: Instant) -> anyhow::Result<Dispatch> {
        let log = if self.log.frozen().is_some() { self.log.next_era() } else { *self.log.log() };
        self.say_in(&log, said, at)
    }

    fn say_in(&mut self, log: &LogId, said: Vec<Said>, at: Instant) -> anyhow::Result<Dispatch> {
        let numbered = (self.log.next_position()..).zip(said);
        let entries = numbered.map(|(position, said)| {
            let draft = Draft {
                case: said.case,
                facts: said.facts,
                sealed_body: said.sealed_body,
                case_key_commitment: said.commitment,
            };
            Entry::new(log, position, draft)
        });
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let composed = self.log.compose(entries, self.heard, at, &self.key)?;
        self.log = composed.state;
        Ok(Dispatch {
            signed_header: composed.signed_header,
            entries: composed.entries,
            case_keys: Vec::new(),
        })
    }

    /// A dispatch without entries whose header is changed before it is signed; the own log does
    /// not move.
    pub(super) fn twisted(&self, twist: impl FnOnce(&mut Header)) -> anyhow::Result<Dispatch> {
        let composed = self.log.compose(Vec::new(), self.heard, now(), &self.key)?;
        let mut header = *composed.signed_header.header();
        twist(&mut header);
        let signed_header = SignedHeader::sign(&header, self.genesis.digest(), &self.key)?;
        Ok(Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() })
    }

    /// A dispatch without entries that is signed for another corridor, or with another key.
    pub(super) fn signed_elsewhere(
        &self,
        genesis: &Digest,
        key: &SigningKeyInMemory,
    ) -> anyhow::Result<Dispatch> {
        let composed = self.log.compose(Vec::new(), self.heard, now(), &self.key)?;
        let header = composed.signed_header.header();
        let signed_header = SignedHeader::sign(header, genesis, key)?;
        Ok(Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() })
    }

    /// The same header as the next dispatch would have, for another corridor.
    pub(super) fn for_another_corridor(&self) -> anyhow::Result<Dispatch> {
        self.signed_elsewhere(&Digest::new([7; 32]), &self.key)
    }

    /// The word of the root key that corrects the clock.
    pub(super) fn correction(&mut self) -> anyhow::Result<Said> {
        let root_statement = Opaque(self.root_says(Statement::ClockCorrected)?);
        Ok(Said::corridor(&Stated::ClockCorrected(ClockCorrected { root_statement })))
    }

    /// The beginning of the next era after `last`, once the node has stated a fault.
    pub(super) fn succeed(&mut self, frozen: Frozen) -> anyhow::Result<Dispatch> {
        self.log.freeze(frozen);
        let era = frozen.last.era + 1;
        let key = self.announce_log_key()?;
        let succession = Statement::LogSucceeded(Succession { era, last: frozen.last });
        let root_statement = Opaque(self.root_says(succession)?);
        let succeeded = LogSucceeded { root_statement, era, last: frozen.last };
        self.say(vec![key, Said::corridor(&Stated::LogSucceeded(succeeded))])
    }

    /// Claims to have heard what the node never said.
    pub(super) fn deluded(&mut self) -> anyhow::Result<Dispatch> {
        let before = self.heard.map_or(0, |listening| listening.heard.number);
        let era = self.heard.map_or(0, |listening| listening.heard.era);
        let heard = Heard { era, number: before + 1_000, digest: Digest::new([9; 32]) };
        self.twisted(|header| header.heard = Some(heard))
    }

    fn announce_log_key(&mut self) -> anyhow::Result<Said> {
        self.key = SigningKeyInMemory::generate(&mut random::operating_system());
        self.announced(AnnouncedKey::Log(self.key.public_key()))
    }

    fn announced(&mut self, key: AnnouncedKey) -> anyhow::Result<Said> {
        let root_statement = self.root_says(Statement::KeyAnnounced(key))?;
        Ok(Said::corridor(&Stated::KeyAnnounced(KeyAnnounced { root_statement })))
    }

    fn root_says(&mut self, statement: Statement) -> anyhow::Result<Vec<u8>> {
        self.serial += 1;
        let statement = RootStatement { serial: self.serial, statement };
        Ok(statement.sign(self.genesis.digest(), self.log.author(), &self.root)?)
    }
}

/// The time by the clock of this machine.
pub(super) fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant::from_ms(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// An hour: more than any skew that a genesis allows.
pub(super) const HOUR: Span = Span::from_ms(3_600_000);
