//! What the writer is asked for, and the way to it.

use domain::identifier::CaseId;
use runtime::failure::Failure;
use tokio::sync::{mpsc, oneshot};

use super::append::{AppendJob, Written};
use super::import::{ImportJob, Imported};
use super::leave::LeaveJob;
use super::supply::SupplyJob;
use crate::access::NewAccess;
use crate::failure;

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
    /// More of what was parked is to be taken in: it did not fit into the group before.
    Parked,
    /// Ends the thread, once the group that it joins is done; what has not joined that is refused.
    End(oneshot::Sender<()>),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, Failure>>;

impl Job {
    /// How many bytes it adds to a group, about.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Import(job, _) => job.dispatch.len(),
            Self::Supply(job, _) => job.weight(),
            Self::Append(job, _) => job.weight(),
            Self::Leave(job) => job.weight(),
            Self::Mint(..) | Self::Access(..) | Self::Tick | Self::Parked | Self::End(_) => 512,
        }
    }
}

impl Job {
    /// Answers it when nothing is written any more.
    pub(super) fn refuse(self, why: fn() -> Failure) {
        // Whoever no longer waits does not need the answer.
        match self {
            Self::Import(_, reply) => drop(reply.send(Err(why()))),
            Self::Append(_, reply) => drop(reply.send(Err(why()))),
            Self::Leave(job) => job.refuse(why),
            Self::Supply(_, reply) | Self::Mint(_, _, reply) | Self::Access(_, Some(reply)) => {
                drop(reply.send(Err(why())));
            }
            Self::Access(_, None) | Self::Tick | Self::Parked | Self::End(_) => {}
        }
    }
}

/// The way to the writer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Queue(mpsc::Sender<Job>);

impl Queue {
    pub(super) const fn new(sender: mpsc::Sender<Job>) -> Self {
        Self(sender)
    }

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

    /// Puts something into the queue, for a writer that nobody runs.
    #[cfg(test)]
    pub(super) fn put(&self, job: Job) {
        assert!(self.0.try_send(job).is_ok(), "the queue is full or closed");
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
        // Nobody answers after a panic: what became of it is not known.
        answer.await.map_err(|_| failure::stopped())?
    }

    async fn send(&self, job: Job) -> Result<(), Failure> {
        self.0.send(job).await.map_err(|_| failure::writer_gone())
    }
}
