//! `PurgeQuarantine`: removes all that is in quarantine of a partner.

use proto::ledger::v1::{PurgeQuarantineRequest, PurgeQuarantineResponse};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};

pub(super) fn execute(
    service: &Service,
    request: &PurgeQuarantineRequest,
) -> Result<PurgeQuarantineResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    runs_the_node(&asking, service.reader().own)?;
    let partner = service.corridor(&request.partner_state)?.partner;
    let purged = service.0.quarantine.purge(partner);
    let purged = purged.map_err(|error| {
        Failure::unavailable("the quarantine could not be emptied").with_source(error)
    })?;
    Ok(PurgeQuarantineResponse { purged })
}
