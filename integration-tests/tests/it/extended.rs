//! A longer reply, taken on the record: what both nodes make of it where an agreement has one.

use integration_tests::corridor::{Corridor, Node, found_between};
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
/// Monday 1 July 2030, 08:00 UTC.
const JULY_MS: u64 = 1_909_123_200_000;
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

fn adopt(nodes: [&Node; 2], agreement: &str, supplement: &str) {
    for (node, partner) in [(nodes[0], nodes[1].state), (nodes[1], nodes[0].state)] {
        let words = ["operator", "adopt", "--partner-state", partner, "--agreement", agreement];
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
    adopt([&ch, &ru], AGREEMENT, &supplement);
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

/// Values made up for this test: as an agreement of 2002 has them.
const DELAY: &str = r#"
format_version = 1
agreement = "benelux_kosovo_2011"

[[supplied]]
article = "99"
source = "made up for a test"
reply_delay_allowed_with_reasons = true
reply_limit_working_days_after_obstacle_removed = 10
"#;

const WORKING: &str = "UNIT_WORKING_DAYS";

/// Waits until a node shows a clock in a situation.
fn stands(person: &Person, case: &str, kind: &str, situation: &str) -> Value {
    let situation = format!("DEADLINE_SITUATION_{situation}");
    until(&format!("{kind} of {case}: {situation}"), || {
        let clock = clock(person, case, kind);
        Ok((clock["situation"] == situation.as_str()).then_some(clock))
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_obstacle_lasts_no_end_is_known_on_either_node() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found_without(folder.path(), Kind::Development, "test-obstacle").await;
    let mut corridor = founded.unwrap();
    let supplement = folder.path().join("made-up.toml").display().to_string();
    std::fs::write(&supplement, DELAY).unwrap();
    adopt([&corridor.nl, &corridor.xk], "benelux_kosovo_2011", &supplement);
    let nodes = |corridor: &Corridor, now| move_clocks([&corridor.nl, &corridor.xk], now);
    nodes(&corridor, JULY_MS);
    let office = corridor.nl.person("return-office");
    let authority = corridor.xk.person("readmission-authority");
    let case = file(&office, &authority, &data("accepted").display().to_string());
    // 1 Jul + 28 = 29 Jul.
    ends(&office, &case, "SILENCE", "2030-07-29");

    // The authority states what delays its reply; on 1 August no silence is due.
    let obstacle = ["case", "obstacle", &case];
    let silent = authority.refused(&obstacle).unwrap();
    assert_eq!((silent.exit, silent.fields()), (INVALID, vec!["note"]), "{}", silent.error);
    let other = office.refused(&[&obstacle[..], &["--note", "Made up"]].concat()).unwrap();
    assert_eq!(other.rule(), "RequestMustBeAccepted", "{}", other.error);
    let consulate = corridor.xk.person("consulate-brussels");
    let wrong = consulate.refused(&[&obstacle[..], &["--note", "Made up"]].concat()).unwrap();
    assert_eq!(wrong.rule(), "", "{}", wrong.error);
    let why = ["--note", "The only registrar of a made-up town is ill"];
    let stated = authority.call(&[&obstacle[..], &why].concat()).unwrap();
    nodes(&corridor, JULY_MS + 31 * DAY_MS);
    for kind in ["REPLY", "SILENCE"] {
        let here = stands(&office, &case, kind, "OBSTRUCTED");
        assert_eq!(here, stands(&authority, &case, kind, "OBSTRUCTED"));
        assert_eq!(here["obstacle_position"], stated["receipt"]["positions"][0], "{here}");
        assert_eq!(here["last_day"], "");
    }
    let early = office.refused(&["request", "notice-silence", &case]).unwrap();
    assert_eq!(early.rule(), "DeadlineMustBeComputable", "{}", early.error);

    // Removed on Thu 1 Aug, ten working days: Fri 2, 5 to 9, 12 to 15.
    let removed = authority.call(&["case", "obstacle-removed", &case]).unwrap();
    let here = stands(&office, &case, "SILENCE", "RUNNING");
    assert_eq!(here, stands(&authority, &case, "SILENCE", "RUNNING"));
    assert_eq!((&here["day_zero"], &here["count"]), (&json!("2030-08-01"), &json!(10)), "{here}");
    assert_eq!((&here["last_day"], &here["unit"]), (&json!("2030-08-15"), &json!(WORKING)));
    assert_eq!(here["starts_on"], "START_OBSTACLE_REMOVED");
    assert_eq!(here["started_by_position"], removed["receipt"]["positions"][0], "{here}");
    let again = authority.call(&["case", "obstacle-removed", &case]).unwrap();
    assert_eq!(again["receipt"]["positions"], json!([]), "it is its word already");

    // The transfer is later by the days that the requesting State's obstacle lasted: accepted on
    // 1 Aug, three months, 1 Nov; nine days more.
    let etag = authority.call(&["case", "show", &case]).unwrap()["case"]["etag"].clone();
    let etag = etag.as_str().unwrap();
    authority.call(&["answer", "accept", &case, "--etag", etag]).unwrap();
    ends(&office, &case, "TRANSFER", "2030-11-01");
    office.call(&["case", "obstacle", &case, "--note", "Unfit to travel (made up)"]).unwrap();
    let here = stands(&authority, &case, "TRANSFER", "OBSTRUCTED");
    assert_eq!(here["acting_state"], "NL");
    nodes(&corridor, JULY_MS + 40 * DAY_MS);
    let removed = office.call(&["case", "obstacle-removed", &case]).unwrap();
    ends(&authority, &case, "TRANSFER", "2030-11-10");
    let longer = clock(&authority, &case, "TRANSFER")["extended_by"][0].clone();
    assert_eq!((&longer["count"], &longer["stated_by"]), (&json!(9), &json!("NL")), "{longer}");
    assert_eq!(longer["stated_position"], removed["receipt"]["positions"][0]);
    corridor.stop().unwrap();
}
