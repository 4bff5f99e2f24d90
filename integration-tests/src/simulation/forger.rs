//! A byzantine partner: it has the true keys of its State and writes whatever it likes. What it
//! says of itself is one chain; what it may say besides is made by hand here.

use anyhow::{Context as _, Result, anyhow};
use domain::case::event::{
    ClockCorrected, KeyAnnounced, KeyPurpose, KeyRevoked, Kind, LogSucceeded, Opaque, Statement,
};
use domain::chain::{Chain, Content, Dispatch as Spoken, Entry as Stated, Heard};
use domain::identifier::{CaseId, Digest};
use domain::rules::Rules;
use domain::time::{Instant, Span};
use proto::record::v1::WrappedCaseKey;
use record::dispatch::{Dispatch, Header, SignedHeader};
use record::entry::{self, Draft, Entry, Head, Owner};
use record::era::Frozen;
use record::genesis::SignedGenesis;
use record::key::{Signer as _, SigningKeyInMemory};
use record::log::{Listening, LogState};
use record::log_id::LogId;
use record::root_statement::{
    AnnouncedKey, RevokedKey, RootStatement, Statement as Rooted, Succession,
};
use record::seal::{CaseKey, Place, Purpose};
use record::wrap::OpeningKey;
use record::{body, facts, random, wrap};

use super::site;
use super::step::Party;
use super::word;

/// How a dispatch departs from what an honest node would make of the same entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Not at all.
    Honest,
    /// Dated as early as its own log and what it has heard allow.
    Early,
    /// Dated so many minutes after its clock.
    Ahead(u64),
    /// As if nothing had been heard since its last dispatch.
    Deaf,
    /// Another dispatch under the number of its last one.
    Rival,
    /// Dated a minute before its last dispatch.
    BreaksTime,
    /// Names another dispatch as its previous one.
    BreaksPrevious,
    /// Names a log that is smaller than it was.
    BreaksSize,
    /// Changes the root of its log without an entry.
    BreaksRoot,
    /// Has heard less than its last dispatch.
    BreaksHeard,
    /// Has heard what was never said.
    HearsFalsely,
    /// Without the bytes of its entries.
    Withheld,
    /// Signed with a key that nobody knows.
    Unsigned,
}

impl Manner {
    /// Every manner, with the word for it.
    pub const ALL: [(&'static str, Self); 13] = [
        ("says", Self::Honest),
        ("says-early", Self::Early),
        ("says-ahead", Self::Ahead(720)),
        ("says-deaf", Self::Deaf),
        ("says-otherwise", Self::Rival),
        ("says-dated-back", Self::BreaksTime),
        ("says-after-another", Self::BreaksPrevious),
        ("says-shrunk", Self::BreaksSize),
        ("says-rewritten", Self::BreaksRoot),
        ("says-unheard", Self::BreaksHeard),
        ("says-misheard", Self::HearsFalsely),
        ("says-without-bytes", Self::Withheld),
        ("says-unsigned", Self::Unsigned),
    ];
}

impl Manner {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, manner)| *manner == self).map_or("says", |it| it.0)
    }
}

/// The partner.
#[derive(Clone, Debug)]
pub struct Forger {
    /// Which State it writes as.
    pub party: Party,
    genesis: SignedGenesis,
    log: LogState,
    /// The log of the other State, by name.
    other: LogId,
    /// The HPKE key of the other State.
    recipient: [u8; 32],
    /// What it says of itself.
    pub own: Chain,
    /// What it has been told.
    pub replica: Chain,
    /// Its dispatches, by number.
    pub sent: Vec<Vec<u8>>,
    /// What it was told, by number.
    pub received: Vec<Vec<u8>>,
    /// Whether it says to hold less of the other State's log than it does.
    pub answers_low: bool,
    /// The last header, as it is.
    last: Option<SignedHeader>,
    /// The one before it, that a rival goes on from.
    before: Option<(LogState, Option<Listening>)>,
    /// What its last dispatch has heard, with its time.
    heard: Option<Listening>,
    /// Its log after each of its dispatches.
    states: Vec<LogState>,
    /// How many log keys it has had; the last signs.
    keys: u8,
    /// The serial of the last word of its root key.
    serial: u64,
}

/// What the root key of a State says, beyond announcing the first keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// Another log key takes over.
    Rotates,
    /// The log key is revoked, as of this dispatch, and another takes over.
    Revokes(u64),
    /// The clock was wrong.
    CorrectsClock,
    /// The frozen log goes on in its next era.
    Succeeds,
}

/// A log key of a State, by its number from 1.
fn log_key(party: Party, number: u8) -> SigningKeyInMemory {
    let mut seed = [100 + u8::from(party == Party::Xk); 32];
    seed[0] = number;
    SigningKeyInMemory::from_seed(&seed)
}

/// The key that it seals every case with.
fn case_key() -> Result<CaseKey> {
    CaseKey::from_slice(&[7; 32]).context("32 bytes are a key")
}

impl Forger {
    /// Writes as a State to the other one, whose case keys are wrapped for `recipient`.
    ///
    /// # Errors
    /// The State is not in the corridor.
    pub fn new(genesis: &SignedGenesis, party: Party, recipient: [u8; 32]) -> Result<Self> {
        let (state, other) = (party.state(), party.other().state());
        let log = LogState::new(genesis, state).context("a State that is not in the corridor")?;
        Ok(Self {
            party,
            genesis: genesis.clone(),
            log,
            other: LogId::shared(genesis.digest(), other, 0),
            recipient,
            own: Chain::new(state),
            replica: Chain::new(other),
            sent: Vec::new(),
            received: Vec::new(),
            answers_low: false,
            last: None,
            before: None,
            heard: None,
            states: Vec::new(),
            keys: 1,
            serial: 0,
        })
    }

    fn signer(&self) -> SigningKeyInMemory {
        log_key(self.party, self.keys)
    }

    /// A word of its root key.
    fn rooted(&mut self, statement: Rooted) -> Result<Vec<u8>> {
        self.serial += 1;
        let statement = RootStatement { serial: self.serial, statement };
        let root = site::root(self.party);
        Ok(statement.sign(self.genesis.digest(), self.party.state(), &root)?)
    }

    /// Announces a log key, the next one to sign.
    fn announce(&mut self) -> Result<(Option<CaseId>, Statement)> {
        let key = AnnouncedKey::Log(self.signer().public_key());
        let root_statement = self.rooted(Rooted::KeyAnnounced(key))?;
        Ok((None, Statement::KeyAnnounced(KeyAnnounced { root_statement })))
    }

    /// Holds a ceremony and says so. One that makes no sense now is left out.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn hold(&mut self, ceremony: Ceremony, now: Instant) -> Result<()> {
        match ceremony {
            Ceremony::Rotates => {
                self.keys += 1;
                let announced = self.announce()?;
                self.say(Manner::Honest, vec![announced], now)?;
            }
            Ceremony::Revokes(good) => {
                let (revoked, key_id) = (KeyPurpose::Log, self.signer().public_key().id());
                let good = self.own.dispatches.get(&(good % self.sent.len().max(1) as u64));
                let last_good = good.map(|it| Heard {
                    era: self.own.era_of(it.number),
                    number: it.number,
                    digest: it.digest,
                });
                self.keys += 1;
                let announced = self.announce()?;
                let key = RevokedKey { purpose: revoked, key_id, last_good };
                let root_statement = Opaque(self.rooted(Rooted::KeyRevoked(key))?);
                let key_id = *key_id.as_bytes();
                let revoked = KeyRevoked { root_statement, purpose: revoked, key_id, last_good };
                let revoked = (None, Statement::KeyRevoked(revoked));
                self.say(Manner::Honest, vec![announced, revoked], now)?;
            }
            Ceremony::CorrectsClock => {
                let root_statement = Opaque(self.rooted(Rooted::ClockCorrected)?);
                let corrected = Statement::ClockCorrected(ClockCorrected { root_statement });
                self.say(Manner::Honest, vec![(None, corrected)], now)?;
            }
            Ceremony::Succeeds => self.succeed(now)?,
        }
        Ok(())
    }

    /// Goes on in the next era, after the last dispatch that the other State had heard when it
    /// proved the fault. Where that is none of its own chain, it has nothing to go on from.
    fn succeed(&mut self, now: Instant) -> Result<()> {
        let proved = self.replica.entries.iter().rev().find(|entry| match &entry.content {
            Content::Stated(statement) => statement.kind() == Kind::FaultProved,
            Content::NotUnderstood => false,
        });
        let stated_in = proved.and_then(|entry| self.replica.dispatch_of(entry)).copied();
        let Some((stated_in, last)) = stated_in.and_then(|it| Some((it.number, it.heard?))) else {
            return Ok(());
        };
        let index = usize::try_from(last.number)?;
        let known = self.own.dispatches.get(&last.number).map(|it| it.digest);
        let Some(state) = self.states.get(index).filter(|_| known == Some(last.digest)) else {
            return Ok(());
        };
        if state.era() != last.era {
            return Ok(());
        }
        self.log = state.clone();
        self.log.freeze(Frozen { last, stated_in });
        self.states.truncate(index + 1);
        self.sent.truncate(index + 1);
        self.own.dispatches.retain(|number, _| *number <= last.number);
        self.own.entries.retain(|entry| entry.dispatch <= last.number);
        self.keys += 1;
        let announced = self.announce()?;
        let era = last.era + 1;
        let succession = Succession { era, last };
        let root_statement = Opaque(self.rooted(Rooted::LogSucceeded(succession))?);
        let succeeded = Statement::LogSucceeded(LogSucceeded { root_statement, era, last });
        self.say(Manner::Honest, vec![announced, (None, succeeded)], now)?;
        Ok(())
    }

    /// Its first dispatch: its keys, and the agreement that both adopt.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn introduce(&mut self, rules: &Rules, now: Instant) -> Result<()> {
        let hpke = OpeningKey::from_slice(&[9; 32]).context("32 bytes are a key")?;
        let mut statements = vec![self.announce()?];
        let key = AnnouncedKey::Hpke(hpke.public_key());
        let root_statement = self.rooted(Rooted::KeyAnnounced(key))?;
        statements.push((None, Statement::KeyAnnounced(KeyAnnounced { root_statement })));
        let adopted = record::rules::adoption(rules.clone());
        statements.push((None, Statement::AgreementAdopted(adopted)));
        self.say(Manner::Honest, statements, now).map(|_| ())
    }

    /// Reads what the other State has said, in order; what is not next is not looked at.
    ///
    /// # Errors
    /// An honest node has sent what cannot be read.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<()> {
        let dispatch = Dispatch::decode(bytes).map_err(|error| anyhow!("{error:?}"))?;
        let header = *dispatch.signed_header.header();
        if header.number != self.replica.head().map_or(0, |head| head.number + 1) {
            return Ok(());
        }
        self.received.push(bytes.to_vec());
        let digest = *dispatch.signed_header.digest();
        let spoken =
            Spoken { number: header.number, time: header.time, digest, heard: header.heard };
        self.replica.dispatches.insert(header.number, spoken);
        for entry in &dispatch.entries {
            let stated = stated(&self.other, header.number, entry);
            self.replica.entries.push(stated.context("a head that cannot be read")?);
        }
        Ok(())
    }

    /// The last dispatch that it was told.
    fn listening(&self) -> Option<Listening> {
        self.replica.head().map(|head| Listening {
            heard: Heard { era: 0, number: head.number, digest: head.digest },
            time: head.time,
        })
    }

    /// Says something in a manner; the bytes of what it sends. What an honest partner could have
    /// said too goes on its chain, the rest does not.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn say(
        &mut self,
        manner: Manner,
        statements: Vec<(Option<CaseId>, Statement)>,
        now: Instant,
    ) -> Result<Vec<u8>> {
        let signer = self.signer();
        let listening = match manner {
            Manner::Deaf => self.heard,
            Manner::Honest
            | Manner::Early
            | Manner::Ahead(_)
            | Manner::Rival
            | Manner::BreaksTime
            | Manner::BreaksPrevious
            | Manner::BreaksSize
            | Manner::BreaksRoot
            | Manner::BreaksHeard
            | Manner::HearsFalsely
            | Manner::Withheld
            | Manner::Unsigned => self.listening(),
        };
        let clock = match manner {
            Manner::Early => Instant::from_ms(0),
            Manner::Ahead(minutes) => now.plus(Span::from_ms(minutes * 60_000)),
            Manner::Honest
            | Manner::Deaf
            | Manner::Rival
            | Manner::BreaksTime
            | Manner::BreaksPrevious
            | Manner::BreaksSize
            | Manner::BreaksRoot
            | Manner::BreaksHeard
            | Manner::HearsFalsely
            | Manner::Withheld
            | Manner::Unsigned => now,
        };
        let (log, listening) = match (manner, &self.before) {
            (Manner::Rival, Some((before, heard))) => (before.clone(), *heard),
            _ => (self.log.clone(), listening),
        };
        let (entries, case_keys) = self.entries(&log, statements)?;
        let Ok(composed) = log.compose(entries, listening, clock, &signer) else {
            // A log that is frozen, or a key that is revoked, says nothing more.
            return Ok(Vec::new());
        };
        let mut signed = composed.signed_header;
        let mut entries = composed.entries;
        let stays =
            matches!(manner, Manner::Honest | Manner::Early | Manner::Ahead(_) | Manner::Deaf);
        if stays {
            self.before = Some((log, self.heard));
            self.heard = listening;
            self.log = composed.state;
            self.states.push(self.log.clone());
            self.keep(&signed, &entries)?;
        } else {
            match self.altered(manner, signed.header()) {
                Altered::Header(header) => {
                    signed = SignedHeader::sign(&header, self.genesis.digest(), &signer)?;
                }
                Altered::Signer => {
                    let stranger = SigningKeyInMemory::from_seed(&[200; 32]);
                    signed = SignedHeader::sign(signed.header(), self.genesis.digest(), &stranger)?;
                }
                Altered::Bytes => entries.clear(),
                Altered::Nothing => {}
            }
        }
        let bytes = Dispatch { signed_header: signed, entries, case_keys }.encode();
        if stays {
            self.sent.push(bytes.clone());
        }
        Ok(bytes)
    }

    fn keep(&mut self, signed: &SignedHeader, entries: &[Entry]) -> Result<()> {
        let header = signed.header();
        let spoken = Spoken {
            number: header.number,
            time: header.time,
            digest: *signed.digest(),
            heard: header.heard,
        };
        self.own.dispatches.insert(header.number, spoken);
        for entry in entries {
            let stated = stated(self.log.log(), header.number, entry);
            self.own.entries.push(stated.context("a head that cannot be read")?);
        }
        self.last = Some(signed.clone());
        Ok(())
    }

    /// What a manner changes on a header that would have been good.
    fn altered(&self, manner: Manner, good: &Header) -> Altered {
        let last = self.last.as_ref().map(|last| *last.header());
        let other = Digest::new([3; 32]);
        match manner {
            Manner::Honest | Manner::Early | Manner::Ahead(_) | Manner::Deaf | Manner::Rival => {
                Altered::Nothing
            }
            Manner::BreaksTime => {
                let time = last.map_or(good.time, |last| last.time);
                Altered::Header(Header { time: time.less(Span::from_ms(60_000)), ..*good })
            }
            Manner::BreaksPrevious => Altered::Header(Header { previous: Some(other), ..*good }),
            Manner::BreaksSize => Altered::Header(Header { log_size: 1, ..*good }),
            Manner::BreaksRoot => {
                let log_size = last.map_or(good.log_size, |last| last.log_size);
                Altered::Header(Header { log_size, log_root: other, ..*good })
            }
            Manner::BreaksHeard => Altered::Header(Header { heard: None, ..*good }),
            Manner::HearsFalsely => {
                let number = good.heard.map_or(0, |heard| heard.number);
                let heard = Some(Heard { era: 0, number: number + 1_000, digest: other });
                Altered::Header(Header { heard, ..*good })
            }
            Manner::Withheld => Altered::Bytes,
            Manner::Unsigned => Altered::Signer,
        }
    }

    /// The entries, and a wrapped key beside each that opens a case.
    fn entries(
        &self,
        log: &LogState,
        statements: Vec<(Option<CaseId>, Statement)>,
    ) -> Result<(Vec<Entry>, Vec<WrappedCaseKey>)> {
        let key = case_key()?;
        let begins = statements.iter().any(|(_, it)| it.kind() == Kind::LogSucceeded);
        let id = if begins { log.next_era() } else { *log.log() };
        let mut entries = Vec::new();
        let mut keys = Vec::new();
        for (position, (case, statement)) in (log.next_position()..).zip(statements) {
            let place = case.map(|case| Place { log: id, position, case });
            let opening = place.filter(|_| statement.kind().opens());
            let sealed = body::encode(&word::particulars());
            let draft = Draft {
                case,
                facts: facts::encode(case, &statement),
                sealed_body: place.map(|place| key.seal(&place, Purpose::Body, &sealed)),
                case_key_commitment: opening.map(|place| key.commitment(&place)),
            };
            entries.push(Entry::new(&id, position, draft)?);
            if let Some(place) = opening {
                let mut random = random::operating_system();
                let genesis = self.genesis.digest();
                let wrapped = wrap::wrap(&key, genesis, &place, &self.recipient, &mut random);
                keys.push(wrapped.map_err(|error| anyhow!("{error:?}"))?);
            }
        }
        Ok((entries, keys))
    }
}

/// What becomes of a dispatch that is not honest.
enum Altered {
    Nothing,
    Header(Header),
    Signer,
    Bytes,
}

/// An entry as the rules read it.
fn stated(log: &LogId, dispatch: u64, entry: &Entry) -> Option<Stated> {
    let head = Head::decode(&entry.head)?;
    let reading = entry::read(log, &head, &entry.facts);
    let case = match reading.owner {
        Owner::Case(case) => Some(case),
        Owner::Corridor | Owner::Nobody => None,
    };
    let content = match reading.owner {
        Owner::Nobody => Content::NotUnderstood,
        Owner::Case(_) | Owner::Corridor => reading.content,
    };
    Some(Stated { position: head.position, dispatch, case, content })
}
