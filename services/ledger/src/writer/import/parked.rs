//! Dispatches that wait for those before them, for their time, or for own words that are not here
//! yet: kept, bounded, and taken in when they are due.

use std::cell::RefCell;

use domain::identifier::State;
use proto::ledger::v1::ImportOutcome;
use record::dispatch::Dispatch;
use runtime::failure::Failure;

use super::accepted::store;
use super::{ImportJob, Stored, take};
use crate::writer::group::Group;
use crate::writer::state::{CorridorState, Parked};
use crate::writer::{Parts, Writer};

impl Writer {
    /// Takes in what was parked and has come of age. While it is somebody's turn, it waits as what
    /// arrives does; the job behind the turn, or the next look at the clock, finds it again.
    pub(in crate::writer) fn come_of_age(&mut self, group: &mut Group) {
        let partners: Vec<State> = self.parts.corridors.keys().copied().collect();
        for partner in partners {
            if !self.turns.is_given(partner) {
                self.unpark(group, partner);
            }
        }
    }

    /// Takes in parked dispatches as long as the next one is there and of age.
    pub(super) fn unpark(&mut self, group: &mut Group, partner: State) {
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

/// Parks a dispatch. Where there is no room, the one with the highest number goes: it would be
/// wanted last.
pub(super) fn park(parts: &mut Parts, partner: State, number: u64, parked: Parked) {
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
