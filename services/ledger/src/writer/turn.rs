//! Whose turn it is: a command that has to be decided again because its case or corridor moved is
//! not overtaken once more by what the partner sends meanwhile.
//!
//! From the refusal until the command has come again, or until the writer has looked at the clock
//! twice (within two seconds: the first look may come at once, and would leave no turn at all),
//! what arrives from that partner waits in the queue, unanswered. So a flood of a partner's entries
//! slows the flood and not the own word (DESIGN 5, invariant 10; ADR 0006).

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
    /// Whether the writer has looked at the clock since it was given.
    is_old: bool,
}

impl Turns {
    /// Gives a command its turn.
    pub(super) fn give(&mut self, partner: State, command: Digest) {
        self.given.insert(partner, Turn { command, is_old: false });
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
            Job::Tick => {
                self.given.retain(|_, turn| !std::mem::replace(&mut turn.is_old, true));
            }
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

    /// Puts what need not wait any more before everything else.
    pub(super) fn release(&mut self, deferred: &mut VecDeque<Job>) {
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
