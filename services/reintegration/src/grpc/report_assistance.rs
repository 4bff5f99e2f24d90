//! `ReferralService.ReportAssistance`: assistance was given.

use domain::referral::decide::Command;
use proto::reintegration::v1::{ReportAssistanceRequest, ReportAssistanceResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn report_assistance(
    desk: &Desk,
    request: Request<ReportAssistanceRequest>,
) -> Result<ReportAssistanceResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let head = head!(it, Required, "ReportAssistance");
    let receipt = desk.run(caller, head, Ok(agency), Ok(Command::ReportAssistance)).await?;
    Ok(ReportAssistanceResponse { receipt: Some(receipt) })
}
