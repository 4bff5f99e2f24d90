//! Lists of cases: labels of the ledger's views, each case read as its caller may read it.

use domain::case::query::DeadlineKind;
use domain::identifier::CaseId;
use proto::command::v1::Purpose;
use proto::ledger::v1::{Label, ListLabelsRequest};
use runtime::command::Reading;
use runtime::failure::{Class, Failure};

use crate::desk::{Desk, Official};
use crate::page::{self, Page};
use runtime::fields::Fields;

/// What a list is of.
pub(crate) struct Listing<'a> {
    /// The beginning of its labels.
    pub(crate) prefix: &'a str,
    /// Whether a label belongs to it, and if not, what follows.
    pub(crate) belongs: &'a (dyn Fn(&str) -> Belongs + Sync),
    /// The store's position that must have been seen.
    pub(crate) wait_for_position: Option<u64>,
    pub(crate) page_size: u32,
    pub(crate) page_token: &'a str,
}

/// Whether a label belongs to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// It does.
    Yes,
    /// It does not, and none after it.
    NoneAfter,
}

/// A page.
pub(crate) struct Listed {
    /// The cases with the label that each is listed for.
    pub(crate) readings: Vec<(String, Reading)>,
    /// Token of the next page; empty on the last.
    pub(crate) next_page_token: String,
    /// Position up to which the views have seen everything.
    pub(crate) upto_position: u64,
}

/// A list whose labels are one word: every other label that begins with it comes after it.
pub(crate) fn exactly(wanted: &str) -> impl Fn(&str) -> Belongs {
    move |label| if label == wanted { Belongs::Yes } else { Belongs::NoneAfter }
}

/// Reads a page. A case that has left the caller's scope since it was labelled is left out.
pub(crate) async fn list(
    desk: &Desk,
    official: &Official,
    listing: Listing<'_>,
) -> Result<Listed, Failure> {
    let mut fields = Fields::default();
    let page = Page::read(&mut fields, listing.page_size, listing.page_token, listing.prefix);
    let page = fields.done(page)?;
    let request = ListLabelsRequest {
        caller: Some(official.caller.context(Purpose::Unspecified)),
        prefix: listing.prefix.to_owned(),
        after: page.after,
        // One more than is shown tells whether there is a next page.
        limit: u32::try_from(page.lines + 1).unwrap_or(u32::MAX),
        wait_for_position: listing.wait_for_position,
    };
    let answer = desk.ledger.clone().list_labels(request).await?.into_inner();
    let belongs = |label: &&Label| (listing.belongs)(&label.label) == Belongs::Yes;
    let labels: Vec<&Label> = answer.labels.iter().take_while(belongs).collect();
    let shown = labels.get(..page.lines).unwrap_or(&labels);
    let next_page_token = match shown.last() {
        Some(last) if labels.len() > shown.len() => page::token(last),
        Some(_) | None => String::new(),
    };
    let mut readings = Vec::with_capacity(shown.len());
    for label in shown {
        let case = CaseId::from_slice(&label.case_id)
            .map_err(|_| Failure::corrupt("the ledger sent a label without a case"))?;
        match desk.read(official, Purpose::Unspecified, &case.to_string()).await {
            Ok(reading) => readings.push((label.label.clone(), reading)),
            Err(failure) if failure.class() == Class::NotFound => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Listed { readings, next_page_token, upto_position: answer.upto_position })
}

/// The parts of a deadline's label: its day and kind.
pub(crate) fn due<'a>(label: &'a str, prefix: &str) -> Option<(&'a str, DeadlineKind)> {
    let (day, kind) = label.strip_prefix(prefix)?.split_once('/')?;
    let kinds = [
        DeadlineKind::Reply,
        DeadlineKind::Silence,
        DeadlineKind::RegisterCheck,
        DeadlineKind::TravelDocument,
        DeadlineKind::Transfer,
    ];
    let kind = kinds.into_iter().find(|one| format!("{one:?}") == kind)?;
    Some((day, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_one_word_ends_where_a_longer_word_begins() {
        let belongs = exactly("inbox/return-office");
        assert_eq!(belongs("inbox/return-office"), Belongs::Yes);
        assert_eq!(belongs("inbox/return-office-2"), Belongs::NoneAfter);
    }

    #[test]
    fn a_label_of_a_deadline_has_a_day_and_a_kind() {
        let read = due("due/return-office/2026-03-01/Transfer", "due/return-office/");
        assert_eq!(read, Some(("2026-03-01", DeadlineKind::Transfer)));
        assert_eq!(due("due/other/2026-03-01/Transfer", "due/return-office/"), None);
    }
}
