//! Reading a case or a corridor out of the store, as it stood in one snapshot.
//!
//! What a read costs depends on the length of the case and hardly on the size of the store: the
//! case's own stream, and for each of its dispatches a few lookups by number. What is looked for
//! by what it has heard is looked for from where it can be at the earliest. Of a case that was read
//! before, only what came since is read.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::case::Case;
use domain::case::event::{Kind, Statement};
use domain::chain::sparse::{self, Dispatches, Part};
use domain::chain::{Chain, Content, Dispatch, Entry};
use domain::identifier::{CaseId, CaseNumber, State};
use domain::referral::LocalStatement;
use domain::time::Instant;
use event_store::{LogName, Position, Revision, Store, StoredRecord, StreamId};
use proto::ledger::v1 as wire;
use proto::store::v1::{StoredCommand, StoredEntry};
use record::counting;
use record::dispatch::SignedHeader;
use record::entry::{self, Head, Owner};
use record::seal::{CaseKey, Purpose};
use runtime::failure::Failure;

use crate::corridor::{Corridor, Corridors, Side};
use crate::failure;
use crate::keyring::{CaseKeys, Secrets};
use crate::known_cases::KnownCases;
use crate::known_dispatches::{KnownDispatches, KnownLog};
use crate::layout::{self, LogKind, LogNames};
use crate::missing;
use crate::snapshot::{LogSnapshot, Snapshot};

/// What a record takes in memory beside its bytes, about.
const RECORD_BYTES: usize = 400;
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

/// An entry of a log between States, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct EntryRecord {
    pub(crate) side: Side,
    pub(crate) position: u64,
    pub(crate) head: Head,
    pub(crate) stored: StoredEntry,
    /// As the rules read it.
    pub(crate) entry: Entry,
}

/// An entry of the local log, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct LocalRecord {
    pub(crate) position: u64,
    pub(crate) stored: StoredEntry,
    pub(crate) statement: LocalStatement,
}

/// A command that was carried out.
#[derive(Clone, Debug)]
pub(crate) struct CommandRecord {
    pub(crate) command: StoredCommand,
    pub(crate) store_position: u64,
}

/// Everything that is stored of a corridor, but its cases.
#[derive(Debug, Default)]
pub(crate) struct CorridorRecords {
    pub(crate) entries: Vec<Arc<EntryRecord>>,
    pub(crate) commands: Vec<CommandRecord>,
}

/// Everything that is stored of a case. A clone shares what it holds.
#[derive(Clone, Debug)]
pub(crate) struct CaseRecords {
    pub(crate) id: CaseId,
    pub(crate) corridor: Arc<Corridor>,
    /// How many records the case has.
    pub(crate) revision: u64,
    /// The position after its last record.
    pub(crate) end: Position,
    /// How much memory it takes, about.
    pub(crate) bytes: usize,
    pub(crate) entries: Vec<Arc<EntryRecord>>,
    pub(crate) local: Vec<Arc<LocalRecord>>,
    pub(crate) commands: Vec<Arc<CommandRecord>>,
}

/// Both chains of a corridor, cut down to what some entries need.
#[derive(Debug)]
pub(crate) struct Chains {
    pub(crate) own: Chain,
    pub(crate) partner: Chain,
}

impl CaseRecords {
    /// Whether the key of the case may still be asked for, given and taken in: never once either
    /// State is known to have ordered that the case be erased.
    pub(crate) fn keys_travel(&self) -> bool {
        !self.entries.iter().any(|it| match &it.entry.content {
            Content::Stated(statement) => statement.kind() == Kind::ErasureOrdered,
            Content::NotUnderstood => false,
        })
    }

    /// Takes in the records that follow.
    fn extend(&mut self, records: &[StoredRecord]) -> Result<(), Failure> {
        let known = self.entries.len();
        let mut supplied = HashMap::new();
        for record in records {
            match LogKind::of(&record.log) {
                Some(LogKind::Entries { author, .. }) => {
                    let side = self.corridor.side(author);
                    let side = side.ok_or_else(|| failure::corrupt(record))?;
                    let entry = entry_record(&self.corridor, side, record)?;
                    self.entries.extend(entry.map(Arc::new));
                }
                Some(LogKind::Local { .. }) => self.local.push(Arc::new(local_record(record)?)),
                Some(LogKind::Commands { .. }) => {
                    self.commands.push(Arc::new(command_record(record)?));
                }
                Some(LogKind::Supplied) => supplied.extend(missing::supplied_body(record)?),
                Some(
                    LogKind::Headers { .. } | LogKind::Proofs | LogKind::Missing | LogKind::Access,
                )
                | None => {}
            }
            self.revision += 1;
            self.end = Position(record.position.0 + 1);
            self.bytes += RECORD_BYTES + record.leaf.len() + 2 * record.payload.len();
        }
        self.join(supplied);
        hold_restatements(&mut self.entries, known);
        Ok(())
    }

    /// Bodies that came after their entries, by the position of those.
    fn join(&mut self, mut supplied: HashMap<u64, Vec<u8>>) {
        if supplied.is_empty() {
            return;
        }
        for entry in self.entries.iter_mut().filter(|it| it.side == Side::Partner) {
            if let Some(sealed_body) = supplied.remove(&entry.position) {
                Arc::make_mut(entry).stored.sealed_body = sealed_body;
            }
        }
    }
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

    /// A chain as it is sent, with bodies where `bodies` says so. Keys are asked for once.
    pub(crate) fn sent_chain(
        &self,
        snapshot: &Snapshot,
        corridor: &Corridor,
        chain: &Chain,
        case: Option<&CaseRecords>,
        bodies: Bodies,
    ) -> Result<wire::Chain, Failure> {
        let of_corridor = self.corridor_records(snapshot, corridor)?;
        let key = case.and_then(|case| self.keys.get(&case.id));
        let bodies = self.shown(case, bodies);
        let of_case = case.map(|case| case.entries.as_slice()).unwrap_or_default();
        let side = corridor.side(chain.author).unwrap_or(Side::Own);
        let mut entries: Vec<&Arc<EntryRecord>> =
            of_corridor.entries.iter().chain(of_case).filter(|it| it.side == side).collect();
        entries.sort_by_key(|record| record.position);
        let entries = entries.into_iter().map(|record| {
            let (body, body_state) = match (&record.entry.case, record.head.body_digest) {
                (Some(case), Some(_)) => {
                    let place = corridor.place(side, *case, record.position);
                    let sealed = &record.stored.sealed_body;
                    open(bodies, key.as_ref(), |key| key.open(&place, Purpose::Body, sealed).ok())
                }
                (_, _) => (Vec::new(), wire::BodyState::None),
            };
            wire::ChainEntry {
                position: record.position,
                dispatch: record.stored.dispatch,
                facts: record.stored.facts.clone(),
                understood: matches!(record.entry.content, Content::Stated(_)),
                body,
                body_state: body_state.into(),
            }
        });
        Ok(wire::Chain {
            author: chain.author.to_string(),
            dispatches: chain.dispatches.values().map(sent_dispatch).collect(),
            entries: entries.collect(),
        })
    }

    /// Bodies that were erased are not there to be shown: they are not unreadable, of which
    /// somebody would have to be told.
    fn shown(&self, case: Option<&CaseRecords>, bodies: Bodies) -> Bodies {
        let erased = case.is_some_and(|case| self.keys.is_erased(&case.id));
        if erased { Bodies::Withheld } else { bodies }
    }

    /// The local entries of a case as they are sent.
    pub(crate) fn sent_local(&self, case: &CaseRecords, bodies: Bodies) -> Vec<wire::LocalEntry> {
        let key = self.keys.local(&case.id);
        let bodies = self.shown(Some(case), bodies);
        let sent = case.local.iter().map(|record| {
            let sealed = &record.stored.sealed_body;
            let (body, body_state) = if sealed.is_empty() {
                (Vec::new(), wire::BodyState::None)
            } else {
                let place = case.corridor.local_place(case.id, record.position);
                open(bodies, key.as_ref(), |key| key.open(&place, Purpose::LocalBody, sealed).ok())
            };
            wire::LocalEntry {
                position: record.position,
                time_ms: record.stored.time_ms,
                facts: record.stored.facts.clone(),
                body,
                body_state: body_state.into(),
            }
        });
        sent.collect()
    }

    /// What a command in a stream wrote, as it is sent.
    pub(crate) fn sent_prior(
        &self,
        corridor: &Corridor,
        stream: &StreamId,
        command: &StoredCommand,
        store_position: u64,
    ) -> Result<wire::PriorCommand, Failure> {
        let dispatch = match command.dispatch {
            None => None,
            Some(number) => {
                let log = &corridor.names.own.headers;
                let known = self.known.of(log);
                let dispatch = match known.get(number) {
                    Some(dispatch) => Some(dispatch),
                    None => {
                        let record = layout::record_at(&self.store, log, number)?;
                        record.as_ref().map(layout::dispatch_of).transpose()?
                    }
                };
                dispatch.inspect(|it| known.add(*it)).as_ref().map(sent_dispatch)
            }
        };
        Ok(wire::PriorCommand {
            payload_digest: self.secrets.mask(stream, &command.command, &command.payload_digest),
            positions: command.positions.clone(),
            dispatch,
            local_positions: command.local_positions.clone(),
            time_ms: command.time_ms,
            store_position,
        })
    }

    /// The signed header of a dispatch.
    pub(crate) fn signed_header(
        &self,
        names: &LogNames,
        number: u64,
    ) -> Result<Option<SignedHeader>, Failure> {
        let record = layout::record_at(&self.store, &names.headers, number)?;
        let parse = |record: StoredRecord| {
            SignedHeader::parse(&record.leaf).ok_or_else(|| failure::corrupt(&record))
        };
        record.map(parse).transpose()
    }
}

/// Whether bodies are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    Opened,
    Withheld,
}

fn open(
    bodies: Bodies,
    key: Option<&CaseKey>,
    open: impl Fn(&CaseKey) -> Option<zeroize::Zeroizing<Vec<u8>>>,
) -> (Vec<u8>, wire::BodyState) {
    match (bodies, key.and_then(|key| if bodies == Bodies::Opened { open(key) } else { None })) {
        (Bodies::Withheld, _) => (Vec::new(), wire::BodyState::Withheld),
        (Bodies::Opened, Some(body)) => (body.to_vec(), wire::BodyState::Open),
        (Bodies::Opened, None) => (Vec::new(), wire::BodyState::Unreadable),
    }
}

/// What the rules read of a dispatch, as it is sent.
pub(crate) fn sent_dispatch(dispatch: &Dispatch) -> wire::Dispatch {
    wire::Dispatch {
        number: dispatch.number,
        time_ms: dispatch.time.as_ms(),
        digest: dispatch.digest.as_bytes().to_vec(),
        heard: dispatch.heard.as_ref().map(sent_heard),
    }
}

/// A dispatch by its name, as it is sent.
pub(crate) fn sent_heard(heard: &domain::chain::Heard) -> wire::Heard {
    wire::Heard { era: heard.era, number: heard.number, digest: heard.digest.as_bytes().to_vec() }
}

/// An entry out of its record; `None` where it belongs to nobody.
fn entry_record(
    corridor: &Corridor,
    side: Side,
    record: &StoredRecord,
) -> Result<Option<EntryRecord>, Failure> {
    let head = Head::decode(&record.leaf).ok_or_else(|| failure::corrupt(record))?;
    let stored = layout::entry_of(record)?;
    let read = entry::read(&corridor.log_at(side, record.log_index), &head, &stored.facts);
    let case = match read.owner {
        Owner::Corridor => None,
        Owner::Case(case) => Some(case),
        Owner::Nobody => return Ok(None),
    };
    let entry = Entry {
        position: record.log_index,
        dispatch: stored.dispatch,
        case,
        content: read.content,
    };
    Ok(Some(EntryRecord { side, position: record.log_index, head, stored, entry }))
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

/// A restatement that is not of what it names counts for nothing, and is read as not understood.
/// Those among the first `known` entries were looked at before; what they name came before them.
fn hold_restatements(entries: &mut [Arc<EntryRecord>], known: usize) {
    let void = |it: &Arc<EntryRecord>| {
        let Content::Stated(statement) = &it.entry.content else {
            return false;
        };
        let Statement::Restated(restated) = statement.as_ref() else {
            return false;
        };
        let named = entries.iter().find(|of| of.side == it.side && of.position == restated.entry);
        let named = named.filter(|of| of.position < it.position);
        !counting::restates(restated, named.and_then(|of| of.head.body_digest))
    };
    let void: Vec<bool> = entries.iter().skip(known).map(void).collect();
    for (entry, void) in entries.iter_mut().skip(known).zip(void) {
        if void {
            Arc::make_mut(entry).entry.content = Content::NotUnderstood;
        }
    }
}

fn local_record(record: &StoredRecord) -> Result<LocalRecord, Failure> {
    let stored = layout::entry_of(record)?;
    let (_, statement) = record::facts::decode_local(&stored.facts)
        .map_err(|error| failure::corrupt(record).with_source(error))?;
    Ok(LocalRecord { position: record.log_index, stored, statement })
}

fn command_record(record: &StoredRecord) -> Result<CommandRecord, Failure> {
    let command = layout::command_of(record)?;
    Ok(CommandRecord { command, store_position: record.position.0 })
}

/// The dispatches of one stored log, up to its head in a snapshot.
pub(crate) struct Headers<'a> {
    store: &'a Store,
    log: &'a LogName,
    snapshot: LogSnapshot,
    /// Those that were read before, where they are kept.
    known: Option<Arc<KnownLog>>,
    /// The first failure: these lookups have no other way to tell it.
    failed: RefCell<Option<Failure>>,
}

impl<'a> Headers<'a> {
    pub(crate) const fn new(store: &'a Store, names: &'a LogNames, snapshot: LogSnapshot) -> Self {
        let failed = RefCell::new(None);
        Self { store, log: &names.headers, snapshot, known: None, failed }
    }

    /// Looks among those that were read before, and adds to them.
    fn knowing(self, known: &KnownDispatches) -> Self {
        Self { known: Some(known.of(self.log)), ..self }
    }

    /// Whether every lookup succeeded.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }

    /// The first dispatch after what `said` had heard of which something holds that holds of all
    /// after it.
    fn first_after(&self, said: &Dispatch, holds: impl Fn(&Dispatch) -> bool) -> Option<Dispatch> {
        if !self.snapshot.head.is_some_and(|head| holds(&head)) {
            return None;
        }
        let from = said.heard.map_or(0, |heard| heard.number.saturating_add(1));
        let end = self.snapshot.dispatches();
        let found = first(from, end, |number| self.by_number(number).is_some_and(|it| holds(&it)));
        self.by_number(found)
    }
}

/// The first number of a range of which something holds that holds of all after it; the end where
/// it holds of none. What it costs depends on how far from the beginning it is, and not on how far
/// the end is: a receipt is near what it answers, however long the log has become.
fn first(from: u64, end: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut start, mut step) = (from, 1);
    let mut end = end;
    while start < end {
        let next = start.saturating_add(step - 1);
        if next >= end {
            break;
        }
        if holds(next) {
            end = next;
            break;
        }
        start = next + 1;
        step *= 2;
    }
    while start < end {
        let middle = start + (end - start) / 2;
        if holds(middle) {
            end = middle;
        } else {
            start = middle + 1;
        }
    }
    start
}

impl Dispatches for Headers<'_> {
    fn by_number(&self, number: u64) -> Option<Dispatch> {
        if number >= self.snapshot.dispatches() {
            return None;
        }
        let known = self.known.as_ref();
        if let Some(known) = known.and_then(|known| known.get(number)) {
            return Some(known);
        }
        let read = layout::record_at(self.store, self.log, number)
            .and_then(|record| record.as_ref().map(layout::dispatch_of).transpose());
        let read = read.unwrap_or_else(|failure| {
            self.failed.borrow_mut().get_or_insert(failure);
            None
        });
        if let (Some(known), Some(dispatch)) = (known, read) {
            known.add(dispatch);
        }
        read
    }

    fn first_to_hear(&self, said: &Dispatch) -> Option<Dispatch> {
        let known = self.known.as_ref();
        if let Some(receipt) = known.and_then(|known| known.receipt(said.number)) {
            return (receipt.number < self.snapshot.dispatches()).then_some(receipt);
        }
        let hears = |it: &Dispatch| it.heard.is_some_and(|heard| heard.number >= said.number);
        let first = self.first_after(said, hears);
        if let (Some(known), Some(receipt)) = (known, first) {
            known.add_receipt(said.number, receipt);
        }
        first
    }

    fn first_to_prove_silence(&self, notice: &Dispatch, from: Instant) -> Option<Dispatch> {
        self.first_after(notice, |it| {
            it.time >= from && it.heard.is_some_and(|heard| heard.number >= notice.number)
        })
    }

    fn head(&self) -> Option<Dispatch> {
        self.snapshot.head
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::cell::Cell;

    #[test]
    fn a_near_number_is_found_at_the_same_cost_in_a_log_of_any_length() {
        // Symptom: each entry of a case cost another lookup whenever the store had doubled.
        for at in [0_u64, 1, 2, 3, 7, 8, 100, 1_000] {
            let mut costs = Vec::new();
            for end in [1_001_u64, 1_000_000, u64::MAX] {
                let looked = Cell::new(0);
                let found = first(0, end, |number| {
                    looked.set(looked.get() + 1);
                    number >= at
                });
                assert_eq!(found, at);
                costs.push(looked.get());
            }
            assert!(costs.get(1) == costs.last(), "{at}: {costs:?}");
            assert!(*costs.iter().max().unwrap() <= 2 + 2 * u64::BITS - 2 * at.leading_zeros());
        }
        assert_eq!((first(5, 5, |_| true), first(0, 9, |_| false)), (5, 9));
    }
}
