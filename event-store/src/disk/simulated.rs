//! A disk in memory that does everything a real one may do: lose power with any part of what was
//! not synced, fail, run full, read wrong bits. For tests, here and in the crates that use a store.
//!
//! It makes no choice by itself: whoever cuts the power hands in the randomness. Not simulated:
//! damage to what was synced (tests do that by hand), and the embedded database, which lives in
//! memory on this disk and is gone after a cut.

mod content;
mod names;
mod state;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::content::Write;
use self::names::{NameChange, is_under, parent};
use self::state::{Change, State, Which};
pub use self::state::{Disturbance, Step};
use super::{Disk, DiskFile};
use crate::journal::bytes::{narrow, wide};

/// A choice among so many: 0 up to, and without, the number given.
pub type Choose<'a> = &'a mut dyn FnMut(usize) -> usize;

/// The disk. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    state: Arc<Mutex<State>>,
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
        state.is_read_only = false;
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

    /// From here on the folder can only be read.
    pub fn make_read_only(&self) {
        self.state().is_read_only = true;
    }

    /// Every `nth` read suffers.
    pub fn disturb_reads(&self, disturbance: Disturbance, nth: u64) {
        self.state().disturbance = Some((disturbance, Which::Every(nth.max(1))));
    }

    /// The read after `reads` further ones suffers, and no other.
    pub fn disturb_read_after(&self, disturbance: Disturbance, reads: u64) {
        let mut state = self.state();
        state.disturbance = Some((disturbance, Which::Only(state.reads + reads + 1)));
    }

    /// So many reads were asked for.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.state().reads
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

    /// What tells two disks apart that hold different bytes, but for one pair in four thousand
    /// million: whoever counts images counts too few, not too many.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let state = self.state();
        let mut all = DefaultHasher::new();
        for (name, node) in &state.seen.files {
            let content = state.nodes.get(*node).map(|node| &node.seen[..]);
            let content = content.unwrap_or_default();
            (name, content.len(), crc32fast::hash(content)).hash(&mut all);
        }
        all.finish()
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
        let state = self.state();
        state.check_writable()?;
        let is_locked = Arc::clone(&state.is_locked);
        drop(state);
        match is_locked.swap(true, Ordering::SeqCst) {
            true => Ok(None),
            false => Ok(Some(Box::new(Lock(is_locked)))),
        }
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        let state = self.state();
        Ok(state.space.map(|space| space.saturating_sub(state.used())))
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
        let disturbance = state.disturbed();
        let nth = state.reads;
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
            Some(Disturbance::Fails) => return Err(io::Error::other("the read has failed")),
            Some(Disturbance::FlipsBit) => {
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
