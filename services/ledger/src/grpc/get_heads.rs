//! `GetHeads`: where both logs of a corridor stand.

use proto::ledger::v1::{GetHeadsRequest, GetHeadsResponse, Head};
use runtime::failure::Failure;

use super::{Service, asking, courier};
use crate::layout::{self, LogNames};
use crate::read::sent::sent_dispatch;
use crate::snapshot::LogSnapshot;

pub(super) fn execute(
    service: &Service,
    request: &GetHeadsRequest,
) -> Result<GetHeadsResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    courier(&asking, corridor.own, Some(corridor.partner))?;
    let snapshot = service.snapshot();
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    Ok(GetHeadsResponse {
        genesis: corridor.genesis.digest().as_bytes().to_vec(),
        signed_genesis: corridor.genesis.encode(),
        own: head(service, &corridor.names.own, logs.own)?,
        partner: head(service, &corridor.names.partner, logs.partner)?,
        waiting: logs.leave.waiting().is_some(),
    })
}

fn head(service: &Service, names: &LogNames, log: LogSnapshot) -> Result<Option<Head>, Failure> {
    let Some(dispatch) = log.head else {
        return Ok(None);
    };
    let signed =
        layout::signed_header_at(&service.reader().store, &names.headers, dispatch.number)?;
    let signed = signed.ok_or_else(|| Failure::corrupt("the head of a log is not there"))?;
    Ok(Some(Head {
        dispatch: Some(sent_dispatch(&dispatch)),
        era: signed.header().era,
        signed_header: signed.bytes().to_vec(),
        log_size: log.size,
    }))
}
