//! Steps 3 and 4: the dispatches of a stored group are released by the signer's mark, everybody is
//! shown the group, and its jobs are answered.
//!
//! While others wait, a thread of its own does that for a group of own words, and the writer makes
//! and stores the next one meanwhile ([`Group::is_plain`](super::group::Group::is_plain)). Groups
//! are released one after the other, in their order. Nobody is told anything that rests on a group
//! before it is released: what the next group refuses or has carried out before, it tells when it
//! is itself released. For any other group, and while nobody waits, the writer waits until
//! everything is released, and does it itself.
//!
//! After a mark that did not move, and after a panic of the thread, nothing is released any more,
//! and nothing stored but the group that is just being stored.
//!
//! *A crash* leaves the store ahead of the mark by the groups that were not released; at the start
//! the mark follows ([`crate::signer_mark`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;

use domain::identifier::{Digest, State};
use runtime::failure::Failure;
use tokio::sync::watch;

use super::append::Written;
use super::{Reply, again, causes};
use crate::signer_mark::{MarkError, SignerMark};
use crate::snapshot::Snapshot;

/// Groups that wait for the thread, beside the one that it releases and the one that the writer
/// brings.
const GROUPS_MAX: usize = 1;

/// The signer's mark of each log, by partner.
#[derive(Debug)]
pub(crate) struct Marks(Mutex<BTreeMap<State, SignerMark>>);

/// How a mark moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Move {
    /// A dispatch is released.
    Release { number: u64, digest: Digest },
    /// Likewise, and the log is whole again up to it.
    WholeAgain { number: u64, digest: Digest },
    /// Records came to the local log: they have no other copy.
    Stored,
}

/// How the marks move for one group.
#[derive(Debug)]
pub(super) struct Moves {
    pub(super) each: Vec<(State, Move)>,
    /// How many records the store has with the group.
    pub(super) records: u64,
}

impl Marks {
    pub(crate) fn new(marks: BTreeMap<State, SignerMark>) -> Self {
        Self(Mutex::new(marks))
    }

    /// Nobody else moves a mark as long as this is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<State, SignerMark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Step 3.
    pub(super) fn carry_out(&self, moves: &Moves) -> Result<(), MarkError> {
        let mut marks = self.lock();
        for (partner, how) in &moves.each {
            let Some(mark) = marks.get_mut(partner) else { continue };
            match *how {
                Move::Release { number, digest } => mark.release(number, digest, moves.records)?,
                Move::WholeAgain { number, digest } => {
                    mark.whole_again(number, digest, moves.records)?;
                }
                Move::Stored => mark.stored(moves.records)?,
            }
        }
        Ok(())
    }
}

/// Where the snapshots are published.
pub(super) type Published = watch::Sender<Arc<Snapshot>>;

/// Shows everybody a snapshot, if it says anything new.
pub(super) fn publish(published: &Published, snapshot: Snapshot) {
    published.send_if_modified(|published| {
        let changed = **published != snapshot;
        if changed {
            *published = Arc::new(snapshot);
        }
        changed
    });
}

/// What the jobs of a group are told once it is released.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) promises: Vec<Reply<()>>,
    pub(super) appends: Vec<(Result<Written, Failure>, Reply<Written>)>,
}

impl Answers {
    pub(super) fn send(self) {
        for reply in self.promises {
            // Whoever no longer waits does not need the answer, here and below.
            let _ = reply.send(Ok(()));
        }
        for (answer, reply) in self.appends {
            let _ = reply.send(answer);
        }
    }

    /// Tells everybody the same failure.
    fn fail(self, failure: &Failure) {
        for reply in self.promises {
            let _ = reply.send(Err(again(failure)));
        }
        for (_, reply) in self.appends {
            let _ = reply.send(Err(again(failure)));
        }
    }
}

/// A group that is stored, and what is left to do for it.
pub(super) struct Release {
    pub(super) moves: Moves,
    /// How everything stands with it.
    pub(super) snapshot: Snapshot,
    pub(super) answers: Answers,
}

impl Release {
    pub(super) fn carry_out(self, marks: &Marks, published: &Published) -> Result<(), NotReleased> {
        if let Err(error) = marks.carry_out(&self.moves) {
            let failure = not_released(error);
            tracing::error!(error = %failure, causes = causes(&failure), "not released");
            self.answers.fail(&failure);
            return Err(NotReleased);
        }
        publish(published, self.snapshot);
        self.answers.send();
        Ok(())
    }
}

/// What is told where a mark could not be moved.
pub(super) fn not_released(error: MarkError) -> Failure {
    Failure::unavailable("the signer's mark could not be written").with_source(error)
}

/// A mark could not be moved: what it holds is not known, and nothing may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotReleased;

/// The thread that releases, for the writer.
pub(super) struct Releaser {
    /// Taken to end the thread.
    groups: Option<mpsc::SyncSender<Release>>,
    done: mpsc::Receiver<Result<(), NotReleased>>,
    /// Groups that were handed over and are not known to be released.
    under_way: usize,
    failed: bool,
    thread: Option<JoinHandle<()>>,
}

impl Releaser {
    /// Starts the thread; `carry_out` is how it releases a group.
    ///
    /// Where that panics, whoever waits for one of its groups is told what they are told who wait
    /// while nobody knows what the disk holds: it is stored, and was not released.
    pub(super) fn start(
        mut carry_out: impl FnMut(Release) -> Result<(), NotReleased> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (groups, to_release) = mpsc::sync_channel::<Release>(GROUPS_MAX);
        let (told, done) = mpsc::channel();
        let work = move || {
            let mut outcome = Ok(());
            for release in to_release {
                match outcome {
                    Ok(()) => outcome = carry_out(release),
                    Err(NotReleased) => release.answers.fail(&crate::failure::stopped()),
                }
                if told.send(outcome).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("ledger-release".to_owned()).spawn(work)?;
        let (groups, thread) = (Some(groups), Some(thread));
        Ok(Self { groups, done, under_way: 0, failed: false, thread })
    }

    /// Leaves a group to the thread; waits where that has not come so far.
    pub(super) fn hand_over(&mut self, release: Release) -> Result<(), NotReleased> {
        let sent = match (self.check(), &self.groups) {
            (Ok(()), Some(groups)) => groups.send(release).map_err(|unsent| unsent.0),
            (Err(NotReleased), _) | (_, None) => Err(release),
        };
        if let Err(release) = sent {
            self.failed = true;
            release.answers.fail(&crate::failure::stopped());
            return Err(NotReleased);
        }
        self.under_way += 1;
        Ok(())
    }

    /// Waits until everything that was handed over is released.
    pub(super) fn wait(&mut self) -> Result<(), NotReleased> {
        while self.under_way > 0 && !self.failed {
            // Nobody tells after a panic.
            let outcome = self.done.recv().unwrap_or(Err(NotReleased));
            self.note(outcome);
        }
        self.check()
    }

    /// Whether every mark has moved so far.
    pub(super) fn check(&mut self) -> Result<(), NotReleased> {
        loop {
            match self.done.try_recv() {
                Ok(outcome) => self.note(outcome),
                Err(mpsc::TryRecvError::Empty) => break,
                // Nobody tells any more: the thread has panicked.
                Err(mpsc::TryRecvError::Disconnected) => {
                    self.failed = true;
                    break;
                }
            }
        }
        if self.failed { Err(NotReleased) } else { Ok(()) }
    }

    fn note(&mut self, outcome: Result<(), NotReleased>) {
        self.under_way = self.under_way.saturating_sub(1);
        self.failed |= outcome.is_err();
    }
}

impl Drop for Releaser {
    /// Ends the thread, which has the marks and their locks.
    fn drop(&mut self) {
        self.groups = None;
        if let Some(thread) = self.thread.take() {
            // A panic was told by then.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
