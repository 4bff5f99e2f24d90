//! A case as officials read it: what the domain derives, put into the words of the interface.
//! Nothing is decided here.

pub(crate) mod deadline;
pub(crate) mod line;
mod started;
pub(crate) mod timeline;
pub(crate) mod words;

use domain::case::crossing::{Crossed, DocumentSituation, Stop, TransferSituation};
use domain::case::event::{Rectified, Statement, TransferNotified};
use domain::case::knowledge::Verdict;
use domain::case::outcome::Outcome;
use domain::case::said::{Document, Identity, Interview, Side, Transfer};
use domain::chain::Chain;
use domain::clock;
use domain::identifier::State;
use domain::person::{Detail, Escort, Particulars, Text};
use proto::requests::v1::{
    self as wire, Alarm, IdentitySituation, RequestSituation, TransferPlan, TravelDocumentSituation,
};
use runtime::command::{Body, Reading};

use crate::person;

/// The log of a State of the corridor.
pub(crate) fn chain(reading: &Reading, of: State) -> &Chain {
    if of == reading.own { &reading.own_chain } else { &reading.partner_chain }
}

/// What was sealed beside an entry: there only for a reader who has named a purpose.
pub(crate) fn particulars(reading: &Reading, author: State, position: u64) -> Option<&Particulars> {
    match reading.bodies.get(&(author, position))? {
        Body::Open(particulars) => Some(particulars),
        Body::None | Body::Withheld | Body::Unreadable => None,
    }
}

/// The whole case.
pub(crate) fn case(reading: &Reading) -> wire::Case {
    let case = &reading.case;
    let asks = &case.said.requesting;
    let filed = asks.filed.as_ref().map(|(_, filed)| filed);
    let document = document(&case.document);
    let (result, result_before) = words::result(case.outcome);
    let states = |of: &dyn Fn(Side) -> bool| {
        let sides = [Side::Requesting, Side::Requested];
        let mut states: Vec<String> = sides
            .into_iter()
            .filter(|side| of(*side))
            .map(|side| case.state(side).to_string())
            .collect();
        states.sort_unstable();
        states
    };
    let evidence = filed.iter().flat_map(|filed| &filed.evidence).chain(&asks.evidence);
    let (person, return_decision) = person_and_decision(reading);
    wire::Case {
        case_id: case.id.to_string(),
        case_number: case.number.map(|number| number.to_string()).unwrap_or_default(),
        requesting_state: case.requesting.to_string(),
        requested_state: case.requested.to_string(),
        agreement: case.rules.as_ref().map(|rules| rules.agreement.to_string()).unwrap_or_default(),
        agreement_version: case.rules.as_ref().map(|rules| rules.version).unwrap_or_default(),
        category: filed.map(|filed| words::category(filed.category)).unwrap_or_default(),
        filed_by: filed.map(|filed| filed.filed_by.to_string()).unwrap_or_default(),
        addressed_to: filed.map(|filed| filed.addressed_to.to_string()).unwrap_or_default(),
        etag: case.etag().to_string(),
        request: request_situation(reading).into(),
        result: result.into(),
        result_before: result_before.into(),
        standing: words::standing(case.standing).into(),
        identity: identity_situation(reading).into(),
        travel_document: document_situation(reading).into(),
        travel_document_valid_until: document
            .map(|document| document.issued.valid_until.to_string())
            .unwrap_or_default(),
        transfer: transfer_situation(&case.transfer).into(),
        transfer_plan: transfer(&case.transfer).map(|it| transfer_plan(reading, it)),
        held_by: states(&|side| case.said.either(side).holds()),
        closed_by: states(&|side| case.said.either(side).closed.is_some()),
        open_safeguards: reading.safeguards().open().map(words::safeguard).collect(),
        evidence: evidence.map(ToString::to_string).collect(),
        timeline: timeline::entries(reading),
        person,
        return_decision,
        alarms: alarms(reading).into_iter().map(i32::from).collect(),
    }
}

/// Where the request stands.
pub(crate) fn request_situation(reading: &Reading) -> RequestSituation {
    let asks = &reading.case.said.requesting;
    let answers = &reading.case.said.requested;
    let waiting = |question: &domain::case::said::At| !asks.clarified.contains(&question.position);
    match reading.case.outcome {
        Outcome::Settled(_) => RequestSituation::Decided,
        Outcome::Withdrawn(_) | Outcome::CancelledAfter(..) => RequestSituation::Withdrawn,
        Outcome::Open if reading.case.notice_of_silence().is_some() => {
            RequestSituation::SilenceNoticed
        }
        Outcome::Open if answers.questions.iter().any(waiting) => {
            RequestSituation::ClarificationAsked
        }
        Outcome::Open if answers.admitted.is_some() => RequestSituation::Admitted,
        Outcome::Open => RequestSituation::Filed,
    }
}

fn identity_situation(reading: &Reading) -> IdentitySituation {
    let asks = &reading.case.said.requesting;
    let answers = &reading.case.said.requested;
    match (answers.identity, answers.interview) {
        (Identity::Confirmed(_), _) => IdentitySituation::Confirmed,
        (Identity::Denied(_), _) => IdentitySituation::NotConfirmed,
        (Identity::Inconclusive(_), _) => IdentitySituation::Inconclusive,
        (Identity::Undecided, Interview::Held(_)) => IdentitySituation::InterviewHeld,
        (Identity::Undecided, Interview::Missed(_)) => IdentitySituation::InterviewMissed,
        (Identity::Undecided, Interview::Arranged(_)) => IdentitySituation::InterviewArranged,
        (Identity::Undecided, Interview::NotArranged) => {
            if !asks.interviews.is_empty() {
                IdentitySituation::InterviewRequested
            } else if answers.register.is_some() {
                IdentitySituation::RegisterChecked
            } else if asks.register_check.is_some() {
                IdentitySituation::RegisterCheckRequested
            } else {
                IdentitySituation::NotStarted
            }
        }
    }
}

/// The document that a situation is about.
const fn document(situation: &DocumentSituation) -> Option<&Document> {
    match situation {
        DocumentSituation::None | DocumentSituation::Requested(_) => None,
        DocumentSituation::Valid(document)
        | DocumentSituation::Suspended(document)
        | DocumentSituation::ToBeRevoked(document)
        | DocumentSituation::Revoked(document) => Some(document),
    }
}

fn document_situation(reading: &Reading) -> TravelDocumentSituation {
    match &reading.case.document {
        DocumentSituation::None => TravelDocumentSituation::None,
        DocumentSituation::Requested(_) => TravelDocumentSituation::Requested,
        DocumentSituation::Valid(document) if expired(reading, document) => {
            TravelDocumentSituation::Expired
        }
        DocumentSituation::Valid(_) => TravelDocumentSituation::Valid,
        DocumentSituation::Suspended(_) => TravelDocumentSituation::Suspended,
        DocumentSituation::ToBeRevoked(_) => TravelDocumentSituation::ToBeRevoked,
        DocumentSituation::Revoked(_) => TravelDocumentSituation::Revoked,
    }
}

/// Whether a document's last day is over, by the clock of the State that issued it; what cannot
/// be computed counts as over, as it does for a departure.
fn expired(reading: &Reading, document: &Document) -> bool {
    let rules = reading.case.rules.as_ref();
    let today = rules.map(|rules| clock::day_of(rules, reading.now, reading.case.requested));
    !matches!(today, Some(Ok(today)) if today <= document.issued.valid_until)
}

const fn transfer_situation(situation: &TransferSituation) -> wire::TransferSituation {
    match situation {
        TransferSituation::None => wire::TransferSituation::None,
        // A hold stops it for as long as it lasts; `held_by` names whose hold it is.
        TransferSituation::Notified(_) | TransferSituation::Stopped(_, Stop::Hold) => {
            wire::TransferSituation::Notified
        }
        TransferSituation::Stopped(_, Stop::Objection) => wire::TransferSituation::Objected,
        TransferSituation::Stopped(_, Stop::Cancellation | Stop::Withdrawal) => {
            wire::TransferSituation::Cancelled
        }
        TransferSituation::NotDeparted(_) => wire::TransferSituation::NotDeparted,
        TransferSituation::Departed(..) => wire::TransferSituation::Departed,
        TransferSituation::Arrived(..) => wire::TransferSituation::Arrived,
        TransferSituation::TakenBack(_) => wire::TransferSituation::TakenBack,
    }
}

/// The transfer that a situation is about, as long as it can still take place.
const fn transfer(situation: &TransferSituation) -> Option<&Transfer> {
    match situation {
        TransferSituation::Notified(transfer)
        | TransferSituation::Stopped(transfer, Stop::Hold | Stop::Objection) => Some(transfer),
        TransferSituation::None
        | TransferSituation::Stopped(_, Stop::Cancellation | Stop::Withdrawal)
        | TransferSituation::NotDeparted(_)
        | TransferSituation::Departed(..)
        | TransferSituation::Arrived(..)
        | TransferSituation::TakenBack(_) => None,
    }
}

fn transfer_plan(reading: &Reading, it: &Transfer) -> TransferPlan {
    let TransferNotified { on, mode } = it.notified;
    let plan = TransferPlan {
        notice: it.notice.position,
        on: on.to_string(),
        mode: words::mode(mode),
        ..TransferPlan::default()
    };
    let notice = particulars(reading, reading.case.requesting, it.notice.position);
    match notice.map(|notice| &notice.detail) {
        Some(Detail::Transfer(detail)) => TransferPlan {
            carriage: detail.carriage.reveal().to_owned(),
            border_point: detail.border_point.reveal().to_owned(),
            escorted: detail.escort == Escort::Escorted,
            special_needs: optional(detail.special_needs.as_ref()),
            ..plan
        },
        Some(
            Detail::None
            | Detail::Request(_)
            | Detail::Interview(_)
            | Detail::TravelDocument(_)
            | Detail::Person(_),
        )
        | None => plan,
    }
}

/// The person as last rectified, and the return decision of the request.
fn person_and_decision(reading: &Reading) -> (Option<wire::Person>, Option<wire::ReturnDecision>) {
    let (mut found, mut decision) = (None, None);
    for entry in reading.case.history.iter().filter(|entry| entry.verdict.stands()) {
        let body = particulars(reading, entry.author, entry.at.position);
        let Some(Particulars { detail, .. }) = body else { continue };
        match (entry.statement.as_deref(), detail) {
            (Some(Statement::RequestFiled(filed)), Detail::Request(request)) => {
                found = Some(person::show(&request.person));
                let shown = person::show_decision(&request.return_decision, filed.return_decision);
                decision = Some(shown);
            }
            (Some(Statement::Rectified(Rectified::Person)), Detail::Person(corrected)) => {
                found = Some(person::show(corrected));
            }
            _ => {}
        }
    }
    (found, decision)
}

fn alarms(reading: &Reading) -> Vec<Alarm> {
    let case = &reading.case;
    let crossed = matches!(
        case.transfer,
        TransferSituation::Departed(_, Crossed::Yes) | TransferSituation::Arrived(_, Crossed::Yes)
    );
    let any = |of: &dyn Fn(&domain::case::knowledge::Judged) -> bool| case.history.iter().any(of);
    let breach = any(&|entry| matches!(entry.verdict, Verdict::Breach(_)));
    let unknown = any(&|entry| entry.statement.is_none());
    let unreadable = any(&|entry| {
        reading.bodies.get(&(entry.author, entry.at.position)) == Some(&Body::Unreadable)
    });
    let found = [
        (crossed, Alarm::DepartureCrossed),
        (breach, Alarm::Breach),
        (unknown, Alarm::NotUnderstood),
        (unreadable, Alarm::Unreadable),
    ];
    found.into_iter().filter_map(|(there, alarm)| there.then_some(alarm)).collect()
}

fn optional(text: Option<&Text>) -> String {
    text.map(Text::reveal).unwrap_or_default().to_owned()
}
