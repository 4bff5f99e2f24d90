//! `ExportFault`: the portable evidence of a fault, for anybody to verify.

use proto::node::v1::{ExportFaultRequest, ExportFaultResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::{Operator, list_faults};

pub(super) async fn export_fault(
    operator: &Operator,
    caller: &Caller,
    request: ExportFaultRequest,
) -> Result<ExportFaultResponse, Failure> {
    let faults = list_faults::kept(operator, caller, &request.partner_state).await?;
    let wanted = faults
        .into_iter()
        .filter(|it| request.number.is_none_or(|number| number == it.number))
        .find(|it| !it.evidence.is_empty());
    let found = wanted.ok_or_else(|| Failure::not_found("portable evidence of a fault"))?;
    Ok(ExportFaultResponse { chunk: found.evidence })
}
