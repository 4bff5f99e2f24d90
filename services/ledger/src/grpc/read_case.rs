//! `ReadCase`: both chains as far as the case needs them, with bodies where a purpose is named.

use proto::command::v1::Purpose;
use proto::ledger::v1::{AccessKind, ReadCaseRequest, ReadCaseResponse};
use runtime::failure::Failure;

use super::{Seen, Service, asking};
use crate::layout;
use crate::read::sent::Bodies;
use crate::scope;

pub(super) async fn execute(
    service: &Service,
    request: ReadCaseRequest,
) -> Result<ReadCaseResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let Seen { snapshot, records, chains } = service.see(&asking, &request.case).await?;
    let discloses = asking.purpose != Purpose::Unspecified && scope::may_see_bodies(&asking.caller);
    let bodies = if discloses { Bodies::Opened } else { Bodies::Withheld };
    match bodies {
        // Nobody is shown personal data before that is on the record.
        Bodies::Opened => service.disclose(&asking, records.id).await?,
        Bodies::Withheld => service.note(&asking, Some(records.id), AccessKind::Read).await?,
    }
    let reader = service.reader();
    let corridor = &records.corridor;
    let command = reader.secrets.command(&asking.caller.identity(), &request.request_id);
    let stream = layout::case_stream(&records.id);
    let prior = records
        .commands
        .iter()
        .find(|it| !request.request_id.is_empty() && it.command.command == command.as_bytes())
        .map(|it| reader.sent_prior(corridor, &stream, &it.command, it.store_position));
    let sent = |chain| reader.sent_chain(&snapshot, corridor, chain, Some(&records), bodies);
    Ok(ReadCaseResponse {
        case_id: records.id.as_bytes().to_vec(),
        revision: records.revision,
        corridor_revision: snapshot.corridors.get(&corridor.partner).map_or(0, |it| it.revision),
        now_ms: service.now_ms(),
        own_state: corridor.own.to_string(),
        partner_state: corridor.partner.to_string(),
        genesis: corridor.genesis.genesis().encode(),
        own: Some(sent(&chains.own)?),
        partner: Some(sent(&chains.partner)?),
        local: reader.sent_local(&records, bodies),
        prior: prior.transpose()?,
    })
}
