//! `EraseCase`: orders the erasure of a case on this side, and states that it is done.
//!
//! The ledger destroys the keys before it answers the order, so that what is said to be done is
//! done. A crash in between leaves an order whose keys the ledger destroys when it starts; the same
//! command again then states that it is done.

use domain::case::Case;
use domain::case::decide::Ordered as Decided;
use domain::case::decide::order_erasure::{OrderErasure, order_erasure};
use domain::case::decide::report_erasure_done::{ReportErasureDone, report_erasure_done};
use domain::case::event::{ErasureBasis, Event};
use domain::case::rejection::Rejection;
use domain::person::Particulars;
use proto::command::v1::{Purpose, Receipt};
use proto::node::v1 as wire;
use runtime::caller::Caller;
use runtime::command::{
    Command, Effort, Kind, Ordered, Reading, RequestId, payload_digest, read, run,
};
use runtime::failure::Failure;

use super::Operator;

/// What follows the request id of the order in that of the report.
const DONE: &str = "-done";
/// Longest request id that leaves room for it, in characters.
const REQUEST_ID_CHARS_MAX: usize = 64 - DONE.len();

pub(super) async fn erase_case(
    operator: &Operator,
    caller: &Caller,
    request: wire::EraseCaseRequest,
) -> Result<wire::EraseCaseResponse, Failure> {
    let basis = basis(request.basis())?;
    let digest = payload_digest("EraseCase", &request);
    if request.request_id.chars().count() > REQUEST_ID_CHARS_MAX {
        return Err(Failure::field("request_id", "must have 1 to 59 characters"));
    }
    let effort = Effort::of(request.validate_only);
    let command = |request_id: &str| -> Result<Command, Failure> {
        Ok(Command {
            ordered: Ordered {
                caller: caller.clone(),
                request_id: RequestId::new(request_id)?,
                payload_digest: digest,
                effort,
            },
            case: request.case.clone(),
            purpose: Purpose::Unspecified,
            kind: Kind::Protective,
        })
    };
    let order = |case: &Case, ordered| order_erasure(case, OrderErasure { ordered, basis });
    let report = |case: &Case, ordered| report_erasure_done(case, ReportErasureDone { ordered });
    let mut receipt = state(operator, &command(&request.request_id)?, order).await?;
    if effort == Effort::CarryOut {
        let done = format!("{}{DONE}", request.request_id);
        receipt = state(operator, &command(&done)?, report).await?;
    }
    let reading = read(&operator.ledger, caller, Purpose::Unspecified, &request.case).await?;
    let sealed_copies_may_remain = reading.case.requesting != reading.own;
    Ok(wire::EraseCaseResponse { receipt: Some(receipt), sealed_copies_may_remain })
}

/// States what a decision says, with nothing beside it: what is sealed for this case is to be
/// destroyed, or cannot be sealed any more.
async fn state(
    operator: &Operator,
    command: &Command,
    decide: impl Fn(&Case, Decided) -> Result<Vec<Event>, Rejection>,
) -> Result<Receipt, Failure> {
    run(&operator.ledger, command, |reading: &Reading| {
        let (by, at) = (reading.own, reading.now);
        let ordered = Decided { by, at, particulars: Particulars::default() };
        let events = decide(&reading.case, ordered);
        Ok(events.map_err(|rejection| Failure::rejected(rejection, None))?.into())
    })
    .await
}

fn basis(basis: wire::ErasureBasis) -> Result<ErasureBasis, Failure> {
    match basis {
        wire::ErasureBasis::RetentionOver => Ok(ErasureBasis::RetentionOver),
        wire::ErasureBasis::RequestOfThePerson => Ok(ErasureBasis::RequestOfThePerson),
        wire::ErasureBasis::Order => Ok(ErasureBasis::Order),
        wire::ErasureBasis::RecordedInError => Ok(ErasureBasis::RecordedInError),
        wire::ErasureBasis::Unspecified => Err(Failure::field("basis", "must be given")),
    }
}
