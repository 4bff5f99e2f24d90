//! `ReferralService.ReportFollowUp`: a follow-up took place.

use domain::referral::decide::Command;
use proto::reintegration::v1::{ReportFollowUpRequest, ReportFollowUpResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn report_follow_up(
    desk: &Desk,
    request: Request<ReportFollowUpRequest>,
) -> Result<ReportFollowUpResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let head = head!(it, Required, "ReportFollowUp");
    let receipt = desk.run(caller, head, Ok(agency), Ok(Command::ReportFollowUp)).await?;
    Ok(ReportFollowUpResponse { receipt: Some(receipt) })
}
