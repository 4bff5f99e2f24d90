//! A node whose data folder was put back from an old copy: two nodes as processes, real files, real
//! TLS, a courier. It has everything back before it says a word.

use std::path::{Path, PathBuf};

use integration_tests::corridor::{Corridor, number};
use integration_tests::courier::Kind;
use integration_tests::process::until;
use integration_tests::story::data;
use serde_json::Value;

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

fn put_back(corridor: &Corridor, old: &Path) {
    let data = corridor.nl.home.join("data");
    std::fs::remove_dir_all(&data).unwrap();
    copy(old, &data);
}

/// How NL stands to XK, as its operator sees it.
fn status(corridor: &Corridor) -> Value {
    let status = corridor.nl.operator().call(&["operator", "status"]).unwrap();
    status["partners"][0].clone()
}

fn own_head(corridor: &Corridor) -> u64 {
    number(&status(corridor)["own_head"]).unwrap()
}

fn file(corridor: &Corridor) -> String {
    let file = data("refused").display().to_string();
    let filed = corridor.nl.person("return-office").call(&["request", "file", &file]).unwrap();
    filed["receipt"]["case_number"].as_str().unwrap().to_owned()
}

/// Waits until XK has everything that NL has said.
fn heard(corridor: &Corridor) {
    until("the partner to have everything", || {
        let there = corridor.xk.operator().call(&["operator", "status"])?;
        let has = number(&there["partners"][0]["partner_head"]);
        Ok((has == Some(own_head(corridor))).then_some(()))
    })
    .unwrap();
}

/// Waits until NL writes again, and shows that both sides hold the same cases.
fn whole_again(corridor: &Corridor, signed: u64, cases: &[String]) {
    until("the node to write again", || {
        let status = status(corridor);
        assert_eq!(status["stopped"], "", "{status}");
        Ok((status["waiting"].is_null() && number(&status["own_head"]) > Some(signed))
            .then_some(()))
    })
    .unwrap();
    heard(corridor);
    for case in cases {
        let meet = ["operator", "meet-safeguard", case, "--safeguard", "restored"];
        let met = corridor.nl.operator().call(&meet).unwrap();
        assert_ne!(met["receipt"]["local_positions"], Value::Null, "{case}: {met}");
        corridor.xk.person("readmission-authority").call(&["case", "show", case]).unwrap();
    }
    let xk = corridor.xk.operator().call(&["operator", "status"]).unwrap();
    assert_eq!(xk["partners"][0]["stopped"], "");
}

/// NL loses its data folder to an old copy: after a clean stop, after SIGKILL, and with the copy
/// taken while it ran.
async fn play(kind: Kind, environment: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = Corridor::found(folder.path(), kind, environment).await.unwrap();
    let (stopped, running) = (folder.path().join("stopped"), folder.path().join("running"));
    let mut cases = vec![file(&corridor)];
    heard(&corridor);
    corridor.nl.stop().unwrap();
    copy(&corridor.nl.home.join("data"), &stopped);
    corridor.nl.start().unwrap();

    // After a clean stop.
    cases.push(file(&corridor));
    heard(&corridor);
    let signed = own_head(&corridor);
    corridor.nl.stop().unwrap();
    put_back(&corridor, &stopped);
    corridor.nl.start().unwrap();
    whole_again(&corridor, signed, &cases);

    // After a crash, on a copy of the running node's files.
    copy(&corridor.nl.home.join("data"), &running);
    cases.push(file(&corridor));
    heard(&corridor);
    let signed = own_head(&corridor);
    corridor.nl.kill().unwrap();
    put_back(&corridor, &running);
    corridor.nl.start().unwrap();
    whole_again(&corridor, signed, &cases[2..]);

    // The partner is away: what it holds is waited for, and nothing is said meanwhile.
    cases.push(file(&corridor));
    heard(&corridor);
    let signed = own_head(&corridor);
    corridor.nl.stop().unwrap();
    corridor.xk.stop().unwrap();
    corridor.courier.lose_everything().await.unwrap();
    put_back(&corridor, &stopped);
    corridor.nl.start().unwrap();
    let waiting = until("the node to say that the partner does not answer", || {
        let waiting = status(&corridor)["waiting"].clone();
        let says = waiting["partner_says"].as_str().unwrap_or_default().to_owned();
        Ok(says.contains("no answer:").then_some(waiting))
    });
    assert_eq!(waiting.unwrap()["state"], "restored: dispatches");
    let file = data("refused").display().to_string();
    let refused = corridor.nl.person("return-office").refused(&["request", "file", &file]).unwrap();
    assert!(refused.error.to_string().contains("LEDGER-0006"), "{}", refused.error);
    let resume =
        ["operator", "resume", "--partner-state", "XK", "--partner-holds", &signed.to_string()];
    let refused = corridor.nl.operator().refused(&resume).unwrap();
    assert!(refused.error.to_string().contains("LEDGER-0007"), "{}", refused.error);
    assert!(own_head(&corridor) < signed);
    corridor.xk.start().unwrap();
    whole_again(&corridor, signed, &cases);

    // The mark is lost: an operator lets it write again, on the record.
    corridor.nl.stop().unwrap();
    std::fs::remove_dir_all(corridor.nl.home.join("mark")).unwrap();
    corridor.nl.start().unwrap();
    let holds = until("the partner to answer", || {
        let waiting = status(&corridor)["waiting"].clone();
        assert_eq!(waiting["state"], "mark lost");
        let says = waiting["partner_says"].as_str().unwrap_or_default();
        Ok(says.strip_prefix("dispatch ").map(ToOwned::to_owned))
    });
    let resume =
        ["operator", "resume", "--partner-state", "XK", "--partner-holds", &holds.unwrap()];
    let resumed = corridor.nl.operator().call(&resume).unwrap();
    assert!(number(&resumed["dispatch"]).is_some(), "{resumed}");
    heard(&corridor);
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_an_old_copy_has_everything_back_before_it_speaks() {
    play(Kind::Development, "test-restored").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_on_an_old_copy_has_everything_back_over_apache_kafka() {
    play(Kind::Apache, "test-restored-kafka").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_made_beside_the_running_node_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Development;
    let mut corridor = Corridor::found(folder.path(), kind, "test-backup").await.unwrap();
    let backup = folder.path().join("backup").display().to_string();
    let mut cases = Vec::new();
    for _ in 0..2 {
        cases.push(file(&corridor));
        heard(&corridor);
        corridor.nl.operate(&["store", "backup", "--to", &backup]).unwrap();
    }
    cases.push(file(&corridor));
    heard(&corridor);
    let signed = own_head(&corridor);
    // A store that is there is not written over, and that of a running node least of all.
    let restore = ["store", "restore", "--from", &backup];
    corridor.nl.operate(&restore).unwrap_err();
    corridor.nl.kill().unwrap();
    corridor.nl.operate(&restore).unwrap_err();
    std::fs::remove_dir_all(corridor.nl.home.join("data/store")).unwrap();
    corridor.nl.operate(&restore).unwrap();
    corridor.nl.operate(&["store", "verify"]).unwrap();
    corridor.nl.start().unwrap();
    whole_again(&corridor, signed, &cases);
    corridor.stop().unwrap();
}

/// A PDF of a size, fictional and empty, attached to a case: its name, and the file.
fn attach(corridor: &Corridor, case: &str, bytes: usize) -> (String, PathBuf) {
    let end = b"startxref\n9\n%%EOF\n";
    let mut content = b"%PDF-1.7\n% fictional\n".to_vec();
    content.extend((0..bytes).map(|at| b"0123456789\n"[(at + at / 1000) % 11]));
    content.extend(end);
    let path = corridor.nl.home.join(format!("{bytes}.pdf"));
    std::fs::write(&path, content).unwrap();
    let office = corridor.nl.person("return-office");
    let file = path.display().to_string();
    let put = office.call(&["attachment", "put", "--file", &file, case]).unwrap();
    let id = put["attachment"]["id"].as_str().unwrap().to_owned();
    let add = ["request", "add-evidence", case, "--evidence", "own_statement", "--attachments"];
    office.call(&[&add[..], &[&id]].concat()).unwrap();
    (id, path)
}

/// What the return office is shown of an attachment; the code of the refusal where it is not.
fn shown(corridor: &Corridor, case: &str, id: &str) -> Result<Vec<u8>, String> {
    let out = corridor.nl.home.join("shown.pdf");
    let (given, office) = (out.display().to_string(), corridor.nl.person("return-office"));
    let get = ["attachment", "get", case, "--attachment", id, "--purpose", "decision", "--out"];
    let got = office.attempt(&[&get[..], &[&given]].concat()).unwrap();
    got.map_err(|refusal| refusal.code().to_owned())?;
    let content = std::fs::read(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    Ok(content)
}

/// Every piece of an attachment below a folder, the smallest first.
fn pieces(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pieces(&path));
        } else if path.file_name().unwrap().len() == 64 {
            found.push(path);
        }
    }
    found.sort_by_key(|path| path.metadata().unwrap().len());
    found
}

/// The one case that has attachments.
fn case_folder(data: &Path) -> String {
    let cases = std::fs::read_dir(data.join("attachments")).unwrap();
    let mut names = cases.map(|case| case.unwrap().file_name().into_string().unwrap());
    names.find(|name| name.starts_with("case_")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_are_backed_up_beside_the_running_node_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Development;
    let mut corridor = Corridor::found(folder.path(), kind, "test-backup-files").await.unwrap();
    let (to, data) = (folder.path().join("backup"), corridor.nl.home.join("data"));
    let backup = to.display().to_string();
    let back_up = ["store", "backup", "--to", &backup];
    let case = file(&corridor);
    let first = attach(&corridor, &case, 5_000);
    let said = corridor.nl.operate(&back_up).unwrap();
    assert!(said.contains("1 attachments; 1 pieces copied, 0 were there"), "{said}");
    let second = attach(&corridor, &case, 300_000);
    // What the node stored last is left out of the journal: this is something behind it.
    file(&corridor);
    heard(&corridor);
    let said = corridor.nl.operate(&back_up).unwrap();
    assert!(said.contains("2 attachments; 2 pieces copied, 1 were there"), "{said}");
    let here = data.display().to_string();
    let said = corridor.nl.operate(&["store", "backup", "--to", &here]).unwrap_err().to_string();
    assert!(said.contains("no place for a backup"), "{said}");

    // All of `data/` that changes is lost.
    let signed = own_head(&corridor);
    corridor.nl.kill().unwrap();
    for lost in ["store", "attachments"] {
        std::fs::remove_dir_all(data.join(lost)).unwrap();
    }
    let said = corridor.nl.operate(&["store", "restore", "--from", &backup]).unwrap();
    assert!(said.contains("put back: 2 attachments; 3 pieces copied, 0 were there"), "{said}");
    assert!(!said.contains("interrupted"), "{said}");
    corridor.nl.start().unwrap();
    until("the node to have everything back", || {
        let status = status(&corridor);
        let is_back = status["waiting"].is_null() && number(&status["own_head"]) >= Some(signed);
        Ok(is_back.then_some(()))
    })
    .unwrap();
    for (id, path) in [&first, &second] {
        assert_eq!(shown(&corridor, &case, id).unwrap(), std::fs::read(path).unwrap());
    }

    // A piece is damaged: it is named, not copied, and put right from what was copied before.
    let damaged = pieces(&data.join("attachments")).remove(0);
    std::fs::write(&damaged, b"something else").unwrap();
    assert_eq!(shown(&corridor, &case, &first.0).unwrap_err(), "ATT-0005");
    corridor.nl.stop().unwrap();
    let verify = ["store", "verify"];
    let lost = data.join("attachments").join(case_folder(&data)).join("NL").join(&second.0);
    for piece in pieces(&lost) {
        std::fs::remove_file(piece).unwrap();
    }
    let said = corridor.nl.operate(&verify).unwrap_err().to_string();
    let within = |path: &Path| path.strip_prefix(&data).unwrap().display().to_string();
    assert!(said.contains(&format!("damaged: `{}`", within(&damaged))), "{said}");
    assert!(said.contains(&format!("lost: every piece of `{}`", within(&lost))), "{said}");
    assert!(said.contains("readmit store heal --from BACKUP"), "{said}");
    let heal = ["store", "heal", "--from", &backup];
    let said = corridor.nl.operate(&heal).unwrap();
    assert!(said.contains("3 pieces copied, 0 were there"), "{said}");
    let said = corridor.nl.operate(&verify).unwrap();
    assert!(said.contains("whole: 3 pieces of 2 attachments"), "{said}");
    // A backup that was interrupted before it had all files says so, and one that is damaged too.
    std::fs::write(to.join("attachments/upto"), b"1").unwrap();
    let said = corridor.nl.operate(&heal).unwrap();
    assert!(said.contains("interrupted before it had the attachments of records 1 to "), "{said}");
    let of_backup = pieces(&to.join("attachments")).remove(0);
    std::fs::write(&of_backup, b"something else").unwrap();
    std::fs::remove_file(&damaged).unwrap();
    let said = corridor.nl.operate(&heal).unwrap_err().to_string();
    assert!(said.contains(of_backup.file_name().unwrap().to_str().unwrap()), "{said}");
    assert!(said.contains("1 pieces of attachments are damaged in the backup"), "{said}");
    corridor.nl.start().unwrap();
    assert_eq!(shown(&corridor, &case, &first.0).unwrap_err(), "ATT-0005");
    assert_eq!(shown(&corridor, &case, &second.0).unwrap(), std::fs::read(&second.1).unwrap());
    corridor.stop().unwrap();
}
