//! What the writer does while a store is brought up to what was signed ([`crate::leave`]): hearing
//! witnesses, taking dispatches of the own log back, and letting the node write again.

mod resume;
mod take_back;
mod witness;

use domain::identifier::{CaseId, State};
use proto::ledger::v1::{TakeBackOutcome, WitnessVerdict};
use record::dispatch::SignedHeader;
use runtime::failure::{Class, Failure};

use super::group::Group;
use super::state::CorridorState;
use super::{Parts, Reply, forged};
use crate::failure::RESUME_REFUSED;
use crate::leave::Witness;

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

    pub(super) fn refuse(self, why: fn() -> Failure) {
        // Whoever no longer waits does not need the answer.
        match self {
            Self::Hear(.., reply) => drop(reply.send(Err(why()))),
            Self::TakeBack(.., reply) => drop(reply.send(Err(why()))),
            Self::Guard(.., reply) | Self::Guarded(_, reply) => {
                drop(reply.send(Err(why())));
            }
            Self::Resume(_, reply) => drop(reply.send(Err(why()))),
        }
    }
}

/// Carries out a job within a group.
pub(super) fn carry_out(parts: &mut Parts, group: &mut Group, job: LeaveJob) {
    match job {
        LeaveJob::Hear(partner, heard, reply) => {
            let outcome = witness::hear(parts, group, partner, &heard);
            answer(group, partner, outcome, reply);
        }
        LeaveJob::TakeBack(partner, dispatch, reply) => {
            let outcome = take_back::take_back(parts, group, partner, &dispatch);
            answer(group, partner, outcome, reply);
        }
        LeaveJob::Guard(partner, cases, reply) => {
            match resume::guard(parts, group, partner, &cases) {
                Ok(()) => group.afterwards.push(Box::new(move |done| {
                    // Whoever no longer waits does not need the answer, here and below.
                    let _ = reply.send(done.map(|_| ()));
                })),
                Err(failure) => drop(reply.send(Err(failure))),
            }
        }
        LeaveJob::Guarded(partner, reply) => match resume::guarded(parts, group, partner) {
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
        LeaveJob::Resume(job, reply) => resume::resume(parts, job, reply),
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

/// A dispatch, or none, for people.
fn name(number: Option<u64>) -> String {
    number.map_or_else(|| "no dispatch".to_owned(), |number| format!("dispatch {number}"))
}
