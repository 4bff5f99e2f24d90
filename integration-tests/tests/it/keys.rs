//! Keys of a node as its operator meets them: commands, files, a ceremony, and a process that
//! signs. Between two running nodes, so that what one State states the other has to take.

use std::path::{Path, PathBuf};
use std::process::Command;

use integration_tests::corridor::{Corridor, Node, number};
use integration_tests::courier::Kind;
use integration_tests::person::Refusal;
use integration_tests::process::{readmit, until};
use integration_tests::story::{data, word};
use serde_json::Value;

/// Passphrase of the key file of the process that signs.
const SIGNER_PASSPHRASE: &str = "fictional";

async fn found(folder: &Path, environment: &str) -> Corridor {
    Corridor::found(folder, Kind::Development, environment).await.unwrap()
}

pub(crate) fn file(corridor: &Corridor) -> String {
    let file = data("refused").display().to_string();
    let filed = corridor.nl.person("return-office").call(&["request", "file", &file]).unwrap();
    filed["receipt"]["case_number"].as_str().unwrap().to_owned()
}

fn status(node: &Node) -> Value {
    node.operator().call(&["operator", "status"]).unwrap()["partners"][0].clone()
}

pub(crate) fn head(node: &Node) -> u64 {
    number(&status(node)["own_head"]).unwrap()
}

/// Waits until each State has stored what the other has said, and nothing is refused.
pub(crate) fn both_hold_all(corridor: &Corridor) {
    for (node, other) in [(&corridor.nl, &corridor.xk), (&corridor.xk, &corridor.nl)] {
        until("the partner to hold everything", || {
            let there = status(other);
            assert_eq!((&there["stopped"], number(&there["quarantined"])), (&"".into(), Some(0)));
            Ok((number(&there["partner_head"]) == Some(head(node))).then_some(()))
        })
        .unwrap();
    }
}

/// Waits until XK is heard to hold everything that NL has said; nobody has anything to say then.
pub(crate) fn heard(corridor: &Corridor) {
    until("the partner to be heard", || {
        let here = status(&corridor.nl);
        Ok((here["own_head"] == here["partner_heard"]).then_some(()))
    })
    .unwrap();
}

/// The ids of the keys of a purpose that the keyring holds, oldest first.
pub(crate) fn held(node: &Node, purpose: &str) -> Vec<String> {
    let listed = node.operate(&["keys", "list"]).unwrap();
    let of = listed.lines().filter(|line| line.starts_with(purpose));
    of.map(|line| line.split_whitespace().nth(1).unwrap().to_owned()).collect()
}

fn on_record(node: &Node) -> Vec<Value> {
    let keys = node.operator().call(&["operator", "keys"]).unwrap();
    keys["keys"].as_array().unwrap().clone()
}

/// How many keys of a purpose are on the record, and how many of them are revoked.
fn announced(node: &Node, purpose: &str) -> (usize, usize) {
    let keys = on_record(node);
    let of = || keys.iter().filter(|key| word(&key["purpose"], "KEY_PURPOSE_") == purpose);
    (of().count(), of().filter(|key| key["revoked"] == Value::Bool(true)).count())
}

fn next_serial(node: &Node) -> u64 {
    let keys = node.operator().call(&["operator", "keys"]).unwrap();
    number(&keys["next_serials"][0]["serial"]).unwrap()
}

/// A ceremony of one State: requests that the node writes, statements that the root key signs,
/// words that the node then states. Only files go from one to the next.
pub(crate) struct Ceremony<'a> {
    corridor: &'a Corridor,
    node: &'a Node,
    root: PathBuf,
}

impl<'a> Ceremony<'a> {
    pub(crate) fn of(corridor: &'a Corridor, node: &'a Node) -> Self {
        Self { corridor, node, root: node.home.join("ceremony/root.key") }
    }

    fn partner(&self) -> &'static str {
        if self.node.state == "NL" { "XK" } else { "NL" }
    }

    fn path(&self, kind: &str, serial: u64) -> String {
        let name = format!("{}-{kind}-{serial}", self.node.state);
        let path = self.corridor.folder.join(name);
        // An earlier attempt under this serial was refused.
        let _ = std::fs::remove_file(&path);
        path.display().to_string()
    }

    /// Asks for a statement and has it signed; where the signed bytes are.
    pub(crate) fn sign(&self, ask: &[&str], serial: u64, shows: &str) -> String {
        let (request, signed) = (self.path("request", serial), self.path("signed", serial));
        let serial = serial.to_string();
        let rest = ["--partner", self.partner(), "--serial", &serial, "--out", &request];
        self.node.operate(&[ask, &rest].concat()).unwrap();
        let root = self.root.display().to_string();
        let sign = ["root", "sign", &request, "--root-key", &root, "--out", &signed];
        let shown = self.node.operate(&sign).unwrap();
        assert!(shown.contains(shows), "{shown}");
        signed
    }

    pub(crate) fn announcement(&self, purpose: &str, serial: u64) -> String {
        self.sign(&["keys", "request", purpose], serial, "announces key")
    }

    pub(crate) fn revocation(
        &self,
        key: (&str, &str),
        last_good: Option<&str>,
        serial: u64,
    ) -> String {
        let (purpose, key_id) = key;
        let mut ask = vec!["keys", "revoke", purpose, "--key-id", key_id];
        ask.extend(last_good.map(|name| ["--last-good", name]).into_iter().flatten());
        self.sign(&ask, serial, "REVOKES key")
    }

    pub(crate) fn state(&self, signed: &[&str]) -> Result<String, anyhow::Error> {
        let names = signed.iter().map(|path| Path::new(path).file_name().unwrap().to_str());
        let id = names.map(Option::unwrap).collect::<Vec<_>>().join("-");
        let rest = ["--partner", self.partner(), "--request-id", &id, "--as", "operator"];
        self.node.operate(&[&["keys", "announce"], signed, &rest].concat())
    }

    /// Hands over what is refused: for the reason that is given, and with nothing changed.
    pub(crate) fn refused(&self, signed: &[&str], reason: &str) {
        let before = (head(self.node), self.stated(), held(self.node, ""));
        let said = self.state(signed).unwrap_err().to_string();
        assert!(said.contains(reason), "{reason}: {said}");
        assert_eq!((head(self.node), self.stated(), held(self.node, "")), before);
    }

    /// The keys on the record, without whether the partner has heard of them, which it may at any
    /// moment.
    fn stated(&self) -> Vec<Value> {
        let mut keys = on_record(self.node);
        for key in &mut keys {
            key.as_object_mut().unwrap().remove("heard").unwrap();
        }
        keys
    }
}

/// Makes a key that is to succeed the present one, with the node stopped meanwhile.
pub(crate) fn prepare(node: &mut Node, purpose: &str) {
    node.stop().unwrap();
    node.operate(&["keys", "prepare", purpose]).unwrap();
    node.start().unwrap();
}

pub(crate) fn name_of(node: &Node, partner: &str, dispatch: u64) -> String {
    let dispatch = dispatch.to_string();
    let ask = ["operator", "dispatch", "--partner-state", partner, "--number", &dispatch];
    node.operator().call(&ask).unwrap()["name"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_succeeded_and_the_partner_takes_the_new_ones() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = found(folder.path(), "test-succeed").await;
    let (nl_log, xk_hpke) = (held(&corridor.nl, "log"), held(&corridor.xk, "hpke"));
    prepare(&mut corridor.nl, "log");
    prepare(&mut corridor.xk, "hpke");
    // Made is not announced: the old ones serve, and what is filed is read.
    both_hold_all(&corridor);
    assert_eq!((held(&corridor.nl, "log").len(), held(&corridor.xk, "hpke").len()), (2, 2));

    let of_nl = Ceremony::of(&corridor, &corridor.nl);
    of_nl.state(&[&of_nl.announcement("log", 3)]).unwrap();
    let of_xk = Ceremony::of(&corridor, &corridor.xk);
    of_xk.state(&[&of_xk.announcement("hpke", 3)]).unwrap();
    both_hold_all(&corridor);
    until("the old keys to be destroyed", || {
        let (log, hpke) = (held(&corridor.nl, "log"), held(&corridor.xk, "hpke"));
        let gone = log.len() == 1 && hpke.len() == 1;
        assert!(!gone || (log != nl_log && hpke != xk_hpke));
        Ok(gone.then_some(()))
    })
    .unwrap();
    assert_eq!(announced(&corridor.nl, "log"), (2, 0));

    // Signed with the one, sealed to the other: the partner takes it and reads it.
    let case = file(&corridor);
    both_hold_all(&corridor);
    let authority = corridor.xk.person("readmission-authority");
    let shown = authority.call(&["case", "show", &case, "--purpose", "decision"]).unwrap();
    assert!(shown.to_string().contains("Testperson"), "{shown}");
    // Also after both have started again.
    corridor.stop().unwrap();
    corridor.nl.start().unwrap();
    corridor.xk.start().unwrap();
    file(&corridor);
    both_hold_all(&corridor);
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_revoked_key_may_have_signed_is_disputed_until_both_settle_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = found(folder.path(), "test-revoke").await;
    let stolen = held(&corridor.nl, "log").remove(0);
    let before = file(&corridor);
    both_hold_all(&corridor);
    let good = name_of(&corridor.nl, "XK", head(&corridor.nl));
    let case = file(&corridor);
    both_hold_all(&corridor);
    prepare(&mut corridor.nl, "log");

    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    let announces = ceremony.announcement("log", 3);
    let revokes = ceremony.revocation(("log", &stolen), Some(&good), 4);
    ceremony.state(&[&announces, &revokes]).unwrap();
    both_hold_all(&corridor);
    assert_eq!(announced(&corridor.nl, "log"), (2, 1));

    let (office, authority) =
        (corridor.nl.person("return-office"), corridor.xk.person("readmission-authority"));
    let shown = |case: &str| {
        let seen = [&office, &authority].map(|who| {
            let shown = who.call(&["case", "show", case]).unwrap()["case"].clone();
            (word(&shown["standing"], "STANDING_"), shown["etag"].as_str().unwrap().to_owned())
        });
        let [(nl, etag), (xk, _)] = seen;
        assert_eq!(nl, xk);
        (nl, etag)
    };
    // What was said up to the last good dispatch stands.
    assert_ne!(shown(&before).0, "disputed");
    let (standing, etag) = shown(&case);
    assert_eq!(standing, "disputed");
    let accept = |etag: &str| authority.attempt(&["answer", "accept", &case, "--etag", etag]);
    let refused: Refusal = accept(&etag).unwrap().unwrap_err();
    assert_eq!(refused.rule(), "DisputeMustBeSettled", "{refused:?}");

    // One State alone settles nothing.
    office.call(&["case", "settle", &case, "--etag", &etag]).unwrap();
    both_hold_all(&corridor);
    let (standing, etag) = shown(&case);
    assert_eq!(standing, "disputed");
    authority.call(&["case", "settle", &case, "--etag", &etag]).unwrap();
    both_hold_all(&corridor);
    let (standing, etag) = shown(&case);
    assert_ne!(standing, "disputed");
    accept(&etag).unwrap().unwrap();
    both_hold_all(&corridor);
    assert_eq!(shown(&case).0, "confirmed");
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_of_a_root_key_that_would_not_count_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = found(folder.path(), "test-revoke-refused").await;
    let (old, hpke) = (held(&corridor.nl, "log").remove(0), held(&corridor.nl, "hpke").remove(0));
    prepare(&mut corridor.nl, "log");
    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    let other = Ceremony {
        root: corridor.xk.home.join("ceremony/root.key"),
        ..Ceremony::of(&corridor, &corridor.nl)
    };
    let good = name_of(&corridor.nl, "XK", 0);
    let beyond = good.replacen(":0:", ":99:", 1);
    let (another_era, another) = (good.replacen("0:", "1:", 1), format!("0:1:{}", &good[4..]));
    let old = ("log", old.as_str());

    // Alone, it would leave the State without a voice, or without an ear.
    ceremony.refused(&[&ceremony.revocation(old, Some(&good), 3)], "announcement of another log");
    let ear = ceremony.revocation(("hpke", &hpke), None, 3);
    ceremony.refused(&[&ear], "announcement of another HPKE");
    // Another root key; a serial that was used; a key that nobody announced.
    ceremony.refused(&[&other.announcement("log", 3)], "not signed by the root key");
    ceremony.refused(&[&ceremony.announcement("log", 2)], "higher serial");
    let foreign = held(&corridor.xk, "log").remove(0);
    let foreign = ceremony.revocation(("log", &foreign), None, 3);
    ceremony.refused(&[&foreign], "announced in this log");
    // A last good dispatch that is not there, of another era, with another digest.
    for wrong in [&beyond, &another_era, &another] {
        let (announces, revokes) =
            (ceremony.announcement("log", 3), ceremony.revocation(old, Some(wrong), 4));
        ceremony.refused(&[&announces, &revokes], "a dispatch of this log as the last good one");
    }
    let (announces, revokes) =
        (ceremony.announcement("log", 3), ceremony.revocation(old, Some(&good), 4));
    ceremony.refused(&[&revokes, &announces], "announcement of another log");
    ceremony.state(&[&announces, &revokes]).unwrap();
    assert_eq!((announced(&corridor.nl, "log"), next_serial(&corridor.nl)), ((2, 1), 5));
    both_hold_all(&corridor);
    until("the old key to be destroyed", || {
        Ok((held(&corridor.nl, "log").len() == 1).then_some(()))
    })
    .unwrap();

    // Twice; with a later number, which would give words back; but an earlier one counts.
    ceremony.refused(&[&ceremony.revocation(old, Some(&good), 5)], "more than was revoked");
    let later = name_of(&corridor.nl, "XK", 1);
    ceremony.refused(&[&ceremony.revocation(old, Some(&later), 5)], "more than was revoked");
    ceremony.state(&[&ceremony.revocation(old, None, 5)]).unwrap();
    both_hold_all(&corridor);
    ceremony.refused(&[&ceremony.revocation(old, None, 6)], "more than was revoked");

    // Before it comes to a ceremony: a request that says nothing that could be signed.
    let out = folder.path().join("unsigned").display().to_string();
    let rest = ["--partner", "XK", "--serial", "6", "--out", &out];
    let revoke = ["keys", "revoke", "log", "--key-id"];
    for (words, reason) in [
        (&["not-hexadecimal"][..], "16 bytes"),
        (&[old.1, "--last-good", "41"], "ERA:NUMBER:DIGEST"),
        (&[old.1, "--last-good", "0:41:abc"], "32 bytes"),
    ] {
        let said = corridor.nl.operate(&[&revoke, words, &rest].concat()).unwrap_err().to_string();
        assert!(said.contains(reason), "{reason}: {said}");
    }
    let unknown = ["keys", "request", "log", "--partner", "FR", "--serial", "6", "--out", &out];
    let said = corridor.nl.operate(&unknown).unwrap_err().to_string();
    assert!(said.contains("FR is no partner"), "{said}");
    assert!(!Path::new(&out).exists());
    corridor.stop().unwrap();
}

/// Makes a key in a process of its own, and names that process in the node's settings; the settings
/// from before.
fn give_to_process(node: &Node, key: &Path) -> [String; 2] {
    let (program, key) = (readmit().unwrap().display().to_string(), key.display().to_string());
    let made = Command::new(&program)
        .args(["signer", "--key", &key, "--create"])
        .env("READMIT_SIGNER_PASSPHRASE", SIGNER_PASSPHRASE)
        .status()
        .unwrap();
    assert!(made.success());
    let run = format!(
        "READMIT_SIGNER_PASSPHRASE={SIGNER_PASSPHRASE} exec '{program}' signer --key '{key}'"
    );
    let settings = node.home.join("readmit.toml");
    let before = std::fs::read_to_string(&settings).unwrap();
    assert!(before.contains("\ncommand = []\n"));
    let command = format!("\ncommand = [\"sh\", \"-c\", \"{run}\"]\n");
    let after = before.replace("\ncommand = []\n", &command);
    std::fs::write(&settings, &after).unwrap();
    [before, after]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_signs_over_a_pipe_and_the_key_file_that_it_succeeds_is_destroyed() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = found(folder.path(), "test-signer").await;
    let first = held(&corridor.nl, "log");
    corridor.nl.stop().unwrap();
    let [before, after] = give_to_process(&corridor.nl, &folder.path().join("signer.key"));
    corridor.nl.start().unwrap();
    // The key of the keyring speaks until the other one is announced.
    file(&corridor);
    both_hold_all(&corridor);
    assert_eq!(held(&corridor.nl, "log"), first);
    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    ceremony.state(&[&ceremony.announcement("log", 3)]).unwrap();
    until("the key of the keyring to be destroyed", || {
        Ok(held(&corridor.nl, "log").is_empty().then_some(()))
    })
    .unwrap();
    file(&corridor);
    both_hold_all(&corridor);

    // Without it the node cannot speak, and says so before it starts.
    corridor.nl.stop().unwrap();
    let settings = corridor.nl.home.join("readmit.toml");
    std::fs::write(&settings, &before).unwrap();
    let refused = corridor.nl.operate(&["node"]).unwrap_err().to_string();
    assert!(refused.contains("announced to `XK`"), "{refused}");
    std::fs::write(&settings, after.replace("exec '", "exec '/nowhere")).unwrap();
    let refused = corridor.nl.operate(&["node"]).unwrap_err().to_string();
    assert!(refused.contains("`signer.command`: the signer `sh`"), "{refused}");
    let wrong = after.replace(SIGNER_PASSPHRASE, "another");
    std::fs::write(&settings, wrong).unwrap();
    let refused = corridor.nl.operate(&["node"]).unwrap_err().to_string();
    assert!(refused.contains("`signer.command`: the signer `sh`"), "{refused}");
    std::fs::write(&settings, &after).unwrap();
    corridor.nl.start().unwrap();
    file(&corridor);
    both_hold_all(&corridor);

    // And back to one of the keyring, which is kept although it was made before it speaks.
    corridor.nl.stop().unwrap();
    corridor.nl.operate(&["keys", "prepare", "log"]).unwrap();
    corridor.nl.start().unwrap();
    file(&corridor);
    both_hold_all(&corridor);
    assert_eq!(held(&corridor.nl, "log").len(), 1);
    corridor.nl.stop().unwrap();
    std::fs::write(&settings, &before).unwrap();
    let ask = ["keys", "request", "log", "--partner", "XK", "--serial", "4"];
    let (request, signed) = (folder.path().join("back"), folder.path().join("back.signed"));
    let (request, signed) = (request.display().to_string(), signed.display().to_string());
    corridor.nl.operate(&[&ask[..], &["--out", &request]].concat()).unwrap();
    let root = corridor.nl.home.join("ceremony/root.key").display().to_string();
    let sign = ["root", "sign", &request, "--root-key", &root, "--out", &signed];
    corridor.nl.operate(&sign).unwrap();
    std::fs::write(&settings, &after).unwrap();
    corridor.nl.start().unwrap();
    Ceremony::of(&corridor, &corridor.nl).state(&[&signed]).unwrap();
    corridor.nl.stop().unwrap();
    std::fs::write(&settings, &before).unwrap();
    corridor.nl.start().unwrap();
    file(&corridor);
    both_hold_all(&corridor);
    assert_eq!(announced(&corridor.nl, "log"), (3, 0));
    corridor.stop().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_comes_back_from_its_backup_and_one_that_is_too_old_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut corridor = found(folder.path(), "test-backup").await;
    let case = file(&corridor);
    both_hold_all(&corridor);
    let backup = folder.path().join("keyring.backup").display().to_string();
    corridor.nl.operate(&["keys", "backup", &backup]).unwrap();
    let said = corridor.nl.operate(&["keys", "backup", &backup]).unwrap_err().to_string();
    assert!(said.contains("already"), "{said}");
    let restore = ["keys", "restore", &backup];
    let said = corridor.nl.operate(&restore).unwrap_err().to_string();
    assert!(said.contains("there is a keyring"), "{said}");

    // The whole folder of keys is lost, but for the passphrase.
    corridor.nl.stop().unwrap();
    let keys = corridor.nl.home.join("keys");
    let passphrase = std::fs::read(keys.join("passphrase")).unwrap();
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(keys.join("passphrase"), "another\n").unwrap();
    let said = corridor.nl.operate(&restore).unwrap_err().to_string();
    assert!(said.contains("passphrase"), "{said}");
    std::fs::write(keys.join("passphrase"), passphrase).unwrap();
    let mut damaged = std::fs::read(&backup).unwrap();
    *damaged.last_mut().unwrap() ^= 1;
    let other = folder.path().join("damaged.backup");
    std::fs::write(&other, damaged).unwrap();
    let said = corridor.nl.operate(&["keys", "restore", &other.display().to_string()]);
    let said = said.unwrap_err().to_string();
    assert!(said.contains("is damaged at byte"), "{said}");
    corridor.nl.operate(&restore).unwrap();
    corridor.nl.start().unwrap();
    let office = corridor.nl.person("return-office");
    let shown = office.call(&["case", "show", &case, "--purpose", "decision"]).unwrap();
    assert!(shown.to_string().contains("Testperson"), "{shown}");

    // A backup from before the key that speaks was made does not open the log.
    prepare(&mut corridor.nl, "log");
    let ceremony = Ceremony::of(&corridor, &corridor.nl);
    ceremony.state(&[&ceremony.announcement("log", 3)]).unwrap();
    both_hold_all(&corridor);
    corridor.nl.stop().unwrap();
    let away = folder.path().join("keys-away");
    std::fs::rename(&keys, &away).unwrap();
    std::fs::create_dir(&keys).unwrap();
    std::fs::copy(away.join("passphrase"), keys.join("passphrase")).unwrap();
    corridor.nl.operate(&restore).unwrap();
    let said = corridor.nl.operate(&["node"]).unwrap_err().to_string();
    assert!(said.contains("announced to `XK`"), "{said}");
    std::fs::remove_dir_all(&keys).unwrap();
    std::fs::rename(&away, &keys).unwrap();
    corridor.nl.start().unwrap();
    file(&corridor);
    both_hold_all(&corridor);
    corridor.stop().unwrap();
}
