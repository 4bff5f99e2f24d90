//! Taking in a partner's dispatch: DESIGN 4, "What arrives, and what is done".
//!
//! Facts are not judged here. An entry that breaks a rule is stored like any other; what it is
//! worth is for whoever reads the case.

use std::cell::RefCell;
use std::collections::BTreeSet;

use domain::chain::Heard;
use domain::identifier::{CaseId, Digest, State};
use domain::time::Instant;
use event_store::{CursorName, NewRecord, Revision, StoredRecord};
use proto::ledger::v1::ImportOutcome;
use proto::record::v1::WrappedCaseKey;
use proto::store::v1::StoredProof;
use record::arrival::{Accepted, AcceptedEntry, Fault, GapSignature, Known};
use record::breach::Breach;
use record::canonical;
use record::dispatch::Dispatch;
use record::entry::{Head, Owner};
use record::log::Stamp;
use record::seal::{CaseKey, Place};
use record::wrap::{self, UnwrapError};
use runtime::failure::Failure;

use super::fault;
use super::group::{Group, PendingImport};
use super::listed::listed;
use super::records::push_dispatch;
use super::restated;
use super::state::{CorridorState, Parked};
use super::{Parts, Reply, Writer};
use crate::corridor::Side;
use crate::keyring::{NewKey, Reach};
use crate::layout::{self, LogNames, case_stream};
use crate::missing::Need;

/// First records of a case among which its opening is looked for: whoever says more than this of a
/// case before opening it goes without its key.
const OPENED_WITHIN_RECORDS: usize = 256;

/// A dispatch that arrived.
pub(crate) struct ImportJob {
    pub(crate) partner: State,
    pub(crate) dispatch: Vec<u8>,
    pub(crate) cursor: Option<(CursorName, Vec<u8>)>,
}

/// What was done with it.
#[derive(Debug)]
pub(crate) struct Imported {
    pub(crate) outcome: ImportOutcome,
    pub(crate) reason: String,
    pub(crate) next_wanted: u64,
    pub(crate) own_head: Option<Heard>,
    /// How many things are missing of the partner's log.
    pub(crate) missing: u64,
}

/// What became of one dispatch.
struct Verdict {
    outcome: ImportOutcome,
    reason: String,
}

impl Verdict {
    fn new(outcome: ImportOutcome, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self { outcome, reason }
    }
}

impl Writer {
    /// Takes in a dispatch, and whatever was waiting for it.
    pub(super) fn import(&mut self, group: &mut Group, job: ImportJob, reply: Reply<Imported>) {
        let partner = job.partner;
        if !self.parts.corridors.contains_key(&partner) {
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Err(Failure::not_found("corridor")));
            return;
        }
        match take(&mut self.parts, group, job) {
            Ok(Verdict { outcome, reason }) => {
                self.unpark(group, partner);
                group.imports.push(PendingImport { partner, outcome, reason, reply });
            }
            Err(failure) => {
                let _ = reply.send(Err(failure));
            }
        }
    }

    /// Takes in what was parked and has come of age.
    pub(super) fn come_of_age(&mut self, group: &mut Group) {
        let partners: Vec<State> = self.parts.corridors.keys().copied().collect();
        for partner in partners {
            self.unpark(group, partner);
        }
    }

    /// Takes in parked dispatches as long as the next one is there and of age.
    fn unpark(&mut self, group: &mut Group, partner: State) {
        loop {
            let now = group.now;
            let Some(state) = self.parts.corridors.get(&partner) else {
                return;
            };
            if state.parked.is_empty() {
                return;
            }
            let wanted = group.draft(&self.parts, partner).logs.partner.next_number();
            let Some(state) = self.parts.corridors.get_mut(&partner) else {
                return;
            };
            // What is stored meanwhile under a number that waited is looked at once more: if it is
            // another dispatch, the one that waited proves it.
            let ready = match state.parked.first_key_value() {
                Some((number, _)) if *number < wanted => Some(*number),
                Some((number, it)) if *number == wanted => {
                    let is_of_age = it.until.is_none_or(|at| at <= now);
                    (is_of_age && !state.holds_back(wanted)).then_some(wanted)
                }
                Some(_) | None => None,
            };
            if ready.is_none() {
                match self.release(group, partner, wanted) {
                    Ok(true) => continue,
                    Ok(false) => return,
                    Err(error) => {
                        tracing::error!(%error, "what a correction releases could not be stored");
                        return;
                    }
                }
            }
            if ready.is_some() && group.is_full() {
                self.more_is_ready = true;
                return;
            }
            let Some(parked) = ready.and_then(|number| state.take_parked(number)) else {
                return;
            };
            let is_next = ready == Some(wanted);
            let Parked { dispatch, cursor, .. } = parked;
            let outcome = take(&mut self.parts, group, ImportJob { partner, dispatch, cursor });
            match outcome.map(|verdict| verdict.outcome) {
                Ok(ImportOutcome::Stored) => {}
                Ok(_) if is_next => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "a parked dispatch could not be checked");
                    return;
                }
            }
        }
    }
}

impl Writer {
    /// Takes in, in one step, what was parked for its date and is now corrected: a run from the
    /// wanted number on whose last dispatch corrects its author's clock. So none of the own words
    /// has heard a part of it. Says whether something was taken in.
    fn release(&mut self, group: &mut Group, partner: State, wanted: u64) -> Result<bool, Failure> {
        let Some(state) = self.parts.corridors.get(&partner) else {
            return Ok(false);
        };
        let Some(run) = corrected_run(state, wanted) else {
            return Ok(false);
        };
        let numbers: Vec<u64> = (wanted..).take(run.len()).collect();
        if numbers.last().is_some_and(|last| state.holds_back(*last)) {
            return Ok(false);
        }
        let now = group.now;
        let draft = group.draft(&self.parts, partner);
        let known = Stored {
            parts: &self.parts,
            state,
            own_next: state.logs.own.next_number(),
            taken: &draft.taken,
            failed: RefCell::default(),
        };
        let checked = draft.logs.partner.check_released(run, now, &known);
        known.failed.into_inner().map_or(Ok(()), Err)?;
        let Ok(accepted) = checked else {
            return Ok(false);
        };
        for accepted in accepted {
            store(&self.parts, group, partner, accepted)?;
        }
        if let Some(state) = self.parts.corridors.get_mut(&partner) {
            for number in numbers {
                let parked = state.take_parked(number);
                group.cursors.extend(parked.and_then(|parked| parked.cursor));
            }
        }
        tracing::warn!(%partner, wanted, "the partner has corrected its clock");
        Ok(true)
    }
}

/// Parked dispatches from `wanted` on, up to the first that says that it corrects the clock;
/// `None` where there is none.
fn corrected_run(state: &CorridorState, wanted: u64) -> Option<Vec<Dispatch>> {
    let mut run = Vec::new();
    for number in wanted.. {
        let parked = state.parked.get(&number)?;
        let dispatch = Dispatch::decode(&parked.dispatch).ok()?;
        let corrects = dispatch.signed_header.header().corrects_clock;
        run.push(dispatch);
        if corrects {
            return Some(run);
        }
    }
    None
}

/// Checks a dispatch and stages what is to be done with it; counts what became of it.
fn take(parts: &mut Parts, group: &mut Group, job: ImportJob) -> Result<Verdict, Failure> {
    let partner = job.partner;
    let verdict = check(parts, group, job)?;
    if let Some(state) = parts.corridors.get_mut(&partner) {
        *state.arrivals.entry(verdict.outcome.into()).or_default() += 1;
    }
    Ok(verdict)
}

fn check(parts: &mut Parts, group: &mut Group, job: ImportJob) -> Result<Verdict, Failure> {
    let ImportJob { partner, dispatch: bytes, cursor } = job;
    let dispatch = match Dispatch::decode(&bytes) {
        Ok(dispatch) => dispatch,
        Err(error) => return Ok(quarantine(parts, partner, group.now, &error, &bytes)),
    };
    let number = dispatch.signed_header.header().number;
    let digest = *dispatch.signed_header.digest();
    let now = group.now;
    let draft = group.draft(parts, partner);
    // The group freezes this log: what comes behind the fault is of the same era.
    if draft.proves_fault && number >= draft.logs.partner.next_number() {
        return Ok(Verdict::new(ImportOutcome::Frozen, "a fault of this log was just proved"));
    }
    let Some(state) = parts.corridors.get(&partner) else {
        return Err(Failure::not_found("corridor"));
    };
    let known = Stored {
        parts,
        state,
        own_next: state.logs.own.next_number(),
        taken: &draft.taken,
        failed: RefCell::default(),
    };
    let checked = draft.logs.partner.check(dispatch, now, &known);
    // A place that could not be read must not look like one that does not exist.
    known.failed.into_inner().map_or(Ok(()), Err)?;
    let fault = match checked {
        Ok(_) if state.holds_back(number) => {
            park(parts, partner, number, Parked { dispatch: bytes, cursor, until: None });
            let why = "it waits for own dispatches that were signed and are not here yet";
            return Ok(Verdict::new(ImportOutcome::HeldBack, why));
        }
        Ok(accepted) => {
            store(parts, group, partner, accepted)?;
            group.cursors.extend(cursor);
            group.taken_bytes += bytes.len();
            return Ok(Verdict::new(ImportOutcome::Stored, ""));
        }
        Err(fault) => fault,
    };
    // Wrapped keys prove nothing, and would make a proof larger than the store takes.
    let proof = |outcome: ImportOutcome| StoredProof {
        outcome: u32::try_from(i32::from(outcome)).unwrap_or_default(),
        time_ms: now.as_ms(),
        dispatch: Dispatch::decode(&bytes).map_or_else(
            |_| bytes.clone(),
            |dispatch| Dispatch { case_keys: Vec::new(), ..dispatch }.encode(),
        ),
        reason: fault.to_string(),
    };
    let waiting =
        |until: Option<Instant>| Parked { dispatch: bytes.clone(), cursor: cursor.clone(), until };
    Ok(match &fault {
        Fault::NotAuthentic(why) => quarantine(parts, partner, now, why, &bytes),
        // What nothing is done with: stored before, or of an era that has ended.
        Fault::Duplicate { .. } | Fault::Void { .. } => {
            group.cursors.extend(cursor);
            Verdict::new(ImportOutcome::Duplicate, "")
        }
        Fault::Frozen { .. } => {
            group.cursors.extend(cursor);
            Verdict::new(ImportOutcome::Frozen, &fault)
        }
        Fault::Gap { signature: GapSignature::Verified, .. } => {
            let parked = waiting(None);
            park(parts, partner, number, parked);
            Verdict::new(ImportOutcome::ParkedGap, &fault)
        }
        // It cannot be told yet whose it is: what is missing is fetched, and it with it.
        Fault::Gap { signature: GapSignature::KeyUnknown, .. } => {
            Verdict::new(ImportOutcome::ParkedGap, &fault)
        }
        Fault::Future { until } => {
            let parked = waiting(Some(*until));
            park(parts, partner, number, parked);
            Verdict::new(ImportOutcome::ParkedFuture, &fault)
        }
        Fault::Unjudged { .. } => return Err(Failure::corrupt(fault.to_string())),
        Fault::Rival { .. } => {
            let proof = proof(ImportOutcome::Rival);
            fault::state(parts, group, partner, &bytes)?;
            keep_proof(parts, group, partner, digest, proof)
        }
        // The own word that ended the era, or that it has heard, may be among what the own store
        // has lost: looked at again when that is back.
        Fault::BrokenChain { breach: Breach::Era, .. } | Fault::HeardUnknown { .. }
            if state.leave.takes_back() || state.holds_back(number) =>
        {
            let parked = waiting(None);
            park(parts, partner, number, parked);
            Verdict::new(ImportOutcome::HeldBack, &fault)
        }
        Fault::BrokenChain { .. } => {
            let proof = proof(ImportOutcome::Broken);
            fault::state(parts, group, partner, &bytes)?;
            keep_proof(parts, group, partner, digest, proof)
        }
        Fault::HeardUnknown { .. } => {
            let proof = proof(ImportOutcome::HeardUnknown);
            let verdict = keep_proof(parts, group, partner, digest, proof);
            if let Some(state) = parts.corridors.get_mut(&partner) {
                state.stop(&verdict.reason);
            }
            verdict
        }
        Fault::EntriesWithheld { .. } => {
            tracing::warn!(%partner, number, "header seen, bytes withheld");
            if let Some(state) = parts.corridors.get_mut(&partner) {
                state.withheld = Some(number);
            }
            Verdict::new(ImportOutcome::Withheld, &fault)
        }
    })
}

/// Stages an accepted dispatch: its entries, its header, the case keys that came with it.
fn store(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    accepted: Accepted,
) -> Result<(), Failure> {
    let Some(state) = parts.corridors.get(&partner) else {
        return Err(Failure::not_found("corridor"));
    };
    let corridor = &state.corridor;
    let Accepted { signed_header, entries, case_keys, state: next } = accepted;
    let stream_of = |entry: &AcceptedEntry| match entry.reading.owner {
        Owner::Corridor => Some(corridor.stream),
        Owner::Case(case) => Some(case_stream(&case)),
        Owner::Nobody => None,
    };
    let streams: Vec<_> = entries.iter().map(stream_of).collect();
    for stream in streams.iter().flatten() {
        group.length(parts, stream)?;
    }
    for stream in streams.iter().flatten() {
        group.lengthen(stream, 1);
    }
    let opened = &mut group.draft(parts, partner).opened;
    let mut missing = Vec::new();
    for (case, opening) in openings(parts, state, opened, &entries)? {
        let mut wraps = case_keys.iter().filter(|it| it.position == opening.head.position);
        match wraps.find_map(|it| unwrap(parts, state, opening, it)) {
            Some(key) => group.keys.push(NewKey { case, key, reach: Reach::Shared }),
            None => missing.push((case, opening.head.position, Need::CaseKey)),
        }
    }
    missing.extend(entries.iter().filter(|it| it.lacks_body()).filter_map(|it| {
        match it.reading.owner {
            Owner::Case(case) => Some((case, it.head.position, Need::Body)),
            // Nobody reads what belongs to nobody, and the corridor has no bodies.
            Owner::Corridor | Owner::Nobody => None,
        }
    }));
    for it in &entries {
        if let (Owner::Case(case), Some(sealed)) = (it.reading.owner, &it.entry.sealed_body)
            && let Some(key) = group.key(parts, &case)
        {
            let position = it.head.position;
            let place = corridor.place(Side::Partner, case, position);
            let listed = listed(&key, &place, sealed).into_iter();
            missing.extend(listed.map(|id| (case, position, Need::Attachment(id))));
        }
    }
    group.miss(partner, &corridor.names, missing);
    group.again.extend(restated::among(partner, &entries));
    let draft = group.draft(parts, partner);
    let first = draft.logs.partner.next_position();
    let number = signed_header.header().number;
    draft.taken.insert(number, *signed_header.digest());
    draft.signed.insert(number, signed_header.clone());
    draft.logs.partner = next;
    // The receipt. A dispatch without entries is never answered.
    draft.wants_dispatch |= !entries.is_empty();
    corridor.note_eras(Side::Partner, draft.logs.partner.eras());
    fault::hear(parts, group, partner, Side::Partner, &signed_header, &entries)?;
    let names = &corridor.names.partner;
    let entries = entries.iter().map(|entry| &entry.entry).zip(streams);
    push_dispatch(&mut group.records, names, &signed_header, first, entries);
    Ok(())
}

/// The entries that open a case which is the partner's to open and was not opened before. A second
/// opening is of no effect, and its key must not take the place of the one that bodies are sealed
/// with.
fn openings<'a>(
    parts: &Parts,
    state: &CorridorState,
    opened: &mut BTreeSet<CaseId>,
    entries: &'a [AcceptedEntry],
) -> Result<Vec<(CaseId, &'a AcceptedEntry)>, Failure> {
    let corridor = &state.corridor;
    let mut openings = Vec::new();
    for entry in entries {
        let (Owner::Case(case), Some(_)) = (entry.reading.owner, entry.head.case_key_commitment)
        else {
            continue;
        };
        if corridor.founded.founder_of(&case) != corridor.partner || !opened.insert(case) {
            continue;
        }
        let stream = case_stream(&case);
        let before = parts.store.read_stream(&stream, Revision(0), OPENED_WITHIN_RECORDS);
        let before = before.map_err(crate::failure::read)?;
        let opens = |record: &StoredRecord| {
            record.log == corridor.names.partner.entries
                && Head::decode(&record.leaf).is_some_and(|it| it.case_key_commitment.is_some())
        };
        if before.len() < OPENED_WITHIN_RECORDS && !before.iter().any(opens) {
            openings.push((case, entry));
        }
    }
    Ok(openings)
}

/// Opens a wrapped case key with whichever HPKE key it is sealed to.
pub(super) fn open_wrapped(
    parts: &Parts,
    wrapped: &WrappedCaseKey,
    genesis: &Digest,
    opening: &Place,
    commitment: &Digest,
) -> Result<CaseKey, UnwrapError> {
    // The newest first: an older one is there only until the partner has heard of its successor.
    let mut found = Err(UnwrapError::OtherRecipient);
    for recipient in parts.keyring.keys().hpke.iter().rev() {
        found = wrap::unwrap(wrapped, genesis, opening, commitment, recipient);
        if !matches!(found, Err(UnwrapError::OtherRecipient)) {
            break;
        }
    }
    found
}

/// The case key beside an opening entry, if it is the one that the entry committed to. Without it
/// the entry is stored all the same: its body cannot be read until the key comes.
fn unwrap(
    parts: &Parts,
    state: &CorridorState,
    opening: &AcceptedEntry,
    wrapped: &WrappedCaseKey,
) -> Option<CaseKey> {
    let corridor = &state.corridor;
    let commitment = opening.head.case_key_commitment?;
    let Owner::Case(case) = opening.reading.owner else {
        return None;
    };
    let place = corridor.place(Side::Partner, case, opening.head.position);
    let genesis = corridor.genesis.digest();
    match open_wrapped(parts, wrapped, genesis, &place, &commitment) {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(position = opening.head.position, %error, "a case key is of no use");
            None
        }
    }
}

fn quarantine(
    parts: &Parts,
    partner: State,
    now: Instant,
    why: &dyn std::fmt::Display,
    bytes: &[u8],
) -> Verdict {
    parts.quarantine.keep(partner, now, &why.to_string(), bytes);
    tracing::warn!(%partner, %why, "a dispatch is not authentic");
    Verdict::new(ImportOutcome::Quarantined, why)
}

/// Keeps a dispatch that proves a fault, once; more than there is room for are only told.
fn keep_proof(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    digest: Digest,
    proof: StoredProof,
) -> Verdict {
    let outcome = i32::try_from(proof.outcome).ok().and_then(|it| ImportOutcome::try_from(it).ok());
    let verdict = Verdict::new(outcome.unwrap_or_default(), &proof.reason);
    tracing::error!(%partner, reason = %proof.reason, "a dispatch proves a fault");
    let limit = parts.limits.proofs_max;
    let stops = verdict.outcome == ImportOutcome::HeardUnknown;
    if let Some(state) = parts.corridors.get_mut(&partner)
        // What stops the writing must be found again after a restart.
        && ((state.proofs.len() < limit && !state.proofs.contains(&digest))
            || (stops && state.stopped.is_none()))
    {
        state.proofs.insert(digest);
        group.records.push(NewRecord {
            log: state.corridor.names.proofs.clone(),
            stream: None,
            leaf: canonical::encode(&proof),
            payload: Vec::new(),
        });
    }
    verdict
}

/// Parks a dispatch. Where there is no room, the one with the highest number goes: it would be
/// wanted last.
fn park(parts: &mut Parts, partner: State, number: u64, parked: Parked) {
    let limits = parts.limits;
    let Some(state) = parts.corridors.get_mut(&partner) else {
        return;
    };
    state.take_parked(number);
    state.parked_bytes += parked.dispatch.len();
    state.parked.insert(number, parked);
    while state.parked.len() > limits.parked_dispatches_max
        || state.parked_bytes > limits.parked_bytes_max
    {
        let Some(highest) = state.parked.keys().next_back().copied() else {
            return;
        };
        state.take_parked(highest);
    }
}

impl CorridorState {
    fn take_parked(&mut self, number: u64) -> Option<Parked> {
        let parked = self.parked.remove(&number)?;
        self.parked_bytes -= parked.dispatch.len();
        Some(parked)
    }
}

/// What is stored of both logs.
struct Stored<'a> {
    parts: &'a Parts,
    state: &'a CorridorState,
    own_next: u64,
    taken: &'a std::collections::BTreeMap<u64, Digest>,
    failed: RefCell<Option<Failure>>,
}

impl Stored<'_> {
    fn dispatch(&self, names: &LogNames, number: u64) -> Option<domain::chain::Dispatch> {
        let read = layout::record_at(&self.parts.store, &names.headers, number)
            .and_then(|record| record.as_ref().map(layout::dispatch_of).transpose());
        read.unwrap_or_else(|failure| {
            self.failed.borrow_mut().get_or_insert(failure);
            None
        })
    }
}

impl Known for Stored<'_> {
    fn heard(&self, number: u64) -> Option<Stamp> {
        let names = &self.state.corridor.names.own;
        let signed = (number < self.own_next).then(|| self.dispatch(names, number)).flatten()?;
        let era = self.state.logs.own.eras().era_of(number);
        Some(Stamp { era, digest: signed.digest, time: signed.time })
    }

    fn stored(&self, number: u64) -> Option<Digest> {
        let names = &self.state.corridor.names.partner;
        let taken = self.taken.get(&number).copied();
        taken.or_else(|| self.dispatch(names, number).map(|stored| stored.digest))
    }
}
