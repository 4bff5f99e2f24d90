//! A process that is killed while it writes: nothing that was acknowledged is lost, and no number
//! is ever signed with two contents.
//!
//! The child is this very test binary, told by an environment variable to run one test that writes
//! until it is killed. It prints a line for every acknowledged append and every dispatch that it
//! was shown; the parent kills it after a number of lines, not after a time.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use domain::time::Instant;
use ledger::{ClockChoice, FixedClock, start};
use runtime::command::Body;
use tokio::sync::watch;

use crate::world::{NOW_MS, Running, config, evidence, exchange, founded, state};

const FOLDER: &str = "READMIT_LEDGER_CRASH_FOLDER";
const ROUND: &str = "READMIT_LEDGER_CRASH_ROUND";
/// How often the child is killed.
const KILLS: usize = 12;
/// Who write at the same time: enough that groups are released while the next is stored.
const TASKS: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_ledger_loses_nothing_and_signs_no_number_twice() {
    let (nl_site, xk_site) = founded("test-ledger");
    let (nl, xk) = (nl_site.start().await, xk_site.start().await);
    nl.adopt().await;
    xk.adopt().await;
    exchange(&nl, &xk).await;
    nl.stop().await;

    let mut acknowledged: Vec<(String, String)> = Vec::new();
    let mut digests: BTreeMap<u64, String> = BTreeMap::new();
    for round in 0..KILLS {
        let mut child = spawn(nl_site.folder.path(), round);
        // Another number of lines each time, so that the kill meets another moment.
        let lines = 5 + round * 7 % 40;
        let stdout = child.stdout.take().unwrap();
        let mut seen = 0;
        for line in BufReader::new(stdout).lines().map(Result::unwrap) {
            let words: Vec<&str> = line.split(' ').collect();
            match words.as_slice() {
                ["@appended", case, positions] => {
                    acknowledged.push(((*case).to_owned(), (*positions).to_owned()));
                }
                ["@dispatch", number, digest] => {
                    let number = number.parse().unwrap();
                    let known = digests.entry(number).or_insert_with(|| (*digest).to_owned());
                    assert_eq!(known, digest, "dispatch {number} has two contents");
                }
                _ => continue,
            }
            seen += 1;
            if seen == lines {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= lines, "the child ended by itself after {seen} lines");
    }

    let nl = nl_site.start().await;
    for dispatch in nl.dispatches(0).await {
        let digest: String = dispatch.digest.iter().map(|byte| format!("{byte:02x}")).collect();
        if let Some(known) = digests.get(&dispatch.number) {
            assert_eq!(*known, digest, "dispatch {} was shown otherwise", dispatch.number);
        }
    }
    let last = digests.keys().next_back().copied().unwrap();
    assert!(nl.status().await.own_head.unwrap().number >= last);
    exchange(&nl, &xk).await;
    for (case, position) in &acknowledged {
        let here = nl.read(&nl.official("return-office"), case).await.unwrap();
        let position: u64 = position.parse().unwrap();
        assert!(here.case.history.iter().any(|it| it.at.position == position), "{case} {position}");
        let there = xk.read(&xk.official("ministry"), case).await.unwrap();
        assert_eq!(here.bodies, there.bodies);
        assert!(here.bodies.values().all(|body| matches!(body, Body::Open(_) | Body::None)));
        assert_eq!(here.case.text(), there.case.text());
    }
    assert!(acknowledged.len() >= KILLS);
}

fn spawn(folder: &Path, round: usize) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The child: writes until it is killed. Does nothing when it is run as a test by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let round: u64 = std::env::var(ROUND).unwrap().parse().unwrap();
    let now = FixedClock::new(Instant::from_ms(NOW_MS + round));
    let config = config(Path::new(&folder), state("NL"), ClockChoice::Fixed(now));
    let (_answering, answering) = watch::channel(true);
    let handle = start(config, answering).await.unwrap();
    let nl = Running::serve(handle, state("NL"), state("XK")).await;
    let nl = std::sync::Arc::new(nl);
    let follower = std::sync::Arc::clone(&nl);
    tokio::spawn(async move {
        let mut next = 0;
        loop {
            for dispatch in follower.dispatches(next).await {
                let digest: String =
                    dispatch.digest.iter().map(|byte| format!("{byte:02x}")).collect();
                say(&format!("@dispatch {} {digest}", dispatch.number));
                next = dispatch.number + 1;
            }
        }
    });
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let nl = std::sync::Arc::clone(&nl);
        tasks.push(tokio::spawn(async move {
            for turn in 0_u64.. {
                let name = format!("{round}-{task}-{turn}");
                let filed = nl.file("return-office", &name).await;
                say(&format!("@appended {} {}", filed.case_id, filed.positions[0]));
                let report = nl.state_on("return-office", "more", &filed.case_id, evidence());
                let report = report.await.unwrap();
                say(&format!("@appended {} {}", filed.case_id, report.positions[0]));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// A whole line at once, on the pipe when it returns.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    stdout.flush().unwrap();
}
