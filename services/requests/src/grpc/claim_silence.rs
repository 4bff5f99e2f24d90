//! `RequestService.ClaimSilence`: silence is claimed on the partner's own later word.

use domain::case::decide::claim_silence;
use proto::command::v1::Receipt;
use proto::requests::v1::ClaimSilenceRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn claim_silence(
    desk: &Desk,
    request: Request<ClaimSilenceRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "RequestService/ClaimSilence");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        claim_silence::claim_silence(&reading.case, claim_silence::ClaimSilence { ordered })
    })
    .await
}
