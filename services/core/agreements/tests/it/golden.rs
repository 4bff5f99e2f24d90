//! The compiled rules, value by value. A change here changes what States have adopted: it needs a
//! new version of the rules, and its reason in the commit.
//!
//! `UPDATE_GOLDEN=1 cargo test -p agreements golden` writes the file.

use std::path::PathBuf;

#[test]
fn the_compiled_rules_are_the_golden_ones() {
    let text = format!("{:#?}\n", super::netherlands_kosovo());
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/benelux_kosovo_2011.NL-XK.v1.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    let difference = golden.lines().zip(text.lines()).position(|(old, new)| old != new);
    let line = difference.map(|line| line + 1);
    assert!(golden == text, "`{}` differs, first in line {line:?}", path.display());
}

#[test]
fn the_agreements_are_listed_for_people() {
    let available = agreements::available();
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/agreements");
    assert_eq!(available.len(), std::fs::read_dir(data).unwrap().count());
    let found = available.iter().find(|it| it.id.as_str() == "benelux_kosovo_2011");
    let listing = found.unwrap();
    assert_eq!(listing.id.as_str(), "benelux_kosovo_2011");
    assert_eq!(listing.parties, ["BENELUX", "XK"]);
    assert_eq!(listing.in_force_from, Some("2014-04-01".parse().unwrap()));
    let file = agreements::agreement(&listing.id).unwrap();
    assert_eq!(file.practices.len(), 1);
    let item = &file.evidence_lists[0].items[0];
    assert_eq!(
        agreements::evidence_label(item),
        Some("Passport or replacement travel document with photo")
    );
}
