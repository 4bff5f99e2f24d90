//! `CaseService.GetCase`: reads a case; what is personal only with a purpose.

use proto::requests::v1::{GetCaseRequest, GetCaseResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::{purpose, view};

pub(super) async fn get_case(
    desk: &Desk,
    request: Request<GetCaseRequest>,
) -> Result<GetCaseResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let purpose = purpose::read(it.purpose)?;
    let reading = desk.read(&official, purpose, &it.case).await?;
    Ok(GetCaseResponse { case: Some(view::case(&reading)), now_ms: reading.now.as_ms() })
}
