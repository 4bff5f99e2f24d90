//! The handle: opening, appending, closing.

use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{Semaphore, oneshot, watch};

use crate::append::{AppendError, Appended, Batch, Prepared};
use crate::disk::{Disk, Files};
use crate::growth::{self, Grower};
use crate::index;
use crate::limits::SEALS_MAX;
use crate::live::Shared;
use crate::open::{Index, OpenError, Opened, Opening, Options, Recovery, open};
use crate::queue::{Closed, Queue, Request};
use crate::record::Position;
use crate::sealer::{self, Sealer};
use crate::writer::{self, Writer};

/// An open store. Clones are cheap and stand for the same store; the last one closes it.
///
/// Reads are plain functions that look into memory, the page cache and at worst a disk: short
/// enough to be called from async code. What an append has acknowledged, every later read sees.
#[derive(Clone, Debug)]
pub struct Store {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    shares: Arc<Semaphore>,
    recovery: Recovery,
    queue: Arc<Queue>,
    /// None once the store is closed.
    running: Mutex<Option<Running>>,
    /// Whether it has no threads: whoever appends writes.
    is_inline: bool,
}

/// What an open store holds.
struct Running {
    /// The writer, the indexer, the hasher and the sealer; none of a store without threads.
    threads: Vec<JoinHandle<()>>,
    lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store in a folder, or founds one there.
    pub fn open(dir: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(Files::new(dir.as_ref())), options)
    }

    /// Opens the store on a disk.
    pub fn open_on(disk: Arc<dyn Disk>, options: Options) -> Result<Self, OpenError> {
        Self::open_watched_on(disk, options, &mut |_| ())
    }

    /// As [`Store::open`], and says how far it is: after a crash it reads what the index does not
    /// have, and without an index all there is.
    pub fn open_watched(
        dir: impl AsRef<Path>,
        options: Options,
        watch: &mut dyn FnMut(Opening),
    ) -> Result<Self, OpenError> {
        Self::open_watched_on(Arc::new(Files::new(dir.as_ref())), options, watch)
    }

    /// As [`Store::open_watched`], on a disk.
    pub fn open_watched_on(
        disk: Arc<dyn Disk>,
        options: Options,
        watch: &mut dyn FnMut(Opening),
    ) -> Result<Self, OpenError> {
        Self::start(open(&disk, options, Index::IfTrusted, watch)?)
    }

    /// Opens the store on a disk, without threads: an append is done in the caller's thread when
    /// it is first polled, and the index is written when much is pending and at the end. So what
    /// happens on the disk, and in which order, depends on the calls alone. For simulations.
    pub fn open_inline_on(disk: &Arc<dyn Disk>, options: Options) -> Result<Self, OpenError> {
        let Opened { lock, shared, writer: journal, recovery } =
            open(disk, options, Index::IfTrusted, &mut |_| ())?;
        let shared = Arc::new(shared);
        let sealer = Sealer::Inline(journal.sizes());
        let mut writer = Writer::new(Arc::clone(&shared), journal, sealer, Grower::Inline);
        writer.seal_full();
        let running = Running { threads: Vec::new(), lock };
        let handle = Handle {
            shared,
            shares: Arc::new(Semaphore::new(writer::SHARES)),
            recovery,
            queue: Arc::new(Queue::new(writer)),
            running: Mutex::new(Some(running)),
            is_inline: true,
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    pub(crate) fn start(opened: Opened) -> Result<Self, OpenError> {
        Self::start_with(opened, &|thread, run| thread::Builder::new().name(thread).spawn(run))
    }

    fn start_with(opened: Opened, begin: Begin<'_>) -> Result<Self, OpenError> {
        let Opened { lock, shared, writer: journal, recovery } = opened;
        let shared = Arc::new(shared);
        let (full, to_seal) = std::sync::mpsc::sync_channel(SEALS_MAX);
        let (sealer, sizes) = (Sealer::Thread(full), journal.sizes());
        let (grower, to_grow) = Grower::apart();
        let writer = Writer::new(Arc::clone(&shared), journal, sealer, grower);
        let queue = Arc::new(Queue::new(writer));
        let writing = (Arc::clone(&queue), Arc::clone(&shared));
        let sealing = Arc::clone(&shared);
        let (indexer, growing) = (Arc::clone(&shared), Arc::clone(&shared));
        let runs: [(&str, Run); 4] = [
            ("store-writer", Box::new(move || write(&writing.0, &writing.1))),
            ("store-indexer", Box::new(move || indexer.run_indexer())),
            ("store-hasher", Box::new(move || growth::run(&growing, &to_grow))),
            ("store-sealer", Box::new(move || sealer::run(&sealing, &to_seal, sizes))),
        ];
        let mut threads = Vec::with_capacity(runs.len());
        let started = runs.into_iter().try_for_each(|(name, run)| {
            let failed = |source| OpenError::Io { doing: "start", file: name.to_owned(), source };
            threads.push(begin(name.to_owned(), run).map_err(failed)?);
            Ok(())
        });
        let handle = Handle {
            shared,
            shares: Arc::new(Semaphore::new(writer::SHARES)),
            recovery,
            queue,
            running: Mutex::new(Some(Running { threads, lock })),
            is_inline: false,
        };
        if started.is_err() {
            // Those that were started end before the folder is given free.
            handle.close();
        }
        started.map(|()| Self { handle: Arc::new(handle) })
    }

    /// Appends a batch: when this returns `Ok`, all of it is durable and visible; after an error,
    /// nothing of it is stored (but see [`AppendError::Poisoned`]).
    ///
    /// Batches that wait at the same time share one sync. Waits while the queue is full. Dropping
    /// the future gives up the answer, not the append: it may still happen.
    pub async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        if self.handle.is_inline {
            return self.append_blocking(batch);
        }
        let batch = self.prepare(batch)?;
        let share = Arc::clone(&self.handle.shares);
        let share = share.acquire_many_owned(writer::share(batch.weight())).await;
        let share = Some(share.map_err(|_| AppendError::Closed)?);
        let (reply, answer) = oneshot::channel();
        let put = self.handle.queue.put(Request { batch, reply, share });
        put.map_err(|closed| self.refused(closed))?;
        answer.await.unwrap_or_else(|_| Err(self.poisoned()))
    }

    /// As [`Store::append`], for somebody who has a thread for it: nobody is woken for what the
    /// caller can do alone. Whoever finds others waiting writes theirs too, and with one sync.
    pub fn append_blocking(&self, batch: Batch) -> Result<Appended, AppendError> {
        let batch = self.prepare(batch)?;
        let queue = &self.handle.queue;
        let (reply, mut answer) = oneshot::channel();
        let put = queue.put_quietly(Request { batch, reply, share: None });
        put.map_err(|closed| self.refused(closed))?;
        let Ok(mut pen) = queue.pen() else {
            self.shared().fail(PANICKED.to_owned());
            return Err(self.poisoned());
        };
        while let Some(writer) = pen.as_mut() {
            if let Ok(answered) = answer.try_recv() {
                return answered;
            }
            if !writer.commit_next(queue) {
                break;
            }
        }
        answer.try_recv().unwrap_or_else(|_| Err(self.poisoned()))
    }

    fn prepare(&self, batch: Batch) -> Result<Prepared, AppendError> {
        let batch = Prepared::new(batch)?;
        if self.shared().failure().is_some() { Err(self.poisoned()) } else { Ok(batch) }
    }

    fn refused(&self, Closed: Closed) -> AppendError {
        if self.shared().failure().is_some() { self.poisoned() } else { AppendError::Closed }
    }

    fn poisoned(&self) -> AppendError {
        let reason = self.shared().failure().unwrap_or("its thread has ended").to_owned();
        AppendError::Poisoned { reason }
    }

    /// What opening the store found and did.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.handle.recovery
    }

    /// The position of the next record: so many records are stored.
    #[must_use]
    pub fn next_position(&self) -> Position {
        Position(self.shared().live().mark.position)
    }

    /// Follows [`Store::next_position`]; changes once for each group of batches with records.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Position> {
        self.shared().committed.subscribe()
    }

    /// Why the store takes no more appends; `None` while it does.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.shared().failure().map(str::to_owned)
    }

    /// Damage that was found in what is durable, and where: by a read, or when a full segment was
    /// read back. The store goes on; reads of what is damaged fail. `None` as long as there is
    /// none.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        self.shared().damage().map(str::to_owned)
    }

    /// Closes the store: waits for the appends under way, writes the index out, and gives the
    /// folder free. Other clones of the handle find it closed. Blocks for as long as that takes.
    pub fn close(&self) {
        self.handle.close();
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

/// What a thread does until it ends.
type Run = Box<dyn FnOnce() + Send>;

/// Starts a thread of this name.
type Begin<'a> = &'a dyn Fn(String, Run) -> io::Result<JoinHandle<()>>;

/// What is told where somebody who wrote has panicked.
const PANICKED: &str = "the writer has panicked";

/// The thread of the writer. However it ends, nobody waits for it afterwards.
fn write(queue: &Queue, shared: &Shared) {
    let ran = panic::catch_unwind(AssertUnwindSafe(|| queue.run()));
    if !matches!(ran, Ok(Ok(()))) {
        shared.fail(PANICKED.to_owned());
        queue.abandon();
    }
    shared.end_indexer();
}

impl Handle {
    /// Ends what nobody writes to any more. Whether the index has everything says how far it may
    /// be trusted at the next opening.
    fn end(&self, indexed: bool) {
        self.shared.close();
        // Zeros that nobody needed: whoever is away leaves no more than the records take.
        self.shared.journal.give_up_spare();
        let disk = self.shared.disk();
        if let Some(tree) = self.shared.database.take() {
            let flushed = tree.close();
            if flushed.is_err() {
                self.shared.suspect_index();
            }
            if flushed.is_ok() && indexed && self.shared.failure().is_none() {
                // If this fails the index is trusted less, or rebuilt, at the next opening.
                let _ = index::mark_closed(disk);
            }
        }
    }

    fn close(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Running { threads, lock }) = running else {
            return;
        };
        self.queue.close();
        for thread in threads {
            if thread.join().is_err() {
                self.shared.fail("a thread of the store panicked".to_owned());
            }
        }
        if self.queue.pen().is_err() {
            self.shared.fail(PANICKED.to_owned());
        }
        // The writer of a store without threads; those that have some have ended theirs.
        self.queue.abandon();
        let indexed = !self.is_inline
            || (self.shared.failure().is_none() && self.shared.index_pending().is_ok());
        self.end(indexed);
        drop(lock);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{LogName, NewRecord};

    const THREADS: [&str; 4] = ["store-writer", "store-indexer", "store-hasher", "store-sealer"];

    #[test]
    fn where_a_thread_cannot_be_started_nothing_is_left_running_or_locked() {
        let dir = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(Files::new(dir.path()));
        let options = Options { segment_bytes: 4 << 10, ..Options::default() };
        for (count, refused) in (0..).zip(THREADS) {
            let opened = open(&disk, options, Index::IfTrusted, &mut |_| ()).unwrap();
            let running = Arc::new(AtomicUsize::new(0));
            let begin = |thread: String, run: Run| {
                if thread == refused {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let running = Arc::clone(&running);
                running.fetch_add(1, Ordering::SeqCst);
                thread::Builder::new().name(thread).spawn(move || {
                    run();
                    running.fetch_sub(1, Ordering::SeqCst);
                })
            };
            let result = Store::start_with(opened, &begin);
            let Err(OpenError::Io { doing: "start", file, .. }) = result else {
                panic!("{result:?}");
            };
            assert_eq!((file.as_str(), running.load(Ordering::SeqCst)), (refused, 0));
            // What it had found is as good as after any other end.
            let store = Store::open_on(Arc::clone(&disk), options).unwrap();
            assert!(!store.recovery().index_rebuilt);
            assert_eq!(store.next_position(), Position(count * 20));
            for _ in 0..20 {
                let (log, payload) = (LogName::new("local").unwrap(), vec![1; 200]);
                let record = NewRecord { log, stream: None, leaf: Vec::new(), payload };
                let batch = Batch { records: vec![record], ..Batch::default() };
                store.append_blocking(batch).unwrap();
            }
        }
    }
}
