//! A real disk of 32 MiB for processes that are tests by themselves: a file system in memory, in a
//! mount namespace of their own. Where no namespace is to be had this fails, unless
//! `EVENT_STORE_NO_MEDIA` is set in the environment.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const FOLDER: &str = "EVENT_STORE_MEDIA_FOLDER";
/// Set where these tests are to be left out.
const LEFT_OUT: &str = "EVENT_STORE_NO_MEDIA";

/// Runs tests of a module, each as a process, on one small disk; between them, `remount ro` and the
/// like change how that is mounted.
pub(crate) fn run(module: &str, steps: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let apart = |then: &str| {
        let mount = "mount -t tmpfs -o size=32m none \"$1\"";
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &format!("set -e; {mount}; {then}")]);
        command.arg(std::env::current_exe().unwrap()).arg(dir.path()).env(FOLDER, dir.path());
        command.output()
    };
    if !apart("true").is_ok_and(|done| done.status.success()) {
        let left_out = std::env::var_os(LEFT_OUT).is_some();
        assert!(left_out, "there is no namespace to mount a file system in; see {LEFT_OUT}");
        return;
    }
    let step = |step: &&str| match step.strip_prefix("remount ") {
        Some(how) => format!("mount -o remount,{how} \"$1\""),
        None => format!("\"$0\" --exact {module}::{step} --nocapture"),
    };
    let done = apart(&steps.iter().map(step).collect::<Vec<_>>().join("; ")).unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}{}", String::from_utf8_lossy(&done.stderr));
    let tests = steps.iter().filter(|step| !step.starts_with("remount")).count();
    assert_eq!(said.matches("1 passed").count(), tests, "{said}");
}

/// The disk, in the process that has one.
pub(crate) fn disk() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Leaves nothing of the disk.
pub(crate) fn fill_up(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    for step in [1 << 20, 1 << 12, 1] {
        let zeros = vec![0; step];
        while file.write_all(&zeros).is_ok() {}
    }
}
