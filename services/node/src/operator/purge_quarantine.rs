//! `PurgeQuarantine`: removes all that is in quarantine of a partner.

use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::node::v1::{PurgeQuarantineRequest, PurgeQuarantineResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn purge_quarantine(
    operator: &Operator,
    caller: &Caller,
    request: PurgeQuarantineRequest,
) -> Result<PurgeQuarantineResponse, Failure> {
    let partner = operator.partner(&request.partner_state)?;
    let request = ledger::PurgeQuarantineRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        partner_state: partner.to_string(),
    };
    let purged = operator.ledger.clone().purge_quarantine(request).await?.into_inner().purged;
    Ok(PurgeQuarantineResponse { purged })
}
