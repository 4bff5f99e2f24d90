//! A soak: a process works on a store until it is killed, again and again, and after each kill
//! everything that it was told is durable is there, byte for byte, and nothing else in between.
//!
//! `cargo test` does so a few times. `make soak MINUTES=30` sets `SOAK_MINUTES`, goes on for so
//! long and watches the memory of the process; `SEED` gives a run's load again.

mod history;
mod load;
mod volatile;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use event_store::{Filter, Position, Store};
use rand::RngExt as _;
use rand::rngs::SmallRng;

use self::history::{Follower, Name, TASKS, check_record, cursor};
use self::load::{ORDERS, OnDisk, Orders, TEST, backup_folder};

/// Kills of the short form.
const KILLS: u64 = 24;
/// Checks after which everything is verified, and a backup restored, in the long form.
const CHECKS_BETWEEN_VERIFIES: u64 = 10;
const CHECKS_BETWEEN_RESTORES: u64 = 60;
const PROGRESS_EVERY: Duration = Duration::from_secs(30);
/// How many times the memory of the first quarter the last may take.
const GROWTH_MAX: f64 = 1.5;

/// When a process is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Until {
    /// While it opens the store.
    Opening,
    /// After so many acknowledgements.
    Acknowledged(usize),
    /// After so long, with something acknowledged.
    Elapsed(Duration),
}

impl Until {
    fn is_reached(self, told: &Told, start: Instant) -> bool {
        match self {
            Self::Opening => true,
            Self::Acknowledged(count) => told.acknowledged.len() >= count,
            Self::Elapsed(time) => !told.acknowledged.is_empty() && start.elapsed() >= time,
        }
    }
}

/// What one life has told before it was killed.
struct Told {
    life: u64,
    acknowledged: BTreeMap<Name, u64>,
    /// So many records were seen by subscriptions, or are in the backup.
    seen: u64,
    rss_kib: Option<u64>,
}

#[derive(Default)]
struct Tally {
    kills: u64,
    killed_in_opening: u64,
    acknowledged: u64,
    unacknowledged: u64,
    checks: u64,
    torn: u64,
    indexed_again: u64,
    rebuilds: u64,
    verifies: u64,
    restores: u64,
}

struct Soak {
    dir: tempfile::TempDir,
    seed: u64,
    random: SmallRng,
    pause_us: u64,
    segment_kib: u64,
    follower: Follower,
    /// Killed, and not looked at yet.
    unchecked: Vec<Told>,
    tally: Tally,
    /// When and how much, of each life that came to work.
    memory: Vec<(Duration, u64)>,
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

/// A whole line only: the pipe may end in the middle of one.
fn take_in(line: &str, told: &mut Told) -> Result<(), String> {
    if let Some(wrong) = line.strip_prefix("wrong ") {
        return Err(wrong.to_owned());
    }
    let mut words = line.split(' ');
    let word = words.next();
    let mut number = || words.next()?.parse::<u64>().ok();
    match word {
        Some("ack") => {
            if let (Some(task), Some(n), Some(first)) = (number(), number(), number()) {
                let name = Name { life: told.life, task: task as usize, n };
                told.acknowledged.insert(name, first);
            }
        }
        Some("saw") => told.seen = told.seen.max(number().unwrap_or(0)),
        _ => {}
    }
    Ok(())
}

fn rss_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

impl Soak {
    fn new(pause_us: u64, segment_kib: u64) -> Self {
        let mut random = crate::sample::random();
        Self {
            dir: tempfile::tempdir().unwrap(),
            seed: random.random(),
            random,
            pause_us,
            segment_kib,
            follower: Follower::default(),
            unchecked: Vec::new(),
            tally: Tally::default(),
            memory: Vec::new(),
        }
    }

    fn store(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    fn orders(&mut self, disk: OnDisk) -> Orders {
        Orders {
            dir: self.store(),
            disk,
            seed: self.seed,
            life: self.tally.kills,
            pause_us: self.pause_us,
            segment_kib: self.segment_kib,
            backup: self.random.random_bool(0.2),
        }
    }

    /// One life, until it is killed.
    fn live(&mut self, disk: OnDisk, until: Until) -> Result<(), String> {
        let start = Instant::now();
        let orders = self.orders(disk);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env(ORDERS, orders.to_line())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let life = orders.life;
        let mut told = Told { life, acknowledged: BTreeMap::new(), seen: 0, rss_kib: None };
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut is_opening = false;
        let mut ended = Ok(());
        while ended.is_ok() && !(is_opening && until.is_reached(&told, start)) {
            let Some(line) = lines.next() else {
                ended = Err("the process ended by itself".to_owned());
                break;
            };
            let line = line.unwrap();
            is_opening |= line == "opening";
            ended = take_in(&line, &mut told);
        }
        if until != Until::Opening {
            told.rss_kib = rss_kib(child.id());
        }
        // `kill` is SIGKILL. What the process wrote until then is still in the pipe.
        child.kill().unwrap();
        for line in lines {
            ended = ended.and_then(|()| take_in(&line.unwrap(), &mut told));
        }
        child.wait().unwrap();
        ended.map_err(|wrong| format!("life {life}: {wrong}"))?;
        self.tally.kills += 1;
        self.tally.killed_in_opening += u64::from(until == Until::Opening);
        self.tally.acknowledged += told.acknowledged.len() as u64;
        self.unchecked.push(told);
        Ok(())
    }

    /// Opens the store and looks at all that is new in it, and here and there at what is old.
    fn check(&mut self) -> Result<(), String> {
        let options = self.orders(OnDisk::Files).options();
        let store = Store::open(self.store(), options).map_err(text)?;
        let recovery = store.recovery();
        self.tally.checks += 1;
        self.tally.torn += u64::from(recovery.cut_bytes > 0);
        self.tally.indexed_again += recovery.indexed_records;
        self.tally.rebuilds += u64::from(recovery.index_rebuilt);
        let told = std::mem::take(&mut self.unchecked);
        let mut lost: BTreeMap<Name, u64> =
            told.iter().flat_map(|told| told.acknowledged.clone()).collect();
        let end = store.next_position();
        let first_new = self.follower.position;
        while Position(self.follower.position) < end {
            let from = Position(self.follower.position);
            let page = store.read_since(from, &Filter::All, usize::MAX).map_err(text)?;
            for record in &page.records {
                let begun = self.follower.take(record, self.seed)?;
                let first = begun.and_then(|name| lost.remove(&name));
                if first.is_some_and(|first| first != record.position.0) {
                    return Err(format!("{record:?} was acknowledged elsewhere: {first:?}"));
                }
            }
        }
        self.follower.end()?;
        if let Some((name, first)) = lost.first_key_value() {
            let count = lost.len();
            return Err(format!("acknowledged and lost: {count}, {name:?} at {first} first"));
        }
        for told in &told {
            self.check_life(told, end)?;
        }
        if recovery.index_was_ahead {
            return Err("the index knew more than the journal".to_owned());
        }
        for task in 0..TASKS {
            if store.cursor(&cursor(task)) != self.follower.cursors.get(&task).cloned() {
                return Err(format!("the cursor of task {task} is not the last that was set"));
            }
        }
        for _ in 0..20.min(first_new) {
            let from = Position(self.random.random_range(0..first_new));
            for record in store.read_since(from, &Filter::All, 20).map_err(text)?.records {
                check_record(&record, self.seed)?;
            }
        }
        store.close();
        Ok(())
    }

    /// Beyond what it was told, one batch of each task at most was on its way.
    fn check_life(&mut self, told: &Told, end: Position) -> Result<(), String> {
        let life = told.life;
        if told.seen > end.0 {
            return Err(format!("life {life} has shown {} records of {end}", told.seen));
        }
        for task in 0..TASKS {
            let there = self.follower.batches.get(&(life, task)).copied().unwrap_or(0);
            let of_task = told.acknowledged.keys().filter(|name| name.task == task).count() as u64;
            if there > of_task + 1 {
                return Err(format!("task {task} of life {life}: {there} for {of_task}"));
            }
            self.tally.unacknowledged += there - of_task;
        }
        Ok(())
    }

    /// Every byte of the closed store, from its beginning.
    fn verify(&mut self) -> Result<(), String> {
        self.tally.verifies += 1;
        let verified = event_store::verify(self.store()).map_err(text)?;
        match verified.records == self.follower.position {
            true => Ok(()),
            false => Err(format!("{} records verified", verified.records)),
        }
    }

    /// The last backup, if there is one, is a beginning of the store, byte for byte.
    fn restore(&mut self) -> Result<(), String> {
        let from = backup_folder(&self.store());
        if !from.join("journal/0000000000000000.seal").exists() {
            return Ok(());
        }
        self.tally.restores += 1;
        let to = self.dir.path().join("restored");
        event_store::restore(from, &to, &mut |_| ()).map_err(text)?;
        let store = Store::open(&to, self.orders(OnDisk::Files).options()).map_err(text)?;
        let mut follower = Follower::default();
        while Position(follower.position) < store.next_position() {
            let from = Position(follower.position);
            for record in store.read_since(from, &Filter::All, usize::MAX).map_err(text)?.records {
                follower.take(&record, self.seed)?;
            }
        }
        follower.end()?;
        store.close();
        std::fs::remove_dir_all(to).map_err(text)
    }
}

#[test]
fn nothing_acknowledged_is_lost_however_often_the_process_is_killed() {
    let minutes = std::env::var("SOAK_MINUTES").ok();
    let minutes: Option<f64> = minutes.and_then(|minutes| minutes.parse().ok());
    match minutes {
        Some(minutes) => long(Duration::from_secs_f64(60.0 * minutes)),
        None => short(),
    }
}

fn short() {
    let mut soak = Soak::new(0, 64);
    for kill in 1..=KILLS {
        let disk = if soak.random.random_bool(0.5) { OnDisk::Files } else { OnDisk::Volatile };
        let until = match soak.random.random_bool(0.1) {
            true => Until::Opening,
            false => Until::Acknowledged(soak.random.random_range(1..200)),
        };
        soak.live(disk, until).unwrap();
        if kill == KILLS || soak.random.random_bool(0.7) {
            soak.check().unwrap();
        }
    }
    soak.verify().unwrap();
    soak.restore().unwrap();
    eprintln!("{}", soak.tally);
    assert!(soak.tally.acknowledged > KILLS);
}

#[test]
fn a_store_that_acknowledges_before_its_sync_is_found_out() {
    let mut soak = Soak::new(0, 1 << 10);
    soak.live(OnDisk::Volatile, Until::Acknowledged(20)).unwrap();
    soak.check().unwrap();
    soak.live(OnDisk::Lying, Until::Acknowledged(20)).unwrap();
    let found = soak.check().unwrap_err();
    assert!(found.starts_with("acknowledged and lost: "), "{found}");
}

/// Fails where the memory of the process grows with its store.
fn long(time: Duration) {
    let mut soak = Soak::new(8_000, 8 << 10);
    let start = Instant::now();
    let mut told = start;
    while start.elapsed() < time {
        let disk = if soak.random.random_bool(0.5) { OnDisk::Files } else { OnDisk::Volatile };
        let until = match soak.random.random_bool(0.05) {
            true => Until::Opening,
            false => Until::Elapsed(Duration::from_millis(soak.random.random_range(200..7000))),
        };
        soak.live(disk, until).unwrap();
        let rss_kib = soak.unchecked.last().and_then(|told| told.rss_kib);
        soak.memory.extend(rss_kib.map(|rss_kib| (start.elapsed(), rss_kib)));
        if soak.random.random_bool(0.2) {
            continue;
        }
        soak.check().unwrap();
        if soak.tally.checks.is_multiple_of(CHECKS_BETWEEN_VERIFIES) {
            soak.verify().unwrap();
        }
        if soak.tally.checks.is_multiple_of(CHECKS_BETWEEN_RESTORES) {
            soak.restore().unwrap();
        }
        if told.elapsed() >= PROGRESS_EVERY {
            told = Instant::now();
            let rss_kib = rss_kib.unwrap_or(0);
            eprintln!("{:>5} s: {}, {rss_kib} KiB", start.elapsed().as_secs(), soak.tally);
        }
    }
    if !soak.unchecked.is_empty() {
        soak.check().unwrap();
    }
    soak.verify().unwrap();
    soak.restore().unwrap();
    let bytes = bytes_of(&soak.store());
    let records = soak.follower.position;
    eprintln!("{}; {records} records, {} MiB in the store", soak.tally, bytes >> 20);
    let quarters = quarters(&soak.memory);
    eprintln!("resident memory of the process, medians of the quarters, in KiB: {quarters:?}");
    let [first, _, _, last] = quarters[..] else {
        panic!("too short to say whether memory grows: not a figure in each quarter");
    };
    let growth = last as f64 / first as f64;
    eprintln!("last quarter by first: {growth:.2}, at most {GROWTH_MAX}");
    assert!(growth <= GROWTH_MAX);
}

/// The median of each quarter of the time.
fn quarters(memory: &[(Duration, u64)]) -> Vec<u64> {
    let end = memory.last().map_or(Duration::ZERO, |(at, _)| *at);
    let quarter = |quarter: u32| {
        let from = end * quarter / 4;
        let upto = end * (quarter + 1) / 4;
        let within = memory.iter().filter(|(at, _)| from < *at && *at <= upto);
        let mut values: Vec<u64> = within.map(|(_, rss_kib)| *rss_kib).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    (0..4).filter_map(quarter).collect()
}

fn bytes_of(dir: &Path) -> u64 {
    let sizes = std::fs::read_dir(dir).unwrap().map(|entry| {
        let entry = entry.unwrap();
        match entry.file_type().unwrap().is_dir() {
            true => bytes_of(&entry.path()),
            false => entry.metadata().unwrap().len(),
        }
    });
    sizes.sum()
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, killed_in_opening, acknowledged, unacknowledged, checks, .. } = self;
        let Self { torn, indexed_again, rebuilds, verifies, restores, .. } = self;
        write!(
            f,
            "{kills} kills ({killed_in_opening} while opening), {acknowledged} batches \
             acknowledged and there, {unacknowledged} there that were not, {checks} checks, \
             {torn} torn tails cut, {indexed_again} records indexed again, the index made anew \
             {rebuilds} times, {verifies} times verified, {restores} backups restored"
        )
    }
}
