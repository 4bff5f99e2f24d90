//! `AuditService.GetProof`: that one entry is in the log of its author, for anybody to check.

use domain::identifier::State;
use proto::InvalidField;
use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::oversight::v1::{GetProofRequest, GetProofResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;

pub(super) async fn get_proof(
    desk: &Desk,
    request: Request<GetProofRequest>,
) -> Result<GetProofResponse, Failure> {
    let caller = desk.overseer(&request)?;
    let it = request.into_inner();
    if it.case.is_empty() {
        return Err(InvalidField::missing("case").into());
    }
    let author = State::new(&it.author).map_err(|why| Failure::field("author", why))?;
    let request = ledger::GetProofRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        case: it.case,
        author: author.to_string(),
        position: it.position,
    };
    let proof = desk.ledger.clone().get_proof(request).await?.into_inner();
    Ok(GetProofResponse {
        head: proof.head,
        facts: proof.facts,
        signed_header: proof.signed_header,
        log_size: proof.log_size,
        path: proof.path,
        signed_genesis: proof.signed_genesis,
        evidence: proof.evidence,
    })
}
