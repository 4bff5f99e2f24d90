//! `CaseService.ListCases`: the cases of the caller's office.

use proto::requests::v1::{ListCasesRequest, ListCasesResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::listing::{self, Listing};
use crate::view::line;

pub(super) async fn list_cases(
    desk: &Desk,
    request: Request<ListCasesRequest>,
) -> Result<ListCasesResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let label = format!("office/{}", official.office);
    let listing = Listing {
        prefix: &label,
        belongs: &listing::exactly(&label),
        wait_for_position: it.wait_for_position,
        page_size: it.page_size,
        page_token: &it.page_token,
    };
    let listed = listing::list(desk, &official, listing).await?;
    Ok(ListCasesResponse {
        cases: listed.readings.iter().map(|(_, reading)| line::of(reading, None)).collect(),
        next_page_token: listed.next_page_token,
        upto_position: listed.upto_position,
    })
}
