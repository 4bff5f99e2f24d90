//! Two fictional States with keys, the corridor that they founded, an agreement, and what they
//! state: the material of every section.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use domain::case::event::{
    AgreementReference, KeyAnnounced, Kind, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{AgreementId, CaseId, EvidenceItem, Office, State};
use domain::person::{Acting, Particulars, Text};
use domain::rules::{
    Category, Coverage, Direction, Evidence, Length, Limit, MEANING, OffsetChange, Offsets,
    Purpose as EvidencePurpose, Rules, Silence, SilenceEffect, Source, Start, Strength, Unit,
    Years,
};
use domain::time::{Date, Instant};
use record::dispatch::Dispatch;
use record::entry::{Draft, Entry};
use record::genesis::{Clocks, Genesis, Party, SignedGenesis};
use record::key::{Signer, SigningKeyInMemory};
use record::log::{Composed, Listening, LogState};
use record::root_statement::{AnnouncedKey, RootStatement};
use record::seal::{CaseKey, Place, Purpose};
use record::wrap::{self, OpeningKey};
use record::{body, facts};

/// The State that asks.
pub(crate) const ASKING: &str = "NL";
/// The State that is asked.
pub(crate) const ASKED: &str = "XK";

/// A root key that is the same in every run.
pub(crate) fn root_key(state: State) -> SigningKeyInMemory {
    let mut seed = [7; 32];
    for (to, from) in seed.iter_mut().zip(state.code().bytes()) {
        *to = from;
    }
    SigningKeyInMemory::from_seed(&seed)
}

/// The genesis of both States, signed with their root keys.
pub(crate) fn genesis() -> Result<SignedGenesis> {
    let (one, other) = (State::new(ASKING)?, State::new(ASKED)?);
    let party = |state| Party { state, root_key: root_key(state).public_key() };
    let kinds: BTreeSet<u32> = Kind::ALL.iter().map(|kind| kind.number()).collect();
    let genesis = Genesis::found("bench", [party(one), party(other)], Clocks::default(), kinds)?;
    let [first, second] = [genesis.first().state, genesis.second().state];
    let (first, second) = (genesis.sign(&root_key(first))?, genesis.sign(&root_key(second))?);
    Ok(SignedGenesis::new(genesis, first, second)?)
}

/// A State that writes its log in memory.
pub(crate) struct Author {
    pub(crate) genesis: SignedGenesis,
    pub(crate) log: LogState,
    key: SigningKeyInMemory,
    case_key: CaseKey,
    /// What its dispatches say that it has heard.
    pub(crate) listening: Option<Listening>,
    now_ms: u64,
}

impl Author {
    /// Before its first dispatch. `now_ms` dates what it will say.
    pub(crate) fn new(genesis: &SignedGenesis, code: &str, now_ms: u64) -> Result<Self> {
        let state = State::new(code)?;
        Ok(Self {
            genesis: genesis.clone(),
            log: LogState::new(genesis, state).context("a State of the corridor")?,
            key: SigningKeyInMemory::from_seed(&[root_key(state).public_key().as_bytes()[0]; 32]),
            case_key: CaseKey::from_slice(&[0x77; 32]).context("32 bytes")?,
            listening: None,
            now_ms,
        })
    }

    /// Its first dispatch: keys and agreement.
    pub(crate) fn introduce(&mut self) -> Result<Dispatch> {
        let state = self.log.author();
        let opening_key = OpeningKey::from_slice(&[5; 32]).context("32 bytes")?;
        let keys = [
            AnnouncedKey::Log(self.key.public_key()),
            AnnouncedKey::Hpke(opening_key.public_key()),
        ];
        let mut statements = Vec::new();
        for (serial, key) in (1..).zip(keys) {
            let statement = RootStatement::announcing(serial, key);
            let root_statement = statement.sign(self.genesis.digest(), state, &root_key(state))?;
            statements.push((None, Statement::KeyAnnounced(KeyAnnounced { root_statement })));
        }
        let adoption = record::rules::adoption(rules()?);
        statements.push((None, Statement::AgreementAdopted(adoption)));
        self.say(&statements, None)
    }

    /// One dispatch with these statements. Case keys are wrapped for `recipient`, if there is one.
    pub(crate) fn say(
        &mut self,
        statements: &[(Option<CaseId>, Statement)],
        recipient: Option<&[u8; 32]>,
    ) -> Result<Dispatch> {
        let entries = self.entries(statements)?;
        let mut case_keys = Vec::new();
        let openings = (self.log.next_position()..).zip(statements);
        for (position, (case, statement)) in openings {
            if let (Some(recipient), Some(case), true) =
                (recipient, *case, statement.kind().opens())
            {
                let place = Place { log: *self.log.log(), position, case };
                let mut random = record::random::operating_system();
                let genesis = self.genesis.digest();
                case_keys.push(wrap::wrap(
                    &self.case_key,
                    genesis,
                    &place,
                    recipient,
                    &mut random,
                )?);
            }
        }
        let composed = self.compose(entries)?;
        Ok(Dispatch { case_keys, ..composed })
    }

    /// The entries of the next dispatch, sealed.
    pub(crate) fn entries(&self, statements: &[(Option<CaseId>, Statement)]) -> Result<Vec<Entry>> {
        let said = body::encode(&said("Said for the bench.")?);
        let log = *self.log.log();
        let entry = |(position, (case, statement)): (u64, &(Option<CaseId>, Statement))| {
            let place = case.map(|case| Place { log, position, case });
            let opening = place.filter(|_| statement.kind().opens());
            let draft = Draft {
                case: *case,
                facts: facts::encode(*case, statement),
                sealed_body: place.map(|place| self.case_key.seal(&place, Purpose::Body, &said)),
                case_key_commitment: opening.map(|place| self.case_key.commitment(&place)),
            };
            Ok(Entry::new(&log, position, draft)?)
        };
        (self.log.next_position()..).zip(statements).map(entry).collect()
    }

    /// Composes and signs the next dispatch, and moves on over it.
    pub(crate) fn compose(&mut self, entries: Vec<Entry>) -> Result<Dispatch> {
        self.now_ms += 1;
        let Composed { signed_header, entries, state } = self.composed(&self.log, entries)?;
        self.log = state;
        Ok(Dispatch { signed_header, entries, case_keys: Vec::new() })
    }

    /// Composes and signs the dispatch that follows on `log`.
    pub(crate) fn composed(&self, log: &LogState, entries: Vec<Entry>) -> Result<Composed> {
        let now = Instant::from_ms(self.now_ms);
        Ok(log.compose(entries, self.listening, now, &self.key)?)
    }
}

/// A case id of the first State's half.
pub(crate) fn case(number: usize) -> CaseId {
    let mut bytes = [0x11; 16];
    for (to, from) in bytes.iter_mut().skip(8).zip(number.to_be_bytes()) {
        *to = from;
    }
    CaseId::new(bytes)
}

/// `count` statements that each add evidence to one of `cases` cases, from the case `first` on.
pub(crate) fn evidence(
    first: usize,
    count: usize,
    cases: usize,
) -> Result<Vec<(Option<CaseId>, Statement)>> {
    let item = vec![EvidenceItem::new(EVIDENCE)?];
    let one = |number| (Some(case(number % cases)), Statement::EvidenceAdded(item.clone()));
    Ok((first..first + count).map(one).collect())
}

const EVIDENCE: &str = "own_statement";

/// The items of one statement of evidence.
pub(crate) fn evidence_items() -> Result<Vec<EvidenceItem>> {
    Ok(vec![EvidenceItem::new(EVIDENCE)?])
}

/// Who acts, with a note of the usual length.
pub(crate) fn said(note: &str) -> Result<Particulars> {
    Ok(Particulars {
        acting: Some(Acting {
            office: Office::new("return-office")?,
            official: Text::new("Testofficial, One", 200)?,
        }),
        note: Some(Text::new(note, 4_000)?),
        ..Particulars::default()
    })
}

/// A request for one person.
pub(crate) fn request(year: u32, serial: u32) -> Result<RequestFiled> {
    let rules = rules()?;
    Ok(RequestFiled {
        under: AgreementReference {
            agreement: rules.agreement.clone(),
            version: rules.version,
            digest: record::rules::digest(&rules),
        },
        category: Category::OwnNational,
        evidence: evidence_items()?,
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("return-office")?,
        addressed_to: Office::new("ministry")?,
        year,
        serial,
        irregular_stay_known_on: None,
    })
}

/// Fictional rules, as small as they can be.
pub(crate) fn rules() -> Result<Rules> {
    let source = || Source { instrument: "Bench agreement".into(), article: Some("3".into()) };
    let limit = Limit {
        length: Length { count: 28, unit: Unit::CalendarDays },
        starts_on: Start::ReceiptOfApplication,
        source: source(),
    };
    let (asking, asked) = (State::new(ASKING)?, State::new(ASKED)?);
    let offsets = |state| Offsets {
        state,
        zone: "Etc/UTC".into(),
        changes: vec![OffsetChange { from: Instant::from_ms(0), seconds: 0 }],
    };
    Ok(Rules {
        agreement: AgreementId::new("bench_agreement")?,
        version: 1,
        meaning: MEANING,
        title: "Bench agreement between two fictional parties".into(),
        in_force_from: Date::constant(2014, 4, 1),
        directions: vec![
            Direction { requesting: asking, requested: asked },
            Direction { requesting: asked, requested: asking },
        ],
        categories: vec![Coverage {
            category: Category::OwnNational,
            application: None,
            source: source(),
        }],
        silence: Silence {
            limit: limit.clone(),
            effect: SilenceEffect::DeemedAccepted,
            source: source(),
            exception: None,
        },
        reply: limit,
        refusal_reasons: None,
        register_check: None,
        interview: None,
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
            item: EvidenceItem::new(EVIDENCE)?,
            purpose: EvidencePurpose::Nationality,
            strength: Strength::PrimaFacie,
            nationals_of: None,
            source: source(),
        }],
        calendars: Vec::new(),
        offsets: vec![offsets(asking), offsets(asked)],
        years: Years { first: 2020, last: 2040 },
    })
}
