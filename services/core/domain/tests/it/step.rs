//! The steps that a history is made of, as text that can be kept in a file and played again.
//!
//! `NL tries` asks the rules first, as an honest node does; `NL says` states whatever it likes.

use std::fmt;
use std::sync::Arc;

use domain::case::decide::Ordered;
use domain::case::decide::accept_request::{AcceptRequest, accept_request};
use domain::case::decide::add_evidence::{AddEvidence, add_evidence};
use domain::case::decide::admit_request::{AdmitRequest, admit_request};
use domain::case::decide::arrange_interview::{ArrangeInterview, arrange_interview};
use domain::case::decide::ask_clarification::{AskClarification, ask_clarification};
use domain::case::decide::cancel_transfer::{CancelTransfer, cancel_transfer};
use domain::case::decide::check_register::{CheckRegister, check_register};
use domain::case::decide::claim_silence::{ClaimSilence, claim_silence};
use domain::case::decide::close_case::{CloseCase, close_case};
use domain::case::decide::contest_entry::{ContestEntry, contest_entry};
use domain::case::decide::decide_identity::{DecideIdentity, IdentityVerdict, decide_identity};
use domain::case::decide::file_request::{FileRequest, file_request};
use domain::case::decide::give_clarification::{GiveClarification, give_clarification};
use domain::case::decide::issue_travel_document::{IssueTravelDocument, issue_travel_document};
use domain::case::decide::lift_hold::{LiftHold, lift_hold};
use domain::case::decide::notice_silence::{NoticeSilence, notice_silence};
use domain::case::decide::notify_transfer::{NotifyTransfer, notify_transfer};
use domain::case::decide::object_to_transfer::{ObjectToTransfer, object_to_transfer};
use domain::case::decide::order_erasure::{OrderErasure, order_erasure};
use domain::case::decide::place_hold::{PlaceHold, place_hold};
use domain::case::decide::rectify::{Rectify, rectify};
use domain::case::decide::refuse_request::{RefuseRequest, refuse_request};
use domain::case::decide::report_arrival::{ReportArrival, report_arrival};
use domain::case::decide::report_departure::{ReportDeparture, report_departure};
use domain::case::decide::report_erasure_done::{ReportErasureDone, report_erasure_done};
use domain::case::decide::report_interview::{InterviewCourse, ReportInterview, report_interview};
use domain::case::decide::report_non_departure::{ReportNonDeparture, report_non_departure};
use domain::case::decide::report_obstacle::{ReportObstacle, report_obstacle};
use domain::case::decide::report_obstacle_removed::{
    ReportObstacleRemoved, report_obstacle_removed,
};
use domain::case::decide::report_unreadable::{ReportUnreadable, report_unreadable};
use domain::case::decide::request_interview::{RequestInterview, request_interview};
use domain::case::decide::request_register_check::{RequestRegisterCheck, request_register_check};
use domain::case::decide::request_travel_document::{
    RequestTravelDocument, request_travel_document,
};
use domain::case::decide::restate::{Restate, restate};
use domain::case::decide::return_unconsidered::{ReturnUnconsidered, return_unconsidered};
use domain::case::decide::revoke_travel_document::{RevokeTravelDocument, revoke_travel_document};
use domain::case::decide::settle_dispute::{SettleDispute, settle_dispute};
use domain::case::decide::take_extension::{TakeExtension, take_extension};
use domain::case::decide::withdraw_request::{WithdrawRequest, withdraw_request};
use domain::case::event::{
    AgreementEnded, ClockCorrected, ErasureBasis, Event, KeyAnnounced, Kind, NonDeparture,
    Rectified, RefusalReason, RegisterFinding, RequestFiled, Restated, ResumeReason,
    ReturnDecision, ReturnReason, Speaker, Statement, TransferNotified, TransportMode,
    TravelDocumentIssued, WritingResumed,
};
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::case::{Case, Opening};
use domain::chain::{Chain, Content, Heard};
use domain::identifier::{CaseId, Digest};
use domain::person::Particulars;
use domain::referral::{LocalStatement, Safeguard};
use domain::rules::{Category, Rules};
use domain::safeguard::Safeguards;
use domain::time::{Date, Instant, Span};

use crate::history::{
    DAY, HOUR, History, MINUTE, fault_of, item, office, opaque, request, revocation, state,
};

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// So many minutes pass.
    Passes(u64),
    /// A State states this, asked or not.
    Says(Side, Manner, Vec<Word>),
    /// A State states this if the rules let it.
    Tries(Side, Guard, Word),
    /// A State stores what the other sent, up to a dispatch, and keeps silent.
    Stores(Side, u64),
    /// A State stores everything that the other sent, and receipts it.
    Hears(Side),
    /// A State goes on in the next era, if the other has proved a fault of its log.
    Succeeds(Side),
}

/// How a State makes a dispatch: when it says that is, and what it says to have heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// By its clock.
    Honest,
    /// As early as its own log and what it has heard allow.
    Early,
    /// Twelve hours later than its clock.
    Ahead,
    /// By its clock, and as if nothing had been heard since its last dispatch.
    Deaf,
}

/// Whether a safeguard is open on the own side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    Met,
    Open,
}

/// A statement, in short: what it is, and one number for what it carries (see [`Word::meant`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) what: What,
    pub(crate) number: Option<u64>,
}

/// What is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A kind of the vocabulary.
    Kind(Kind),
    /// Facts that nobody understands.
    Gibberish,
    /// A hold, in another case of the same corridor.
    Elsewhere,
}

impl Word {
    /// What the word means to a State at this point; the number is a position, a dispatch, a
    /// count of days or a variant, and without one the obvious is meant.
    fn meant(self, history: &History, side: Side, rules: &Rules) -> (Option<CaseId>, Content) {
        let case = Some(history.case);
        match self.what {
            What::Gibberish => (case, Content::NotUnderstood),
            What::Elsewhere => {
                let elsewhere = CaseId::new([2; 16]);
                (Some(elsewhere), Content::Stated(Arc::new(Statement::HoldPlaced)))
            }
            What::Kind(kind) => {
                // A key is announced where it does not belong: in the case.
                let corridor = kind.speaker() == Speaker::Corridor && kind != Kind::KeyAnnounced;
                let statement = self.statement(kind, history, side, rules);
                ((!corridor).then_some(history.case), Content::Stated(Arc::new(statement)))
            }
        }
    }

    pub(crate) fn statement(
        self,
        kind: Kind,
        history: &History,
        side: Side,
        rules: &Rules,
    ) -> Statement {
        let number = self.number.unwrap_or_default();
        let (own, partner) = (&history.node(side).own, &history.node(side).replica);
        let asks = if side == Side::Requesting { own } else { partner };
        let last = |chain: &Chain, kind: Kind| {
            let at = chain.entries.iter().rev().find(|entry| is(&entry.content, kind));
            self.number.unwrap_or_else(|| at.map_or(0, |entry| entry.position))
        };
        let notice = last(asks, Kind::TransferNotified);
        let first = |chain: &Chain| {
            let first = chain.entries.iter().find(|entry| entry.case == Some(history.case));
            self.number.unwrap_or_else(|| first.map_or(0, |entry| entry.position))
        };
        match kind {
            Kind::KeyAnnounced => {
                Statement::KeyAnnounced(KeyAnnounced { root_statement: Vec::new() })
            }
            Kind::CapabilitiesStated => {
                Statement::CapabilitiesStated(Kind::ALL.into_iter().map(Kind::number).collect())
            }
            Kind::AgreementAdopted => crate::history::adoption(rules),
            Kind::RequestFiled => Statement::RequestFiled(filed(number, history, rules)),
            Kind::EvidenceAdded => Statement::EvidenceAdded(match number {
                0 => vec![item("own_statement")],
                1 => vec![item("horoscope")],
                _ => Vec::new(),
            }),
            Kind::ClarificationGiven => {
                Statement::ClarificationGiven(last(partner, Kind::ClarificationAsked))
            }
            Kind::RegisterCheckRequested => Statement::RegisterCheckRequested,
            Kind::InterviewRequested => Statement::InterviewRequested(consulate(number)),
            Kind::TravelDocumentRequested => Statement::TravelDocumentRequested(consulate(number)),
            Kind::SilenceNoticed => Statement::SilenceNoticed,
            Kind::SilenceClaimed => Statement::SilenceClaimed(cited(self.number, partner)),
            Kind::RequestWithdrawn => Statement::RequestWithdrawn,
            Kind::TransferNotified => Statement::TransferNotified(notified(self.number, history)),
            Kind::TransferCancelled => Statement::TransferCancelled(notice),
            Kind::PersonDeparted => Statement::PersonDeparted(notice),
            Kind::PersonNotDeparted => {
                Statement::PersonNotDeparted(notice, NonDeparture::Absconded)
            }
            Kind::TakenBack => Statement::TakenBack,
            Kind::RequestAdmitted => Statement::RequestAdmitted,
            Kind::ClarificationAsked => Statement::ClarificationAsked,
            Kind::ExtensionTaken => Statement::ExtensionTaken(extends(self.number)),
            Kind::RegisterChecked => Statement::RegisterChecked(finding(number)),
            Kind::InterviewArranged => Statement::InterviewArranged,
            Kind::InterviewHeld => Statement::InterviewHeld,
            Kind::InterviewMissed => Statement::InterviewMissed,
            Kind::IdentityConfirmed => Statement::IdentityConfirmed,
            Kind::IdentityNotConfirmed => Statement::IdentityNotConfirmed,
            Kind::IdentityInconclusive => Statement::IdentityInconclusive,
            Kind::RequestAccepted => Statement::RequestAccepted,
            Kind::RequestRefused => {
                let some = self.number.is_none_or(|number| number > 0);
                Statement::RequestRefused(
                    some.then_some(RefusalReason::NotANational).into_iter().collect(),
                )
            }
            Kind::ReturnedUnconsidered => {
                let some = self.number.is_none_or(|number| number > 0);
                Statement::ReturnedUnconsidered(
                    some.then_some(ReturnReason::Incomplete).into_iter().collect(),
                )
            }
            Kind::TravelDocumentIssued => Statement::TravelDocumentIssued(issued(number, history)),
            Kind::TravelDocumentRevoked => {
                let answers = if side == Side::Requesting { partner } else { own };
                Statement::TravelDocumentRevoked(last(answers, Kind::TravelDocumentIssued))
            }
            Kind::TransferObjected => Statement::TransferObjected(notice),
            Kind::PersonArrived => Statement::PersonArrived,
            Kind::HoldPlaced => Statement::HoldPlaced,
            Kind::HoldLifted => Statement::HoldLifted,
            Kind::Rectified => Statement::Rectified(corrects(number)),
            Kind::KeyRevoked => revocation(self.number),
            Kind::ClockCorrected => {
                Statement::ClockCorrected(ClockCorrected { root_statement: opaque() })
            }
            Kind::FaultProved => {
                let next = partner.head().map_or(0, |head| head.number + 1);
                fault_of(self.number.unwrap_or(next))
            }
            Kind::AgreementEnded => Statement::AgreementEnded(AgreementEnded {
                ended: crate::history::reference(rules),
                ended_from: days_after(today(history), i64::try_from(number).unwrap_or_default()),
            }),
            // An era begins where a log is succeeded, and nowhere else.
            Kind::LogSucceeded | Kind::WritingResumed => {
                Statement::WritingResumed(WritingResumed {
                    reason: ResumeReason::MarkLost,
                    partner_holds: None,
                })
            }
            Kind::EntryUnreadable => Statement::EntryUnreadable(first(partner)),
            Kind::EntryContested => Statement::EntryContested(first(partner)),
            Kind::Restated => Statement::Restated(Restated {
                entry: first(own),
                sealed_body: opaque(),
                case_key: opaque(),
            }),
            Kind::DisputeSettled => Statement::DisputeSettled,
            Kind::ErasureOrdered => Statement::ErasureOrdered(ErasureBasis::RetentionOver),
            Kind::CaseClosed => Statement::CaseClosed,
            Kind::ErasureDone => Statement::ErasureDone,
            Kind::ObstacleReported => Statement::ObstacleReported,
            Kind::ObstacleRemoved => Statement::ObstacleRemoved,
        }
    }
}

/// By how much a reply is extended.
fn extends(number: Option<u64>) -> u32 {
    u32::try_from(number.unwrap_or(2)).unwrap()
}

fn is(content: &Content, kind: Kind) -> bool {
    matches!(content, Content::Stated(statement) if statement.kind() == kind)
}

/// The day in both States, an hour east of Greenwich.
fn today(history: &History) -> Date {
    let days = (history.now.as_ms() + HOUR) / DAY;
    days_after(Date::constant(1970, 1, 1), i64::try_from(days).unwrap())
}

fn days_after(date: Date, days: i64) -> Date {
    date.checked_add(jiff::Span::new().days(days)).unwrap()
}

fn consulate(number: u64) -> domain::identifier::Office {
    office(if number == 0 { "consulate-brussels" } else { "consulate-geneva" })
}

const fn finding(number: u64) -> RegisterFinding {
    match number {
        0 => RegisterFinding::NoHit,
        1 => RegisterFinding::Hit,
        _ => RegisterFinding::Ambiguous,
    }
}

const fn corrects(number: u64) -> Rectified {
    if number == 0 { Rectified::Person } else { Rectified::Other }
}

/// A request, with what may be wrong with it.
fn filed(number: u64, history: &History, rules: &Rules) -> RequestFiled {
    let mut filed = request(rules);
    let ago = |days: i64| Some(days_after(today(history), -days));
    let third_country = |filed: &mut RequestFiled, known_on| {
        filed.category = Category::ThirdCountryNational;
        filed.evidence = vec![item("entry_exit_stamps")];
        filed.irregular_stay_known_on = known_on;
    };
    match number {
        1 => third_country(&mut filed, ago(30)),
        2 => third_country(&mut filed, None),
        3 => third_country(&mut filed, ago(400)),
        4 => filed.return_decision = ReturnDecision::NotEnforceable,
        5 => filed.evidence = vec![item("horoscope")],
        6 => filed.category = Category::Stateless,
        7 => filed.under.version = 99,
        _ => {}
    }
    filed
}

/// A transfer in so many days; without a number, in a week.
fn notified(number: Option<u64>, history: &History) -> TransferNotified {
    let days = i64::try_from(number.unwrap_or(7)).unwrap();
    TransferNotified { on: days_after(today(history), days), mode: TransportMode::Air }
}

/// A travel document, with what may be wrong with it.
fn issued(number: u64, history: &History) -> TravelDocumentIssued {
    let today = today(history);
    let (from, days) = match number {
        0 => (today, 100),
        1 => (today, 30),
        _ => (days_after(today, 2), 100),
    };
    TravelDocumentIssued { issued_on: from, valid_until: days_after(from, days) }
}

/// A dispatch of the partner by its number, without one the last; from 1000 on, with a digest
/// that is wrong.
fn cited(number: Option<u64>, partner: &Chain) -> Heard {
    let last = partner.head().map_or(0, |head| head.number);
    let wanted = number.unwrap_or(last);
    let found = partner.dispatches.get(&(wanted % 1000)).filter(|_| wanted < 1000);
    Heard {
        era: 0,
        number: wanted % 1000,
        digest: found.map_or(Digest::new([9; 32]), |dispatch| dispatch.digest),
    }
}

/// What a step led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Led {
    /// Nothing that a rule was asked about.
    On,
    /// To what was asked for: so many entries were appended.
    Stated(usize),
    /// To nothing: it was the author's word already.
    Nothing,
    /// To a rejection.
    Rejected(Rejection),
}

/// Plays one step.
pub(crate) fn play(step: &Step, history: &mut History, rules: &Rules) -> Led {
    let cases = [Side::Requesting, Side::Requested].map(|side| history.case(side));
    let [asks, answers] = &cases;
    let known = |side: Side| match side {
        Side::Requesting => asks.as_ref(),
        Side::Requested => answers.as_ref(),
    };
    play_on(step, history, known, rules)
}

/// Plays one step, on the cases as they are known.
pub(crate) fn play_on<'a>(
    step: &Step,
    history: &mut History,
    known: impl FnOnce(Side) -> Option<&'a Case>,
    rules: &Rules,
) -> Led {
    match step {
        Step::Passes(minutes) => history.pass(minutes * MINUTE),
        Step::Says(side, manner, words) => {
            let mut said: Vec<_> = words.iter().map(|it| it.meant(history, *side, rules)).collect();
            // A correction counts as the first entry of a dispatch only.
            for (_, content) in said.iter_mut().skip(1) {
                if is(content, Kind::ClockCorrected) {
                    *content = Content::NotUnderstood;
                }
            }
            // Whoever proves a fault has heard what it has stored: the log ends there.
            let proves = said.iter().any(|(_, content)| is(content, Kind::FaultProved));
            let clock = match manner {
                Manner::Honest | Manner::Deaf => history.now,
                Manner::Early => Instant::from_ms(0),
                Manner::Ahead => history.now.plus(Span::from_ms(12 * HOUR)),
            };
            let last = history.node(*side).own.head();
            let heard = match manner {
                Manner::Deaf if !proves => last.and_then(|last| last.heard),
                Manner::Deaf | Manner::Honest | Manner::Early | Manner::Ahead => {
                    history.heard(*side)
                }
            };
            history.sends(*side, clock, heard, said);
        }
        Step::Stores(side, until) => {
            history.stores(*side, *until);
        }
        Step::Hears(side) => history.hears(*side),
        Step::Succeeds(side) => history.succeeds(*side),
        Step::Tries(side, guard, word) => {
            let events = match decide(history, known(*side), (*side, *guard, *word), rules) {
                None => return Led::On,
                Some(Err(rule)) => return Led::Rejected(rule),
                Some(Ok(events)) if events.is_empty() => return Led::Nothing,
                Some(Ok(events)) => events,
            };
            let stated = events.len();
            history.says(*side, events.into_iter().map(|event| event.statement));
            return Led::Stated(stated);
        }
    }
    Led::On
}

/// Asks the rules, as a node does; `None` where there is no case to ask about, or no command.
pub(crate) fn decide(
    history: &History,
    case: Option<&Case>,
    (side, guard, word): (Side, Guard, Word),
    rules: &Rules,
) -> Option<Result<Vec<Event>, Rejection>> {
    let What::Kind(kind) = word.what else {
        return None;
    };
    let statement = word.statement(kind, history, side, rules);
    let ordered = Ordered { by: state(side), at: history.now, particulars: Particulars::default() };
    if let Statement::RequestFiled(request) = statement {
        let node = history.node(side);
        let (corridor, case) = (&history.corridor, history.case);
        let opening = Opening::of(corridor, case, &node.own, &node.replica, state(side))?;
        return Some(file_request(&opening, FileRequest { ordered, request }));
    }
    let open = LocalStatement::SafeguardOpened(Safeguard::FitnessToTravel);
    let safeguards = Safeguards::of((guard == Guard::Open).then_some(&open));
    decide_on(case?, &safeguards, ordered, statement)
}

/// The command that leads to a statement, decided.
fn decide_on(
    case: &Case,
    safeguards: &Safeguards,
    ordered: Ordered,
    statement: Statement,
) -> Option<Result<Vec<Event>, Rejection>> {
    Some(match statement {
        Statement::KeyAnnounced(_)
        | Statement::CapabilitiesStated(_)
        | Statement::AgreementAdopted(_)
        | Statement::KeyRevoked(_)
        | Statement::ClockCorrected(_)
        | Statement::LogSucceeded(_)
        | Statement::FaultProved(_)
        | Statement::WritingResumed(_)
        | Statement::AgreementEnded(_)
        | Statement::RequestFiled(_)
        | Statement::TakenBack => return None,
        Statement::EvidenceAdded(evidence) => add_evidence(case, AddEvidence { ordered, evidence }),
        Statement::ClarificationGiven(question) => {
            give_clarification(case, GiveClarification { ordered, question })
        }
        Statement::RegisterCheckRequested => {
            request_register_check(case, RequestRegisterCheck { ordered })
        }
        Statement::InterviewRequested(addressed_to) => {
            request_interview(case, safeguards, RequestInterview { ordered, addressed_to })
        }
        Statement::TravelDocumentRequested(addressed_to) => {
            let command = RequestTravelDocument { ordered, addressed_to };
            request_travel_document(case, safeguards, command)
        }
        Statement::SilenceNoticed => notice_silence(case, NoticeSilence { ordered }),
        Statement::SilenceClaimed(_) => claim_silence(case, ClaimSilence { ordered }),
        Statement::RequestWithdrawn => withdraw_request(case, WithdrawRequest { ordered }),
        Statement::TransferNotified(transfer) => {
            notify_transfer(case, safeguards, NotifyTransfer { ordered, transfer })
        }
        Statement::TransferCancelled(_) => cancel_transfer(case, CancelTransfer { ordered }),
        Statement::PersonDeparted(_) => {
            report_departure(case, safeguards, ReportDeparture { ordered })
        }
        Statement::PersonNotDeparted(_, reason) => {
            report_non_departure(case, ReportNonDeparture { ordered, reason })
        }
        Statement::RequestAdmitted => admit_request(case, AdmitRequest { ordered }),
        Statement::ClarificationAsked => ask_clarification(case, AskClarification { ordered }),
        Statement::ExtensionTaken(count) => {
            take_extension(case, TakeExtension { ordered, count: Some(count) })
        }
        Statement::RegisterChecked(finding) => {
            check_register(case, CheckRegister { ordered, finding })
        }
        Statement::InterviewArranged => arrange_interview(case, ArrangeInterview { ordered }),
        Statement::InterviewHeld => {
            report_interview(case, ReportInterview { ordered, course: InterviewCourse::Held })
        }
        Statement::InterviewMissed => {
            report_interview(case, ReportInterview { ordered, course: InterviewCourse::Missed })
        }
        Statement::IdentityConfirmed => {
            decide_identity(case, DecideIdentity { ordered, verdict: IdentityVerdict::Confirmed })
        }
        Statement::IdentityNotConfirmed => {
            let verdict = IdentityVerdict::NotConfirmed;
            decide_identity(case, DecideIdentity { ordered, verdict })
        }
        Statement::IdentityInconclusive => {
            let verdict = IdentityVerdict::Inconclusive;
            decide_identity(case, DecideIdentity { ordered, verdict })
        }
        Statement::RequestAccepted => accept_request(case, AcceptRequest { ordered }),
        Statement::RequestRefused(reasons) => {
            let reasons = reasons.into_iter().collect();
            refuse_request(case, RefuseRequest { ordered, reasons })
        }
        Statement::ReturnedUnconsidered(reasons) => {
            let reasons = reasons.into_iter().collect();
            return_unconsidered(case, ReturnUnconsidered { ordered, reasons })
        }
        Statement::TravelDocumentIssued(issued) => {
            issue_travel_document(case, IssueTravelDocument { ordered, issued })
        }
        Statement::TravelDocumentRevoked(_) => {
            revoke_travel_document(case, RevokeTravelDocument { ordered })
        }
        Statement::TransferObjected(_) => object_to_transfer(case, ObjectToTransfer { ordered }),
        Statement::PersonArrived => report_arrival(case, ReportArrival { ordered }),
        Statement::HoldPlaced => place_hold(case, PlaceHold { ordered }),
        Statement::HoldLifted => lift_hold(case, LiftHold { ordered }),
        Statement::Rectified(corrects) => rectify(case, Rectify { ordered, corrects }),
        Statement::EntryUnreadable(entry) => {
            report_unreadable(case, ReportUnreadable { ordered, entry })
        }
        Statement::EntryContested(entry) => contest_entry(case, ContestEntry { ordered, entry }),
        Statement::Restated(restated) => restate(case, Restate { ordered, restated }),
        Statement::DisputeSettled => settle_dispute(case, SettleDispute { ordered }),
        Statement::ErasureOrdered(basis) => order_erasure(case, OrderErasure { ordered, basis }),
        Statement::ErasureDone => report_erasure_done(case, ReportErasureDone { ordered }),
        Statement::ObstacleReported => report_obstacle(case, ReportObstacle { ordered }),
        Statement::ObstacleRemoved => {
            report_obstacle_removed(case, ReportObstacleRemoved { ordered })
        }
        Statement::CaseClosed => close_case(case, CloseCase { ordered }),
    })
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::Kind(kind) => write!(f, "{kind:?}")?,
            What::Gibberish | What::Elsewhere => write!(f, "{:?}", self.what)?,
        }
        self.number.map_or(Ok(()), |number| write!(f, " {number}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passes(minutes) => write!(f, "{minutes} minutes pass"),
            Self::Says(side, manner, words) => {
                let words: Vec<String> = words.iter().map(ToString::to_string).collect();
                let said = words.join(" + ");
                match manner {
                    Manner::Honest => write!(f, "{} says {said}", state(*side)),
                    Manner::Early => write!(f, "{} says-early {said}", state(*side)),
                    Manner::Deaf => write!(f, "{} says-deaf {said}", state(*side)),
                    Manner::Ahead => write!(f, "{} says-ahead {said}", state(*side)),
                }
            }
            Self::Tries(side, Guard::Met, word) => write!(f, "{} tries {word}", state(*side)),
            Self::Tries(side, Guard::Open, word) => {
                write!(f, "{} tries-unsafe {word}", state(*side))
            }
            Self::Stores(side, until) => write!(f, "{} stores {until}", state(*side)),
            Self::Hears(side) => write!(f, "{} hears", state(*side)),
            Self::Succeeds(side) => write!(f, "{} succeeds", state(*side)),
        }
    }
}

impl Word {
    /// Reads a word: its name and, where it has one, its number.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split_whitespace();
        let name = parts.next().unwrap();
        let kind = Kind::ALL.into_iter().find(|kind| format!("{kind:?}") == name);
        let what = match (kind, name) {
            (Some(kind), _) => What::Kind(kind),
            (None, "Gibberish") => What::Gibberish,
            (None, "Elsewhere") => What::Elsewhere,
            (None, _) => panic!("no such word: {text}"),
        };
        Self { what, number: parts.next().map(|number| number.parse().unwrap()) }
    }
}

impl Step {
    /// Reads a step as it is printed.
    pub(crate) fn parse(line: &str) -> Self {
        let (who, rest) = line.split_once(' ').unwrap();
        if rest == "minutes pass" {
            return Self::Passes(who.parse().unwrap());
        }
        let side = [Side::Requesting, Side::Requested]
            .into_iter()
            .find(|side| state(*side).code() == who)
            .unwrap();
        let (verb, what) = rest.split_once(' ').unwrap_or((rest, ""));
        let words =
            || what.split('+').filter(|it| !it.trim().is_empty()).map(Word::parse).collect();
        match verb {
            "hears" => Self::Hears(side),
            "succeeds" => Self::Succeeds(side),
            "stores" => Self::Stores(side, what.parse().unwrap()),
            "tries" => Self::Tries(side, Guard::Met, Word::parse(what)),
            "tries-unsafe" => Self::Tries(side, Guard::Open, Word::parse(what)),
            "says" => Self::Says(side, Manner::Honest, words()),
            "says-early" => Self::Says(side, Manner::Early, words()),
            "says-deaf" => Self::Says(side, Manner::Deaf, words()),
            "says-ahead" => Self::Says(side, Manner::Ahead, words()),
            _ => panic!("no such step: {line}"),
        }
    }
}
