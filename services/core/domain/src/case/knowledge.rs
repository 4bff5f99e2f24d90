//! What an author had heard, and judging each entry by that alone.
//!
//! The knowledge of an entry is its author's own chain before it and the partner's chain up to
//! the `heard` of its dispatch. Both States, and any third party, recompute exactly that, so all
//! judge alike. Local arrival order means nothing here.

use std::sync::Arc;

use super::dispute::{self, Cause, Doubt, Revocation};
use super::event::{Kind, Statement};
use super::rejection::Rejection;
use super::rule;
use super::said::{At, Said, Side};
use crate::chain::{Chain, Content, Dispatch, Entry};
use crate::corridor::Corridor;
use crate::identifier::{CaseId, State};
use crate::mutant;
use crate::rules::Rules;
use crate::time::Instant;

/// An entry of a case with its judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Who stated it.
    pub author: State,
    /// On which side of the case its author is.
    pub side: Side,
    /// Where it stands.
    pub at: At,
    /// What was stated; `None` where it is not understood.
    pub statement: Option<Arc<Statement>>,
    /// The judgement.
    pub verdict: Verdict,
}

/// How an entry is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An act with its effect, or a report that kept the rules.
    Effective,
    /// An act without effect: what its author knew forbade it.
    Ineffective(Rejection),
    /// A report that stands, although what its author knew forbade what it tells.
    Breach(Rejection),
}

impl Verdict {
    /// Whether the entry takes part in what follows.
    #[must_use]
    pub const fn stands(self) -> bool {
        match self {
            Self::Effective | Self::Breach(_) => true,
            Self::Ineffective(_) => false,
        }
    }
}

/// Both chains of a corridor, told apart by side, and the case that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Chains<'a> {
    /// The corridor.
    pub corridor: &'a Corridor,
    /// The case.
    pub case: CaseId,
    /// The log of the requesting State.
    pub requesting: &'a Chain,
    /// The log of the requested State.
    pub requested: &'a Chain,
}

impl<'a> Chains<'a> {
    /// The log of one side.
    #[must_use]
    pub const fn of(&self, side: Side) -> &'a Chain {
        match side {
            Side::Requesting => self.requesting,
            Side::Requested => self.requested,
        }
    }

    /// The entries of the case in the log of one side.
    fn entries(&self, side: Side) -> Vec<&'a Entry> {
        let case = Some(self.case);
        self.of(side).entries.iter().filter(|entry| entry.case == case).collect()
    }

    /// The entries of the case in the log of one side, and those of the corridor that may put it
    /// in doubt.
    fn concerning(&self, side: Side) -> Vec<&'a Entry> {
        let case = Some(self.case);
        let concerns = |entry: &&Entry| match (&entry.content, entry.case) {
            (Content::Stated(statement), None) => {
                matches!(statement.kind(), Kind::KeyRevoked | Kind::FaultProved)
            }
            (Content::Stated(_) | Content::NotUnderstood, of) => of == case,
        };
        self.of(side).entries.iter().filter(concerns).collect()
    }

    /// Where an entry of one side stands. One whose dispatch is not in the chain has no time; a
    /// chain is never built so.
    fn at(&self, side: Side, entry: &Entry) -> At {
        let dispatch = self.of(side).dispatch_of(entry);
        let time = dispatch.map_or(Instant::from_ms(0), |dispatch| dispatch.time);
        At { position: entry.position, dispatch: entry.dispatch, time }
    }

    /// The position of the opening: the founder's first opening entry.
    #[must_use]
    pub fn opening(&self) -> Option<&'a Entry> {
        self.entries(Side::Requesting).into_iter().find(|entry| match &entry.content {
            Content::Stated(statement) => statement.kind().opens(),
            Content::NotUnderstood => false,
        })
    }
}

impl Side {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Requesting, Self::Requested];

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Requesting => Self::Requested,
            Self::Requested => Self::Requesting,
        }
    }
}

/// A view of a case: what was said up to a dispatch of each side, and by whom it is looked at.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Both chains.
    pub chains: Chains<'a>,
    /// The side that looks, or speaks.
    pub side: Side,
    /// The position before which the own log is known.
    pub before: u64,
    /// The last own dispatch that counts.
    pub own_until: Option<u64>,
    /// The last dispatch of the partner that had been heard.
    pub heard: Option<u64>,
    /// The time at which it is looked, or spoken.
    pub time: Instant,
    /// What had been said.
    pub said: Said,
    /// What had put the case in doubt.
    pub causes: Vec<Cause>,
    /// The rules of the case, once its opening is effective.
    pub rules: Option<&'a Rules>,
}

impl<'a> View<'a> {
    /// The last dispatch of a side that is known in this view.
    #[must_use]
    pub fn until(&self, side: Side) -> Option<u64> {
        if side == self.side { self.own_until } else { self.heard }
    }

    /// The last known dispatch of a side.
    #[must_use]
    pub fn last(&self, side: Side) -> Option<&'a Dispatch> {
        self.until(side).and_then(|number| self.chains.of(side).dispatches.get(&number))
    }

    /// The receipt of a dispatch by a side: its first dispatch, within this view, that heard it.
    #[must_use]
    pub fn receipt(&self, by: Side, dispatch: u64) -> Option<&'a Dispatch> {
        let receipt = self.chains.of(by).receipt_of(dispatch)?;
        (Some(receipt.number) <= self.until(by)).then_some(receipt)
    }
}

/// The agreement that an opening entry rests on, if its author knew it adopted by both.
fn rules_of<'a>(chains: Chains<'a>, opening: &Entry) -> Option<&'a Rules> {
    let Content::Stated(statement) = &opening.content else {
        return None;
    };
    let Statement::RequestFiled(filed) = statement.as_ref() else {
        return None;
    };
    rule::adopted(chains, opening.position, heard_of(chains.requesting, opening), &filed.under)
}

/// The partner's last dispatch that the author of an entry had heard.
pub(crate) fn heard_of(chain: &Chain, entry: &Entry) -> Option<u64> {
    chain.dispatch_of(entry).and_then(|dispatch| dispatch.heard).map(|heard| heard.number)
}

/// A case, judged: every entry, what all that stands says, and the rules that it rests on.
pub(crate) struct Judgement<'a> {
    /// Every entry, in a causal order.
    pub(crate) history: Vec<Judged>,
    /// What both sides said, of what stands.
    pub(crate) said: Said,
    /// What put the case in doubt, in a causal order.
    pub(crate) causes: Vec<Cause>,
    /// The rules; `None` where the opening is not effective.
    pub(crate) rules: Option<&'a Rules>,
}

/// Judges every entry of a case, in a causal order: an entry comes after all that its author had
/// heard; where two are concurrent, the requesting State's comes first.
pub(crate) fn judge(chains: Chains<'_>) -> Judgement<'_> {
    let opening = chains.opening();
    let asks = chains.concerning(Side::Requesting);
    let answers = chains.concerning(Side::Requested);
    let mut judge = Judge {
        chains,
        opening,
        opened: false,
        rules: opening.and_then(|entry| rules_of(chains, entry)),
        revoked: Side::BOTH.map(|side| dispute::revocations(chains, side)),
        causes: Vec::new(),
        judged: Vec::new(),
        asks: Known::default(),
        answers: Known::default(),
    };
    let (mut asked, mut answered) = (0, 0);
    while asked < asks.len() || answered < answers.len() {
        let ready = |entry: Option<&&Entry>, side: Side, others: &[&Entry], judged: usize| {
            entry.is_some_and(|entry| {
                let heard = heard_of(chains.of(side), entry);
                others.get(judged).is_none_or(|other| Some(other.dispatch) > heard)
            })
        };
        // Digests forbid that each of two entries had heard the other. Should a chain claim it
        // all the same, the requesting State's entry is judged first, so that this ends.
        let next = asks.get(asked);
        let first = ready(next, Side::Requesting, &answers, answered)
            || !ready(answers.get(answered), Side::Requested, &asks, asked);
        match (first, next, answers.get(answered)) {
            (true, Some(entry), _) | (false, Some(entry), None) => {
                judge.take(Side::Requesting, entry);
                asked += 1;
            }
            (_, _, Some(entry)) => {
                judge.take(Side::Requested, entry);
                answered += 1;
            }
            (_, None, None) => break,
        }
    }
    judge.end()
}

/// The entries judged so far.
struct Judge<'a> {
    chains: Chains<'a>,
    opening: Option<&'a Entry>,
    /// Whether the opening has been judged effective.
    opened: bool,
    rules: Option<&'a Rules>,
    /// The log keys that each side has revoked.
    revoked: [Vec<Revocation>; 2],
    /// What put the case in doubt so far.
    causes: Vec<Cause>,
    judged: Vec<Judged>,
    /// What the requesting State knows.
    asks: Known,
    /// What the requested State knows.
    answers: Known,
}

/// What one side knows. Its own entries come in order and what it has heard never falls, so what
/// an entry was stated on is what the one before it was stated on, and more: each entry is
/// folded once for each side.
#[derive(Default)]
struct Known {
    said: Said,
    /// How many of the judged entries have been looked at as the partner's.
    looked: usize,
}

impl<'a> Judge<'a> {
    /// Takes the next entry of a side: one of the case, or one of the corridor that may put the
    /// case in doubt.
    fn take(&mut self, side: Side, entry: &Entry) {
        if entry.case.is_some() {
            self.add(side, entry);
        } else if let Some(doubt) = self.doubt(side, entry) {
            self.causes.push(Cause { side, at: self.chains.at(side, entry), doubt });
        }
    }

    /// Whether an entry of the corridor puts the case in doubt.
    fn doubt(&mut self, side: Side, entry: &Entry) -> Option<Doubt> {
        if !rule::corridor_understood(self.chains, side, entry) {
            return None;
        }
        if dispute::doubts(entry, &self.chains.entries(side)) {
            return Some(Doubt::RevokedKey);
        }
        let fault = dispute::fault(entry)?;
        let heard = heard_of(self.chains.of(side), entry);
        let opening = self.opening?;
        let opened = match side {
            Side::Requesting => opening.position < entry.position,
            Side::Requested => Some(opening.dispatch) <= heard,
        };
        if !opened || self.struck(side, entry) {
            return None;
        }
        self.hear(side, heard);
        let faults = self.seen_by(side, entry, |view| dispute::faults(view, entry, fault));
        faults.then_some(Doubt::Fault)
    }

    /// Whether a revoked key leaves an entry without effect.
    fn struck(&self, side: Side, entry: &Entry) -> bool {
        let [asks, answers] = &self.revoked;
        let revoked = match side {
            Side::Requesting => asks,
            Side::Requested => answers,
        };
        dispute::struck(self.chains, side, entry, revoked)
    }

    /// Asks something of what the author of an entry knew, once that was heard.
    fn seen_by<T>(&mut self, side: Side, entry: &Entry, ask: impl FnOnce(&View<'_>) -> T) -> T {
        let heard = heard_of(self.chains.of(side), entry);
        let known = |cause: &&Cause| {
            if cause.side == side {
                cause.at.position < entry.position
            } else {
                Some(cause.at.dispatch) <= heard
            }
        };
        let view = View {
            chains: self.chains,
            side,
            before: entry.position,
            own_until: Some(entry.dispatch),
            heard,
            time: self.chains.at(side, entry).time,
            // Lent to the view, and taken back below.
            said: std::mem::take(&mut self.known(side).said),
            causes: self.causes.iter().filter(known).copied().collect(),
            rules: self.rules,
        };
        let found = ask(&view);
        self.known(side).said = view.said;
        found
    }

    /// Judges the next entry of a side.
    fn add(&mut self, side: Side, entry: &Entry) {
        let chain = self.chains.of(side);
        let at = self.chains.at(side, entry);
        let heard = heard_of(chain, entry);
        self.hear(side, heard);
        let statement = match &entry.content {
            Content::Stated(statement) => Some(statement.clone()),
            Content::NotUnderstood => None,
        };
        let broken = self.broken(side, entry, heard).err();
        let force = statement.as_ref().map(|statement| statement.kind().force());
        let verdict = match (broken, force) {
            (None, _) => Verdict::Effective,
            (Some(rule), force) => rule::consequence(rule, force),
        };
        if verdict.stands() {
            self.opened |= self.opening.is_some_and(|opening| {
                side == Side::Requesting && opening.position == entry.position
            });
            if let Some(statement) = &statement {
                self.known(side).said.add(side, at, statement);
            }
        }
        self.judged.push(Judged { author: chain.author, side, at, statement, verdict });
    }

    /// What a side knows.
    const fn known(&mut self, side: Side) -> &mut Known {
        match side {
            Side::Requesting => &mut self.asks,
            Side::Requested => &mut self.answers,
        }
    }

    /// Adds what the partner said up to dispatch `heard` to what a side knows.
    fn hear(&mut self, side: Side, heard: Option<u64>) {
        let known = match side {
            Side::Requesting => &mut self.asks,
            Side::Requested => &mut self.answers,
        };
        while let Some(judged) = self.judged.get(known.looked) {
            if judged.side != side {
                if Some(judged.at.dispatch) > heard
                    && !mutant::broken("an author knows what it has not heard")
                {
                    break;
                }
                if let Some(statement) =
                    judged.statement.as_ref().filter(|_| judged.verdict.stands())
                {
                    known.said.add(judged.side, judged.at, statement);
                }
            }
            known.looked += 1;
        }
    }

    /// The first rule that an entry breaks, in the order in which rules are checked.
    fn broken(&mut self, side: Side, entry: &Entry, heard: Option<u64>) -> Result<(), Rejection> {
        let Content::Stated(statement) = &entry.content else {
            return Err(Rejection::FactsMustBeCanonical);
        };
        rule::understood(self.chains, side, heard, statement.kind())?;
        if self.struck(side, entry) {
            return Err(Rejection::KeyMustNotBeRevoked);
        }
        self.opened(side, entry, heard, statement.kind())?;
        self.seen_by(side, entry, |view| rule::check(view, statement))
    }

    /// Whether the case had been opened, as far as the author of an entry knew.
    fn opened(
        &self,
        side: Side,
        entry: &Entry,
        heard: Option<u64>,
        kind: Kind,
    ) -> Result<(), Rejection> {
        let opening = self.opening.ok_or(Rejection::OpeningMustBeHeard)?;
        let is_opening = side == Side::Requesting && entry.position == opening.position;
        if kind.opens() {
            let counts = is_opening || mutant::broken("a case is opened twice");
            return if counts { Ok(()) } else { Err(Rejection::OpeningMustBeTheFoundersFirst) };
        }
        let known = match side {
            Side::Requesting => opening.position < entry.position,
            Side::Requested => Some(opening.dispatch) <= heard,
        };
        if !known && !mutant::broken("an opening need not be heard") {
            Err(Rejection::OpeningMustBeHeard)
        } else if self.opened || mutant::broken("an opening need not be effective") {
            Ok(())
        } else {
            Err(Rejection::OpeningMustBeEffective)
        }
    }

    /// Everything together. One side, having heard all, knows all.
    fn end(mut self) -> Judgement<'a> {
        self.hear(Side::Requesting, Some(u64::MAX));
        Judgement {
            history: self.judged,
            said: self.asks.said,
            causes: self.causes,
            rules: self.rules.filter(|_| self.opened),
        }
    }
}
