//! Taking in a partner's dispatch: DESIGN 4, "What arrives, and what is done".
//!
//! Facts are not judged here. An entry that breaks a rule is stored like any other; what it is
//! worth is for whoever reads the case.

mod accepted;
mod parked;

use std::cell::RefCell;
use std::collections::BTreeMap;

use domain::chain::Heard;
use domain::identifier::{Digest, State};
use domain::time::Instant;
use event_store::CursorName;
use proto::ledger::v1::ImportOutcome;
use proto::store::v1::StoredProof;
use record::arrival::{Fault, GapSignature, Known};
use record::breach::Breach;
use record::dispatch::Dispatch;
use record::log::Stamp;
use runtime::failure::Failure;

use super::fault;
use super::group::{Group, PendingImport};
use super::records::proof_record;
use super::state::{CorridorState, Parked};
use super::{Parts, Reply, Writer};
use crate::layout::{self, LogNames};

pub(super) use accepted::open_wrapped;

use accepted::store;
use parked::park;

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
    match checked {
        Ok(_) if state.holds_back(number) => {
            park(parts, partner, number, Parked { dispatch: bytes, cursor, until: None });
            let why = "it waits for own dispatches that were signed and are not here yet";
            Ok(Verdict::new(ImportOutcome::HeldBack, why))
        }
        Ok(accepted) => {
            store(parts, group, partner, accepted)?;
            group.cursors.extend(cursor);
            group.taken_bytes += bytes.len();
            Ok(Verdict::new(ImportOutcome::Stored, ""))
        }
        Err(why) => {
            not_stored(parts, group, NotStored { partner, number, digest, bytes, cursor, why })
        }
    }
}

/// A dispatch that is not stored now.
struct NotStored {
    partner: State,
    number: u64,
    digest: Digest,
    bytes: Vec<u8>,
    cursor: Option<(CursorName, Vec<u8>)>,
    why: Fault,
}

impl NotStored {
    /// Parks it.
    fn wait(self, parts: &mut Parts, until: Option<Instant>, outcome: ImportOutcome) -> Verdict {
        let verdict = Verdict::new(outcome, &self.why);
        let parked = Parked { dispatch: self.bytes, cursor: self.cursor, until };
        park(parts, self.partner, self.number, parked);
        verdict
    }
}

/// What is done with a dispatch that is not stored now: DESIGN 4, line by line.
fn not_stored(
    parts: &mut Parts,
    group: &mut Group,
    dispatch: NotStored,
) -> Result<Verdict, Failure> {
    let NotStored { partner, number, .. } = dispatch;
    let state = parts.corridors.get(&partner);
    let lacks_own = state.is_some_and(|it| it.leave.takes_back() || it.holds_back(number));
    Ok(match &dispatch.why {
        Fault::NotAuthentic(why) => quarantine(parts, partner, group.now, why, &dispatch.bytes),
        // What nothing is done with: stored before, or of an era that has ended.
        Fault::Duplicate { .. } | Fault::Void { .. } => {
            group.cursors.extend(dispatch.cursor);
            Verdict::new(ImportOutcome::Duplicate, "")
        }
        Fault::Frozen { .. } => {
            group.cursors.extend(dispatch.cursor);
            Verdict::new(ImportOutcome::Frozen, &dispatch.why)
        }
        Fault::Gap { signature: GapSignature::Verified, .. } => {
            dispatch.wait(parts, None, ImportOutcome::ParkedGap)
        }
        // It cannot be told yet whose it is: what is missing is fetched, and it with it.
        Fault::Gap { signature: GapSignature::KeyUnknown, .. } => {
            Verdict::new(ImportOutcome::ParkedGap, &dispatch.why)
        }
        Fault::Future { until } => {
            let until = Some(*until);
            dispatch.wait(parts, until, ImportOutcome::ParkedFuture)
        }
        Fault::Unjudged { .. } => return Err(Failure::corrupt(dispatch.why.to_string())),
        Fault::Rival { .. } => {
            fault::state(parts, group, partner, &dispatch.bytes)?;
            keep_proof(parts, group, &dispatch, ImportOutcome::Rival)
        }
        // The own word that ended the era, or that it has heard, may be among what the own store
        // has lost: looked at again when that is back.
        Fault::BrokenChain { breach: Breach::Era, .. } | Fault::HeardUnknown { .. }
            if lacks_own =>
        {
            dispatch.wait(parts, None, ImportOutcome::HeldBack)
        }
        Fault::BrokenChain { .. } => {
            fault::state(parts, group, partner, &dispatch.bytes)?;
            keep_proof(parts, group, &dispatch, ImportOutcome::Broken)
        }
        Fault::HeardUnknown { .. } => {
            let verdict = keep_proof(parts, group, &dispatch, ImportOutcome::HeardUnknown);
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
            Verdict::new(ImportOutcome::Withheld, &dispatch.why)
        }
    })
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
    dispatch: &NotStored,
    outcome: ImportOutcome,
) -> Verdict {
    let NotStored { partner, digest, bytes, why, .. } = dispatch;
    let verdict = Verdict::new(outcome, why);
    tracing::error!(%partner, reason = %verdict.reason, "a dispatch proves a fault");
    let limit = parts.limits.proofs_max;
    let stops = outcome == ImportOutcome::HeardUnknown;
    if let Some(state) = parts.corridors.get_mut(partner)
        // What stops the writing must be found again after a restart.
        && ((state.proofs.len() < limit && !state.proofs.contains(digest))
            || (stops && state.stopped.is_none()))
    {
        state.proofs.insert(*digest);
        let proof = StoredProof {
            outcome: u32::try_from(i32::from(outcome)).unwrap_or_default(),
            time_ms: group.now.as_ms(),
            // Wrapped keys prove nothing, and would make a proof larger than the store takes.
            dispatch: Dispatch::decode(bytes).map_or_else(
                |_| bytes.clone(),
                |dispatch| Dispatch { case_keys: Vec::new(), ..dispatch }.encode(),
            ),
            reason: verdict.reason.clone(),
        };
        group.records.push(proof_record(&state.corridor, &proof));
    }
    verdict
}

/// What is stored of both logs.
struct Stored<'a> {
    parts: &'a Parts,
    state: &'a CorridorState,
    own_next: u64,
    taken: &'a BTreeMap<u64, Digest>,
    failed: RefCell<Option<Failure>>,
}

impl Stored<'_> {
    fn dispatch(&self, names: &LogNames, number: u64) -> Option<domain::chain::Dispatch> {
        let read = layout::dispatch_at(&self.parts.store, &names.headers, number);
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
