//! `RequestService.NoticeSilence`: the partner is told that its deadline for silence has passed.

use domain::case::decide::notice_silence;
use proto::command::v1::Receipt;
use proto::requests::v1::NoticeSilenceRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn notice_silence(
    desk: &Desk,
    request: Request<NoticeSilenceRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "RequestService/NoticeSilence");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        notice_silence::notice_silence(&reading.case, notice_silence::NoticeSilence { ordered })
    })
    .await
}
