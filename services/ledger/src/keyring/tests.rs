//! Keys are kept, destroyed, taken over and brought back; and a crash at any step leaves a keyring.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;

use domain::identifier::Founder;
use domain::time::Instant;
use record::key::Signer as _;
use tempfile::TempDir;

use super::*;

fn phrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

fn case(byte: u8) -> CaseId {
    CaseId::new([byte; 16])
}

fn keys(count: u8) -> Vec<NewKey> {
    let key = |byte| CaseKey::from_slice(&[byte; 32]).unwrap();
    let new = |byte| NewKey { case: case(byte), key: key(byte), reach: Reach::Shared };
    (0..count).map(new).collect()
}

/// A new keyring in a folder of its own.
fn made() -> (TempDir, PathBuf, PublicKeys) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    let made = create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
    (folder, path, made)
}

fn open(path: &Path) -> Opened {
    Keyring::open(path, &phrase("open")).unwrap()
}

/// The names of the files of a keyring, sorted.
fn names(folder: &TempDir) -> Vec<String> {
    let files = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn epoch(path: &Path, number: u64) -> PathBuf {
    files::of_epoch(path, number, Part::Contents)
}

#[test]
fn keys_are_there_after_reopening_and_a_torn_last_frame_is_cut() {
    let (_folder, path, made) = made();
    let Opened { mut keyring, secrets, cases, .. } = open(&path);
    assert_eq!(keyring_public_keys(&path, &phrase("open")).unwrap(), made);
    assert_eq!(cases.len(), 0);
    keyring.add(&keys(2)).unwrap();
    keyring.add(&keys(3)).unwrap();
    drop(keyring);
    let again = open(&path);
    let id = |secrets: &Secrets| secrets.case_id("a", "b", Founder::First);
    assert_eq!(id(&again.secrets), id(&secrets));
    assert_eq!(again.cases.len(), 3);
    drop(again);

    let whole = fs::read(epoch(&path, 1)).unwrap();
    fs::write(epoch(&path, 1), whole.get(..whole.len() - 5).unwrap()).unwrap();
    let Opened { mut keyring, cases, .. } = open(&path);
    assert_eq!(cases.len(), 2);
    keyring.add(&keys(4)).unwrap();
    drop(keyring);
    assert_eq!(open(&path).cases.len(), 4);
}

#[test]
fn a_keyring_that_is_being_added_to_is_not_cut() {
    // Symptom: a second node that was started by mistake, or the installing of another genesis,
    // took a frame that the running node was just writing for a torn one and cut it off; the case
    // keys in it were gone.
    let (_folder, path, made) = made();
    let Opened { mut keyring, .. } = open(&path);
    keyring.add(&keys(1)).unwrap();
    (&keyring.epoch.file).write_all(&[0, 0, 0, 90, 1, 2, 3]).unwrap();
    let length = fs::metadata(epoch(&path, 1)).unwrap().len();
    assert_eq!(keyring_public_keys(&path, &phrase("open")).unwrap(), made);
    let second = Keyring::open(&path, &phrase("open")).err().unwrap();
    assert!(matches!(second, KeyringError::InUse { .. }), "{second:?}");
    assert_eq!(fs::metadata(epoch(&path, 1)).unwrap().len(), length);
}

#[test]
fn a_keyring_that_is_being_made_anew_can_be_looked_at() {
    // Symptom: `keys list` beside a running node said that the keyring was damaged, since it had
    // found an epoch that was just being overwritten.
    let (_folder, path, _) = made();
    let Opened { mut keyring, .. } = open(&path);
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..20 {
                keyring.add(&keys(1)).unwrap();
                keyring.make_anew(|_| {}).unwrap();
            }
            done.store(true, std::sync::atomic::Ordering::Release);
        });
        while !done.load(std::sync::atomic::Ordering::Acquire) {
            list_keys(&path, &phrase("open")).unwrap();
        }
    });
}

#[test]
fn a_second_torn_frame_does_not_take_the_place_of_the_first() {
    // Symptom: what was cut off once was overwritten by what was cut off next.
    let (folder, path, _) = made();
    for torn in [30_usize, 40] {
        let Opened { mut keyring, .. } = open(&path);
        keyring.add(&keys(1)).unwrap();
        let whole = fs::read(epoch(&path, 1)).unwrap();
        fs::write(epoch(&path, 1), whole.get(..whole.len() - torn).unwrap()).unwrap();
    }
    drop(open(&path));
    assert_eq!(names(&folder).iter().filter(|name| name.contains("torn")).count(), 2);
}

const FOLDER: &str = "READMIT_LEDGER_KEYRING_FOLDER";

#[test]
fn what_a_full_disk_took_in_part_is_taken_off_again() {
    // Symptom: after one write that the disk had no room for, no case could be opened or taken in
    // any more, however much room there was.
    let folder = tempfile::tempdir().unwrap();
    let test = std::env::current_exe().unwrap();
    // A write beyond the limit is then an error, and no signal.
    let run = "trap '' XFSZ; exec \"$0\" --exact keyring::tests::on_a_full_disk";
    let mut child = std::process::Command::new("bash");
    let child = child.args(["-c", run]).arg(test).env(FOLDER, folder.path());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(open(&folder.path().join("keyring")).cases.len(), 5);
}

/// The child: takes the room from its own files and gives it back. Does nothing when it is run as a
/// test by itself.
#[test]
fn on_a_full_disk() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("keyring");
    create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
    let Opened { mut keyring, .. } = open(&path);
    keyring.add(&keys(2)).unwrap();
    let room = |bytes: &str| {
        let mut prlimit = std::process::Command::new("prlimit");
        let pid = std::process::id().to_string();
        // Before the colon stands the soft limit; the hard one is left alone.
        let limit = format!("--fsize={bytes}:");
        assert!(prlimit.args(["--pid", &pid, &limit]).status().unwrap().success());
    };
    let length = fs::metadata(epoch(&path, 1)).unwrap().len();
    room(&(length + 20).to_string());
    keyring.add(&keys(5)).unwrap_err();
    assert!(!keyring.has_failed());
    assert_eq!(fs::metadata(epoch(&path, 1)).unwrap().len(), length);
    // Nor is there room for another epoch: this one goes on to count.
    room("100");
    keyring.make_anew(|contents| contents.cases.clear()).unwrap_err();
    room("unlimited");
    keyring.add(&keys(5)).unwrap();
}

#[test]
fn another_passphrase_a_missing_file_and_damage_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    let error = |passphrase: &str| Keyring::open(&path, &phrase(passphrase)).err().unwrap();
    assert!(matches!(error("open"), KeyringError::Missing { .. }));
    assert!(names(&folder).is_empty(), "a lock was left where no keyring is");
    create_keyring_with(&path, &phrase("open"), Hardness::NONE).unwrap();
    let exists = create_keyring_with(&path, &phrase("open"), Hardness::NONE);
    assert!(matches!(exists, Err(KeyringError::Exists { .. })));
    assert!(matches!(error("close"), KeyringError::WrongPassphrase { .. }));
    let Opened { mut keyring, .. } = open(&path);
    let frame = fs::metadata(epoch(&path, 1)).unwrap().len();
    keyring.add(&keys(1)).unwrap();
    keyring.add(&keys(2)).unwrap();
    drop(keyring);
    let mut bytes = fs::read(epoch(&path, 1)).unwrap();
    *bytes.get_mut(usize::try_from(frame).unwrap() + 20).unwrap() ^= 1;
    fs::write(epoch(&path, 1), &bytes).unwrap();
    let damaged = error("open");
    assert!(matches!(&damaged, KeyringError::Corrupt { offset, .. } if *offset == frame));
    fs::write(&path, b"something else").unwrap();
    assert!(matches!(error("open"), KeyringError::Corrupt { offset: 0, .. }));
}

#[test]
fn what_is_destroyed_opens_nowhere_and_the_rest_stays() {
    let (folder, path, before) = made();
    let Opened { mut keyring, .. } = open(&path);
    keyring.add(&keys(3)).unwrap();
    let copy = folder.path().join("copy");
    fs::copy(epoch(&path, 1), &copy).unwrap();
    keyring.make_anew(|contents| assert!(contents.forget(&case(1)))).unwrap();
    keyring.add(&keys(1)).unwrap();
    drop(keyring);
    let expected = ["copy", "keyring", "keyring.2", "keyring.2.key", "keyring.lock"];
    assert_eq!(names(&folder), expected);
    let opened = open(&path);
    let mut left: Vec<_> = opened.cases.keys().copied().collect();
    left.sort();
    assert_eq!(left, [case(0), case(2)]);
    assert_eq!(keyring_public_keys(&path, &phrase("open")).unwrap(), before);
    drop(opened);

    // The copy of the old contents, put back in its place, is nothing without the wrapping key
    // that was destroyed; and the new one does not open it either.
    fs::copy(&copy, epoch(&path, 1)).unwrap();
    fs::write(&path, pointer(1)).unwrap();
    let gone = Keyring::open(&path, &phrase("open")).err().unwrap();
    assert!(matches!(gone, KeyringError::Missing { .. }), "{gone:?}");
    let key = |number| files::of_epoch(&path, number, Part::WrappingKey);
    fs::copy(key(2), key(1)).unwrap();
    let other = Keyring::open(&path, &phrase("open")).err().unwrap();
    assert!(matches!(other, KeyringError::Corrupt { .. }), "{other:?}");
}

#[test]
fn a_crash_at_any_step_leaves_the_one_epoch_or_the_other() {
    let steps = [
        (Step::WrappingKey, 1, 3),
        (Step::Contents, 1, 3),
        (Step::Switch, 2, 2),
        (Step::OldWrappingKey, 2, 2),
        (Step::OldContents, 2, 2),
    ];
    for (step, counts, cases) in steps {
        let (folder, path, before) = made();
        let Opened { mut keyring, .. } = open(&path);
        keyring.add(&keys(3)).unwrap();
        keyring.make_anew_until(|contents| _ = contents.forget(&case(1)), step).unwrap();
        // The crash: nothing more is done, and the lock goes with the process.
        drop(keyring);
        let opened = open(&path);
        assert_eq!(opened.cases.len(), cases, "{step:?}");
        assert_eq!(keyring_public_keys(&path, &phrase("open")).unwrap(), before);
        let epoch = format!("keyring.{counts}");
        let key = format!("{epoch}.key");
        assert_eq!(names(&folder), ["keyring", &epoch, &key, "keyring.lock"], "{step:?}");
        // And what was to be done is done when it is asked for again.
        let Opened { mut keyring, .. } = opened;
        keyring.make_anew(|contents| _ = contents.forget(&case(1))).unwrap();
        drop(keyring);
        assert_eq!(open(&path).cases.len(), 2, "{step:?}");
    }
}

#[test]
fn a_crash_in_the_middle_of_a_step_leaves_the_epoch_before() {
    for (part, length) in [(Part::WrappingKey, 10), (Part::Contents, 0), (Part::Contents, 90)] {
        let (folder, path, _) = made();
        let Opened { mut keyring, .. } = open(&path);
        keyring.add(&keys(3)).unwrap();
        let last = if part == Part::Contents { Step::Contents } else { Step::WrappingKey };
        keyring.make_anew_until(|contents| _ = contents.forget(&case(1)), last).unwrap();
        drop(keyring);
        let torn = OpenOptions::new().write(true).open(files::of_epoch(&path, 2, part)).unwrap();
        torn.set_len(length).unwrap();
        fs::write(files::beside(&path, "new"), b"readmit keyr").unwrap();
        assert_eq!(open(&path).cases.len(), 3);
        let Opened { mut keyring, .. } = open(&path);
        keyring.make_anew(|contents| _ = contents.forget(&case(1))).unwrap();
        drop(keyring);
        assert_eq!(names(&folder), ["keyring", "keyring.2", "keyring.2.key", "keyring.lock"]);
    }
}

#[test]
fn an_old_copy_beside_newer_files_destroys_nothing() {
    let (_folder, path, _) = made();
    let old = [path.clone(), epoch(&path, 1), files::of_epoch(&path, 1, Part::WrappingKey)];
    let copies: Vec<Vec<u8>> = old.iter().map(|file| fs::read(file).unwrap()).collect();
    let Opened { mut keyring, .. } = open(&path);
    keyring.make_anew(|_| {}).unwrap();
    keyring.add(&keys(2)).unwrap();
    drop(keyring);
    for (file, copy) in old.iter().zip(&copies) {
        fs::write(file, copy).unwrap();
    }
    let newer = Keyring::open(&path, &phrase("open")).err().unwrap();
    assert!(matches!(newer, KeyringError::Newer { .. }), "{newer:?}");
    fs::write(&path, pointer(2)).unwrap();
    assert_eq!(open(&path).cases.len(), 2);
}

/// Written by version 1: two frames of case keys, 101 and 102 for the cases 1 and 2, 103 for 3.
const VERSION_1: &[u8] = include_bytes!("../../tests/fixtures/keyring-1");
/// The local key that version 1 derived for case 1.
const DERIVED_LOCAL: [u8; 32] = [
    90, 50, 43, 209, 134, 182, 112, 104, 102, 87, 78, 15, 55, 207, 166, 72, 50, 120, 195, 217, 186,
    229, 249, 212, 212, 111, 141, 206, 26, 192, 237, 65,
];

#[test]
fn a_keyring_of_version_1_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    fs::write(&path, VERSION_1).unwrap();
    let passphrase = phrase("fictional passphrase");
    let before = list_keys(&path, &passphrase).unwrap();
    assert_eq!((before.log.len(), before.hpke.len(), before.cases), (1, 1, 3));
    assert_eq!(fs::read(&path).unwrap(), VERSION_1, "looking changed it");
    // A crash before the switch leaves an epoch beside it.
    fs::write(epoch(&path, 1), b"torn").unwrap();
    let Opened { mut keyring, secrets, cases, locals } = Keyring::open(&path, &passphrase).unwrap();
    assert_eq!(list_keys(&path, &passphrase).unwrap(), before);
    assert_eq!(cases.get(&case(3)).unwrap().expose(), &[103; 32]);
    let id = secrets.case_id("a", "b", Founder::First);
    let known = [19, 173, 228, 255, 42, 191, 75, 208, 16, 16, 189, 152, 234, 137, 194, 4];
    assert_eq!(id.as_bytes(), &known);
    assert!(keyring.derives_locals() && locals.is_empty());

    // Once each case has a local key of its own, it can be destroyed alone.
    let locals = keyring.settle_locals([case(1), case(2)]).unwrap();
    assert_eq!(locals.get(&case(1)).unwrap().expose(), &DERIVED_LOCAL);
    assert!(!keyring.derives_locals());
    keyring.make_anew(|contents| assert!(contents.forget(&case(1)))).unwrap();
    drop(keyring);
    let opened = Keyring::open(&path, &passphrase).unwrap();
    assert!(!opened.keyring.derives_locals());
    assert_eq!((opened.cases.len(), opened.locals.len()), (2, 1));
}

#[test]
fn a_keyring_of_version_1_in_use_or_damaged_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keyring");
    fs::write(&path, VERSION_1).unwrap();
    let passphrase = phrase("fictional passphrase");
    // A node of version 1 has it.
    let running = Locked::new(File::open(&path).unwrap()).unwrap();
    let in_use = Keyring::open(&path, &passphrase).err().unwrap();
    assert!(matches!(in_use, KeyringError::InUse { .. }), "{in_use:?}");
    drop(running);
    let wrong = Keyring::open(&path, &phrase("another")).err().unwrap();
    assert!(matches!(wrong, KeyringError::WrongPassphrase { .. }), "{wrong:?}");
    let mut damaged = VERSION_1.to_vec();
    *damaged.get_mut(240).unwrap() ^= 1;
    fs::write(&path, &damaged).unwrap();
    let corrupt = Keyring::open(&path, &passphrase).err().unwrap();
    assert!(matches!(corrupt, KeyringError::Corrupt { .. }), "{corrupt:?}");
    assert_eq!(fs::read(&path).unwrap(), damaged);
}

#[test]
fn a_prepared_key_is_the_newest_and_the_old_one_is_there_until_it_is_retired() {
    let (_folder, path, before) = made();
    let log = prepare_key(&path, &phrase("open"), KeyUse::Log).unwrap();
    let hpke = prepare_key(&path, &phrase("open"), KeyUse::Hpke).unwrap();
    let list = list_keys(&path, &phrase("open")).unwrap();
    let bytes: Vec<_> = list.log.iter().map(|key| *key.as_bytes()).collect();
    assert_eq!(bytes, [*before.log.as_bytes(), log]);
    assert_eq!(list.hpke, [before.hpke, hpke]);
    let Opened { mut keyring, .. } = open(&path);
    let old = before.log.id();
    keyring.make_anew(|contents| contents.log.retain(|key| key.key_id() != old)).unwrap();
    assert!(!keyring.keys().has_log(&before.log));
    drop(keyring);
    assert_eq!(list_keys(&path, &phrase("open")).unwrap().log.len(), 1);
}

#[test]
fn a_backup_is_taken_until_its_time_has_passed() {
    let (folder, path, made) = made();
    let Opened { mut keyring, .. } = open(&path);
    keyring.add(&keys(3)).unwrap();
    let backup = folder.path().join("backup");
    let good_until = Instant::from_ms(1_000);
    // A node may be running.
    back_up_keyring(&path, &phrase("open"), &backup, good_until).unwrap();
    let again = back_up_keyring(&path, &phrase("open"), &backup, good_until);
    assert!(matches!(again, Err(KeyringError::Exists { .. })), "{again:?}");
    drop(keyring);

    let elsewhere = tempfile::tempdir().unwrap();
    let to = elsewhere.path().join("keyring");
    let restore = |passphrase: &str, now, aged| {
        restore_keyring(&backup, &phrase(passphrase), &to, Instant::from_ms(now), aged)
    };
    let late = restore("open", 1_001, Aged::Refused);
    assert!(matches!(late, Err(KeyringError::BackupTooOld { .. })), "{late:?}");
    let wrong = restore("close", 1_000, Aged::Refused);
    assert!(matches!(wrong, Err(KeyringError::WrongPassphrase { .. })), "{wrong:?}");
    assert!(names(&elsewhere).is_empty());
    restore("open", 1_000, Aged::Refused).unwrap();
    assert_eq!(open(&to).cases.len(), 3);
    assert_eq!(keyring_public_keys(&to, &phrase("open")).unwrap(), made);
    let there = restore("open", 1_000, Aged::Refused);
    assert!(matches!(there, Err(KeyringError::Exists { .. })), "{there:?}");
    for name in names(&elsewhere) {
        fs::remove_file(elsewhere.path().join(name)).unwrap();
    }
    restore("open", 1_001, Aged::Taken).unwrap();

    // A last part that is damaged or cut off would be keys that are lost: it is not passed over.
    for name in names(&elsewhere) {
        fs::remove_file(elsewhere.path().join(name)).unwrap();
    }
    let whole = fs::read(&backup).unwrap();
    let mut damaged = whole.clone();
    *damaged.last_mut().unwrap() ^= 1;
    // The last frame holds the keys of the cases: what goes before it is whole.
    let frame = 4 + 12 + 16 + 3 * (1 + 16 + 32);
    let cut = |by: usize| whole.get(..whole.len() - by).unwrap();
    for bytes in [damaged.as_slice(), cut(1), cut(frame)] {
        fs::write(&backup, bytes).unwrap();
        let refused = restore("open", 0, Aged::Refused);
        assert!(matches!(refused, Err(KeyringError::Corrupt { .. })), "{refused:?}");
    }
    assert!(names(&elsewhere).is_empty());
    fs::write(&backup, &whole).unwrap();

    // Whoever changes how long it is good spoils it.
    let mut bytes = fs::read(&backup).unwrap();
    *bytes.get_mut(b"readmit keyring backup 2\n".len() + 28).unwrap() ^= 1;
    fs::write(&backup, &bytes).unwrap();
    let changed = restore("open", 0, Aged::Refused);
    assert!(matches!(changed, Err(KeyringError::WrongPassphrase { .. })), "{changed:?}");
}
