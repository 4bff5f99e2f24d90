//! `ListFaults`: the partner's dispatches that are kept as proof of a fault.

use proto::command::v1::Purpose;
use proto::ledger::v1::{KeptFault, ListFaultsRequest as Asked};
use proto::node::v1::{FaultOfPartner, ListFaultsRequest, ListFaultsResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn list_faults(
    operator: &Operator,
    caller: &Caller,
    request: ListFaultsRequest,
) -> Result<ListFaultsResponse, Failure> {
    let faults = kept(operator, caller, &request.partner_state).await?;
    let faults = faults.into_iter().map(|it| FaultOfPartner {
        number: it.number,
        arrived_at_ms: it.time_ms,
        reason: it.reason,
        portable: !it.evidence.is_empty(),
    });
    Ok(ListFaultsResponse { faults: faults.collect() })
}

/// What the ledger keeps of a partner.
pub(super) async fn kept(
    operator: &Operator,
    caller: &Caller,
    partner_state: &str,
) -> Result<Vec<KeptFault>, Failure> {
    let partner = operator.partner(partner_state)?;
    let request = Asked {
        caller: Some(caller.context(Purpose::Unspecified)),
        partner_state: partner.to_string(),
    };
    Ok(operator.ledger.clone().list_faults(request).await?.into_inner().faults)
}
