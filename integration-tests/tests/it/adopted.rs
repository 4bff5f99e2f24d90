//! Agreements on the record: adopted by both States, corrected by a later version, ended.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::corridor::{AGREEMENT, Corridor};
use integration_tests::courier::Kind;
use integration_tests::person::Person;
use integration_tests::process::{readmit, until};
use integration_tests::story::{Stage, data};
use integration_tests::telling::Telling;
use serde_json::Value;

use crate::keys::{Ceremony, both_hold_all, head, held, name_of, prepare};

/// Exit codes of the client, by class.
const INVALID: i32 = 3;
const REFUSED: i32 = 6;

/// Values made up for this test.
const SUPPLEMENT: &str = r#"
format_version = 1
agreement = "benelux_kosovo_2011"

[[supplied]]
article = "99"
source = "made up for a test"
silence_effect_after_calendar_days = 35
"#;

fn adoption<'a>(partner: &'a str, version: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words =
        ["operator", "adopt", "--partner-state", partner, "--agreement", AGREEMENT, "--version"];
    [&words[..], &[version], more].concat()
}

/// What a node lists of one version.
fn listed(reply: &Value, version: u64) -> Vec<Value> {
    let all = reply["agreements"].as_array().unwrap();
    all.iter().filter(|it| it["version"] == version).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supplied_version_applies_once_both_have_adopted_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-versions").await;
    let mut corridor = founded.unwrap();
    let (nl, xk) = (corridor.nl.operator(), corridor.xk.operator());
    let file = folder.path().join("made-up.toml").display().to_string();

    // Faults of the file are named by line and key, and a wrong confirmation by its key.
    for (text, line, word) in [
        (SUPPLEMENT.replace("= 35", "= 0"), "line 8", "silence_effect_after_calendar_days"),
        (SUPPLEMENT.replace("= 35", "="), "line 8", "made-up"),
        (SUPPLEMENT.replace("silence_effect_after", "silent_effect_after"), "line 8", "silence"),
        (
            SUPPLEMENT.replace("silence_effect_after", "reply_limit"),
            "line 8",
            "reply_limit_calendar_days",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let refusal = nl.refused(&adoption("XK", "2", &["--supplement", &file])).unwrap();
        assert_eq!(refusal.exit, INVALID, "{}", refusal.error);
        assert!(refusal.error.to_string().contains("supplement"), "{}", refusal.error);
        assert!(refusal.error.to_string().contains(line), "{}", refusal.error);
        assert!(word == "made-up" || refusal.error.to_string().contains(word), "{}", refusal.error);
    }
    let refusal = nl.refused(&adoption("XK", "2", &["--confirmed", "reply_limit_days"])).unwrap();
    assert_eq!(refusal.exit, INVALID);
    assert!(refusal.error.to_string().contains("reply_limit_days"), "{}", refusal.error);

    std::fs::write(&file, SUPPLEMENT).unwrap();
    nl.call(&adoption("XK", "2", &["--supplement", &file])).unwrap();
    let reply = xk.call(&adoption("NL", "2", &[])).unwrap();
    assert_ne!(reply["adopted_by_both"], true);

    // Both see which values differ, with where they stand.
    let differs = |operator: &Person| {
        until("the difference to be seen", || {
            let reply = operator.call(&["operator", "agreements"])?;
            let seen = listed(&reply, 2).len() == 2;
            Ok(seen.then(|| listed(&reply, 2)))
        })
        .unwrap()
    };
    for (operator, own, partner) in [(&nl, "35", "28"), (&xk, "28", "35")] {
        for adopted in differs(operator) {
            let differences = adopted["differences"].as_array().unwrap();
            assert!(!differences.is_empty(), "{adopted}");
            let told = differences.iter().any(|it| {
                let said = |of: &str| it[of].as_str().unwrap_or_default().to_owned();
                said("own").contains(own) && said("partner").contains(partner)
            });
            assert!(told, "{differences:#?}");
            assert!(adopted["differences"].to_string().contains("made up for a test"));
        }
    }
    compared_as_files(folder.path(), &nl, &xk);
    // What the operator vouches for stays in the own access log.
    let vouched = |node: &integration_tests::corridor::Node| {
        let accesses = node.person("ombudsperson").call(&["audit", "accesses"]).unwrap();
        accesses["accesses"].to_string().matches("SHA-256").count()
    };
    assert_eq!((vouched(&corridor.nl), vouched(&corridor.xk)), (1, 0));
    // Again for rules that are on the record already: nothing is stated anew, and it is noted too.
    let again = adoption("XK", "2", &["--supplement", &file, "--request-id", "again"]);
    let reply = nl.call(&again).unwrap();
    assert_eq!(reply["receipt"]["positions"], Value::Array(Vec::new()), "{reply}");
    assert_eq!((vouched(&corridor.nl), vouched(&corridor.xk)), (2, 0));
    let reply = nl.call(&again).unwrap();
    assert_eq!(reply["receipt"]["replayed"], true, "{reply}");
    assert_eq!(vouched(&corridor.nl), 2, "the same command counts once");

    // Until both have the same, the first version applies.
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let first = stage.file("accepted").unwrap();
    let under = |corridor: &Corridor, case: &str| {
        let shown = corridor.nl.person("return-office").call(&["case", "explain", case]).unwrap();
        let deadlines = shown["deadlines"].as_array().unwrap().clone();
        let silence = deadlines.iter().find(|it| it["kind"] == "DEADLINE_KIND_SILENCE").unwrap();
        silence["count"].as_u64().unwrap()
    };
    assert_eq!(under(stage.corridor, &first), 28);
    let both = stage.corridor.xk.operator();
    let reply = both.call(&adoption("NL", "2", &["--supplement", &file])).unwrap();
    assert_eq!(reply["adopted_by_both"], true, "{reply}");
    until("the adoption to be heard", || {
        let reply = nl.call(&["operator", "agreements"])?;
        let heard = |it: &Value| it["adopted_by_own"] == true && it["adopted_by_partner"] == true;
        Ok(listed(&reply, 2).iter().any(heard).then_some(()))
    })
    .unwrap();
    let second = stage.file("refused").unwrap();
    assert_eq!(under(stage.corridor, &second), 35);
    assert_eq!(under(stage.corridor, &first), 28, "a case keeps its rules");
    corridor.stop().unwrap();
}

/// What either State has adopted is written to files at both nodes, the same bytes at each, and
/// compared offline.
fn compared_as_files(folder: &Path, nl: &Person, xk: &Person) {
    let write = |person: &Person, name: &str| {
        let to = folder.join(name).display().to_string();
        let said = person.call_all(&["operator", "agreements", "--write-to", &to]).unwrap();
        let files = said.iter().filter_map(|it| it["file"].as_str().map(PathBuf::from));
        let second = files.filter(|file| file.to_string_lossy().contains(".v2."));
        let mut second: Vec<PathBuf> = second.collect();
        second.sort();
        second
    };
    let (ours, theirs) = (write(nl, "rules-nl"), write(xk, "rules-xk"));
    let [own, partner] = &ours[..] else { panic!("{ours:?}") };
    assert!(own.to_string_lossy().contains(".XK.own."), "{own:?}");
    assert!(partner.to_string_lossy().contains(".XK.partner."), "{partner:?}");
    let bytes = |file: &PathBuf| std::fs::read(file).unwrap();
    assert_eq!(bytes(own), bytes(&theirs[1]), "what NL adopted, as XK holds it");
    assert_eq!(bytes(partner), bytes(&theirs[0]), "what XK adopted, as it holds it");

    let mut command = Command::new(readmit().unwrap());
    command.args(["agreements", "diff", "--json"]).args([own, &theirs[0]]);
    let differs: Value = serde_json::from_slice(&command.output().unwrap().stdout).unwrap();
    let differences = differs["differences"].as_array().unwrap();
    let told = differences.iter().any(|it| {
        let said = |of: &str| it[of]["value"].as_str().unwrap_or_default().to_owned();
        said("a").contains("35") && said("b").contains("28")
    });
    assert!(told, "{differs:#}");

    // No file is overwritten, and then none is written.
    std::fs::remove_file(own).unwrap();
    let to = folder.join("rules-nl").display().to_string();
    let refusal = nl.refused(&["operator", "agreements", "--write-to", &to]).unwrap();
    assert!(refusal.error.to_string().contains("is there already"), "{}", refusal.error);
    assert!(!own.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_holiday_decides_something_once_both_have_confirmed_it() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-holidays").await;
    let mut corridor = founded.unwrap();
    let (nl, xk) = (corridor.nl.operator(), corridor.xk.operator());
    let confirmed = |partner, holiday| adoption(partner, "2", &["--confirmed-holidays", holiday]);

    for (holiday, rule) in [
        ("XK=2026-03-21", "has no estimated holiday on 2026-03-21; the nearest is 2026-03-20"),
        ("XK=2026-03-20=2026-03-22", "must have fallen on it or a day beside"),
        ("AF=2026-03-20", "the rules count no working day of `AF`"),
        ("Eid", "`Eid` must be a State and a day"),
    ] {
        let refusal = nl.refused(&confirmed("XK", holiday)).unwrap();
        assert_eq!(refusal.exit, INVALID, "{}", refusal.error);
        let said = refusal.error.to_string();
        assert!(said.contains("confirmed_holidays") && said.contains(rule), "{said}");
    }

    // One State confirms it, the other does not: both see which holiday differs.
    let reply = nl.call(&confirmed("XK", "XK=2026-03-20=2026-03-21")).unwrap();
    let estimated = reply["estimated_holidays"].to_string();
    assert!(!estimated.contains("XK 2026-03-20"), "{estimated}");
    assert!(estimated.contains("XK 2026-05-27"), "{estimated}");
    xk.call(&adoption("NL", "2", &[])).unwrap();
    let differing = |operator: &Person| {
        let differing = || {
            let reply = operator.call(&["operator", "agreements"])?;
            let versions = listed(&reply, 2);
            Ok((versions.len() == 2).then(|| versions[0]["differences"].to_string()))
        };
        until("the difference to be seen", differing).unwrap()
    };
    for operator in [&nl, &xk] {
        let said = differing(operator);
        assert!(said.contains("holidays of XK that are only estimated"), "{said}");
        assert!(said.contains("2026-03-20") && said.contains("2026-03-21"), "{said}");
        assert!(!said.contains("2026-05-27"), "{said}");
    }
    let reply = xk.call(&confirmed("NL", "XK=2026-03-20=2026-03-21")).unwrap();
    assert_eq!(reply["adopted_by_both"], true, "{reply}");

    // Who vouched stays in the own access log.
    for node in [&corridor.nl, &corridor.xk] {
        let accesses = node.person("ombudsperson").call(&["audit", "accesses"]).unwrap();
        let said = accesses["accesses"].to_string();
        let sentence = "version 2: confirms the holiday XK=2026-03-20=2026-03-21";
        assert_eq!(said.matches(sentence).count(), 1, "{said}");
    }
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_a_revoked_key_has_signed_unheard_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-end-revoked").await;
    let mut corridor = founded.unwrap();
    prepare(&mut corridor.xk, "log");
    both_hold_all(&corridor);
    let stolen = held(&corridor.xk, "log").remove(0);
    let good = name_of(&corridor.xk, "NL", head(&corridor.xk));

    corridor.nl.stop().unwrap();
    let (nl, xk) = (corridor.nl.operator(), corridor.xk.operator());
    let end = ["operator", "end-agreement", "--partner-state", "NL", "--agreement", AGREEMENT];
    let end = [&end[..], &["--ended-from", "2026-01-01"]].concat();
    xk.call(&end).unwrap();
    let ended = |operator: &Person| {
        let reply = operator.call(&["operator", "agreements"]).unwrap();
        reply["agreements"][0]["ended_from"].as_str().unwrap().to_owned()
    };
    assert_eq!(ended(&xk), "2026-01-01");
    xk.call(&adoption("NL", "2", &[])).unwrap();
    let not_counted = |operator: &Person| {
        let reply = operator.call(&["operator", "agreements"]).unwrap();
        listed(&reply, 2)[0]["not_counted"].clone()
    };
    assert_eq!(not_counted(&xk), serde_json::json!([]));
    let ceremony = Ceremony::of(&corridor, &corridor.xk);
    let announces = ceremony.announcement("log", 3);
    let revokes = ceremony.revocation(("log", &stolen), Some(&good), 4);
    ceremony.state(&[&announces, &revokes]).unwrap();
    // No end is shown that no filing is judged by; and it can be stated again.
    assert_eq!(ended(&xk), "");
    // What the same key adopted is listed with the reason that nobody has adopted it.
    let reason = "the key that signed this was revoked before it was heard";
    assert_eq!(not_counted(&xk), serde_json::json!([{ "state": "XK", "reason": reason }]));
    let reply = xk.call(&end).unwrap();
    assert_ne!(reply["receipt"]["positions"], Value::Array(Vec::new()), "{reply}");
    assert_eq!(ended(&xk), "2026-01-01");
    corridor.nl.start().unwrap();
    both_hold_all(&corridor);
    assert_eq!((ended(&nl), ended(&xk)), ("2026-01-01".to_owned(), "2026-01-01".to_owned()));
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_filed_under_an_agreement_that_has_ended_and_open_cases_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-ended").await;
    let mut corridor = founded.unwrap();
    let (nl, xk) = (corridor.nl.operator(), corridor.xk.operator());
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let open = stage.file("refused").unwrap();

    let end = |version: &'static str, day: &'static str| {
        let words = ["operator", "end-agreement", "--partner-state", "NL", "--agreement"];
        [&words[..], &[AGREEMENT, "--version", version, "--ended-from", day]].concat()
    };
    for (words, field) in [(end("2", "2026-01-01"), "agreement"), (end("1", "soon"), "ended_from")]
    {
        let refusal = xk.refused(&words).unwrap();
        assert_eq!(refusal.exit, INVALID, "{}", refusal.error);
        assert!(refusal.error.to_string().contains(field), "{}", refusal.error);
    }
    xk.call(&end("1", "2026-01-01")).unwrap();
    until("the end to be heard", || {
        let reply = nl.call(&["operator", "agreements"])?;
        let ended = listed(&reply, 1).iter().all(|it| it["ended_from"] == "2026-01-01");
        Ok(ended.then_some(()))
    })
    .unwrap();
    let office = corridor.nl.person("return-office");
    let file = data("accepted").display().to_string();
    let refusal = office.refused(&["request", "file", &file]).unwrap();
    assert_eq!(refusal.exit, REFUSED, "{}", refusal.error);
    assert_eq!(refusal.rule(), "AgreementMustNotHaveEnded", "{}", refusal.error);

    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    stage.both_see(&open, 1).unwrap();
    let authority = stage.corridor.xk.person("readmission-authority");
    let etag = stage.etag(&authority, &open).unwrap();
    stage.act(&authority, &["answer", "accept", &open, "--etag", &etag]).unwrap();
    stage.both_hold(&open, "accepted").unwrap();
    corridor.stop().unwrap();
}
