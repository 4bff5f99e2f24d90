//! The table of `docs/agreements.md`: what runs, what runs once values are supplied, what cannot.
//!
//! `UPDATE_GOLDEN=1 cargo test -p agreements table` writes it. What is supplied here are stubs, to
//! find out which keys are missing; no value of theirs is written anywhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use agreements::{CompileError, DISPLAY_ONLY, INEXPRESSIBLE, Order, compile_order};
use domain::identifier::AgreementId;

use super::state;

const MARK: &str = "<!-- generated -->\n";

enum Verdict {
    Runs { supplied: Vec<String>, confirmed: Vec<String> },
    Never(String),
}

/// Supplies one missing value after the other until the agreement compiles, or cannot.
fn verdict(agreement: &AgreementId, pair: (&str, &str)) -> Verdict {
    let (mut supplied, mut confirmed) = (Vec::<String>::new(), Vec::<String>::new());
    let mut text = format!("format_version = 1\nagreement = \"{agreement}\"\n");
    loop {
        let outcome = compile_order(&Order {
            agreement,
            version: 1,
            pair: (state(pair.0), state(pair.1)),
            on: "2026-01-05".parse().unwrap(),
            confirmed: &confirmed,
            supplement: Some(("stub.toml", &text)),
        });
        let key = match outcome {
            Ok(_) => return Verdict::Runs { supplied, confirmed },
            Err(CompileError::ValueMustBeConfirmed { key, .. }) => {
                assert!(!confirmed.contains(&key), "{agreement}: `{key}` is confirmed");
                confirmed.push(key);
                continue;
            }
            Err(CompileError::ValueMustBeEstablished { key, .. }) => key,
            Err(CompileError::StartMustBeEstablished { key, .. }) => key.to_owned(),
            // A report that the rules cannot express gives way to what the text itself says.
            Err(CompileError::ValueMustBeExpressible { key, .. })
                if confirmed.iter().any(|confirmed| confirmed == key) =>
            {
                confirmed.retain(|confirmed| confirmed != key);
                key.to_owned()
            }
            Err(CompileError::MustBeKnownInForce { .. }) => "in_force_from".to_owned(),
            Err(CompileError::ProtocolMustBeKnownInForce { .. }) => {
                "protocol_in_force_from".to_owned()
            }
            Err(error) => return Verdict::Never(error.to_string()),
        };
        assert!(!supplied.contains(&key), "{agreement}: `{key}` is supplied");
        let stub = match key.as_str() {
            "in_force_from" | "protocol_in_force_from" => "2020-01-01",
            "silence_effect" => "\"not_stated\"",
            start if start.ends_with("_starts_on") => "\"receipt_of_application\"",
            length if length.ends_with("_<unit>") => "1",
            _ => "true",
        };
        let line = key.replace("<unit>", "calendar_days");
        write!(text, "[[supplied]]\narticle = \"x\"\nsource = \"x\"\n{line} = {stub}\n").unwrap();
        supplied.push(key);
    }
}

/// Members to stand for a union: the first that the agreement binds and that has no protocol.
fn stand_in(party: &str) -> &str {
    match party {
        "EU" => "DE",
        "BENELUX" => "NL",
        state => state,
    }
}

fn row(table: &mut String, document: &str, agreement: &AgreementId, parties: &[String; 2]) {
    let pair = (stand_in(&parties[0]), stand_in(&parties[1]));
    let keys =
        |keys: &[String]| keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
    let verdict = match verdict(agreement, pair) {
        Verdict::Runs { supplied, confirmed } => match (&supplied[..], &confirmed[..]) {
            ([], []) => "runs as it is".to_owned(),
            (_, []) => format!("runs with these values supplied: {}", keys(&supplied)),
            (_, _) => format!(
                "runs with these values confirmed: {}; and supplied: {}",
                keys(&confirmed),
                keys(&supplied)
            ),
        },
        Verdict::Never(why) => format!("never: {why}"),
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
    assert_eq!(generated.lines().filter(|line| line.starts_with("| `")).count(), 43);
}
