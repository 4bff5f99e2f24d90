//! `readmit case explain`: what it says of a clock over a weekend and holidays, on both nodes.

use std::process::Command;

use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use integration_tests::person::Person;
use integration_tests::process::{readmit, until};
use integration_tests::story::Stage;
use integration_tests::telling::Telling;
use serde_json::{Value, json};

/// Wednesday 17 April 2030, 08:00 UTC: the days before Easter.
const BEFORE_EASTER_MS: u64 = 1_902_643_200_000;

/// The clock for the travel document, once it has started.
fn document(person: &Person, case: &str) -> Value {
    until("the clock to start", || {
        let explained = person.call(&["case", "explain", case])?;
        let deadlines = explained["deadlines"].as_array().unwrap();
        let document = deadlines.iter().find(|it| it["kind"] == "DEADLINE_KIND_TRAVEL_DOCUMENT");
        Ok(document.filter(|it| it["day_zero"] != "").cloned())
    })
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_the_days_that_are_not_counted_on_both_nodes() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-explained").await;
    let mut corridor = founded.unwrap();
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let case = stage.file("accepted").unwrap();
    let (office, authority) = (stage.return_office(), stage.authority());
    stage.both_see(&case, 1).unwrap();
    let etag = stage.etag(&authority, &case).unwrap();
    stage.act(&authority, &["answer", "accept", &case, "--etag", &etag]).unwrap();
    stage.both_hold(&case, "accepted").unwrap();
    stage.corridor.move_clocks(BEFORE_EASTER_MS).unwrap();
    let addressed = ["--addressed-to", "consulate-brussels"];
    let request = ["document", "request", &case];
    stage.act(&office, &[&request[..], &addressed[..]].concat()).unwrap();

    // Wed 17 Apr: Thu 18, (Fri 19 NL, Sat, Sun, Mon 22 both), Tue 23, Wed 24.
    let shown = document(&office, &case);
    assert_eq!(shown, document(&authority, &case), "the situation included");
    assert_eq!(
        (&shown["day_zero"], &shown["last_day"]),
        (&json!("2030-04-17"), &json!("2030-04-24"))
    );
    assert_eq!(shown["ends_at_local"], "2030-04-25T00:00:00+02:00");
    assert_eq!((&shown["clock_state"], &shown["started_by"]), (&json!("XK"), &json!("XK")));
    let skipped = shown["skipped_days"].as_array().unwrap();
    let days: Vec<&str> = skipped.iter().map(|it| it["day"].as_str().unwrap()).collect();
    assert_eq!(days, ["2030-04-19", "2030-04-20", "2030-04-21", "2030-04-22"]);
    let why = json!([{ "state": "NL", "reason": "DAY_OFF_REASON_HOLIDAY", "name": "Good Friday" }]);
    assert_eq!(skipped[0]["why"], why);

    // The same for people.
    let mut command = Command::new(readmit().unwrap());
    command.arg("--home").arg(&office.home).args([
        "case",
        "explain",
        &case,
        "--as",
        office.profile,
    ]);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    for words in [
        "  not counted  2030-04-19: Good Friday (NL)\n",
        "  over         2030-04-24 22:00:00 UTC, in XK 2030-04-25T00:00:00+02:00\n",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    corridor.stop().unwrap();
}
