//! `EndAgreement`: states on the record that adopted rules end.

use domain::case::event::{AgreementEnded, Statement};
use domain::identifier::AgreementId;
use domain::time::Date;
use proto::node::v1::{EndAgreementRequest, EndAgreementResponse};
use runtime::caller::Caller;
use runtime::command::{
    CorridorReading, Effort, OnCorridor, Ordered, RequestId, payload_digest, run_on_corridor,
};
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn end_agreement(
    operator: &Operator,
    caller: &Caller,
    request: EndAgreementRequest,
) -> Result<EndAgreementResponse, Failure> {
    let agreement =
        AgreementId::new(&request.agreement).map_err(|rule| Failure::field("agreement", rule))?;
    let day = domain::person::full_date(&request.ended_from)
        .map_err(|rule| Failure::field("ended_from", rule))?;
    let command = OnCorridor {
        ordered: Ordered {
            caller: caller.clone(),
            request_id: RequestId::new(&request.request_id)?,
            payload_digest: payload_digest("EndAgreement", &request),
            effort: Effort::of(request.validate_only),
        },
        partner: operator.partner(&request.partner_state)?,
        vouched: Vec::new(),
    };
    let version = if request.version == 0 { 1 } else { request.version };
    let decide = |reading: &CorridorReading| ends(reading, &agreement, version, day);
    let receipt = run_on_corridor(&operator.ledger, &command, decide).await?;
    Ok(EndAgreementResponse { receipt: Some(receipt) })
}

/// What is to be stated; nothing where this State says it already, and it counts.
fn ends(
    reading: &CorridorReading,
    agreement: &AgreementId,
    version: u32,
    day: Date,
) -> Result<Vec<Statement>, Failure> {
    let agreed = reading.agreed()?;
    let own = agreed.adopted_by(reading.own);
    let ended = own
        .into_iter()
        .map(|(reference, _)| reference)
        .rfind(|it| it.agreement == *agreement && it.version == version);
    let Some(ended) = ended else {
        let rule = format!("must be adopted by this State, in version {version}");
        return Err(Failure::field("agreement", rule));
    };
    let said = agreed.ended_by(reading.own, &ended).is_some_and(|earlier| earlier <= day);
    let statement = Statement::AgreementEnded(AgreementEnded { ended, ended_from: day });
    Ok(if said { Vec::new() } else { vec![statement] })
}
