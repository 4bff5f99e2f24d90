//! Pages of lists: how long, and where the next one starts.

use domain::identifier::CaseId;
use proto::ledger::v1::Label;

use runtime::fields::Fields;

/// Lines of a page where nothing is said.
const LINES_DEFAULT: u32 = 50;

/// Most lines of a page.
const LINES_MAX: u32 = 200;

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page {
    /// How many lines.
    pub(crate) lines: usize,
    /// The last label of the page before.
    pub(crate) after: Option<Label>,
}

impl Page {
    /// Reads size and token; a token is of one list and says so by its label's beginning.
    pub(crate) fn read(
        fields: &mut Fields,
        page_size: u32,
        page_token: &str,
        prefix: &str,
    ) -> Option<Self> {
        let lines = match page_size {
            0 => Ok(LINES_DEFAULT),
            1..=LINES_MAX => Ok(page_size),
            _ => Err(format!("must be at most {LINES_MAX}")),
        };
        let lines = fields.take("page_size", lines);
        let after = match page_token {
            "" => Ok(None),
            token => read_token(token, prefix).map(Some).ok_or("must be a token of this list"),
        };
        let after = fields.take("page_token", after);
        Some(Self { lines: usize::try_from(lines?).ok()?, after: after? })
    }
}

fn read_token(token: &str, prefix: &str) -> Option<Label> {
    let (case, label) = token.split_once('.')?;
    let case_id = CaseId::parse(case).ok()?.as_bytes().to_vec();
    let label = label.to_owned();
    label.starts_with(prefix).then_some(Label { label, case_id })
}

/// The token of the page after one that ended with this label.
pub(crate) fn token(last: &Label) -> String {
    let case = CaseId::from_slice(&last.case_id).map(|case| case.to_string()).unwrap_or_default();
    format!("{case}.{}", last.label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page_size: u32, page_token: &str) -> Result<Page, Vec<String>> {
        let mut fields = Fields::default();
        let page = Page::read(&mut fields, page_size, page_token, "due/return-office/");
        fields.done(page).map_err(|failure| {
            failure.details().iter().map(|detail| format!("{detail:?}")).collect()
        })
    }

    #[test]
    fn a_token_leads_to_the_label_that_it_was_made_of() {
        let label =
            Label { label: "due/return-office/2026-03-01/Reply".into(), case_id: vec![7; 16] };
        let page = Page { lines: 50, after: Some(label.clone()) };
        assert_eq!(read(0, &token(&label)), Ok(page));
    }

    #[test]
    fn a_token_of_another_list_and_a_page_too_long_are_refused() {
        let other = Label { label: "due/other/2026-03-01/Reply".into(), case_id: vec![7; 16] };
        for (size, wrong_token, field) in [
            (201, String::new(), "page_size"),
            (1, token(&other), "page_token"),
            (1, "x".into(), "page_token"),
        ] {
            let wrong = read(size, &wrong_token).err();
            assert!(wrong.iter().flatten().any(|it| it.contains(field)), "{field}: {wrong:?}");
        }
    }
}
