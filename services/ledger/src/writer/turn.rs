//! Whose turn it is: a command that has to be decided again because its case or corridor moved is
//! not overtaken once more by what the partner sends meanwhile.
//!
//! From the refusal until the command has come again, or until the writer has looked at the clock
//! in two groups (the first look may come at once, and would leave no turn at all), what arrives
//! from that partner waits in the queue, unanswered. So a flood of a partner's entries slows the
//! flood and not the own word (DESIGN 5, invariant 10; ADR 0006).

use std::collections::{BTreeMap, VecDeque};

use domain::identifier::{Digest, State};

use super::Job;

/// Commands whose turn it is, and what waits for them.
#[derive(Default)]
pub(super) struct Turns {
    /// By partner: there is one turn at a time, the last that was given.
    given: BTreeMap<State, Turn>,
    /// Imports that wait, in the order in which they came.
    held: VecDeque<Job>,
}

/// The turn of a command.
struct Turn {
    command: Digest,
    /// Whether the group that is being made looks at the clock.
    is_seen: bool,
    /// Whether a group that was made since it was given has looked at the clock.
    is_old: bool,
}

impl Turns {
    /// Gives a command its turn.
    pub(super) fn give(&mut self, partner: State, command: Digest) {
        self.given.insert(partner, Turn { command, is_seen: false, is_old: false });
    }

    /// The command has come, and something became of it: its turn is over.
    pub(super) fn has_come(&mut self, partner: State, command: Digest) {
        if self.given.get(&partner).is_some_and(|turn| turn.command == command) {
            self.given.remove(&partner);
        }
    }

    /// Whether nothing that comes from a partner is taken in now.
    pub(super) fn is_given(&self, partner: State) -> bool {
        self.given.contains_key(&partner)
    }

    /// Whether nothing waits for a turn to be over.
    pub(super) fn holds_nothing(&self) -> bool {
        self.held.is_empty()
    }

    /// Lets a job pass, or keeps it until the turn of its partner is over.
    pub(super) fn admit(&mut self, job: Job) -> Option<Job> {
        match &job {
            Job::Import(import, _) if self.is_given(import.partner) => {
                self.held.push_back(job);
                return None;
            }
            Job::Supply(supply, _) if self.is_given(supply.partner) => {
                self.held.push_back(job);
                return None;
            }
            // The command itself may be in this group: the turn lasts as long as that.
            Job::Tick => self.given.values_mut().for_each(|turn| turn.is_seen = true),
            Job::End(_) => self.given.clear(),
            Job::Import(..)
            | Job::Supply(..)
            | Job::Append(..)
            | Job::Mint(..)
            | Job::Access(..)
            | Job::Leave(_)
            | Job::Parked => {}
        }
        Some(job)
    }

    /// Once a group is made: ends the turns that are over, and puts what need not wait any more
    /// before everything else.
    pub(super) fn release(&mut self, deferred: &mut VecDeque<Job>) {
        self.given.retain(|_, turn| {
            let is_seen = std::mem::take(&mut turn.is_seen);
            !(is_seen && std::mem::replace(&mut turn.is_old, true))
        });
        let held = std::mem::take(&mut self.held);
        let waits = |job: &Job| match job {
            Job::Import(import, _) => self.is_given(import.partner),
            Job::Supply(supply, _) => self.is_given(supply.partner),
            Job::Append(..)
            | Job::Mint(..)
            | Job::Access(..)
            | Job::Leave(_)
            | Job::Tick
            | Job::Parked
            | Job::End(_) => false,
        };
        let (held, free): (VecDeque<Job>, VecDeque<Job>) = held.into_iter().partition(waits);
        self.held = held;
        for job in free.into_iter().rev() {
            deferred.push_front(job);
        }
    }

    /// Gives back everything that waits: the writer ends.
    pub(super) fn end(&mut self, deferred: &mut VecDeque<Job>) {
        self.given.clear();
        self.release(deferred);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use super::*;
    use crate::writer::ImportJob;
    use crate::writer::site::{Site, state};
    use crate::writer::state::Parked;
    use crate::writer::supply::{Supply, SupplyJob};
    use tokio::sync::oneshot;

    fn import(partner: &str, byte: u8) -> Job {
        let job = ImportJob { partner: state(partner), dispatch: vec![byte], cursor: None };
        Job::Import(job, oneshot::channel().0)
    }

    fn bytes(jobs: &VecDeque<Job>) -> Vec<u8> {
        let of = |job: &Job| match job {
            Job::Import(import, _) => import.dispatch[0],
            Job::Supply(..)
            | Job::Append(..)
            | Job::Mint(..)
            | Job::Access(..)
            | Job::Leave(_)
            | Job::Tick
            | Job::Parked
            | Job::End(_) => 0,
        };
        jobs.iter().map(of).collect()
    }

    #[test]
    fn what_one_partner_sends_waits_for_the_turn_and_comes_before_the_rest() {
        let mut turns = Turns::default();
        turns.give(state("XK"), Digest::new([1; 32]));
        assert!(turns.admit(import("XK", 1)).is_none());
        assert!(turns.admit(import("XK", 2)).is_none());
        assert!(turns.admit(import("AL", 3)).is_some());
        let mut deferred = VecDeque::from([import("AL", 4)]);
        turns.release(&mut deferred);
        assert_eq!(bytes(&deferred), [4]);
        // Symptom: the clock was looked at just after the turn was given, and it was over before
        // the command could be decided again; three times, and the command was answered "busy".
        assert!(turns.admit(Job::Tick).is_some());
        turns.release(&mut deferred);
        assert_eq!(bytes(&deferred), [4]);
        // The clock ends every turn: nobody waits for a command that never comes.
        assert!(turns.admit(Job::Tick).is_some());
        turns.release(&mut deferred);
        assert_eq!(bytes(&deferred), [1, 2, 4]);
        assert!(turns.admit(import("XK", 5)).is_some());
    }

    #[test]
    fn a_turn_is_over_behind_the_second_group_that_looks_at_the_clock() {
        let mut turns = Turns::default();
        turns.give(state("XK"), Digest::new([1; 32]));
        let mut deferred = VecDeque::new();
        // Symptom: while a group took long to be stored, two looks came together, and the turn that
        // it had given was over before anybody could use it.
        assert!(turns.admit(Job::Tick).is_some());
        assert!(turns.admit(Job::Tick).is_some());
        turns.release(&mut deferred);
        // Symptom: the second look was in the group of the command itself, and what the partner had
        // sent joined that group before it.
        assert!(turns.admit(Job::Tick).is_some());
        assert!(turns.admit(import("XK", 1)).is_none());
        turns.release(&mut deferred);
        assert_eq!(bytes(&deferred), [1]);
    }

    #[test]
    fn a_command_that_goes_with_the_next_group_keeps_its_turn() {
        let mut site = Site::begun();
        let (first, _) = site.append(1);
        let (second, _) = site.append(2);
        site.writer.turns.give(state("XK"), Digest::new([2; 32]));
        assert_eq!(site.writer.commit(vec![first, second]).len(), 1);
        assert!(site.writer.turns.is_given(state("XK")));
    }

    #[test]
    fn what_waits_for_a_turn_may_still_need_a_key_that_was_succeeded() {
        // Symptom: a body that was stated again was held back by a turn, and the look at the clock
        // that ended it destroyed the key that was to open it.
        let mut site = Site::begun();
        let supply = || {
            let supply = Supply::Body(Vec::new());
            let job = SupplyJob { partner: state("XK"), position: 1, supply };
            Job::Supply(job, oneshot::channel().0)
        };
        assert!(!site.writer.owes_supplies(&[import("XK", 1)]));
        assert!(site.writer.owes_supplies(&[supply()]));
        site.writer.turns.give(state("XK"), Digest::new([1; 32]));
        assert!(site.writer.turns.admit(supply()).is_none());
        assert!(site.writer.owes_supplies(&[]));
        site.writer.turns.end(&mut VecDeque::new());
        assert!(!site.writer.owes_supplies(&[]));
    }

    #[test]
    fn only_the_clock_makes_a_turn_older() {
        // Symptom: behind each group that was full of what was parked, the writer told itself to
        // look at the clock; two such groups, and a turn was over that had hardly begun.
        let mut site = Site::begun();
        site.writer.turns.give(state("XK"), Digest::new([1; 32]));
        for _ in 0..3 {
            site.writer.more_is_ready = true;
            let jobs = site.writer.commit(Vec::new());
            assert_eq!(jobs.len(), 1, "another group is made");
            for job in jobs {
                assert!(site.writer.turns.admit(job).is_some());
            }
        }
        assert!(site.writer.turns.admit(import("XK", 1)).is_none());
    }

    #[test]
    fn nothing_of_the_partner_comes_between_a_turn_and_its_command() {
        // Symptom: what was parked was taken in at the beginning of the very group that the command
        // came with, and what arrived behind it joined that group before it; the case moved once
        // more, and the command was refused again.
        let mut site = Site::begun();
        let (job, mut answer) = site.append(1);
        let Job::Append(append, _) = &job else { panic!() };
        site.writer.turns.give(state("XK"), append.command);
        let parked = Parked { dispatch: vec![0], cursor: None, until: None };
        site.partner().parked.insert(0, parked);
        site.partner().parked_bytes = 1;
        let mut waiting = VecDeque::from([import("XK", 1)]);
        assert!(matches!(site.writer.next(), Some(Job::Tick)), "that of the site");
        let command = site.writer.turns.admit(job).unwrap();
        let jobs = site.writer.gather(command, &mut waiting);
        assert_eq!(jobs.len(), 1);
        site.commit(jobs);
        assert_eq!(site.partner().parked.len(), 1);
        site.writer.all_released().unwrap();
        answer.try_recv().unwrap().unwrap();

        // The turn is over: what waited comes, and what was parked is looked at.
        site.writer.turns.release(&mut waiting);
        assert_eq!(bytes(&waiting), [1]);
        site.commit(Vec::new());
        assert_eq!(site.partner().parked.len(), 0);
    }
}
