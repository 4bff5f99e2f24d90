//! What the handle, the writer and the indexer share: where everything is, with its newest part in
//! memory until the indexer has written it out.
//!
//! Who changes what: the writer adds committed frames (`Live::add_*`), only after their sync; the
//! indexer moves them out of memory (`Live::wrote`); everybody else reads. Holding the lock of
//! `Shared::live` guarantees that frames are seen whole. How the indexer works, and who waits for
//! it, is in `live/indexer.rs`.

mod indexer;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};

use merkle::{Frontier, Hash, NodeSource, stored_count, stored_index};
use tokio::sync::watch;

use crate::database::Database;
use crate::disk::{Disk, DiskFile, Shortage};
use crate::growth::{Growth, LogGrowth};
use crate::index::column::{Column, Place, Unwritten};
use crate::index::{self, Broken, Changes, Tree};
use crate::journal::bytes::wide;
use crate::journal::{Journal, Mark};
use crate::lengths::Lengths;
use crate::name::{CursorName, LogName, StreamId};
use crate::record::Position;

/// One log: its size and root, and where its records and nodes are.
#[derive(Debug)]
pub(crate) struct LogState {
    pub(crate) frontier: Frontier,
    pub(crate) offsets: Column<8>,
    pub(crate) hashes: Column<32>,
}

impl LogState {
    /// A log without records. Files of its name that lie about are replaced.
    pub(crate) fn new(log: &LogName) -> Self {
        Self {
            frontier: Frontier::new(),
            offsets: Column::new(index::offsets_path(log)),
            hashes: Column::new(index::hashes_path(log)),
        }
    }

    /// The log as the index has it: its files may go further, and are good up to `size`.
    pub(crate) fn indexed(
        disk: &dyn Disk,
        log: &LogName,
        size: u64,
        root: &Hash,
    ) -> Result<Self, Broken> {
        let offsets = Column::open(disk, index::offsets_path(log), size)?;
        let hashes = Column::open(disk, index::hashes_path(log), stored_count(size))?;
        if offsets.in_file()? < size || hashes.in_file()? < stored_count(size) {
            return Err(Broken::new("the files of a log are too short"));
        }
        let frontier = merkle::frontier_at(&FnSource(|at| hashes.get(at)), size)?;
        // This root is going to be signed.
        if frontier.root() != *root {
            return Err(Broken::new("the hashes of a log do not lead to its root"));
        }
        Ok(Self { frontier, offsets, hashes })
    }

    fn push(&mut self, address: u64, leaf: Hash) {
        self.offsets.push(address.to_le_bytes());
        let hashes = &mut self.hashes;
        self.frontier.push_with(leaf, |node| hashes.push(node));
    }
}

/// A source of nodes, given where the node at a place in the order of completion is.
pub(crate) struct FnSource<F>(pub(crate) F);

impl<F: Fn(u64) -> Place<32>> NodeSource for FnSource<F> {
    type Error = Broken;

    fn node(&self, level: u32, at: u64) -> Result<Hash, Broken> {
        let node = (self.0)(stored_index(level, at)).fetch()?;
        node.ok_or_else(|| Broken::new("a hash file is too short"))
    }
}

/// The revisions of a stream that the database does not have yet.
#[derive(Debug)]
pub(crate) struct PendingStream {
    pub(crate) first: u64,
    pub(crate) addresses: Vec<u64>,
}

impl PendingStream {
    pub(crate) fn length(&self) -> u64 {
        self.first + wide(self.addresses.len())
    }
}

/// One committed record, as far as the index is concerned.
pub(crate) struct Committed<'a> {
    pub(crate) address: u64,
    pub(crate) log: &'a LogName,
    pub(crate) leaf: Hash,
    pub(crate) stream: Option<(StreamId, u64)>,
}

#[derive(Debug)]
pub(crate) struct Live {
    /// The end of what is committed.
    pub(crate) mark: Mark,
    /// The address of each record, by position.
    pub(crate) positions: Column<8>,
    pub(crate) logs: BTreeMap<LogName, LogState>,
    pub(crate) streams: HashMap<StreamId, PendingStream>,
    /// How long the streams are that the database has got last.
    lengths: Lengths,
    pub(crate) cursors: BTreeMap<CursorName, Vec<u8>>,
    changed_cursors: BTreeMap<CursorName, Vec<u8>>,
}

impl Live {
    pub(crate) fn new(disk: &dyn Disk, mark: Mark) -> Result<Self, Broken> {
        let positions = Column::open(disk, index::POSITIONS.to_owned(), mark.position)?;
        if positions.in_file()? < mark.position {
            return Err(Broken::new("the file of positions is too short"));
        }
        Ok(Self {
            mark,
            positions,
            logs: BTreeMap::new(),
            streams: HashMap::new(),
            lengths: Lengths::default(),
            cursors: BTreeMap::new(),
            changed_cursors: BTreeMap::new(),
        })
    }

    pub(crate) fn log_size(&self, log: &LogName) -> u64 {
        self.logs.get(log).map_or(0, |state| state.frontier.size())
    }

    pub(crate) fn frontier(&self, log: &LogName) -> Frontier {
        self.logs.get(log).map_or_else(Frontier::new, |state| state.frontier.clone())
    }

    /// Cannot fail: the record is durable.
    pub(crate) fn add_record(&mut self, record: Committed<'_>) {
        self.positions.push(record.address.to_le_bytes());
        if !self.logs.contains_key(record.log) {
            self.logs.insert(record.log.clone(), LogState::new(record.log));
        }
        if let Some(state) = self.logs.get_mut(record.log) {
            state.push(record.address, record.leaf);
        }
        if let Some((stream, revision)) = record.stream {
            let new = || PendingStream { first: revision, addresses: Vec::new() };
            self.streams.entry(stream).or_insert_with(new).addresses.push(record.address);
        }
    }

    /// Likewise, of a whole group.
    pub(crate) fn add_group(&mut self, growth: Growth) {
        let Growth { addresses, logs, streams } = growth;
        self.positions.extend(addresses.iter().map(|address| address.to_le_bytes()));
        for (log, LogGrowth { frontier, offsets, nodes }) in logs {
            let state = self.logs.entry(log).or_insert_with_key(LogState::new);
            state.frontier = frontier;
            state.offsets.extend(offsets);
            state.hashes.extend(nodes);
        }
        for (stream, new) in streams {
            match self.streams.entry(stream) {
                Entry::Vacant(none) => drop(none.insert(new)),
                Entry::Occupied(mut some) => some.get_mut().addresses.extend(new.addresses),
            }
        }
    }

    /// How long a stream is; none where only the database can say.
    fn known_length(&self, stream: &StreamId) -> Option<u64> {
        let pending = self.streams.get(stream).map(PendingStream::length);
        pending.or_else(|| self.lengths.get(stream))
    }

    pub(crate) fn add_cursor(&mut self, name: CursorName, value: Vec<u8>) {
        self.changed_cursors.insert(name.clone(), value.clone());
        self.cursors.insert(name, value);
    }

    fn unwritten(&self) -> Work {
        let log = |(name, state): (&LogName, &LogState)| {
            let (offsets, hashes) = (state.offsets.unwritten()?, state.hashes.unwritten()?);
            Some(LogWork { name: name.clone(), frontier: state.frontier.clone(), offsets, hashes })
        };
        let stream = |(stream, pending): (&StreamId, &PendingStream)| {
            (*stream, pending.first, pending.addresses.clone())
        };
        Work {
            mark: self.mark,
            positions: self.positions.unwritten(),
            logs: self.logs.iter().filter_map(log).collect(),
            streams: self.streams.iter().map(stream).collect(),
            cursors: self.changed_cursors.clone(),
            logs_beside: Vec::new(),
        }
    }

    /// As `unwritten`, for a database that has nothing of logs and cursors.
    pub(crate) fn everything(&self) -> Work {
        let log = |(name, state): (&LogName, &LogState)| {
            let has_none = state.offsets.pending() == 0;
            has_none.then(|| (name.clone(), state.frontier.clone()))
        };
        Work {
            cursors: self.cursors.clone(),
            logs_beside: self.logs.iter().filter_map(log).collect(),
            ..self.unwritten()
        }
    }

    fn wrote(&mut self, done: Done) {
        if let Some((file, count)) = done.positions {
            self.positions.wrote(file, count);
        }
        for (name, offsets, hashes) in done.logs {
            if let Some(state) = self.logs.get_mut(&name) {
                state.offsets.wrote(offsets.0, offsets.1);
                state.hashes.wrote(hashes.0, hashes.1);
            }
        }
        for (stream, count) in done.streams {
            if let Some(pending) = self.streams.get_mut(&stream) {
                pending.addresses.drain(..count.min(pending.addresses.len()));
                pending.first += wide(count);
                if pending.addresses.is_empty() {
                    let length = pending.length();
                    self.streams.remove(&stream);
                    self.lengths.put(stream, length);
                }
            }
        }
        for (name, value) in done.cursors {
            if self.changed_cursors.get(&name) == Some(&value) {
                self.changed_cursors.remove(&name);
            }
        }
    }
}

/// What the index does not have yet, copied out of `Live`.
pub(crate) struct Work {
    mark: Mark,
    positions: Option<Unwritten<8>>,
    logs: Vec<LogWork>,
    /// Logs of which nothing is pending, and the database is to have them all the same.
    logs_beside: Vec<(LogName, Frontier)>,
    streams: Vec<(StreamId, u64, Vec<u64>)>,
    cursors: BTreeMap<CursorName, Vec<u8>>,
}

struct LogWork {
    name: LogName,
    frontier: Frontier,
    offsets: Unwritten<8>,
    hashes: Unwritten<32>,
}

type Written = (Arc<dyn DiskFile>, u64);

pub(crate) struct Done {
    mark: Mark,
    positions: Option<Written>,
    logs: Vec<(LogName, Written, Written)>,
    streams: Vec<(StreamId, usize)>,
    cursors: BTreeMap<CursorName, Vec<u8>>,
    /// The index is marked as broken, since a crash on the way would have left a part.
    in_parts: bool,
}

impl Work {
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Writes it out: first the files, then, in one step, the database with the new mark. A crash
    /// in between leaves files that go further than the mark; from the mark on they are written
    /// again, with the same bytes. What is too much for one step is written in several, and a crash
    /// between those costs the index: it is marked as broken, until the caller takes that back.
    pub(crate) fn write(self, disk: &dyn Disk, tree: &Tree) -> Result<Done, Broken> {
        let positions = self.positions.map(|unwritten| unwritten.write(disk)).transpose()?;
        let mut changes = Changes::default();
        let mut logs = Vec::with_capacity(self.logs.len());
        for LogWork { name, frontier, offsets, hashes } in self.logs {
            changes.log(&name, frontier.size(), &frontier.root());
            logs.push((name, offsets.write(disk)?, hashes.write(disk)?));
        }
        for (name, frontier) in &self.logs_beside {
            changes.log(name, frontier.size(), &frontier.root());
        }
        let mut streams = Vec::with_capacity(self.streams.len());
        for (stream, first, addresses) in self.streams {
            tree.extend_stream(&stream, first, &addresses, &mut changes)?;
            streams.push((stream, addresses.len()));
        }
        for (name, value) in &self.cursors {
            changes.cursor(name, value);
        }
        changes.mark(self.mark);
        let in_parts = changes.are_too_many();
        if in_parts {
            index::mark_broken(disk)?;
            tree.apply_apart(changes)?;
        } else {
            tree.apply(changes)?;
        }
        Ok(Done { mark: self.mark, positions, logs, streams, cursors: self.cursors, in_parts })
    }
}

/// How far the indexer is, and whether it is to stop.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(crate) indexed: Mark,
    pub(crate) is_ending: bool,
    /// The indexer has something to do, and waits for more.
    is_gathering: bool,
    /// It is to wait no longer.
    is_urgent: bool,
    /// What it lacks to go on; it tries again.
    shortage: Option<Shortage>,
}

/// Everything that outlives a single call.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) journal: Arc<Journal>,
    live: RwLock<Live>,
    pub(crate) database: Database,
    /// Something of the index, the files beside the database perhaps, was found to be wrong.
    is_suspect: AtomicBool,
    pub(crate) committed: watch::Sender<Position>,
    failure: OnceLock<String>,
    damage: OnceLock<String>,
    is_closed: AtomicBool,
    progress: Mutex<Progress>,
    progressed: Condvar,
}

impl Shared {
    pub(crate) fn new(journal: Arc<Journal>, live: Live, database: Database) -> Self {
        let indexed = live.mark;
        let committed = watch::Sender::new(Position(live.mark.position));
        Self {
            journal,
            live: RwLock::new(live),
            database,
            is_suspect: AtomicBool::new(false),
            committed,
            failure: OnceLock::new(),
            damage: OnceLock::new(),
            is_closed: AtomicBool::new(false),
            progress: Mutex::new(Progress {
                indexed,
                is_ending: false,
                is_gathering: false,
                is_urgent: false,
                shortage: None,
            }),
            progressed: Condvar::new(),
        }
    }

    pub(crate) fn disk(&self) -> &dyn Disk {
        &*self.journal.disk
    }

    pub(crate) fn live(&self) -> RwLockReadGuard<'_, Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn live_mut(&self) -> RwLockWriteGuard<'_, Live> {
        self.live.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that the next opening rebuilds the index.
    pub(crate) fn suspect_index(&self) {
        self.is_suspect.store(true, Ordering::Release);
        // If the mark cannot be left, whoever found it has told it all the same.
        let _ = index::mark_broken(self.disk());
    }

    pub(crate) fn index_is_suspect(&self) -> bool {
        self.is_suspect.load(Ordering::Acquire)
    }

    /// The first failure is the one that is told.
    pub(crate) fn fail(&self, reason: String) {
        if self.failure.set(reason).is_ok() {
            // The lock orders this after the look at `failure` of whoever then waits: nobody else
            // wakes them.
            drop(self.progress());
            self.progressed.notify_all();
        }
    }

    /// What is stored and durable is not what was written. Reads of it fail; the rest goes on. The
    /// first damage is the one that is told.
    pub(crate) fn found_damage(&self, what: String) {
        let _ = self.damage.set(what);
    }

    pub(crate) fn damage(&self) -> Option<&str> {
        self.damage.get().map(String::as_str)
    }

    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    pub(crate) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        // Wakes the subscriptions, which then see that the store is closed.
        self.committed.send_modify(|_| ());
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many revisions a stream has.
    pub(crate) fn stream_length(&self, stream: &StreamId) -> Option<Result<u64, Broken>> {
        let known = self.live().known_length(stream);
        match known {
            Some(length) => Some(Ok(length)),
            // Not in memory: then it is in the database, or nowhere.
            None => self.with_tree(|tree| tree.stream_length(stream)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::disk::Simulated;
    use crate::open::{Index, Options, open};

    /// Appends and closing once hung where the indexer failed between their look and their wait.
    #[test]
    fn a_failure_wakes_whoever_has_looked_for_one_and_not_found_it() {
        for _ in 0..20 {
            let disk: Arc<dyn Disk> = Arc::new(Simulated::new());
            let options = Options::default();
            let opened = open(&disk, options, Index::IfTrusted, &mut |_| ()).unwrap();
            let shared = opened.shared;
            thread::scope(|scope| {
                // As `wait_for_index` between its look and its wait.
                let progress = shared.progress();
                scope.spawn(|| shared.fail("the index is broken".to_owned()));
                while shared.failure().is_none() {
                    thread::yield_now();
                }
                // Long enough for whoever fails without the lock to be done.
                (0..1_000).for_each(|_| thread::yield_now());
                let waited = shared.progressed.wait_timeout(progress, Duration::from_secs(10));
                assert!(!waited.unwrap().1.timed_out());
            });
        }
    }
}
