//! A disk in memory that does everything a real one may do: lose power with any part of what was
//! not synced, fail, run full, read wrong bits. For tests, here and in the crates that use a store.
//!
//! It makes no choice by itself: whoever cuts the power hands in the randomness. Not simulated:
//! damage to what was synced (tests do that by hand), and the embedded database, which lives in
//! memory on this disk and is gone after a cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile};
use crate::journal::bytes::{narrow, wide};

/// What a disk writes as a whole, or not.
const SECTOR: u64 = 512;

/// A choice among so many: 0 up to, and without, the number given.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// The disk. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    state: Arc<Mutex<State>>,
}

/// What a read on this disk may suffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// It fails.
    Fails,
    /// One bit of what it returns is wrong; the disk itself is not changed.
    FlipsBit,
}

/// One change of the disk, as recorded.
#[derive(Clone, Debug)]
pub struct Step(Change);

#[derive(Clone, Debug)]
enum Change {
    Name(NameChange),
    Write(usize, Write),
    Sync(usize),
    SyncFolder(String),
}

#[derive(Clone, Debug)]
enum NameChange {
    MakeFolder(String),
    RemoveFolder(String),
    Link { name: String, node: usize },
    Unlink(String),
    Rename { from: String, to: String, node: usize },
}

#[derive(Clone, Debug)]
enum Write {
    Bytes { offset: u64, bytes: Arc<[u8]> },
    Length(u64),
}

/// One file, whatever its name.
#[derive(Clone, Debug, Default)]
struct Node {
    /// What the running process reads.
    seen: Arc<Vec<u8>>,
    /// What is certain to survive.
    durable: Arc<Vec<u8>>,
    /// Writes since the last sync, each of which may survive.
    pending: Vec<Write>,
    /// What follows on `durable` since a sync has failed.
    later: Vec<Later>,
}

/// A write made before the last sync, where one has failed in between.
#[derive(Clone, Debug)]
enum Later {
    /// Its sync has failed: it may survive, and no later sync changes that.
    GivenUp(Write),
    Durable(Write),
}

/// The folders, and the files in them.
#[derive(Clone, Debug, Default)]
struct Names {
    folders: BTreeSet<String>,
    files: BTreeMap<String, usize>,
}

#[derive(Debug, Default)]
struct State {
    nodes: Vec<Node>,
    seen: Names,
    durable: Names,
    pending: Vec<NameChange>,
    start: u64,
    is_locked: Arc<AtomicBool>,
    steps: u64,
    record: Option<Vec<Step>>,
    stops_at: Option<u64>,
    fails_sync_at: Option<u64>,
    syncs: u64,
    space: Option<u64>,
    disturbance: Option<(Disturbance, u64)>,
    reads: u64,
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn is_under(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

impl NameChange {
    /// The folder whose sync makes it durable.
    fn folder(&self) -> &str {
        match self {
            Self::MakeFolder(path) | Self::RemoveFolder(path) | Self::Unlink(path) => parent(path),
            Self::Link { name, .. } => parent(name),
            Self::Rename { to, .. } => parent(to),
        }
    }
}

impl Names {
    fn apply(&mut self, change: &NameChange) {
        match change {
            NameChange::MakeFolder(path) => {
                self.folders.insert(path.clone());
            }
            NameChange::RemoveFolder(path) => {
                self.folders.remove(path);
            }
            NameChange::Link { name, node } => {
                self.files.insert(name.clone(), *node);
            }
            NameChange::Unlink(name) => {
                self.files.remove(name);
            }
            NameChange::Rename { from, to, node } => {
                self.files.remove(from);
                self.files.insert(to.clone(), *node);
            }
        }
    }

    /// What hangs in a folder that is not there is not there either.
    fn prune(&mut self) {
        let before = self.folders.clone();
        let stands = |path: &str| {
            let mut at = path;
            while !at.is_empty() {
                if !before.contains(at) {
                    return false;
                }
                at = parent(at);
            }
            true
        };
        self.folders.retain(|path| stands(path));
        self.files.retain(|path, _| stands(parent(path)));
    }
}

fn put(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let (from, to) = (narrow(offset), narrow(offset) + bytes.len());
    if content.len() < to {
        content.resize(to, 0);
    }
    if let Some(place) = content.get_mut(from..to) {
        place.copy_from_slice(bytes);
    }
}

impl Write {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Bytes { offset, bytes } => put(content, *offset, bytes),
            Self::Length(length) => content.resize(narrow(*length), 0),
        }
    }

    /// Applies what of it reaches the disk: all, nothing, a beginning, an end, some sectors.
    fn apply_torn(&self, content: &mut Vec<u8>, choose: Choose<'_>) {
        let Self::Bytes { offset, bytes } = self else {
            if choose(2) == 0 {
                self.apply(content);
            }
            return;
        };
        let end = offset + wide(bytes.len());
        let sectors = narrow(end.div_ceil(SECTOR) - offset / SECTOR);
        let border = |sector: usize| {
            let border = (offset / SECTOR + wide(sector)) * SECTOR;
            narrow(border.clamp(*offset, end) - offset)
        };
        let mut keep = |from: usize, to: usize| {
            let part = bytes.get(from..to).unwrap_or_default();
            put(content, offset + wide(from), part);
        };
        match choose(6) {
            0 => {}
            1 => keep(0, bytes.len()),
            2 => keep(0, border(choose(sectors + 1))),
            3 => keep(border(choose(sectors + 1)), bytes.len()),
            4 => keep(0, choose(bytes.len() + 1)),
            _ => {
                for sector in 0..sectors {
                    if choose(2) == 0 {
                        keep(border(sector), border(sector + 1));
                    }
                }
            }
        }
    }
}

impl Node {
    fn write(&mut self, write: Write) {
        write.apply(Arc::make_mut(&mut self.seen));
        self.pending.push(write);
    }

    fn sync(&mut self) {
        let synced = std::mem::take(&mut self.pending);
        if !self.later.is_empty() {
            self.later.extend(synced.into_iter().map(Later::Durable));
        } else if !synced.is_empty() {
            let durable = Arc::make_mut(&mut self.durable);
            synced.iter().for_each(|write| write.apply(durable));
        }
    }

    fn give_up(&mut self) {
        let given_up = std::mem::take(&mut self.pending);
        self.later.extend(given_up.into_iter().map(Later::GivenUp));
    }

    fn survivor(&self, choose: Choose<'_>) -> Self {
        let mut content = Arc::clone(&self.durable);
        if !self.later.is_empty() {
            let content = Arc::make_mut(&mut content);
            for later in &self.later {
                match later {
                    Later::GivenUp(write) => survive(std::slice::from_ref(write), content, choose),
                    Later::Durable(write) => write.apply(content),
                }
            }
        }
        if !self.pending.is_empty() {
            survive(&self.pending, Arc::make_mut(&mut content), choose);
        }
        Self { seen: Arc::clone(&content), durable: content, ..Self::default() }
    }
}

/// Applies what survives of some writes: all, none, or parts in another order.
fn survive(writes: &[Write], content: &mut Vec<u8>, choose: Choose<'_>) {
    match choose(8) {
        0 => {}
        1 | 2 => writes.iter().for_each(|write| write.apply(content)),
        _ => {
            let mut order: Vec<_> = writes.iter().collect();
            if choose(2) == 0 {
                for at in (1..order.len()).rev() {
                    order.swap(at, choose(at + 1));
                }
            }
            order.iter().for_each(|write| write.apply_torn(content, choose));
        }
    }
}

impl State {
    fn apply(&mut self, change: &Change) {
        match change {
            Change::Name(change) => {
                if let NameChange::Link { node, .. } = change
                    && *node >= self.nodes.len()
                {
                    self.nodes.resize_with(*node + 1, Node::default);
                }
                self.seen.apply(change);
                self.pending.push(change.clone());
            }
            Change::Write(node, write) => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.write(write.clone());
                }
            }
            Change::Sync(node) => {
                if let Some(node) = self.nodes.get_mut(*node) {
                    node.sync();
                }
            }
            Change::SyncFolder(folder) => {
                let pending = std::mem::take(&mut self.pending);
                for change in pending {
                    if change.folder() == folder {
                        self.durable.apply(&change);
                    } else {
                        self.pending.push(change);
                    }
                }
            }
        }
    }

    /// Counts, records and makes a change; an error once the disk has stopped.
    fn change(&mut self, change: Change) -> io::Result<()> {
        self.steps += 1;
        let is_sync = matches!(change, Change::Sync(_) | Change::SyncFolder(_));
        if self.stops_at.is_some_and(|stops_at| self.steps > stops_at) {
            // The change during which the power went may be there in part; those after it not.
            if self.stops_at.is_some_and(|stops_at| self.steps == stops_at + 1) && !is_sync {
                self.apply(&change);
            }
            return Err(io::Error::other("the disk has stopped"));
        }
        if is_sync {
            self.syncs += 1;
            if self.fails_sync_at.is_some_and(|at| at == self.syncs) {
                if let Change::Sync(node) = change
                    && let Some(node) = self.nodes.get_mut(node)
                {
                    node.give_up();
                }
                return Err(io::Error::other("the sync has failed"));
            }
        }
        self.apply(&change);
        if let Some(record) = &mut self.record {
            record.push(Step(change));
        }
        Ok(())
    }

    fn used(&self) -> u64 {
        let files = self.seen.files.values();
        files.filter_map(|node| self.nodes.get(*node)).map(|node| wide(node.seen.len())).sum()
    }

    /// Whether a file may grow to this length.
    fn check_space(&self, node: usize, length: u64) -> io::Result<()> {
        let Some(space) = self.space else {
            return Ok(());
        };
        let before = self.nodes.get(node).map_or(0, |node| wide(node.seen.len()));
        if length > before && self.used() + (length - before) > space {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

impl Simulated {
    /// An empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk as it is found after the power was cut now: of what was not synced, anything may
    /// be there, in part and in any order. This disk itself goes on.
    #[must_use]
    pub fn cut(&self, choose: Choose<'_>) -> Self {
        let state = self.state();
        let mut names = state.durable.clone();
        let which = choose(3);
        for change in &state.pending {
            if which == 0 || (which == 1 && choose(2) == 0) {
                names.apply(change);
            }
        }
        names.prune();
        let mut nodes = Vec::new();
        for node in names.files.values_mut() {
            let survivor = state.nodes.get(*node).map(|node| node.survivor(choose));
            nodes.push(survivor.unwrap_or_default());
            *node = nodes.len() - 1;
        }
        let found = State {
            nodes,
            seen: names.clone(),
            durable: names,
            start: state.start + 1,
            ..State::default()
        };
        Self { state: Arc::new(Mutex::new(found)) }
    }

    /// So many changes (writes, syncs, creations, renames …) were asked for.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// After so many further changes every change fails; the first of those that fail may yet
    /// be there in part.
    pub fn stop_after(&self, steps: u64) {
        let mut state = self.state();
        state.stops_at = Some(state.steps + steps);
    }

    /// Ends what `stop_after`, `fail_sync` and the like have begun: another process starts, on the
    /// same disk, and sees what the last one has written.
    pub fn go_on(&self) {
        let mut state = self.state();
        state.stops_at = None;
        state.fails_sync_at = None;
        state.space = None;
        state.disturbance = None;
    }

    /// The sync after `syncs` further ones fails. What it should have made durable no later sync
    /// will: readers see it until the power is cut, and then it may be gone.
    pub fn fail_sync_after(&self, syncs: u64) {
        let mut state = self.state();
        state.fails_sync_at = Some(state.syncs + syncs + 1);
    }

    /// The bytes of all files.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.state().used()
    }

    /// Files cannot take more than so many bytes together.
    pub fn limit_space(&self, bytes: u64) {
        self.state().space = Some(bytes);
    }

    /// Every `nth` read suffers.
    pub fn disturb_reads(&self, disturbance: Disturbance, nth: u64) {
        self.state().disturbance = Some((disturbance, nth.max(1)));
    }

    /// Flips one bit of what the disk holds; does nothing if there is no such byte.
    pub fn flip(&self, path: &str, offset: u64, mask: u8) {
        let mut state = self.state();
        let node = state.seen.files.get(path).copied().unwrap_or(usize::MAX);
        if let Some(node) = state.nodes.get_mut(node) {
            for content in [&mut node.seen, &mut node.durable] {
                if let Some(byte) = Arc::make_mut(content).get_mut(narrow(offset)) {
                    *byte ^= mask;
                }
            }
        }
    }

    /// From here on every change is recorded.
    pub fn record(&self) {
        self.state().record = Some(Vec::new());
    }

    /// What was recorded.
    #[must_use]
    pub fn recorded(&self) -> Vec<Step> {
        self.state().record.clone().unwrap_or_default()
    }

    /// So many changes were recorded.
    #[must_use]
    pub fn recorded_count(&self) -> usize {
        self.state().record.as_ref().map_or(0, Vec::len)
    }

    /// Makes a recorded change on a disk that stands where it was recorded.
    pub fn replay(&self, step: &Step) {
        self.state().apply(&step.0);
    }

    /// What tells two disks apart that hold different bytes.
    #[must_use]
    pub fn digest(&self) -> merkle::Hash {
        let state = self.state();
        let mut all = Vec::new();
        for (name, node) in &state.seen.files {
            let content = state.nodes.get(*node).map(|node| &node.seen[..]);
            let content = content.unwrap_or_default();
            all.extend_from_slice(name.as_bytes());
            all.extend_from_slice(&wide(content.len()).to_le_bytes());
            all.extend_from_slice(content);
        }
        merkle::leaf_hash(&all)
    }

    fn file(&self, node: usize) -> Arc<dyn DiskFile> {
        Arc::new(SimulatedFile { disk: self.clone(), node })
    }
}

impl Disk for Simulated {
    fn create_dir(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        let mut missing = Vec::new();
        let mut at = path;
        while !at.is_empty() && !state.seen.folders.contains(at) {
            missing.push(at.to_owned());
            at = parent(at);
        }
        for path in missing.into_iter().rev() {
            state.change(Change::Name(NameChange::MakeFolder(path)))?;
        }
        Ok(())
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let names = state.seen.files.keys().filter(|path| parent(path) == dir);
        let names = names.map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
        Ok(names.collect())
    }

    fn folders(&self, dir: &str) -> io::Result<Vec<String>> {
        let state = self.state();
        let names = state.seen.folders.iter().filter(|path| parent(path) == dir);
        let names = names.map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
        Ok(names.collect())
    }

    fn open(&self, path: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        let node = self.state().seen.files.get(path).copied();
        Ok(node.map(|node| self.file(node)))
    }

    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let node = match state.seen.files.get(path).copied() {
            Some(node) => {
                state.change(Change::Write(node, Write::Length(0)))?;
                node
            }
            None if !parent(path).is_empty() && !state.seen.folders.contains(parent(path)) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            None => {
                let (name, node) = (path.to_owned(), state.nodes.len());
                state.change(Change::Name(NameChange::Link { name, node }))?;
                node
            }
        };
        Ok(self.file(node))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let node = state.seen.files.get(from).copied();
        let node = node.ok_or(io::ErrorKind::NotFound)?;
        let (from, to) = (from.to_owned(), to.to_owned());
        state.change(Change::Name(NameChange::Rename { from, to, node }))
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        if !state.seen.files.contains_key(path) {
            return Ok(());
        }
        state.change(Change::Name(NameChange::Unlink(path.to_owned())))
    }

    fn remove_dir(&self, path: &str) -> io::Result<()> {
        let mut state = self.state();
        let files = state.seen.files.keys().filter(|file| is_under(file, path));
        let files: Vec<_> = files.cloned().collect();
        let folders = state.seen.folders.iter().rev();
        let folders = folders.filter(|folder| *folder == path || is_under(folder, path));
        let folders: Vec<_> = folders.cloned().collect();
        for file in files {
            state.change(Change::Name(NameChange::Unlink(file)))?;
        }
        for folder in folders {
            state.change(Change::Name(NameChange::RemoveFolder(folder)))?;
        }
        Ok(())
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.state().change(Change::SyncFolder(dir.to_owned()))
    }

    fn sync_tree(&self, dir: &str) -> io::Result<()> {
        let mut state = self.state();
        let nodes = state.seen.files.iter().filter(|(path, _)| is_under(path, dir));
        let nodes: Vec<_> = nodes.map(|(_, node)| *node).collect();
        let folders = state.seen.folders.iter();
        let folders = folders.filter(|folder| *folder == dir || is_under(folder, dir));
        let folders: Vec<_> = folders.cloned().collect();
        for node in nodes {
            state.change(Change::Sync(node))?;
        }
        for folder in folders {
            state.change(Change::SyncFolder(folder))?;
        }
        Ok(())
    }

    fn lock(&self, _path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        let is_locked = Arc::clone(&self.state().is_locked);
        match is_locked.swap(true, Ordering::SeqCst) {
            true => Ok(None),
            false => Ok(Some(Box::new(Lock(is_locked)))),
        }
    }

    fn incarnation(&self) -> Option<String> {
        Some(format!("start {}", self.state().start))
    }

    fn native(&self, _dir: &str) -> Option<PathBuf> {
        None
    }
}

struct Lock(Arc<AtomicBool>);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: Simulated,
    node: usize,
}

impl SimulatedFile {
    fn write(&self, write: Write, length: u64) -> io::Result<()> {
        let mut state = self.disk.state();
        state.check_space(self.node, length)?;
        state.change(Change::Write(self.node, write))
    }
}

impl DiskFile for SimulatedFile {
    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state();
        Ok(state.nodes.get(self.node).map_or(0, |node| wide(node.seen.len())))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state();
        state.reads += 1;
        let nth = state.reads;
        let disturbance = state.disturbance.filter(|(_, every)| nth.is_multiple_of(*every));
        let node = state.nodes.get(self.node);
        let seen = node.map(|node| &node.seen[..]).unwrap_or_default();
        let from = seen.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let rest = seen.get(from..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        if let Some((to, from)) = buffer.get_mut(..length).zip(rest.get(..length)) {
            to.copy_from_slice(from);
        }
        match disturbance {
            None => {}
            Some((Disturbance::Fails, _)) => return Err(io::Error::other("the read has failed")),
            Some((Disturbance::FlipsBit, _)) => {
                // Somewhere else each time.
                let at = narrow(nth.wrapping_mul(0x9e37_79b9) % wide(length.max(1)));
                if let Some(byte) = buffer.get_mut(at).filter(|_| length > 0) {
                    *byte ^= 1 << (nth % 8);
                }
            }
        }
        Ok(length)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let length = offset + wide(bytes.len());
        let bytes = bytes.into();
        self.write(Write::Bytes { offset, bytes }, length)
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.write(Write::Length(length), length)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.state().change(Change::Sync(self.node))
    }
}
