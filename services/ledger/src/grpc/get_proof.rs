//! `GetProof`: that one entry of a case is in the log of its author.

use proto::ledger::v1::{AccessKind, GetProofRequest, GetProofResponse};
use runtime::failure::Failure;

use super::{Seen, Service, asking, state};
use crate::corridor::Side;
use crate::failure;

pub(super) async fn execute(
    service: &Service,
    request: &GetProofRequest,
) -> Result<GetProofResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let Seen { snapshot, records, .. } = service.see(&asking, &request.case).await?;
    let corridor = &records.corridor;
    let side = corridor.side(state(&request.author, "author")?);
    let entry = records
        .entries
        .iter()
        .find(|it| Some(it.side) == side && it.position == request.position)
        .ok_or_else(|| Failure::not_found("entry"))?;
    service.note(&asking, Some(records.id), AccessKind::Read).await?;
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    let (names, log) = match entry.side {
        Side::Own => (&corridor.names.own, logs.own),
        Side::Partner => (&corridor.names.partner, logs.partner),
    };
    let reader = service.reader();
    let number = log.head.map_or(0, |head| head.number);
    let signed = reader.signed_header(names, number)?;
    let signed = signed.ok_or_else(|| Failure::corrupt("the head of a log is not there"))?;
    let size = signed.header().log_size;
    let path = reader.store.inclusion_proof(&names.entries, entry.position, size);
    Ok(GetProofResponse {
        head: entry.head.encode(),
        facts: entry.stored.facts.clone(),
        signed_header: signed.bytes().to_vec(),
        log_size: size,
        path: path.map_err(failure::read)?.into_iter().map(Vec::from).collect(),
        signed_genesis: corridor.genesis.encode(),
    })
}
