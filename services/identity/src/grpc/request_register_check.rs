//! `IdentityService.RequestRegisterCheck`: a check of the population register is asked for.

use domain::case::decide::request_register_check;
use proto::command::v1::Receipt;
use proto::identity::v1::RequestRegisterCheckRequest;
use runtime::config::Duty;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};

pub(super) async fn request_register_check(
    desk: &Desk,
    request: Request<RequestRegisterCheckRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.office(&request, Duty::Returns)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/RequestRegisterCheck");
    let (order, ()) = Order::read(official, head, |_| Some(()))?;
    desk.run(order, |reading, ordered| {
        request_register_check::request_register_check(
            &reading.case,
            request_register_check::RequestRegisterCheck { ordered },
        )
    })
    .await
}
