//! `TransferService.ReportDeparture`: the person has left, or is about to board.

use domain::case::decide::report_departure;
use proto::command::v1::Receipt;
use proto::requests::v1::ReportDepartureRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::notice;

pub(super) async fn report_departure(
    desk: &Desk,
    request: Request<ReportDepartureRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/ReportDeparture");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        notice::stands(reading, it.notice)?;
        let command = report_departure::ReportDeparture { ordered };
        report_departure::report_departure(&reading.case, &reading.safeguards(), command)
    })
    .await
}
