//! A referred case as its agency reads it: the referral, the person and the journey, and nothing
//! else of the case.

use domain::case::crossing::TransferSituation;
use domain::case::event::{Rectified, Statement};
use domain::case::said::Transfer;
use domain::identifier::{Agency, State};
use domain::person::{self, Detail, Particulars, Text};
use domain::referral::LocalStatement;
use domain::referral::course::{Consent, Course, Referral};
use proto::reintegration::v1 as wire;
use proto::reintegration::v1::{GetReferredCaseResponse, ReferralNote, ReferralSituation};
use runtime::command::{Body, Reading};

use crate::feed::follow::local_type;

/// The whole.
pub(crate) fn case(reading: &Reading, referral: &Referral) -> GetReferredCaseResponse {
    let case = &reading.case;
    GetReferredCaseResponse {
        case_id: case.id.to_string(),
        case_number: case.number.map(|number| number.to_string()).unwrap_or_default(),
        referral: Some(wire::Referral {
            agency: referral.agency.to_string(),
            situation: situation(referral).into(),
            consent_in_force: referral.consent == Consent::InForce,
            notes: notes(reading, &referral.agency),
        }),
        person: person(reading).map(|person| wire::ReferredPerson {
            family_name: person.family_name.reveal().to_owned(),
            given_names: person.given_names.reveal().to_owned(),
            birth_date: person.birth_date.reveal().to_owned(),
        }),
        journey: journey(reading),
    }
}

const fn situation(referral: &Referral) -> ReferralSituation {
    match (referral.consent, referral.course) {
        (Consent::NotRecorded, _) => ReferralSituation::Unspecified,
        (Consent::Withdrawn, _) => ReferralSituation::Withdrawn,
        (Consent::InForce, Course::NotReferred) => ReferralSituation::Consented,
        (Consent::InForce, Course::Referred) => ReferralSituation::Referred,
        (Consent::InForce, Course::Accepted) => ReferralSituation::Accepted,
        (Consent::InForce, Course::Planned) => ReferralSituation::Planned,
        (Consent::InForce, Course::Declined) => ReferralSituation::Declined,
        (Consent::InForce, Course::Closed) => ReferralSituation::Closed,
    }
}

/// What was said of the referral since it was last made: earlier ones have ended.
fn notes(reading: &Reading, agency: &Agency) -> Vec<ReferralNote> {
    let of_agency = reading.local.iter().filter(|it| it.statement.agency() == Some(agency));
    let mut notes = Vec::new();
    for entry in of_agency {
        let Some(what) = local_type(entry.statement.kind()) else { continue };
        if let LocalStatement::Referred(_) = entry.statement {
            notes.clear();
        }
        let note = opened(&entry.body).and_then(|particulars| particulars.note.as_ref());
        notes.push(ReferralNote {
            r#type: what.into(),
            time_ms: entry.time.as_ms(),
            note: note.map(Text::reveal).unwrap_or_default().to_owned(),
        });
    }
    notes
}

/// The person as last rectified.
fn person(reading: &Reading) -> Option<&person::Person> {
    let standing = reading.case.history.iter().filter(|judged| judged.verdict.stands());
    let mut said = standing.filter_map(|judged| {
        let particulars = sealed(reading, judged.author, judged.at.position)?;
        match (judged.statement.as_deref()?, &particulars.detail) {
            (Statement::RequestFiled(_), Detail::Request(request)) => Some(&request.person),
            (Statement::Rectified(Rectified::Person), Detail::Person(person)) => {
                Some(person.as_ref())
            }
            _ => None,
        }
    });
    said.next_back()
}

/// The transfer that is under way or has been carried out.
fn journey(reading: &Reading) -> Option<wire::Journey> {
    let case = &reading.case;
    let asks = &case.said.requesting;
    let departed = asks.departed.as_ref();
    let arrived = case.said.requested.arrived;
    let transfer = match &case.transfer {
        TransferSituation::Notified(transfer) => Some(transfer),
        TransferSituation::Departed(..) | TransferSituation::Arrived(..) => {
            departed.and_then(|(_, notice)| asks.transfer(*notice))
        }
        TransferSituation::None
        | TransferSituation::Stopped(..)
        | TransferSituation::NotDeparted(_)
        | TransferSituation::TakenBack(_) => None,
    };
    if transfer.is_none() && arrived.is_none() {
        return None;
    }
    let plan = transfer.map(|transfer| plan(reading, transfer)).unwrap_or_default();
    Some(wire::Journey {
        departed_at_ms: departed.map(|(at, _)| at.time.as_ms()),
        arrived_at_ms: arrived.map(|at| at.time.as_ms()),
        ..plan
    })
}

fn plan(reading: &Reading, transfer: &Transfer) -> wire::Journey {
    let on = transfer.notified.on.to_string();
    let notice = sealed(reading, reading.case.requesting, transfer.notice.position);
    match notice.map(|particulars| &particulars.detail) {
        Some(Detail::Transfer(detail)) => wire::Journey {
            on,
            border_point: detail.border_point.reveal().to_owned(),
            carriage: detail.carriage.reveal().to_owned(),
            ..wire::Journey::default()
        },
        Some(
            Detail::None
            | Detail::Request(_)
            | Detail::Interview(_)
            | Detail::TravelDocument(_)
            | Detail::Person(_),
        )
        | None => wire::Journey { on, ..wire::Journey::default() },
    }
}

fn sealed(reading: &Reading, author: State, position: u64) -> Option<&Particulars> {
    opened(reading.bodies.get(&(author, position))?)
}

fn opened(body: &Body) -> Option<&Particulars> {
    match body {
        Body::Open(particulars) => Some(particulars),
        Body::None | Body::Withheld | Body::Unreadable => None,
    }
}
