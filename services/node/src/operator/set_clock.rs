//! `SetClock`: moves the clock forward; only demo and test environments have one that moves.

use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::node::v1::{SetClockRequest, SetClockResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn set_clock(
    operator: &Operator,
    caller: &Caller,
    request: SetClockRequest,
) -> Result<SetClockResponse, Failure> {
    let request = ledger::SetClockRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        now_ms: request.now_ms,
    };
    let response = operator.ledger.clone().set_clock(request).await?.into_inner();
    Ok(SetClockResponse { now_ms: response.now_ms })
}
