//! `ResumeWriting`: the operator lets a log go on that the node may not continue by itself.

use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::node::v1::{ResumeWritingRequest, ResumeWritingResponse};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn resume_writing(
    operator: &Operator,
    caller: &Caller,
    request: ResumeWritingRequest,
) -> Result<ResumeWritingResponse, Failure> {
    let partner = operator.partner(&request.partner_state)?;
    let request = ledger::ResumeWritingRequest {
        caller: Some(caller.context(Purpose::Unspecified)),
        partner_state: partner.code().to_owned(),
        partner_holds: request.partner_holds,
        take_in_forged: request.take_in_forged,
        validate_only: request.validate_only,
    };
    let resumed = operator.ledger.clone().resume_writing(request).await?.into_inner();
    Ok(ResumeWritingResponse { dispatch: resumed.dispatch.map(|dispatch| dispatch.number) })
}
