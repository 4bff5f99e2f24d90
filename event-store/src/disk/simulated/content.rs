//! The bytes of one file on the simulated disk, and what survives of them when the power is cut.

use std::sync::Arc;

use super::Choose;
use crate::journal::bytes::{narrow, wide};

/// What a disk writes as a whole, or not.
const SECTOR: u64 = 512;

#[derive(Clone, Debug)]
pub(super) enum Write {
    Bytes { offset: u64, bytes: Arc<[u8]> },
    Length(u64),
}

/// One file, whatever its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    /// What the running process reads.
    pub(super) seen: Arc<Vec<u8>>,
    /// What is certain to survive.
    pub(super) durable: Arc<Vec<u8>>,
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
    pub(super) fn write(&mut self, write: Write) {
        write.apply(Arc::make_mut(&mut self.seen));
        self.pending.push(write);
    }

    pub(super) fn sync(&mut self) {
        let synced = std::mem::take(&mut self.pending);
        if !self.later.is_empty() {
            self.later.extend(synced.into_iter().map(Later::Durable));
        } else if !synced.is_empty() {
            let durable = Arc::make_mut(&mut self.durable);
            synced.iter().for_each(|write| write.apply(durable));
        }
    }

    pub(super) fn give_up(&mut self) {
        let given_up = std::mem::take(&mut self.pending);
        self.later.extend(given_up.into_iter().map(Later::GivenUp));
    }

    pub(super) fn survivor(&self, choose: Choose<'_>) -> Self {
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
