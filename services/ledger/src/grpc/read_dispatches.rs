//! `ReadDispatches`: a range of dispatches of either log of a corridor.

use std::sync::Arc;

use proto::ledger::v1::{ReadDispatchesRequest, ReadDispatchesResponse};
use runtime::failure::Failure;
use tonic::Response;

use super::{Items, Service, asking, courier, state, streamed};
use crate::follow::{self, Range};

pub(super) fn execute(
    service: &Service,
    request: &ReadDispatchesRequest,
) -> Result<Response<Items<ReadDispatchesResponse>>, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = Arc::clone(service.corridor(&request.partner_state)?);
    courier(&asking, corridor.own, Some(corridor.partner))?;
    let side = corridor.side(state(&request.author, "author")?);
    // Numbers go on through all eras, so whichever is named, a number means one dispatch.
    let side = side.ok_or_else(|| Failure::not_found("log"))?;
    let range = Range { side, from: request.from_number, to: request.to_number };
    let (reader, snapshot) = (service.reader().clone(), service.snapshot());
    Ok(streamed(|sink| follow::range(reader, snapshot, corridor, range, sink)))
}
