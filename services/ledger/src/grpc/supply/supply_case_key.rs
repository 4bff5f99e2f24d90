//! `SupplyCaseKey`: the key of a case whose opening entry came without it.

use proto::InvalidField;
use proto::ledger::v1::{SupplyCaseKeyRequest, SupplyCaseKeyResponse};
use proto::record::v1::WrappedCaseKey;
use record::canonical;
use runtime::failure::Failure;

use super::Service;
use crate::missing::Need;
use crate::writer::{Supply, SupplyJob};

pub(super) async fn execute(
    service: &Service,
    request: &SupplyCaseKeyRequest,
) -> Result<SupplyCaseKeyResponse, Failure> {
    let (_, corridor) = service.carries(request.caller.as_ref(), &request.partner_state)?;
    let wrapped: WrappedCaseKey =
        canonical::decode(&request.wrapped).map_err(|error| InvalidField::new("wrapped", error))?;
    let missing = service.missing(corridor.partner, request.position, Need::CaseKey);
    if let Some(missing) = missing
        && !service.case_of(&corridor, missing.case)?.keys_travel()
    {
        return Err(Failure::not_found("case key"));
    }
    let supply = Supply::CaseKey(wrapped);
    let job = SupplyJob { partner: corridor.partner, position: request.position, supply };
    service.0.queue.supply(job).await?;
    Ok(SupplyCaseKeyResponse {})
}
