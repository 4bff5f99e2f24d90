//! Two States with fixed keys, each with its own log and its partner's, without storage or network.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::convert::Infallible;

use domain::case::event::{
    AgreementReference, KeyAnnounced, Kind, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{AgreementId, CaseId, Digest, EvidenceItem, Office, State};
use domain::person::{Acting, Particulars, Text};
use domain::rules::{
    Calendar, Category, Coverage, Direction, Evidence, Length, Limit, MEANING, OffsetChange,
    Offsets, Purpose as EvidencePurpose, Rules, Silence, SilenceEffect, Source, Start, Strength,
    Unit, Years,
};
use domain::time::{Date, Instant, Span};
use rand::{TryCryptoRng, TryRng};
use record::arrival::{Accepted, Fault, Known};
use record::bundle::{StoredDispatch, StoredEntry};
use record::dispatch::{Dispatch, SignedHeader};
use record::entry::{Draft, Entry};
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer, SigningKeyInMemory};
use record::log::{LogState, Stamp};
use record::log_id::LogId;
use record::root_statement::{self, AnnouncedKey, RootStatement};
use record::seal::{CaseKey, Place, Purpose};
use record::wrap::{self, OpeningKey};
use record::{body, facts};

/// Kinds that are younger than the first vectors, whose genesis does not name them.
const LATER_KINDS: [u32; 11] = [13, 14, 15, 16, 18, 164, 165, 166, 167, 168, 170];

/// The first moment of the tests: 2026-03-02T08:00:00Z.
pub(crate) const MORNING: u64 = 1_772_438_400_000;

/// A source of bytes that are the same in every run.
pub(crate) struct Fixed(pub(crate) u8);

impl TryRng for Fixed {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand::rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand::rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

/// One State: what it signs with, what it wrote, what it holds of its partner.
pub(crate) struct Node {
    pub(crate) state: State,
    pub(crate) root: SigningKeyInMemory,
    pub(crate) log_key: SigningKeyInMemory,
    pub(crate) opening_key: OpeningKey,
    pub(crate) own: LogState,
    pub(crate) replica: LogState,
    pub(crate) sent: Vec<Dispatch>,
    pub(crate) received: Vec<Dispatch>,
}

/// Both States, and the genesis that founded their corridor.
pub(crate) struct World {
    pub(crate) genesis: SignedGenesis,
    pub(crate) nl: Node,
    pub(crate) xk: Node,
    pub(crate) now: u64,
}

pub(crate) fn nl() -> State {
    State::new("NL").unwrap()
}

pub(crate) fn xk() -> State {
    State::new("XK").unwrap()
}

pub(crate) fn signer(seed: u8) -> SigningKeyInMemory {
    SigningKeyInMemory::from_seed(&[seed; 32])
}

pub(crate) fn case_id() -> CaseId {
    CaseId::new([0x11; 16])
}

pub(crate) fn other_case_id() -> CaseId {
    CaseId::new([0x22; 16])
}

pub(crate) fn case_key() -> CaseKey {
    CaseKey::from_slice(&[0x77; 32]).unwrap()
}

pub(crate) fn founded() -> Genesis {
    let party = |state, seed| Party { state, root_key: signer(seed).public_key() };
    let kinds: BTreeSet<u32> = Kind::ALL.iter().map(|kind| kind.number()).collect();
    let kinds = kinds.into_iter().filter(|kind| !LATER_KINDS.contains(kind)).collect();
    let clocks = Clocks { skew: Span::from_ms(300_000), grace: Span::from_ms(86_400_000) };
    Genesis::found("test-record", [party(xk(), 2), party(nl(), 1)], clocks, kinds).unwrap()
}

pub(crate) fn signed_genesis() -> SignedGenesis {
    let genesis = founded();
    let (first, second) = (genesis.sign(&signer(1)).unwrap(), genesis.sign(&signer(2)).unwrap());
    SignedGenesis::new(genesis, first, second).unwrap()
}

impl World {
    /// A corridor in which nobody has spoken.
    pub(crate) fn new() -> Self {
        let genesis = signed_genesis();
        let node = |state, seed: u8| Node {
            state,
            root: signer(seed),
            log_key: signer(seed + 2),
            opening_key: OpeningKey::from_slice(&[seed + 4; 32]).unwrap(),
            own: LogState::new(&genesis, state).unwrap(),
            replica: LogState::new(&genesis, genesis.genesis().partner(state).unwrap().state)
                .unwrap(),
            sent: Vec::new(),
            received: Vec::new(),
        };
        let (nl, xk) = (node(nl(), 1), node(xk(), 2));
        Self { genesis, nl, xk, now: MORNING }
    }

    /// A corridor with keys and an agreement, a request that is admitted and accepted, and an
    /// entry of another case in between.
    pub(crate) fn story() -> Self {
        let mut world = Self::new();
        let (nl, xk) = (nl(), xk());
        world.introduce(nl);
        world.introduce(xk);
        world.say(nl, Some(case_id()), &[request()]);
        world.say(xk, None, &[]);
        world.say(xk, Some(case_id()), &[Statement::RequestAdmitted]);
        world.say(nl, Some(other_case_id()), &[request()]);
        world.say(nl, Some(case_id()), &[Statement::RegisterCheckRequested]);
        world.say(xk, Some(case_id()), &[Statement::IdentityConfirmed, Statement::RequestAccepted]);
        world.say(nl, None, &[]);
        world
    }

    /// The word of a State's root key, with the next serial.
    pub(crate) fn root_says(&self, state: State, statement: root_statement::Statement) -> Vec<u8> {
        let node = if state == self.nl.state { &self.nl } else { &self.xk };
        let serial = node.own.keys().next_serial();
        let stated = RootStatement { serial, statement };
        stated.sign(self.genesis.digest(), state, &node.root).unwrap()
    }

    /// The announcement of the log key of this seed.
    pub(crate) fn announces(&self, state: State, seed: u8) -> Statement {
        let key = AnnouncedKey::Log(signer(seed).public_key());
        let root_statement = self.root_says(state, root_statement::Statement::KeyAnnounced(key));
        Statement::KeyAnnounced(KeyAnnounced { root_statement })
    }

    pub(crate) fn node(&mut self, state: State) -> &mut Node {
        if state == self.nl.state { &mut self.nl } else { &mut self.xk }
    }

    /// States keys and an agreement, and has the partner store it.
    pub(crate) fn introduce(&mut self, state: State) {
        let digest = *self.genesis.digest();
        let node = self.node(state);
        let keys = [
            AnnouncedKey::Log(node.log_key.public_key()),
            AnnouncedKey::Hpke(node.opening_key.public_key()),
        ];
        let announced = (1..).zip(keys).map(|(serial, key)| {
            let statement = RootStatement::announcing(serial, key);
            let root_statement = statement.sign(&digest, state, &node.root).unwrap();
            Statement::KeyAnnounced(KeyAnnounced { root_statement })
        });
        let mut statements: Vec<Statement> = announced.collect();
        statements.push(Statement::AgreementAdopted(record::rules::adoption(rules())));
        self.say(state, None, &statements);
    }

    /// Composes a dispatch a minute later and has the partner store it.
    pub(crate) fn say(&mut self, state: State, case: Option<CaseId>, statements: &[Statement]) {
        let dispatch = self.compose(state, case, statements);
        self.deliver(&dispatch).unwrap();
    }

    /// Composes and stores a dispatch without sending it.
    pub(crate) fn compose(
        &mut self,
        state: State,
        case: Option<CaseId>,
        statements: &[Statement],
    ) -> Dispatch {
        self.now += 60_000;
        let now = Instant::from_ms(self.now);
        let genesis = *self.genesis.digest();
        let recipient = self.node(if state == nl() { xk() } else { nl() }).opening_key.public_key();
        let node = self.node(state);
        let succeeds = |it: &Statement| matches!(it, Statement::LogSucceeded(_));
        let log =
            if statements.iter().any(succeeds) { node.own.next_era() } else { *node.own.log() };
        let entries: Vec<Entry> = (node.own.next_position()..)
            .zip(statements)
            .map(|(position, statement)| node.entry_in(log, position, case, statement))
            .collect();
        let listening = node.replica.head();
        let composed = node.own.compose(entries, listening, now, &node.log_key).unwrap();
        let opened = statements.iter().any(|statement| statement.kind().opens());
        let case_keys = case.filter(|_| opened).map(|case| {
            let place = Place { log: *node.own.log(), position: node.own.next_position(), case };
            wrap::wrap(&case_key(), &genesis, &place, &recipient, &mut Fixed(9)).unwrap()
        });
        let dispatch = Dispatch {
            signed_header: composed.signed_header,
            entries: composed.entries,
            case_keys: case_keys.into_iter().collect(),
        };
        node.own = composed.state;
        node.sent.push(dispatch.clone());
        dispatch
    }

    /// Has the partner of the author check and store a dispatch.
    pub(crate) fn deliver(&mut self, dispatch: &Dispatch) -> Result<Accepted, Fault> {
        let author = dispatch.signed_header.header().author;
        let accepted = self.offer(&dispatch.encode(), author)?;
        let partner = self.node(if author == nl() { xk() } else { nl() });
        partner.replica = accepted.state.clone();
        partner.received.push(dispatch.clone());
        Ok(accepted)
    }

    /// Has the partner of `author` check bytes, and store nothing.
    pub(crate) fn offer(&self, bytes: &[u8], author: State) -> Result<Accepted, Fault> {
        let partner = if author == nl() { &self.xk } else { &self.nl };
        partner.replica.check_bytes(bytes, Instant::from_ms(self.now), partner)
    }

    /// Both logs as a bundle is made of them, the first State's first.
    pub(crate) fn stored(&self) -> [Vec<StoredDispatch>; 2] {
        [&self.nl, &self.xk].map(|node| node.sent.iter().map(stored).collect())
    }
}

fn stored(dispatch: &Dispatch) -> StoredDispatch {
    let entry = |entry: &Entry| StoredEntry {
        head: entry.head.clone(),
        facts: entry.facts.clone(),
        sealed_body: entry.sealed_body.clone().unwrap_or_default(),
    };
    StoredDispatch {
        signed_header: dispatch.signed_header.bytes().to_vec(),
        entries: dispatch.entries.iter().map(entry).collect(),
    }
}

impl Node {
    pub(crate) fn entry(
        &self,
        position: u64,
        case: Option<CaseId>,
        statement: &Statement,
    ) -> Entry {
        self.entry_in(*self.own.log(), position, case, statement)
    }

    pub(crate) fn entry_in(
        &self,
        log: LogId,
        position: u64,
        case: Option<CaseId>,
        statement: &Statement,
    ) -> Entry {
        let place = case.map(|case| Place { log, position, case });
        let sealed_body =
            place.map(|place| case_key().seal(&place, Purpose::Body, &body::encode(&said())));
        let opening = place.filter(|_| statement.kind().opens());
        let case_key_commitment = opening.map(|place| case_key().commitment(&place));
        let facts = facts::encode(case, statement);
        Entry::new(&log, position, Draft { case, facts, sealed_body, case_key_commitment }).unwrap()
    }
}

impl Known for Node {
    fn heard(&self, number: u64) -> Option<Stamp> {
        self.sent.get(usize::try_from(number).unwrap()).map(|sent| stamp(&sent.signed_header))
    }

    fn stored(&self, number: u64) -> Option<Digest> {
        let stored = self.received.get(usize::try_from(number).unwrap())?;
        Some(*stored.signed_header.digest())
    }
}

pub(crate) fn stamp(signed: &SignedHeader) -> Stamp {
    let header = signed.header();
    Stamp { era: header.era, digest: *signed.digest(), time: header.time }
}

/// Who acts in the tests, with a note.
pub(crate) fn said() -> Particulars {
    Particulars {
        acting: Some(Acting {
            office: Office::new("office-one").unwrap(),
            official: Text::new("Testofficial, One", 200).unwrap(),
        }),
        note: Some(Text::new("A note of the test.", 4_000).unwrap()),
        ..Particulars::default()
    }
}

pub(crate) fn request() -> Statement {
    let rules = rules();
    Statement::RequestFiled(RequestFiled {
        under: AgreementReference {
            agreement: rules.agreement.clone(),
            version: rules.version,
            digest: record::rules::digest(&rules),
        },
        category: Category::OwnNational,
        evidence: vec![EvidenceItem::new("expired_identity_card").unwrap()],
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("return-office").unwrap(),
        addressed_to: Office::new("ministry").unwrap(),
        year: 2026,
        serial: 1,
        irregular_stay_known_on: None,
    })
}

/// Fictional rules, as small as they can be.
pub(crate) fn rules() -> Rules {
    let source = || Source { instrument: "Test agreement".into(), article: Some("3(1)".into()) };
    let limit = |count, starts_on| Limit {
        length: Length { count, unit: Unit::CalendarDays },
        starts_on,
        source: source(),
    };
    let calendar = |state| Calendar {
        state,
        weekend: vec![6, 7],
        holidays: vec![Date::constant(2026, 4, 27), Date::constant(2026, 12, 25)],
        estimated: Vec::new(),
    };
    let offsets = |state| Offsets {
        state,
        zone: "Test/Zone".into(),
        changes: vec![
            OffsetChange { from: Instant::from_ms(1_735_600_000_000), seconds: 3_600 },
            OffsetChange { from: Instant::from_ms(1_774_746_000_000), seconds: -7_200 },
        ],
    };
    Rules {
        agreement: AgreementId::new("test_agreement").unwrap(),
        version: 1,
        meaning: MEANING,
        title: "Test agreement between two fictional parties".into(),
        in_force_from: Date::constant(2014, 4, 1),
        directions: vec![
            Direction { requesting: nl(), requested: xk() },
            Direction { requesting: xk(), requested: nl() },
        ],
        categories: vec![Coverage {
            category: Category::OwnNational,
            application: None,
            source: source(),
        }],
        reply: limit(28, Start::ReceiptOfApplication),
        silence: Silence {
            limit: limit(28, Start::ReceiptOfApplication),
            effect: SilenceEffect::DeemedAccepted,
            source: source(),
            exception: None,
        },
        refusal_reasons: None,
        register_check: Some(limit(7, Start::DateOfRequest)),
        interview: Some(Source { instrument: "Test agreement".into(), article: None }),
        travel_document: None,
        transfer: None,
        transfer_notice: None,
        reply_with_interview: None,
        reply_extension: None,
        transfer_of_third_country_nationals: None,
        transfer_extension: None,
        escorted_transfer_notice: None,
        written_communication: None,
        evidence: vec![Evidence {
            item: EvidenceItem::new("expired_identity_card").unwrap(),
            purpose: EvidencePurpose::Nationality,
            strength: Strength::PrimaFacie,
            nationals_of: None,
            source: source(),
        }],
        calendars: vec![calendar(nl()), calendar(xk())],
        offsets: vec![offsets(nl()), offsets(xk())],
        years: Years { first: 2025, last: 2026 },
    }
}
