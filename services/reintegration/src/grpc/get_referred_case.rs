//! `CaseEventService.GetReferredCase`: the case, as far as the person has consented.

use domain::referral::course::{Access, Referral};
use proto::command::v1::Purpose;
use proto::reintegration::v1::{GetReferredCaseRequest, GetReferredCaseResponse};
use runtime::command;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::view;

pub(super) async fn get_referred_case(
    desk: &Desk,
    request: Request<GetReferredCaseRequest>,
) -> Result<GetReferredCaseResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let purpose = match it.purpose() {
        purpose @ (Purpose::Reintegration | Purpose::RightsOfThePerson) => purpose,
        Purpose::Unspecified
        | Purpose::Identification
        | Purpose::Decision
        | Purpose::Transfer
        | Purpose::Oversight => {
            let reason = "must be to help the person after return, or the person's own rights";
            return Err(Failure::field("purpose", reason));
        }
    };
    let reading = command::read(&desk.ledger, &caller, purpose, &it.case).await?;
    // The ledger has looked at the scope; consent is looked at here as well.
    let said = reading.local.iter().map(|entry| &entry.statement);
    let referral = Referral::of(&agency, said);
    match referral.access() {
        Access::Granted => Ok(view::case(&reading, &referral)),
        Access::Refused => Err(Failure::not_found("case")),
    }
}
