//! Watches a history: every invariant after every step, and what occurred in it.

use std::collections::BTreeSet;

use domain::case::Case;
use domain::case::event::{AgreementEnded, Force, Kind, Statement};
use domain::case::knowledge::{Judged, Verdict};
use domain::case::outcome::Standing;
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::chain::{Chain, sparse};
use domain::corridor::Corridor;
use domain::invariant;
use domain::rules::{
    Cited, ExtensionCounts, ExtensionNeeds, Length, Limit, Notice, ReplyExtension, Rules,
    SilenceEffect, Start, Unit,
};
use domain::time::Date;

use crate::crossing;
use crate::fault;
use crate::history::{self, DAY, History, Node, adoption};
use crate::step::{Guard, Led, Step, What, Word, decide, play_on};

/// Where a history takes place: the corridor, and what was adopted before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    /// The agreement of 2011.
    Plain,
    /// The same, but silence refuses.
    Refusing,
    /// The same, but it does not say what silence means.
    Mute,
    /// The same, without register check, interview, travel document and notice.
    Bare,
    /// Kinds of today are not understood from the start.
    Young,
    /// The rules end with the year, and the year ends.
    Ending,
    /// Only the requesting State has adopted anything.
    Unadopted,
    /// The requested State's adoption does not hold what it says.
    Hollow,
    /// Both have adopted a later version.
    Outdated,
    /// In force from next year on.
    Tomorrow,
    /// The requesting State may not ask.
    OneWay,
    /// Limits that start otherwise, a longer reply, a late document with a clock of its own, and
    /// silence that takes the requesting State's document along.
    Otherwise,
    /// The requested State has ended the agreement.
    Ended,
    /// The agreement of 2011, with a longer reply for whoever takes it.
    Extensible,
    /// The agreement of 2011, with longer time for whoever states an obstacle.
    Obstructed,
}

impl World {
    pub(crate) const ALL: [Self; 15] = [
        Self::Plain,
        Self::Refusing,
        Self::Mute,
        Self::Bare,
        Self::Young,
        Self::Ending,
        Self::Unadopted,
        Self::Hollow,
        Self::Outdated,
        Self::Tomorrow,
        Self::OneWay,
        Self::Otherwise,
        Self::Ended,
        Self::Extensible,
        Self::Obstructed,
    ];

    pub(crate) fn rules(self) -> Rules {
        let mut rules = history::rules();
        match self {
            Self::Plain
            | Self::Young
            | Self::Unadopted
            | Self::Hollow
            | Self::Outdated
            | Self::Ended => {}
            Self::Refusing => rules.silence.effect = SilenceEffect::DeemedRefused,
            Self::Mute => rules.silence.effect = SilenceEffect::NotStated,
            Self::Bare => {
                rules.register_check = None;
                rules.interview = None;
                rules.travel_document = None;
                rules.transfer_notice = None;
                rules.transfer = None;
                rules.refusal_reasons = None;
            }
            Self::Ending => rules.years.last = 2026,
            Self::Tomorrow => rules.in_force_from = Date::constant(2027, 1, 1),
            Self::OneWay => rules.directions.truncate(1),
            Self::Otherwise => otherwise(&mut rules),
            Self::Extensible => {
                rules.reply_extension = Some(extension(&rules, ExtensionCounts::WhenTaken));
            }
            Self::Obstructed => {
                let counts = ExtensionCounts::WhenObstacleStated;
                let after = extension(&rules, counts);
                rules.reply_extension = Some(ReplyExtension {
                    longest: None,
                    after_obstacle: after.longest,
                    needs: ExtensionNeeds::Reasons,
                    ..after
                });
                rules.transfer_extension = Some(rules.reply.source.clone());
            }
        }
        if self == Self::OneWay {
            rules.directions.reverse();
            for direction in &mut rules.directions {
                std::mem::swap(&mut direction.requesting, &mut direction.requested);
            }
        }
        rules
    }

    fn corridor(self) -> Corridor {
        let mut corridor = history::corridor();
        if self == Self::Young {
            for kind in [Kind::ClarificationAsked, Kind::HoldPlaced, Kind::InterviewRequested] {
                corridor.kinds.remove(&kind.number());
            }
        }
        corridor
    }

    /// The history before its first step.
    pub(crate) fn begin(self) -> History {
        let mut history = History::new(self.corridor());
        let rules = self.rules();
        if self == Self::Ending {
            history.pass(280 * DAY);
        }
        history.says(Side::Requesting, [adoption(&rules)]);
        match self {
            Self::Unadopted => history.says(Side::Requested, []),
            Self::Hollow => {
                let mut hollow = adoption(&rules);
                if let Statement::AgreementAdopted(adopted) = &mut hollow {
                    adopted.rules = None;
                }
                history.says(Side::Requested, [hollow]);
            }
            Self::Ended => {
                let ended = AgreementEnded {
                    ended: history::reference(&rules),
                    ended_from: rules.in_force_from,
                };
                let said = [adoption(&rules), Statement::AgreementEnded(ended)];
                history.says(Side::Requested, said);
            }
            Self::Plain
            | Self::Refusing
            | Self::Mute
            | Self::Bare
            | Self::Young
            | Self::Ending
            | Self::Outdated
            | Self::Tomorrow
            | Self::OneWay
            | Self::Otherwise
            | Self::Extensible
            | Self::Obstructed => history.says(Side::Requested, [adoption(&rules)]),
        }
        if self == Self::Outdated {
            let mut later = rules;
            later.version = 2;
            for side in [Side::Requesting, Side::Requested] {
                history.says(side, [adoption(&later)]);
            }
        }
        history.exchange();
        history
    }
}

/// Three days more for the reply.
fn extension(rules: &Rules, counts: ExtensionCounts) -> ReplyExtension {
    ReplyExtension {
        longest: Some(Length { count: 3, unit: Unit::CalendarDays }),
        after_obstacle: None,
        needs: ExtensionNeeds::DulyMotivatedRequest,
        counts,
        source: rules.reply.source.clone(),
    }
}

/// What agreements say otherwise than that of 2011, all at once.
fn otherwise(rules: &mut Rules) {
    let source = rules.reply.source.clone();
    let days = |count| Length { count, unit: Unit::CalendarDays };
    let limit = |count, starts_on| Limit { length: days(count), starts_on, source: source.clone() };
    rules.reply.starts_on = Start::ConfirmedReceiptOfApplication;
    rules.silence.limit.starts_on = Start::SubmissionOfApplication;
    rules.silence.effect = SilenceEffect::DeemedAcceptedWithDocument;
    rules.reply_with_interview =
        Some(Cited { value: Start::InterviewResult, source: source.clone() });
    rules.reply_extension = Some(extension(rules, ExtensionCounts::Always));
    rules.transfer = Some(limit(60, Start::ReceiptOfPositiveReply));
    rules.escorted_transfer_notice = Some(Notice { length: days(4), source: source.clone() });
    if let Some(document) = &mut rules.travel_document {
        document.issue = Some(limit(3, Start::TravelDocumentRequest));
        document.reissue_limit = Some(limit(6, Start::TravelDocumentRequest));
        document.late_after = Some(limit(5, Start::DateOfRequest));
    }
}

/// What occurred in a history. Sets of indices into the lists of [`Seen::names`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) results: BTreeSet<&'static str>,
    pub(crate) standings: BTreeSet<&'static str>,
    pub(crate) crossings: BTreeSet<&'static str>,
    /// What went wrong, or was answered.
    pub(crate) faults: BTreeSet<&'static str>,
    /// Rules that something on the record broke.
    pub(crate) judged: BTreeSet<usize>,
    /// Rules that a command would have broken.
    pub(crate) decided: BTreeSet<usize>,
}

/// The index of a rule in [`Rejection::ALL`].
fn index(rule: Rejection) -> usize {
    let same = |other: &Rejection| std::mem::discriminant(other) == std::mem::discriminant(&rule);
    Rejection::ALL.iter().position(same).unwrap()
}

/// Kinds whose matter is in the sealed body: the same command again may be another fact.
const REPEATABLE: [Kind; 4] =
    [Kind::EvidenceAdded, Kind::ClarificationAsked, Kind::InterviewArranged, Kind::Rectified];

/// Commands whose rules ask for dispatches: who has heard what, and when.
const ASK_FOR_DISPATCHES: [Kind; 6] = [
    Kind::SilenceNoticed,
    Kind::SilenceClaimed,
    Kind::TravelDocumentRequested,
    Kind::TransferNotified,
    Kind::PersonDeparted,
    Kind::DisputeSettled,
];

/// A history that is being watched.
pub(crate) struct Watch {
    pub(crate) history: History,
    rules: Rules,
    cases: [Option<Case>; 2],
    pub(crate) seen: Seen,
}

impl Watch {
    pub(crate) fn new(world: World) -> Self {
        Self {
            history: world.begin(),
            rules: world.rules(),
            cases: [None, None],
            seen: Seen::default(),
        }
    }

    /// Plays a step and asks every invariant, and whether the decision and the judgement agree.
    pub(crate) fn step(&mut self, step: &Step) -> Result<(), String> {
        let again = match step {
            Step::Tries(side, _, word) => Some((*side, *word)),
            Step::Passes(_)
            | Step::Says(..)
            | Step::Stores(..)
            | Step::Hears(_)
            | Step::Succeeds(_) => None,
        };
        let heads = |history: &History| {
            [Side::Requesting, Side::Requested].map(|side| {
                let node = history.node(side);
                [&node.own, &node.replica].map(|chain| chain.head().copied())
            })
        };
        let before = heads(&self.history);
        let asks = |kind: Kind| ASK_FOR_DISPATCHES.contains(&kind);
        if let Some((side, word)) = again
            && matches!(word.what, What::Kind(kind) if asks(kind))
        {
            self.same_on_sparse(side, word)?;
        }
        let known = |side: Side| self.cases[slot(side)].as_ref();
        let led = play_on(step, &mut self.history, known, &self.rules);
        let side = match step {
            Step::Passes(_) => return Ok(()),
            Step::Says(side, ..)
            | Step::Tries(side, ..)
            | Step::Stores(side, _)
            | Step::Hears(side)
            | Step::Succeeds(side) => *side,
        };
        if let Led::Rejected(rule) = led {
            self.seen.decided.insert(index(rule));
        }
        if heads(&self.history) != before {
            self.look(side)?;
        }
        if let (Led::Stated(_), Step::Tries(_, Guard::Open, word)) = (&led, step)
            && word.what == What::Kind(Kind::PersonDeparted)
        {
            return Err("invariant 13: a person left while a safeguard was open".to_owned());
        }
        if let (Led::Stated(count), Some((side, word))) = (&led, again) {
            self.was_effective(side, *count)?;
            let case = self.cases[slot(side)].as_ref();
            let repeated = decide(&self.history, case, (side, Guard::Met, word), &self.rules);
            let may = matches!(word.what, What::Kind(kind) if REPEATABLE.contains(&kind));
            if let Some(repeated) = repeated.filter(|again| !may && *again != Ok(Vec::new())) {
                return Err(format!("{word} again leads to {repeated:?}"));
            }
        }
        Ok(())
    }

    /// What is decided on cut-down chains is what is decided on whole ones, to the dispatch cited.
    fn same_on_sparse(&self, side: Side, word: Word) -> Result<(), String> {
        let History { corridor, case, .. } = &self.history;
        let node = self.history.node(side);
        let (own, replica) = sparse::of_case(corridor, *case, &node.own, &node.replica);
        let mut less = self.history.clone();
        *less.node_mut(side) = Node { own, replica, era: node.era };
        let decided = |history: &History, case: Option<&Case>| {
            decide(history, case, (side, Guard::Met, word), &self.rules)
        };
        let whole = decided(&self.history, self.cases[slot(side)].as_ref());
        let cut = decided(&less, less.case(side).as_ref());
        if whole == cut { Ok(()) } else { Err(format!("{whole:?}, but cut down {cut:?}")) }
    }

    /// What `decide` let pass is judged effective.
    fn was_effective(&self, side: Side, count: usize) -> Result<(), String> {
        let case = self.cases[slot(side)].as_ref().ok_or("a case that was stated in is gone")?;
        let own = case.history.iter().filter(|judged| judged.side == side);
        let own: Vec<&Judged> = own.collect();
        let stated = &own[own.len() - count..];
        let wrong = stated.iter().find(|judged| judged.verdict != Verdict::Effective);
        wrong.map_or(Ok(()), |judged| Err(format!("decided, and judged otherwise: {judged:?}")))
    }

    /// Looks at the case of the node that moved.
    fn look(&mut self, side: Side) -> Result<(), String> {
        let corridor = &self.history.corridor;
        let (here, there) = (self.history.node(side), self.history.node(side.other()));
        let case = self.history.case(side);
        let say = |broken: invariant::Broken| broken.to_string();
        invariant::log_is_sound(&here.own, &here.replica, corridor.skew).map_err(say)?;
        invariant::log_is_sound(&here.replica, &here.own, corridor.skew).map_err(say)?;
        invariant::replica_is_a_prefix(&there.own, &here.replica).map_err(say)?;
        invariant::replica_is_a_prefix(&here.own, &there.replica).map_err(say)?;
        if let Some(case) = &case {
            invariant::silence_is_proved(case).map_err(say)?;
            invariant::departure_met_every_condition(case).map_err(say)?;
            if let Some(before) = &self.cases[slot(side)] {
                invariant::confirmed_outcome_stays(before, case).map_err(say)?;
                invariant::back_dating_gains_nothing(before, case).map_err(say)?;
            }
            let (asks, answers) = match side {
                Side::Requesting => (&here.own, &here.replica),
                Side::Requested => (&here.replica, &here.own),
            };
            invariant::same_case(case, asks, answers).map_err(say)?;
            if let Some(other) = &self.cases[slot(side.other())] {
                invariant::nodes_converge(case, other).map_err(say)?;
            }
            self.seen.results.insert(case.outcome_word());
            self.seen.standings.insert(match case.standing {
                Standing::Provisional => "provisional",
                Standing::Confirmed => "confirmed",
                Standing::Disputed => "disputed",
            });
        }
        self.cases[slot(side)] = case;
        Ok(())
    }

    /// What is to be counted at the end.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        for case in self.cases.iter().flatten() {
            for judged in &case.history {
                match judged.verdict {
                    Verdict::Effective => {}
                    Verdict::Ineffective(rule) | Verdict::Breach(rule) => {
                        self.seen.judged.insert(index(rule));
                    }
                }
                report_stands(judged)?;
            }
            self.seen.faults.extend(fault::occurred(case, &self.history));
            self.seen.crossings.extend(crossing::occurred(case, &self.history));
        }
        self.same_as_it_was()
    }

    /// The case as it stood in the middle of a log can be told from chains cut down at the end.
    fn same_as_it_was(&self) -> Result<(), String> {
        let History { corridor, case, asks, .. } = &self.history;
        let half = asks.own.head().map_or(0, |head| head.number / 2);
        let heard = asks.own.dispatches.get(&half).and_then(|it| it.heard).map(|it| it.number);
        let then = |own: &Chain, replica: &Chain| {
            let (own, replica) = (up_to(own, Some(half)), up_to(replica, heard));
            Case::of(corridor, *case, &own, &replica).map(|case| case.text())
        };
        let (few, fewer) = sparse::of_case(corridor, *case, &asks.own, &asks.replica);
        let (whole, cut) = (then(&asks.own, &asks.replica), then(&few, &fewer));
        if whole == cut { Ok(()) } else { Err(format!("was {whole:?}, but cut down {cut:?}")) }
    }
}

/// The beginning of a chain, up to a dispatch.
fn up_to(chain: &Chain, last: Option<u64>) -> Chain {
    let mut beginning = chain.clone();
    beginning.dispatches.retain(|number, _| Some(*number) <= last);
    beginning.entries.retain(|entry| Some(entry.dispatch) <= last);
    beginning
}

/// A report of a State that has the case stands, whatever rule it broke.
fn report_stands(judged: &Judged) -> Result<(), String> {
    let force = judged.statement.as_ref().map(|statement| statement.kind().force());
    let may = match (force, judged.verdict) {
        (_, Verdict::Effective)
        | (None | Some(Force::Act), Verdict::Ineffective(_))
        | (Some(Force::Report), Verdict::Breach(_)) => true,
        (None | Some(Force::Act), Verdict::Breach(_)) => false,
        (Some(Force::Report), Verdict::Ineffective(rule)) => matches!(
            rule,
            Rejection::KindMustBeUnderstood
                | Rejection::OpeningMustBeHeard
                | Rejection::OpeningMustBeEffective
                | Rejection::SpeakerMustBeRequestingState
                | Rejection::SpeakerMustBeRequestedState
                | Rejection::KeyMustNotBeRevoked
        ),
    };
    if may { Ok(()) } else { Err(format!("judged beyond its force: {judged:?}")) }
}

const fn slot(side: Side) -> usize {
    match side {
        Side::Requesting => 0,
        Side::Requested => 1,
    }
}
