//! A disk that fails a write: nobody knows what it holds, so the ledger ends.
//!
//! The child is this very test binary with a ledger; the parent takes the right to write files
//! from it with `prlimit` (a limit of one byte for every file).

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use domain::referral::Safeguard;
use domain::time::Instant;
use ledger::{ClockChoice, FixedClock, start};
use tokio::sync::watch;

use crate::crash::say;
use crate::world::{NOW_MS, Running, Site, config, corridor, evidence, exchange, founded, state};

const FOLDER: &str = "READMIT_LEDGER_DISK_FOLDER";
/// How long the child waits for an end that does not come.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_cannot_write_says_so_and_ends() {
    // Symptom: after a failed write the ledger refused every command and went on running; nobody
    // started the process again, and the partner heard nothing more.
    let (nl_site, xk_site) = founded("test-ledger");
    let (nl, xk) = (nl_site.start().await, xk_site.start().await);
    nl.adopt().await;
    xk.adopt().await;
    exchange(&nl, &xk).await;
    nl.stop().await;

    let mut child = Told::start(nl_site.folder.path());
    let case = child.ask("file one");
    let case = case.strip_prefix("@ok ").unwrap().to_owned();
    child.take_the_disk();
    // Whatever is written meets it first: this command, or the access that was noted before.
    let refused = child.ask(&format!("evidence {case}"));
    assert!(refused.starts_with("@failed NODE-0001 the ledger "), "{refused}");
    assert_eq!(child.ask("ended"), "@ended");
    child.process.kill().unwrap();
    child.process.wait().unwrap();

    // It is as it was before, and goes on.
    let nl = nl_site.start().await;
    exchange(&nl, &xk).await;
    let number = "NL-XK-2026-000001";
    let reading = nl.read(&nl.official("return-office"), number).await.unwrap();
    assert_eq!(reading.case.history.len(), 1);
    nl.state_on("return-office", "again", &case, evidence()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_ledger_whose_store_has_failed_says_so_and_ends() {
    // Symptom: what indexes the store failed behind an append that was acknowledged, and as long as
    // nobody wrote anything the node went on and reported nothing.
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "one").await.case_id;
    exchange(&nl, &xk).await;
    nl.stop().await;
    let nl = nl_site.start().await;
    // The first entry of the local log needs a file of its own in the index.
    std::fs::remove_dir_all(nl_site.data().join("store/index/logs")).unwrap();
    assert_eq!(nl.status().await.alarms, Vec::<String>::new());
    nl.open_safeguard("found", &case, Safeguard::FitnessToTravel).await;
    tokio::time::timeout(ENDS_WITHIN, nl.handle.ended()).await.unwrap();
    assert_eq!(nl.status().await.alarms, ["store-failed"]);
    nl.stop().await;

    // Everything that was acknowledged is there.
    let nl = started_again(&nl_site).await;
    assert_eq!(nl.status().await.alarms, Vec::<String>::new());
    let reading = nl.read(&nl.official("return-office"), &case).await.unwrap();
    assert_eq!(reading.safeguards().open().count(), 1);
    nl.state_on("return-office", "again", &case, evidence()).await.unwrap();
}

/// Starts a site whose ledger has ended by itself: nobody waits for its locks to be gone.
async fn started_again(site: &Site) -> Running {
    loop {
        match site.try_start().await {
            Ok(handle) => return Running::serve(handle, site.state, site.partner).await,
            Err(error) => assert!(format!("{error:?}").contains("InUse"), "{error:?}"),
        }
        tokio::task::yield_now().await;
    }
}

/// The child, that does what it is told.
struct Told {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Told {
    fn start(folder: &Path) -> Self {
        let test = std::env::current_exe().unwrap();
        let mut process = Command::new("bash")
            // A write beyond the limit is then an error, and no signal.
            .args(["-c", "trap '' XFSZ; exec \"$0\" --exact failing_disk::child --nocapture"])
            .arg(test)
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, orders, answers }
    }

    fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        self.answers.by_ref().map(Result::unwrap).find(|line| line.starts_with('@')).unwrap()
    }

    fn take_the_disk(&self) {
        let mut prlimit = Command::new("prlimit");
        let pid = self.process.id().to_string();
        let done = prlimit.args(["--pid", &pid, "--fsize=1"]).status().unwrap();
        assert!(done.success());
    }
}

/// The child: does what it is told on its input. Does nothing when it is run as a test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let now = FixedClock::new(Instant::from_ms(NOW_MS));
    let config = config(Path::new(&folder), state("NL"), ClockChoice::Fixed(now));
    let (_answering, answering) = watch::channel(true);
    let handle = start(config, answering).await.unwrap();
    let nl = Running::serve(handle, state("NL"), state("XK")).await;
    for line in std::io::stdin().lines().map(Result::unwrap) {
        let words: Vec<&str> = line.split(' ').collect();
        let done = match words.as_slice() {
            ["file", name] => nl.try_file("return-office", name, b"file").await,
            ["evidence", case] => nl.state_on("return-office", "more", case, evidence()).await,
            _ => {
                let ended = tokio::time::timeout(ENDS_WITHIN, nl.handle.ended()).await;
                say(if ended.is_ok() { "@ended" } else { "@goes on" });
                continue;
            }
        };
        match done {
            Ok(receipt) => say(&format!("@ok {}", receipt.case_id)),
            Err(error) => say(&format!("@failed {} {}", error.code().as_str(), error.message())),
        }
    }
}
