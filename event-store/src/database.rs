//! The database of the index, as an open store has it: there, away, or closed.
//!
//! It writes what it was given some time later, and where that finds the disk full it takes nothing
//! more for good: its reads may then fail too, since they tidy up on the way. Such a database is
//! left, and made anew from the journal once there is room; the process goes on. Until then what
//! is not in memory cannot be read, which is said, and nothing wrong is. Only labels are lost.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::disk::{Disk, Shortage};
use crate::index::{self, Broken, Changes, Tree};
use crate::journal::frame::Part;
use crate::journal::scan::Scan;
use crate::journal::{JournalError, Mark};
use crate::limits::REPLAY_RECORDS_MAX;
use crate::live::{Done, PendingStream, Shared};
use crate::name::StreamId;

/// What the database may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Memory for its cache.
    pub(crate) cache_bytes: u64,
    /// Bytes of the disk without which it is given nothing: what it was given before it has yet
    /// to write.
    pub(crate) reserve_bytes: u64,
}

#[derive(Debug)]
enum Held {
    Tree(Tree),
    Away,
    Closed,
}

/// Who changes what: the indexer lets it go and puts it back; whoever closes the store takes it.
#[derive(Debug)]
pub(crate) struct Database {
    held: RwLock<Held>,
    sizes: Sizes,
    /// It takes nothing more, or is away. Stays until it is there anew.
    is_lost: AtomicBool,
    /// The labels went with it, and whoever sets them does not know yet. Changes only while the
    /// lock is held.
    labels_are_lost: AtomicBool,
}

impl Database {
    pub(crate) fn new(tree: Tree, sizes: Sizes) -> Self {
        Self {
            held: RwLock::new(Held::Tree(tree)),
            sizes,
            is_lost: AtomicBool::new(false),
            labels_are_lost: AtomicBool::new(false),
        }
    }

    fn replace(&self, held: Held) -> Held {
        let mut place = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(held, Held::Away) {
            self.labels_are_lost.store(true, Ordering::Relaxed);
        }
        std::mem::replace(&mut place, held)
    }

    /// Takes it for good.
    pub(crate) fn take(&self) -> Option<Tree> {
        match self.replace(Held::Closed) {
            Held::Tree(tree) => Some(tree),
            Held::Away | Held::Closed => None,
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Acquire)
    }

    /// Whether labels were lost of which nobody knows yet. To be asked within `Shared::with_tree`.
    pub(crate) fn labels_are_lost(&self) -> bool {
        self.labels_are_lost.load(Ordering::Relaxed)
    }

    /// Whoever sets labels knows. To be told within `Shared::with_tree`.
    pub(crate) fn labels_are_known_to_be_lost(&self) {
        self.labels_are_lost.store(false, Ordering::Relaxed);
    }

    /// Whether the database can be given something without finding the disk full.
    pub(crate) fn check_room(&self, disk: &dyn Disk) -> Result<(), Broken> {
        check_room(disk, self.sizes.reserve_bytes)
    }
}

fn check_room(disk: &dyn Disk, bytes: u64) -> Result<(), Broken> {
    match disk.free_bytes() {
        Ok(Some(free)) if free < bytes => {
            Err(Broken::short(Shortage::Space, "hardly any of the disk is free"))
        }
        // What is not known is tried.
        Ok(Some(_) | None) | Err(_) => Ok(()),
    }
}

impl Shared {
    /// Asks the database; `None` once the store is closed. Where it turns out to be broken, the
    /// next opening makes the index anew.
    pub(crate) fn with_tree<T>(
        &self,
        ask: impl FnOnce(&Tree) -> Result<T, Broken>,
    ) -> Option<Result<T, Broken>> {
        let held = self.database.held.read().unwrap_or_else(PoisonError::into_inner);
        match &*held {
            Held::Tree(tree) => {
                let answer = ask(tree);
                if tree.is_stuck() {
                    self.lose_database();
                }
                // A row with a wrong checksum, say, or a panic: it would be met again and again.
                if answer.as_ref().is_err_and(|broken| broken.shortage.is_none()) {
                    self.suspect_index();
                }
                Some(answer)
            }
            Held::Away => Some(Err(Broken::short(Shortage::Space, "it is being made anew"))),
            Held::Closed => None,
        }
    }

    /// The indexer is to make it anew. If the process ends before that, the next opening does.
    fn lose_database(&self) {
        if !self.database.is_lost.swap(true, Ordering::AcqRel) {
            // If the mark cannot be left, the checks of that opening find what is wrong.
            let _ = index::mark_broken(self.disk());
            self.lack(Shortage::Space);
            self.wake_indexer(usize::MAX);
        }
    }

    /// Lets the database go, and makes it anew with what is pending, if there is room.
    pub(crate) fn index_anew(&self) -> Result<(), Broken> {
        let disk = self.disk();
        // About what it takes; what the one before took is there again.
        let records = self.live().mark.position;
        check_room(disk, self.database.sizes.reserve_bytes.max(records * BYTES_OF_A_RECORD))?;
        if let Held::Tree(tree) = self.database.replace(Held::Away) {
            // It may still have files open; they are not those that come.
            let _ = tree.close();
        }
        index::delete_tree(disk)?;
        let tree = index::open_tree(&self.journal.disk, self.database.sizes.cache_bytes)?;
        let done = match self.fill(&tree) {
            Ok(done) => done,
            Err(broken) => {
                let _ = tree.close();
                return Err(broken);
            }
        };
        self.database.is_lost.store(false, Ordering::Release);
        // It is there before what was pending leaves memory.
        self.database.replace(Held::Tree(tree));
        self.wrote(done);
        Ok(())
    }

    /// Gives a new database everything. A crash on the way leaves a mark, and the next opening
    /// makes the index anew.
    fn fill(&self, tree: &Tree) -> Result<Done, Broken> {
        let disk = self.disk();
        index::mark_broken(disk)?;
        let work = self.live().everything();
        self.index_streams(tree, work.mark())?;
        let done = work.write(disk, tree)?;
        self.mark_whole(|| self.index_is_suspect())?;
        Ok(done)
    }

    /// Gives a new database the streams of the journal, up to a mark.
    fn index_streams(&self, tree: &Tree, upto: Mark) -> Result<(), Broken> {
        let mut scan = Scan::from(&self.journal, Mark::START);
        let (mut streams, mut count) = (HashMap::new(), 0);
        while scan.mark().sequence < upto.sequence {
            let Some(frame) = scan.next().map_err(|error| self.unreadable(&error))? else {
                return Err(Broken::new("the journal ends before what is in memory"));
            };
            let parts = frame.parts(&self.journal.store, |part| {
                if let Part::Record { address, record } = part
                    && let Some((stream, revision)) = record.stream.zip(record.numbers.revision)
                {
                    let new = || PendingStream { first: revision, addresses: Vec::new() };
                    streams.entry(stream).or_insert_with(new).addresses.push(address);
                    count += 1;
                }
            });
            if let Err(bad) = parts {
                return Err(self.unreadable(&self.journal.bad_part(&frame.header, bad)));
            }
            if count >= REPLAY_RECORDS_MAX {
                count = 0;
                self.index_some(tree, &mut streams)?;
            }
        }
        self.index_some(tree, &mut streams)
    }

    fn index_some(
        &self,
        tree: &Tree,
        streams: &mut HashMap<StreamId, PendingStream>,
    ) -> Result<(), Broken> {
        self.database.check_room(self.disk())?;
        let mut changes = Changes::default();
        for (stream, PendingStream { first, addresses }) in streams.drain() {
            tree.extend_stream(&stream, first, &addresses, &mut changes)?;
        }
        tree.apply_apart(changes)
    }

    fn unreadable(&self, error: &JournalError) -> Broken {
        if matches!(error, JournalError::Corrupt { .. }) {
            self.found_damage(error.to_string());
        }
        let shortage = match error {
            JournalError::Io { source, .. } => Shortage::of(source),
            JournalError::Corrupt { .. } | JournalError::Newer { .. } => None,
        };
        Broken { what: format!("it cannot be made anew: {error}"), shortage }
    }
}

/// What a record takes of the database: an address, the names of its stream, and what the
/// database needs for itself.
const BYTES_OF_A_RECORD: u64 = 16;
