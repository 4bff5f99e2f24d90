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
//! While a group is being written, the next one collects in the queue. A failure in step 1 or 2
//! leaves the states of the logs as they were. After one in step 3, or where the outcome of step 1
//! or 2 is not known, nothing more can be written until a restart: the writer refuses what waits
//! and ends, and whoever waits for its end ends the process.

mod append;
pub(crate) mod erasure;
mod fault;
mod forged;
mod group;
mod import;
pub(crate) mod leave;
mod listed;
mod restated;
mod signing;
mod state;
mod turn;
mod supply;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use domain::case::event::Statement;
use domain::identifier::{CaseId, State};
use event_store::{AppendError, Batch, Store, StreamId};
use record::log::Composed;
use runtime::failure::Failure;
use tokio::sync::{mpsc, oneshot, watch};

use crate::access::NewAccess;
use crate::attachments::Files;
use crate::clock::Clock;
use crate::config::Limits;
use crate::failure;
use crate::keyring::{CaseKeys, Keyring, Secrets};
use crate::leave::Leave;
use crate::quarantine::Quarantine;
use crate::serial::Serials;
use crate::signer_mark::{MarkError, SignerMark};
use crate::signer_process::ProcessSigner;
use crate::snapshot::Snapshot;

pub(crate) use append::{AppendJob, NewEntry, Opening, Subject, Written};
pub(crate) use group::push_dispatch;
pub(crate) use import::{ImportJob, Imported};
pub(crate) use state::{CorridorState, ResumeError};
pub(crate) use supply::{Supply, SupplyJob};

use append::Commands;
use group::Group;
use leave::LeaveJob;
use restated::Again;
use turn::Turns;

/// Something for the writer to do.
pub(crate) enum Job {
    Import(ImportJob, Reply<Imported>),
    Supply(SupplyJob, Reply<()>),
    /// Makes the key of a case that is not open yet, if it has none.
    Mint(CaseId, NewAccess, Reply<()>),
    Append(Box<AppendJob>, Reply<Written>),
    Access(NewAccess, Option<Reply<()>>),
    /// Whether the own log may be continued.
    Leave(LeaveJob),
    /// Time has passed: what was parked may have come of age, and a heartbeat may be due.
    Tick,
    /// Ends the thread, once everything before is done.
    End(oneshot::Sender<()>),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Failure>>;

impl Job {
    /// How many bytes it adds to a group, about.
    fn weight(&self) -> usize {
        match self {
            Self::Import(job, _) => job.dispatch.len(),
            Self::Supply(job, _) => job.weight(),
            Self::Append(job, _) => job.weight(),
            Self::Leave(job) => job.weight(),
            Self::Mint(..) | Self::Access(..) | Self::Tick | Self::End(_) => 512,
        }
    }
}

impl Job {
    /// Answers it when nothing is written any more.
    fn refuse(self) {
        // Whoever no longer waits does not need the answer.
        match self {
            Self::Import(_, reply) => drop(reply.send(Err(failure::stopped()))),
            Self::Append(_, reply) => drop(reply.send(Err(failure::stopped()))),
            Self::Leave(job) => job.refuse(),
            Self::Supply(_, reply) | Self::Mint(_, _, reply) | Self::Access(_, Some(reply)) => {
                drop(reply.send(Err(failure::stopped())));
            }
            Self::Access(_, None) | Self::Tick | Self::End(_) => {}
        }
    }
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Job>);

impl Queue {
    pub(crate) async fn import(&self, job: ImportJob) -> Result<Imported, Failure> {
        self.ask(|reply| Job::Import(job, reply)).await
    }

    /// Takes in what was missing; durable when it returns.
    pub(crate) async fn supply(&self, job: SupplyJob) -> Result<(), Failure> {
        self.ask(|reply| Job::Supply(job, reply)).await
    }

    /// Makes the key of a case that is not open yet, if it has none; durable when it returns.
    pub(crate) async fn mint(&self, case: CaseId, access: NewAccess) -> Result<(), Failure> {
        self.ask(|reply| Job::Mint(case, access, reply)).await
    }

    pub(crate) async fn append(&self, job: AppendJob) -> Result<Written, Failure> {
        self.ask(|reply| Job::Append(Box::new(job), reply)).await
    }

    /// Writes an access; durable when it returns.
    pub(crate) async fn access(&self, access: NewAccess) -> Result<(), Failure> {
        self.ask(|reply| Job::Access(access, Some(reply))).await
    }

    /// Writes an access with the next group, without waiting for it.
    pub(crate) async fn note_access(&self, access: NewAccess) -> Result<(), Failure> {
        self.send(Job::Access(access, None)).await
    }

    pub(crate) async fn leave<T>(
        &self,
        job: impl FnOnce(Reply<T>) -> LeaveJob,
    ) -> Result<T, Failure> {
        self.ask(|reply| Job::Leave(job(reply))).await
    }

    pub(crate) async fn tick(&self) -> Result<(), Failure> {
        self.send(Job::Tick).await
    }

    /// Ends the writer; returns when it has ended.
    pub(crate) async fn end(&self) {
        let (reply, ended) = oneshot::channel();
        if self.send(Job::End(reply)).await.is_ok() {
            // An error means that it has ended already.
            let _ = ended.await;
        }
    }

    /// Waits until the writer has ended, for whatever reason.
    pub(crate) async fn ended(&self) {
        self.0.closed().await;
    }

    /// A handle that does not keep the writer from ending.
    pub(crate) fn downgrade(&self) -> mpsc::WeakSender<Job> {
        self.0.downgrade()
    }

    /// The way to a writer that has not ended.
    pub(crate) fn upgrade(weak: &mpsc::WeakSender<Job>) -> Option<Self> {
        weak.upgrade().map(Self)
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(job(reply)).await?;
        answer.await.map_err(|_| failure::writer_gone())?
    }

    async fn send(&self, job: Job) -> Result<(), Failure> {
        self.0.send(job).await.map_err(|_| failure::writer_gone())
    }
}

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
    pub(crate) marks: BTreeMap<State, SignerMark>,
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

/// The writer. Every field is its thread's alone, but `keys`, `serials` and `published`, which it
/// only adds to.
pub(crate) struct Writer {
    parts: Parts,
    queue: mpsc::Receiver<Job>,
    published: watch::Sender<Arc<Snapshot>>,
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
            commands: Commands::default(),
            turns: Turns::default(),
            more_is_ready: false,
            to_erase: BTreeSet::new(),
            again: BTreeSet::new(),
            stopped: false,
        };
        (writer, Queue(sender), snapshots)
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
        while let Some(first) = deferred.pop_front().or_else(|| self.queue.blocking_recv()) {
            let Some(first) = self.turns.admit(first) else {
                continue;
            };
            let mut jobs = self.gather(first, &mut deferred);
            let mut ended = None;
            if let Some(at) = jobs.iter().position(|job| matches!(job, Job::End(_))) {
                let rest = jobs.split_off(at);
                ended = rest.into_iter().find_map(|job| match job {
                    Job::End(reply) => Some(reply),
                    Job::Import(..)
                    | Job::Supply(..)
                    | Job::Mint(..)
                    | Job::Append(..)
                    | Job::Access(..)
                    | Job::Leave(_)
                    | Job::Tick => None,
                });
            }
            deferred.extend(self.commit(jobs));
            self.turns.release(&mut deferred);
            if self.stopped {
                tracing::error!(
                    "the ledger has stopped writing: what the disk holds is not known any more; \
                     the process must be started again"
                );
                self.queue.close();
                self.turns.end(&mut deferred);
                deferred.drain(..).for_each(Job::refuse);
                while let Ok(job) = self.queue.try_recv() {
                    job.refuse();
                }
                return ended;
            }
            if ended.is_some() {
                return ended;
            }
        }
        None
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
        deferred.into_iter().for_each(Job::refuse);
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
                Job::End(_) => {}
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
            tracing::error!(%error, causes = causes(&error), "a group was not written");
        } else if looks_at_keys && self.again.is_empty() {
            // A key that was succeeded may still open what was just stated again.
            self.retire_keys();
            self.erase();
        }
        if std::mem::take(&mut self.more_is_ready) {
            deferred.push(Job::Tick);
        }
        deferred.extend(self.take_again());
        deferred
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

    /// Steps 1 to 4.
    fn write(&mut self, mut group: Group) -> Result<(), Failure> {
        let composed = match group.compose(&self.parts) {
            Ok(composed) => composed,
            Err(failure) => return Err(group.fail(failure)),
        };
        if group.is_empty() {
            self.publish();
            group.answer(&self.parts, &HashMap::new(), 0);
            return Ok(());
        }
        // Of a case whose erasure was ordered, nothing is kept that comes late.
        group.keys.retain(|new| !self.parts.keys.is_erased(&new.case));
        if !group.keys.is_empty()
            && let Err(error) = self.parts.keyring.add(&group.keys)
        {
            self.stopped = self.parts.keyring.has_failed();
            let failure = Failure::unavailable("the keyring could not be written");
            return Err(group.fail(failure.with_source(error)));
        }
        let batch = Batch {
            records: std::mem::take(&mut group.records),
            expected: Vec::new(),
            cursors: std::mem::take(&mut group.cursors).into_iter().collect(),
        };
        let appended = match self.parts.store.append_blocking(batch) {
            Ok(appended) => appended,
            Err(error) => {
                // Of every other failure it is certain that nothing was stored.
                self.stopped = matches!(error, AppendError::Poisoned { .. } | AppendError::Closed);
                return Err(group.fail(failure::append(&error)));
            }
        };
        self.parts.keys.extend(std::mem::take(&mut group.keys));
        if let Err(error) = self.move_marks(&group, &composed) {
            self.stopped = true;
            let failure = Failure::unavailable("the signer's mark could not be written");
            return Err(group.fail(failure.with_source(error)));
        }
        group.settle(&mut self.parts);
        if let Err(error) = forged::look_again(&mut self.parts) {
            tracing::error!(%error, "what had stopped the writing could not be looked at again");
        }
        self.again.append(&mut group.again);
        for case in std::mem::take(&mut group.erasures) {
            self.parts.keys.erase(&case);
            self.to_erase.insert(case);
        }
        self.erase();
        let lengths: HashMap<StreamId, u64> = std::mem::take(&mut group.streams);
        for pending in &group.pending {
            if let Some(length) = lengths.get(&pending.stream) {
                let stored = pending.remember(appended.first.0);
                self.commands.stored(&pending.stream, *length, stored);
            }
        }
        self.commands.forget_if_full();
        self.publish();
        group.answer(&self.parts, &lengths, appended.first.0);
        Ok(())
    }

    /// Step 3. What came to a local log is noted too: it has no other copy.
    fn move_marks(
        &mut self,
        group: &Group,
        composed: &[(State, Composed)],
    ) -> Result<(), MarkError> {
        let records = self.parts.store.next_position().0;
        let locally = group.grow_locally(&self.parts);
        let marks = &mut self.parts.marks;
        for (partner, Composed { signed_header, .. }) in composed {
            let (number, digest) = (signed_header.header().number, *signed_header.digest());
            match marks.get_mut(partner) {
                Some(mark) if group.grants.contains(partner) => {
                    mark.whole_again(number, digest, records)?;
                }
                Some(mark) => mark.release(number, digest, records)?,
                None => {}
            }
        }
        for partner in &locally {
            if let Some(mark) = marks.get_mut(partner) {
                mark.stored(records)?;
            }
        }
        Ok(())
    }

    fn publish(&self) {
        let snapshot = snapshot_of(&self.parts);
        self.published.send_if_modified(|published| {
            let changed = **published != snapshot;
            if changed {
                *published = Arc::new(snapshot);
            }
            changed
        });
    }
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
