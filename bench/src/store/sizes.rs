//! Stores from ten thousand entries to ten million: reading a case, memory, and, at a million, how
//! fast everything is read, checked, built again, and ready after a crash.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use event_store::{Filter, Options, Position, Store};
use futures::executor::block_on;

use super::material::{CASES_AT_ONCE, CASES_AT_ONCE_MANY};
use super::process::{Found, cases_read, crashed, filled, seconds};
use crate::Amount;
use crate::report::{Budget, Row};
use crate::rounds::{ROUNDS, median};

/// Entries of the stores.
const SIZES: [u64; 3] = [10_000, 100_000, 1_000_000];
/// And of one more, which takes long.
const LARGE: u64 = 10_000_000;
/// Entries of the store that is read whole, built again, and killed: DESIGN 13.
const WHOLE: u64 = 1_000_000;
/// Entries that a process appends before it is killed.
const BEFORE_CRASH: u64 = 5_000;

/// Flat: a thousand times the entries cost at most twice the time. What fits the processor's own
/// cache is read faster.
const FLAT: Budget = Budget::RatioAtMost(2.0);
/// And no more memory, in MiB, than the cache of the index (64) and half as much for all the rest.
const MEMORY: Budget = Budget::AtMost(96.0);
/// Seconds after a crash, and records a second that are indexed again: DESIGN 13.
const START: Budget = Budget::AtMost(2.0);
const REBUILD: Budget = Budget::AtLeast(300_000.0);

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let mut sizes: Vec<u64> = SIZES.to_vec();
    match amount {
        Amount::Quick => sizes.truncate(2),
        Amount::Full => {}
        Amount::Large => sizes.push(LARGE),
    }
    let stores: Vec<(u64, PathBuf)> =
        sizes.iter().map(|entries| (*entries, folder.join(format!("{entries}")))).collect();
    let mut rows = Vec::new();
    for (entries, store) in &stores {
        let found = filled(store, *entries, CASES_AT_ONCE)?;
        let name = format!("store: memory of a process that has appended {entries} entries");
        rows.push(Row::new(name, found.rss_mib, "MiB"));
    }
    rows.extend(cases(&stores)?);
    let whole = stores.iter().rfind(|(entries, _)| *entries <= WHOLE);
    let (entries, store) = whole.context("a store")?;
    rows.extend(sizes_on_disk(*entries, store)?);
    rows.extend(rates(*entries, store)?);
    rows.extend(crashes(*entries, store)?);
    rows.push(rebuild_of_many(*entries, &folder.join("many"))?);
    for (_, store) in &stores {
        std::fs::remove_dir_all(store)?;
    }
    Ok(rows)
}

/// Reading cases, at each size in turn.
fn cases(stores: &[(u64, PathBuf)]) -> Result<Vec<Row>> {
    let mut found: Vec<Vec<Found>> = stores.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for ((entries, store), found) in stores.iter().zip(&mut found) {
            let read = cases_read(store, *entries, u64::try_from(round)? * 1000)?;
            if round > 0 {
                found.push(read);
            }
        }
    }
    type Median = fn(&[Found]) -> Result<f64>;
    let figures: [(&str, &'static str, Option<Budget>, Median); 4] = [
        ("reading a case of 100, warm", "us", Some(FLAT), |found| {
            median(&found.iter().flat_map(|it| it.warm_us.clone()).collect::<Vec<_>>())
        }),
        ("reading a case of 100, cold", "us", Some(FLAT), |found| {
            median(&found.iter().flat_map(|it| it.cold_us.clone()).collect::<Vec<_>>())
        }),
        ("memory of the process that reads", "MiB", Some(MEMORY), |found| {
            median(&found.iter().map(|it| it.rss_mib).collect::<Vec<_>>())
        }),
        ("start after an orderly end, cold", "s", None, |found| {
            median(&found.iter().map(|it| it.open_s).collect::<Vec<_>>())
        }),
    ];
    let mut rows = Vec::new();
    for (what, unit, budget, figure) in figures {
        let smallest = figure(found.first().context("a store")?)?;
        for ((entries, _), found) in stores.iter().zip(&found) {
            let value = figure(found)?;
            let row = Row::new(format!("store: {what}, {entries} entries"), value, unit);
            let row = row.against(smallest, value / smallest);
            rows.push(match budget {
                Some(budget) => row.budget(budget),
                None => row,
            });
        }
    }
    Ok(rows)
}

fn bytes_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        bytes += match entry.file_type()?.is_dir() {
            true => bytes_of(&entry.path())?,
            false => entry.metadata()?.len(),
        };
    }
    Ok(bytes)
}

fn sizes_on_disk(entries: u64, store: &Path) -> Result<Vec<Row>> {
    let row = |what: &str, folder: &str| {
        let name = format!("store: bytes on disk of an entry of 512, {what}");
        let bytes = float(bytes_of(&store.join(folder))?);
        anyhow::Ok(Row::new(name, bytes / float(entries), "bytes"))
    };
    Ok(vec![row("journal", "journal")?, row("index", "index")?])
}

/// A count as a number to reckon with.
fn float(count: u64) -> f64 {
    f64::from(u32::try_from(count >> 8).unwrap_or(u32::MAX)) * 256.0
        + f64::from(u32::try_from(count & 0xff).unwrap_or(0))
}

/// Everything is read, in each way that reads everything.
fn rates(entries: u64, dir: &Path) -> Result<Vec<Row>> {
    let mut taken = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        let store = Store::open(dir, Options::default())?;
        let scanned = seconds(|| scan(&store, entries))?;
        let followed = seconds(|| follow(&store, entries))?;
        store.close();
        let verified = seconds(|| {
            let verified = event_store::verify(dir)?;
            ensure!(verified.records == entries, "{} records verified", verified.records);
            Ok(())
        })?;
        let rebuilt = seconds(|| rebuild(dir, entries))?;
        for (taken, took) in taken.iter_mut().zip([scanned, followed, verified, rebuilt]) {
            taken.push(float(entries) / took);
        }
    }
    let [scanned, followed, verified, rebuilt] = taken;
    let row = |what: &str, rates: &[f64]| {
        let name = format!("store: {what}, {entries} entries");
        anyhow::Ok(Row::new(name, median(rates)?, "records/s"))
    };
    Ok(vec![
        row("all read by position", &scanned)?,
        row("a subscription catches up", &followed)?,
        row("verify", &verified)?,
        row("rebuild of all that can be rebuilt", &rebuilt)?.budget(REBUILD),
    ])
}

/// The same of a store in which many cases are under way at the same time: its index is changed
/// everywhere at once.
fn rebuild_of_many(entries: u64, dir: &Path) -> Result<Row> {
    filled(dir, entries, CASES_AT_ONCE_MANY)?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        rates.push(float(entries) / seconds(|| rebuild(dir, entries))?);
    }
    std::fs::remove_dir_all(dir)?;
    let name = format!("store: rebuild, {CASES_AT_ONCE_MANY} cases at once, {entries} entries");
    Ok(Row::new(name, median(&rates)?, "records/s").budget(REBUILD))
}

fn rebuild(dir: &Path, entries: u64) -> Result<()> {
    let rebuilt = event_store::rebuild(dir, &mut |_| ())?;
    ensure!(rebuilt.records == entries, "{} records rebuilt", rebuilt.records);
    Ok(())
}

fn scan(store: &Store, entries: u64) -> Result<()> {
    let mut next = Position(0);
    let mut seen = 0;
    while next.0 < entries {
        let page = store.read_since(next, &Filter::All, usize::MAX)?;
        seen += u64::try_from(page.records.len())?;
        next = page.next;
    }
    ensure!(seen == entries, "{seen} entries read");
    Ok(())
}

fn follow(store: &Store, entries: u64) -> Result<()> {
    let mut subscription = store.subscribe(Position(0), Filter::All);
    for _ in 0..entries {
        block_on(subscription.next())?;
    }
    Ok(())
}

/// Processes that are killed at their work; and the loss of power, after which nothing is believed
/// of the index.
fn crashes(entries: u64, store: &Path) -> Result<Vec<Row>> {
    let (mut killed, mut indexed, mut powerless) = (Vec::new(), Vec::new(), Vec::new());
    crashed(store, BEFORE_CRASH)?;
    for _ in 0..ROUNDS {
        let found = crashed(store, BEFORE_CRASH)?;
        killed.push(found.open_s);
        indexed.push(float(found.indexed));
    }
    for _ in 0..ROUNDS {
        // What the index notes of the machine is that of another start.
        std::fs::write(store.join("index/trust"), "1 another start of the machine")?;
        let start = Instant::now();
        let opened = Store::open(store, Options::default())?;
        powerless.push(start.elapsed().as_secs_f64());
        ensure!(opened.recovery().index_rebuilt, "the index was believed");
        opened.close();
    }
    let name = |what: &str| format!("store: start after {what}, {entries} entries");
    Ok(vec![
        Row::new(name("a kill"), median(&killed)?, "s").budget(START),
        Row::new(name("a kill, indexed again"), median(&indexed)?, "records"),
        Row::new(name("a loss of power"), median(&powerless)?, "s").budget(START),
    ])
}
