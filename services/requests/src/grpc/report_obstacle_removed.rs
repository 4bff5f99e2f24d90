//! `CaseService.ReportObstacleRemoved`: what kept an office from acting in time is removed.

use domain::case::decide::report_obstacle_removed;
use proto::command::v1::Receipt;
use proto::requests::v1::ReportObstacleRemovedRequest;
use runtime::failure::Failure;
use tonic::Request;

use super::report_obstacle::acts;
use crate::desk::{Desk, Order, head};

pub(super) async fn report_obstacle_removed(
    desk: &Desk,
    request: Request<ReportObstacleRemovedRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let head = head!(it, Optional, "CaseService/ReportObstacleRemoved");
    let (order, ()) = Order::read(official.clone(), head, |_| Some(()))?;
    desk.run_checked(order, |reading, ordered| {
        acts(desk, &official, reading)?;
        let command = report_obstacle_removed::ReportObstacleRemoved { ordered };
        let stated = report_obstacle_removed::report_obstacle_removed(&reading.case, command);
        stated.map_err(|broken| Failure::rejected(broken, reading.case.rules.as_ref()))
    })
    .await
}
