//! What the ledger says of a case or a corridor, as the rules need it.
//!
//! The ledger is of the own State: what it sends and cannot be read is corrupt, not a mistake of
//! the caller's.

use std::collections::BTreeMap;

use domain::case::Case;
use domain::case::agreed::Agreed;
use domain::chain::{Chain, Dispatch, Entry, Heard};
use domain::corridor::Corridor;
use domain::identifier::{CaseId, Digest, State};
use domain::person::Particulars;
use domain::referral::LocalStatement;
use domain::safeguard::Safeguards;
use domain::time::{Instant, Span};
use prost::Message;
use proto::ledger::v1::{
    self as wire, BodyState, PrepareOpeningResponse, PriorCommand, ReadCaseResponse,
    ReadCorridorResponse,
};
use proto::record::v1::{self as record, Genesis};
use sha2::{Digest as _, Sha256};

use super::facts;
use crate::failure::Failure;

/// A case, as it was read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The case, derived from both chains.
    pub case: Case,
    /// The own State.
    pub own: State,
    /// The other State.
    pub partner: State,
    /// The corridor.
    pub corridor: Corridor,
    /// The node's clock.
    pub now: Instant,
    /// The own log.
    pub own_chain: Chain,
    /// The partner's log, as it is stored here.
    pub partner_chain: Chain,
    /// Bodies by author and position.
    pub bodies: BTreeMap<(State, u64), Body>,
    /// The local log, of this case.
    pub local: Vec<LocalEntry>,
    /// Records of the case in the store.
    pub(super) revision: u64,
    /// Records of the corridor in the store.
    pub(super) corridor_revision: u64,
    /// What the command wrote before.
    pub(super) prior: Option<PriorCommand>,
}

/// The sealed part of an entry, as far as it may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The entry has none.
    None,
    /// It is there.
    Open(Box<Particulars>),
    /// The read named no purpose.
    Withheld,
    /// The key is missing, or what it opens is not a body.
    Unreadable,
}

/// An entry of the local log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalEntry {
    /// Position in the local log.
    pub position: u64,
    /// When it was written.
    pub time: Instant,
    /// What it states.
    pub statement: LocalStatement,
    /// What is sealed beside it.
    pub body: Body,
}

impl Reading {
    pub(super) fn of(response: ReadCaseResponse) -> Result<Self, Failure> {
        let id = CaseId::from_slice(&response.case_id).map_err(|_| unreadable("the case id"))?;
        let own = state(&response.own_state)?;
        let partner = state(&response.partner_state)?;
        let corridor = corridor(&response.genesis)?;
        let mut bodies = BTreeMap::new();
        let own_chain = chain(response.own, own, &mut bodies)?;
        let partner_chain = chain(response.partner, partner, &mut bodies)?;
        let case = Case::of(&corridor, id, &own_chain, &partner_chain)
            .ok_or_else(|| Failure::not_found("case"))?;
        let local = response.local.into_iter().map(local_entry).collect::<Result<_, _>>()?;
        Ok(Self {
            case,
            own,
            partner,
            corridor,
            now: Instant::from_ms(response.now_ms),
            own_chain,
            partner_chain,
            bodies,
            local,
            revision: response.revision,
            corridor_revision: response.corridor_revision,
            prior: response.prior,
        })
    }

    /// The safeguards of the own side.
    #[must_use]
    pub fn safeguards(&self) -> Safeguards {
        Safeguards::of(self.local.iter().map(|entry| &entry.statement))
    }

    /// The case as these chains tell it; for receipts.
    pub(super) fn derive(&self, own: &Chain, partner: &Chain) -> Option<Case> {
        Case::of(&self.corridor, self.case.id, own, partner)
    }
}

/// A corridor on which a case is about to be opened.
#[derive(Clone, Debug)]
pub struct OpeningReading {
    /// The id that the case will have.
    pub id: CaseId,
    /// The serials that are kept for its number, by calendar year.
    pub serials: BTreeMap<u32, u32>,
    /// The own State.
    pub own: State,
    /// The other State.
    pub partner: State,
    /// The corridor.
    pub corridor: Corridor,
    /// The node's clock.
    pub now: Instant,
    /// The own log.
    pub own_chain: Chain,
    /// The partner's log, as it is stored here.
    pub partner_chain: Chain,
    pub(super) corridor_revision: u64,
    pub(super) prior: Option<PriorCommand>,
}

impl OpeningReading {
    pub(super) fn of(response: PrepareOpeningResponse, partner: State) -> Result<Self, Failure> {
        let id = CaseId::from_slice(&response.case_id).map_err(|_| unreadable("the case id"))?;
        let own = state(&response.own_state)?;
        let mut bodies = BTreeMap::new();
        Ok(Self {
            id,
            serials: response.serials.iter().map(|it| (it.year, it.next_serial)).collect(),
            own,
            partner,
            corridor: corridor(&response.genesis)?,
            now: Instant::from_ms(response.now_ms),
            own_chain: chain(response.own, own, &mut bodies)?,
            partner_chain: chain(response.partner, partner, &mut bodies)?,
            corridor_revision: response.corridor_revision,
            prior: response.prior,
        })
    }

    /// The corridor, looked at for the new case; what `domain` decides on.
    ///
    /// # Errors
    /// When the ledger gave an id that cannot be opened.
    pub fn opening(&self) -> Result<domain::case::Opening<'_>, Failure> {
        domain::case::Opening::of(
            &self.corridor,
            self.id,
            &self.own_chain,
            &self.partner_chain,
            self.own,
        )
        .ok_or_else(|| Failure::internal("the ledger gave a case id that cannot be opened"))
    }

    /// The serial of the case number in a year.
    ///
    /// # Errors
    /// When the ledger kept none for that year: its clock is of another.
    pub fn serial(&self, year: u32) -> Result<u32, Failure> {
        let serial = self.serials.get(&year).copied();
        serial.ok_or_else(|| Failure::internal("the ledger kept no serial for this year"))
    }

    /// The case, where it has been opened.
    pub(super) fn opened(self) -> Result<Reading, Failure> {
        let case = Case::of(&self.corridor, self.id, &self.own_chain, &self.partner_chain)
            .ok_or_else(|| Failure::internal("the ledger did not send the case that was opened"))?;
        Ok(Reading {
            case,
            own: self.own,
            partner: self.partner,
            corridor: self.corridor,
            now: self.now,
            own_chain: self.own_chain,
            partner_chain: self.partner_chain,
            bodies: BTreeMap::new(),
            local: Vec::new(),
            revision: 0,
            corridor_revision: self.corridor_revision,
            prior: None,
        })
    }
}

/// A corridor without any case.
#[derive(Clone, Debug)]
pub struct CorridorReading {
    /// The own State.
    pub own: State,
    /// The other State.
    pub partner: State,
    /// The corridor.
    pub corridor: Corridor,
    /// The node's clock.
    pub now: Instant,
    /// The own log.
    pub own_chain: Chain,
    /// The partner's log, as it is stored here.
    pub partner_chain: Chain,
    pub(super) corridor_revision: u64,
    pub(super) prior: Option<PriorCommand>,
}

impl CorridorReading {
    pub(super) fn of(response: ReadCorridorResponse, partner: State) -> Result<Self, Failure> {
        let own = state(&response.own_state)?;
        let mut bodies = BTreeMap::new();
        Ok(Self {
            own,
            partner,
            corridor: corridor(&response.genesis)?,
            now: Instant::from_ms(response.now_ms),
            own_chain: chain(response.own, own, &mut bodies)?,
            partner_chain: chain(response.partner, partner, &mut bodies)?,
            corridor_revision: response.corridor_revision,
            prior: response.prior,
        })
    }

    /// What both States have adopted and ended; what `domain` judges a filing by.
    ///
    /// # Errors
    /// When the ledger sent chains of other States.
    pub fn agreed(&self) -> Result<Agreed<'_>, Failure> {
        Agreed::of(&self.corridor, &self.own_chain, &self.partner_chain)
            .ok_or_else(|| Failure::corrupt("the ledger sent the chain of another State"))
    }
}

fn unreadable(what: &str) -> Failure {
    Failure::corrupt(format!("the ledger sent {what} in a form that cannot be read"))
}

fn state(code: &str) -> Result<State, Failure> {
    State::new(code).map_err(|_| unreadable("a State"))
}

/// The corridor that a genesis founds; its digest is its name.
fn corridor(bytes: &[u8]) -> Result<Corridor, Failure> {
    let genesis = Genesis::decode(bytes).map_err(|_| unreadable("the genesis"))?;
    let party = |party: Option<record::Party>| {
        state(&party.ok_or_else(|| unreadable("the genesis"))?.state)
    };
    Ok(Corridor {
        genesis: Digest::new(Sha256::digest(bytes).into()),
        first: party(genesis.first)?,
        second: party(genesis.second)?,
        skew: Span::from_ms(genesis.clock_skew_ms),
        grace: Span::from_ms(genesis.grace_ms),
        kinds: genesis.kinds.into_iter().collect(),
    })
}

fn chain(
    sent: Option<wire::Chain>,
    author: State,
    bodies: &mut BTreeMap<(State, u64), Body>,
) -> Result<Chain, Failure> {
    let sent = sent.ok_or_else(|| unreadable("a chain"))?;
    if sent.author != author.code() {
        return Err(Failure::corrupt("the ledger sent the chain of another State"));
    }
    let mut chain = Chain::new(author);
    for sent in &sent.dispatches {
        let dispatch = dispatch(sent)?;
        chain.dispatches.insert(dispatch.number, dispatch);
    }
    for sent in sent.entries {
        let (case, content) = facts::content(&sent);
        let (position, dispatch) = (sent.position, sent.dispatch);
        bodies.insert((author, position), body(sent.body_state, &sent.body)?);
        chain.entries.push(Entry { position, dispatch, case, content });
    }
    let ascending = chain.entries.is_sorted_by_key(|entry| entry.position);
    if ascending { Ok(chain) } else { Err(unreadable("a chain")) }
}

pub(super) fn dispatch(sent: &wire::Dispatch) -> Result<Dispatch, Failure> {
    let digest = |bytes: &[u8]| Digest::from_slice(bytes).map_err(|_| unreadable("a dispatch"));
    let heard = sent.heard.as_ref().map(|heard| {
        let (era, number) = (heard.era, heard.number);
        Ok::<_, Failure>(Heard { era, number, digest: digest(&heard.digest)? })
    });
    Ok(Dispatch {
        number: sent.number,
        time: Instant::from_ms(sent.time_ms),
        digest: digest(&sent.digest)?,
        heard: heard.transpose()?,
    })
}

/// A body that is there and does not parse is unreadable: its author may have written anything.
fn body(state: i32, bytes: &[u8]) -> Result<Body, Failure> {
    match BodyState::try_from(state) {
        Ok(BodyState::None) => Ok(Body::None),
        Ok(BodyState::Withheld) => Ok(Body::Withheld),
        Ok(BodyState::Unreadable) => Ok(Body::Unreadable),
        Ok(BodyState::Open) => {
            let read = record::Body::decode(bytes).ok().map(Particulars::try_from);
            Ok(match read {
                Some(Ok(particulars)) => Body::Open(Box::new(particulars)),
                Some(Err(_)) | None => Body::Unreadable,
            })
        }
        Ok(BodyState::Unspecified) | Err(_) => Err(unreadable("the state of a body")),
    }
}

fn local_entry(sent: wire::LocalEntry) -> Result<LocalEntry, Failure> {
    let statement = facts::local_statement(&sent.facts)
        .map_err(|field| unreadable("a local entry").with_source(field))?;
    Ok(LocalEntry {
        position: sent.position,
        time: Instant::from_ms(sent.time_ms),
        statement,
        body: body(sent.body_state, &sent.body)?,
    })
}
