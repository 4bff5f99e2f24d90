//! `ReferralService.AgreePlan`: person and agency have agreed a plan.

use domain::referral::decide::Command;
use proto::reintegration::v1::{AgreePlanRequest, AgreePlanResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn agree_plan(
    desk: &Desk,
    request: Request<AgreePlanRequest>,
) -> Result<AgreePlanResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let head = head!(it, Required, "AgreePlan");
    let receipt = desk.run(caller, head, Ok(agency), Ok(Command::AgreePlan)).await?;
    Ok(AgreePlanResponse { receipt: Some(receipt) })
}
