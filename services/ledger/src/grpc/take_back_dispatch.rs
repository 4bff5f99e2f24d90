//! `TakeBackDispatch`: a dispatch of the own log that this store has lost.

use proto::ledger::v1::{TakeBackDispatchRequest, TakeBackDispatchResponse};
use runtime::failure::Failure;

use super::{Service, asking, courier};
use crate::writer::leave::LeaveJob;

pub(super) async fn execute(
    service: &Service,
    request: TakeBackDispatchRequest,
) -> Result<TakeBackDispatchResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    courier(&asking, corridor.own, None)?;
    let (partner, dispatch) = (corridor.partner, request.dispatch);
    let job = |reply| LeaveJob::TakeBack(partner, dispatch, reply);
    let answer = service.0.queue.leave(job).await?;
    Ok(TakeBackDispatchResponse {
        outcome: answer.outcome.into(),
        next_own: answer.next_own,
        reason: answer.reason,
    })
}
