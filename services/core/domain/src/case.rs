//! One case: everything that both States said of one person's request.
//!
//! [`Case::of`] is a pure function of the two chains: both nodes, and any third party, derive the
//! same case. Nobody writes the joint state. What a State keeps to itself is a second function,
//! [`crate::safeguard::Safeguards::of`], and the shared case never reads it.

pub mod event;
pub mod rejection;
pub mod said;
pub mod knowledge;
pub(crate) mod rule;
pub mod agreed;
pub(crate) mod correction;
pub mod dispute;
pub mod crossing;
pub mod outcome;
mod limit;
mod obstacle;
pub mod decide;
pub mod query;

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
#[path = "../tests/it/history.rs"]
mod history;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod story;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod clauses;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod unconfirmed;

use crossing::{DocumentSituation, TransferSituation};
use dispute::Cause;
use knowledge::{Chains, Judged, Judgement, View};
use outcome::{Outcome, Standing, Timeliness};
use said::{Said, Side};

use crate::chain::Chain;
use crate::corridor::Corridor;
use crate::identifier::{CaseId, CaseNumber, State};
use crate::rules::Rules;
use crate::time::Instant;

/// A case, as both chains tell it.
#[derive(Clone, Debug)]
pub struct Case {
    /// The case.
    pub id: CaseId,
    /// The number that people use; `None` where the opening is not understood.
    pub number: Option<CaseNumber>,
    /// The State that asks.
    pub requesting: State,
    /// The State that is asked.
    pub requested: State,
    /// The rules of the case; `None` where its opening is not effective.
    pub rules: Option<Rules>,
    /// Every entry with its judgement, in a causal order.
    pub history: Vec<Judged>,
    /// What both States said, of what stands.
    pub said: Said,
    /// What has become of the request.
    pub outcome: Outcome,
    /// Whether that is confirmed.
    pub standing: Standing,
    /// Whether the answer came in time; `None` without one.
    pub timeliness: Option<Timeliness>,
    /// The travel document.
    pub document: DocumentSituation,
    /// The transfer.
    pub transfer: TransferSituation,
    /// Whether the acceptance, if there is one, covers the person as last rectified.
    pub covers_person: Coverage,
    /// What put the case in doubt, settled or not, in a causal order.
    pub causes: Vec<Cause>,
    corridor: Corridor,
    asks: Chain,
    answers: Chain,
}

/// Whether an acceptance covers the person as last rectified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Coverage {
    /// There is no acceptance in force.
    NoAcceptance,
    /// It does.
    Covered,
    /// The person was rectified since; a new acceptance is needed.
    NotCovered,
}

impl Case {
    /// Derives a case from both chains, in whatever order they are given. The chains may hold
    /// entries of other cases; they are not looked at.
    ///
    /// `None` when the State that founds ids of this half has not opened the case, or when the
    /// chains are not those of the corridor's two States.
    #[must_use]
    pub fn of(corridor: &Corridor, id: CaseId, one: &Chain, other: &Chain) -> Option<Self> {
        let chains = sides(corridor, id, one, other)?;
        chains.opening()?;
        let corrected = correction::corrected(chains);
        let chains = match &corrected {
            Some((requesting, requested)) => Chains { requesting, requested, ..chains },
            None => chains,
        };
        let Judgement { mut history, said, rules, causes } = knowledge::judge(chains);
        let view =
            View { causes, ..whole(chains, Side::Requesting, Instant::from_ms(0), said, rules) };
        let outcome = Outcome::of(&view);
        crossing::overtake(outcome, &mut history);
        let answer = view.said.requested.answer.as_ref().map(|(at, _)| *at);
        let covers_person = match (outcome.accepted(), crossing::covers_person(&view)) {
            (None, _) => Coverage::NoAcceptance,
            (Some(_), true) => Coverage::Covered,
            (Some(_), false) => Coverage::NotCovered,
        };
        let transfer = crossing::transfer(&view, &history);
        Some(Self {
            id,
            number: number(&view),
            requesting: chains.requesting.author,
            requested: chains.requested.author,
            rules: rules.cloned(),
            outcome,
            standing: outcome.standing(&view),
            timeliness: answer.zip(rules).map(|(at, rules)| outcome::timeliness(&view, rules, at)),
            document: crossing::document(&view),
            transfer,
            covers_person,
            said: view.said,
            causes: view.causes,
            history,
            corridor: corridor.clone(),
            asks: only(chains.requesting, id),
            answers: only(chains.requested, id),
        })
    }

    /// On which side of the case a State is; `None` for a State that is not in it.
    #[must_use]
    pub fn side(&self, state: State) -> Option<Side> {
        match state {
            state if state == self.requesting => Some(Side::Requesting),
            state if state == self.requested => Some(Side::Requested),
            _ => None,
        }
    }

    /// The State on a side.
    #[must_use]
    pub const fn state(&self, side: Side) -> State {
        match side {
            Side::Requesting => self.requesting,
            Side::Requested => self.requested,
        }
    }

    /// Everything that a side knows at a moment.
    pub(crate) fn view(&self, side: Side, time: Instant) -> View<'_> {
        let view = whole(self.chains(), side, time, self.said.clone(), self.rules.as_ref());
        View { causes: self.causes.clone(), ..view }
    }

    /// Both chains by side.
    pub(crate) const fn chains(&self) -> Chains<'_> {
        Chains {
            corridor: &self.corridor,
            case: self.id,
            requesting: &self.asks,
            requested: &self.answers,
        }
    }
}

/// A case that is about to be opened, on the corridor as both chains show it.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    chains: Chains<'a>,
}

impl<'a> Opening<'a> {
    /// The corridor, looked at for a new case. `None` when the id belongs to the other State's
    /// half, has been opened already, or the chains are not those of the corridor.
    #[must_use]
    pub fn of(
        corridor: &'a Corridor,
        id: CaseId,
        one: &'a Chain,
        other: &'a Chain,
        by: State,
    ) -> Option<Self> {
        let chains = sides(corridor, id, one, other)?;
        let free = chains.opening().is_none() && chains.requesting.author == by;
        free.then_some(Self { chains })
    }

    /// The agreements that a request could be filed under, with their rules.
    #[must_use]
    pub fn agreements(&self) -> Vec<(event::AgreementReference, &'a Rules)> {
        let heard = self.chains.requested.head().map(|dispatch| dispatch.number);
        rule::adopted_by_both(self.chains, u64::MAX, heard)
    }

    /// Checks an opening statement.
    fn check(
        &self,
        by: State,
        at: Instant,
        statement: &event::Statement,
    ) -> Result<(), rejection::Rejection> {
        if by != self.chains.requesting.author {
            return Err(rejection::Rejection::SpeakerMustBeRequestingState);
        }
        let view = whole(self.chains, Side::Requesting, at, Said::default(), None);
        rule::understood(view.chains, view.side, view.heard, statement.kind())?;
        rule::check(&view, statement)
    }
}

/// Tells the two chains apart by who founds ids of this half.
fn sides<'a>(
    corridor: &'a Corridor,
    case: CaseId,
    one: &'a Chain,
    other: &'a Chain,
) -> Option<Chains<'a>> {
    let requesting = corridor.founder_of(&case);
    let requested = corridor.partner_of(requesting)?;
    let (asks, answers) = if one.author == requesting { (one, other) } else { (other, one) };
    (asks.author == requesting && answers.author == requested).then_some(Chains {
        corridor,
        case,
        requesting: asks,
        requested: answers,
    })
}

/// The view of everything that both chains hold.
fn whole<'a>(
    chains: Chains<'a>,
    side: Side,
    time: Instant,
    said: Said,
    rules: Option<&'a Rules>,
) -> View<'a> {
    let head = |side: Side| chains.of(side).head();
    let own = head(side);
    let partner = head(side.other());
    // When it would be said: a dispatch is never dated before its author's last one, nor earlier
    // than the skew before the latest that it has heard.
    let earliest = [
        own.map(|dispatch| dispatch.time),
        partner.map(|dispatch| dispatch.time.less(chains.corridor.skew)),
    ];
    View {
        chains,
        side,
        before: u64::MAX,
        own_until: own.map(|dispatch| dispatch.number),
        heard: partner.map(|dispatch| dispatch.number),
        time: earliest.into_iter().flatten().fold(time, Instant::max),
        said,
        causes: Vec::new(),
        rules,
    }
}

/// The number that people use.
fn number(view: &View<'_>) -> Option<CaseNumber> {
    let (_, filed) = view.said.requesting.filed.as_ref()?;
    Some(CaseNumber {
        requesting: view.chains.requesting.author,
        requested: view.chains.requested.author,
        year: filed.year,
        serial: filed.serial,
    })
}

/// A chain without the entries of other cases, and without what adopts or ends agreements: a case
/// that is open has its rules, and they are large.
fn only(chain: &Chain, case: CaseId) -> Chain {
    let entries = chain
        .entries
        .iter()
        .filter(|entry| match entry.case {
            Some(of) => of == case,
            None => !rule::is_of_an_agreement(entry),
        })
        .cloned()
        .collect();
    Chain { author: chain.author, dispatches: chain.dispatches.clone(), entries }
}
