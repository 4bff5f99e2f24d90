//! `ListFaults`: the dispatches of a partner that are kept as proof.

use proto::ledger::v1::{KeptFault, ListFaultsRequest, ListFaultsResponse};
use proto::store::v1::StoredProof;
use record::canonical;
use record::dispatch::Dispatch;
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};
use crate::{failure, layout};

pub(super) fn execute(
    service: &Service,
    request: &ListFaultsRequest,
) -> Result<ListFaultsResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let reader = service.reader();
    runs_the_node(&asking, reader.own)?;
    let corridor = service.corridor(&request.partner_state)?;
    let log = &corridor.names.proofs;
    let size = reader.store.log_size(log);
    let mut faults = Vec::new();
    for record in layout::log_records(&reader.store, log, 0, size)? {
        let proof: StoredProof =
            canonical::decode(&record.leaf).map_err(|_| failure::corrupt(&record))?;
        let dispatch = Dispatch::decode(&proof.dispatch).map_err(|_| failure::corrupt(&record))?;
        faults.push(KeptFault {
            outcome: i32::try_from(proof.outcome).unwrap_or_default(),
            number: dispatch.signed_header.header().number,
            time_ms: proof.time_ms,
            reason: proof.reason,
            evidence: Vec::new(),
        });
    }
    Ok(ListFaultsResponse { faults })
}
