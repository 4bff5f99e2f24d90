//! `SupplyBody`: the sealed body of an entry that came without it.

use proto::ledger::v1::{SupplyBodyRequest, SupplyBodyResponse};
use runtime::failure::Failure;

use super::Service;
use crate::writer::{Supply, SupplyJob};

pub(super) async fn execute(
    service: &Service,
    request: SupplyBodyRequest,
) -> Result<SupplyBodyResponse, Failure> {
    let (_, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    let supply = Supply::Body(request.sealed_body);
    let job = SupplyJob { partner: corridor.partner, position: request.position, supply };
    service.0.queue.supply(job).await?;
    Ok(SupplyBodyResponse {})
}
