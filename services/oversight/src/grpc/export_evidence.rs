//! `AuditService.ExportEvidence`: the evidence of one case, in parts, for `readmit verify`.

use std::pin::Pin;

use proto::InvalidField;
use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::oversight::v1::{ExportEvidenceRequest, ExportEvidenceResponse};
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
    let caller = desk.overseer(&request)?;
    let it = request.into_inner();
    if it.case.is_empty() {
        return Err(InvalidField::missing("case").into());
    }
    let caller = Some(caller.context(Purpose::Oversight));
    let request = ledger::ExportEvidenceRequest { caller, case: it.case };
    let parts = desk.ledger.clone().export_evidence(request).await?.into_inner();
    Ok(Box::pin(parts.map(|part| match part {
        Ok(part) => Ok(ExportEvidenceResponse { chunk: part.chunk, total_bytes: part.total_bytes }),
        Err(status) => Err(Status::from(Failure::from(status))),
    })))
}
