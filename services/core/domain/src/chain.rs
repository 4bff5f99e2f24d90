//! One State's log as the rules see it: its dispatches and the entries of a case.
//!
//! A chain may be whole or *sparse*: cut down to what one case needs ([`sparse`]). Every question
//! that the rules ask has the same answer on both; the first invariant holds that.

pub mod sparse;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::case::event::Statement;
use crate::identifier::{CaseId, Digest, State};
use crate::time::Instant;

/// One State's dispatches and entries, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The State that writes this log.
    pub author: State,
    /// Dispatches by number.
    pub dispatches: BTreeMap<u64, Dispatch>,
    /// Corridor entries and the entries of one case (or of many), by position.
    pub entries: Vec<Entry>,
}

/// What the rules read of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Number in the log, gap-free from 0.
    pub number: u64,
    /// When it was made: the time of every entry in it.
    pub time: Instant,
    /// SHA-256 of the header bytes.
    pub digest: Digest,
    /// The partner's last dispatch that its author had durably stored.
    pub heard: Option<Heard>,
}

/// A dispatch of the partner, named so that nothing else can be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// The era of the log; 0 is the first.
    pub era: u32,
    /// The number of the dispatch.
    pub number: u64,
    /// Its digest.
    pub digest: Digest,
}

/// An entry, as the rules read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position in the log, gap-free from 0.
    pub position: u64,
    /// Number of the dispatch that it travelled in.
    pub dispatch: u64,
    /// The case; `None` on corridor entries.
    pub case: Option<CaseId>,
    /// What was stated.
    pub content: Content,
}

/// What the facts of an entry hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A statement in the shared vocabulary.
    Stated(Arc<Statement>),
    /// Facts that are not canonical, or use an unknown kind, field or enum number: stored, shown
    /// and ineffective for everyone for ever.
    NotUnderstood,
}

impl Chain {
    /// A chain that says nothing yet.
    #[must_use]
    pub const fn new(author: State) -> Self {
        Self { author, dispatches: BTreeMap::new(), entries: Vec::new() }
    }

    /// The last dispatch that is known.
    #[must_use]
    pub fn head(&self) -> Option<&Dispatch> {
        self.dispatches.values().next_back()
    }

    /// The dispatch that an entry travelled in.
    #[must_use]
    pub fn dispatch_of(&self, entry: &Entry) -> Option<&Dispatch> {
        self.dispatches.get(&entry.dispatch)
    }

    /// The first dispatch of this chain that has heard dispatch `number` of the partner: its
    /// receipt. `heard` never falls, so the first that fits is found in order.
    #[must_use]
    pub fn receipt_of(&self, number: u64) -> Option<&Dispatch> {
        self.dispatches
            .values()
            .find(|dispatch| dispatch.heard.is_some_and(|heard| heard.number >= number))
    }

    /// The first dispatch that has heard dispatch `notice` of the partner and is dated `grace` or
    /// later: what proves a silence, if there is no answer up to it.
    #[must_use]
    pub fn proof_of_silence(&self, notice: u64, grace: Instant) -> Option<&Dispatch> {
        self.dispatches.values().find(|dispatch| {
            let heard = dispatch.heard.is_some_and(|heard| heard.number >= notice);
            heard && dispatch.time >= grace
        })
    }

    /// The era of a dispatch: the last that began at or before it.
    #[must_use]
    pub fn era_of(&self, number: u64) -> u32 {
        let begun = self.entries.iter().filter(|entry| entry.dispatch <= number);
        let eras = begun.filter_map(|entry| {
            let Content::Stated(statement) = &entry.content else {
                return None;
            };
            let Statement::LogSucceeded(succeeded) = statement.as_ref() else {
                return None;
            };
            Some(succeeded.era)
        });
        eras.max().unwrap_or_default()
    }

    /// The entry at a position.
    #[must_use]
    pub fn entry_at(&self, position: u64) -> Option<&Entry> {
        let index = self.entries.binary_search_by_key(&position, |entry| entry.position).ok()?;
        self.entries.get(index)
    }

    /// Entries of dispatches up to and including `number`.
    pub fn entries_up_to(&self, number: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().take_while(move |entry| entry.dispatch <= number)
    }
}
