//! Evidence as it is exported, and `readmit verify` in the hands of somebody who was given a file:
//! what it says of a bundle with and without bodies, up to a named dispatch, of single entries,
//! and of what is damaged or no evidence.

use std::path::Path;
use std::process::Command;

use integration_tests::corridor::{Corridor, number};
use integration_tests::courier::Kind;
use integration_tests::person::{Person, Refusal};
use integration_tests::process::readmit;
use integration_tests::story::Stage;
use integration_tests::telling::Telling;
use serde_json::Value;

use crate::keys::{both_hold_all, file, heard};

/// How many bytes are flipped, one at a time, evenly over the file.
const FLIPS: usize = 150;

/// What stands in the body of the request that is filed.
const KNOWN: &str = "Testperson";

/// Verifies a file; answers with the exit code and what is said.
fn verify(file: &Path) -> (i32, String) {
    verify_with(&[], file)
}

fn verify_with(options: &[&str], file: &Path) -> (i32, String) {
    let mut command = Command::new(readmit().unwrap());
    let output = command.arg("verify").args(options).arg(file).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_and_its_place_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Development, "test-evidence").await;
    let mut corridor = founded.unwrap();
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    let case = stage.file("refused").unwrap();
    stage.both_see(&case, 1).unwrap();
    let [file, _] = stage.prove(&case).unwrap();
    corridor.stop().unwrap();

    let (exit, said) = verify(&file);
    assert_eq!(exit, 0, "{said}");
    assert!(said.contains(&case) && said.contains("RequestFiled"), "{said}");
    let whole = std::fs::read(&file).unwrap();
    let damaged = folder.path().join("damaged");
    for flip in 0..FLIPS {
        let mut bytes = whole.clone();
        let at = flip * whole.len() / FLIPS;
        bytes[at] ^= 1 << (flip % 8);
        std::fs::write(&damaged, &bytes).unwrap();
        let (exit, said) = verify(&damaged);
        assert_eq!(exit, 1, "byte {at}: {said}");
        assert!(said.contains("the first fault: "), "byte {at}: {said}");
    }
    for (what, bytes, expected) in [
        ("the first half", &whole[..whole.len() / 2], 1),
        ("an empty file", &[][..], 2),
        ("no bundle", b"Dear colleague,".as_slice(), 2),
    ] {
        std::fs::write(&damaged, bytes).unwrap();
        let (exit, said) = verify(&damaged);
        assert_eq!(exit, expected, "{what}: {said}");
    }
    assert_eq!(verify(&folder.path().join("absent")).0, 2);
}

/// Exports evidence of a case, with these options, to a file of this name; what was said to whoever
/// may not.
fn export(who: &Person, case: &str, options: &[&str], to: &Path) -> Result<(), Refusal> {
    let path = to.display().to_string();
    let words = [&["evidence", "export", case, "--out", &path], options].concat();
    who.attempt(&words).unwrap().map(drop)
}

/// What is said of a bundle that is valid.
fn said_of(file: &Path) -> String {
    let (exit, said) = verify(file);
    assert_eq!(exit, 0, "{said}");
    said
}

/// The dispatch numbers of the heads of both logs, as NL holds them.
fn heads(corridor: &Corridor) -> [u64; 2] {
    let status = corridor.nl.operator().call(&["operator", "status"]).unwrap();
    ["own_head", "partner_head"].map(|name| number(&status["partners"][0][name]).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_court_gets_the_bodies_and_a_statistician_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut corridor =
        Corridor::found(folder.path(), Kind::Development, "test-bodies").await.unwrap();
    let (case, other) = (file(&corridor), file(&corridor));
    both_hold_all(&corridor);
    let (office, overseer) =
        (corridor.nl.person("return-office"), corridor.nl.person("ombudsperson"));

    export(&overseer, &case, &[], &at("plain")).unwrap();
    let plain = said_of(&at("plain"));
    assert!(plain.contains("no body is shown: nothing here says who the person is"), "{plain}");
    let (exit, said) = verify_with(&["--bodies"], &at("plain"));
    assert_eq!((exit, said), (0, plain.clone()));

    let decision = ["--bodies", "--purpose", "decision"];
    let oversight = ["--bodies", "--purpose", "oversight"];
    export(&office, &case, &decision, &at("court")).unwrap();
    export(&overseer, &case, &oversight, &at("ombud")).unwrap();
    export(&corridor.xk.person("readmission-authority"), &case, &decision, &at("there")).unwrap();
    for name in ["court", "ombud", "there"] {
        let said = said_of(&at(name));
        let bodies = "1 body is shown, with the key of the case, and opens with it";
        assert!(said.contains(bodies) && !said.contains(KNOWN), "{said}");
        let (exit, said) = verify_with(&["--bodies"], &at(name));
        assert!(exit == 0 && said.contains(KNOWN), "{said}");
        // The key is that of this case alone, and the case is the same as without.
        let cases = [at("plain"), at(name)].map(|file| verify_with(&["--case"], &file));
        assert_eq!(cases[0], cases[1]);
    }
    assert_eq!(std::fs::read(at("court")).unwrap(), std::fs::read(at("ombud")).unwrap());

    // Who may not, and what is missing; nothing is written.
    let field = |refusal: Refusal| refusal.fields().first().map(|it| (*it).to_owned());
    let agency = corridor.xk.person("homeward");
    for (who, options, code, named) in [
        (&office, &["--bodies"][..], "REQ-0001", Some("purpose")),
        (&office, &oversight, "REQ-0001", Some("purpose")),
        (&overseer, &decision, "REQ-0001", Some("purpose")),
        (&corridor.nl.operator(), &[], "AUTH-0003", None),
        (&corridor.nl.operator(), &decision, "AUTH-0003", None),
        (&agency, &decision, "AUTH-0003", None),
    ] {
        let refusal = export(who, &case, options, &at("refused")).unwrap_err();
        assert_eq!(refusal.code(), code, "{options:?}: {refusal:?}");
        assert_eq!(field(refusal).as_deref(), named, "{options:?}");
    }
    // A consulate of this State whose case it is not: there is no such case.
    let consulate = corridor.xk.person("consulate-brussels");
    let refusal = export(&consulate, &case, &decision, &at("refused")).unwrap_err();
    assert_eq!(refusal.error["status"], "NotFound", "{refusal:?}");
    assert!(!at("refused").exists());
    // Every disclosure is on the access log before the bundle goes out.
    let accesses = overseer.call(&["audit", "accesses", &case]).unwrap();
    let disclosures = accesses["accesses"].as_array().unwrap().iter().filter(|access| {
        access["kind"] == "ACCESS_KIND_DISCLOSURE"
            && (access["purpose"] == "PURPOSE_DECISION" || access["purpose"] == "PURPOSE_OVERSIGHT")
    });
    assert_eq!(disclosures.count(), 2, "{accesses}");

    // Erased: no bodies for anybody; everything else as before.
    office.call(&["request", "withdraw", &case]).unwrap();
    office.call(&["case", "close", &case]).unwrap();
    corridor.nl.operator().call(&["erase", &case, "--basis", "order"]).unwrap();
    for (who, options) in [(&office, &decision), (&overseer, &oversight)] {
        let refusal = export(who, &case, options, &at("refused")).unwrap_err();
        assert_eq!(refusal.code(), "LEDGER-0003", "{refusal:?}");
    }
    export(&overseer, &case, &[], &at("after")).unwrap();
    assert!(said_of(&at("after")).contains("outcome: withdrawn"));
    export(&office, &other, &decision, &at("other")).unwrap();
    // What was taken away before opens still: an export is beyond the reach of an erasure.
    assert!(verify_with(&["--bodies"], &at("court")).1.contains(KNOWN));
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_complete_up_to_the_dispatches_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut corridor =
        Corridor::found(folder.path(), Kind::Development, "test-up-to").await.unwrap();
    let [before, _] = heads(&corridor);
    let case = file(&corridor);
    heard(&corridor);
    let [own, partner] = heads(&corridor);
    corridor.nl.person("return-office").call(&["request", "withdraw", &case]).unwrap();
    heard(&corridor);
    let overseer = corridor.nl.person("ombudsperson");
    let complete = |own: u64, partner: u64| {
        format!(
            "complete up to dispatch {own} of NL and dispatch {partner} of XK: up to there no \
             entry of this case is left out; what was said later is not shown"
        )
    };

    export(&overseer, &case, &[], &at("whole")).unwrap();
    let said = said_of(&at("whole"));
    let [last_own, last_partner] = heads(&corridor);
    assert!(said.contains(&complete(last_own, last_partner)), "{said}");
    assert!(said.contains("RequestWithdrawn") && said.contains("outcome: withdrawn"), "{said}");

    // Both named; and one, where the other is the last that goes with it.
    let words = [own, partner].map(|number| number.to_string());
    let (of_own, of_partner) =
        (["--own-up-to", words[0].as_str()], ["--partner-up-to", words[1].as_str()]);
    for (index, options) in [[of_own, of_partner].concat(), of_own.to_vec()].iter().enumerate() {
        let file = at(&format!("cut-{index}"));
        export(&overseer, &case, options, &file).unwrap();
        let said = said_of(&file);
        assert!(said.contains("RequestFiled") && !said.contains("RequestWithdrawn"), "{said}");
        assert!(said.contains("outcome: open") && said.contains(&complete(own, partner)), "{said}");
    }
    // What NL said later had heard no more of XK: it goes with it.
    export(&overseer, &case, &of_partner, &at("cut-2")).unwrap();
    let said = said_of(&at("cut-2"));
    assert!(said.contains(&complete(last_own, partner)), "{said}");
    assert!(said.contains("RequestWithdrawn") && said.contains("provisional"), "{said}");
    // The partner's node cuts at the same place.
    let there = corridor.xk.person("ombudsperson");
    let same = ["--own-up-to", &words[1], "--partner-up-to", &words[0]];
    export(&there, &case, &same, &at("cut-xk")).unwrap();
    let cuts = ["cut-0", "cut-xk"].map(|name| std::fs::read(at(name)).unwrap());
    assert_eq!(cuts[0], cuts[1]);

    // What is not here, what does not go together, and where there is no case yet.
    let beyond = (last_own + 1).to_string();
    let (last_partner, before) = (last_partner.to_string(), before.to_string());
    for (options, named, why) in [
        (&["--own-up-to", beyond.as_str()][..], "own_up_to", "must be a dispatch that is here"),
        (&["--own-up-to", &words[0], "--partner-up-to", &last_partner], "own_up_to", "has heard"),
        (&["--own-up-to", &before], "own_up_to", "which opens the case"),
        (&["--partner-up-to", "0", "--own-up-to", &words[0]], "partner_up_to", "has heard"),
    ] {
        let refusal = export(&overseer, &case, options, &at("refused")).unwrap_err();
        assert_eq!(refusal.fields(), [named], "{options:?}: {refusal:?}");
        assert!(refusal.error.to_string().contains(why), "{options:?}: {refusal:?}");
    }
    assert!(!at("refused").exists());
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_entry_is_proved_and_states_no_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut corridor =
        Corridor::found(folder.path(), Kind::Development, "test-proof").await.unwrap();
    let case = file(&corridor);
    both_hold_all(&corridor);
    let overseer = corridor.xk.person("ombudsperson");
    let trail = overseer.call(&["audit", "trail", &case]).unwrap();
    let filed: &Value = &trail["entries"][0];
    let position = number(&filed["position"]).unwrap().to_string();
    let path = at("proof").display().to_string();
    let proof = ["audit", "proof", &case, "--author", "NL", "--position", &position];
    overseer.call(&[&proof[..], &["--out", &path]].concat()).unwrap();
    corridor.stop().unwrap();

    let said = said_of(&at("proof"));
    for part in [
        "valid: each entry stands under the signed root".to_owned(),
        format!("position {position}: RequestFiled"),
        "absence not proved: what else was said is not shown, so no outcome follows".to_owned(),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    assert!(!said.contains("outcome:"), "{said}");
    let whole = std::fs::read(at("proof")).unwrap();
    for flip in 0..FLIPS {
        let mut bytes = whole.clone();
        // The first two bytes say which kind of evidence it is.
        let place = 2 + flip * (whole.len() - 2) / FLIPS;
        bytes[place] ^= 1 << (flip % 8);
        std::fs::write(at("damaged"), &bytes).unwrap();
        let (exit, said) = verify(&at("damaged"));
        assert_eq!(exit, 1, "byte {place}: {said}");
        assert!(said.contains("not valid; the first fault: "), "byte {place}: {said}");
    }
}
