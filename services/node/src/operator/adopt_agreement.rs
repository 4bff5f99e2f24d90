//! `AdoptAgreement`: compiles an agreement for the corridor and adopts the rules on the record.

use domain::case::event::{AgreementAdopted, Statement};
use domain::chain::{Chain, Content};
use domain::identifier::AgreementId;
use proto::node::v1::{AdoptAgreementRequest, AdoptAgreementResponse};
use runtime::caller::Caller;
use runtime::command::{
    CorridorReading, Effort, OnCorridor, Ordered, RequestId, payload_digest, run_on_corridor,
};
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn adopt_agreement(
    operator: &Operator,
    caller: &Caller,
    request: AdoptAgreementRequest,
) -> Result<AdoptAgreementResponse, Failure> {
    let command = OnCorridor {
        ordered: Ordered {
            caller: caller.clone(),
            request_id: RequestId::new(&request.request_id)?,
            payload_digest: payload_digest("AdoptAgreement", &request),
            effort: Effort::of(request.validate_only),
        },
        partner: operator.partner(&request.partner_state)?,
    };
    let decide = |reading: &CorridorReading| {
        let adoption = compile(reading, &request)?;
        let adopted = adopts(&reading.own_chain, &adoption);
        let statement = Statement::AgreementAdopted(adoption);
        Ok(if adopted { Vec::new() } else { vec![statement] })
    };
    let receipt = run_on_corridor(&operator.ledger, &command, decide).await?;
    let reading =
        runtime::command::read_corridor(&operator.ledger, caller, command.partner).await?;
    let adoption = compile(&reading, &request)?;
    Ok(AdoptAgreementResponse {
        receipt: Some(receipt),
        digest: adoption.digest.as_bytes().to_vec(),
        adopted_by_both: adopts(&reading.own_chain, &adoption)
            && adopts(&reading.partner_chain, &adoption),
    })
}

/// The adoption of the rules that an agreement compiles to, for this corridor, today.
fn compile(
    reading: &CorridorReading,
    request: &AdoptAgreementRequest,
) -> Result<AgreementAdopted, Failure> {
    let agreement =
        AgreementId::new(&request.agreement).map_err(|rule| Failure::field("agreement", rule))?;
    let version = if request.version == 0 { 1 } else { request.version };
    let known = || {
        let names = agreements::available().into_iter().map(|listing| listing.id.to_string());
        names.collect::<Vec<_>>().join(", ")
    };
    // In force is asked of the civil day in UTC: the rules that hold the local offsets are what
    // is being compiled.
    let day = clock_day(reading)?;
    let pair = (reading.own, reading.partner);
    let rules = agreements::compile(&agreement, version, pair, day).map_err(|error| {
        Failure::field("agreement", format!("{error} (known: {})", known())).with_source(error)
    })?;
    Ok(record::rules::adoption(rules))
}

fn clock_day(reading: &CorridorReading) -> Result<domain::time::Date, Failure> {
    let printed = reading.now.to_string();
    let day = printed.get(..10).and_then(|day| domain::person::full_date(day).ok());
    day.ok_or_else(|| Failure::internal("the clock shows a moment that has no date"))
}

/// Whether a chain holds this adoption.
pub(super) fn adopts(chain: &Chain, adoption: &AgreementAdopted) -> bool {
    chain.entries.iter().any(|entry| match &entry.content {
        Content::Stated(statement) => {
            matches!(statement.as_ref(), Statement::AgreementAdopted(it) if it == adoption)
        }
        Content::NotUnderstood => false,
    })
}
