//! A byzantine partner: it has the true keys of its State and writes whatever it likes. What it
//! says of itself is one chain; what it may say besides is made by hand here.

use anyhow::{Context as _, Result, anyhow};
use domain::case::event::{KeyAnnounced, Statement};
use domain::chain::{Chain, Content, Dispatch as Spoken, Entry as Stated, Heard};
use domain::identifier::{CaseId, Digest};
use domain::rules::Rules;
use domain::time::{Instant, Span};
use proto::record::v1::WrappedCaseKey;
use record::dispatch::{Dispatch, Header, SignedHeader};
use record::entry::{self, Draft, Entry, Head, Owner};
use record::genesis::SignedGenesis;
use record::key::{Signer as _, SigningKeyInMemory};
use record::log::{Listening, LogState};
use record::log_id::LogId;
use record::root_statement::{AnnouncedKey, RootStatement};
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
    /// The last header, as it is.
    last: Option<SignedHeader>,
    /// The one before it, that a rival goes on from.
    before: Option<(LogState, Option<Listening>)>,
    /// What its last dispatch has heard, with its time.
    heard: Option<Listening>,
}

fn key(party: Party) -> SigningKeyInMemory {
    SigningKeyInMemory::from_seed(&[100 + u8::from(party == Party::Xk); 32])
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
            last: None,
            before: None,
            heard: None,
        })
    }

    /// Its first dispatch: its keys, and the agreement that both adopt.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn introduce(&mut self, rules: &Rules, now: Instant) -> Result<()> {
        let hpke = OpeningKey::from_slice(&[9; 32]).context("32 bytes are a key")?;
        let keys = [
            AnnouncedKey::Log(key(self.party).public_key()),
            AnnouncedKey::Hpke(hpke.public_key()),
        ];
        let root = site::root(self.party);
        let mut statements = Vec::new();
        for (serial, key) in (1..).zip(keys) {
            let statement = RootStatement::announcing(serial, key);
            let root_statement =
                statement.sign(self.genesis.digest(), self.party.state(), &root)?;
            statements.push((None, Statement::KeyAnnounced(KeyAnnounced { root_statement })));
        }
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
        let signer = key(self.party);
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
        let composed = log.compose(entries, listening, clock, &signer)?;
        let mut signed = composed.signed_header;
        let mut entries = composed.entries;
        let stays =
            matches!(manner, Manner::Honest | Manner::Early | Manner::Ahead(_) | Manner::Deaf);
        if stays {
            self.before = Some((log, self.heard));
            self.heard = listening;
            self.log = composed.state;
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
        let mut entries = Vec::new();
        let mut keys = Vec::new();
        for (position, (case, statement)) in (log.next_position()..).zip(statements) {
            let place = case.map(|case| Place { log: *log.log(), position, case });
            let opening = place.filter(|_| statement.kind().opens());
            let sealed = body::encode(&word::particulars());
            let draft = Draft {
                case,
                facts: facts::encode(case, &statement),
                sealed_body: place.map(|place| key.seal(&place, Purpose::Body, &sealed)),
                case_key_commitment: opening.map(|place| key.commitment(&place)),
            };
            entries.push(Entry::new(log.log(), position, draft)?);
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
