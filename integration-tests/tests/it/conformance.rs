//! The tool that plays the other State finds nothing wrong with our own node.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::Result;
use integration_tests::corridor::{AGREEMENT, number};
use integration_tests::person::Person;
use integration_tests::process::{Running, readmit};

/// Two ports that were free a moment ago: each side has to know the other's before it runs.
fn ports() -> [String; 2] {
    let taken = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    taken.map(|listener| listener.local_addr().unwrap().to_string())
}

fn run(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output =
        Command::new(readmit().unwrap()).args(arguments).current_dir(folder).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Plays everything, does at the node what the tool asks for, and takes what it prints.
fn play(folder: &Path, operator: &Person, authority: &Person) -> (bool, String) {
    let log = folder.join("plays.log");
    let file = File::create(&log).unwrap();
    let patience = ["--patience-s", "60", "--hour-patience-s", "60"];
    let mut tool = Command::new(readmit().unwrap())
        .args(["--home", "xk", "conformance"])
        .args(patience)
        .current_dir(folder)
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap();
    let said = || std::fs::read_to_string(&log).unwrap();
    let (mut passed, mut answered) = (false, false);
    let mut assist = || -> Result<Option<ExitStatus>> {
        if !passed && said().contains("an hour has to pass") {
            let now = number(&operator.call(&["operator", "status"])?["now_ms"]).unwrap();
            let later = (now + 3_660_000).to_string();
            operator.call(&["operator", "set-clock", "--now-ms", &later])?;
            passed = true;
        }
        if let (false, Some((_, rest))) = (answered, said().split_once("say something in case ")) {
            let case = rest.split(' ').next().unwrap();
            authority.call(&["answer", "ask", case, "--note", "Which test is this?"])?;
            answered = true;
        }
        std::thread::sleep(Duration::from_millis(50));
        Ok(tool.try_wait()?)
    };
    // Each play ends by itself when its patience is over, and so does the tool.
    let ended = loop {
        match assist() {
            Ok(None) => {}
            Ok(Some(status)) => break status.success(),
            Err(error) => {
                tool.kill().unwrap();
                panic!("{error:#}: {}", said());
            }
        }
    };
    (ended, said())
}

#[test]
fn our_own_node_does_what_the_specification_says_with_all_that_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let [nl_door, xk_door] = ports();
    for arguments in [
        vec!["--home", "nl", "init", "--state", "NL", "--partner-door", &nl_door],
        vec!["--home", "xk", "init", "--state", "XK", "--partner-door", &xk_door],
        "--home nl genesis propose --partner xk/handover --environment test-plays --out corridor"
            .split(' ')
            .collect(),
        "--home nl genesis sign corridor".split(' ').collect(),
        "--home xk genesis sign corridor".split(' ').collect(),
        "--home nl genesis install corridor --partner xk/handover".split(' ').collect(),
        "--home xk genesis install corridor --partner nl/handover".split(' ').collect(),
    ] {
        let (went_well, said) = run(here, &arguments);
        assert!(went_well, "{arguments:?}: {said}");
    }
    let home = here.join("nl");
    let settings =
        [("READMIT_LISTEN__API", "127.0.0.1:0"), ("READMIT_EXCHANGE__POLL_INTERVAL_MS", "100")];
    let mut node =
        Running::start_with(&["node"], &settings, &home, &home.join("node.log")).unwrap();
    node.ready(&home.join("run/api.address")).unwrap();
    let person = |profile| Person { home: home.clone(), state: "NL", profile };
    let adopt = ["operator", "adopt", "--agreement", AGREEMENT, "--partner-state", "XK"];
    person("operator").call(&adopt).unwrap();
    let (went_well, said) = play(here, &person("operator"), &person("readmission-authority"));
    assert!(went_well && said.contains("25 right, 0 wrong"), "{said}");
    // A corridor in which something was said already is not played in.
    let (went_well, said) = run(here, &["--home", "xk", "conformance"]);
    assert!(!went_well && said.contains("found a fresh one"), "{said}");
    // What it played stands as proof: anybody verifies it, with nothing else.
    let export =
        "--home nl evidence export --fault --partner-state XK --as operator --out fault.evidence";
    let (went_well, said) = run(here, &export.split(' ').collect::<Vec<_>>());
    assert!(went_well, "{said}");
    let (went_well, said) = run(here, &["verify", "fault.evidence"]);
    assert!(went_well && said.contains("valid: the evidence of a fault holds"), "{said}");
    assert!(said.contains("XK signed ") && said.contains("not proved here: "), "{said}");
    assert!(!said.contains("outcome:"), "{said}");
    // One thing or the other.
    let case = "--home nl evidence export --fault NL-XK-2026-000001 --as operator --out other";
    let (went_well, said) = run(here, &case.split(' ').collect::<Vec<_>>());
    assert!(!went_well && said.contains("cannot be used with"), "{said}");
    let neither = "--home nl evidence export --as operator --out other";
    let (went_well, said) = run(here, &neither.split(' ').collect::<Vec<_>>());
    assert!(!went_well && said.contains("<CASE>"), "{said}");
    node.stop().unwrap();
}
