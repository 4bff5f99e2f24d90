//! The one writer: a thread that owns both logs of every corridor and through which everything
//! that is written goes.
//!
//! It takes the jobs that wait and makes one group of them: imports first, then the appends, each
//! held to the revisions that it was decided on *after* the imports, so that what a dispatch says
//! it has heard is never more than its entries' decisions knew. For each partner the group makes
//! at most one dispatch, which carries the new entries and is the receipt of the imports. Then, in
//! this order:
//!
//! 1. new case keys go to the keyring. *A crash here* leaves keys that nobody uses;
//! 2. the group is stored, in one durable append with the couriers' cursors. *A crash here* leaves
//!    a whole group that nobody was told of; it is sent and shown after the start;
//! 3. the signer's mark moves ([`crate::signer_mark`]);
//! 4. the new snapshot is published, and the jobs are answered.
//!
//! While a group is being written, the next one collects in the queue; steps 3 and 4 of a group of
//! appends may still be under way while the next one is made and stored ([`release`]). A failure
//! in step 1 or 2 leaves the states of the logs as they were. After one in step 3, or where the
//! outcome of step 1 or 2 is not known, nothing more can be written until a restart: the writer
//! refuses what waits and ends, and whoever waits for its end ends the process.

mod append;
mod commands;
pub(crate) mod erasure;
mod fault;
mod forged;
mod group;
mod import;
mod job;
pub(crate) mod leave;
mod listed;
mod records;
mod release;
mod restated;
mod sealing;
mod signing;
#[cfg(test)]
pub(crate) mod site;
mod state;
mod steps;
mod supply;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use domain::case::event::Statement;
use domain::identifier::{CaseId, State};
use event_store::Store;
use runtime::failure::Failure;
use tokio::sync::{mpsc, oneshot, watch};

use crate::attachments::Files;
use crate::clock::Clock;
use crate::config::Limits;
use crate::failure;
use crate::keyring::{CaseKeys, Keyring, Secrets};
use crate::leave::Leave;
use crate::quarantine::Quarantine;
use crate::serial::Serials;
use crate::signer_process::ProcessSigner;
use crate::snapshot::Snapshot;

pub(crate) use append::{AppendJob, NewEntry, Opening, Subject};
pub(crate) use import::{ImportJob, Imported};
pub(crate) use job::{Job, Queue, Reply};
pub(crate) use records::push_dispatch;
pub(crate) use release::Marks;
pub(crate) use state::{CorridorState, ResumeError};
pub(crate) use supply::{Supply, SupplyJob};

use commands::Commands;
use group::Group;
use leave::LeaveJob;
use release::{Published, Release, Releaser};
use restated::Again;
use turn::Turns;

/// What the writer is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    /// A log key beside those of the keyring.
    pub(crate) signer: Option<Arc<ProcessSigner>>,
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) keys: Arc<CaseKeys>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) serials: Arc<Serials>,
    pub(crate) corridors: BTreeMap<State, CorridorState>,
    pub(crate) marks: Arc<Marks>,
    pub(crate) quarantine: Arc<Quarantine>,
    pub(crate) attachments: Arc<Files>,
    pub(crate) limits: Limits,
    pub(crate) heartbeat_ms: u64,
    pub(crate) answering: watch::Receiver<bool>,
}

/// What is said by itself when a ledger starts, for each partner that it is said to.
#[derive(Debug, Default)]
pub(crate) struct FirstWords {
    /// The facts of the first entries of a log that has none.
    pub(crate) announcements: BTreeMap<State, Vec<Vec<u8>>>,
    /// Every kind that is understood here, where the partner was told of fewer.
    pub(crate) capabilities: BTreeMap<State, BTreeSet<u32>>,
}

/// The writer. Every field is its thread's alone, but `keys` and `serials`, which it only adds to,
/// and `marks` and `published`, which the releaser has too.
pub(crate) struct Writer {
    /// None where nobody runs a thread for it. Ends before the queue does, so that the marks and
    /// their locks are gone when somebody hears of the end.
    releaser: Option<Releaser>,
    parts: Parts,
    queue: mpsc::Receiver<Job>,
    published: Published,
    commands: Commands,
    turns: Turns,
    /// Set when parked dispatches are ready that did not fit into the group.
    more_is_ready: bool,
    /// Cases whose erasure is ordered, and whose keys are not destroyed yet.
    to_erase: BTreeSet<CaseId>,
    /// What partners have stated again, and was not looked at yet.
    again: BTreeSet<Again>,
    /// Set when what the disk holds is not known any more: the writer ends.
    stopped: bool,
}

impl Writer {
    /// Makes a writer and the way to it.
    pub(crate) fn new(parts: Parts) -> (Self, Queue, watch::Receiver<Arc<Snapshot>>) {
        let (sender, queue) = mpsc::channel(parts.limits.queue_jobs_max);
        let snapshot = snapshot_of(&parts);
        let (published, snapshots) = watch::channel(Arc::new(snapshot));
        let writer = Self {
            parts,
            queue,
            published,
            releaser: None,
            commands: Commands::default(),
            turns: Turns::default(),
            more_is_ready: false,
            to_erase: BTreeSet::new(),
            again: BTreeSet::new(),
            stopped: false,
        };
        (writer, Queue::new(sender), snapshots)
    }

    /// Starts the thread that releases groups while others wait.
    pub(crate) fn release_apart(&mut self) -> std::io::Result<()> {
        let (marks, published) = (Arc::clone(&self.parts.marks), self.published.clone());
        let carry_out = move |release: Release| release.carry_out(&marks, &published);
        self.releaser = Some(Releaser::start(carry_out)?);
        Ok(())
    }

    /// Writes the first dispatch of every log that has none: its announcements; then, where this
    /// binary understands more than the partner was told, what it understands. Finds what was
    /// stated again and not taken in. A crash between the two leaves the second to the next start.
    pub(crate) fn begin(&mut self, first: FirstWords) -> Result<(), Failure> {
        self.again = restated::stored(&self.parts)?;
        let FirstWords { mut announcements, mut capabilities } = first;
        let mut group = Group::new(&self.parts);
        for (partner, state) in &self.parts.corridors {
            if state.logs.own.next_number() == 0 && state.leave == Leave::Granted {
                let facts = announcements.remove(partner).unwrap_or_default();
                group.announce(&self.parts, *partner, facts)?;
            }
        }
        self.write(group)?;
        let mut group = Group::new(&self.parts);
        for (partner, state) in &self.parts.corridors {
            if state.leave == Leave::Granted
                && let Some(kinds) = capabilities.remove(partner)
            {
                tracing::info!(%partner, ?kinds, "the partner is told what is understood here");
                let facts = record::facts::encode(None, &Statement::CapabilitiesStated(kinds));
                group.announce(&self.parts, *partner, vec![facts])?;
            }
        }
        self.write(group)
    }

    /// Runs until it is ended, or until nobody can ask it for anything any more.
    pub(crate) fn run(mut self) {
        let ended = self.work();
        self.parts.store.close();
        // The locks go before anybody is told that they have gone.
        drop(self);
        if let Some(reply) = ended {
            // Whoever no longer waits does not need to know.
            let _ = reply.send(());
        }
    }

    /// Works until the end; returns whom to tell.
    fn work(&mut self) -> Option<oneshot::Sender<()>> {
        let mut deferred = VecDeque::new();
        let mut ended = None;
        while ended.is_none()
            && !self.stopped
            && let Some(first) = deferred.pop_front().or_else(|| self.next())
        {
            let Some(first) = self.turns.admit(first) else {
                continue;
            };
            let mut jobs = self.gather(first, &mut deferred);
            if let Some(at) = jobs.iter().position(|job| matches!(job, Job::End(_))) {
                deferred.extend(jobs.split_off(at + 1));
                if let Some(Job::End(reply)) = jobs.pop() {
                    ended = Some(reply);
                }
            }
            deferred.extend(self.commit(jobs));
            self.turns.release(&mut deferred);
        }
        if self.all_released().is_err() || self.stopped {
            tracing::error!(
                "the ledger has stopped writing: what the disk holds is not known any more; the \
                 process must be started again"
            );
            return self.refuse_all(deferred, failure::stopped).or(ended);
        }
        self.refuse_all(deferred, failure::writer_gone).or(ended)
    }

    /// The next job. While the writer waits for one, nothing is stored that is not released.
    fn next(&mut self) -> Option<Job> {
        match self.queue.try_recv() {
            Ok(job) => Some(job),
            Err(_) => self.all_released().ok().and_then(|()| self.queue.blocking_recv()),
        }
    }

    /// Refuses what waits, and takes nothing more; returns whom to tell of the end.
    fn refuse_all(
        &mut self,
        mut deferred: VecDeque<Job>,
        why: fn() -> Failure,
    ) -> Option<oneshot::Sender<()>> {
        self.queue.close();
        self.turns.end(&mut deferred);
        deferred.into_iter().for_each(|job| job.refuse(why));
        let mut ended = None;
        while let Ok(job) = self.queue.try_recv() {
            if let Job::End(reply) = job {
                ended = Some(reply);
            } else {
                job.refuse(why);
            }
        }
        ended
    }

    /// The jobs of one group: the first, and of those that wait as many as fit.
    fn gather(&mut self, first: Job, deferred: &mut VecDeque<Job>) -> Vec<Job> {
        let mut weight = first.weight();
        let mut jobs = vec![first];
        let limits = self.parts.limits;
        while weight < limits.group_bytes_max && jobs.len() < limits.group_jobs_max {
            let next = deferred.pop_front().or_else(|| self.queue.try_recv().ok());
            let Some(next) = next else { break };
            let Some(next) = self.turns.admit(next) else { continue };
            weight += next.weight();
            jobs.push(next);
        }
        jobs
    }

    /// Carries out jobs in the caller's thread, in as many groups as they need: for whoever steps
    /// a ledger and runs no thread for it. What waits for a turn goes on waiting.
    pub(crate) fn step(&mut self, jobs: Vec<Job>) {
        let mut deferred = VecDeque::from(jobs);
        while !self.stopped {
            let Some(first) = deferred.pop_front() else {
                return;
            };
            if let Some(first) = self.turns.admit(first) {
                let jobs = self.gather(first, &mut deferred);
                deferred.extend(self.commit(jobs));
            }
            self.turns.release(&mut deferred);
        }
        self.turns.end(&mut deferred);
        deferred.into_iter().for_each(|job| job.refuse(failure::stopped));
    }

    /// Whether what the disk holds is not known any more: nothing is written before a restart.
    pub(crate) const fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// What it is made of.
    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Carries out jobs as one group; returns those that did not fit into it.
    fn commit(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        // What indexes and seals may fail while nobody writes: a tick is enough to notice.
        if let Some(reason) = self.parts.store.failure() {
            tracing::error!(reason, "the store takes nothing more");
            self.stopped = true;
            return jobs;
        }
        // Everything else may look at what is not released, or tell it.
        if !jobs.iter().all(|job| matches!(job, Job::Append(..) | Job::Access(..)))
            && self.all_released().is_err()
        {
            return jobs;
        }
        let mut group = Group::new(&self.parts);
        self.come_of_age(&mut group);
        let mut appends = Vec::new();
        let mut deferred = Vec::new();
        let mut looks_at_keys = false;
        for job in jobs {
            match job {
                Job::Import(..) | Job::Supply(..) if group.is_full() => deferred.push(job),
                Job::Import(job, reply) => self.import(&mut group, job, reply),
                Job::Supply(job, reply) => {
                    if let Some((job, reply)) = self.supply(&mut group, job, reply) {
                        deferred.push(Job::Supply(job, reply));
                    }
                }
                Job::Mint(case, access, reply) => {
                    group.mint(&self.parts, case);
                    group.access(&access, Some(reply));
                }
                Job::Append(job, reply) => appends.push((job, reply)),
                Job::Access(access, reply) => group.access(&access, reply),
                Job::Leave(LeaveJob::TakeBack(..)) if group.is_full() => deferred.push(job),
                Job::Leave(job) => leave::carry_out(&mut self.parts, &mut group, job),
                Job::Tick => looks_at_keys = true,
                // Every group begins with it.
                Job::Parked | Job::End(_) => {}
            }
        }
        // What is said of the corridor comes first: only the first entry of a dispatch may announce
        // the key that signs it.
        appends.sort_by_key(|(job, _)| job.subject != Subject::Corridor);
        for (job, reply) in appends {
            if let Some((job, reply)) = self.append(&mut group, job, reply) {
                deferred.push(Job::Append(job, reply));
            }
        }
        self.heartbeats(&mut group);
        if let Err(error) = self.write(group) {
            let causes = causes(&error);
            tracing::error!(%error, causes, "a group was not written, or not released");
        } else if looks_at_keys && !self.owes_supplies(&deferred) && self.all_released().is_ok() {
            self.retire_keys();
            self.erase();
        }
        if std::mem::take(&mut self.more_is_ready) {
            deferred.push(Job::Parked);
        }
        deferred.extend(self.take_again());
        deferred
    }

    /// Whether something that a succeeded key may still have to open is not taken in yet: what was
    /// just stated again, what did not fit into this group, what waits for a turn. All else that
    /// was put off is before the look at the clock, and so in this group.
    fn owes_supplies(&self, deferred: &[Job]) -> bool {
        !self.again.is_empty()
            || !self.turns.holds_nothing()
            || deferred.iter().any(|job| matches!(job, Job::Supply(..)))
    }

    /// Heartbeats that are due.
    fn heartbeats(&self, group: &mut Group) {
        if !*self.parts.answering.borrow() {
            return;
        }
        let interval = domain::time::Span::from_ms(self.parts.heartbeat_ms);
        for (partner, state) in &self.parts.corridors {
            let head = state.logs.own.head();
            if head.is_some_and(|head| head.time.plus(interval) <= group.now) {
                group.draft(&self.parts, *partner).wants_dispatch = true;
            }
        }
    }
}

/// The same failure once more, for the next who is told.
fn again(failure: &Failure) -> Failure {
    Failure::new(failure.class(), failure.code().clone(), failure.message())
}

/// What lies behind a failure: which file, and what the operating system said. None of it is about
/// a person.
fn causes(failure: &Failure) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ")
}

fn snapshot_of(parts: &Parts) -> Snapshot {
    Snapshot {
        next: parts.store.next_position(),
        corridors: parts
            .corridors
            .iter()
            .map(|(partner, state)| (*partner, state.snapshot()))
            .collect(),
    }
}
