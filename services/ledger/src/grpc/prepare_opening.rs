//! `PrepareOpening`: what a new case would rest on, its id and its serials.

use proto::ledger::v1::{PrepareOpeningRequest, PrepareOpeningResponse, YearSerial};
use runtime::caller::Role;
use runtime::failure::Failure;

use super::{Service, asking, request_id};
use crate::failure;
use crate::layout;
use crate::read::sent::Bodies;

pub(super) fn execute(
    service: &Service,
    request: &PrepareOpeningRequest,
) -> Result<PrepareOpeningResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    match &asking.caller.role {
        Role::Office(_) | Role::Service(_) if asking.caller.state == corridor.own => {}
        Role::Office(_)
        | Role::Service(_)
        | Role::Consulate(_)
        | Role::Agency(_)
        | Role::Overseer(_)
        | Role::Operator
        | Role::Node => return Err(Failure::not_allowed("only an office may open a case")),
    }
    let reader = service.reader();
    let identity = asking.caller.identity();
    let request_id = request_id(&request.request_id)?;
    let founder = corridor.founded.founder(corridor.own);
    let founder = founder.ok_or_else(|| Failure::internal("the State is not in its corridor"))?;
    let id = reader.secrets.case_id(&identity, request_id, founder);
    let snapshot = service.snapshot();
    let now = service.0.clock.now();
    // The id is of this caller and request: where it is there already, it is the caller's.
    let records = reader.case(&snapshot, id)?;
    let entries = records.as_ref().map(|records| records.entries.as_slice()).unwrap_or_default();
    let chains = reader.chains(&snapshot, corridor, entries)?;
    let command = reader.secrets.command(&identity, request_id);
    let stream = layout::case_stream(&id);
    let prior = records
        .iter()
        .flat_map(|records| &records.commands)
        .find(|it| it.command.command == command.as_bytes())
        .map(|it| reader.sent_prior(corridor, &stream, &it.command, it.store_position));
    // A case that is there has its serial. Which are used nobody knows while the own log is taken
    // back.
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    let serials = match (&records, logs.leave.waiting()) {
        (Some(_), _) => Vec::new(),
        (None, Some(waiting)) => return Err(failure::waiting(waiting, logs.own.dispatches())),
        (None, None) => service.0.serials.keep(&reader.store, corridor.partner, id, now),
    };
    let sent =
        |chain| reader.sent_chain(&snapshot, corridor, chain, records.as_deref(), Bodies::Withheld);
    Ok(PrepareOpeningResponse {
        case_id: id.as_bytes().to_vec(),
        serials: serials
            .into_iter()
            .map(|it| YearSerial { year: it.year, next_serial: it.serial })
            .collect(),
        corridor_revision: logs.revision,
        now_ms: now.as_ms(),
        own_state: corridor.own.to_string(),
        genesis: corridor.genesis.genesis().encode(),
        own: Some(sent(&chains.own)?),
        partner: Some(sent(&chains.partner)?),
        prior: prior.transpose()?,
    })
}
