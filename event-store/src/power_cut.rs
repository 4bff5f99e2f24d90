//! Power cuts at every change of a recorded workload, and again and again after each recovery.
//!
//! Here and not in `tests/`, because only here can the store be built with faults in it, to see
//! that they are found. `POWER_CUTS` in the environment sets the number of cuts, `SEED` the seed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use futures::executor::block_on;
use futures::future::join_all;
use merkle::Frontier;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::disk::{Disk, Disturbance, Simulated, Step};
use crate::mutant::{self, Mutant};
use crate::{
    AppendError, Batch, CursorName, Filter, LogName, NewRecord, OpenError, Options, Position,
    Store, StreamId,
};

const LOGS: [&str; 5] = ["entries/NL/0", "entries/XK/0", "dispatches", "local", "access"];
const BATCHES: usize = 520;
const CUTS: usize = 100_000;
const THREADS: usize = 2;
/// Cuts within which each mutant is to be found.
const CUTS_MUTANT: usize = 100_000;

fn options() -> Options {
    Options {
        segment_bytes: 24 << 10,
        ahead_bytes: 4 << 10,
        reserve_bytes: 64,
        index_cache_bytes: 1 << 20,
    }
}

fn cursor() -> CursorName {
    CursorName::new("kafka/in").unwrap()
}

/// The `n`-th batch of a history. `life` makes those that are appended after a cut differ from
/// those that were lost in it.
fn planned(n: usize, life: usize) -> Batch {
    let records = (0..=usize::from(n % 6 == 5)).map(|part| {
        let length = match n % 40 {
            39 => 3000,
            n => n * 7 % 150,
        };
        let text = format!("{life}.{n}.{part}");
        NewRecord {
            log: LogName::new(LOGS[(n + part) % 5]).unwrap(),
            stream: (n % 4 != 3).then(|| StreamId::new(&[b'a' + (n % 7) as u8]).unwrap()),
            payload: format!("{text}{}", "x".repeat(length)).into_bytes(),
            leaf: text.into_bytes(),
        }
    });
    let value = format!("{life}.{n}").into_bytes();
    Batch {
        records: records.collect(),
        cursors: n.is_multiple_of(3).then(|| (cursor(), value)).into_iter().collect(),
        expected: Vec::new(),
    }
}

type Trees = BTreeMap<LogName, Frontier>;

/// What was handed to the store, in order, and the trees after each.
#[derive(Clone)]
struct History {
    batches: Vec<Arc<Batch>>,
    trees: Vec<Arc<Trees>>,
}

impl History {
    fn new() -> Self {
        Self { batches: Vec::new(), trees: vec![Arc::default()] }
    }

    fn push(&mut self, batch: Batch) {
        let mut trees = Trees::clone(self.trees.last().unwrap());
        for record in &batch.records {
            let tree = trees.entry(record.log.clone()).or_default();
            tree.push_with(merkle::leaf_hash(&record.leaf), |_| ());
        }
        self.batches.push(Arc::new(batch));
        self.trees.push(Arc::new(trees));
    }

    fn first(&self, count: usize) -> Self {
        Self { batches: self.batches[..count].to_vec(), trees: self.trees[..=count].to_vec() }
    }

    /// How many batches the store has: whole ones, in order, all that were acknowledged and no
    /// more than were handed in. Anything else is an error.
    fn check(&self, store: &Store, acknowledged: usize) -> Result<usize, String> {
        let mut expected = self.batches.iter().flat_map(|batch| &batch.records);
        let mut next = Position(0);
        let end = store.next_position();
        while next < end {
            let page = store.read_since(next, &Filter::All, usize::MAX);
            let page = page.map_err(|error| format!("{next}: {error}"))?;
            for found in &page.records {
                let good = expected.next().is_some_and(|new| {
                    (&new.log, &new.stream, &new.leaf, &new.payload)
                        == (&found.log, &found.stream, &found.leaf, &found.payload)
                });
                if !good {
                    return Err(format!("not what was appended: {found:?}"));
                }
            }
            next = page.next;
        }
        let mut records = 0;
        let mut kept = 0;
        for batch in &self.batches {
            records += batch.records.len() as u64;
            if records > end.0 {
                break;
            }
            kept += 1;
        }
        let whole = self.batches[..kept].iter().map(|batch| batch.records.len() as u64);
        if whole.sum::<u64>() != end.0 {
            return Err(format!("a batch is there in part: {end} records"));
        }
        if kept < acknowledged {
            return Err(format!("{acknowledged} batches acknowledged, {kept} there"));
        }
        for (log, tree) in &*self.trees[kept] {
            if store.log_frontier(log).root() != tree.root() {
                return Err(format!("another root of `{log}`"));
            }
        }
        let cursors = self.batches[..kept].iter().rev();
        let last = cursors.flat_map(|batch| &batch.cursors).next();
        if store.cursor(&cursor()).as_ref() != last.map(|(_, value)| value) {
            return Err("another cursor".to_owned());
        }
        Ok(kept)
    }
}

/// A workload as it reached the disk, and what was acknowledged when.
struct Recorded {
    steps: Vec<Step>,
    history: History,
    /// After so many steps so many batches were acknowledged, and so many handed in.
    known: Vec<(usize, usize, usize)>,
    segments: usize,
}

fn record() -> Recorded {
    let disk = Simulated::new();
    disk.record();
    let store = Store::open_on(Arc::new(disk.clone()), options()).unwrap();
    let mut history = History::new();
    let mut known = vec![(0, 0, 0)];
    while history.batches.len() < BATCHES {
        let acknowledged = history.batches.len();
        // Now and then several that may share a frame.
        let group = if acknowledged % 10 == 9 { 3 } else { 1 };
        for n in acknowledged..acknowledged + group {
            history.push(planned(n, 0));
        }
        known.push((disk.recorded_count(), acknowledged, history.batches.len()));
        let batches = history.batches[acknowledged..].iter();
        let appends = batches.map(|batch| store.append(Batch::clone(batch)));
        for result in block_on(join_all(appends)) {
            result.unwrap();
        }
        known.push((disk.recorded_count(), history.batches.len(), history.batches.len()));
    }
    store.close();
    Recorded {
        steps: disk.recorded(),
        history,
        known,
        segments: disk.list("journal").unwrap().len(),
    }
}

#[derive(Default)]
struct Counts {
    cuts: usize,
    cuts_in_recovery: usize,
    kills: usize,
    failed_syncs: usize,
    recoveries: usize,
    torn: usize,
    full_disks: usize,
    lying_reads: usize,
    images: HashSet<u64>,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.cuts_in_recovery += other.cuts_in_recovery;
        self.kills += other.kills;
        self.failed_syncs += other.failed_syncs;
        self.full_disks += other.full_disks;
        self.lying_reads += other.lying_reads;
        self.recoveries += other.recoveries;
        self.torn += other.torn;
        self.images.extend(other.images);
    }

    fn cut(&mut self, disk: &Simulated, random: &mut SmallRng) -> Simulated {
        let found = disk.cut(&mut |count| random.random_range(0..count));
        self.cuts += 1;
        self.images.insert(found.digest());
        found
    }
}

/// Without threads, so that the seed alone says what happens.
fn open(disk: &Simulated) -> Result<Store, OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Store::open_inline_on(&disk, options())
}

/// What one cut left behind: recovered, appended to, and cut or killed again, a few times.
fn live_on(
    mut disk: Simulated,
    mut history: History,
    mut acknowledged: usize,
    random: &mut SmallRng,
    counts: &mut Counts,
) -> Result<(), String> {
    const LIVES: usize = 3;
    for life in 1..=LIVES {
        if random.random_range(0..4) == 0 {
            disk = die_while_opening(disk, random, counts)?;
        }
        let store = open(&disk).map_err(|error| format!("not opened: {error}"))?;
        counts.recoveries += 1;
        counts.torn += usize::from(store.recovery().cut_bytes > 0);
        let kept = history.check(&store, acknowledged)?;
        history = history.first(kept);
        if life == LIVES {
            store.close();
            if random.random_range(0..8) == 0 {
                let verified = crate::verify_on(Arc::new(disk.clone()));
                let verified = verified.map_err(|error| format!("not sound: {error}"))?;
                if !verified.repairs.is_empty() {
                    return Err(format!("left after opening: {:?}", verified.repairs));
                }
            }
            break;
        }
        for n in kept..kept + 4 {
            history.push(planned(n, life));
        }
        acknowledged = append_until_failure(&disk, &store, &history, kept, (random, counts))?;
        store.close();
        if random.random_range(0..3) == 0 {
            counts.kills += 1;
            disk.go_on();
        } else {
            disk = counts.cut(&disk, random);
        }
    }
    Ok(())
}

/// The power goes, the process dies, or a read lies, while it opens.
fn die_while_opening(
    disk: Simulated,
    random: &mut SmallRng,
    counts: &mut Counts,
) -> Result<Simulated, String> {
    let lies = random.random_range(0..4) == 0;
    match lies {
        true => disk.disturb_read_after(Disturbance::FlipsBit, random.random_range(0..60)),
        false => disk.stop_after(random.random_range(0..16)),
    }
    counts.lying_reads += usize::from(lies);
    match open(&disk) {
        Ok(store) => store.close(),
        Err(OpenError::Io { .. } | OpenError::Index { .. }) => {}
        Err(OpenError::Corrupt { .. } | OpenError::Newer { .. }) if lies => {}
        Err(error) => return Err(format!("while opening: {error}")),
    }
    if random.random_range(0..3) == 0 {
        counts.kills += 1;
        disk.go_on();
        Ok(disk)
    } else {
        counts.cuts_in_recovery += 1;
        Ok(counts.cut(&disk, random))
    }
}

/// Appends what the history has from `kept` on, on a disk that fails on the way; how much is
/// acknowledged then.
fn append_until_failure(
    disk: &Simulated,
    store: &Store,
    history: &History,
    kept: usize,
    (random, counts): (&mut SmallRng, &mut Counts),
) -> Result<usize, String> {
    let failure = random.random_range(0..8);
    match failure {
        0 | 1 => disk.fail_sync_after(random.random_range(0..4)),
        2 => disk.limit_space(disk.used_bytes() + random.random_range(0..256)),
        _ => disk.stop_after(random.random_range(0..24)),
    }
    for (n, batch) in history.batches.iter().enumerate().skip(kept) {
        let mut appended = block_on(store.append(Batch::clone(batch)));
        if let Err(AppendError::DiskFull) = appended {
            // Nothing of it is there, and once there is space it goes on.
            counts.full_disks += 1;
            disk.go_on();
            disk.stop_after(random.random_range(1..24));
            appended = block_on(store.append(Batch::clone(batch)));
        }
        match appended {
            Ok(_) => {}
            Err(AppendError::Poisoned { .. }) => {
                counts.failed_syncs += usize::from(failure < 2);
                return Ok(n);
            }
            Err(error) => return Err(format!("append: {error}")),
        }
    }
    Ok(history.batches.len())
}

/// Cuts after every step of the workload, again and again until there are enough.
fn cut_everywhere(
    recorded: &Recorded,
    seed: u64,
    thread: usize,
    enough: usize,
) -> (Counts, Result<(), String>) {
    let mut counts = Counts::default();
    for pass in 0.. {
        let model = Simulated::new();
        let mut known = recorded.known.iter().peekable();
        let (mut acknowledged, mut submitted) = (0, 0);
        for (at, step) in recorded.steps.iter().enumerate() {
            model.replay(step);
            while let Some(now) = known.next_if(|(steps, ..)| *steps <= at + 1) {
                (acknowledged, submitted) = (now.1, now.2);
            }
            if at % THREADS != thread {
                continue;
            }
            let seed = seed ^ (((pass * recorded.steps.len() + at) as u64) << 1);
            let mut random = SmallRng::seed_from_u64(seed);
            let disk = counts.cut(&model, &mut random);
            let history = recorded.history.first(submitted);
            let result = live_on(disk, history, acknowledged, &mut random, &mut counts);
            if let Err(what) = result {
                return (counts, Err(format!("step {at}, {step:?}, seed {seed}: {what}")));
            }
        }
        if counts.cuts >= enough {
            break;
        }
    }
    (counts, Ok(()))
}

fn cut_in_threads(recorded: &Recorded, seed: u64, enough: usize) -> (Counts, Result<(), String>) {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || cut_everywhere(recorded, seed, thread, enough / THREADS))
            })
            .collect();
        let mut counts = Counts::default();
        let mut result = Ok(());
        for thread in threads {
            let (more, found) = thread.join().unwrap();
            counts.add(more);
            result = result.and(found);
        }
        (counts, result)
    })
}

#[test]
fn every_power_cut_keeps_what_was_acknowledged_and_every_mutant_is_found() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = number("SEED").map_or_else(rand::random, |seed: usize| seed as u64);
    eprintln!("SEED={seed}");
    let recorded = record();
    assert!(recorded.history.batches.len() >= 500 && recorded.segments > 2);

    let start = Instant::now();
    let enough = number("POWER_CUTS").unwrap_or(CUTS);
    let (counts, result) = cut_in_threads(&recorded, seed, enough);
    eprintln!(
        "{} power cuts ({} during recovery) after {} steps of {} batches over {} logs in {} \
         segments: {} distinct images, {} killed processes, {} failed syncs, {} full disks, {} \
         lying reads, {} recoveries, {} torn tails, {:.0?}",
        counts.cuts,
        counts.cuts_in_recovery,
        recorded.steps.len(),
        recorded.history.batches.len(),
        LOGS.len(),
        recorded.segments,
        counts.images.len(),
        counts.kills,
        counts.failed_syncs,
        counts.full_disks,
        counts.lying_reads,
        counts.recoveries,
        counts.torn,
        start.elapsed()
    );
    assert_eq!(result, Ok(()));
    // What is printed as tried was tried.
    let tried = [
        counts.cuts_in_recovery,
        counts.kills,
        counts.failed_syncs,
        counts.full_disks,
        counts.lying_reads,
        counts.torn,
    ];
    assert!(counts.cuts >= enough && !tried.contains(&0), "{tried:?}");

    for mutant in [
        Mutant::NoSync,
        Mutant::SyncBeforeWrite,
        Mutant::NoChecksum,
        Mutant::RenameBeforeSync,
        Mutant::NamesTakenForDurable,
        Mutant::LastFrameNotRewritten,
    ] {
        mutant::activate(Some(mutant));
        let (counts, result) = cut_everywhere(&record(), seed, 0, CUTS_MUTANT);
        mutant::activate(None);
        let found = result.expect_err(&format!("{mutant:?} was not found"));
        eprintln!("{mutant:?} found after {} cuts: {found:.120}", counts.cuts);
    }
}
