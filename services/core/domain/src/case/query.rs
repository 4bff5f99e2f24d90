//! Questions answered from a case: what changed, who is concerned, what is due, and why.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::event::{Force, Position};
use super::knowledge::{Judged, Verdict};
use super::outcome::{self, Ground, Outcome, Settlement, Standing};
use super::said::{At, Identity, Side};
use super::{Case, crossing, dispute, limit, obstacle, rule};
use crate::clock::{Deadline, NotComputable};
use crate::identifier::{Office, State};
use crate::rules::{Limit, Source};
use crate::time::Instant;

/// What a screen showed: the last act of each State. Reports and receipts do not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag {
    requesting: u64,
    requested: u64,
}

impl std::fmt::Display for Etag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.requesting, self.requested)
    }
}

impl Etag {
    /// Reads the printed form; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (requesting, requested) = text.split_once('-')?;
        let etag =
            Self { requesting: requesting.parse().ok()?, requested: requested.parse().ok()? };
        (etag.to_string() == text).then_some(etag)
    }
}

/// Which deadline it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadlineKind {
    /// To reply to the request.
    Reply,
    /// After which silence may be noticed.
    Silence,
    /// To check the population register.
    RegisterCheck,
    /// To issue the travel document.
    TravelDocument,
    /// To transfer the person.
    Transfer,
}

/// A deadline of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Which it is.
    pub kind: DeadlineKind,
    /// Who must act.
    pub acting: State,
    /// The deadline, or why it cannot be computed; then it has never passed.
    pub deadline: Result<Deadline, NotComputable>,
    /// The limit that runs, and when it started.
    pub began: Option<(Limit, Instant)>,
    /// Whether what it asks for has been done.
    pub met: Met,
    /// The entries that moved its end, in order.
    pub moved: Vec<Moved>,
}

/// An entry that moved the end of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// How.
    pub how: How,
    /// Who stated it.
    pub by: Side,
    /// The entry.
    pub at: At,
}

/// How an entry moves the end of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It makes the limit longer: one for each of its deadline's `extended_by`, in order.
    Longer,
    /// An obstacle is removed, and starts the time that is left.
    StartsAnew,
    /// An obstacle lasts: the end is not known until it is removed.
    Waits,
}

/// Whether what a deadline asks for has been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Done, or nothing is to be done any more.
    Settled,
    /// Still to be done.
    Pending,
}

/// Why the outcome is what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The deciding entry, if the request is not open.
    pub deciding: Option<Judged>,
    /// The rule, in words.
    pub rule: &'static str,
    /// Where the rule stands in the agreement, if it comes from there.
    pub source: Option<Source>,
    /// Every deadline of the case.
    pub deadlines: Vec<Due>,
}

impl Case {
    /// What a screen that shows this case must carry to give something away.
    #[must_use]
    pub fn etag(&self) -> Etag {
        let last = |side: Side| {
            self.acts(side).map(|judged| judged.at.position + 1).max().unwrap_or_default()
        };
        Etag { requesting: last(Side::Requesting), requested: last(Side::Requested) }
    }

    /// Acts stated since a screen was shown.
    #[must_use]
    pub fn changed_since(&self, etag: Etag) -> Vec<&Judged> {
        let since = |judged: &&Judged| {
            judged.at.position
                >= match judged.side {
                    Side::Requesting => etag.requesting,
                    Side::Requested => etag.requested,
                }
        };
        let acts = [Side::Requesting, Side::Requested];
        acts.into_iter().flat_map(|side| self.acts(side)).filter(since).collect()
    }

    /// Effective acts of a side.
    fn acts(&self, side: Side) -> impl Iterator<Item = &Judged> {
        self.history.iter().filter(move |judged| {
            let act = judged
                .statement
                .as_ref()
                .is_some_and(|statement| statement.kind().force() == Force::Act);
            judged.side == side && act && judged.verdict.stands()
        })
    }

    /// The offices of one State that the case concerns.
    #[must_use]
    pub fn offices(&self, state: State) -> BTreeSet<Office> {
        let asks = &self.said.requesting;
        let mut offices = BTreeSet::new();
        match self.side(state) {
            Some(Side::Requesting) => {
                offices.extend(asks.filed.iter().map(|(_, filed)| filed.filed_by.clone()));
            }
            Some(Side::Requested) => {
                offices.extend(asks.filed.iter().map(|(_, filed)| filed.addressed_to.clone()));
                offices.extend(asks.interviews.iter().map(|(_, office)| office.clone()));
                offices.extend(asks.document_requests.iter().map(|(_, office)| office.clone()));
            }
            None => {}
        }
        offices
    }

    /// The notice of silence that counts still. One that a longer reply or an obstacle made too
    /// early is none, until it is given again.
    #[must_use]
    pub fn notice_of_silence(&self) -> Option<At> {
        let view = self.view(Side::Requesting, Instant::from_ms(0));
        self.said.requesting.notice.filter(|notice| rule::counts(&view, *notice))
    }

    /// Every deadline that has started, in a fixed order.
    #[must_use]
    pub fn deadlines(&self) -> Vec<Due> {
        let Some(rules) = &self.rules else {
            return Vec::new();
        };
        let view = self.view(Side::Requesting, Instant::from_ms(0));
        let settled = |settled: bool| if settled { Met::Settled } else { Met::Pending };
        let answered = self.outcome != Outcome::Open;
        let over = self.outcome.accepted().is_none();
        let departed = self.said.requesting.departed.is_some();
        let checked = self.said.requested.register.is_some();
        let document = !matches!(self.document, crossing::DocumentSituation::Requested(_));
        let requested = self.requested;
        let found = [
            (DeadlineKind::Reply, requested, outcome::reply(&view, rules), answered),
            (DeadlineKind::Silence, requested, outcome::silence(&view, rules), answered),
            (
                DeadlineKind::RegisterCheck,
                requested,
                outcome::register_check(&view, rules),
                checked || answered,
            ),
            (
                DeadlineKind::TravelDocument,
                requested,
                outcome::travel_document(&view, rules),
                document || over,
            ),
            (
                DeadlineKind::Transfer,
                self.requesting,
                outcome::transfer(&view, rules),
                departed || over,
            ),
        ];
        let due = found.into_iter().filter_map(|(kind, acting, deadline, done)| {
            let deadline = deadline?;
            let moved = obstacle::moved(&view, rules, kind, deadline.as_ref());
            let began = limit::began(&view, rules, kind);
            Some(Due { kind, acting, deadline, began, met: settled(done), moved })
        });
        due.collect()
    }

    /// Why the outcome is what it is.
    #[must_use]
    pub fn explain(&self) -> Explanation {
        let rules = self.rules.as_ref();
        let silence = || rules.map(|rules| rules.silence.source.clone());
        let reply = || rules.map(|rules| rules.reply.source.clone());
        let (rule, source) = match self.outcome {
            Outcome::Open => ("the request has neither been answered nor withdrawn", None),
            Outcome::Settled(Settlement::Accepted(Ground::Answer(_))) => {
                ("the requested State accepted", reply())
            }
            Outcome::Settled(Settlement::Accepted(Ground::Silence(_))) => {
                ("proved silence counts as acceptance", silence())
            }
            Outcome::Settled(Settlement::Refused(Ground::Answer(_))) => {
                ("the requested State refused", reply())
            }
            Outcome::Settled(Settlement::Refused(Ground::Silence(_))) => {
                ("proved silence counts as refusal", silence())
            }
            Outcome::Settled(Settlement::Returned(_)) => {
                ("the requested State sent the request back unconsidered", None)
            }
            Outcome::Withdrawn(_) => (
                "withdrawn before the requesting State had heard an answer or proved silence",
                None,
            ),
            Outcome::CancelledAfter(settlement, _) => match settlement.deciding().0 {
                Side::Requesting => {
                    ("withdrawn after the requesting State had proved silence", None)
                }
                Side::Requested => {
                    ("withdrawn after the requesting State had heard the answer", None)
                }
            },
        };
        let deciding = self.outcome.deciding().and_then(|(side, at)| {
            self.history.iter().find(|judged| judged.side == side && judged.at == at).cloned()
        });
        Explanation { deciding, rule, source, deadlines: self.deadlines() }
    }

    /// Labels under which the node of `state` finds the case: inboxes of offices that must act,
    /// deadlines by day, all cases of an office, what the partner could not read.
    #[must_use]
    pub fn labels(&self, state: State) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        labels.insert("case".to_owned());
        let partner = if state == self.requesting { self.requested } else { self.requesting };
        let standing = match self.standing {
            Standing::Provisional => "provisional",
            Standing::Confirmed => "confirmed",
            Standing::Disputed => "disputed",
        };
        labels.insert(format!("outcome/{partner}/{}/{standing}", self.outcome_word()));
        if self.standing == Standing::Disputed {
            labels.insert("disputed".to_owned());
        }
        if !self.to_restate(state).is_empty() {
            labels.insert(format!("restate/{partner}"));
        }
        labels.extend(self.number.map(|number| format!("number/{number}")));
        for office in self.offices(state) {
            labels.insert(format!("office/{office}"));
        }
        for office in self.waiting_for(state) {
            labels.insert(format!("inbox/{office}"));
        }
        for due in self.deadlines().iter().filter(|due| due.met == Met::Pending) {
            if let Ok(deadline) = &due.deadline {
                for office in self.offices(state) {
                    labels.insert(format!("due/{office}/{}/{:?}", deadline.last_day, due.kind));
                }
            }
        }
        labels
    }

    /// Entries of `state` that its partner could not read and that it has not said again. None once
    /// either State has ordered that the case be erased: the key travels no more.
    #[must_use]
    pub fn to_restate(&self, state: State) -> BTreeSet<Position> {
        let Some(side) = self.side(state) else {
            return BTreeSet::new();
        };
        if self.erasure_is_ordered() {
            return BTreeSet::new();
        }
        let own = self.chains().of(side);
        // Whoever names what is not there breaks a rule, and has said it all the same.
        let is_own = |at: &Position| own.entry_at(*at).is_some_and(|it| it.case == Some(self.id));
        let restated = &self.said.either(side).restated;
        let again = |at: &Position| restated.iter().any(|(_, said)| said == at);
        let unreadable = self.said.either(side.other()).unreadable.iter().map(|(_, at)| *at);
        unreadable.filter(|at| is_own(at) && !again(at)).collect()
    }

    /// Whether either State has ordered that the case be erased.
    #[must_use]
    pub fn erasure_is_ordered(&self) -> bool {
        let ordered = |side| self.said.either(side).erasure_ordered.is_some();
        ordered(Side::Requesting) || ordered(Side::Requested)
    }

    /// Whether the other State is shown to have heard the deciding entry, disputed or not.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.outcome.is_heard(&self.view(Side::Requesting, Instant::from_ms(0)))
    }

    /// The offices of `state` that must act next.
    fn waiting_for(&self, state: State) -> BTreeSet<Office> {
        let asks = &self.said.requesting;
        let answers = &self.said.requested;
        let Some(side) = self.side(state) else {
            return BTreeSet::new();
        };
        let Some((_, filed)) = &asks.filed else {
            return BTreeSet::new();
        };
        let mut offices = BTreeSet::new();
        // A dispute waits for whoever has not settled it, also where the part is closed.
        let settled = || dispute::settled(&self.view(side, Instant::from_ms(0)), side);
        if self.standing == Standing::Disputed && !settled() {
            offices.insert(match side {
                Side::Requesting => filed.filed_by.clone(),
                Side::Requested => filed.addressed_to.clone(),
            });
        }
        if self.said.either(side).closed.is_some() {
            return offices;
        }
        match side {
            Side::Requested => {
                if self.outcome == Outcome::Open {
                    offices.insert(filed.addressed_to.clone());
                    let undecided = matches!(answers.identity, Identity::Undecided);
                    let consulates = asks.interviews.iter().map(|(_, office)| office.clone());
                    offices.extend(consulates.filter(|_| undecided));
                }
                let requested = matches!(self.document, crossing::DocumentSituation::Requested(_));
                if requested && self.outcome.accepted().is_some() {
                    let consulate = asks.document_requests.last();
                    offices.extend(consulate.map(|(_, office)| office.clone()));
                }
                let departed = asks.departed.is_some() && answers.arrived.is_none();
                let stopped = matches!(self.document, crossing::DocumentSituation::ToBeRevoked(_));
                if departed || stopped {
                    offices.insert(filed.addressed_to.clone());
                }
            }
            Side::Requesting => {
                let questions = answers.questions.iter();
                let unanswered =
                    questions.clone().any(|question| !asks.clarified.contains(&question.position));
                let transferable = self.outcome.accepted().is_some()
                    && asks.departed.is_none()
                    && self.standing == Standing::Confirmed;
                if unanswered || transferable {
                    offices.insert(filed.filed_by.clone());
                }
            }
        }
        offices
    }

    /// One word for the outcome.
    #[must_use]
    pub const fn outcome_word(&self) -> &'static str {
        match self.outcome {
            Outcome::Open => "open",
            Outcome::Settled(Settlement::Accepted(Ground::Answer(_))) => "accepted",
            Outcome::Settled(Settlement::Accepted(Ground::Silence(_))) => "accepted-by-silence",
            Outcome::Settled(Settlement::Refused(Ground::Answer(_))) => "refused",
            Outcome::Settled(Settlement::Refused(Ground::Silence(_))) => "refused-by-silence",
            Outcome::Settled(Settlement::Returned(_)) => "returned-unconsidered",
            Outcome::Withdrawn(_) => "withdrawn",
            Outcome::CancelledAfter(..) => "cancelled-after",
        }
    }

    /// The whole case as text: the same on every node and on a third, byte for byte. Who holds
    /// only part of a chain holds the same text for that part.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |words: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{words}");
        };
        line(format_args!("case {}", self.id));
        if let Some(number) = self.number {
            line(format_args!("number {number}"));
        }
        line(format_args!("requesting {} requested {}", self.requesting, self.requested));
        if let Some(rules) = &self.rules {
            line(format_args!("under {} version {}", rules.agreement, rules.version));
        }
        for judged in &self.history {
            line(format_args!("{}", Line(judged)));
        }
        line(format_args!("outcome {} {:?}", self.outcome_word(), self.outcome));
        line(format_args!("standing {:?} timeliness {:?}", self.standing, self.timeliness));
        line(format_args!("document {:?}", self.document));
        line(format_args!("transfer {:?}", self.transfer));
        line(format_args!("acceptance {:?}", self.covers_person));
        for cause in &self.causes {
            let by = self.state(cause.side);
            line(format_args!("doubt {:?} by {by} in {:?}", cause.doubt, cause.at));
        }
        for due in self.deadlines() {
            let day = due.deadline.as_ref().map(|deadline| deadline.last_day);
            line(format_args!("deadline {:?} of {}: {day:?} {:?}", due.kind, due.acting, due.met));
        }
        text
    }
}

/// One entry in a line.
struct Line<'a>(&'a Judged);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Judged { author, at, statement, verdict, .. } = self.0;
        write!(f, "{author} {} in dispatch {} at {}: ", at.position, at.dispatch, at.time)?;
        match statement {
            Some(statement) => write!(f, "{statement:?}")?,
            None => f.write_str("not understood")?,
        }
        match verdict {
            Verdict::Effective => Ok(()),
            Verdict::Ineffective(rule) => write!(f, " (ineffective: {rule})"),
            Verdict::Breach(rule) => write!(f, " (breach: {rule})"),
        }
    }
}
