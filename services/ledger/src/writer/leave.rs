//! What the writer does while a store is brought up to what was signed: hearing witnesses, taking
//! dispatches of the own log back, opening `restored`, and letting the node write again
//! ([`crate::leave`]).

use std::cell::RefCell;
use std::cmp::Ordering;

use domain::case::event::{Kind, ResumeReason, Statement, WritingResumed};
use domain::chain::{Content, Heard};
use domain::identifier::{CaseId, Digest, State};
use domain::referral::{LocalStatement, Safeguard};
use event_store::NewRecord;
use proto::ledger::v1::{ImportOutcome, TakeBackOutcome, WitnessVerdict};
use proto::store::v1::StoredProof;
use record::arrival::{Accepted, AcceptedEntry, Fault, Known};
use record::breach::Breach;
use record::canonical;
use record::dispatch::{Dispatch, SignedHeader, encoded_bytes};
use record::entry::{Draft as EntryDraft, Entry, Owner};
use record::facts;
use record::log::{LogState, Stamp};
use runtime::failure::{Class, Failure};

use super::group::{Group, local_record, push_dispatch};
use super::state::CorridorState;
use super::{Parts, Reply, erasure, fault, forged, signing};
use crate::corridor::Side;
use crate::failure::RESUME_REFUSED;
use crate::layout::{self, LogNames, case_stream};
use crate::leave::{Lack, Leave, Testimony, Witness};
use crate::serial::YearSerial;

/// Something to do about the leave to write to a partner.
pub(crate) enum LeaveJob {
    Hear(State, Box<Held>, Reply<Answer<WitnessVerdict>>),
    TakeBack(State, Vec<u8>, Reply<Answer<TakeBackOutcome>>),
    /// Opens the safeguard `restored` on these cases.
    Guard(State, Vec<CaseId>, Reply<()>),
    /// Every open case has it: the node may write again.
    Guarded(State, Reply<()>),
    Resume(ResumeJob, Reply<Option<domain::chain::Dispatch>>),
}

/// What a witness holds.
pub(crate) struct Held {
    pub(crate) witness: Witness,
    /// The last dispatch that it holds; `None` for none.
    pub(crate) holds: Option<SignedHeader>,
}

/// What came of it.
pub(crate) struct Answer<T> {
    pub(crate) outcome: T,
    pub(crate) next_own: u64,
    pub(crate) takes_back: bool,
    pub(crate) reason: String,
}

/// An operator lets the log go on.
pub(crate) struct ResumeJob {
    pub(crate) partner: State,
    pub(crate) partner_holds: Option<u64>,
    /// Take in what somebody else signed with the own log key, up to that dispatch.
    pub(crate) takes_in_forged: bool,
    pub(crate) validate_only: bool,
}

/// An operator's word that waits for the safeguards.
pub(crate) struct Resuming {
    facts: Vec<u8>,
    /// Whom to tell; `None` once that is under way.
    reply: Option<Reply<Option<domain::chain::Dispatch>>>,
}

impl CorridorState {
    /// Nothing more is written to this partner. An operator who waits for the log to go on is told.
    pub(super) fn stop(&mut self, reason: &str) {
        self.stopped.get_or_insert_with(|| reason.to_owned());
        if let Some(reply) = self.resuming.as_mut().and_then(|resuming| resuming.reply.take()) {
            let why = format!("writing has stopped: {reason}");
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Err(Failure::new(Class::Refused, RESUME_REFUSED, why)));
        }
    }
}

impl std::fmt::Debug for Resuming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resuming").finish_non_exhaustive()
    }
}

impl LeaveJob {
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::TakeBack(_, dispatch, _) => dispatch.len(),
            Self::Guard(_, cases, _) => cases.len() * 256,
            Self::Hear(..) | Self::Guarded(..) | Self::Resume(..) => 512,
        }
    }

    pub(super) fn refuse(self) {
        let stopped = crate::failure::stopped;
        // Whoever no longer waits does not need the answer.
        match self {
            Self::Hear(.., reply) => drop(reply.send(Err(stopped()))),
            Self::TakeBack(.., reply) => drop(reply.send(Err(stopped()))),
            Self::Guard(.., reply) | Self::Guarded(_, reply) => {
                drop(reply.send(Err(stopped())));
            }
            Self::Resume(_, reply) => drop(reply.send(Err(stopped()))),
        }
    }
}

/// Carries out a job within a group.
pub(super) fn carry_out(parts: &mut Parts, group: &mut Group, job: LeaveJob) {
    match job {
        LeaveJob::Hear(partner, heard, reply) => {
            let outcome = hear(parts, group, partner, &heard);
            answer(group, partner, outcome, reply);
        }
        LeaveJob::TakeBack(partner, dispatch, reply) => {
            let outcome = take_back(parts, group, partner, &dispatch);
            answer(group, partner, outcome, reply);
        }
        LeaveJob::Guard(partner, cases, reply) => match guard(parts, group, partner, &cases) {
            Ok(()) => group.afterwards.push(Box::new(move |done| {
                // Whoever no longer waits does not need the answer, here and below.
                let _ = reply.send(done.map(|_| ()));
            })),
            Err(failure) => drop(reply.send(Err(failure))),
        },
        LeaveJob::Guarded(partner, reply) => match guarded(parts, group, partner) {
            Ok(()) => group.afterwards.push(Box::new(move |done| {
                let _ = reply.send(done.map(|_| ()));
            })),
            Err(failure) => drop(reply.send(Err(failure))),
        },
        LeaveJob::Resume(job, reply) if job.takes_in_forged => {
            let taken = forged::take_in(parts, group.now, &job);
            // Told once everybody sees what is waited for.
            group.afterwards.push(Box::new(move |done| {
                let _ = reply.send(done.and(taken).map(|()| None));
            }));
        }
        LeaveJob::Resume(job, reply) => resume(parts, job, reply),
    }
}

/// What was found, and why.
type Found<T> = Result<(T, String), Failure>;

/// Answers once the group is durable.
fn answer<T: Send + 'static>(
    group: &mut Group,
    partner: State,
    found: Found<T>,
    reply: Reply<Answer<T>>,
) {
    let (outcome, reason) = match found {
        Ok(found) => found,
        Err(failure) => {
            let _ = reply.send(Err(failure));
            return;
        }
    };
    group.afterwards.push(Box::new(move |done| {
        let answer = done.map(|parts| {
            let state = parts.corridors.get(&partner);
            Answer {
                outcome,
                next_own: state.map_or(0, |state| state.logs.own.next_number()),
                takes_back: state.is_some_and(|state| state.leave.takes_back()),
                reason,
            }
        });
        let _ = reply.send(answer);
    }));
}

fn corridor(parts: &Parts, partner: State) -> Result<&CorridorState, Failure> {
    parts.corridors.get(&partner).ok_or_else(|| Failure::not_found("corridor"))
}

/// Holds what a witness has against the store and the mark.
fn hear(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    heard: &Held,
) -> Found<WitnessVerdict> {
    let state = corridor(parts, partner)?;
    let number = heard.holds.as_ref().map(|signed| signed.header().number);
    if let Some(signed) = &heard.holds {
        let header = signed.header();
        if header.author != state.corridor.own {
            return Ok((WitnessVerdict::NotSigned, "it is of another log".to_owned()));
        }
        let expected = expected(parts, group, partner, header.number)?;
        match expected {
            Expected::Digest(digest) if digest == *signed.digest() => {}
            Expected::Unknown => {}
            Expected::Digest(_) | Expected::Nothing => {
                return Ok(unexpected(parts, group, partner, signed, Vec::new()));
            }
        }
    }
    let at = group.now;
    let receipted = group.draft(parts, partner).logs.partner.heard().map(|heard| heard.number);
    let next = group.draft(parts, partner).logs.own.next_number();
    let Some(state) = parts.corridors.get_mut(&partner) else {
        return Err(Failure::not_found("corridor"));
    };
    if heard.witness == Witness::Partner {
        state.answers_low = low(number, receipted);
        if let Some(reason) = &state.answers_low {
            tracing::error!(%partner, %reason, "the partner answers too low");
            return Ok((WitnessVerdict::Low, reason.clone()));
        }
    }
    let holds = heard.holds.as_ref().map(SignedHeader::as_heard);
    state.leave.hear(heard.witness, Testimony { at, holds });
    let known = number.is_none_or(|number| number < next);
    Ok((if known { WitnessVerdict::Known } else { WitnessVerdict::Newer }, String::new()))
}

/// That an answer is below what was receipted before.
fn low(holds: Option<u64>, receipted: Option<u64>) -> Option<String> {
    let receipted = receipted.filter(|receipted| holds.is_none_or(|holds| holds < *receipted))?;
    let holds = name(holds);
    Some(format!(
        "the partner says that it holds {holds} of this State's log, and has receipted dispatch \
         {receipted} in its own signed word: it was restored from an old copy, or does not tell \
         the truth"
    ))
}

/// What a number of the own log must be.
enum Expected {
    Digest(Digest),
    /// It was signed, and its contents are not known here.
    Unknown,
    /// It was never signed.
    Nothing,
}

fn expected(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    number: u64,
) -> Result<Expected, Failure> {
    let head = group.draft(parts, partner).logs.own.head();
    let state = corridor(parts, partner)?;
    if let Some(head) = head.filter(|head| head.heard.number == number) {
        return Ok(Expected::Digest(head.heard.digest));
    }
    if head.is_some_and(|head| number < head.heard.number) {
        // Taken back within this very group it may be; the next answer meets it.
        let stored = stored(parts, &state.corridor.names.own, number)?;
        return Ok(stored.map_or(Expected::Unknown, |it| Expected::Digest(it.digest)));
    }
    Ok(match state.leave.lack() {
        Some(Lack::Dispatches { released: last, digest } | Lack::Forged { last, digest }) => {
            match number.cmp(&last) {
                Ordering::Less => Expected::Unknown,
                Ordering::Equal => Expected::Digest(digest),
                Ordering::Greater => Expected::Nothing,
            }
        }
        Some(Lack::Mark) => Expected::Unknown,
        Some(Lack::Safeguards) | None => Expected::Nothing,
    })
}

fn stored(
    parts: &Parts,
    names: &LogNames,
    number: u64,
) -> Result<Option<domain::chain::Dispatch>, Failure> {
    let record = layout::record_at(&parts.store, &names.headers, number)?;
    record.as_ref().map(layout::dispatch_of).transpose()
}

/// A dispatch of the own log that this node did not sign. Where the signature is good, somebody has
/// the key.
fn unexpected(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    signed: &SignedHeader,
    dispatch: Vec<u8>,
) -> (WitnessVerdict, String) {
    let number = signed.header().number;
    let draft = group.draft(parts, partner);
    let key = draft.logs.own.keys().may_sign(number, signed.key_id());
    let genesis = parts.corridors.get(&partner).map(|state| *state.corridor.genesis.digest());
    let by_own_key = key.zip(genesis).is_some_and(|(key, it)| signed.verifies(&it, &key));
    if !by_own_key {
        let reason = format!("dispatch {number} is not signed by this State");
        return (WitnessVerdict::NotSigned, reason);
    }
    let bytes = if dispatch.is_empty() {
        let signed_header = signed.clone();
        Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() }.encode()
    } else {
        dispatch
    };
    let reason = keep_forged(parts, group, partner, signed, bytes);
    (WitnessVerdict::Forged, reason)
}

/// Keeps a dispatch that was signed with this State's key and not by this node, and stops writing:
/// whatever is said now could be denied.
fn keep_forged(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    signed: &SignedHeader,
    dispatch: Vec<u8>,
) -> String {
    let number = signed.header().number;
    let reason = format!(
        "dispatch {number} of this State's own log carries a good signature and was not made here: \
         somebody has the log key, or the signer's mark went back together with the store; where \
         the partner holds it, take it in (`readmit operator resume --take-in-forged`), then \
         revoke the key (`readmit keys revoke`)"
    );
    tracing::error!(%partner, number, "a dispatch of the own log was not signed by this node");
    let outcome = u32::try_from(i32::from(ImportOutcome::OwnForged)).unwrap_or_default();
    let time_ms = group.now.as_ms();
    if let Some(state) = parts.corridors.get_mut(&partner)
        && (state.proofs.insert(*signed.digest()) || state.stopped.is_none())
    {
        let proof = StoredProof { outcome, time_ms, dispatch, reason: reason.clone() };
        group.records.push(NewRecord {
            log: state.corridor.names.proofs.clone(),
            stream: None,
            leaf: canonical::encode(&proof),
            payload: Vec::new(),
        });
        state.stop(&reason);
    }
    reason
}

/// Keeps the header of a dispatch that is taken in as proof, in one write with it: the key is to be
/// revoked from before the first of them on, and a witness shows only its last, which is kept.
fn note_forged(parts: &mut Parts, group: &mut Group, partner: State, signed: &SignedHeader) {
    let number = signed.header().number;
    let outcome = u32::try_from(i32::from(ImportOutcome::OwnForged)).unwrap_or_default();
    let time_ms = group.now.as_ms();
    if let Some(state) = parts.corridors.get_mut(&partner) {
        state.proofs.insert(*signed.digest());
        let signed_header = signed.clone();
        let header = Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() };
        let reason = format!("dispatch {number} was signed by somebody else, and taken in");
        let proof = StoredProof { outcome, time_ms, dispatch: header.encode(), reason };
        group.records.push(NewRecord {
            log: state.corridor.names.proofs.clone(),
            stream: None,
            leaf: canonical::encode(&proof),
            payload: Vec::new(),
        });
    }
}

/// Takes a dispatch of the own log back, if this node signed it and it is the next.
fn take_back(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    bytes: &[u8],
) -> Found<TakeBackOutcome> {
    use TakeBackOutcome as Outcome;
    let state = corridor(parts, partner)?;
    if !state.leave.takes_back() {
        return Ok((Outcome::NotWanted, "nothing is lacking".to_owned()));
    }
    let dispatch = match Dispatch::decode(bytes) {
        Ok(dispatch) => Dispatch { case_keys: Vec::new(), ..dispatch },
        Err(error) => return Ok((Outcome::NotTaken, error.to_string())),
    };
    let signed = dispatch.signed_header.clone();
    let number = signed.header().number;
    let is_expected = match expected(parts, group, partner, number)? {
        Expected::Digest(digest) => digest == *signed.digest(),
        Expected::Unknown => true,
        Expected::Nothing => false,
    };
    let bytes = dispatch.encode();
    let own = group.draft(parts, partner).logs.own.clone();
    if number < own.next_number() && is_expected {
        return Ok((Outcome::Duplicate, String::new()));
    }
    if !is_expected {
        let (verdict, reason) = unexpected(parts, group, partner, &signed, bytes);
        let is_forged = verdict == WitnessVerdict::Forged;
        return Ok((if is_forged { Outcome::Forged } else { Outcome::NotTaken }, reason));
    }
    let known = Partner {
        parts,
        names: &corridor(parts, partner)?.corridor.names.partner,
        log: &corridor(parts, partner)?.logs.partner,
        failed: RefCell::default(),
    };
    // It was signed here, whatever this clock says by now.
    let checked = own.check(dispatch, signed.header().time, &known);
    known.failed.into_inner().map_or(Ok(()), Err)?;
    let fault = match checked {
        Ok(accepted) => {
            store(parts, group, partner, accepted)?;
            if let Some(Lack::Forged { last, .. }) = corridor(parts, partner)?.leave.lack()
                && number < last
            {
                note_forged(parts, group, partner, &signed);
            }
            return Ok((Outcome::Stored, String::new()));
        }
        Err(fault) => fault,
    };
    let reason = fault.to_string();
    let end = corridor(parts, partner)?.logs.partner.next_number();
    let heard = signed.header().heard.map(|heard| heard.number);
    let lacking = heard.filter(|heard| *heard >= end);
    if let Some(needs) = lacking
        && let Fault::HeardUnknown { .. } | Fault::BrokenChain { breach: Breach::Era, .. } = fault
    {
        // What it had heard comes first: it may be what ended the era before its own.
        if let Some(state) = parts.corridors.get_mut(&partner) {
            state.leave.need(needs);
        }
        return Ok((Outcome::NeedsPartner, reason));
    }
    Ok(match fault {
        Fault::HeardUnknown { heard, .. } => {
            (Outcome::NotTaken, heard_another(partner, number, heard))
        }
        // Its signature is good, and it does not follow on what is stored.
        Fault::BrokenChain { .. } | Fault::Rival { .. } => {
            (Outcome::Forged, keep_forged(parts, group, partner, &signed, bytes))
        }
        Fault::Gap { .. } => (Outcome::Gap, reason),
        Fault::Duplicate { .. } => (Outcome::Duplicate, String::new()),
        Fault::NotAuthentic(_)
        | Fault::Future { .. }
        | Fault::Void { .. }
        | Fault::Frozen { .. }
        | Fault::Unjudged { .. }
        | Fault::EntriesWithheld { .. } => (Outcome::NotTaken, reason),
    })
}

/// Why a dispatch of the own log does not fit what a restored store was given of the partner's log:
/// only what carries the partner's signature is ever heard, so the partner has signed two.
fn heard_another(partner: State, number: u64, heard: Heard) -> String {
    tracing::error!(
        %partner,
        number = heard.number,
        "the partner has given another dispatch than the one that was heard before the restore"
    );
    format!(
        "dispatch {number} of this State's own log has heard dispatch {} of {partner} with the \
         digest {}, and since the restore {partner} has given another one of that number: it has \
         signed two; restore the copy again and bring in the one that was heard",
        heard.number, heard.digest
    )
}

/// What is stored of the partner's log.
struct Partner<'a> {
    parts: &'a Parts,
    names: &'a LogNames,
    log: &'a LogState,
    failed: RefCell<Option<Failure>>,
}

impl Known for Partner<'_> {
    fn heard(&self, number: u64) -> Option<Stamp> {
        if number >= self.log.next_number() {
            return None;
        }
        match stored(self.parts, self.names, number) {
            Ok(found) => found.map(|it| {
                let era = self.log.eras().era_of(number);
                Stamp { era, digest: it.digest, time: it.time }
            }),
            Err(failure) => {
                self.failed.borrow_mut().get_or_insert(failure);
                None
            }
        }
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        // Numbers that are stored were told apart before.
        None
    }
}

/// Stages a dispatch of the own log, exactly as it was signed.
fn store(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    accepted: Accepted,
) -> Result<(), Failure> {
    let corridor = &corridor(parts, partner)?.corridor;
    let Accepted { signed_header, entries, state: next, .. } = accepted;
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
    for entry in &entries {
        if entry.lacks_body() {
            tracing::warn!(position = entry.head.position, "a body did not come back");
        }
        // Its number is taken, and no other case may get it.
        if let Content::Stated(statement) = &entry.reading.content
            && let Statement::RequestFiled(filed) = statement.as_ref()
        {
            let used = YearSerial { year: filed.year, serial: filed.serial };
            group.use_serial(parts, partner, used);
        }
    }
    for entry in &entries {
        // What was erased before the store was restored is erased again.
        if let Content::Stated(statement) = &entry.reading.content
            && let (Kind::ErasureOrdered, Owner::Case(case)) =
                (statement.kind(), entry.reading.owner)
        {
            group.records.push(erasure::record(corridor, &case));
            group.erasures.push(case);
        }
    }
    fault::hear(parts, group, partner, Side::Own, &signed_header, &entries)?;
    let draft = group.draft(parts, partner);
    let first = draft.logs.own.next_position();
    draft.logs.own = next;
    let bytes: Vec<Entry> = entries.iter().map(|entry| entry.entry.clone()).collect();
    group.taken_bytes += encoded_bytes(&bytes);
    let entries = entries.iter().map(|entry| &entry.entry).zip(streams);
    push_dispatch(&mut group.records, &corridor.names.own, &signed_header, first, entries);
    Ok(())
}

/// Opens the safeguard `restored` on cases.
fn guard(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    cases: &[CaseId],
) -> Result<(), Failure> {
    let corridor = &corridor(parts, partner)?.corridor;
    let opened = LocalStatement::SafeguardOpened(Safeguard::Restored);
    for case in cases {
        let stream = case_stream(case);
        group.length(parts, &stream)?;
        let now = group.now;
        let position = group.draft(parts, partner).logs.local_size;
        let draft = EntryDraft {
            case: Some(*case),
            facts: facts::encode_local(*case, &opened),
            sealed_body: None,
            case_key_commitment: None,
        };
        let entry = Entry::new(&corridor.local_log, position, draft)
            .map_err(|error| Failure::internal("a safeguard is too long").with_source(error))?;
        group.records.push(local_record(corridor, entry, stream, now));
        group.draft(parts, partner).logs.local_size += 1;
        group.lengthen(&stream, 1);
    }
    Ok(())
}

/// Lets the node write again: with the operator's word, or with the receipt of what was taken in
/// meanwhile.
fn guarded(parts: &mut Parts, group: &mut Group, partner: State) -> Result<(), Failure> {
    let state = corridor(parts, partner)?;
    let own = &state.logs.own;
    let stream = state.corridor.stream;
    if state.leave.lack() != Some(Lack::Safeguards) || state.stopped.is_some() {
        return Err(Failure::internal("the node waits for something else"));
    }
    if signing::signer(parts, own, &[]).is_err() {
        let message = "the keyring's key is not the one that was announced last: restore the \
                       newest keyring";
        return Err(Failure::unavailable(message));
    }
    group.length(parts, &stream)?;
    group.grants.insert(partner);
    group.draft(parts, partner).wants_dispatch = true;
    fault::state_kept(parts, group, partner)?;
    let resuming = parts.corridors.get_mut(&partner).and_then(|state| state.resuming.as_mut());
    // It is forgotten only when it is durable.
    let Some(resuming) = resuming else { return Ok(()) };
    let (facts, reply) = (resuming.facts.clone(), resuming.reply.take());
    group.announce(parts, partner, vec![facts])?;
    let Some(reply) = reply else { return Ok(()) };
    group.afterwards.push(Box::new(move |done| {
        let made = done.map(|parts| {
            let state = parts.corridors.get(&partner);
            state.and_then(|state| state.snapshot().own.head)
        });
        let _ = reply.send(made);
    }));
    Ok(())
}

/// Takes an operator's word that the log may go on, if it fits what the partner says.
fn resume(parts: &mut Parts, job: ResumeJob, reply: Reply<Option<domain::chain::Dispatch>>) {
    let checked = corridor(parts, job.partner).and_then(|state| {
        let word = may_resume(parts, state, job.partner_holds)?;
        word.map_err(|why| Failure::new(Class::Refused, RESUME_REFUSED, why))
    });
    let word = match (checked, parts.corridors.get_mut(&job.partner)) {
        (Err(failure), _) => Err(failure),
        (Ok(word), Some(state)) if !job.validate_only => Ok((word, state)),
        (Ok(_), _) => {
            // Whoever no longer waits does not need the answer.
            let _ = reply.send(Ok(None));
            return;
        }
    };
    match word {
        Err(failure) => drop(reply.send(Err(failure))),
        Ok((word, state)) => {
            let facts = facts::encode(None, &word);
            state.resuming = Some(Resuming { facts, reply: Some(reply) });
            if let Leave::Waiting(waiting) = &mut state.leave {
                waiting.lack = Lack::Safeguards;
            }
        }
    }
}

/// The statement that lets the log go on, or why it may not.
fn may_resume(
    parts: &Parts,
    state: &CorridorState,
    holds: Option<u64>,
) -> Result<Result<Statement, String>, Failure> {
    if let Some(stopped) = &state.stopped {
        return Ok(Err(format!("writing has stopped: {stopped}")));
    }
    let lacking = state.leave.waiting().and_then(|waiting| match waiting.lack {
        Lack::Mark => Some((waiting, ResumeReason::MarkLost)),
        Lack::Dispatches { .. } => Some((waiting, ResumeReason::NotRecovered)),
        Lack::Forged { .. } | Lack::Safeguards => None,
    });
    let Some((waiting, reason)) = lacking else {
        return Ok(Err("nothing is waited for that an operator could settle".to_owned()));
    };
    if let Some(low) = &state.answers_low {
        return Ok(Err(low.clone()));
    }
    let Some(said) = waiting.partner else {
        let why = "the partner has not answered since the start: nobody can tell what it holds of \
                   this State's log";
        return Ok(Err(why.to_owned()));
    };
    let number = |held: Option<Heard>| held.map(|held| held.number);
    if number(said.holds) != holds {
        let (says, named) = (name(number(said.holds)), name(holds));
        return Ok(Err(format!("the partner holds {says} of this State's log, and not {named}")));
    }
    for held in [said.holds, waiting.topic.and_then(|topic| topic.holds)].into_iter().flatten() {
        let here = stored(parts, &state.corridor.names.own, held.number)?;
        if here.is_none_or(|here| here.digest != held.digest) {
            return Ok(Err(format!(
                "dispatch {} of this State's log is not here yet: it is fetched back first",
                held.number
            )));
        }
    }
    Ok(Ok(Statement::WritingResumed(WritingResumed { reason, partner_holds: said.holds })))
}

/// A dispatch, or none, for people.
pub(super) fn name(number: Option<u64>) -> String {
    number.map_or_else(|| "no dispatch".to_owned(), |number| format!("dispatch {number}"))
}
