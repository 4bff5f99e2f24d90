//! `ReferralService.Refer`: the person is referred to an agency.

use domain::referral::decide::Command;
use proto::reintegration::v1::{ReferRequest, ReferResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn refer(
    desk: &Desk,
    request: Request<ReferRequest>,
) -> Result<ReferResponse, Failure> {
    let caller = desk.office(&request)?;
    let it = request.into_inner();
    let agency = desk.named_agency(&it.agency);
    let head = head!(it, Optional, "Refer");
    let receipt = desk.run(caller, head, agency, Ok(Command::Refer)).await?;
    Ok(ReferResponse { receipt: Some(receipt) })
}
