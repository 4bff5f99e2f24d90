//! `CaseService.ReportObstacle`: an office cannot act in time, and says so.

use domain::case::decide::report_obstacle;
use domain::case::said::Side;
use proto::command::v1::Receipt;
use proto::requests::v1::ReportObstacleRequest;
use runtime::command::Reading;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Official, Order, head};

pub(super) async fn report_obstacle(
    desk: &Desk,
    request: Request<ReportObstacleRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    // A delay needs reasons under every agreement that has one.
    let head = head!(it, Required, "CaseService/ReportObstacle");
    let (order, ()) = Order::read(official.clone(), head, |_| Some(()))?;
    desk.run_checked(order, |reading, ordered| {
        acts(desk, &official, reading)?;
        let stated = report_obstacle::report_obstacle(
            &reading.case,
            report_obstacle::ReportObstacle { ordered },
        );
        stated.map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
    })
    .await
}

/// Only an office with the duty of its State in the case speaks of what keeps it from its duty.
pub(super) fn acts(desk: &Desk, official: &Official, reading: &Reading) -> Result<(), Failure> {
    let duty = match reading.case.side(reading.own) {
        Some(Side::Requested) => Duty::Answers,
        Some(Side::Requesting) | None => Duty::Returns,
    };
    desk.with_duty(official, duty)
}
