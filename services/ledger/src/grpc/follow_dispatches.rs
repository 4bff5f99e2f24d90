//! `FollowDispatches`: the own dispatches to a partner, as they are to be sent.

use std::sync::Arc;

use proto::ledger::v1::{FollowDispatchesRequest, FollowDispatchesResponse};
use runtime::failure::Failure;
use tonic::Response;

use super::{Items, Service, asking, courier, streamed};
use crate::follow;

pub(super) fn execute(
    service: &Service,
    request: &FollowDispatchesRequest,
) -> Result<Response<Items<FollowDispatchesResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = Arc::clone(service.corridor(&request.partner_state)?);
    courier(&asking, corridor.own, Some(corridor.partner))?;
    let from = request.from_number;
    let reader = service.reader().clone();
    let snapshots = service.0.snapshots.clone();
    Ok(streamed(|sink| follow::dispatches(reader, snapshots, corridor, from, sink)))
}
