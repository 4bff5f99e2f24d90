//! Chains cut down to what one case needs: its entries and those of the corridor, and of the
//! dispatches only
//!
//! - each entry's own, and the partner's that its author had heard by then;
//! - the partner's first that heard it: its receipt. A prefix asks for nothing else, because the
//!   first receipt of a prefix is the first of the whole;
//! - those that claims cite, and the first that would prove a silence that was noticed, at once
//!   or after what the partner could not read was said again;
//! - where a fault is proved, what shows whether both had heard the number;
//! - where a clock was corrected, the receipts of what the correction may date;
//! - both heads: what is known now.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chain, Content, Dispatch, Entry};
use crate::case::event::Statement;
use crate::corridor::Corridor;
use crate::identifier::{CaseId, State};
use crate::time::{Instant, Span};

/// Dispatches of one log, looked up without reading all of them.
pub trait Dispatches {
    /// A dispatch by its number.
    fn by_number(&self, number: u64) -> Option<Dispatch>;

    /// The first dispatch that has heard `said` of the partner, or a later one. `heard` never
    /// falls, and digests forbid cycles: it comes after what `said` had heard, and a store finds
    /// it from there.
    fn first_to_hear(&self, said: &Dispatch) -> Option<Dispatch>;

    /// The first dispatch that has heard `notice` of the partner and is dated `from` or later. It
    /// comes after what `notice` had heard. Asked only of a log whose clock was never corrected,
    /// where neither time nor `heard` ever falls.
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

/// Both chains, cut down to one case.
#[must_use]
pub fn of_case(corridor: &Corridor, case: CaseId, one: &Chain, other: &Chain) -> (Chain, Chain) {
    of_parts(corridor.grace, part_of(one, case), part_of(other, case))
}

/// The part of a chain that concerns a case.
fn part_of(chain: &Chain, case: CaseId) -> Part<'_, Chain> {
    let concerns = |entry: &&Entry| entry.case.is_none_or(|of| of == case);
    let entries = chain.entries.iter().filter(concerns).cloned().collect();
    Part { author: chain.author, entries, dispatches: chain }
}

/// Both chains, cut down to what a case of these entries needs. `grace` is the corridor's.
#[must_use]
pub fn of_parts<D: Dispatches, E: Dispatches>(
    grace: Span,
    one: Part<'_, D>,
    other: Part<'_, E>,
) -> (Chain, Chain) {
    let (mut ones, mut others) = (Selection::new(one), Selection::new(other));
    let (said_by_one, said_by_other) = (ones.said(), others.said());
    ones.answering(&said_by_other, &others.cited());
    others.answering(&said_by_one, &ones.cited());
    let (noticed_by_one, noticed_by_other) = (ones.silences(grace), others.silences(grace));
    ones.proving(&noticed_by_other);
    others.proving(&noticed_by_one);
    ones.hearing_of_faults(&mut others);
    others.hearing_of_faults(&mut ones);
    // A receipt that is taken may itself be dated by a correction.
    while ones.receipting(&mut others) || others.receipting(&mut ones) {}
    (ones.into_chain(), others.into_chain())
}

/// A silence that was noticed: what the partner must have heard to prove it, and from when on.
struct Silence {
    heard: Dispatch,
    from: Instant,
}

/// The dispatches selected of one log.
struct Selection<'a, D> {
    part: Part<'a, D>,
    taken: BTreeMap<u64, Dispatch>,
    /// The dispatches in which the clock was corrected.
    corrections: Vec<Dispatch>,
}

impl<'a, D: Dispatches> Selection<'a, D> {
    /// The dispatches of the entries, and the head.
    fn new(part: Part<'a, D>) -> Self {
        let mut selection = Self { part, taken: BTreeMap::new(), corrections: Vec::new() };
        let numbers: BTreeSet<u64> =
            selection.part.entries.iter().map(|entry| entry.dispatch).collect();
        for number in numbers {
            selection.take(selection.part.dispatches.by_number(number));
        }
        selection.take(selection.part.dispatches.head());
        selection.corrections =
            selection.of(|statement| matches!(statement, Statement::ClockCorrected(_)));
        selection
    }

    fn take(&mut self, dispatch: Option<Dispatch>) -> bool {
        dispatch.is_some_and(|it| self.taken.insert(it.number, it).is_none())
    }

    /// What was taken so far.
    fn said(&self) -> Vec<Dispatch> {
        self.taken.values().copied().collect()
    }

    /// The statements of the entries.
    fn statements(&self) -> impl Iterator<Item = (&Entry, &Statement)> {
        self.part.entries.iter().filter_map(|entry| match &entry.content {
            Content::Stated(statement) => Some((entry, statement.as_ref())),
            Content::NotUnderstood => None,
        })
    }

    /// The dispatches of the entries that state something, in order.
    fn of(&self, states: impl Fn(&Statement) -> bool) -> Vec<Dispatch> {
        let stated = self.statements().filter(|(_, statement)| states(statement));
        let numbers: BTreeSet<u64> = stated.map(|(entry, _)| entry.dispatch).collect();
        numbers.iter().filter_map(|number| self.taken.get(number)).copied().collect()
    }

    /// The numbers of the partner's dispatches that entries cite.
    fn cited(&self) -> Vec<u64> {
        let cited = self.statements().filter_map(|(_, statement)| {
            let Statement::SilenceClaimed(heard) = statement else {
                return None;
            };
            Some(heard.number)
        });
        cited.collect()
    }

    /// Takes what the partner's dispatches had heard, what first heard them, and what is cited.
    fn answering(&mut self, said: &[Dispatch], cited: &[u64]) {
        let log = self.part.dispatches;
        for dispatch in said {
            self.take(dispatch.heard.and_then(|heard| log.by_number(heard.number)));
            self.take(log.first_to_hear(dispatch));
        }
        for number in cited {
            self.take(log.by_number(*number));
        }
    }

    /// The silences that were noticed: each notice at every time that it may count with, and by
    /// itself or with an answer to what the partner could not read.
    fn silences(&self, grace: Span) -> Vec<Silence> {
        let notices = self.of(|statement| matches!(statement, Statement::SilenceNoticed));
        let answers = self
            .of(|statement| matches!(statement, Statement::Restated(_) | Statement::Rectified(_)));
        let silences = notices.iter().flat_map(|notice| {
            let later = self.corrections.iter().filter(|it| it.number > notice.number);
            let times: BTreeSet<Instant> =
                std::iter::once(notice).chain(later).map(|it| it.time.min(notice.time)).collect();
            let heard = answers.iter().filter(|answer| answer.number > notice.number);
            let heard: Vec<Dispatch> = std::iter::once(notice).chain(heard).copied().collect();
            times.into_iter().flat_map(move |time| {
                let from = time.plus(grace);
                heard.clone().into_iter().map(move |heard| Silence { heard, from })
            })
        });
        silences.collect()
    }

    /// Takes what first proves each silence. Where the clock was corrected, times are not in
    /// order: then all are taken up to the first that proves it whatever the correction dates.
    fn proving(&mut self, silences: &[Silence]) {
        let log = self.part.dispatches;
        for Silence { heard, from } in silences {
            if self.corrections.is_empty() {
                self.take(log.first_to_prove_silence(heard, *from));
                continue;
            }
            let mut next = log.first_to_hear(heard);
            while let Some(dispatch) = next {
                self.take(Some(dispatch));
                next = if self.earliest(&dispatch) >= *from {
                    None
                } else {
                    log.by_number(dispatch.number + 1)
                };
            }
        }
    }

    /// The earliest time that a dispatch may count with.
    fn earliest(&self, dispatch: &Dispatch) -> Instant {
        let later = self.corrections.iter().filter(|it| it.number > dispatch.number);
        later.map(|it| it.time).fold(dispatch.time, Instant::min)
    }

    /// Takes, of both logs, what shows whether a number that a fault names had been heard by both.
    fn hearing_of_faults<E: Dispatches>(&mut self, accused: &mut Selection<'_, E>) {
        let faults = self.statements().filter_map(|(_, statement)| {
            let Statement::FaultProved(fault) = statement else {
                return None;
            };
            accused.part.dispatches.by_number(fault.number)
        });
        for named in faults.collect::<Vec<_>>() {
            let Some(receipt) = self.part.dispatches.first_to_hear(&named) else {
                continue;
            };
            self.take(Some(receipt));
            accused.take(accused.part.dispatches.first_to_hear(&receipt));
        }
    }

    /// Takes the partner's receipts of what a correction may date; whether there was one more.
    fn receipting<E: Dispatches>(&self, partner: &mut Selection<'_, E>) -> bool {
        let mut more = false;
        for dispatch in self.taken.values().filter(|it| self.earliest(it) < it.time) {
            more |= partner.take(partner.part.dispatches.first_to_hear(dispatch));
        }
        more
    }

    fn into_chain(self) -> Chain {
        let mut entries = self.part.entries;
        entries.sort_by_key(|entry| entry.position);
        Chain { author: self.part.author, dispatches: self.taken, entries }
    }
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
