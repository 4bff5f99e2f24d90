//! One corridor in the writer's memory, and how it is found again in the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::case::event::{FaultProved, Statement};
use domain::chain::{Content, Dispatch};
use domain::identifier::{Digest, State};
use domain::time::Instant;
use event_store::{CursorName, Position, Store};
use record::dispatch::{Header, SignedHeader};
use record::key_directory::{Placed, root_statement};
use record::log::LogState;
use runtime::failure::Failure;

use super::fault;
use super::forged::{self, ForgedKeys, Proof};
use crate::corridor::{Corridor, Side};
use crate::layout::{self, LogNames};
use crate::leave::{Lack, Leave};
use crate::missing::{self, AllMissing};
use crate::snapshot::{CorridorSnapshot, LogSnapshot};
use crate::writer::leave::Resuming;

/// Both logs of a corridor, as they stand. A group works on a copy.
#[derive(Clone, Debug)]
pub(crate) struct Logs {
    pub(crate) own: LogState,
    pub(crate) partner: LogState,
    /// How many entries the local log has.
    pub(crate) local_size: u64,
    /// How many corridor records there are.
    pub(crate) revision: u64,
}

/// A corridor in the writer's memory.
#[derive(Debug)]
pub(crate) struct CorridorState {
    pub(crate) corridor: Arc<Corridor>,
    pub(crate) logs: Logs,
    /// Dispatches that wait for those before them, or for their time. Not durable: they are
    /// fetched again after a restart.
    pub(super) parked: BTreeMap<u64, Parked>,
    pub(super) parked_bytes: usize,
    /// What became of the dispatches that arrived, by `ImportOutcome`; since the start.
    pub(super) arrivals: BTreeMap<i32, u64>,
    /// The dispatch whose header was seen and whose bytes were withheld.
    pub(super) withheld: Option<u64>,
    /// Digests of the dispatches that are kept as proof.
    pub(super) proofs: BTreeSet<Digest>,
    /// Positions of the partner's statements of a fault that do not count.
    pub(super) void_faults: BTreeSet<u64>,
    /// Why nothing more is written to this partner.
    pub(crate) stopped: Option<String>,
    /// With which keys somebody else has signed what the own log holds.
    pub(super) forged: ForgedKeys,
    /// Whether anything may be written to it yet.
    pub(crate) leave: Leave,
    /// An operator's word that is carried out once every open case has its safeguard.
    pub(super) resuming: Option<Resuming>,
    /// That the partner says it holds less of the own log than it has receipted.
    pub(super) answers_low: Option<String>,
    /// What entries of the partner name and what is not here.
    pub(crate) missing: Arc<AllMissing>,
}

/// A dispatch that waits.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) dispatch: Vec<u8>,
    pub(super) cursor: Option<(CursorName, Vec<u8>)>,
    /// Not to be looked at before.
    pub(super) until: Option<Instant>,
}

/// Why a corridor is not found again in the store.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The store could not be read.
    #[error("the corridor with `{partner}` could not be read")]
    Read {
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: Failure,
    },
    /// Header, entries and keys do not belong together.
    #[error("the log of `{author}` in the corridor with `{partner}` does not fit its last header")]
    DoesNotFit {
        /// The partner.
        partner: State,
        /// The author of the log.
        author: State,
    },
}

impl CorridorState {
    /// Finds a corridor again in the store: the last header and the right edge of each log, and
    /// the announced keys. Costs the same however long the logs are.
    pub(crate) fn resume(store: &Store, corridor: Arc<Corridor>) -> Result<Self, ResumeError> {
        let partner = corridor.partner;
        let failed = |source| ResumeError::Read { partner, source };
        let (announced, faults) = announcements(store, &corridor).map_err(failed)?;
        let log = |side: Side, names: &LogNames| {
            let author = corridor.log(side).author();
            let last = store.log_size(&names.headers).checked_sub(1);
            let last = last.map(|last| layout::signed_header_at(store, &names.headers, last));
            let last = last.transpose().map_err(failed)?.flatten();
            let announced = announced.iter().filter(|it| it.side == side);
            let announced = announced.map(|it| Placed {
                header: it.header,
                index: it.index,
                position: it.position,
                statement: &it.statement,
            });
            let frontier = store.log_frontier(&names.entries);
            LogState::resume(&corridor.genesis, author, last.as_ref(), frontier, announced)
                .ok_or(ResumeError::DoesNotFit { partner, author })
        };
        let names = &corridor.names;
        let mut logs = Logs {
            own: log(Side::Own, &names.own)?,
            partner: log(Side::Partner, &names.partner)?,
            local_size: store.log_size(&names.local),
            revision: stream_length(store, &corridor.stream).map_err(failed)?,
        };
        let proofs = proofs(store, &corridor).map_err(failed)?;
        let (stopped, forged) = forged::found(store, &corridor).map_err(failed)?;
        let both = [&names.own, &names.partner];
        let void_faults = fault::resume(store, both, &mut logs, &faults).map_err(failed)?;
        let missing = missing::find(store, &corridor.names).map_err(failed)?;
        let state = Self {
            logs,
            corridor,
            parked: BTreeMap::new(),
            parked_bytes: 0,
            arrivals: BTreeMap::new(),
            withheld: None,
            proofs,
            void_faults,
            stopped,
            forged,
            leave: Leave::Granted,
            resuming: None,
            answers_low: None,
            missing: Arc::new(missing),
        };
        state.note_eras();
        Ok(state)
    }

    /// Whether a dispatch of the partner that is not stored yet waits for own words
    /// ([`Leave::holds_back`]). While the writing has stopped, nobody sets safeguards, and what the
    /// partner says has to be seen.
    pub(super) fn holds_back(&self, number: u64) -> bool {
        let in_vain = self.stopped.is_some() && self.leave.lack() == Some(Lack::Safeguards);
        !in_vain && self.leave.holds_back(number)
    }

    /// Tells the corridor in which eras its logs are.
    pub(super) fn note_eras(&self) {
        self.corridor.note_eras(Side::Own, self.logs.own.eras());
        self.corridor.note_eras(Side::Partner, self.logs.partner.eras());
    }

    /// Positions of corridor entries that do not count: of the own log, of the partner's.
    fn uncounted(&self) -> [BTreeSet<u64>; 2] {
        let own = self.logs.own.keys().uncounted().clone();
        let partner = self.logs.partner.keys().uncounted();
        [own, partner.union(&self.void_faults).copied().collect()]
    }

    pub(crate) fn snapshot(&self) -> CorridorSnapshot {
        let hpke = self.logs.partner.keys().hpke_key();
        CorridorSnapshot {
            own: log_snapshot(&self.logs.own),
            partner: log_snapshot(&self.logs.partner),
            revision: self.logs.revision,
            partner_hpke: hpke.map(|key| key.public_key),
            parked: self.parked.len() as u64,
            stopped: self.stopped.clone(),
            owes_revocation: self.owes_revocation(),
            frozen: self.logs.partner.frozen().map(|frozen| {
                let (stated_in, last) = (frozen.stated_in, frozen.last.number);
                format!(
                    "a fault was proved in own dispatch {stated_in}; the log ends with {last} \
                     until the partner succeeds it"
                )
            }),
            own_frozen: self.logs.own.frozen().is_some(),
            uncounted: self.uncounted(),
            arrivals: self.arrivals.clone(),
            withheld: self.withheld == Some(self.logs.partner.next_number()),
            leave: self.leave.clone(),
            answers_low: self.answers_low.clone(),
            missing: Arc::clone(&self.missing),
        }
    }
}

pub(super) fn log_snapshot(log: &LogState) -> LogSnapshot {
    let head = log.head().map(|head| Dispatch {
        number: head.heard.number,
        time: head.time,
        digest: head.heard.digest,
        heard: log.heard(),
    });
    LogSnapshot { head, size: log.next_position() }
}

/// How many records a stream has.
pub(super) fn stream_length(store: &Store, stream: &event_store::StreamId) -> Result<u64, Failure> {
    let last = store.stream_revision(stream).map_err(crate::failure::read)?;
    Ok(last.map_or(0, |last| last.0 + 1))
}

/// A statement in the store that carries a word of the root key.
struct Announced {
    side: Side,
    header: Header,
    index: usize,
    position: u64,
    statement: Statement,
}

/// A statement of a fault in the store: by whom, in which dispatch, at which position.
type Accusation = (Side, u64, u64, FaultProved);

fn announcements(
    store: &Store,
    corridor: &Corridor,
) -> Result<(Vec<Announced>, Vec<Accusation>), Failure> {
    let mut announced = Vec::new();
    let mut faults = Vec::new();
    let end = Position(u64::MAX);
    for record in layout::stream_records(store, &corridor.stream, 0, end)? {
        let names = &corridor.names;
        let (side, names) = match &record.log {
            log if *log == names.own.entries => (Side::Own, &names.own),
            log if *log == names.partner.entries => (Side::Partner, &names.partner),
            _ => continue,
        };
        let entry = layout::entry_of(&record)?;
        let Content::Stated(statement) = record::facts::read(&entry.facts) else {
            continue;
        };
        if let Statement::FaultProved(proved) = &*statement {
            faults.push((side, entry.dispatch, record.log_index, proved.clone()));
            continue;
        }
        if root_statement(&statement).is_none() {
            continue;
        }
        let corrupt = || crate::failure::corrupt(&record);
        let header = layout::record_at(store, &names.headers, entry.dispatch)?;
        let header = header.ok_or_else(corrupt)?;
        let first = layout::header_of(&header)?.first_entry;
        let index = record.log_index.checked_sub(first).ok_or_else(corrupt)?;
        announced.push(Announced {
            side,
            header: *SignedHeader::parse(&header.leaf).ok_or_else(corrupt)?.header(),
            index: usize::try_from(index).map_err(|_| corrupt())?,
            position: record.log_index,
            statement: Arc::unwrap_or_clone(statement),
        });
    }
    Ok((announced, faults))
}

/// Which dispatches are kept as proof.
fn proofs(store: &Store, corridor: &Corridor) -> Result<BTreeSet<Digest>, Failure> {
    let proofs = Proof::all(store, corridor)?;
    Ok(proofs.into_iter().filter_map(|proof| Some(*proof.signed?.digest())).collect())
}
