//! What a group does to one corridor: the own entries that are to be said, and what is taken in of
//! the partner's log.

use std::collections::{BTreeMap, BTreeSet};

use domain::chain::Dispatch;
use domain::identifier::{CaseId, Digest};
use event_store::StreamId;
use record::dispatch::{DISPATCH_BYTES_MAX, ENTRIES_MAX, SignedHeader, encoded_bytes};
use record::entry::Entry;

use crate::writer::append::Begins;
use crate::writer::state::Logs;

/// Bytes of a dispatch that are left for its header.
const HEADER_BYTES_MAX: usize = 512;

/// What the group does to one corridor.
pub(in crate::writer) struct Draft {
    pub(in crate::writer) logs: Logs,
    /// New own entries, with the stream of each.
    pub(super) entries: Vec<(Entry, StreamId)>,
    bytes: usize,
    /// Whether a dispatch is wanted even without entries.
    pub(in crate::writer) wants_dispatch: bool,
    /// Digests of the partner's dispatches that the group stores.
    pub(in crate::writer) taken: BTreeMap<u64, Digest>,
    /// Cases that the partner's dispatches in the group open.
    pub(in crate::writer) opened: BTreeSet<CaseId>,
    /// Positions of the partner's statements of a fault that do not count.
    pub(in crate::writer) void_faults: BTreeSet<u64>,
    /// The headers of those, for what contradicts them in the same group.
    pub(in crate::writer) signed: BTreeMap<u64, SignedHeader>,
    /// Whether the group states a fault of the partner's log, which it then freezes.
    pub(in crate::writer) proves_fault: bool,
    /// What the own dispatch of the group begins.
    pub(super) begins: Begins,
    /// The own dispatch that the group makes.
    pub(super) made: Option<Dispatch>,
}

/// Whether entries fit into the dispatch of the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::writer) enum Fit {
    Fits,
    /// Into the next one.
    Later,
    /// Into none.
    Never,
}

impl Draft {
    pub(super) const fn new(logs: Logs) -> Self {
        Self {
            logs,
            entries: Vec::new(),
            bytes: 0,
            wants_dispatch: false,
            taken: BTreeMap::new(),
            opened: BTreeSet::new(),
            void_faults: BTreeSet::new(),
            begins: Begins::Nothing,
            signed: BTreeMap::new(),
            proves_fault: false,
            made: None,
        }
    }

    /// Where the next own entry stands.
    pub(in crate::writer) fn next_position(&self) -> u64 {
        self.logs.own.next_position() + self.entries.len() as u64
    }

    /// Whether what a job begins must wait for another dispatch: it has to come first, and nothing
    /// of the era before comes behind the beginning of the next.
    pub(in crate::writer) fn has_begun(&self, begins: Begins) -> bool {
        self.begins == Begins::Era || (begins != Begins::Nothing && !self.entries.is_empty())
    }

    /// Notes what the dispatch begins.
    pub(in crate::writer) fn begin(&mut self, begins: Begins) {
        if begins != Begins::Nothing {
            self.begins = begins;
        }
    }

    /// Whether this many entries may still join.
    pub(in crate::writer) fn has_room(&self, entries: usize) -> Fit {
        fit(self.entries.is_empty(), self.entries.len() + entries <= ENTRIES_MAX)
    }

    /// Whether these bytes of entries may still join.
    pub(in crate::writer) fn has_room_for(&self, entries: &[Entry]) -> Fit {
        let bytes = self.bytes + encoded_bytes(entries);
        fit(self.entries.is_empty(), bytes + HEADER_BYTES_MAX <= DISPATCH_BYTES_MAX)
    }

    /// Adds own entries that fit.
    pub(in crate::writer) fn add(&mut self, entries: Vec<(Entry, StreamId)>) {
        for (entry, stream) in entries {
            self.bytes += encoded_bytes(std::slice::from_ref(&entry));
            self.entries.push((entry, stream));
        }
    }
}

const fn fit(alone: bool, fits: bool) -> Fit {
    match (fits, alone) {
        (true, _) => Fit::Fits,
        (false, false) => Fit::Later,
        (false, true) => Fit::Never,
    }
}
