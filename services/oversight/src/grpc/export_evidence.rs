//! `AuditService.ExportEvidence`: the evidence of one case, in parts, for `readmit verify`.

use std::pin::Pin;

use proto::InvalidField;
use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::oversight::v1::{ExportEvidenceRequest, ExportEvidenceResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Status};

use crate::desk::Desk;

/// The parts, as the ledger makes them: it waits for who reads slowly.
pub(super) type Chunks = Pin<Box<dyn Stream<Item = Result<ExportEvidenceResponse, Status>> + Send>>;

pub(super) async fn export_evidence(
    desk: &Desk,
    request: Request<ExportEvidenceRequest>,
) -> Result<Chunks, Failure> {
    let caller = desk.exporter(&request)?;
    let it = request.into_inner();
    if it.case.is_empty() {
        return Err(InvalidField::missing("case").into());
    }
    let purpose = purpose(&caller, &it)?;
    let request = ledger::ExportEvidenceRequest {
        caller: Some(caller.context(purpose)),
        case: it.case,
        bodies: it.bodies,
        own_up_to: it.own_up_to,
        partner_up_to: it.partner_up_to,
    };
    let parts = desk.ledger.clone().export_evidence(request).await?.into_inner();
    Ok(Box::pin(parts.map(|part| match part {
        Ok(part) => Ok(ExportEvidenceResponse { chunk: part.chunk, total_bytes: part.total_bytes }),
        Err(status) => Err(Status::from(Failure::from(status))),
    })))
}

/// Why it is exported. An overseer has one purpose, its mandate; an office names its own where
/// personal data leaves with the bundle.
fn purpose(caller: &Caller, request: &ExportEvidenceRequest) -> Result<Purpose, Failure> {
    let named = Purpose::try_from(request.purpose)
        .map_err(|_| Failure::field("purpose", "must be one of the words that are known"))?;
    if request.bodies && named == Purpose::Unspecified {
        return Err(Failure::field("purpose", "must be given where bodies are shown"));
    }
    match (caller.overseer().is_ok(), named) {
        (true, Purpose::Unspecified | Purpose::Oversight) => Ok(Purpose::Oversight),
        (true, _) => Err(Failure::field("purpose", "must be oversight, for a body of oversight")),
        (false, Purpose::Oversight) => {
            Err(Failure::field("purpose", "must be what the office does with the case"))
        }
        (false, named) => Ok(named),
    }
}
