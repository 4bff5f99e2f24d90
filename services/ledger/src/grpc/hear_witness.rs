//! `HearWitness`: what the partner, or the own topic, holds of the own log.

use proto::InvalidField;
use proto::ledger::v1::{self as wire, HearWitnessRequest, HearWitnessResponse};
use record::dispatch::{Dispatch, SignedHeader};
use runtime::failure::Failure;

use super::{Service, asking, courier};
use crate::leave::Witness;
use crate::writer::leave::{Held, LeaveJob};

pub(super) async fn execute(
    service: &Service,
    request: HearWitnessRequest,
) -> Result<HearWitnessResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let corridor = service.corridor(&request.partner_state)?;
    courier(&asking, corridor.own, None)?;
    let witness = match request.witness() {
        wire::Witness::Partner => Witness::Partner,
        wire::Witness::Topic => Witness::Topic,
        wire::Witness::Unspecified => {
            return Err(Failure::field("witness", "must name one of the witnesses"));
        }
    };
    let holds = match (request.signed_header.as_slice(), request.dispatch.as_slice()) {
        ([], []) => None,
        (header, []) => SignedHeader::parse(header).map(Some).ok_or_else(|| {
            InvalidField::new("signed_header", "must be a signed header in its one form")
        })?,
        ([], dispatch) => Some(
            Dispatch::decode(dispatch)
                .map_err(|error| InvalidField::new("dispatch", error))?
                .signed_header,
        ),
        (_, _) => return Err(Failure::field("dispatch", "must not stand beside a header")),
    };
    let partner = corridor.partner;
    let heard = Box::new(Held { witness, holds });
    let answer = service.0.queue.leave(|reply| LeaveJob::Hear(partner, heard, reply)).await?;
    Ok(HearWitnessResponse {
        verdict: answer.outcome.into(),
        next_own: answer.next_own,
        takes_back: answer.takes_back,
        reason: answer.reason,
    })
}
