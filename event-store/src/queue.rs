//! Batches that wait to be written, and who writes them.
//!
//! Whoever holds the pen writes what waits, for everybody. Mostly that is the thread of the
//! writer. Somebody with a thread of their own takes the pen themselves
//! ([`Store::append_blocking`](crate::Store::append_blocking)): so nobody has to be woken, neither
//! the thread nor the caller, which takes longer than anything else that is computed for a small
//! batch.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::append::{AppendError, Appended, Prepared};
use crate::limits::{GROUP_BATCHES_MAX, GROUP_BYTES_MAX, REST_MS};
use crate::writer::Writer;

pub(crate) type Reply = oneshot::Sender<Result<Appended, AppendError>>;

/// One batch on its way to the writer.
pub(crate) struct Request {
    pub(crate) batch: Prepared,
    pub(crate) reply: Reply,
    /// Its share of the queue's bytes, given back when the request is done; none where its caller
    /// stands by and can hold no other.
    pub(crate) share: Option<OwnedSemaphorePermit>,
}

/// What waits, and the pen.
///
/// Of the two locks the pen's is taken first; that of the line is held to put or to take only.
#[derive(Default)]
pub(crate) struct Queue {
    line: Mutex<Line>,
    came: Condvar,
    /// None before the writer is there, and when it has ended.
    pen: Mutex<Option<Writer>>,
}

#[derive(Default)]
struct Line {
    requests: VecDeque<Request>,
    is_closed: bool,
    /// The thread sleeps until something comes.
    is_idle: bool,
    /// How many groups were taken.
    groups: u64,
    /// The writer would write zeros ahead if nobody appended.
    wants_zeros: bool,
}

/// What the thread does next.
enum Next {
    Write,
    /// Nobody has come for a while; so many groups were taken by now.
    Rest(u64),
    End,
}

/// Nothing more is taken.
pub(crate) struct Closed;

/// A writer panicked while it held the pen: what the disk holds is not known.
pub(crate) struct PenBroken;

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(writer: Writer) -> Self {
        Self { pen: Mutex::new(Some(writer)), ..Self::default() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody writes.
    pub(crate) fn pen(&self) -> Result<MutexGuard<'_, Option<Writer>>, PenBroken> {
        self.pen.lock().map_err(|_| PenBroken)
    }

    /// Puts a batch into the line, for the thread to write.
    pub(crate) fn put(&self, request: Request) -> Result<(), Closed> {
        self.put_quietly(request)?;
        if std::mem::take(&mut self.line().is_idle) {
            self.came.notify_one();
        }
        Ok(())
    }

    /// Puts a batch into the line, and wakes nobody: the caller takes the pen.
    pub(crate) fn put_quietly(&self, request: Request) -> Result<(), Closed> {
        let mut line = self.line();
        if line.is_closed {
            return Err(Closed);
        }
        line.requests.push_back(request);
        Ok(())
    }

    /// What is written next, as one group; nothing where nothing waits. For who holds the pen.
    pub(crate) fn take(&self) -> Vec<Request> {
        let mut line = self.line();
        let mut weight = 0;
        let mut group = Vec::new();
        while weight < GROUP_BYTES_MAX
            && group.len() < GROUP_BATCHES_MAX
            && let Some(next) = line.requests.pop_front()
        {
            weight += next.batch.weight();
            group.push(next);
        }
        line.groups += u64::from(!group.is_empty());
        group
    }

    /// Says whether the writer would write zeros ahead if nobody appended. For who holds the pen.
    pub(crate) fn want_zeros(&self, wants: bool) {
        let mut line = self.line();
        let is_news = wants && !line.wants_zeros && line.is_idle;
        line.wants_zeros = wants;
        drop(line);
        if is_news {
            self.came.notify_one();
        }
    }

    /// Sleeps until something waits; but for a while only, where zeros are wanted.
    fn wait(&self) -> Next {
        let mut line = self.line();
        loop {
            if !line.requests.is_empty() {
                return Next::Write;
            }
            if line.is_closed {
                return Next::End;
            }
            line.is_idle = true;
            if !line.wants_zeros {
                line = self.came.wait(line).unwrap_or_else(PoisonError::into_inner);
                line.is_idle = false;
                continue;
            }
            let woken = self.came.wait_timeout(line, Duration::from_millis(REST_MS));
            let (now, timeout) = woken.unwrap_or_else(PoisonError::into_inner);
            line = now;
            line.is_idle = false;
            if timeout.timed_out() && line.requests.is_empty() && !line.is_closed {
                return Next::Rest(line.groups);
            }
        }
    }

    /// Whether nobody waits, and nobody has come since so many groups were taken.
    fn rests(&self, groups: u64) -> bool {
        let line = self.line();
        line.requests.is_empty() && !line.is_closed && line.groups == groups && line.wants_zeros
    }

    /// Takes no more; what waits is still written by the thread.
    pub(crate) fn close(&self) {
        self.line().is_closed = true;
        self.came.notify_one();
    }

    /// The thread: until the queue is closed and empty. The writer goes with it.
    pub(crate) fn run(&self) -> Result<(), PenBroken> {
        if let Some(writer) = self.pen()?.as_mut() {
            writer.seal_full();
        }
        let mut seen = None;
        loop {
            match self.wait() {
                Next::Write => {
                    if let Some(writer) = self.pen()?.as_mut() {
                        writer.commit_next(self);
                    }
                }
                Next::Rest(groups) => {
                    // Those who write in their own threads do not come by here.
                    let is_quiet = seen.replace(groups) == Some(groups);
                    while is_quiet && self.rests(groups) {
                        if let Some(writer) = self.pen()?.as_mut() {
                            writer.make_zeros(self);
                        }
                    }
                }
                Next::End => break,
            }
        }
        self.abandon();
        Ok(())
    }

    /// Takes the pen away for good. Whoever still waits learns that nobody answers.
    pub(crate) fn abandon(&self) {
        drop(self.pen.lock().unwrap_or_else(PoisonError::into_inner).take());
        let mut line = self.line();
        line.is_closed = true;
        line.requests.clear();
    }
}
