//! The worked example of `docs/agreements.md`, taken to its end: its files, and what they lack.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::clock::{Began, deadline};
use domain::identifier::{AgreementId, State};
use domain::rules::Rules;
use domain::time::Instant;

use super::{CompileError, Order};
use crate::library::{Library, Texts};

/// The files that the page shows, by what they begin with.
fn shown(beginning: &str) -> String {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/agreements.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    // A block of a list is indented.
    let plain =
        |block: &str| block.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    blocks.map(plain).find(|block: &String| block.contains(beginning)).unwrap()
}

fn outcome(texts: &Texts, supplement: Option<&str>) -> Result<Rules, CompileError> {
    let state = |code| State::new(code).unwrap();
    let id = AgreementId::new("example_2025").unwrap();
    let pair = (state("XX"), state("XY"));
    Library::read(texts).unwrap().compile(&Order {
        supplement: supplement.map(|text| ("treaty.toml", text)),
        ..Order::plain(&id, 1, pair, "2026-05-04".parse().unwrap())
    })
}

#[test]
fn the_worked_example_runs_as_the_page_tells_it() {
    let mut texts = Texts::built_in();
    let file = shown("[agreement]\nid = \"example_2025\"");
    texts.agreements.push(("example_2025.toml".to_owned(), file));
    let supplement = shown("agreement = \"example_2025\"\n");
    // What is lacking, one value after the other, in the order that the page gives.
    let (head, values) = supplement.split_at(supplement.find("in_force_from").unwrap());
    let mut given = head.to_owned();
    for value in values.lines().filter(|line| !line.is_empty()) {
        let key = value.split(" = ").next().unwrap();
        let error = outcome(&texts, Some(&given)).unwrap_err().to_string();
        assert!(error.contains(&format!("`{key}`")), "{key}: {error}");
        given.push_str(&format!("{value}\n"));
    }
    assert_eq!(given.trim_end(), supplement.trim_end());
    let error = outcome(&texts, Some(&supplement)).unwrap_err();
    assert_eq!(error.to_string(), "no time zone of `XX`");
    for state in ["XX", "XY"] {
        texts.calendars.push_str(&format!(
            "\n[[zone]]\nstate = \"{state}\"\nname = \"Europe/Amsterdam\"\nsource = \"made up\"\n"
        ));
    }
    let rules = outcome(&texts, Some(&supplement)).unwrap();
    assert_eq!(rules.reply.source.article.as_deref(), Some("4(1)"));
    assert_eq!(rules.refusal_reasons.as_ref().unwrap().source.article.as_deref(), Some("4(2)"));
    let received = "2026-05-04T08:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let received = Began::At(Instant::from_ms(u64::try_from(received).unwrap()));
    let requested = rules.directions[0].requested;
    let reply = deadline(&rules, received, &rules.reply, requested).unwrap();
    assert_eq!(reply.last_day.to_string(), "2026-05-25");
    assert_eq!(reply.at.to_string(), "2026-05-25T22:00:00.000Z");
}
