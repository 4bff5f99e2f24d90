//! The handle: opening, appending, closing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::append::{AppendError, Appended, Batch, Prepared};
use crate::disk::{Disk, Files};
use crate::index;
use crate::lengths::Lengths;
use crate::limits::{QUEUE_BATCHES_MAX, SEALS_MAX};
use crate::live::Shared;
use crate::open::{Index, OpenError, Opened, Opening, Options, Recovery, open};
use crate::record::Position;
use crate::sealer::{self, Sealer};
use crate::writer::{self, Request, Writer};

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
    // Taken when the store is closed: the writer ends when no sender is left.
    queue: Mutex<Option<mpsc::Sender<Request>>>,
    threads: Mutex<Option<Threads>>,
    // Only of a store without threads: whoever holds the lock is the writer.
    inline: Mutex<Option<Inline>>,
}

/// The writer of a store without threads.
struct Inline {
    writer: Writer,
    lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Inline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inline").finish_non_exhaustive()
    }
}

struct Threads {
    writer: JoinHandle<()>,
    indexer: JoinHandle<()>,
    sealer: JoinHandle<()>,
    lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Threads {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Threads").finish_non_exhaustive()
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
        // Nothing is ever sent through it.
        let (_, queue) = mpsc::channel(1);
        let (lengths, sealer) = (Lengths::default(), Sealer::Inline);
        let mut writer = Writer { shared: Arc::clone(&shared), journal, queue, lengths, sealer };
        writer.seal_full();
        let handle = Handle {
            shared,
            shares: Arc::new(Semaphore::new(writer::SHARES)),
            recovery,
            queue: Mutex::new(None),
            threads: Mutex::new(None),
            inline: Mutex::new(Some(Inline { writer, lock })),
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    pub(crate) fn start(opened: Opened) -> Result<Self, OpenError> {
        let Opened { lock, shared, writer: journal, recovery } = opened;
        let shared = Arc::new(shared);
        let (sender, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        let (full, to_seal) = std::sync::mpsc::sync_channel(SEALS_MAX);
        let (lengths, sealer) = (Lengths::default(), Sealer::Thread(full));
        let writer = Writer { shared: Arc::clone(&shared), journal, queue, lengths, sealer };
        let sealing = Arc::clone(&shared);
        let indexer = Arc::clone(&shared);
        let writer = spawn("store-writer", move || writer.run())?;
        let indexer = spawn("store-indexer", move || indexer.run_indexer())?;
        let sealer = spawn("store-sealer", move || sealer::run(&sealing, &to_seal))?;
        let handle = Handle {
            shared,
            shares: Arc::new(Semaphore::new(writer::SHARES)),
            recovery,
            queue: Mutex::new(Some(sender)),
            threads: Mutex::new(Some(Threads { writer, indexer, sealer, lock })),
            inline: Mutex::new(None),
        };
        Ok(Self { handle: Arc::new(handle) })
    }

    /// Appends a batch: when this returns `Ok`, all of it is durable and visible; after an error,
    /// nothing of it is stored (but see [`AppendError::Poisoned`]).
    ///
    /// Batches that wait at the same time share one sync. Waits while the queue is full. Dropping
    /// the future gives up the answer, not the append: it may still happen.
    pub async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        let batch = Prepared::new(batch)?;
        let poisoned = || {
            let reason = self.shared().failure().unwrap_or("its thread has ended").to_owned();
            AppendError::Poisoned { reason }
        };
        if self.shared().failure().is_some() {
            return Err(poisoned());
        }
        let sender = self.handle.queue().clone();
        let is_inline = self.handle.inline().is_some();
        if sender.is_none() && !is_inline {
            return Err(AppendError::Closed);
        }
        let share = Arc::clone(&self.handle.shares);
        let share = share.acquire_many_owned(writer::share(batch.weight())).await;
        let share = share.map_err(|_| AppendError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let request = Request { batch, reply, _share: share };
        let Some(sender) = sender else {
            if let Some(inline) = self.handle.inline().as_mut() {
                inline.writer.commit_inline(request);
            }
            return answer.await.unwrap_or_else(|_| Err(poisoned()));
        };
        sender.send(request).await.map_err(|_| poisoned())?;
        // The writer is not to wait for this sender while it closes.
        drop(sender);
        answer.await.unwrap_or_else(|_| Err(poisoned()))
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

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, OpenError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.map_err(|source| OpenError::Io { doing: "start", file: name.to_owned(), source })
}

impl Handle {
    fn queue(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Request>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inline(&self) -> std::sync::MutexGuard<'_, Option<Inline>> {
        self.inline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes a store without threads.
    fn close_inline(&self) {
        let Some(Inline { writer, lock }) = self.inline().take() else {
            return;
        };
        drop(writer);
        let indexed = match self.shared.failure() {
            None => self.shared.index_pending().is_ok(),
            Some(_) => false,
        };
        self.end(indexed);
        drop(lock);
    }

    /// Ends what nobody writes to any more. Whether the index has everything says how far it may
    /// be trusted at the next opening.
    fn end(&self, indexed: bool) {
        self.shared.close();
        let disk = self.shared.disk();
        if let Some(tree) = self.shared.take_tree() {
            let flushed = tree.flush();
            drop(tree);
            if flushed.is_ok() && indexed && self.shared.failure().is_none() {
                // If this fails the index is trusted less, or rebuilt, at the next opening.
                let _ = index::mark_closed(disk);
            }
        }
    }

    fn close(&self) {
        self.close_inline();
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Threads { writer, indexer, sealer, lock }) = threads else {
            return;
        };
        drop(self.queue().take());
        for thread in [writer, indexer, sealer] {
            if thread.join().is_err() {
                self.shared.fail("a thread of the store panicked".to_owned());
            }
            // If the writer panicked, the indexer has not heard that it is to end.
            self.shared.end_indexer();
        }
        self.end(true);
        drop(lock);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}
