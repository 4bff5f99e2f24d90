//! `TransferService.ReportArrival`: the requested State reports that the person has arrived.

use domain::case::decide::report_arrival;
use proto::command::v1::Receipt;
use proto::requests::v1::ReportArrivalRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn report_arrival(
    desk: &Desk,
    request: Request<ReportArrivalRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Answers)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "TransferService/ReportArrival");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        report_arrival::report_arrival(&reading.case, report_arrival::ReportArrival { ordered })
    })
    .await
}
