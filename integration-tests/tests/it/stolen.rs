//! A log key that was stolen, as the operator meets it: somebody with a copy of the node writes on,
//! the partner takes it, and the State takes it in and revokes the key. Two nodes as processes.

use std::path::Path;

use integration_tests::corridor::{Corridor, number};
use integration_tests::courier::Kind;
use integration_tests::process::until;
use integration_tests::story::word;
use serde_json::Value;

use crate::keys::{Ceremony, both_hold_all, file, head, held, name_of, prepare};
use crate::restored::copy;

fn status(corridor: &Corridor) -> Value {
    corridor.nl.operator().call(&["operator", "status"]).unwrap()["partners"][0].clone()
}

/// Somebody runs a copy of NL for a while, files a case with it, and XK takes that; then NL runs
/// again. The case that was filed.
fn a_thief_files(corridor: &mut Corridor) -> String {
    corridor.nl.stop().unwrap();
    let (home, aside) = (corridor.nl.home.clone(), corridor.folder.join("nl-aside"));
    copy(&home, &aside);
    corridor.nl.start().unwrap();
    let forged = file(corridor);
    both_hold_all(corridor);
    corridor.nl.stop().unwrap();
    std::fs::remove_dir_all(&home).unwrap();
    std::fs::rename(&aside, &home).unwrap();
    corridor.nl.start().unwrap();
    forged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thief_writes_on_and_the_node_takes_it_in_and_revokes_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Development;
    let mut corridor = Corridor::found(folder.path(), kind, "test-stolen").await.unwrap();
    let before = file(&corridor);
    both_hold_all(&corridor);
    let (last, stolen) = (head(&corridor.nl), held(&corridor.nl, "log").remove(0));
    let good = name_of(&corridor.nl, "XK", last);
    let forged = a_thief_files(&mut corridor);

    // Whatever it meets first, the thief's dispatch or a word of XK that has heard it.
    let holds = until("the thief to be found out", || {
        let there = corridor.xk.operator().call(&["operator", "status"])?;
        let holds = number(&there["partners"][0]["partner_head"]).unwrap();
        assert!(holds > last);
        let named = holds.to_string();
        let ask = ["operator", "resume", "--partner-state", "XK", "--partner-holds", &named];
        let take_in = [&ask[..], &["--take-in-forged"]].concat();
        Ok(corridor.nl.operator().attempt(&take_in)?.is_ok().then_some(holds))
    })
    .unwrap();
    assert!(holds > last);
    until("what the thief signed to be there", || {
        let here = status(&corridor);
        let is_there = here["waiting"].is_null() && here["alarms"][0] == "key-to-revoke";
        Ok((is_there && here["stopped"] == "").then_some(()))
    })
    .unwrap();
    let data = integration_tests::story::data("refused").display().to_string();
    let office = corridor.nl.person("return-office");
    let refused = office.attempt(&["request", "file", &data]).unwrap().unwrap_err();
    assert!(format!("{refused:?}").contains("readmit keys revoke"), "{refused:?}");

    prepare(&mut corridor.nl, "log");
    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    let announces = ceremony.announcement("log", 3);
    let revokes = ceremony.revocation(("log", &stolen), Some(&good), 4);
    ceremony.state(&[&announces, &revokes]).unwrap();
    both_hold_all(&corridor);
    assert_eq!(status(&corridor)["alarms"], Value::Array(Vec::new()));
    let people = [corridor.nl.person("return-office"), corridor.xk.person("readmission-authority")];
    for (case, is_disputed) in [(&forged, true), (&before, false)] {
        for who in &people {
            let shown = who.call(&["case", "show", case]).unwrap()["case"].clone();
            assert_eq!(word(&shown["standing"], "STANDING_") == "disputed", is_disputed, "{case}");
        }
    }
    file(&corridor);
    both_hold_all(&corridor);
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_in_where_nobody_else_has_signed() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Development;
    let mut corridor =
        Corridor::found(Path::new(folder.path()), kind, "test-unstolen").await.unwrap();
    both_hold_all(&corridor);
    let before = (head(&corridor.nl), status(&corridor)["waiting"].clone());
    let named = head(&corridor.nl).to_string();
    let ask = ["operator", "resume", "--partner-state", "XK", "--partner-holds", &named];
    let take_in = [&ask[..], &["--take-in-forged"]].concat();
    let refused = corridor.nl.operator().attempt(&take_in).unwrap().unwrap_err();
    assert!(format!("{refused:?}").contains("LEDGER-0007"), "{refused:?}");
    assert_eq!((head(&corridor.nl), status(&corridor)["waiting"].clone()), before);
    corridor.stop().unwrap();
}
