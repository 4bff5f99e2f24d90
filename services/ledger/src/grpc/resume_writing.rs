//! `ResumeWriting`: an operator lets the log go on, on the record.

use proto::ledger::v1::{ResumeWritingRequest, ResumeWritingResponse};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};
use crate::read::sent::sent_dispatch;
use crate::writer::leave::{LeaveJob, ResumeJob};

pub(super) async fn execute(
    service: &Service,
    request: ResumeWritingRequest,
) -> Result<ResumeWritingResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    runs_the_node(&asking, service.reader().own)?;
    let corridor = service.corridor(&request.partner_state)?;
    let job = ResumeJob {
        partner: corridor.partner,
        partner_holds: request.partner_holds,
        takes_in_forged: request.take_in_forged,
        validate_only: request.validate_only,
    };
    let made = service.0.queue.leave(|reply| LeaveJob::Resume(job, reply)).await?;
    Ok(ResumeWritingResponse { dispatch: made.as_ref().map(sent_dispatch) })
}
