//! The entries of a case, each with who stated it, whether it has its effect, and who has heard it.

use domain::case::Case;
use domain::case::crossing::{Crossed, DocumentSituation, TransferSituation};
use domain::case::event::{Kind, Statement};
use domain::case::knowledge::{Judged, Verdict};
use domain::case::outcome::{Ground, Outcome, Settlement};
use domain::case::said::Course;
use proto::command::v1::Standing;
use proto::requests::v1::{Effect, TimelineEntry};
use runtime::command::Reading;

use super::{chain, optional, particulars, words};

/// Every entry, in causal order.
pub(crate) fn entries(reading: &Reading) -> Vec<TimelineEntry> {
    let history = reading.case.history.iter();
    history.map(|judged| entry(reading, judged)).collect()
}

/// One entry.
pub(crate) fn entry(reading: &Reading, judged: &Judged) -> TimelineEntry {
    let partner = reading.case.state(judged.side.other());
    let receipt = chain(reading, partner).receipt_of(judged.at.dispatch);
    let body = particulars(reading, judged.author, judged.at.position);
    let attachments = body.map(|body| body.attachments.as_slice()).unwrap_or_default();
    let acting = body.and_then(|body| body.acting.as_ref());
    let statement = judged.statement.as_deref();
    TimelineEntry {
        author: judged.author.to_string(),
        kind: words::kind(statement.map(Statement::kind)).into(),
        position: judged.at.position,
        dispatch: judged.at.dispatch,
        time_ms: judged.at.time.as_ms(),
        effect: effect(&reading.case, judged).into(),
        rule: match judged.verdict {
            Verdict::Effective => String::new(),
            Verdict::Ineffective(rule) | Verdict::Breach(rule) => rule.rule(),
        },
        standing: match receipt {
            Some(_) => Standing::Confirmed,
            None => Standing::Provisional,
        }
        .into(),
        heard_in: receipt.map(|dispatch| dispatch.number),
        heard_at_ms: receipt.map(|dispatch| dispatch.time.as_ms()),
        office: acting.map(|acting| acting.office.to_string()).unwrap_or_default(),
        official: acting.map(|acting| acting.official.reveal().to_owned()).unwrap_or_default(),
        note: optional(body.and_then(|body| body.note.as_ref())),
        attachments: attachments.iter().map(words::attachment).collect(),
        codes: statement.map(words::codes).unwrap_or_default(),
    }
}

/// Whether an entry has its effect, in the case as it stands now.
fn effect(case: &Case, judged: &Judged) -> Effect {
    match judged.verdict {
        Verdict::Ineffective(_) => Effect::Ineffective,
        Verdict::Breach(_) => Effect::Breach,
        Verdict::Effective if crossed(case, judged) => Effect::Crossed,
        Verdict::Effective if superseded(case, judged) => Effect::Superseded,
        Verdict::Effective => Effect::Effective,
    }
}

/// Whether it is the departure that crossed an act of the other State.
fn crossed(case: &Case, judged: &Judged) -> bool {
    let crossed = matches!(
        case.transfer,
        TransferSituation::Departed(_, Crossed::Yes) | TransferSituation::Arrived(_, Crossed::Yes)
    );
    let departed = case.said.requesting.departed;
    crossed
        && judged.statement.as_ref().is_some_and(|it| it.kind() == Kind::PersonDeparted)
        && departed.is_some_and(|(at, _)| at == judged.at)
}

/// Whether a later or a crossing act has ended what it did.
fn superseded(case: &Case, judged: &Judged) -> bool {
    let said = &case.said;
    let position = judged.at.position;
    match judged.statement.as_deref() {
        Some(
            Statement::RequestAccepted
            | Statement::RequestRefused(_)
            | Statement::ReturnedUnconsidered(_),
        ) => !answers(case),
        Some(Statement::TravelDocumentIssued(_)) => {
            let withdrawn = matches!(case.document, DocumentSituation::ToBeRevoked(_));
            let document = said.requested.documents.iter().find(|it| it.at.position == position);
            withdrawn || document.is_some_and(|document| document.revoked.is_some())
        }
        Some(Statement::TransferNotified(_)) => {
            let objected = said.requested.objections.iter().any(|(_, notice)| *notice == position);
            let cancelled = said
                .requesting
                .transfer(position)
                .is_some_and(|transfer| matches!(transfer.course, Course::Cancelled(_)));
            objected || cancelled || said.requesting.withdrawn.is_some()
        }
        Some(Statement::HoldPlaced) => said
            .either(judged.side)
            .holds
            .iter()
            .any(|(placed, lifted)| *placed == judged.at && lifted.is_some()),
        Some(_) | None => false,
    }
}

/// Whether the answer of the requested State is what the result rests on.
const fn answers(case: &Case) -> bool {
    matches!(
        case.outcome,
        Outcome::Settled(
            Settlement::Accepted(Ground::Answer(_))
                | Settlement::Refused(Ground::Answer(_))
                | Settlement::Returned(_)
        )
    )
}
