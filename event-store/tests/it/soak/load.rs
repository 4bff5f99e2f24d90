//! The process that is killed: it appends from several tasks over several logs, reads, proves,
//! follows, sets labels as a projector does and makes a backup, and says what was acknowledged.
//!
//! What it finds wrong itself it says too; whoever started it then fails.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use event_store::disk::{Disk, Files};
use event_store::{Expected, Filter, Label, Options, Position, Revision, Store, merkle};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::history::{LOGS, Name, TASKS, any_stream, check_record, log};
use super::volatile::{Syncs, VolatileDisk};

/// In the environment: everything that the process is told, in one line.
pub(super) const ORDERS: &str = "EVENT_STORE_SOAK";
/// How the process is started: this test alone.
pub(super) const TEST: &str = "soak::load::child_that_works_until_it_is_killed";

/// What unsynced writes are to a kill.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum OnDisk {
    /// Kept by the system.
    Files,
    /// Lost with the process.
    Volatile,
    /// Lost, and what was synced likewise.
    Lying,
}

#[derive(Debug, Clone)]
pub(super) struct Orders {
    pub(super) dir: PathBuf,
    pub(super) disk: OnDisk,
    pub(super) seed: u64,
    pub(super) life: u64,
    /// Between two batches of a task; 0 for none.
    pub(super) pause_us: u64,
    pub(super) segment_kib: u64,
    /// Whether a backup is made into the folder beside the store.
    pub(super) backup: bool,
}

impl Orders {
    pub(super) fn to_line(&self) -> String {
        let Self { dir, disk, seed, life, pause_us, segment_kib, backup } = self;
        let dir = dir.display();
        format!("{disk:?} {seed} {life} {pause_us} {segment_kib} {backup} {dir}")
    }

    fn from_line(line: &str) -> Option<Self> {
        let mut words = line.splitn(7, ' ');
        let disk = match words.next()? {
            "Files" => OnDisk::Files,
            "Volatile" => OnDisk::Volatile,
            "Lying" => OnDisk::Lying,
            _ => return None,
        };
        let mut number = || words.next()?.parse().ok();
        let (seed, life, pause_us, segment_kib) = (number()?, number()?, number()?, number()?);
        let backup = words.next()?.parse().ok()?;
        let dir = PathBuf::from(words.next()?);
        Some(Self { dir, disk, seed, life, pause_us, segment_kib, backup })
    }

    pub(super) fn options(&self) -> Options {
        Options {
            segment_bytes: self.segment_kib << 10,
            ahead_bytes: (self.segment_kib << 10) / 4,
            reserve_bytes: 32 << 20,
            index_cache_bytes: 4 << 20,
        }
    }

    fn disk(&self) -> Arc<dyn Disk> {
        let files = Arc::new(Files::new(&self.dir));
        match self.disk {
            OnDisk::Files => files,
            OnDisk::Volatile => Arc::new(VolatileDisk::new(files, Syncs::Store)),
            OnDisk::Lying => Arc::new(VolatileDisk::new(files, Syncs::Lie)),
        }
    }

    pub(super) fn backup_folder(&self) -> PathBuf {
        backup_folder(&self.dir)
    }

    /// A generator for one purpose.
    fn random(&self, purpose: u64) -> SmallRng {
        SmallRng::seed_from_u64(self.seed ^ (self.life << 16) ^ purpose)
    }
}

pub(super) fn backup_folder(dir: &Path) -> PathBuf {
    dir.with_file_name("backup")
}

/// Not a test by itself: what a soak starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_works_until_it_is_killed() {
    let Ok(line) = std::env::var(ORDERS) else {
        return;
    };
    let orders = Orders::from_line(&line).expect("orders");
    say("opening");
    let store = Store::open_on(orders.disk(), orders.options());
    let store = store.unwrap_or_else(|error| wrong(&format!("opening: {error}")));
    say(&format!("opened {}", store.next_position()));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(append(store.clone(), orders.clone(), task));
    }
    tasks.spawn(follow(store.clone(), orders.clone()));
    tasks.spawn(read(store.clone(), orders.clone()));
    tasks.spawn(label(store.clone(), orders.clone()));
    if orders.backup {
        let (store, to) = (store.clone(), orders.backup_folder());
        tasks.spawn(async move {
            let backup = tokio::task::spawn_blocking(move || store.backup(to, &mut |_| ()));
            match backup.await.unwrap() {
                Ok(backed_up) => say(&format!("saw {}", backed_up.upto)),
                Err(error) => wrong(&format!("backup: {error}")),
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended.unwrap() {
            wrong(&error);
        }
    }
}

/// One write, so that a killed process leaves no half line that looks whole.
fn say(line: &str) {
    use std::io::Write as _;
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

fn wrong(what: &str) -> ! {
    say(&format!("wrong {what}"));
    std::process::abort();
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn pause(orders: &Orders) {
    match orders.pause_us {
        0 => tokio::task::yield_now().await,
        pause_us => tokio::time::sleep(Duration::from_micros(pause_us)).await,
    }
}

/// Appends batch after batch. What was acknowledged is seen by a read that begins afterwards.
async fn append(store: Store, orders: Orders, task: usize) -> Result<(), String> {
    for n in 0.. {
        let name = Name { life: orders.life, task, n };
        let mut batch = name.batch(orders.seed);
        // No other task appends to the streams of this one.
        if let Some(stream) = batch.records.iter().find_map(|record| record.stream) {
            let expected = match store.stream_revision(&stream).map_err(text)? {
                Some(revision) => Expected::Revision(revision),
                None => Expected::Absent,
            };
            batch.expected.push((stream, expected));
        }
        let appended = store.append(batch.clone()).await.map_err(text)?;
        say(&format!("ack {task} {n} {}", appended.first));
        if n % 4 == 0 {
            let count = batch.records.len();
            let page = store.read_since(appended.first, &Filter::All, count).map_err(text)?;
            for record in &page.records {
                check_record(record, orders.seed)?;
            }
            let placed = appended.records.first().ok_or("a batch without records")?;
            let found = store.read_log(&placed.log, placed.log_index, 1).map_err(text)?;
            if found.first().map(|it| it.position) != Some(placed.position) {
                return Err(format!("{placed:?} is not seen, but {found:?}"));
            }
        }
        pause(&orders).await;
    }
    Ok(())
}

/// Follows from some position on: nothing is missing, nothing comes twice.
async fn follow(store: Store, orders: Orders) -> Result<(), String> {
    let mut random = orders.random(1 << 8);
    loop {
        let from = random.random_range(0..=store.next_position().0);
        let mut subscription = store.subscribe(Position(from), Filter::All);
        for position in from..from + 5000 {
            let record = subscription.next().await.map_err(text)?;
            if record.position != Position(position) {
                return Err(format!("followed to {position}, and was given {record:?}"));
            }
            if position % 64 == 0 {
                check_record(&record, orders.seed)?;
                say(&format!("saw {}", position + 1));
                pause(&orders).await;
            }
        }
    }
}

/// Reads streams here and there, and has records proved.
async fn read(store: Store, orders: Orders) -> Result<(), String> {
    let mut random = orders.random(2 << 8);
    loop {
        let stream = any_stream(random.random_range(0..TASKS), &mut random);
        let records = store.read_stream(&stream, Revision(0), usize::MAX).map_err(text)?;
        for (revision, record) in (0..).zip(&records) {
            if record.stream != Some(stream) || record.revision != Some(Revision(revision)) {
                return Err(format!("revision {revision} of {stream} is {record:?}"));
            }
            check_record(record, orders.seed)?;
        }
        let log = log(random.random_range(0..LOGS.len()));
        let size = store.log_size(&log);
        if size > 0 {
            let index = random.random_range(0..size);
            let proof = store.inclusion_proof(&log, index, size).map_err(text)?;
            let root = store.root_at(&log, size).map_err(text)?;
            let found = store.read_log(&log, index, 1).map_err(text)?;
            let leaf = found.first().map(|record| merkle::leaf_hash(&record.leaf));
            let leaf = leaf.ok_or("a log is shorter than it was")?;
            merkle::verify_inclusion(&leaf, index, size, &proof, &root).map_err(text)?;
        }
        pause(&orders).await;
    }
}

/// Marks how far it has looked, and gives the streams labels on the way, as a projector does.
async fn label(store: Store, orders: Orders) -> Result<(), String> {
    let label = Label::new(&format!("life/{}", orders.life)).map_err(text)?;
    let mut upto = store.labels_upto().map_err(text)?;
    let mut end = store.watch();
    loop {
        let page = store.read_since(upto, &Filter::All, 256).map_err(text)?;
        if let Some(stream) = page.records.iter().find_map(|record| record.stream) {
            store.set_labels(&stream, vec![label.clone()], page.next).map_err(text)?;
        }
        store.advance_labels(page.next).map_err(text)?;
        upto = store.labels_upto().map_err(text)?;
        if upto != page.next {
            return Err(format!("labels are set up to {upto}, not {}", page.next));
        }
        if upto == *end.borrow_and_update() {
            end.changed().await.map_err(text)?;
        }
        pause(&orders).await;
    }
}
