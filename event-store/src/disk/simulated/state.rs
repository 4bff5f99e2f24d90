//! Everything that the simulated disk holds, and the failures that were asked of it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::content::{Node, Write};
use super::names::{NameChange, Names};
use crate::journal::bytes::wide;

/// What a read on this disk may suffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// It fails.
    Fails,
    /// One bit of what it returns is wrong; the disk itself is not changed.
    FlipsBit,
}

/// Reads, counted from the disk's beginning.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    Every(u64),
    Only(u64),
}

/// One change of the disk, as recorded.
#[derive(Clone, Debug)]
pub struct Step(pub(super) Change);

#[derive(Clone, Debug)]
pub(super) enum Change {
    Name(NameChange),
    Write(usize, Write),
    Sync(usize),
    SyncFolder(String),
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: Vec<Node>,
    pub(super) seen: Names,
    pub(super) durable: Names,
    pub(super) pending: Vec<NameChange>,
    pub(super) start: u64,
    pub(super) is_locked: Arc<AtomicBool>,
    pub(super) steps: u64,
    pub(super) record: Option<Vec<Step>>,
    pub(super) stops_at: Option<u64>,
    pub(super) fails_sync_at: Option<u64>,
    pub(super) syncs: u64,
    pub(super) space: Option<u64>,
    pub(super) is_read_only: bool,
    /// What happens to which reads.
    pub(super) disturbance: Option<(Disturbance, Which)>,
    pub(super) reads: u64,
}

impl State {
    pub(super) fn apply(&mut self, change: &Change) {
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
    pub(super) fn change(&mut self, change: Change) -> io::Result<()> {
        self.check_writable()?;
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

    /// Counts a read, and says what it suffers.
    pub(super) fn disturbed(&mut self) -> Option<Disturbance> {
        self.reads += 1;
        let (disturbance, which) = self.disturbance?;
        let is_now = match which {
            Which::Every(nth) => self.reads.is_multiple_of(nth),
            Which::Only(read) => self.reads == read,
        };
        is_now.then_some(disturbance)
    }

    pub(super) fn used(&self) -> u64 {
        let files = self.seen.files.values();
        files.filter_map(|node| self.nodes.get(*node)).map(|node| wide(node.seen.len())).sum()
    }

    pub(super) fn check_writable(&self) -> io::Result<()> {
        match self.is_read_only {
            true => Err(io::ErrorKind::ReadOnlyFilesystem.into()),
            false => Ok(()),
        }
    }

    /// Whether a file may grow to this length.
    pub(super) fn check_space(&self, node: usize, length: u64) -> io::Result<()> {
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
