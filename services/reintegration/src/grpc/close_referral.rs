//! `ReferralService.CloseReferral`: the agency closes the referral.

use domain::referral::decide::Command;
use proto::reintegration::v1::{CloseReferralRequest, CloseReferralResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn close_referral(
    desk: &Desk,
    request: Request<CloseReferralRequest>,
) -> Result<CloseReferralResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CloseReferral");
    let receipt = desk.run(caller, head, Ok(agency), Ok(Command::Close)).await?;
    Ok(CloseReferralResponse { receipt: Some(receipt) })
}
