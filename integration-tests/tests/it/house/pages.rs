//! Pages that the code refers to: every error code has one, and none is without a code.

use std::collections::BTreeSet;

#[test]
fn every_error_page_belongs_to_a_code_in_the_source() {
    let root = super::root();
    let mut source = String::new();
    for path in super::files(&root.join("services"), ".rs") {
        source.push_str(&std::fs::read_to_string(path).unwrap());
    }
    let rules = domain::case::rejection::Rejection::ALL.iter().map(|rule| rule.code());
    let rules: BTreeSet<String> = rules.collect();
    let mut wrong = Vec::new();
    let mut pages = BTreeSet::new();
    for page in super::files(&root.join("docs/errors"), ".md") {
        let code = page.file_stem().unwrap().to_string_lossy().into_owned();
        if code != "README" && !rules.contains(&code) && !source.contains(&code) {
            wrong.push(format!("docs/errors/{code}.md belongs to no code"));
        }
        let text = std::fs::read_to_string(&page).unwrap();
        if text.lines().count() < 3 {
            wrong.push(format!("docs/errors/{code}.md says nothing"));
        }
        pages.insert(code);
    }
    let missing = rules.iter().filter(|code| !pages.contains(*code));
    wrong.extend(missing.map(|code| format!("docs/errors/{code}.md is missing")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
