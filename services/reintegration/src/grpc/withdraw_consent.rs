//! `ReferralService.WithdrawConsent`: the person withdraws consent. By an office, or by the agency
//! of its own.

use domain::identifier::Agency;
use domain::referral::decide::Command;
use proto::InvalidField;
use proto::reintegration::v1::{WithdrawConsentRequest, WithdrawConsentResponse};
use runtime::caller;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn withdraw_consent(
    desk: &Desk,
    request: Request<WithdrawConsentRequest>,
) -> Result<WithdrawConsentResponse, Failure> {
    let (caller, own) = if caller::of(&request)?.agency().is_ok() {
        desk.agency(&request).map(|(caller, own)| (caller, Some(own)))?
    } else {
        (desk.office(&request)?, None)
    };
    let it = request.into_inner();
    let agency = match own {
        None => desk.named_agency(&it.agency),
        Some(own) => of_its_own(own, &it.agency),
    };
    let head = head!(it, Optional, "WithdrawConsent");
    let receipt = desk.run(caller, head, agency, Ok(Command::WithdrawConsent)).await?;
    Ok(WithdrawConsentResponse { receipt: Some(receipt) })
}

fn of_its_own(own: Agency, named: &str) -> Result<Agency, InvalidField> {
    if named.is_empty() || named == own.as_str() {
        Ok(own)
    } else {
        Err(InvalidField::new("agency", "must be the agency that asks, or empty"))
    }
}
