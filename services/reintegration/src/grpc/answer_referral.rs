//! `ReferralService.AnswerReferral`: the agency takes the case, or does not.

use domain::referral::ReferralAnswer;
use domain::referral::decide::Command;
use proto::InvalidField;
use proto::reintegration::v1::{self as wire, AnswerReferralRequest, AnswerReferralResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, head};

pub(super) async fn answer_referral(
    desk: &Desk,
    request: Request<AnswerReferralRequest>,
) -> Result<AnswerReferralResponse, Failure> {
    let (caller, agency) = desk.agency(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "AnswerReferral");
    let order = match it.answer() {
        wire::ReferralAnswer::Accepted => Ok(Command::Answer(ReferralAnswer::Accepted)),
        wire::ReferralAnswer::Declined => Ok(Command::Answer(ReferralAnswer::Declined)),
        wire::ReferralAnswer::Unspecified => {
            Err(InvalidField::new("answer", "must be one of the words that are known"))
        }
    };
    let receipt = desk.run(caller, head, Ok(agency), order).await?;
    Ok(AnswerReferralResponse { receipt: Some(receipt) })
}
