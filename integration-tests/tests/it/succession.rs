//! A State whose keys were used elsewhere: its log is proved to contradict itself and frozen, a
//! ceremony begins the next era, both States settle what is disputed; and a copy from before all
//! that has both eras back before it speaks.

use integration_tests::corridor::{Corridor, Node, number};
use integration_tests::courier::Kind;
use integration_tests::process::until;
use integration_tests::story::word;
use serde_json::Value;

use crate::keys::{Ceremony, both_hold_all, file, head, name_of, prepare};
use crate::restored::copy;

fn status(node: &Node) -> Value {
    node.operator().call(&["operator", "status"]).unwrap()["partners"][0].clone()
}

fn alarms(node: &Node) -> Vec<String> {
    let alarms = status(node)["alarms"].as_array().cloned().unwrap_or_default();
    alarms.iter().map(|alarm| alarm.as_str().unwrap().to_owned()).collect()
}

fn rings(node: &Node, alarm: &str) {
    until(&format!("{} to ring {alarm}", node.state), || {
        Ok(alarms(node).contains(&alarm.to_owned()).then_some(()))
    })
    .unwrap();
}

/// Has a node ask at the partner's door as often as a test wants it.
fn asks_often(node: &Node) {
    let settings = node.home.join("readmit.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let often = text.replace("poll_interval_ms = 60000", "poll_interval_ms = 200");
    assert_ne!(often, text);
    std::fs::write(&settings, often).unwrap();
}

fn fall_silent(node: &Node) {
    until("every alarm to end", || Ok(alarms(node).is_empty().then_some(()))).unwrap();
}

/// NL and a copy of it, marks included, sign different words under the same numbers while XK is
/// away; XK then hears the true one, and of the other one what does not continue it. The case that
/// NL filed.
fn speak_twice(corridor: &mut Corridor) -> String {
    let (home, twin) = (corridor.nl.home.clone(), corridor.folder.join("twin"));
    corridor.stop().unwrap();
    copy(&home, &twin);
    corridor.nl.start().unwrap();
    let case = file(corridor);
    corridor.nl.stop().unwrap();
    corridor.nl.home.clone_from(&twin);
    corridor.nl.start().unwrap();
    file(corridor);
    file(corridor);
    corridor.nl.stop().unwrap();
    corridor.nl.home.clone_from(&home);
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    both_hold_all(corridor);
    corridor.nl.stop().unwrap();
    corridor.nl.home = twin;
    corridor.nl.start().unwrap();
    rings(&corridor.xk, "frozen");
    corridor.nl.stop().unwrap();
    corridor.nl.home = home;
    corridor.nl.start().unwrap();
    rings(&corridor.nl, "own-log-frozen");
    case
}

fn standing(corridor: &Corridor, case: &str) -> (String, String) {
    let seen = [corridor.nl.person("return-office"), corridor.xk.person("readmission-authority")];
    let seen = seen.map(|who| {
        let shown = who.call(&["case", "show", case]).unwrap()["case"].clone();
        (word(&shown["standing"], "STANDING_"), shown["etag"].as_str().unwrap().to_owned())
    });
    let [(nl, etag), (xk, _)] = seen;
    assert_eq!(nl, xk);
    (nl, etag)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_log_goes_on_after_a_ceremony_and_an_old_copy_has_both_eras_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor =
        Corridor::found(folder.path(), Kind::Absent, "test-succession").await.unwrap();
    both_hold_all(&corridor);
    let old = folder.path().join("old");
    corridor.stop().unwrap();
    [&corridor.nl, &corridor.xk].into_iter().for_each(asks_often);
    copy(&corridor.nl.home.join("data"), &old.join("nl"));
    copy(&corridor.xk.home.join("data"), &old.join("xk"));
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    let case = speak_twice(&mut corridor);

    let office = corridor.nl.person("return-office");
    let refused = office.refused(&["request", "withdraw", &case]).unwrap();
    assert_eq!(refused.code(), "LEDGER-0010", "{refused:?}");
    assert_eq!(standing(&corridor, &case).0, "disputed");

    // The ceremony.
    prepare(&mut corridor.nl, "log");
    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    let last = head(&corridor.nl);
    let (last, before) = (name_of(&corridor.nl, "XK", last), name_of(&corridor.nl, "XK", last - 1));
    let key = ceremony.announcement("log", 3);
    let succession = |last: &str, serial| {
        ceremony.sign(&["keys", "succeed", "--last", last], serial, "GOES ON in era 1")
    };
    let follows = "must follow the announcement of another log key";
    ceremony.refused(&[&key, &succession(&before, 4)], follows);
    let ended = "nothing more is written in this era";
    ceremony.refused(&[&succession(&last, 3)], ended);
    let key = ceremony.announcement("log", 3);
    ceremony.refused(&[&key], ended);
    ceremony.state(&[&key, &succession(&last, 4)]).unwrap();
    both_hold_all(&corridor);
    [&corridor.nl, &corridor.xk].into_iter().for_each(fall_silent);

    // Both look at the case, and settle it.
    let (settled, etag) = standing(&corridor, &case);
    assert_eq!(settled, "disputed");
    office.call(&["case", "settle", &case, "--etag", &etag]).unwrap();
    both_hold_all(&corridor);
    let authority = corridor.xk.person("readmission-authority");
    let etag = standing(&corridor, &case).1;
    authority.call(&["case", "settle", &case, "--etag", &etag]).unwrap();
    both_hold_all(&corridor);
    let (settled, etag) = standing(&corridor, &case);
    assert_ne!(settled, "disputed");
    authority.call(&["answer", "accept", &case, "--etag", &etag]).unwrap();
    both_hold_all(&corridor);
    assert_eq!(standing(&corridor, &case).0, "confirmed");

    // Old copies: of the State whose log went on, then of the one that had proved the fault.
    for state in ["nl", "xk"] {
        corridor.stop().unwrap();
        let node = if state == "nl" { &corridor.nl } else { &corridor.xk };
        let data = node.home.join("data");
        std::fs::remove_dir_all(&data).unwrap();
        copy(&old.join(state), &data);
        corridor.nl.start().unwrap();
        corridor.xk.start().unwrap();
        let node = if state == "nl" { &corridor.nl } else { &corridor.xk };
        until("the node to write again", || {
            let status = status(node);
            assert_eq!(status["stopped"], "", "{status}");
            Ok(status["waiting"].is_null().then_some(()))
        })
        .unwrap();
        both_hold_all(&corridor);
        assert_eq!(standing(&corridor, &case).0, "confirmed");
        assert!(name_of(&corridor.nl, "XK", head(&corridor.nl)).starts_with("1:"));
        file(&corridor);
        both_hold_all(&corridor);
        [&corridor.nl, &corridor.xk].into_iter().for_each(fall_silent);
    }
    assert!(number(&status(&corridor.xk)["partner_head"]) == Some(head(&corridor.nl)));
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_is_corrected_and_what_was_said_meanwhile_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let kind = Kind::Development;
    let mut corridor = Corridor::found(folder.path(), kind, "test-clock").await.unwrap();
    both_hold_all(&corridor);
    let offset = corridor.nl.home.join("data/clock_offset_ms");
    let restart = |corridor: &mut Corridor, offset_ms: u64| {
        corridor.nl.stop().unwrap();
        std::fs::write(&offset, offset_ms.to_string()).unwrap();
        corridor.nl.start().unwrap();
    };
    restart(&mut corridor, 400 * 86_400_000);
    let ahead = file(&corridor);
    restart(&mut corridor, 0);
    // It is right again, and muted: times never fall, and the partner parks what is dated ahead.
    let after = file(&corridor);
    until("the partner to park", || {
        Ok(number(&status(&corridor.xk)["parked"]).filter(|it| *it > 0))
    })
    .unwrap();
    let shown = |corridor: &Corridor, case: &str| {
        let authority = corridor.xk.person("readmission-authority");
        authority.attempt(&["case", "show", case]).unwrap().map(|mut shown| shown.remove(0))
    };
    assert!(shown(&corridor, &ahead).is_err() && shown(&corridor, &after).is_err());

    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    let corrects = ceremony.sign(&["keys", "correct-clock"], 3, "corrects its clock");
    ceremony.state(&[&corrects]).unwrap();
    both_hold_all(&corridor);
    // What the partner had not heard takes the time of the correction, alike on both sides.
    let filed_at = |shown: &Value| number(&shown["case"]["timeline"][0]["time_ms"]).unwrap();
    let times = [&ahead, &after].map(|case| {
        let here = corridor.nl.person("return-office").call(&["case", "show", case]).unwrap();
        [filed_at(&here), filed_at(&shown(&corridor, case).unwrap())]
    });
    assert_eq!(times, [[times[0][0]; 2]; 2]);
    // From now on what is said arrives at once.
    file(&corridor);
    both_hold_all(&corridor);
    fall_silent(&corridor.xk);
    corridor.stop().unwrap();
}
