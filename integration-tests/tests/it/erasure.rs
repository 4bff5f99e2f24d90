//! Erasure as an operator meets it: afterwards nobody reads a body of the case in any file of the
//! node, nor in any topic of the courier, with any key that is left anywhere; what is proved is as
//! it was.

use std::fs;
use std::path::Path;
use std::process::Command;

use domain::identifier::{CaseId, State};
use integration_tests::corridor::{Corridor, Node};
use integration_tests::courier::Kind;
use integration_tests::process::{readmit, until};
use integration_tests::story::word;
use proto::record::v1::EvidenceBundle;
use record::canonical;
use record::dispatch::Dispatch;
use record::entry::Head;
use record::genesis::SignedGenesis;
use record::log_id::LogId;
use record::seal::{CaseKey, Place, Purpose};
use serde_json::Value;

use crate::keys::{Ceremony, both_hold_all, file, head, held, prepare};

/// Stands in the body of each request, and in what NL keeps to itself.
const KNOWN: &[u8] = b"Testperson";
/// A sealed wrapping key, at the end of its file.
const SEALED_KEY_BYTES: usize = 48;

/// Every file below a folder that has these bytes in it.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|it| it == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The files of a keyring, by name: pointer, contents and wrapping key.
fn keyring(home: &Path) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(home.join("keys")).unwrap().map(|file| file.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let of_keyring = files.filter(|path| name(path).starts_with("keyring"));
    of_keyring.map(|path| (name(&path), fs::read(&path).unwrap())).collect()
}

/// Puts the files of a keyring in the place of those that are there.
fn put(home: &Path, files: &[(String, Vec<u8>)]) {
    for (name, _) in keyring(home) {
        fs::remove_file(home.join("keys").join(name)).unwrap();
    }
    for (name, bytes) in files {
        fs::write(home.join("keys").join(name), bytes).unwrap();
    }
}

/// What would open what an old epoch holds, and what it holds: where such bytes are found, a copy
/// of the epoch is there still.
fn traces(files: &[(String, Vec<u8>)]) -> Vec<&[u8]> {
    let parts = files.iter().filter(|(name, _)| name != "keyring" && !name.ends_with(".lock"));
    let traces = parts.map(|(name, bytes)| {
        let is_key = name.ends_with(".key");
        if is_key { &bytes[bytes.len() - SEALED_KEY_BYTES..] } else { bytes.as_slice() }
    });
    traces.collect()
}

fn show(node: &Node, profile: &'static str, case: &str) -> Value {
    let words = ["case", "show", case, "--purpose", "decision"];
    node.person(profile).call(&words).unwrap()["case"].clone()
}

fn tells_the_person(shown: &Value) -> bool {
    shown.to_string().contains("Testperson")
}

/// A bundle of a case, verified; the case as text, the same bytes wherever it is derived.
fn proved(node: &Node, case: &str, to: &Path) -> String {
    let path = to.display().to_string();
    node.person("ombudsperson").call(&["evidence", "export", case, "--out", &path]).unwrap();
    node.operate(&["verify", &path]).unwrap();
    let program = readmit().unwrap();
    let output = Command::new(program).args(["verify", "--case", &path]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// How many cases the keyring of a node has keys of.
fn cases_with_keys(node: &Node) -> usize {
    let listed = node.operate(&["keys", "list"]).unwrap();
    let line = listed.lines().find_map(|line| line.strip_prefix("keys of ")).unwrap();
    line.split(' ').next().unwrap().parse().unwrap()
}

/// What a topic gives whoever reads it: opened with the key of a case, and how many copies of that
/// key are sealed in it, to which HPKE keys.
struct Read {
    opened: Vec<Vec<u8>>,
    sealed_to: Vec<String>,
}

/// Reads a topic with the key of a case.
fn read(
    topic: &[Vec<u8>],
    genesis: &SignedGenesis,
    author: &str,
    case: CaseId,
    key: &CaseKey,
) -> Read {
    let log = LogId::shared(genesis.digest(), State::new(author).unwrap(), 0);
    let mut read = Read { opened: Vec::new(), sealed_to: Vec::new() };
    for record in topic {
        let dispatch = Dispatch::decode(record).unwrap();
        let mut openings = Vec::new();
        for entry in &dispatch.entries {
            let position = Head::decode(&entry.head).unwrap().position;
            let place = Place { log, position, case };
            let body = entry.sealed_body.as_deref().unwrap_or_default();
            if let Ok(body) = key.open(&place, Purpose::Body, body) {
                read.opened.push(body.to_vec());
                openings.push(position);
            }
        }
        let of_case = dispatch.case_keys.iter().filter(|it| openings.contains(&it.position));
        read.sealed_to.extend(of_case.map(|it| hex(&it.key_id)));
    }
    read
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What somebody had before the erasure: the key of the case, taken away with the evidence.
fn taken_away(corridor: &Corridor, case: &str) -> (CaseId, CaseKey) {
    let path = corridor.folder.join("with-bodies").display().to_string();
    let words = ["evidence", "export", case, "--out", &path, "--bodies", "--purpose", "decision"];
    corridor.nl.person("return-office").call(&words).unwrap();
    let bundle: EvidenceBundle = canonical::decode(&fs::read(&path).unwrap()).unwrap();
    fs::remove_file(&path).unwrap();
    let case = CaseId::from_slice(&bundle.case_id).unwrap();
    (case, CaseKey::from_slice(&bundle.case_key).unwrap())
}

/// Withdrawn, closed by both, and refused to be erased before.
fn close(corridor: &Corridor, case: &str) {
    let operator = corridor.nl.operator();
    let erase = ["erase", case, "--basis", "retention-over"];
    let refused = |rule: &str| {
        let before = (head(&corridor.nl), keyring(&corridor.nl.home));
        let refusal = operator.refused(&erase).unwrap();
        assert_eq!(refusal.rule(), rule, "{refusal:?}");
        assert_eq!((head(&corridor.nl), keyring(&corridor.nl.home)), before);
    };
    let (office, authority) =
        (corridor.nl.person("return-office"), corridor.xk.person("readmission-authority"));
    refused("PartMustBeClosed");
    authority.call(&["case", "hold", case]).unwrap();
    both_hold_all(corridor);
    office.call(&["request", "withdraw", case]).unwrap();
    office.call(&["case", "close", case]).unwrap();
    refused("HoldMustBeLifted");
    both_hold_all(corridor);
    authority.call(&["case", "lift-hold", case]).unwrap();
    both_hold_all(corridor);
    authority.call(&["case", "close", case]).unwrap();
    both_hold_all(corridor);
}

/// Orders it, and looks at what was answered.
fn erase(node: &Node, case: &str, sealed_copies_may_remain: bool) {
    let words = ["erase", case, "--basis", "retention-over"];
    let erased = node.operator().call(&words).unwrap();
    assert_eq!(erased["sealed_copies_may_remain"], sealed_copies_may_remain, "{erased}");
    assert_eq!(cases_with_keys(node), 1);
}

async fn play(kind: Kind, environment: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = Corridor::found(folder.path(), kind, environment).await.unwrap();
    let (case, other) = (file(&corridor), file(&corridor));
    let local = ["operator", "open-safeguard", &case, "--safeguard", "child"];
    let note = ["--note", "Of Testperson, and kept here"];
    corridor.nl.operator().call(&[&local[..], &note].concat()).unwrap();
    both_hold_all(&corridor);
    let (id, key) = taken_away(&corridor, &case);
    let genesis = fs::read(folder.path().join("nl-xk.genesis")).unwrap();
    let genesis = SignedGenesis::decode(&genesis).unwrap();
    close(&corridor, &case);
    let before = show(&corridor.nl, "return-office", &case);
    assert!(tells_the_person(&before), "{before}");
    let old = [&corridor.nl, &corridor.xk].map(|node| keyring(&node.home));

    // Each State destroys its own copies.
    erase(&corridor.nl, &case, false);
    both_hold_all(&corridor);
    assert!(tells_the_person(&show(&corridor.xk, "readmission-authority", &case)));
    erase(&corridor.xk, &case, true);
    both_hold_all(&corridor);
    for (node, profile) in
        [(&corridor.nl, "return-office"), (&corridor.xk, "readmission-authority")]
    {
        let after = show(node, profile, &case);
        assert!(!tells_the_person(&after), "{after}");
        assert_eq!(word(&after["result"], "RESULT_"), "withdrawn");
        assert_eq!(
            (&after["result"], &after["standing"]),
            (&before["result"], &before["standing"])
        );
        let told = |shown: &Value| shown["timeline"].as_array().unwrap().len();
        assert_eq!(told(&after), told(&before) + 4, "two orders, and two words that it is done");
        assert!(tells_the_person(&show(node, profile, &other)));
    }

    // What the courier keeps: the bodies as they were sealed, and copies of the key that were
    // sealed to a key of XK. That one is on its node still: whoever has it reads what is kept.
    let last = head(&corridor.nl);
    let topic = corridor.courier.dispatches("NL", "XK", last).await.unwrap();
    let found = read(&topic, &genesis, "NL", id, &key);
    assert!(found.opened.iter().any(|body| body.windows(10).any(|it| it == KNOWN)));
    assert_eq!(found.sealed_to, held(&corridor.xk, "hpke"));
    prepare(&mut corridor.xk, "hpke");
    let ceremony = Ceremony::of(&corridor, &corridor.xk);
    ceremony.state(&[&ceremony.announcement("hpke", 3)]).unwrap();
    until("the key that the copies are sealed to to be destroyed", || {
        Ok((!held(&corridor.xk, "hpke").contains(&found.sealed_to[0])).then_some(()))
    })
    .unwrap();

    // Whoever has the topic and both nodes has nothing that opens it.
    let proofs = [&corridor.nl, &corridor.xk]
        .map(|node| proved(node, &case, &folder.path().join(format!("{}.after", node.state))));
    assert!(proofs[0] == proofs[1] && proofs[0].contains("ErasureDone"), "{}", proofs[0]);
    corridor.stop().unwrap();
    for (node, old) in [&corridor.nl, &corridor.xk].into_iter().zip(&old) {
        node.operate(&["store", "verify"]).unwrap();
        assert_eq!(files_with(&node.home, KNOWN), Vec::<String>::new());
        assert_eq!(files_with(&node.home, key.expose()), Vec::<String>::new());
        assert_eq!(traces(old).len(), 2);
        for trace in traces(old) {
            assert_eq!(files_with(&node.home, trace), Vec::<String>::new());
        }
    }
    for record in &topic {
        assert!(!record.windows(KNOWN.len()).any(|it| it == KNOWN));
    }
    if let Some(data) = corridor.courier.data_folder() {
        assert_eq!(files_with(&data, KNOWN), Vec::<String>::new());
        assert_eq!(files_with(&data, key.expose()), Vec::<String>::new());
        // That it would be found: what is sealed is there.
        assert!(
            !files_with(&data, &Dispatch::decode(&topic[0]).unwrap().entries[0].facts).is_empty()
        );
    }

    // The contents of the old epoch, put back, open nothing; the whole of it, put back, is
    // destroyed before anything is served.
    let now = keyring(&corridor.nl.home);
    for (name, bytes) in old[0].iter().filter(|(name, _)| !name.ends_with(".key")) {
        if name != "keyring" {
            fs::write(corridor.nl.home.join("keys").join(name), bytes).unwrap();
        }
    }
    corridor.nl.start().unwrap();
    assert!(!tells_the_person(&show(&corridor.nl, "return-office", &case)));
    corridor.nl.stop().unwrap();
    assert_eq!(keyring(&corridor.nl.home), now);
    put(&corridor.nl.home, &old[0]);
    assert_eq!(cases_with_keys(&corridor.nl), 2);
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    assert_eq!(cases_with_keys(&corridor.nl), 1);
    assert!(!tells_the_person(&show(&corridor.nl, "return-office", &case)));
    assert!(tells_the_person(&show(&corridor.nl, "return-office", &other)));
    for trace in traces(&old[0]) {
        assert_eq!(files_with(&corridor.nl.home, trace), Vec::<String>::new());
    }

    // What is published anew has no copy of the key.
    corridor.courier.lose_everything().await.unwrap();
    file(&corridor);
    both_hold_all(&corridor);
    for (author, to, node) in [("NL", "XK", &corridor.nl), ("XK", "NL", &corridor.xk)] {
        let last = head(node);
        let topic = corridor.courier.dispatches(author, to, last).await.unwrap();
        let found = read(&topic, &genesis, author, id, &key);
        assert_eq!(found.sealed_to, Vec::<String>::new());
    }
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_read_in_no_file_and_no_topic_with_any_key_that_is_left() {
    play(Kind::Development, "test-erasure").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_erased_is_read_nowhere_on_the_disk_of_apache_kafka() {
    play(Kind::Apache, "test-erasure-kafka").await;
}
