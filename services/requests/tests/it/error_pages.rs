//! Every rule of a case has its page, and no page is without a rule.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::path::Path;

use domain::case::rejection::Rejection;

#[test]
fn every_rule_has_a_page_that_names_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
    let pages: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|page| Some(page.unwrap().path().file_stem()?.to_str()?.to_owned()))
        .filter(|page| page.starts_with("CASE-"))
        .collect();
    let codes: BTreeSet<String> = Rejection::ALL.iter().map(|rule| rule.code()).collect();
    assert_eq!(pages, codes);
    for rejection in Rejection::ALL {
        let (code, rule) = (rejection.code(), rejection.rule());
        let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).unwrap();
        assert!(page.starts_with(&format!("# {code}: `{rule}`\n")), "{code}: the first line");
        for section in ["## What happened", "## Why the rule exists", "## What to do"] {
            assert!(page.contains(section), "{code}: `{section}` is missing");
        }
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{code}: a line too long");
    }
}
