//! `GetStatus`: how the ledger stands. Holds no personal data.

use proto::ledger::v1::{CorridorStatus, GetStatusRequest, GetStatusResponse};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};
use crate::read::sent_dispatch;

pub(super) fn execute(
    service: &Service,
    request: &GetStatusRequest,
) -> Result<GetStatusResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let reader = service.reader();
    runs_the_node(&asking, reader.own)?;
    let snapshot = service.snapshot();
    let corridors = reader.corridors.iter().map(|(partner, corridor)| {
        let it = snapshot.corridors.get(partner).cloned().unwrap_or_default();
        CorridorStatus {
            partner_state: partner.to_string(),
            environment: corridor.genesis.genesis().environment().to_owned(),
            genesis: corridor.genesis.digest().as_bytes().to_vec(),
            own_head: it.own.head.as_ref().map(sent_dispatch),
            partner_head: it.partner.head.as_ref().map(sent_dispatch),
            parked: it.parked,
            quarantined: it.quarantined,
            stopped: it.stopped.unwrap_or_default(),
            next_wanted: it.partner.dispatches(),
        }
    });
    Ok(GetStatusResponse {
        own_state: reader.own.to_string(),
        now_ms: service.now_ms(),
        store_position: snapshot.next.0.checked_sub(1),
        recovered_cut_bytes: reader.store.recovery().cut_bytes,
        corridors: corridors.collect(),
        views_upto_position: service.0.views.borrow().0.checked_sub(1),
    })
}
