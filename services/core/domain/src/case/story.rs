//! Cases told in a few words, for the tests of decisions: given what was said, when a command is
//! given, then this is stated, or nothing, or this rule is broken.

use super::Case;
use super::decide::Ordered;
use super::event::{
    Event, Force, Kind, Position, RefusalReason, Restated, ReturnDecision, Statement,
    TransferNotified, TransportMode, TravelDocumentIssued,
};
use super::history::{
    DAY, HOUR, History, adoption, corridor, fault_of, office, opaque, request, revocation, rules,
    state,
};
use super::rejection::Rejection;
use super::said::Side;
use crate::chain::Heard;
use crate::person::Particulars;
use crate::referral::{LocalStatement, Safeguard};
use crate::rules::Rules;
use crate::safeguard::Safeguards;
use crate::time::Date;

/// The Netherlands, who ask.
pub(crate) const NL: Side = Side::Requesting;
/// Kosovo, who is asked.
pub(crate) const XK: Side = Side::Requested;

/// What was said so far, and who gives the command. Everything said is heard by the other State,
/// and so is that, unless a step says otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) history: History,
    by: Option<Side>,
    safeguard: bool,
}

impl Story {
    /// Both have adopted the rules, and nothing was said.
    pub(crate) fn under(rules: &Rules) -> Self {
        let mut history = History::new(corridor());
        for side in [NL, XK] {
            history.says(side, [adoption(rules)]);
        }
        history.exchange();
        Self { history, by: None, safeguard: false }
    }

    /// The Netherlands state.
    pub(crate) fn nl(self, statement: Statement) -> Self {
        self.unheard(NL, statement).heard()
    }

    /// Kosovo states.
    pub(crate) fn xk(self, statement: Statement) -> Self {
        self.unheard(XK, statement).heard()
    }

    /// A State states, and the other has not heard it yet.
    /// One whose log was proved to be faulty goes on in its next era first.
    pub(crate) fn unheard(mut self, side: Side, statement: Statement) -> Self {
        self.history.succeeds(side);
        self.history.says(side, [statement]);
        self
    }

    /// Both have heard everything, and know it.
    pub(crate) fn heard(mut self) -> Self {
        self.history.exchange();
        self
    }

    /// Days pass, in silence.
    pub(crate) fn days(self, days: u64) -> Self {
        self.hours(days * 24)
    }

    /// Hours pass, in silence.
    pub(crate) fn hours(mut self, hours: u64) -> Self {
        self.history.pass(hours * HOUR);
        self
    }

    /// Kosovo's heartbeat, which is heard.
    pub(crate) fn heartbeat(mut self) -> Self {
        self.history.says(XK, []);
        self.heard()
    }

    /// The command is given by this State.
    pub(crate) const fn by(mut self, side: Side) -> Self {
        self.by = Some(side);
        self
    }

    /// A safeguard is open where the command is given.
    pub(crate) const fn unsafely(mut self) -> Self {
        self.safeguard = true;
        self
    }

    /// The other State does not understand a kind.
    pub(crate) fn not_understood(mut self, kind: Kind) -> Self {
        self.history.corridor.kinds.remove(&kind.number());
        self
    }

    /// The position of a State's last entry.
    pub(crate) fn last(&self, side: Side) -> Position {
        self.history.node(side).own.entries.last().unwrap().position
    }

    /// Kosovo's last dispatch, as a claim cites it.
    pub(crate) fn word_of_xk(&self) -> Heard {
        let head = self.history.asks.replica.head().unwrap();
        Heard { era: 0, number: head.number, digest: head.digest }
    }

    /// The case, on the node where the command is given.
    pub(crate) fn case(&self) -> Case {
        self.history.case(self.by.unwrap()).unwrap()
    }

    /// Who gives the command, and when.
    pub(crate) fn ordered(&self) -> Ordered {
        let by = state(self.by.unwrap());
        Ordered { by, at: self.history.now, particulars: Particulars::default() }
    }

    /// The safeguards on the node where the command is given.
    pub(crate) fn safeguards(&self) -> Safeguards {
        let open = LocalStatement::SafeguardOpened(Safeguard::FitnessToTravel);
        Safeguards::of(self.safeguard.then_some(&open))
    }
}

/// A request is filed.
pub(crate) fn filed() -> Story {
    filed_under(&rules())
}

/// A request is filed, under these rules.
pub(crate) fn filed_under(rules: &Rules) -> Story {
    Story::under(rules).nl(Statement::RequestFiled(request(rules)))
}

/// A request was filed that should not have been.
pub(crate) fn ineffective() -> Story {
    let mut filed = request(&rules());
    filed.return_decision = ReturnDecision::NotEnforceable;
    Story::under(&rules()).nl(Statement::RequestFiled(filed))
}

pub(crate) fn withdrawn() -> Story {
    filed().nl(Statement::RequestWithdrawn)
}

pub(crate) fn refused() -> Story {
    filed().xk(refusal())
}

pub(crate) fn refusal() -> Statement {
    Statement::RequestRefused(vec![RefusalReason::NotANational])
}

pub(crate) fn accepted() -> Story {
    accepted_under(&rules())
}

/// A request is accepted, under these rules.
pub(crate) fn accepted_under(rules: &Rules) -> Story {
    filed_under(rules).xk(Statement::RequestAccepted)
}

/// The deadline for silence has passed, and the partner has spoken since, of other things.
pub(crate) fn silent() -> Story {
    filed().days(29).heartbeat()
}

/// The silence was noticed, and after the grace the partner has spoken of other things.
pub(crate) fn noticed() -> Story {
    silent().nl(Statement::SilenceNoticed).hours(25).heartbeat()
}

pub(crate) fn accepted_by_silence() -> Story {
    let noticed = noticed();
    let cited = noticed.word_of_xk();
    noticed.nl(Statement::SilenceClaimed(cited))
}

pub(crate) fn document_requested() -> Story {
    with_document_requested(accepted())
}

fn with_document_requested(story: Story) -> Story {
    story.nl(Statement::TravelDocumentRequested(office("consulate-brussels")))
}

pub(crate) fn document_issued() -> Story {
    document_issued_under(&rules())
}

/// A travel document is issued for somebody accepted under these rules.
pub(crate) fn document_issued_under(rules: &Rules) -> Story {
    let requested = with_document_requested(accepted_under(rules));
    requested.xk(Statement::TravelDocumentIssued(document(0, 100)))
}

/// A travel document, valid between these days from the start of the story.
pub(crate) fn document(from: i64, until: i64) -> TravelDocumentIssued {
    TravelDocumentIssued { issued_on: day(from), valid_until: day(until) }
}

pub(crate) fn transfer_notified() -> Story {
    document_issued().nl(Statement::TransferNotified(transfer(7)))
}

/// A transfer by air, so many days from the start of the story.
pub(crate) fn transfer(days: i64) -> TransferNotified {
    TransferNotified { on: day(days), mode: TransportMode::Air }
}

/// The notice period is over, and the partner has spoken since, of other things.
pub(crate) fn ready_to_depart() -> Story {
    ready_to_depart_under(&rules())
}

/// The same, under these rules.
pub(crate) fn ready_to_depart_under(rules: &Rules) -> Story {
    let notified = Statement::TransferNotified(transfer(7));
    document_issued_under(rules).nl(notified).days(5).heartbeat()
}

pub(crate) fn departed() -> Story {
    departed_under(&rules())
}

/// The same, under these rules.
pub(crate) fn departed_under(rules: &Rules) -> Story {
    let ready = ready_to_depart_under(rules);
    let notice = ready.last(NL);
    ready.nl(Statement::PersonDeparted(notice))
}

/// The partner's log contradicts itself at this number.
pub(crate) fn fault(number: u64) -> Statement {
    fault_of(number)
}

/// The own log key is revoked, from the dispatch after this one on.
pub(crate) fn revoked(last_good: Option<u64>) -> Statement {
    revocation(last_good)
}

/// What stood at a position is stated again.
pub(crate) fn restated(entry: Position) -> Statement {
    Statement::Restated(Restated { entry, sealed_body: opaque(), case_key: opaque() })
}

/// The Netherlands close their part.
pub(crate) fn closed(story: Story) -> Story {
    story.nl(Statement::CaseClosed)
}

/// A day, counted from the start of the story.
pub(crate) fn day(days: i64) -> Date {
    let start = super::history::MORNING.as_ms() / DAY;
    let days = days + i64::try_from(start).unwrap();
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap()
}

/// What a command leads to.
pub(crate) type Then = Result<Vec<Statement>, Rejection>;

/// This is stated.
pub(crate) fn states(statement: Statement) -> Then {
    Ok(vec![statement])
}

/// Nothing: it was the author's word already.
pub(crate) const fn nothing() -> Then {
    Ok(Vec::new())
}

/// Gives a command to `by`, unless the story names another, in each of these cases. The rules
/// that go before those of any command are checked with it, in their order.
#[track_caller]
pub(crate) fn check(
    by: Side,
    kind: Kind,
    when: impl Fn(&Story) -> Result<Vec<Event>, Rejection>,
    cases: impl IntoIterator<Item = (Story, Then)>,
) {
    let ask = |mut given: Story| {
        given.by = given.by.or(Some(by));
        when(&given).map(|events| events.into_iter().map(|event| event.statement).collect())
    };
    for (number, (given, then)) in (1..).zip(cases) {
        assert_eq!(ask(given), then, "case {number}");
    }
    let wrong = ineffective().not_understood(kind).unsafely();
    let speaker = match kind.speaker() {
        super::event::Speaker::Requesting => Some(Rejection::SpeakerMustBeRequestingState),
        super::event::Speaker::Requested => Some(Rejection::SpeakerMustBeRequestedState),
        super::event::Speaker::Either | super::event::Speaker::Corridor => None,
    };
    if let Some(rule) = speaker {
        assert_eq!(ask(wrong.by(by.other())), Err(rule), "the speaker comes first");
    }
    let unheard = ineffective().not_understood(kind);
    assert_eq!(ask(unheard), Err(Rejection::KindMustBeUnderstood), "then the vocabulary");
    assert_eq!(ask(ineffective()), Err(Rejection::OpeningMustBeEffective), "then the opening");
    let of_a_closed_part = matches!(
        kind,
        Kind::CaseClosed
            | Kind::DisputeSettled
            | Kind::HoldLifted
            | Kind::ErasureOrdered
            | Kind::ErasureDone
    );
    if kind.force() == Force::Act && !of_a_closed_part {
        let settled = if kind == Kind::RequestWithdrawn { refused() } else { withdrawn() };
        let closed = settled.unheard(by, Statement::CaseClosed).heard();
        assert_eq!(ask(closed), Err(Rejection::PartMustNotBeClosed), "then the part");
    }
}
