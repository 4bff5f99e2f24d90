//! `ReferralService.RecordConsent`: the person consents to be referred to an agency.

use domain::referral::decide::Command;
use proto::reintegration::v1::{RecordConsentRequest, RecordConsentResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn record_consent(
    desk: &Desk,
    request: Request<RecordConsentRequest>,
) -> Result<RecordConsentResponse, Failure> {
    let caller = desk.office(&request)?;
    let it = request.into_inner();
    let agency = desk.named_agency(&it.agency);
    let head = head!(it, Required, "RecordConsent");
    let receipt = desk.run(caller, head, agency, Ok(Command::RecordConsent)).await?;
    Ok(RecordConsentResponse { receipt: Some(receipt) })
}
