//! `TransferService.ReportNonDeparture`: the person has not left.

use domain::case::decide::report_non_departure;
use proto::command::v1::Receipt;
use proto::requests::v1::ReportNonDepartureRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::notice;
use crate::view::words;

pub(super) async fn report_non_departure(
    desk: &Desk,
    request: Request<ReportNonDepartureRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/ReportNonDeparture");
    let (order, reason) = Order::read(official, head, |fields| {
        fields.word("reason", words::read_non_departure(it.reason))
    })?;
    desk.run(order, |reading, ordered| {
        notice::stands(reading, it.notice)?;
        let command = report_non_departure::ReportNonDeparture { ordered, reason };
        report_non_departure::report_non_departure(&reading.case, command)
    })
    .await
}
