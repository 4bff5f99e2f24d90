//! Stored bytes as the chains that the rules read, whole or cut down to what one case needs.

use std::collections::{BTreeMap, BTreeSet};

use domain::case::event::Statement;
use domain::chain::{Chain, Content, Dispatch, Entry, Heard};
use domain::identifier::State;
use domain::time::{Instant, Span};

use crate::dispatch::{Header, SignedHeader};
use crate::entry::{self, Head, Owner};
use crate::log_id::LogId;

/// What the rules read of a dispatch.
#[must_use]
pub const fn dispatch(signed: &SignedHeader) -> Dispatch {
    let Header { number, time, heard, .. } = *signed.header();
    Dispatch { number, time, digest: *signed.digest(), heard }
}

/// What the rules read of an entry; `None` where it belongs to nobody, so that no chain holds it.
/// `number` is that of its dispatch.
#[must_use]
pub fn entry(log: &LogId, number: u64, head: &Head, facts: &[u8]) -> Option<Entry> {
    let reading = entry::read(log, head, facts);
    let case = match reading.owner {
        Owner::Corridor => None,
        Owner::Case(case) => Some(case),
        Owner::Nobody => return None,
    };
    Some(Entry { position: head.position, dispatch: number, case, content: reading.content })
}

/// Dispatches of one stored log, looked up without reading all of them.
pub trait Dispatches {
    /// A dispatch by its number.
    fn by_number(&self, number: u64) -> Option<Dispatch>;

    /// The first dispatch that has heard `said` of the partner, or a later one. `heard` never
    /// falls, and digests forbid cycles: it comes after what `said` had heard, and a store finds
    /// it from there.
    fn first_to_hear(&self, said: &Dispatch) -> Option<Dispatch>;

    /// The first dispatch that has heard `notice` of the partner and is dated `from` or later. It
    /// comes after what `notice` had heard, and neither time nor `heard` ever falls.
    fn first_to_prove_silence(&self, notice: &Dispatch, from: Instant) -> Option<Dispatch>;

    /// The last dispatch.
    fn head(&self) -> Option<Dispatch>;
}

/// One log: its corridor entries and those of one case, and its dispatches.
#[derive(Debug)]
pub struct Part<'a, D> {
    /// The State that writes the log.
    pub author: State,
    /// The entries, in any order.
    pub entries: Vec<Entry>,
    /// The log's dispatches.
    pub dispatches: &'a D,
}

/// Both chains, cut down to what a case of these entries needs: the dispatch of each entry, the
/// partner's dispatch that it had heard, the partner's first dispatch that heard it, every
/// dispatch that an entry cites, the first that proves a silence which was noticed, and the same
/// for both heads. `grace` is the corridor's.
#[must_use]
pub fn sparse<D: Dispatches, E: Dispatches>(
    grace: Span,
    one: Part<'_, D>,
    other: Part<'_, E>,
) -> (Chain, Chain) {
    let mut ones = Selection::default();
    let mut others = Selection::default();
    ones.own(&one);
    others.own(&other);
    let (said_by_one, said_by_other) = (ones.said(), others.said());
    let (noticed_by_one, noticed_by_other) =
        (noticed(&one.entries, &said_by_one), noticed(&other.entries, &said_by_other));
    ones.answering(one.dispatches, &said_by_other, &cited(&other.entries));
    ones.proving(one.dispatches, &noticed_by_other, grace);
    others.answering(other.dispatches, &said_by_one, &cited(&one.entries));
    others.proving(other.dispatches, &noticed_by_one, grace);
    (ones.into_chain(one.author, one.entries), others.into_chain(other.author, other.entries))
}

/// The dispatches selected of one log.
#[derive(Default)]
struct Selection(BTreeMap<u64, Dispatch>);

impl Selection {
    fn take(&mut self, dispatch: Option<Dispatch>) {
        self.0.extend(dispatch.map(|dispatch| (dispatch.number, dispatch)));
    }

    /// Takes the dispatches of the entries, and the head.
    fn own<D: Dispatches>(&mut self, part: &Part<'_, D>) {
        let numbers: BTreeSet<u64> = part.entries.iter().map(|entry| entry.dispatch).collect();
        for number in numbers {
            self.take(part.dispatches.by_number(number));
        }
        self.take(part.dispatches.head());
    }

    /// What was taken so far.
    fn said(&self) -> Vec<Dispatch> {
        self.0.values().copied().collect()
    }

    /// Takes what the partner's dispatches had heard, what first heard them, and what is cited.
    fn answering<D: Dispatches>(&mut self, log: &D, said: &[Dispatch], cited: &[Heard]) {
        for dispatch in said {
            self.take(dispatch.heard.and_then(|heard| log.by_number(heard.number)));
            self.take(log.first_to_hear(dispatch));
        }
        for heard in cited {
            self.take(log.by_number(heard.number));
        }
    }

    /// Takes what first proves each silence that was noticed.
    fn proving<D: Dispatches>(&mut self, log: &D, noticed: &[Dispatch], grace: Span) {
        for notice in noticed {
            let from = notice.time.plus(grace);
            self.take(log.first_to_prove_silence(notice, from));
        }
    }

    fn into_chain(self, author: State, mut entries: Vec<Entry>) -> Chain {
        entries.sort_by_key(|entry| entry.position);
        Chain { author, dispatches: self.0, entries }
    }
}

/// The dispatches in which a silence was noticed.
fn noticed(entries: &[Entry], said: &[Dispatch]) -> Vec<Dispatch> {
    let notices = entries.iter().filter(|entry| match &entry.content {
        Content::Stated(statement) => matches!(statement.as_ref(), Statement::SilenceNoticed),
        Content::NotUnderstood => false,
    });
    let numbers: BTreeSet<u64> = notices.map(|entry| entry.dispatch).collect();
    said.iter().filter(|dispatch| numbers.contains(&dispatch.number)).copied().collect()
}

/// The partner's dispatches that entries cite.
fn cited(entries: &[Entry]) -> Vec<Heard> {
    let cited = |entry: &Entry| {
        let Content::Stated(statement) = &entry.content else {
            return None;
        };
        let Statement::SilenceClaimed(heard) = statement.as_ref() else {
            return None;
        };
        Some(*heard)
    };
    entries.iter().filter_map(cited).collect()
}

impl Dispatches for Chain {
    fn by_number(&self, number: u64) -> Option<Dispatch> {
        self.dispatches.get(&number).copied()
    }

    fn first_to_hear(&self, said: &Dispatch) -> Option<Dispatch> {
        self.receipt_of(said.number).copied()
    }

    fn first_to_prove_silence(&self, notice: &Dispatch, from: Instant) -> Option<Dispatch> {
        self.proof_of_silence(notice.number, from).copied()
    }

    fn head(&self) -> Option<Dispatch> {
        Self::head(self).copied()
    }
}
