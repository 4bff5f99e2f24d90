//! `CaseService.ListDeadlines`: the cases of the caller's office by their deadlines, nearest first.

use proto::requests::v1::{ListDeadlinesRequest, ListDeadlinesResponse};
use runtime::failure::Failure;
use tonic::Request;

use crate::desk::Desk;
use crate::listing::{self, Belongs, Listing};
use crate::person;
use crate::view::line;
use runtime::fields::Fields;

pub(super) async fn list_deadlines(
    desk: &Desk,
    request: Request<ListDeadlinesRequest>,
) -> Result<ListDeadlinesResponse, Failure> {
    let official = desk.anyone(&request)?;
    let it = request.into_inner();
    let mut fields = Fields::default();
    let until = fields.take("until", person::optional_date(&it.until));
    let until = fields.done(until)?.map(|day| day.to_string());
    let prefix = format!("due/{}/", official.office);
    let belongs = |label: &str| {
        let day = listing::due(label, &prefix).map(|(day, _)| day);
        match (day, until.as_deref()) {
            // Days of four-digit years are in the order of their text.
            (Some(day), Some(until)) if day > until => Belongs::NoneAfter,
            (_, _) => Belongs::Yes,
        }
    };
    let listing = Listing {
        prefix: &prefix,
        belongs: &belongs,
        wait_for_position: it.wait_for_position,
        page_size: it.page_size,
        page_token: &it.page_token,
    };
    let listed = listing::list(desk, &official, listing).await?;
    let kind = |label: &str| listing::due(label, &prefix).map(|(_, kind)| kind);
    Ok(ListDeadlinesResponse {
        cases: listed
            .readings
            .iter()
            .map(|(label, reading)| line::of(reading, kind(label)))
            .collect(),
        next_page_token: listed.next_page_token,
        upto_position: listed.upto_position,
    })
}
