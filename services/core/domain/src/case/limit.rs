//! The limits of a case: which one runs, and what starts it.

use super::knowledge::View;
use super::outcome::{Ground, Outcome, Settlement, heard_by, reply, silence};
use super::query::DeadlineKind;
use super::said::{At, Side};
use crate::clock::{self, Began, Deadline, NotComputable};
use crate::mutant;
use crate::rules::{Limit, Rules, Start, TravelDocument};
use crate::time::{Instant, Span};

/// The limit that runs, and when it started; `None` as long as that has not happened. It is known
/// also where the end is not computable.
pub(super) fn began(
    view: &View<'_>,
    rules: &Rules,
    kind: DeadlineKind,
) -> Option<(Limit, Instant)> {
    let request = |limit: &Limit| Some((limit.clone(), Trigger::Request));
    let (limit, trigger) = match kind {
        DeadlineKind::Reply => request(&to_answer(view, rules, &rules.reply)?),
        DeadlineKind::Silence => request(&to_answer(view, rules, &rules.silence.limit)?),
        DeadlineKind::RegisterCheck => {
            let asked = view.said.requesting.register_check?;
            Some((rules.register_check.clone()?, Trigger::Step(asked)))
        }
        DeadlineKind::TravelDocument => {
            let (asked, _) = view.said.requesting.document_requests.last()?;
            let limit = issue(view, rules.travel_document.as_ref()?, *asked)?;
            Some((limit.clone(), Trigger::Step(*asked)))
        }
        DeadlineKind::Transfer => {
            let (_, filed) = view.said.requesting.filed.as_ref()?;
            request(rules.transfer_of(filed.category)?)
        }
    }?;
    let began = start(view, &limit, trigger)?;
    Some((limit, began))
}

/// What a clock may start from, beside what the view holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    /// The request itself.
    Request,
    /// The request for this step.
    Step(At),
}

/// The start of a limit in a view; `None` as long as its event has not been heard of.
fn start(view: &View<'_>, limit: &Limit, trigger: Trigger) -> Option<Instant> {
    let (filed, _) = view.said.requesting.filed.as_ref()?;
    let asked = match trigger {
        Trigger::Request => *filed,
        Trigger::Step(at) => at,
    };
    let receipt = |at: At| view.receipt(Side::Requested, at.dispatch).map(|receipt| receipt.time);
    let arrived = |at: At| receipt(at).map(|received| received.max(at.time));
    match limit.starts_on {
        Start::DateOfRequest => Some(asked.time),
        Start::ReceiptOfApplication => receipt(*filed),
        Start::ReceiptOfTravelDocumentRequest => receipt(asked),
        Start::ApprovalOrExpiryOfReplyLimit => match Outcome::of(view).accepted()? {
            Ground::Answer(at) => Some(at.time),
            Ground::Silence(_) => last_moment(reply(view, view.rules?)),
        },
        Start::ConfirmedReceiptOfApplication => Some(view.said.requested.admitted?.time),
        Start::SubmissionOfApplication => arrived(*filed),
        Start::InterviewResult => Some(view.said.requested.interview_result?.time),
        Start::ReceiptOfPositiveReply => {
            let ground = Outcome::of(view).accepted()?;
            answered(view, Settlement::Accepted(ground), trigger)
        }
        Start::ReceiptOfReply => match Outcome::of(view) {
            Outcome::Settled(settlement) | Outcome::CancelledAfter(settlement, _) => {
                answered(view, settlement, trigger)
            }
            Outcome::Open | Outcome::Withdrawn(_) => None,
        },
        Start::IssueOfTravelDocument => Some(view.said.requested.document()?.at.time),
        Start::TravelDocumentRequest => arrived(asked),
        Start::KnowledgeOfIrregularStay
        | Start::DetectionOfIrregularStay
        | Start::IrregularStayAscertained
        | Start::EntryAndPresenceAscertained => None,
    }
}

/// When the requesting State had the answer; where silence settled the request, when that fell
/// due. What is asked for afterwards (a travel document) is not due before the requested State
/// has heard that it is asked for.
fn answered(view: &View<'_>, settlement: Settlement, trigger: Trigger) -> Option<Instant> {
    let (side, at) = settlement.deciding();
    let answered = match side {
        Side::Requested => view.receipt(Side::Requesting, at.dispatch)?.time.max(at.time),
        Side::Requesting => last_moment(silence(view, view.rules?))?,
    };
    match trigger {
        Trigger::Request => Some(answered),
        Trigger::Step(asked) => {
            let received = view.receipt(Side::Requested, asked.dispatch)?.time;
            let waits = !mutant::broken("a document is due before it is asked for");
            Some(if waits { answered.max(received) } else { answered })
        }
    }
}

/// A limit expires on its last day, which is then day zero: the moment before 24:00.
fn last_moment(period: Option<Result<Deadline, NotComputable>>) -> Option<Instant> {
    Some(period?.ok()?.at.less(Span::from_ms(1)))
}

/// The period of a limit that the requested State must keep.
pub(super) fn period(
    view: &View<'_>,
    rules: &Rules,
    limit: &Limit,
    trigger: Trigger,
    acting: Side,
) -> Option<Result<Deadline, NotComputable>> {
    let start = start(view, limit, trigger)?;
    let state = view.chains.of(acting).author;
    Some(clock::deadline(rules, Began::At(start), limit, state))
}

/// The period of a limit to answer the request. An interview that was asked for may start it
/// otherwise; what follows an answer starts none. (A request for a travel document was always
/// taken as the request here.)
pub(super) fn answering(
    view: &View<'_>,
    rules: &Rules,
    limit: &Limit,
) -> Option<Result<Deadline, NotComputable>> {
    let limit = to_answer(view, rules, limit)?;
    period(view, rules, &limit, Trigger::Request, Side::Requested)
}

/// The limit to answer, with what starts it.
fn to_answer(view: &View<'_>, rules: &Rules, limit: &Limit) -> Option<Limit> {
    let interview = !view.said.requesting.interviews.is_empty();
    let other = rules.reply_with_interview.as_ref().filter(|_| interview);
    let other = other.filter(|_| !mutant::broken("an interview leaves the start as it is"));
    let limit = match other {
        Some(other) => Limit { starts_on: other.value, ..limit.clone() },
        None => limit.clone(),
    };
    let precedes = limit.starts_on.precedes_reply();
    (precedes || limit.starts_on == Start::ReceiptOfTravelDocumentRequest).then_some(limit)
}

/// The limit for the document that was asked for at `asked`: for another after one that was known
/// then, on the evidence that the request names, or simply to issue it.
pub(super) fn issue<'a>(
    view: &View<'_>,
    document: &'a TravelDocument,
    asked: At,
) -> Option<&'a Limit> {
    let issued = view.said.requested.documents.iter();
    let again = issued.into_iter().any(|it| heard_by(view, Side::Requesting, asked, it.at));
    let again = document
        .reissue_limit
        .as_ref()
        .filter(|_| again && !mutant::broken("a document is issued again as it was issued"));
    let evidence = view.said.requesting.filed.as_ref().map(|(_, filed)| &filed.evidence);
    let short = document.with_evidence.as_ref().filter(|with| {
        evidence.is_some_and(|named| named.iter().any(|item| with.items.contains(item)))
    });
    again.or(short.map(|with| &with.issue)).or(document.issue.as_ref())
}
