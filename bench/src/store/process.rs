//! Stores in processes of their own, which can be killed, and begin without anything in memory:
//! this same binary, started as `bench store-process WHAT FOLDER …`.
//!
//! - `fill FOLDER ENTRIES CASES` founds a store with so many entries, of so many cases at the same
//!   time, and closes it.
//! - `crash FOLDER ENTRIES` opens a store, appends so many entries to it, and waits to be killed.
//! - `read FOLDER ENTRIES SEED` opens a store of so many entries and reads cases.
//!
//! Each says what it found in one line of JSON.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use event_store::{Options, Revision, Store};
use futures::executor::block_on;
use serde::{Deserialize, Serialize};

use super::material::{CASE_ENTRIES, CASES_AT_ONCE, batch_of, stream, value};

/// The first argument that makes this binary such a process.
pub(crate) const ROLE: &str = "store-process";

/// Records of a batch while a store is filled.
const FILL: u64 = 1000;
/// Cases that are read without anything in memory …
const COLD: u64 = 8;
/// … and with everything …
const WARM: u64 = 400;
/// … and then, so that what is kept in memory has been filled.
const MORE: u64 = 5000;

/// What a process found.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Found {
    /// Until the store was open, in seconds.
    pub(crate) open_s: f64,
    /// Records that the index got from the journal meanwhile.
    pub(crate) indexed: u64,
    /// Of reading a case, in microseconds.
    pub(crate) cold_us: Vec<f64>,
    pub(crate) warm_us: Vec<f64>,
    /// What the process takes of the memory at its end, in MiB.
    pub(crate) rss_mib: f64,
}

/// Runs as such a process.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["fill", folder, entries, cases] => {
            fill(Path::new(folder), entries.parse()?, cases.parse()?)
        }
        ["crash", folder, entries] => crash(Path::new(folder), entries.parse()?),
        ["read", folder, entries, seed] => read(Path::new(folder), entries.parse()?, seed.parse()?),
        _ => bail!("no process of the store: {arguments:?}"),
    }
}

fn say(found: &Found) -> Result<()> {
    let mut out = std::io::stdout();
    out.write_all((serde_json::to_string(found)? + "\n").as_bytes())?;
    Ok(out.flush()?)
}

fn open(folder: &Path) -> Result<(Store, Found)> {
    let start = Instant::now();
    let store = Store::open(folder, Options::default())?;
    let open_s = start.elapsed().as_secs_f64();
    let indexed = store.recovery().indexed_records;
    Ok((store, Found { open_s, indexed, ..Found::default() }))
}

fn append(store: &Store, entries: u64, cases: u64) -> Result<()> {
    let mut number = store.next_position().0;
    let end = number + entries;
    while number < end {
        let count = FILL.min(end - number);
        let values: Vec<_> = (number..number + count).map(value).collect();
        block_on(store.append(batch_of(number, &values, cases)?))?;
        number += count;
    }
    Ok(())
}

fn fill(folder: &Path, entries: u64, cases: u64) -> Result<()> {
    let (store, mut found) = open(folder)?;
    append(&store, entries, cases)?;
    found.rss_mib = rss_mib()?;
    store.close();
    say(&found)
}

fn crash(folder: &Path, entries: u64) -> Result<()> {
    let (store, found) = open(folder)?;
    append(&store, entries, CASES_AT_ONCE)?;
    say(&found)?;
    // Whoever started this process has its input, and kills it.
    std::io::stdin().read_to_end(&mut Vec::new())?;
    bail!("was not killed, with {} records", store.next_position())
}

fn read(folder: &Path, entries: u64, seed: u64) -> Result<()> {
    let (store, mut found) = open(folder)?;
    // Only cases that have all their entries.
    let cases = entries / CASE_ENTRIES / CASES_AT_ONCE * CASES_AT_ONCE;
    ensure!(cases > 0, "too few entries for a case");
    let case = |index: u64| (seed + index).wrapping_mul(0x9e37_79b9_7f4a_7c15) % cases;
    for index in 0..COLD {
        forget(folder)?;
        found.cold_us.push(read_case(&store, case(index))?);
    }
    // Once so that they are in memory, then once more.
    for round in 0..2 {
        for index in COLD..COLD + WARM {
            let took = read_case(&store, case(index))?;
            if round > 0 {
                found.warm_us.push(took);
            }
        }
    }
    for index in COLD + WARM..COLD + WARM + MORE {
        read_case(&store, case(index))?;
    }
    found.rss_mib = rss_mib()?;
    store.close();
    say(&found)
}

fn read_case(store: &Store, case: u64) -> Result<f64> {
    let stream = stream(case)?;
    let count = usize::try_from(CASE_ENTRIES)?;
    let start = Instant::now();
    let records = store.read_stream(&stream, Revision(0), count)?;
    let took = start.elapsed();
    ensure!(records.len() == count, "case {case} has {} entries", records.len());
    Ok(took.as_secs_f64() * 1e6)
}

/// Has the system forget what it holds in memory of the files of a folder.
fn forget(folder: &Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            forget(&path)?;
        } else {
            let file = File::open(&path)?;
            // What is not written yet would stay.
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}

/// What this process takes of the memory; Linux only.
fn rss_mib() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()).context("no resident memory")?;
    Ok(kib.parse::<f64>()? / 1024.0)
}

/// A process that was started.
struct Started {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Started {
    fn new(what: &str, folder: &Path, numbers: &[u64]) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([ROLE, what])
            .arg(folder)
            .args(numbers.iter().map(u64::to_string))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start a process of the store")?;
        let said = BufReader::new(child.stdout.take().context("its output")?);
        Ok(Self { child, said })
    }

    fn found(&mut self) -> Result<Found> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        serde_json::from_str(&line).context("what a process of the store has found")
    }
}

/// Founds a store in a process of its own.
pub(crate) fn filled(folder: &Path, entries: u64, cases: u64) -> Result<Found> {
    ended("fill", folder, &[entries, cases])
}

/// Opens a store without anything of it in memory, and reads cases.
pub(crate) fn cases_read(folder: &Path, entries: u64, seed: u64) -> Result<Found> {
    forget(folder)?;
    ended("read", folder, &[entries, seed])
}

fn ended(what: &str, folder: &Path, numbers: &[u64]) -> Result<Found> {
    let mut started = Started::new(what, folder, numbers)?;
    let found = started.found()?;
    let status = started.child.wait()?;
    ensure!(status.success(), "a process of the store ended with {status}");
    Ok(found)
}

/// Opens a store, appends to it, and is killed.
pub(crate) fn crashed(folder: &Path, entries: u64) -> Result<Found> {
    let mut started = Started::new("crash", folder, &[entries])?;
    let found = started.found();
    started.child.kill()?;
    started.child.wait()?;
    found
}

/// How long somebody took, in seconds.
pub(crate) fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    let took: Duration = start.elapsed();
    Ok(took.as_secs_f64())
}
