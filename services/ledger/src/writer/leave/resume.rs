//! Letting the node write again: every open case gets the safeguard `restored`, and where something
//! is lacking that nobody can bring, an operator gives the word.

use domain::case::event::{ResumeReason, Statement, WritingResumed};
use domain::chain::{Dispatch, Heard};
use domain::identifier::{CaseId, State};
use domain::referral::{LocalStatement, Safeguard};
use record::entry::{Draft as EntryDraft, Entry};
use record::facts;
use runtime::failure::{Class, Failure};

use super::{ResumeJob, Resuming, corridor, name};
use crate::failure::RESUME_REFUSED;
use crate::layout::{self, case_stream};
use crate::leave::{Lack, Leave};
use crate::writer::group::Group;
use crate::writer::records::local_record;
use crate::writer::state::CorridorState;
use crate::writer::{Parts, Reply, fault, signing};

/// Opens the safeguard `restored` on cases.
pub(super) fn guard(
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
pub(super) fn guarded(parts: &mut Parts, group: &mut Group, partner: State) -> Result<(), Failure> {
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
pub(super) fn resume(parts: &mut Parts, job: ResumeJob, reply: Reply<Option<Dispatch>>) {
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
        let here =
            layout::dispatch_at(&parts.store, &state.corridor.names.own.headers, held.number)?;
        if here.is_none_or(|here| here.digest != held.digest) {
            return Ok(Err(format!(
                "dispatch {} of this State's log is not here yet: it is fetched back first",
                held.number
            )));
        }
    }
    Ok(Ok(Statement::WritingResumed(WritingResumed { reason, partner_holds: said.holds })))
}
