//! `readmit verify` in the hands of somebody who was given a file: valid, damaged, or no bundle.

use std::path::Path;
use std::process::Command;

use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use integration_tests::process::readmit;
use integration_tests::story::Stage;
use integration_tests::telling::Telling;

/// How many bytes are flipped, one at a time, evenly over the file.
const FLIPS: usize = 150;

/// Verifies a file; answers with the exit code and what is said.
fn verify(file: &Path) -> (i32, String) {
    let output = Command::new(readmit().unwrap()).arg("verify").arg(file).output().unwrap();
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
