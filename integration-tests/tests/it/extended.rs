//! A longer reply, taken on the record: what both nodes make of it where an agreement has one.

use integration_tests::corridor::{Node, found_between};
use integration_tests::courier::Kind;
use integration_tests::person::Person;
use integration_tests::process::until;
use integration_tests::story::data;
use serde_json::{Value, json};

const AGREEMENT: &str = "russia_switzerland_2009";

/// Exit codes of the client, by class.
const INVALID: i32 = 3;
const REFUSED: i32 = 6;

/// Tuesday 1 October 2030, 08:00 UTC: 11:00 in Moscow.
const ADMITTED_MS: u64 = 1_917_072_000_000;
const DAY_MS: u64 = 24 * 3_600_000;

/// What the data lacks, made up for this test.
const SUPPLEMENT: &str = r#"
format_version = 1
agreement = "russia_switzerland_2009"

[[supplied]]
article = "99"
source = "made up for a test"
in_force_from = 2020-01-01
covers_own_nationals = true
application_limit_own_nationals_none = true
"#;

/// One of the clocks that answer a request, as a node explains it.
fn clock(person: &Person, case: &str, kind: &str) -> Value {
    let explained = person.call(&["case", "explain", case]).unwrap();
    let deadlines = explained["deadlines"].as_array().unwrap();
    let kind = format!("DEADLINE_KIND_{kind}");
    deadlines.iter().find(|it| it["kind"] == kind.as_str()).cloned().unwrap_or_default()
}

/// Waits until a clock ends on a day, at this node.
fn ends(person: &Person, case: &str, kind: &str, day: &str) {
    until(&format!("{} of {case} on {day}", kind.to_lowercase()), || {
        Ok((clock(person, case, kind)["last_day"] == day).then_some(()))
    })
    .unwrap();
}

fn adopt(nodes: [&Node; 2], supplement: &str) {
    for (node, partner) in [(nodes[0], nodes[1].state), (nodes[1], nodes[0].state)] {
        let words = ["operator", "adopt", "--partner-state", partner, "--agreement", AGREEMENT];
        node.operator().call(&[&words[..], &["--supplement", supplement]].concat()).unwrap();
    }
    for node in nodes {
        until("both to have adopted the agreement", || {
            let listed = node.operator().call(&["operator", "agreements"])?;
            let both = &listed["agreements"][0];
            let both = both["adopted_by_own"] == true && both["adopted_by_partner"] == true;
            Ok(both.then_some(()))
        })
        .unwrap();
    }
}

fn move_clocks(nodes: [&Node; 2], now_ms: u64) {
    for node in nodes {
        let now = now_ms.to_string();
        node.operator().call(&["operator", "set-clock", "--now-ms", &now]).unwrap();
    }
}

/// Files a request and waits until the other node has it.
fn file(office: &Person, authority: &Person, request: &str) -> String {
    let reply = office.call(&["request", "file", request]).unwrap();
    let case = reply["receipt"]["case_number"].as_str().unwrap().to_owned();
    until("the request to arrive", || {
        Ok(authority.attempt(&["case", "show", &case])?.is_ok().then_some(()))
    })
    .unwrap();
    case
}

fn extend<'a>(case: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["answer", "extend", case][..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partner_sees_the_longer_end_and_the_entry_that_made_it_longer() {
    let folder = tempfile::tempdir().unwrap();
    let states = [("CH", &[][..]), ("RU", &[][..])];
    let founded = found_between(folder.path(), Kind::Development, "test-extended", states).await;
    let (_courier, [mut ch, mut ru]) = founded.unwrap();
    let supplement = folder.path().join("made-up.toml").display().to_string();
    std::fs::write(&supplement, SUPPLEMENT).unwrap();
    adopt([&ch, &ru], &supplement);
    let request = folder.path().join("request.json").display().to_string();
    let text = std::fs::read_to_string(data("accepted")).unwrap();
    let mut filing: Value = serde_json::from_str(&text).unwrap();
    filing["partner_state"] = json!("RU");
    filing["agreement"] = json!(AGREEMENT);
    filing["persons"][0]["nationalities"] = json!(["RU"]);
    // The data has no list of evidence for this agreement.
    filing["evidence"] = json!([]);
    filing["persons"][0]["documents"] = json!([]);
    std::fs::write(&request, filing.to_string()).unwrap();
    let (office, authority) = (ch.person("return-office"), ru.person("readmission-authority"));
    let case = file(&office, &authority, &request);
    move_clocks([&ch, &ru], ADMITTED_MS);
    authority.call(&["answer", "admit", &case]).unwrap();
    // 1 Oct + 25 = 26 Oct.
    ends(&office, &case, "REPLY", "2030-10-26");
    ends(&office, &case, "SILENCE", "2030-10-26");

    let why = ["--note", "The archive of a made-up town is being moved"];
    let silent = authority.refused(&extend(&case, &[])).unwrap();
    assert_eq!((silent.exit, silent.fields()), (INVALID, vec!["note"]), "{}", silent.error);
    let long =
        authority.refused(&extend(&case, &[&why[..], &["--longer-by", "61"]].concat())).unwrap();
    assert_eq!(
        (long.exit, long.code(), long.rule()),
        (REFUSED, "CASE-0072", "ExtensionMustNotBeLonger"),
        "{}",
        long.error
    );
    let other = office.refused(&extend(&case, &why)).unwrap();
    assert_ne!(other.exit, 0, "only the requested State extends: {}", other.error);

    let receipt =
        authority.call(&extend(&case, &[&why[..], &["--longer-by", "20"]].concat())).unwrap();
    let position = receipt["receipt"]["positions"][0].clone();
    // 26 Oct + 20 = 46 - 31 (Oct) = 15 Nov.
    for kind in ["REPLY", "SILENCE"] {
        ends(&office, &case, kind, "2030-11-15");
        let [here, there] = [&office, &authority].map(|person| clock(person, &case, kind));
        assert_eq!(here, there, "both nodes explain it alike");
        assert_eq!((&here["day_zero"], &here["count"]), (&json!("2030-10-01"), &json!(25)));
        assert_eq!(here["ends_at_local"], "2030-11-16T00:00:00+03:00", "{here}");
        let longer = &here["extended_by"][0];
        assert_eq!(
            (&longer["count"], &longer["stated_by"], &longer["stated_position"]),
            (&json!(20), &json!("RU"), &position),
            "{here}"
        );
    }
    let again =
        authority.refused(&extend(&case, &[&why[..], &["--longer-by", "30"]].concat())).unwrap();
    assert_eq!((again.exit, again.rule()), (REFUSED, "StatementMustNotRepeat"), "{}", again.error);

    // Another request, and the limit has passed before anybody extends it.
    let late = file(&office, &authority, &request);
    authority.call(&["answer", "admit", &late]).unwrap();
    ends(&office, &late, "SILENCE", "2030-10-26");
    move_clocks([&ch, &ru], ADMITTED_MS + 26 * DAY_MS);
    let refusal = authority.refused(&extend(&late, &why)).unwrap();
    assert_eq!(
        (refusal.exit, refusal.code(), refusal.rule()),
        (REFUSED, "CASE-0071", "ReplyMustNotBeOverdue"),
        "{}",
        refusal.error
    );
    // Silence of the one is noticed; of the other it is not due.
    office.call(&["request", "notice-silence", &late]).unwrap();
    let early = office.refused(&["request", "notice-silence", &case]).unwrap();
    assert_eq!((early.exit, early.rule()), (REFUSED, "SilenceMustBeDue"), "{}", early.error);
    ch.stop().unwrap();
    ru.stop().unwrap();
}
