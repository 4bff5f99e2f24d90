//! A node whose store is damaged: it does not start, says where, is healed with what its partner
//! holds, or says that only a backup helps. Two nodes as processes, real files, real TLS.

use std::path::{Path, PathBuf};

use event_store::{Seen, StoredRecord};
use integration_tests::corridor::{Corridor, Node, number};
use integration_tests::courier::Kind;
use integration_tests::process::until;
use integration_tests::story::data;

use crate::restored::copy;

const SEGMENT: &str = "data/store/journal/0000000000000000.seg";

async fn corridor(folder: &Path, environment: &str) -> Corridor {
    Corridor::found(folder, Kind::Absent, environment).await.unwrap()
}

fn file(corridor: &Corridor) -> String {
    let file = data("refused").display().to_string();
    let filed = corridor.nl.person("return-office").call(&["request", "file", &file]).unwrap();
    filed["receipt"]["case_number"].as_str().unwrap().to_owned()
}

/// Waits until each node has everything that the other has said.
fn both_have_all(corridor: &Corridor) {
    let heads = |node: &Node| {
        let status = node.operator().call(&["operator", "status"])?;
        let partner = &status["partners"][0];
        anyhow::Ok((number(&partner["own_head"]), number(&partner["partner_head"])))
    };
    until("both nodes to have everything", || {
        let ((nl, of_xk), (xk, of_nl)) = (heads(&corridor.nl)?, heads(&corridor.xk)?);
        Ok((nl.is_some() && nl == of_nl && xk == of_xk).then_some(()))
    })
    .unwrap();
}

fn segment(node: &Node) -> PathBuf {
    node.home.join(SEGMENT)
}

/// Every record of a node that has stopped.
fn records(node: &Node) -> Vec<StoredRecord> {
    let mut records = Vec::new();
    event_store::survey(node.home.join("data/store"), &mut |seen| match seen {
        Seen::Record(record) => records.push(record.clone()),
        Seen::Broken(broken) => panic!("{broken:?}"),
    })
    .unwrap();
    records
}

/// Flips a bit in the middle of a record, and says at which offset.
fn flip(node: &Node, record: &StoredRecord) -> usize {
    let mut bytes = std::fs::read(segment(node)).unwrap();
    let leaf = &record.leaf;
    let at = bytes.windows(leaf.len()).position(|window| window == leaf).unwrap() + leaf.len() / 2;
    bytes[at] ^= 1;
    std::fs::write(segment(node), bytes).unwrap();
    at
}

fn nth<'a>(records: &'a [StoredRecord], log: &str, index: u64) -> &'a StoredRecord {
    records.iter().find(|it| it.log.as_str() == log && it.log_index == index).unwrap()
}

fn last<'a>(records: &'a [StoredRecord], log: &str) -> &'a StoredRecord {
    records.iter().rfind(|it| it.log.as_str() == log).unwrap()
}

/// What the node says when it is started and does not start.
fn does_not_start(node: &mut Node) -> String {
    let refused = node.start().unwrap_err();
    format!("{refused:#}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_store_is_healed_from_the_partner_and_both_sides_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = corridor(folder.path(), "test-damaged").await;
    let cases: Vec<String> = (0..3).map(|_| file(&corridor)).collect();
    both_have_all(&corridor);
    corridor.nl.stop().unwrap();
    let whole = std::fs::read(segment(&corridor.nl)).unwrap();
    let records = records(&corridor.nl);

    // An entry and a header of each log, and the last entry of the own one.
    let own = last(&records, "entries/XK/NL/0");
    let damaged = [
        nth(&records, "entries/XK/NL/0", 3),
        nth(&records, "headers/XK/NL/0", 2),
        nth(&records, "entries/XK/XK/0", 1),
        nth(&records, "headers/XK/XK/0", 1),
        own,
    ];
    for record in damaged {
        let at = flip(&corridor.nl, record);
        let said = corridor.nl.operate(&["store", "verify"]).unwrap_err().to_string();
        let names = format!("log `{}`, position {}", record.log, record.position);
        assert!(said.contains("0000000000000000.seg") && said.contains(&names), "{at}: {said}");
        assert!(said.contains("store heal"), "{said}");
        std::fs::write(segment(&corridor.nl), &whole).unwrap();
    }
    for record in damaged {
        flip(&corridor.nl, record);
    }
    let said = does_not_start(&mut corridor.nl);
    assert!(said.contains("the journal has a broken frame"), "{said}");
    assert!(said.contains("readmit store verify"), "{said}");

    let heal = ["store", "heal", "--from-partner", "XK"];
    let said = corridor.nl.operate(&heal).unwrap();
    assert!(said.contains("healed: 5 records in"), "{said}");
    assert_eq!(std::fs::read(segment(&corridor.nl)).unwrap(), whole, "byte for byte");
    let said = corridor.nl.operate(&["store", "verify"]).unwrap();
    assert!(said.contains("sound: "), "{said}");
    let nothing = corridor.nl.operate(&heal).unwrap_err().to_string();
    assert!(nothing.contains("no frame of the journal is damaged"), "{nothing}");
    corridor.nl.start().unwrap();
    let more = file(&corridor);
    both_have_all(&corridor);
    for case in cases.iter().chain([&more]) {
        for node in
            [corridor.nl.person("return-office"), corridor.xk.person("readmission-authority")]
        {
            node.call(&["case", "show", case]).unwrap();
        }
    }
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_state_keeps_to_itself_is_healed_from_a_backup_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = corridor(folder.path(), "test-damaged-local").await;
    file(&corridor);
    file(&corridor);
    both_have_all(&corridor);
    corridor.nl.stop().unwrap();
    let backup = folder.path().join("backup").display().to_string();
    corridor.nl.operate(&["store", "backup", "--to", &backup]).unwrap();
    let whole = std::fs::read(segment(&corridor.nl)).unwrap();
    let records = records(&corridor.nl);
    let heal = ["store", "heal", "--from-partner", "XK"];

    // Another one of its log stands behind it, so that it is known which record it was.
    flip(&corridor.nl, nth(&records, "access", 0));
    let damaged = std::fs::read(segment(&corridor.nl)).unwrap();
    let said = corridor.nl.operate(&heal).unwrap_err().to_string();
    assert!(said.contains("lost: records 0 to 0 of log `access`"), "{said}");
    assert!(said.contains("readmit store heal --from BACKUP"), "{said}");
    assert_eq!(std::fs::read(segment(&corridor.nl)).unwrap(), damaged);

    // None does: then what the partner sends is not what stood there.
    std::fs::write(segment(&corridor.nl), &whole).unwrap();
    flip(&corridor.nl, last(&records, "access"));
    flip(&corridor.nl, last(&records, "entries/XK/NL/0"));
    let damaged = std::fs::read(segment(&corridor.nl)).unwrap();
    let said = corridor.nl.operate(&heal).unwrap_err().to_string();
    assert!(said.contains("nothing was changed"), "{said}");
    assert!(said.contains("readmit store heal --from BACKUP"), "{said}");
    assert_eq!(std::fs::read(segment(&corridor.nl)).unwrap(), damaged);

    corridor.nl.operate(&["store", "heal", "--from", &backup]).unwrap();
    assert_eq!(std::fs::read(segment(&corridor.nl)).unwrap(), whole);
    corridor.nl.start().unwrap();
    both_have_all(&corridor);
    corridor.stop().unwrap();
}

/// Says what `heal` says that cannot help, having changed nothing.
fn beyond_any_partner(node: &Node) -> String {
    let damaged = std::fs::read(segment(node)).ok();
    let said = node.operate(&["store", "heal", "--from-partner", "XK"]).unwrap_err().to_string();
    assert!(std::fs::read(segment(node)).ok() == damaged);
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_partner_can_help_it_is_said_what_is_lost_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = corridor(folder.path(), "test-damaged-beyond").await;
    for _ in 0..3 {
        file(&corridor);
        both_have_all(&corridor);
    }
    corridor.nl.stop().unwrap();
    let backup = folder.path().join("backup").display().to_string();
    corridor.nl.operate(&["store", "backup", "--to", &backup]).unwrap();
    let whole = std::fs::read(segment(&corridor.nl)).unwrap();
    let records = records(&corridor.nl);
    let helps = |said: &str| {
        assert!(said.contains("`readmit store heal --from BACKUP` puts back every log"), "{said}");
        assert!(said.contains("`readmit store restore --from BACKUP` makes the store"), "{said}");
        assert!(said.contains("move `data/store` away"), "{said}");
    };
    let heals = || {
        corridor.nl.operate(&["store", "heal", "--from", &backup]).unwrap();
        assert!(std::fs::read(segment(&corridor.nl)).unwrap() == whole);
    };
    let at = |record: &StoredRecord| {
        let leaf = &record.leaf;
        whole.windows(leaf.len()).position(|window| window == leaf).unwrap()
    };

    // The head of a segment: nothing in the store can be told.
    let mut damaged = whole.clone();
    damaged[..64].fill(0);
    std::fs::write(segment(&corridor.nl), &damaged).unwrap();
    let said = beyond_any_partner(&corridor.nl);
    let names = "a broken segment header in `journal/0000000000000000.seg` at offset 0: what stood \
                 in the store can be had from a backup alone";
    assert!(said.contains(names), "{said}");
    helps(&said);
    heals();

    // One bit of it is put back from what is left; but for the id of the store, which stands in
    // no other segment.
    let alone = ["store", "heal"];
    for (at, is_healed) in [(40, true), (12, true), (20, false)] {
        damaged.clone_from(&whole);
        damaged[at] ^= 1;
        std::fs::write(segment(&corridor.nl), &damaged).unwrap();
        if is_healed {
            let said = corridor.nl.operate(&alone).unwrap();
            let names = "healed: the head of `journal/0000000000000000.seg`, from what is left";
            assert!(said.contains(names) && said.contains(" records are sound"), "{said}");
            assert!(std::fs::read(segment(&corridor.nl)).unwrap() == whole);
        } else {
            let said = corridor.nl.operate(&alone).unwrap_err().to_string();
            assert!(said.contains("a broken segment header"), "{said}");
            helps(&said);
            assert!(std::fs::read(segment(&corridor.nl)).unwrap() == damaged);
            heals();
        }
    }
    let nothing = corridor.nl.operate(&alone).unwrap_err().to_string();
    assert!(nothing.contains("no frame of the journal is damaged"), "{nothing}");

    // Several groups of records in a row, with what tells where each begins.
    let (first, last) = (nth(&records, "headers/XK/NL/0", 2), nth(&records, "headers/XK/NL/0", 4));
    damaged.clone_from(&whole);
    damaged[at(first)..at(last)].fill(0);
    std::fs::write(segment(&corridor.nl), &damaged).unwrap();
    let said = beyond_any_partner(&corridor.nl);
    let names = "several frames in a row whose borders cannot be told in \
                 `journal/0000000000000000.seg` at offset ";
    assert!(said.contains(names), "{said}");
    // The head of the first group is left, so that it is those behind it which cannot be told.
    let (_, stretch) = said.split_once("what stood from position ").unwrap();
    let (from, rest) = stretch.split_once(" to ").unwrap();
    let (to, rest) = rest.split_once(' ').unwrap();
    let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
    assert!(rest.starts_with("can be had from a backup alone"), "{said}");
    let (first, last) = (first.position.0, last.position.0);
    assert!(first < from && from < last && last <= to, "{first} to {last}: {said}");
    assert!(to < records.last().unwrap().position.0, "{said}");
    helps(&said);
    heals();

    // A lost file, here the only one.
    std::fs::remove_file(segment(&corridor.nl)).unwrap();
    let said = beyond_any_partner(&corridor.nl);
    let names = "there is no store here: `readmit store restore --from BACKUP` makes it";
    assert!(said.contains(names), "{said}");
    corridor.nl.operate(&["store", "heal", "--from", &backup]).unwrap();
    corridor.nl.operate(&["store", "verify"]).unwrap();
    corridor.nl.start().unwrap();
    both_have_all(&corridor);
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_that_a_running_node_finds_is_told_to_its_operator() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = corridor(folder.path(), "test-damaged-running").await;
    let case = file(&corridor);
    both_have_all(&corridor);
    file(&corridor);
    both_have_all(&corridor);
    corridor.nl.stop().unwrap();
    let records = records(&corridor.nl);
    corridor.nl.start().unwrap();
    let status = || corridor.nl.operator().call(&["operator", "status"]).unwrap();
    let alarms = |status: &serde_json::Value| status["partners"][0]["alarms"].to_string();
    let sound = status();
    assert_eq!(sound["store_damage"], "", "{sound}");
    assert!(!alarms(&sound).contains("store-damaged"), "{sound}");
    // The entry that opens the first case, which is read when it is asked for.
    let opens = |record: &&StoredRecord| {
        record.log.as_str() == "entries/XK/NL/0"
            && record.stream.is_some_and(|it| it.as_bytes().len() == 16)
    };
    flip(&corridor.nl, records.iter().find(opens).unwrap());
    // The case itself may be in memory; the evidence of it is read from the log, each time.
    let to = folder.path().join("evidence").display().to_string();
    let export = ["evidence", "export", case.as_str(), "--out", &to];
    corridor.nl.person("ombudsperson").refused(&export).unwrap();
    let damaged = status();
    let said = damaged["store_damage"].as_str().unwrap();
    assert!(said.starts_with("a broken record in segment 0 at offset "), "{said}");
    assert!(alarms(&damaged).contains("store-damaged"), "{damaged}");

    corridor.nl.stop().unwrap();
    corridor.nl.operate(&["store", "heal", "--from-partner", "XK"]).unwrap();
    corridor.nl.start().unwrap();
    corridor.nl.person("ombudsperson").call(&export).unwrap();
    corridor.stop().unwrap();
}

/// Puts the folders of a node back that change while it runs.
fn put_back(node: &Node, from: &Path) {
    for part in ["data", "mark"] {
        let there = node.home.join(part);
        std::fs::remove_dir_all(&there).unwrap();
        copy(&from.join(part), &there);
    }
}

fn keep(node: &Node, to: &Path) {
    for part in ["data", "mark"] {
        copy(&node.home.join(part), &to.join(part));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_sends_another_dispatch_under_a_good_signature_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = corridor(folder.path(), "test-damaged-lie").await;
    both_have_all(&corridor);
    corridor.stop().unwrap();
    let at = |name: &str| folder.path().join("kept").join(name);
    keep(&corridor.nl, &at("nl before"));
    keep(&corridor.xk, &at("xk before"));

    // What NL says to one XK …
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    for _ in 0..2 {
        file(&corridor);
        both_have_all(&corridor);
    }
    corridor.stop().unwrap();
    keep(&corridor.nl, &at("nl after"));
    let records = records(&corridor.nl);

    // … and under the same numbers, with the same key, to another.
    put_back(&corridor.nl, &at("nl before"));
    put_back(&corridor.xk, &at("xk before"));
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    for _ in 0..2 {
        file(&corridor);
        both_have_all(&corridor);
    }
    corridor.nl.stop().unwrap();

    put_back(&corridor.nl, &at("nl after"));
    let heal = ["store", "heal", "--from-partner", "XK"];
    for log in ["entries/XK/NL/0", "headers/XK/NL/0", "headers/XK/XK/0"] {
        let whole = std::fs::read(segment(&corridor.nl)).unwrap();
        // The last record of all would be taken for one that a crash has torn.
        let of_log = records.iter().filter(|record| record.log.as_str() == log);
        flip(&corridor.nl, of_log.rev().nth(1).unwrap());
        let damaged = std::fs::read(segment(&corridor.nl)).unwrap();
        let said = corridor.nl.operate(&heal).unwrap_err().to_string();
        assert!(said.contains("nothing was changed"), "{log}: {said}");
        assert!(said.contains("is what stood from position"), "{log}: {said}");
        assert_eq!(std::fs::read(segment(&corridor.nl)).unwrap(), damaged, "{log}");
        std::fs::write(segment(&corridor.nl), &whole).unwrap();
    }
    // What both have is healed all the same.
    flip(&corridor.nl, last(&records, "entries/XK/XK/0"));
    corridor.nl.operate(&heal).unwrap();
    corridor.nl.operate(&["store", "verify"]).unwrap();
    // Nor is a partner heard that is not there.
    corridor.xk.stop().unwrap();
    flip(&corridor.nl, last(&records, "entries/XK/NL/0"));
    let said = corridor.nl.operate(&heal).unwrap_err().to_string();
    assert!(said.contains("fetch dispatches of NL at the door of XK"), "{said}");
}
