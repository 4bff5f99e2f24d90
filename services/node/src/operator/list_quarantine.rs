//! `ListQuarantine`: what arrived in a partner's name and is not authentic.

use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::node::v1::{ListQuarantineRequest, ListQuarantineResponse, QuarantinedDispatch};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn list_quarantine(
    operator: &Operator,
    caller: &Caller,
    request: ListQuarantineRequest,
) -> Result<ListQuarantineResponse, Failure> {
    let partner = operator.partner(&request.partner_state)?;
    let request = ledger::ListQuarantineRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        partner_state: partner.to_string(),
        number: request.number,
    };
    let listed = operator.ledger.clone().list_quarantine(request).await?.into_inner();
    let dispatches = listed.dispatches.into_iter().map(|it| QuarantinedDispatch {
        number: it.number,
        arrived_at_ms: it.time_ms,
        reason: it.reason,
        size_bytes: it.size_bytes,
        dispatch: it.dispatch,
    });
    Ok(ListQuarantineResponse { dispatches: dispatches.collect(), dropped: listed.dropped })
}
