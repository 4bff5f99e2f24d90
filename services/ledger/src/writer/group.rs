//! A group in the making: what its jobs would write, on top of what is stored. Nothing of it is
//! visible to anybody before it is durable.

mod draft;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::chain::Dispatch;
use domain::identifier::{CaseId, State};
use domain::time::Instant;
use event_store::{CursorName, NewRecord, StreamId};
use proto::ledger::v1::ImportOutcome;
use record::arrival::AcceptedEntry;
use record::entry::{Draft as EntryDraft, Entry, Owner};
use record::era::Frozen;
use record::log::{ComposeError, Composed};
use record::random;
use record::seal::CaseKey;
use runtime::failure::Failure;

use super::append::{Begins, Pending, Written};
use super::import::Imported;
use super::records::push_dispatch;
use super::release::Answers;
use super::restated::Again;
use super::signing;
use super::state::stream_length;
use super::{Parts, Reply, again};
use crate::access::NewAccess;
use crate::corridor::{Corridor, Side};
use crate::keyring::{NewKey, Reach};
use crate::layout::{Names, case_stream};
use crate::leave::Leave;
use crate::missing::{Change, Missing, Named, Need};
use crate::serial::{self, YearSerial};

pub(super) use draft::{Draft, Fit};

/// Records, and bytes of partners' dispatches, after which a group takes no further dispatch: far
/// enough below the limits of the store that whatever else joins still fits.
const RECORDS_MAX: usize = event_store::BATCH_RECORDS_MAX / 4;
const TAKEN_BYTES_MAX: usize = event_store::BATCH_BYTES_MAX / 2;

/// A group in the making.
pub(super) struct Group {
    /// The clock when the group was begun: one moment for all of it.
    pub(super) now: Instant,
    pub(super) records: Vec<NewRecord>,
    pub(super) cursors: BTreeMap<CursorName, Vec<u8>>,
    pub(super) keys: Vec<NewKey>,
    /// Cases whose erasure it orders.
    pub(super) erasures: Vec<CaseId>,
    /// The lengths of touched streams, with what the group adds.
    pub(super) streams: HashMap<StreamId, u64>,
    drafts: BTreeMap<State, Draft>,
    pub(super) pending: Vec<Pending>,
    pub(super) imports: Vec<PendingImport>,
    /// What is told once the group is durable, or is not.
    pub(super) afterwards: Vec<Afterwards>,
    /// Partners to whom the group lets the node write again.
    pub(super) grants: BTreeSet<State>,
    /// Accesses and supplies, answered once the group is durable.
    promises: Vec<Reply<()>>,
    /// What appends are told that are not staged: with the group, since it may rest on one that is
    /// not released yet.
    pub(super) told: Vec<(Result<Written, Failure>, Reply<Written>)>,
    /// What is missing from now on, or has come.
    pub(super) changes: Vec<(State, Change)>,
    /// What partners state again in it.
    pub(super) again: BTreeSet<Again>,
    /// Bytes of the partners' dispatches that it stores.
    pub(super) taken_bytes: usize,
}

/// Tells somebody that the group is durable, or why it is not.
pub(super) type Afterwards = Box<dyn FnOnce(Result<&Parts, Failure>) + Send>;

/// An import that is answered once the group is durable.
pub(super) struct PendingImport {
    pub(super) partner: State,
    pub(super) outcome: ImportOutcome,
    pub(super) reason: String,
    pub(super) reply: Reply<Imported>,
}

impl Group {
    pub(super) fn new(parts: &Parts) -> Self {
        Self {
            now: parts.clock.now(),
            records: Vec::new(),
            cursors: BTreeMap::new(),
            keys: Vec::new(),
            erasures: Vec::new(),
            streams: HashMap::new(),
            drafts: BTreeMap::new(),
            pending: Vec::new(),
            imports: Vec::new(),
            afterwards: Vec::new(),
            grants: BTreeSet::new(),
            promises: Vec::new(),
            told: Vec::new(),
            changes: Vec::new(),
            again: BTreeSet::new(),
            taken_bytes: 0,
        }
    }

    /// Whether no further dispatch of a partner should join.
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= RECORDS_MAX || self.taken_bytes >= TAKEN_BYTES_MAX
    }

    /// Whether nothing but own words, keys and accesses is in it, so that the next one may be made
    /// before it is released. Not the first dispatch of a log: a mark follows one from nothing, but
    /// not two.
    pub(super) fn is_plain(&self) -> bool {
        let follows = |draft: &Draft| {
            draft.begins == Begins::Nothing
                && draft.taken.is_empty()
                && !draft.proves_fault
                && draft.made.is_none_or(|made| made.number > 0)
        };
        self.afterwards.is_empty()
            && self.imports.is_empty()
            && self.changes.is_empty()
            && self.again.is_empty()
            && self.grants.is_empty()
            && self.erasures.is_empty()
            && self.drafts.values().all(follows)
    }

    /// Whether nothing is to be stored.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.cursors.is_empty()
    }

    /// The draft of a corridor, which must exist.
    pub(super) fn draft(&mut self, parts: &Parts, partner: State) -> &mut Draft {
        self.drafts.entry(partner).or_insert_with(|| {
            let state = parts.corridors.get(&partner);
            Draft::new(state.expect("the corridor was looked up before").logs.clone())
        })
    }

    /// How many records a stream has, with what the group adds.
    pub(super) fn length(&mut self, parts: &Parts, stream: &StreamId) -> Result<u64, Failure> {
        if let Some(length) = self.streams.get(stream) {
            return Ok(*length);
        }
        let length = stream_length(&parts.store, stream)?;
        self.streams.insert(*stream, length);
        Ok(length)
    }

    /// Notes records that the group adds to a stream whose length was looked up before.
    pub(super) fn lengthen(&mut self, stream: &StreamId, records: u64) {
        *self.streams.entry(*stream).or_default() += records;
    }

    /// Notes the entries of a dispatch, and says to which stream each belongs, if to any. Where a
    /// length cannot be looked up, none is changed.
    pub(super) fn lengthen_by(
        &mut self,
        parts: &Parts,
        corridor: &Corridor,
        entries: &[AcceptedEntry],
    ) -> Result<Vec<Option<StreamId>>, Failure> {
        let stream_of = |entry: &AcceptedEntry| match entry.reading.owner {
            Owner::Corridor => Some(corridor.stream),
            Owner::Case(case) => Some(case_stream(&case)),
            Owner::Nobody => None,
        };
        let streams: Vec<_> = entries.iter().map(stream_of).collect();
        for stream in streams.iter().flatten() {
            self.length(parts, stream)?;
        }
        for stream in streams.iter().flatten() {
            self.lengthen(stream, 1);
        }
        Ok(streams)
    }

    pub(super) fn access(&mut self, access: &NewAccess, reply: Option<Reply<()>>) {
        self.records.push(access.record(self.now));
        self.promises.extend(reply);
    }

    /// Answers this once the group is durable.
    pub(super) fn promise(&mut self, reply: Reply<()>) {
        self.promises.push(reply);
    }

    /// Notes what entries that it stores name and what did not come.
    pub(super) fn miss(
        &mut self,
        partner: State,
        names: &Names,
        missing: Vec<(CaseId, u64, Need)>,
    ) {
        for (case, position, need) in missing {
            let named = Named { position, need };
            let missing = Missing { case, since: self.now };
            self.records.push(missing.record(names, &named));
            self.changes.push((partner, Change::Missed(named, missing)));
        }
    }

    /// The key of a case, as it stands after this group.
    pub(super) fn key(&self, parts: &Parts, case: &CaseId) -> Option<CaseKey> {
        let of = |it: &&NewKey| it.case == *case && it.reach == Reach::Shared;
        let staged = self.keys.iter().rev().find(of).map(|it| it.key.clone());
        staged.or_else(|| parts.keys.get(case))
    }

    /// Makes the key of a case, if it has none.
    pub(super) fn mint(&mut self, parts: &Parts, case: CaseId) {
        if self.key(parts, &case).is_none() {
            let key = CaseKey::generate(&mut random::operating_system());
            self.keys.push(NewKey { case, key, reach: Reach::Shared });
        }
    }

    /// Whether the group adds to a stream.
    pub(super) fn touches(&self, parts: &Parts, stream: &StreamId) -> Result<bool, Failure> {
        let Some(length) = self.streams.get(stream) else { return Ok(false) };
        Ok(*length > stream_length(&parts.store, stream)?)
    }

    /// Notes the serial of a case that is opened.
    pub(super) fn use_serial(&mut self, parts: &Parts, partner: State, used: YearSerial) {
        let cursor = serial::cursor(partner, used.year);
        let stored = serial::highest_used(&parts.store, partner, used.year);
        let staged = self.cursors.get(&cursor).and_then(|it| it.as_slice().try_into().ok());
        let highest = staged.map_or(stored, u32::from_be_bytes).max(used.serial);
        self.cursors.insert(cursor, highest.to_be_bytes().to_vec());
    }

    /// Entries of the own log about the corridor, which nobody asked for.
    pub(super) fn announce(
        &mut self,
        parts: &Parts,
        partner: State,
        facts: Vec<Vec<u8>>,
    ) -> Result<(), Failure> {
        let Some(state) = parts.corridors.get(&partner) else {
            return Ok(());
        };
        let corridor = &state.corridor;
        self.length(parts, &corridor.stream)?;
        for facts in facts {
            let draft =
                EntryDraft { case: None, facts, sealed_body: None, case_key_commitment: None };
            let position = self.draft(parts, partner).next_position();
            let log = corridor.log_at(Side::Own, position);
            let entry = Entry::new(&log, position, draft).map_err(|error| {
                Failure::internal("an announcement is too long").with_source(error)
            })?;
            self.draft(parts, partner).add(vec![(entry, corridor.stream)]);
            self.lengthen(&corridor.stream, 1);
        }
        Ok(())
    }

    /// The partners whose local log grows with the group.
    pub(super) fn grow_locally(&self, parts: &Parts) -> Vec<State> {
        let grows = |(partner, draft): (&State, &Draft)| {
            let state = parts.corridors.get(partner)?;
            (draft.logs.local_size > state.logs.local_size).then_some(*partner)
        };
        self.drafts.iter().filter_map(grows).collect()
    }

    /// Makes the dispatch of each corridor that needs one, and the records of everything.
    pub(super) fn compose(&mut self, parts: &Parts) -> Result<Vec<(State, Composed)>, Failure> {
        let mut all = Vec::new();
        for (partner, draft) in &mut self.drafts {
            let Some(state) = parts.corridors.get(partner) else {
                continue;
            };
            let silent = draft.entries.is_empty() && !draft.wants_dispatch;
            let waits = state.leave.waiting().is_some() && !self.grants.contains(partner);
            // A frozen log says nothing more; a receipt that is wanted stays unsaid.
            let frozen = draft.logs.own.frozen().is_some() && draft.begins != Begins::Era;
            if silent || waits || state.stopped.is_some() || frozen {
                continue;
            }
            let first = draft.logs.own.next_position();
            let listening = draft.logs.partner.head();
            let (entries, streams): (Vec<Entry>, Vec<StreamId>) =
                std::mem::take(&mut draft.entries).into_iter().unzip();
            let signer = signing::signer(parts, &draft.logs.own, &entries)?;
            let composed =
                draft.logs.own.compose(entries, listening, self.now, signer).map_err(not_made)?;
            let names = &state.corridor.names.own;
            let entries = composed.entries.iter().zip(&streams);
            let entries = entries.map(|(entry, stream)| (entry, Some(*stream)));
            push_dispatch(&mut self.records, names, &composed.signed_header, first, entries);
            let header = composed.signed_header.header();
            draft.made = Some(Dispatch {
                number: header.number,
                time: header.time,
                digest: *composed.signed_header.digest(),
                heard: header.heard,
            });
            draft.logs.own = composed.state.clone();
            if let (true, Some(last)) = (draft.proves_fault, header.heard) {
                draft.logs.partner.freeze(Frozen { stated_in: header.number, last });
            }
            all.push((*partner, composed));
        }
        for pending in &mut self.pending {
            let draft = self.drafts.get(&pending.partner);
            let made = draft.and_then(|draft| draft.made);
            pending.add_records(&mut self.records, made, self.now);
        }
        Ok(all)
    }

    /// What was staged becomes the state of the logs.
    pub(super) fn settle(&mut self, parts: &mut Parts) {
        for (partner, draft) in &self.drafts {
            if let Some(state) = parts.corridors.get_mut(partner) {
                state.logs = draft.logs.clone();
                state.note_eras();
                state.void_faults.extend(&draft.void_faults);
                if let Some(length) = self.streams.get(&state.corridor.stream) {
                    state.logs.revision = *length;
                }
                state.leave.follow(state.logs.own.head().map(|head| head.heard));
                if self.grants.contains(partner) {
                    state.leave = Leave::Granted;
                    state.resuming = None;
                }
            }
        }
        for (partner, change) in std::mem::take(&mut self.changes) {
            if let Some(state) = parts.corridors.get_mut(&partner) {
                state.note(change);
            }
        }
    }

    /// What its appends and accesses are told. `first` is the position of its first record.
    pub(super) fn answers(&mut self, lengths: &HashMap<StreamId, u64>, first: u64) -> Answers {
        let mut appends = std::mem::take(&mut self.told);
        for pending in std::mem::take(&mut self.pending) {
            let revision = lengths.get(&pending.stream).copied().unwrap_or_default();
            let (written, reply) = pending.written(revision, first);
            appends.push((Ok(written), reply));
        }
        Answers { promises: std::mem::take(&mut self.promises), appends }
    }

    /// Answers everybody.
    pub(super) fn answer(mut self, parts: &Parts, lengths: &HashMap<StreamId, u64>, first: u64) {
        self.answers(lengths, first).send();
        for tell in self.afterwards {
            tell(Ok(parts));
        }
        for PendingImport { partner, outcome, reason, reply } in self.imports {
            let logs = parts.corridors.get(&partner).map(|state| &state.logs);
            let imported = Imported {
                outcome,
                reason,
                next_wanted: logs.map_or(0, |logs| logs.partner.next_number()),
                own_head: logs.and_then(|logs| logs.own.head()).map(|head| head.heard),
                missing: parts.corridors.get(&partner).map_or(0, |it| it.missing.len() as u64),
            };
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Ok(imported));
        }
    }

    /// Tells everybody that nothing was written, and returns the failure for the log.
    pub(super) fn fail(self, failure: Failure) -> Failure {
        for reply in self.promises {
            // Whoever no longer waits does not need the answer, here and below.
            let _ = reply.send(Err(again(&failure)));
        }
        // It may rest on what is not stored, or not released.
        for (_, reply) in self.told {
            let _ = reply.send(Err(again(&failure)));
        }
        for tell in self.afterwards {
            tell(Err(again(&failure)));
        }
        for pending in self.pending {
            let _ = pending.reply.send(Err(again(&failure)));
        }
        for import in self.imports {
            let _ = import.reply.send(Err(again(&failure)));
        }
        failure
    }
}

/// A signer that is away may be back for the next group; everything else is a mistake of ours.
fn not_made(error: ComposeError) -> Failure {
    match &error {
        ComposeError::Sign(_) => Failure::unavailable("the signer does not sign"),
        ComposeError::TooLarge(_)
        | ComposeError::NotNext { .. }
        | ComposeError::KeyNotValid { .. }
        | ComposeError::HeardFalls
        | ComposeError::Frozen(_)
        | ComposeError::WouldBreak(_) => Failure::internal("a dispatch could not be made"),
    }
    .with_source(error)
}
