//! Which entry or dispatch started a clock of the agreement.

use domain::case::outcome::Ground;
use domain::case::query::DeadlineKind;
use domain::case::said::{At, Side};
use domain::identifier::State;
use domain::rules::Start;
use domain::time::Instant;
use runtime::command::Reading;

use super::chain;

/// What a State said, or only heard, that dates the start of a clock.
pub(super) struct Cause {
    /// The State.
    pub(super) state: State,
    /// Its dispatch.
    pub(super) dispatch: u64,
    /// Its entry; `None` for a dispatch that has heard one of the other State.
    pub(super) position: Option<u64>,
    /// The time of the dispatch.
    time: Instant,
}

/// What started a clock; `None` where it is a civil day, or the end of another period.
pub(super) fn by(
    reading: &Reading,
    kind: DeadlineKind,
    (start, began): (Start, Instant),
) -> Option<Cause> {
    // Where the later of two starts it, the other did not.
    causes(reading, kind, start)?.into_iter().find(|cause| cause.time == began)
}

/// Everything that may date this start, a receipt before the entry that it receives.
fn causes(reading: &Reading, kind: DeadlineKind, start: Start) -> Option<Vec<Cause>> {
    let case = &reading.case;
    let asks = &case.said.requesting;
    let answers = &case.said.requested;
    let (filed, _) = asks.filed.as_ref()?;
    let step = match kind {
        DeadlineKind::Reply | DeadlineKind::Silence | DeadlineKind::Transfer => None,
        DeadlineKind::RegisterCheck => Some(asks.register_check?),
        DeadlineKind::TravelDocument => Some(asks.document_requests.last()?.0),
    };
    let asked = step.unwrap_or(*filed);
    let receipt = |side: Side, at: At| {
        let state = case.state(side);
        let receipt = chain(reading, state).receipt_of(at.dispatch)?;
        Some(Cause { state, dispatch: receipt.number, position: None, time: receipt.time })
    };
    let entry = |side: Side, at: At| {
        let (dispatch, position) = (at.dispatch, Some(at.position));
        Some(Cause { state: case.state(side), dispatch, position, time: at.time })
    };
    let own = |at: At| entry(Side::Requesting, at);
    let theirs = |at: At| entry(Side::Requested, at);
    let found = match start {
        Start::ReceiptOfApplication => vec![receipt(Side::Requested, *filed)],
        Start::ReceiptOfTravelDocumentRequest => vec![receipt(Side::Requested, asked)],
        Start::SubmissionOfApplication => vec![receipt(Side::Requested, *filed), own(*filed)],
        Start::TravelDocumentRequest => vec![receipt(Side::Requested, asked), own(asked)],
        Start::DateOfRequest => vec![own(asked)],
        Start::ApprovalOrExpiryOfReplyLimit => match case.outcome.accepted()? {
            Ground::Answer(at) => vec![theirs(at)],
            // The end of a period starts it, no dispatch does.
            Ground::Silence(_) => Vec::new(),
        },
        Start::ConfirmedReceiptOfApplication => vec![answers.admitted.and_then(theirs)],
        Start::InterviewResult => vec![answers.interview_result.and_then(theirs)],
        Start::IssueOfTravelDocument => vec![answers.document().and_then(|it| theirs(it.at))],
        Start::ReceiptOfPositiveReply | Start::ReceiptOfReply => {
            let (side, at) = case.outcome.deciding()?;
            let answer = (side == Side::Requested).then_some(at);
            vec![
                answer.and_then(|at| receipt(Side::Requesting, at)),
                answer.and_then(theirs),
                step.and_then(|at| receipt(Side::Requested, at)),
            ]
        }
        Start::KnowledgeOfIrregularStay
        | Start::DetectionOfIrregularStay
        | Start::IrregularStayAscertained
        | Start::EntryAndPresenceAscertained => Vec::new(),
    };
    Some(found.into_iter().flatten().collect())
}
