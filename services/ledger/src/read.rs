//! Reading a case or a corridor out of the store, as it stood in one snapshot.
//!
//! What a read costs depends on the length of the case and hardly on the size of the store: the
//! case's own stream, and for each of its dispatches a few lookups by number. Of a case that was
//! read before, only what came since is read.

pub(crate) mod headers;
pub(crate) mod records;
pub(crate) mod sent;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::case::Case;
use domain::chain::sparse::{self, Part};
use domain::chain::{Chain, Content};
use domain::identifier::{CaseId, CaseNumber, State};
use event_store::{Position, Revision, Store, StoredRecord};
use runtime::failure::Failure;

use crate::corridor::{Corridor, Corridors, Side};
use crate::failure;
use crate::keyring::{CaseKeys, Secrets};
use crate::known_cases::KnownCases;
use crate::known_dispatches::KnownDispatches;
use crate::layout::{self, LogKind};
use crate::snapshot::Snapshot;

use headers::Headers;
use records::{CaseRecords, CorridorRecords, EntryRecord, command_record, entry_record};

/// Cases of one number that are looked at.
const SAME_NUMBER_MAX: usize = 16;

/// What reading needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    pub(crate) store: Store,
    pub(crate) own: State,
    pub(crate) corridors: Arc<Corridors>,
    pub(crate) keys: Arc<CaseKeys>,
    pub(crate) secrets: Arc<Secrets>,
    corridor_entries: CorridorCache,
    known: KnownDispatches,
    cases: KnownCases,
}

/// Corridor entries by partner, with the revision that they were read at: they are few, large and
/// part of every case. Holding the lock only looks up or replaces.
type CorridorCache = Arc<Mutex<HashMap<State, (u64, Arc<CorridorRecords>)>>>;

/// Both chains of a corridor, cut down to what some entries need.
#[derive(Debug)]
pub(crate) struct Chains {
    pub(crate) own: Chain,
    pub(crate) partner: Chain,
}

impl Reader {
    pub(crate) fn new(
        store: Store,
        own: State,
        corridors: Arc<Corridors>,
        keys: Arc<CaseKeys>,
        secrets: Arc<Secrets>,
    ) -> Self {
        let corridor_entries = CorridorCache::default();
        let (known, cases) = (KnownDispatches::default(), KnownCases::default());
        Self { store, own, corridors, keys, secrets, corridor_entries, known, cases }
    }

    /// The corridor with a partner.
    pub(crate) fn corridor(&self, partner: State) -> Result<&Arc<Corridor>, Failure> {
        self.corridors.get(&partner).ok_or_else(|| Failure::not_found("corridor"))
    }

    /// Which case is named, by its printed id or its number; none where the text is neither, or
    /// no case has that number. More than one where a State has given a number twice, which only
    /// its own ledger would keep it from.
    pub(crate) fn find(&self, name: &str) -> Result<Vec<CaseId>, Failure> {
        if let Ok(id) = CaseId::parse(name) {
            return Ok(vec![id]);
        }
        let Ok(number) = CaseNumber::parse(name) else {
            return Ok(Vec::new());
        };
        let wanted = format!("number/{number}");
        let listed = self.store.list_labels(&wanted, None, SAME_NUMBER_MAX);
        let listed = listed
            .map_err(|error| Failure::unavailable("the views cannot be read").with_source(error))?;
        let exact = listed.iter().filter(|(label, _)| label.as_str() == wanted);
        Ok(exact.filter_map(|(_, stream)| layout::case_of(stream)).collect())
    }

    /// Where the first record of a case stands; the beginning where nothing is stored of it.
    pub(crate) fn first_position(&self, id: &CaseId) -> Result<Position, Failure> {
        let first = self.store.read_stream(&layout::case_stream(id), Revision(0), 1);
        let first = first.map_err(failure::read)?;
        Ok(first.first().map_or(Position(0), |record| record.position))
    }

    /// Everything that is stored of a case; `None` where nothing is.
    pub(crate) fn case(
        &self,
        snapshot: &Snapshot,
        id: CaseId,
    ) -> Result<Option<Arc<CaseRecords>>, Failure> {
        // What was read in a later snapshot may be too much for this one.
        let known = self.cases.get(&id).filter(|known| known.end <= snapshot.next);
        let from = known.as_ref().map_or(0, |known| known.revision);
        let stream = layout::case_stream(&id);
        let records = layout::stream_records(&self.store, &stream, from, snapshot.next)?;
        let mut case = match known {
            Some(known) if records.is_empty() => return Ok(Some(known)),
            Some(known) => CaseRecords::clone(&known),
            None => match partner_of(&records) {
                Some(partner) => CaseRecords {
                    id,
                    corridor: Arc::clone(self.corridor(partner)?),
                    revision: 0,
                    end: Position(0),
                    bytes: 0,
                    entries: Vec::new(),
                    local: Vec::new(),
                    commands: Vec::new(),
                },
                None => return Ok(None),
            },
        };
        case.extend(&records)?;
        let case = Arc::new(case);
        self.cases.put(Arc::clone(&case));
        Ok(Some(case))
    }

    /// Everything that is stored of a corridor, but its cases.
    pub(crate) fn corridor_records(
        &self,
        snapshot: &Snapshot,
        corridor: &Corridor,
    ) -> Result<Arc<CorridorRecords>, Failure> {
        let revision = snapshot.corridors.get(&corridor.partner).map_or(0, |it| it.revision);
        let lock = || self.corridor_entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, records)) = lock().get(&corridor.partner)
            && *at == revision
        {
            return Ok(Arc::clone(records));
        }
        let of_corridor = snapshot.corridors.get(&corridor.partner);
        let counts = |side: Side, position: u64| {
            of_corridor.is_none_or(|it| {
                let [own, partner] = &it.uncounted;
                let uncounted = if side == Side::Own { own } else { partner };
                !uncounted.contains(&position)
            })
        };
        let mut found = CorridorRecords::default();
        for record in layout::stream_records(&self.store, &corridor.stream, 0, snapshot.next)? {
            match LogKind::of(&record.log) {
                Some(LogKind::Entries { author, .. }) => {
                    let side = corridor.side(author).ok_or_else(|| failure::corrupt(&record))?;
                    let mut entry = entry_record(corridor, side, &record)?;
                    if let Some(entry) = entry.as_mut().filter(|it| !counts(side, it.position)) {
                        entry.entry.content = Content::NotUnderstood;
                    }
                    found.entries.extend(entry.map(Arc::new));
                }
                Some(LogKind::Commands { .. }) => found.commands.push(command_record(&record)?),
                Some(
                    LogKind::Headers { .. }
                    | LogKind::Local { .. }
                    | LogKind::Proofs
                    | LogKind::Missing
                    | LogKind::Supplied
                    | LogKind::Access,
                )
                | None => {}
            }
        }
        let found = Arc::new(found);
        lock().insert(corridor.partner, (revision, Arc::clone(&found)));
        Ok(found)
    }

    /// Both chains with the corridor's entries and those given.
    pub(crate) fn chains(
        &self,
        snapshot: &Snapshot,
        corridor: &Corridor,
        entries: &[Arc<EntryRecord>],
    ) -> Result<Chains, Failure> {
        let of_corridor = self.corridor_records(snapshot, corridor)?;
        let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
        let headers = |names, log| Headers::new(&self.store, names, log).knowing(&self.known);
        let own = headers(&corridor.names.own, logs.own);
        let partner = headers(&corridor.names.partner, logs.partner);
        let all = || of_corridor.entries.iter().chain(entries);
        let of = |side: Side| {
            let of_side = all().filter(|record| record.side == side);
            of_side.map(|record| record.entry.clone()).collect()
        };
        let (own_chain, partner_chain) = sparse::of_parts(
            corridor.founded.grace,
            Part { author: corridor.own, entries: of(Side::Own), dispatches: &own },
            Part { author: corridor.partner, entries: of(Side::Partner), dispatches: &partner },
        );
        own.finish()?;
        partner.finish()?;
        Ok(Chains { own: own_chain, partner: partner_chain })
    }

    /// A case as the rules derive it; `None` where its opening is not there.
    pub(crate) fn derive(
        &self,
        snapshot: &Snapshot,
        records: &CaseRecords,
    ) -> Result<(Chains, Option<Case>), Failure> {
        let chains = self.chains(snapshot, &records.corridor, &records.entries)?;
        let founded = &records.corridor.founded;
        let case = Case::of(founded, records.id, &chains.own, &chains.partner);
        Ok((chains, case))
    }
}

/// The partner of the case that records are of.
fn partner_of(records: &[StoredRecord]) -> Option<State> {
    records.iter().find_map(|record| match LogKind::of(&record.log)? {
        LogKind::Entries { partner, .. }
        | LogKind::Local { partner }
        | LogKind::Commands { partner } => Some(partner),
        LogKind::Headers { .. }
        | LogKind::Proofs
        | LogKind::Missing
        | LogKind::Supplied
        | LogKind::Access => None,
    })
}
