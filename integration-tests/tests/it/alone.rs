//! Services that run alone: ledger, requests, exchange and operator as processes of their own.

use std::path::{Path, PathBuf};

use integration_tests::corridor::{AGREEMENT, Corridor};
use integration_tests::courier::Kind;
use integration_tests::process::{Running, until};
use integration_tests::story::data;
use serde_json::Value;

/// Starts one service and waits until it serves; answers with its address.
fn serve(service: &str, ledger: &str, home: &Path, running: &mut Vec<Running>) -> String {
    let file: PathBuf = home.join(format!("run/{service}.address"));
    let environment =
        [("READMIT_LISTEN__INTERNAL", "127.0.0.1:0"), ("READMIT_LEDGER__ADDRESS", ledger)];
    let log = home.join(format!("{service}.log"));
    let mut one = Running::start_with(&["serve", service], &environment, home, &log).unwrap();
    let address = one.ready(&file).unwrap();
    running.push(one);
    address
}

/// A profile that calls a service that runs alone.
fn profile(home: &Path, name: &str, service: &str) {
    let text = std::fs::read_to_string(home.join(format!("profiles/{name}.toml"))).unwrap();
    let text = text
        .replace("run/api.address", &format!("run/{service}.address"))
        .replace("node.nl.readmit", "localhost");
    std::fs::write(home.join(format!("profiles/{name}-{service}.toml")), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_run_alone_handle_a_case_together() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found_without(folder.path(), Kind::Development, "test-alone").await;
    let mut corridor = founded.unwrap();
    corridor.nl.stop().unwrap();
    let home = corridor.nl.home.clone();
    let mut running = Vec::new();
    let ledger = serve("ledger", "", &home, &mut running);
    for service in ["requests", "exchange", "operator", "oversight"] {
        serve(service, &ledger, &home, &mut running);
    }
    profile(&home, "operator", "operator");
    profile(&home, "return-office", "requests");
    let operator = corridor.nl.person("operator-operator");
    let office = corridor.nl.person("return-office-requests");
    let authority = corridor.xk.person("readmission-authority");

    let adopt = ["operator", "adopt", "--agreement", AGREEMENT, "--partner-state"];
    operator.call(&[&adopt[..], &["XK"]].concat()).unwrap();
    corridor.xk.operator().call(&[&adopt[..], &["NL"]].concat()).unwrap();
    let file = data("refused").display().to_string();
    let filed = until("both adoptions to be heard", || {
        Ok(office.attempt(&["request", "file", &file])?.ok().and_then(|mut all| all.pop()))
    });
    let case = filed.unwrap()["receipt"]["case_number"].as_str().unwrap().to_owned();
    let refuse = ["answer", "refuse", &case, "--reasons", "not-a-national"];
    until("the request to arrive and be refused", || Ok(authority.attempt(&refuse)?.ok())).unwrap();
    let confirmed = |shown: &Value| {
        shown["case"]["result"] == "RESULT_REFUSED"
            && shown["case"]["standing"] == "STANDING_CONFIRMED"
    };
    until("the refusal to arrive", || {
        Ok(Some(office.call(&["case", "show", &case])?).filter(confirmed))
    })
    .unwrap();

    // The ledger answers services alone: an office that reaches it is told no more than that.
    profile(&home, "return-office", "ledger");
    let intruder = corridor.nl.person("return-office-ledger");
    assert!(intruder.attempt(&["case", "show", &case]).unwrap().is_err());

    while let Some(one) = running.pop() {
        one.stop().unwrap();
    }
    // The same folder, as one process again.
    corridor.nl.start().unwrap();
    let whole = corridor.nl.person("return-office");
    assert!(confirmed(&whole.call(&["case", "show", &case]).unwrap()));
    corridor.stop().unwrap();
}
