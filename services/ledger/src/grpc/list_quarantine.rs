//! `ListQuarantine`: what arrived in a partner's name and is not authentic.

use proto::ledger::v1::{ListQuarantineRequest, ListQuarantineResponse, Quarantined};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};

pub(super) fn execute(
    service: &Service,
    request: &ListQuarantineRequest,
) -> Result<ListQuarantineResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    runs_the_node(&asking, service.reader().own)?;
    let partner = service.corridor(&request.partner_state)?.partner;
    let quarantine = &service.0.quarantine;
    let mut dispatches = Vec::new();
    for kept in quarantine.list(partner) {
        let dispatch = match request.number {
            Some(number) if number != kept.number => continue,
            Some(number) => quarantine.read(partner, number).map_err(|error| {
                Failure::unavailable("the quarantine cannot be read").with_source(error)
            })?,
            None => None,
        };
        dispatches.push(Quarantined {
            number: kept.number,
            time_ms: kept.at.as_ms(),
            reason: kept.why,
            size_bytes: kept.bytes,
            dispatch: dispatch.unwrap_or_default(),
        });
    }
    if request.number.is_some() && dispatches.is_empty() {
        return Err(Failure::not_found("dispatch in quarantine"));
    }
    Ok(ListQuarantineResponse { dispatches, dropped: quarantine.count(partner).dropped })
}
