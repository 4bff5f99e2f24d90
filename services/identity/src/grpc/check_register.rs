//! `IdentityService.CheckRegister`: what the population register says. A finding, never a
//! confirmation.

use domain::case::decide::check_register;
use proto::command::v1::Receipt;
use proto::identity::v1::CheckRegisterRequest;
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::{Desk, Order, head};
use crate::words;

pub(super) async fn check_register(
    desk: &Desk,
    request: Request<CheckRegisterRequest>,
) -> Result<Receipt, Failure> {
    let official = desk.requested(&request)?;
    let it = request.into_inner();
    let head = head!(it, "IdentityService/CheckRegister");
    let (order, finding) = Order::read(official, head, |fields| {
        fields.word("finding", words::read_finding(it.finding))
    })?;
    desk.run(order, |reading, ordered| {
        check_register::check_register(
            &reading.case,
            check_register::CheckRegister { ordered, finding },
        )
    })
    .await
}
