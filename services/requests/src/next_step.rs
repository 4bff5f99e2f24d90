//! What an office could state next: each candidate is put to the rules, and those that pass are
//! named. For inboxes only; what is stated is decided anew.

use domain::case::crossing::DocumentSituation;
use domain::case::decide::Ordered;
use domain::case::decide::accept_request::{AcceptRequest, accept_request};
use domain::case::decide::admit_request::{AdmitRequest, admit_request};
use domain::case::decide::arrange_interview::{ArrangeInterview, arrange_interview};
use domain::case::decide::check_register::{CheckRegister, check_register};
use domain::case::decide::claim_silence::{ClaimSilence, claim_silence};
use domain::case::decide::decide_identity::{DecideIdentity, IdentityVerdict, decide_identity};
use domain::case::decide::give_clarification::{GiveClarification, give_clarification};
use domain::case::decide::issue_travel_document::{IssueTravelDocument, issue_travel_document};
use domain::case::decide::notice_silence::{NoticeSilence, notice_silence};
use domain::case::decide::notify_transfer::{NotifyTransfer, notify_transfer};
use domain::case::decide::refuse_request::{RefuseRequest, refuse_request};
use domain::case::decide::report_arrival::{ReportArrival, report_arrival};
use domain::case::decide::report_departure::{ReportDeparture, report_departure};
use domain::case::decide::report_interview::{InterviewCourse, ReportInterview, report_interview};
use domain::case::decide::request_travel_document::{
    RequestTravelDocument, request_travel_document,
};
use domain::case::decide::return_unconsidered::{ReturnUnconsidered, return_unconsidered};
use domain::case::decide::revoke_travel_document::{RevokeTravelDocument, revoke_travel_document};
use domain::case::event::{
    Event, Kind, RefusalReason, RegisterFinding, ReturnReason, TransferNotified, TransportMode,
    TravelDocumentIssued,
};
use domain::case::query::DeadlineKind;
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::person::Particulars;
use domain::time::Date;
use runtime::command::Reading;

use crate::desk::today;
use crate::grpc::first_open_question;

/// Which desk looks at its inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// An office.
    Office,
    /// A consulate.
    Consulate,
}

/// The kinds that a desk of the own State could state now.
pub(crate) fn kinds(reading: &Reading, seat: Seat) -> Vec<Kind> {
    let Some(side) = reading.case.side(reading.own) else { return Vec::new() };
    let candidates = match (side, seat) {
        (Side::Requesting, Seat::Office) => requesting(reading),
        (Side::Requested, Seat::Office) => answering(reading),
        (Side::Requested, Seat::Consulate) => consular(reading),
        (Side::Requesting, Seat::Consulate) => Vec::new(),
    };
    let passes = |(kind, decided): (Kind, Decided)| {
        decided.is_ok_and(|events| !events.is_empty()).then_some(kind)
    };
    candidates.into_iter().filter_map(passes).collect()
}

type Decided = Result<Vec<Event>, Rejection>;

fn ordered(reading: &Reading) -> Ordered {
    Ordered { by: reading.own, at: reading.now, particulars: Particulars::default() }
}

fn requesting(reading: &Reading) -> Vec<(Kind, Decided)> {
    let case = &reading.case;
    let safeguards = reading.safeguards();
    let ordered = || ordered(reading);
    let question = first_open_question(reading);
    let clarified = question.map(|question| {
        give_clarification(case, GiveClarification { ordered: ordered(), question })
    });
    let office = case.said.requesting.filed.as_ref().map(|(_, filed)| filed.addressed_to.clone());
    let document = office.map(|addressed_to| {
        let command = RequestTravelDocument { ordered: ordered(), addressed_to };
        request_travel_document(case, &safeguards, command)
    });
    // Some day would do: the last of the limit is within it and leaves the longest notice.
    let limit = case.deadlines().into_iter().find(|due| due.kind == DeadlineKind::Transfer);
    let last_day = limit.and_then(|due| due.deadline.ok()).map(|limit| limit.last_day);
    let transfer = TransferNotified { on: last_day.unwrap_or(Date::MAX), mode: TransportMode::Air };
    let notified =
        notify_transfer(case, &safeguards, NotifyTransfer { ordered: ordered(), transfer });
    let departed = report_departure(case, &safeguards, ReportDeparture { ordered: ordered() });
    let mut found = vec![
        (Kind::SilenceNoticed, notice_silence(case, NoticeSilence { ordered: ordered() })),
        (Kind::SilenceClaimed, claim_silence(case, ClaimSilence { ordered: ordered() })),
        (Kind::TransferNotified, notified),
        (Kind::PersonDeparted, departed),
    ];
    found.extend(clarified.map(|decided| (Kind::ClarificationGiven, decided)));
    found.extend(document.map(|decided| (Kind::TravelDocumentRequested, decided)));
    found.sort_by_key(|(kind, _)| kind.number());
    found
}

fn answering(reading: &Reading) -> Vec<(Kind, Decided)> {
    let case = &reading.case;
    let ordered = || ordered(reading);
    let finding = RegisterFinding::NoHit;
    let refused = [RefusalReason::IdentityNotEstablished].into();
    let returned = [ReturnReason::Incomplete].into();
    let mut found = vec![
        (Kind::RequestAdmitted, admit_request(case, AdmitRequest { ordered: ordered() })),
        (
            Kind::RegisterChecked,
            check_register(case, CheckRegister { ordered: ordered(), finding }),
        ),
        (Kind::RequestAccepted, accept_request(case, AcceptRequest { ordered: ordered() })),
        (
            Kind::RequestRefused,
            refuse_request(case, RefuseRequest { ordered: ordered(), reasons: refused }),
        ),
        (
            Kind::ReturnedUnconsidered,
            return_unconsidered(case, ReturnUnconsidered { ordered: ordered(), reasons: returned }),
        ),
        (Kind::PersonArrived, report_arrival(case, ReportArrival { ordered: ordered() })),
    ];
    found.extend(to_be_revoked(reading));
    found
}

fn consular(reading: &Reading) -> Vec<(Kind, Decided)> {
    let case = &reading.case;
    let ordered = || ordered(reading);
    let decide = |verdict| decide_identity(case, DecideIdentity { ordered: ordered(), verdict });
    let report = |course| report_interview(case, ReportInterview { ordered: ordered(), course });
    let issued = TravelDocumentIssued {
        issued_on: today(case.rules.as_ref(), reading.now, reading.own),
        // Long enough under any agreement, and within what a calendar can count.
        valid_until: Date::constant(9000, 1, 1),
    };
    let mut found = vec![
        (Kind::InterviewArranged, arrange_interview(case, ArrangeInterview { ordered: ordered() })),
        (Kind::InterviewHeld, report(InterviewCourse::Held)),
        (Kind::InterviewMissed, report(InterviewCourse::Missed)),
        (Kind::IdentityConfirmed, decide(IdentityVerdict::Confirmed)),
        (Kind::IdentityNotConfirmed, decide(IdentityVerdict::NotConfirmed)),
        (Kind::IdentityInconclusive, decide(IdentityVerdict::Inconclusive)),
        (
            Kind::TravelDocumentIssued,
            issue_travel_document(case, IssueTravelDocument { ordered: ordered(), issued }),
        ),
    ];
    found.extend(to_be_revoked(reading));
    found
}

/// A revocation waits only where a document is to be revoked.
fn to_be_revoked(reading: &Reading) -> Option<(Kind, Decided)> {
    let waits = matches!(reading.case.document, DocumentSituation::ToBeRevoked(_));
    waits.then(|| {
        let command = RevokeTravelDocument { ordered: ordered(reading) };
        (Kind::TravelDocumentRevoked, revoke_travel_document(&reading.case, command))
    })
}
