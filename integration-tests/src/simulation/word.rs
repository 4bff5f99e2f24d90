//! What a word means to a State at a point of a history, and the command that leads to it.

use std::collections::BTreeSet;

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
use domain::case::decide::return_unconsidered::{ReturnUnconsidered, return_unconsidered};
use domain::case::decide::revoke_travel_document::{RevokeTravelDocument, revoke_travel_document};
use domain::case::decide::settle_dispute::{SettleDispute, settle_dispute};
use domain::case::decide::take_extension::{TakeExtension, take_extension};
use domain::case::decide::withdraw_request::{WithdrawRequest, withdraw_request};
use domain::case::event::{
    AgreementReference, ErasureBasis, Event, KeyAnnounced, Kind, NonDeparture, Rectified,
    RefusalReason, RegisterFinding, RequestFiled, ReturnDecision, ReturnReason, Statement,
    TransferNotified, TransportMode, TravelDocumentIssued,
};
use domain::case::rejection::Rejection;
use domain::case::{Case, Opening};
use domain::chain::{Chain, Content, Heard};
use domain::corridor::Corridor;
use domain::identifier::{CaseId, Digest, Office};
use domain::person::{Acting, Particulars, Text};
use domain::rules::{Category, Rules};
use domain::safeguard::Safeguards;
use domain::time::{Date, Instant};

use super::rules::item;
use super::step::{Party, Word};

const DAY_MS: u64 = 24 * 3_600_000;
const HOUR_MS: u64 = 3_600_000;

/// What a State knows when it speaks.
#[derive(Clone, Copy, Debug)]
pub struct Speaking<'a> {
    /// The State.
    pub party: Party,
    /// Its clock.
    pub now: Instant,
    /// The corridor.
    pub corridor: &'a Corridor,
    /// The rules that both have adopted.
    pub rules: &'a Rules,
    /// Its own log.
    pub own: &'a Chain,
    /// The partner's, as far as it is stored.
    pub partner: &'a Chain,
    /// The case that it speaks of.
    pub case: CaseId,
    /// The serial of the case's number, where it opens it.
    pub serial: (u32, u32),
}

impl Speaking<'_> {
    /// The statement that a word means here. The number is a position, a dispatch, a count of days
    /// or a variant; without one the obvious is meant.
    #[must_use]
    pub fn statement(&self, word: Word) -> Statement {
        let number = word.number.unwrap_or_default();
        let last = |chains: [&Chain; 2], kind: Kind| {
            let of_case = |chain: &Chain| {
                let entries = chain.entries.iter().rev();
                let mut of_kind = entries.filter(|it| it.case == Some(self.case));
                of_kind.find(|it| is(&it.content, kind)).map(|it| it.position)
            };
            word.number.or_else(|| chains.into_iter().find_map(of_case)).unwrap_or_default()
        };
        let both = [self.own, self.partner];
        let notice = || last(both, Kind::TransferNotified);
        match word.kind {
            Kind::KeyAnnounced => {
                Statement::KeyAnnounced(KeyAnnounced { root_statement: Vec::new() })
            }
            Kind::CapabilitiesStated => {
                Statement::CapabilitiesStated(Kind::ALL.into_iter().map(Kind::number).collect())
            }
            Kind::AgreementAdopted => {
                Statement::AgreementAdopted(record::rules::adoption(self.rules.clone()))
            }
            Kind::RequestFiled => Statement::RequestFiled(self.filed(number)),
            Kind::EvidenceAdded => Statement::EvidenceAdded(vec![item("own_statement")]),
            Kind::ClarificationGiven => {
                Statement::ClarificationGiven(last([self.partner; 2], Kind::ClarificationAsked))
            }
            Kind::RegisterCheckRequested => Statement::RegisterCheckRequested,
            Kind::InterviewRequested => Statement::InterviewRequested(consulate(number)),
            Kind::TravelDocumentRequested => Statement::TravelDocumentRequested(consulate(number)),
            Kind::SilenceNoticed => Statement::SilenceNoticed,
            Kind::SilenceClaimed => Statement::SilenceClaimed(cited(word.number, self.partner)),
            Kind::RequestWithdrawn => Statement::RequestWithdrawn,
            Kind::TransferNotified => Statement::TransferNotified(TransferNotified {
                on: self.in_days(word.number.unwrap_or(7)),
                mode: TransportMode::Air,
            }),
            Kind::TransferCancelled => Statement::TransferCancelled(notice()),
            Kind::PersonDeparted => Statement::PersonDeparted(notice()),
            Kind::PersonNotDeparted => {
                Statement::PersonNotDeparted(notice(), NonDeparture::Absconded)
            }
            Kind::TakenBack => Statement::TakenBack,
            Kind::RequestAdmitted => Statement::RequestAdmitted,
            Kind::ClarificationAsked => Statement::ClarificationAsked,
            Kind::ExtensionTaken => {
                Statement::ExtensionTaken(u32::try_from(number.max(1)).unwrap_or(u32::MAX))
            }
            Kind::RegisterChecked => Statement::RegisterChecked(match number {
                0 => RegisterFinding::NoHit,
                1 => RegisterFinding::Hit,
                _ => RegisterFinding::Ambiguous,
            }),
            Kind::InterviewArranged => Statement::InterviewArranged,
            Kind::InterviewHeld => Statement::InterviewHeld,
            Kind::InterviewMissed => Statement::InterviewMissed,
            Kind::IdentityConfirmed => Statement::IdentityConfirmed,
            Kind::IdentityNotConfirmed => Statement::IdentityNotConfirmed,
            Kind::IdentityInconclusive => Statement::IdentityInconclusive,
            Kind::RequestAccepted => Statement::RequestAccepted,
            Kind::RequestRefused => Statement::RequestRefused(vec![RefusalReason::NotANational]),
            Kind::ReturnedUnconsidered => {
                Statement::ReturnedUnconsidered(vec![ReturnReason::Incomplete])
            }
            Kind::TravelDocumentIssued => Statement::TravelDocumentIssued(TravelDocumentIssued {
                issued_on: self.in_days(0),
                valid_until: self.in_days(if number == 0 { 100 } else { number }),
            }),
            Kind::TravelDocumentRevoked => {
                Statement::TravelDocumentRevoked(last(both, Kind::TravelDocumentIssued))
            }
            Kind::TransferObjected => Statement::TransferObjected(notice()),
            Kind::PersonArrived => Statement::PersonArrived,
            Kind::HoldPlaced => Statement::HoldPlaced,
            Kind::HoldLifted => Statement::HoldLifted,
            Kind::Rectified => Statement::Rectified(match number {
                0 => Rectified::Person,
                _ => Rectified::Other,
            }),
            Kind::EntryUnreadable => Statement::EntryUnreadable(self.opening(word)),
            Kind::EntryContested => Statement::EntryContested(self.opening(word)),
            Kind::DisputeSettled => Statement::DisputeSettled,
            Kind::ErasureOrdered => Statement::ErasureOrdered(ErasureBasis::RetentionOver),
            Kind::CaseClosed => Statement::CaseClosed,
            Kind::ErasureDone => Statement::ErasureDone,
            Kind::ObstacleReported => Statement::ObstacleReported,
            Kind::ObstacleRemoved => Statement::ObstacleRemoved,
            // What carries bytes of keys and headers is made where those are; nobody says it by
            // its word alone.
            Kind::KeyRevoked
            | Kind::ClockCorrected
            | Kind::LogSucceeded
            | Kind::FaultProved
            | Kind::WritingResumed
            | Kind::AgreementEnded
            | Kind::Restated => Statement::CapabilitiesStated(BTreeSet::new()),
        }
    }

    /// The position of the partner's entry that opened the case, or of the one that is meant.
    fn opening(&self, word: Word) -> u64 {
        let first = self.partner.entries.iter().find(|it| it.case == Some(self.case));
        word.number.or_else(|| first.map(|it| it.position)).unwrap_or_default()
    }

    fn filed(&self, number: u64) -> RequestFiled {
        let (year, serial) = self.serial;
        RequestFiled {
            under: AgreementReference {
                agreement: self.rules.agreement.clone(),
                version: self.rules.version,
                digest: record::rules::digest(self.rules),
            },
            category: Category::OwnNational,
            evidence: vec![item("own_statement")],
            return_decision: match number {
                0 => ReturnDecision::Enforceable,
                _ => ReturnDecision::NotEnforceable,
            },
            filed_by: office("return-office"),
            addressed_to: office("ministry"),
            year,
            serial,
            irregular_stay_known_on: None,
        }
    }

    /// The day in both States, an hour east of Greenwich, so many days from now.
    fn in_days(&self, days: u64) -> Date {
        let today = (self.now.as_ms() + HOUR_MS) / DAY_MS;
        let days = i64::try_from(today + days % 1_000).unwrap_or_default();
        let epoch = Date::constant(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().days(days)).unwrap_or(epoch)
    }

    /// Asks the rules, as a service does; `None` where there is no case to ask about, or no
    /// command.
    #[must_use]
    pub fn decide(
        &self,
        case: Option<&Case>,
        safeguards: &Safeguards,
        word: Word,
    ) -> Option<Result<Vec<Event>, Rejection>> {
        let (by, particulars) = (self.party.state(), particulars());
        let ordered = Ordered { by, at: self.now, particulars };
        let statement = self.statement(word);
        if let Statement::RequestFiled(request) = statement {
            let opening = Opening::of(self.corridor, self.case, self.own, self.partner, by)?;
            return Some(file_request(&opening, FileRequest { ordered, request }));
        }
        decide_on(case?, safeguards, ordered, statement)
    }
}

fn is(content: &Content, kind: Kind) -> bool {
    match content {
        Content::Stated(statement) => statement.kind() == kind,
        Content::NotUnderstood => false,
    }
}

fn office(word: &str) -> Office {
    Office::new(word).expect("a short word is an office")
}

fn consulate(number: u64) -> Office {
    office(if number == 0 { "consulate-brussels" } else { "consulate-geneva" })
}

/// Who acts, and a note. Nobody of that name exists.
pub(super) fn particulars() -> Particulars {
    let text = |words: &str| Text::new(words, 200).ok();
    let acting =
        text("T. Tester").map(|official| Acting { office: office("return-office"), official });
    Particulars { acting, note: text("said by Testperson"), ..Particulars::default() }
}

/// A dispatch of the partner by its number, without one the last; from 1000 on, with a digest that
/// is wrong.
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
        | Statement::Restated(_)
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
        Statement::DisputeSettled => settle_dispute(case, SettleDispute { ordered }),
        Statement::ErasureOrdered(basis) => order_erasure(case, OrderErasure { ordered, basis }),
        Statement::CaseClosed => close_case(case, CloseCase { ordered }),
        Statement::ErasureDone => report_erasure_done(case, ReportErasureDone { ordered }),
        Statement::ObstacleReported => report_obstacle(case, ReportObstacle { ordered }),
        Statement::ObstacleRemoved => {
            report_obstacle_removed(case, ReportObstacleRemoved { ordered })
        }
    })
}
