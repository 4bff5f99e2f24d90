//! Bad input and bad surroundings: each answered by a typed error that names the field and the
//! rule, with nothing said to the partner.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::corridor::{AGREEMENT, Corridor, number};
use integration_tests::courier::Kind;
use integration_tests::person::{Person, Refusal};
use integration_tests::process::{readmit, until};
use integration_tests::story::{Stage, data};
use integration_tests::telling::Telling;
use proto::requests::v1::GetCaseRequest;
use proto::requests::v1::case_service_client::CaseServiceClient;
use serde_json::{Value, json};
use tonic::Code;

use crate::listing::channel;

/// Exit codes of the client, by class.
const INVALID: i32 = 3;
const NOT_ALLOWED: i32 = 4;
const NOT_FOUND: i32 = 5;
const REFUSED: i32 = 6;
const MOVED: i32 = 7;

/// A request that would be taken.
fn request() -> Value {
    serde_json::from_str(&std::fs::read_to_string(data("refused")).unwrap()).unwrap()
}

/// Files a request that `change` has spoilt.
fn spoilt(office: &Person, folder: &Path, change: impl FnOnce(&mut Value)) -> Refusal {
    let mut request = request();
    change(&mut request);
    let file = folder.join("spoilt.json");
    std::fs::write(&file, request.to_string()).unwrap();
    office.refused(&["request", "file", &file.display().to_string()]).unwrap()
}

/// The last dispatch of the Netherlands: what it has said to its partner.
fn said(corridor: &Corridor) -> Option<u64> {
    let status = corridor.nl.operator().call(&["operator", "status"]).unwrap();
    number(&status["partners"][0]["own_head"])
}

fn number_of(reply: &Value) -> String {
    reply["receipt"]["case_number"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_request_is_refused_by_field_and_says_nothing_to_the_partner() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-refusals").await;
    let mut corridor = founded.unwrap();
    let office = corridor.nl.person("return-office");
    let before = said(&corridor);
    let long = "x".repeat(201);
    let wide = "\u{1f600}".repeat(4_000);
    let aliases: Vec<String> = (0..16).map(|_| "\u{1f600}".repeat(200)).collect();
    type Change = Box<dyn FnOnce(&mut Value)>;
    let set = |path: &'static str, value: Value| -> Change {
        Box::new(move |request| *request.pointer_mut(path).unwrap() = value)
    };
    let rows: Vec<(&str, &str, Change)> = vec![
        ("an unknown State", "partner_state", set("/partner_state", json!("ZZ"))),
        ("no State at all", "partner_state", set("/partner_state", json!("Kosovo"))),
        ("an unknown office", "addressed_to", set("/addressed_to", json!("no-such-office"))),
        ("an unknown agreement", "agreement", set("/agreement", json!("no_such_agreement"))),
        ("an unknown item", "evidence[0]", set("/evidence/0", json!("no_such_item"))),
        (
            "two persons",
            "persons",
            Box::new(|request| {
                let person = request["persons"][0].clone();
                request["persons"].as_array_mut().unwrap().push(person);
            }),
        ),
        (
            "no return decision",
            "return_decision",
            Box::new(|request| {
                request.as_object_mut().unwrap().remove("return_decision");
            }),
        ),
        (
            "a date that does not exist",
            "persons[0].birth_date",
            set("/persons/0/birth_date", json!("1991-02-29")),
        ),
        (
            "a birth date in the future",
            "persons[0].birth_date",
            set("/persons/0/birth_date", json!("2090-01-01")),
        ),
        ("a name too long", "persons[0].family_name", set("/persons/0/family_name", json!(long))),
        (
            "control characters",
            "persons[0].given_names",
            set("/persons/0/given_names", json!("Ar\u{1b}ber")),
        ),
        (
            "a body over 32 KiB",
            "",
            Box::new(move |request| {
                request["note"] = json!(wide);
                request["persons"][0]["aliases"] = json!(aliases);
                let item = "own_statement";
                let number = "\u{1f600}".repeat(64);
                let documents = vec![json!({ "item": item, "number": number }); 32];
                request["persons"][0]["documents"] = json!(documents);
            }),
        ),
    ];
    for (what, field, change) in rows {
        let refusal = spoilt(&office, folder.path(), change);
        assert_eq!(refusal.exit, INVALID, "{what}: {}", refusal.error);
        assert!(!refusal.code().is_empty(), "{what} has no code: {}", refusal.error);
        if !field.is_empty() {
            assert!(refusal.fields().contains(&field), "{what}: {}", refusal.error);
        }
    }
    let refusal = spoilt(&office, folder.path(), |request| {
        request["return_decision"]["enforceable"] = json!(false);
    });
    assert!([INVALID, REFUSED].contains(&refusal.exit), "{}", refusal.error);
    assert_eq!(said(&corridor), before, "nothing was said");
    let listed = office.call(&["case", "list"]).unwrap();
    assert_eq!(listed["cases"], json!([]), "nothing was written");
    // A partial date is fine.
    let mut fine = request();
    fine["persons"][0]["birth_date"] = json!("1985-07");
    let file = folder.path().join("fine.json");
    std::fs::write(&file, fine.to_string()).unwrap();
    office.call(&["request", "file", &file.display().to_string()]).unwrap();
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_no_more_than_that() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-scope").await;
    let mut corridor = founded.unwrap();
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let case = stage.file("refused").unwrap();
    let authority = stage.authority();
    stage.wait(&authority, &case, "arrived", |_| true).unwrap();

    // Another office of the same State, and a case that does not exist: the same answer.
    let stranger = corridor.nl.person("readmission-authority");
    let foreign = stranger.refused(&["case", "show", &case]).unwrap();
    let absent = stranger.refused(&["case", "show", "NL-XK-2026-009999"]).unwrap();
    assert_eq!((foreign.exit, absent.exit), (NOT_FOUND, NOT_FOUND));
    assert_eq!(foreign.error, absent.error);

    // A command of another role.
    let consulate = corridor.xk.person("consulate-brussels");
    let refusal = consulate.refused(&["answer", "admit", &case]).unwrap();
    assert_eq!(refusal.exit, NOT_ALLOWED, "{}", refusal.error);

    // No certificate at all.
    let nobody = channel(&corridor.nl.home, "run/api.address", None).await;
    let request = GetCaseRequest { case: case.clone(), purpose: 0 };
    let status = CaseServiceClient::new(nobody).get_case(request).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status:?}");

    // A certificate of the other State's authority.
    let text = std::fs::read_to_string(corridor.nl.home.join("profiles/return-office.toml"));
    let xk = corridor.xk.home.display();
    let text = text
        .unwrap()
        .replace("tls/return-office.crt", &format!("{xk}/tls/readmission-authority.crt"))
        .replace("tls/return-office.key", &format!("{xk}/tls/readmission-authority.key"));
    std::fs::write(corridor.nl.home.join("profiles/foreign.toml"), text).unwrap();
    let foreign = corridor.nl.person("foreign").refused(&["case", "show", &case]).unwrap();
    // The node refuses it in the handshake. What it says of that may be lost with the connection;
    // then the client names it as one of two possible reasons.
    let said = foreign.error["message"].as_str().unwrap();
    assert!([NOT_ALLOWED, 8].contains(&foreign.exit), "{said}");
    assert!(said.contains("not accept this certificate"), "{said}");

    // An act that the case does not allow now, with its rule.
    let office = corridor.nl.person("return-office");
    let early = office.refused(&["request", "notice-silence", &case]).unwrap();
    assert_eq!(early.exit, REFUSED, "{}", early.error);
    assert!(!early.rule().is_empty() && !early.code().is_empty(), "{}", early.error);

    // None of it is on the record.
    let shown = office.call(&["case", "show", &case]).unwrap();
    assert_eq!(shown["case"]["timeline"].as_array().unwrap().len(), 1, "{shown}");
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_counts_once_and_a_stale_screen_gives_nothing_away() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-once").await;
    let mut corridor = founded.unwrap();
    let office = corridor.nl.person("return-office");
    let file = data("refused").display().to_string();
    let words = ["request", "file", &file, "--request-id", "once"];
    let first = office.call(&words).unwrap();
    let again = office.call(&words).unwrap();
    assert_eq!(first["receipt"]["positions"], again["receipt"]["positions"]);
    assert_eq!(again["receipt"]["replayed"], json!(true));
    let other = data("silence").display().to_string();
    let refusal = office.refused(&["request", "file", &other, "--request-id", "once"]).unwrap();
    assert_eq!(refusal.exit, INVALID, "{}", refusal.error);

    let case = number_of(&first);
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let authority = stage.authority();
    stage.wait(&authority, &case, "arrived", |_| true).unwrap();
    let etag = stage.etag(&authority, &case).unwrap();
    stage.act(&office, &["identity", "request-register-check", &case]).unwrap();
    stage.both_see(&case, 2).unwrap();
    let stale = authority.refused(&["answer", "accept", &case, "--etag", &etag]).unwrap();
    assert_eq!(stale.exit, MOVED, "{}", stale.error);
    assert!(stale.error["found_etag"].is_string(), "{}", stale.error);
    let changes = stale.error["changes"].as_array().unwrap();
    let named = |change: &Value| {
        change["author"] == "NL" && change["kind"] == "EVENT_KIND_REGISTER_CHECK_REQUESTED"
    };
    assert!(changes.iter().any(named), "it does not say what changed: {}", stale.error);

    // A refusal protects its author: it goes through whatever the other State goes on adding.
    let unknown = ["identity", "request-interview", &case, "--addressed-to", "no-such-consulate"];
    let refusal = office.refused(&unknown).unwrap();
    assert_eq!(refusal.exit, INVALID, "{}", refusal.error);
    assert!(refusal.fields().contains(&"addressed_to"), "{}", refusal.error);
    let adding = {
        let (office, case) = (office.clone(), case.clone());
        std::thread::spawn(move || {
            for item in ["own_statement", "birth_certificate", "company_card", "driving_licence"] {
                let words = ["request", "add-evidence", &case, "--evidence", item];
                // The refusal may come first: then evidence is refused, and that is well.
                office.attempt(&words).unwrap().ok();
            }
        })
    };
    let reasons = ["answer", "refuse", &case, "--reasons", "not-a-national"];
    stage.act(&authority, &reasons).unwrap();
    adding.join().unwrap();
    stage.both_hold(&case, "refused").unwrap();
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_courier_the_node_goes_on_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-courier").await;
    let mut corridor = founded.unwrap();
    // Both doors and the courier are out of reach while the partner and the broker are ended.
    corridor.xk.stop().unwrap();
    corridor.courier.end().unwrap();
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let case = stage.file("outage").unwrap();
    let operator = corridor.nl.operator();
    until("the backlog to be shown", || {
        let status = operator.call(&["operator", "status"])?;
        let waiting = number(&status["partners"][0]["backlog"]).unwrap_or_default() > 0;
        let away = status["broker"]["reachable"] == json!(false);
        Ok((waiting && away).then_some(()))
    })
    .unwrap();
    corridor.courier.lose_everything().await.unwrap();
    corridor.xk.start().unwrap();
    let stage = Stage { corridor: &mut corridor, telling: &mut telling };
    stage.both_see(&case, 1).unwrap();
    until("the backlog to be gone", || {
        let status = operator.call(&["operator", "status"])?;
        let gone = number(&status["partners"][0]["backlog"]).unwrap_or_default() == 0;
        Ok((gone && status["broker"]["reachable"] == json!(true)).then_some(()))
    })
    .unwrap();
    corridor.stop().unwrap();
}

/// Starts a node that cannot run, and answers with what it says.
fn does_not_start(home: &Path, environment: &[(&str, &str)]) -> String {
    let mut command = Command::new(readmit().unwrap());
    command.arg("--home").arg(home).arg("node");
    command.envs(environment.iter().copied());
    let output = command.output().unwrap();
    assert!(!output.status.success(), "the node was expected not to start");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_run_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-start").await;
    let mut corridor = founded.unwrap();
    let home = corridor.nl.home.clone();
    let said = does_not_start(&home, &[]);
    assert!(said.contains("in use"), "{said}");
    corridor.nl.stop().unwrap();

    let said = does_not_start(&home, &[("READMIT_PASSPHRASE", "not the passphrase")]);
    assert!(said.contains("passphrase"), "{said}");

    let keyring: PathBuf = home.join("keys/keyring");
    let away = home.join("keys/keyring.away");
    std::fs::rename(&keyring, &away).unwrap();
    let said = does_not_start(&home, &[]);
    assert!(said.contains("keyring"), "{said}");
    std::fs::rename(&away, &keyring).unwrap();

    let file = home.join("readmit.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("data_folder =", "data_foldr =")).unwrap();
    let said = does_not_start(&home, &[]);
    assert!(said.contains("data_foldr") && said.contains("data_folder"), "{said}");
    std::fs::write(&file, text).unwrap();
    corridor.nl.start().unwrap();
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_is_not_adopted_carries_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found_without(folder.path(), Kind::Development, "test-adopt").await;
    let mut corridor = founded.unwrap();
    let office = corridor.nl.person("return-office");
    let file = data("refused").display().to_string();
    let refusal = office.refused(&["request", "file", &file]).unwrap();
    assert_eq!(refusal.exit, REFUSED, "{}", refusal.error);
    assert_eq!(refusal.rule(), "AgreementMustBeAdopted", "{}", refusal.error);
    let words = ["operator", "adopt", "--partner-state", "XK", "--agreement", AGREEMENT];
    corridor.nl.operator().call(&words).unwrap();
    let refusal = office.refused(&["request", "file", &file]).unwrap();
    assert_eq!(refusal.rule(), "AgreementMustBeAdopted", "one State alone adopts nothing");
    corridor.stop().unwrap();
}
