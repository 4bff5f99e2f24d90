//! `ReadCorridor`: both chains without any case. Holds no personal data.

use proto::ledger::v1::{ReadCorridorRequest, ReadCorridorResponse};
use runtime::failure::Failure;

use super::{Service, asking};
use crate::read::sent::Bodies;

pub(super) fn execute(
    service: &Service,
    request: &ReadCorridorRequest,
) -> Result<ReadCorridorResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    let reader = service.reader();
    let snapshot = service.snapshot();
    let chains = reader.chains(&snapshot, corridor, &[])?;
    let records = reader.corridor_records(&snapshot, corridor)?;
    let command = reader.secrets.command(&asking.caller.identity(), &request.request_id);
    let prior = records
        .commands
        .iter()
        .find(|it| !request.request_id.is_empty() && it.command.command == command.as_bytes())
        .map(|it| reader.sent_prior(corridor, &corridor.stream, &it.command, it.store_position));
    let sent = |chain| reader.sent_chain(&snapshot, corridor, chain, None, Bodies::Withheld);
    Ok(ReadCorridorResponse {
        corridor_revision: snapshot.corridors.get(&corridor.partner).map_or(0, |it| it.revision),
        now_ms: service.now_ms(),
        own_state: corridor.own.to_string(),
        genesis: corridor.genesis.genesis().encode(),
        own: Some(sent(&chains.own)?),
        partner: Some(sent(&chains.partner)?),
        prior: prior.transpose()?,
    })
}
