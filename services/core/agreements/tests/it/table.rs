//! The table of `docs/agreements.md`: what runs, what runs once values are supplied, what cannot.
//!
//! `UPDATE_GOLDEN=1 cargo test -p agreements table` writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use agreements::{DISPLAY_ONLY, INEXPRESSIBLE, Readiness, readiness, stand_in};
use domain::identifier::AgreementId;

const MARK: &str = "<!-- generated -->\n";

fn row(table: &mut String, document: &str, agreement: &AgreementId, parties: &[String; 2]) {
    let pair = stand_in(parties).unwrap();
    let keys =
        |keys: &[String]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let verdict = match readiness(agreement, pair, "2026-01-05".parse().unwrap()) {
        Readiness::Runs => "runs as it is".to_owned(),
        Readiness::Needs { confirmed, supplied } if confirmed.is_empty() => {
            format!("runs with these values supplied: {}", keys(&supplied))
        }
        Readiness::Needs { confirmed, supplied } => format!(
            "runs with these values confirmed: {}; and supplied: {}",
            keys(&confirmed),
            keys(&supplied)
        ),
        Readiness::Never(why) => format!("never: {why}"),
    };
    writeln!(table, "| `{document}` | {} – {} | {verdict} |", pair.0, pair.1).unwrap();
}

fn generated() -> String {
    let mut table = format!(
        "\n## Keys\n\nRules read every key \
         but the {} that `src/display.rs` lists for display only, \
         each with the\nreason. Of those that they read, {} only ever refuse.\n\n\
         ## What runs\n\nFor one pair of States each, on 5 January 2026. \"Never\" means: not \
         while the rules, the calendars\nand the facts are what they are.\n\n\
         | Document | Pair | |\n|---|---|---|\n",
        DISPLAY_ONLY.len(),
        INEXPRESSIBLE.len(),
    );
    let agreements = agreements::available();
    for listing in &agreements {
        row(&mut table, listing.id.as_str(), &listing.id, &listing.parties);
    }
    for listing in &agreements {
        for protocol in agreements::protocols(&listing.id) {
            let document = format!("{}` with `{}", listing.id, protocol.id);
            row(&mut table, &document, &listing.id, &protocol.parties);
        }
    }
    table
}

#[test]
fn the_table_of_all_documents_is_the_documented_one() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../docs/agreements.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (head, found) = document.split_once(MARK).unwrap();
    let generated = generated();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, format!("{head}{MARK}{generated}")).unwrap();
        return;
    }
    let rows: BTreeSet<&str> = found.lines().collect();
    let changed: Vec<_> = generated.lines().filter(|line| !rows.contains(line)).collect();
    assert!(found == generated, "`docs/agreements.md` is not what compiles: {changed:#?}");
    let documents = agreements::documents().len();
    assert_eq!(generated.lines().filter(|line| line.starts_with("| `")).count(), documents);
}
