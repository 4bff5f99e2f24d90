//! Many who wait at the same time, one record each: the store alone, the whole ledger, and threads
//! over a bare file whose syncs are shared likewise.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use event_store::{Options, Store};

use super::bare::Grouped;
use super::material::{batch, framed, value};
use crate::Amount;
use crate::host::{By, Host, OpenCase, Site};
use crate::import;
use crate::parties::{self, ASKED, ASKING, Author};
use crate::report::{Budget, Row};
use crate::rounds::{ROUNDS, median, ms, per_second, percentile};

/// Who wait at the same time.
const TASKS: usize = 64;
/// Records of each of them in a round …
const EACH: usize = 400;
/// … and through the ledger's writer, whose views follow within a second: that belongs to the
/// round …
const EACH_WRITER: usize = 480;
/// … or through its service, which takes longer …
const EACH_SERVICE: usize = 160;
/// … on so many cases in turn, opened for the round: a case has a dozen entries, not thousands.
const CASES_EACH: usize = 32;

/// The ways into the ledger. The budget is for what DESIGN 13 names: sealed, Merkle-hashed, signed.
/// The others add what a caller of the ledger's service pays.
const WAYS: [(By, usize, &str); 3] = [
    (By::Writer, EACH_WRITER, "through the ledger's writer"),
    (By::Method, EACH_SERVICE, "through the ledger's service"),
    (By::Grpc, EACH_SERVICE, "through the ledger's service by gRPC"),
];

/// Of 64 threads on a bare file: DESIGN 13.
const RATE: Budget = Budget::RatioAtLeast(0.5);
/// Milliseconds: DESIGN 13.
const P99: Budget = Budget::AtMost(5.0);

/// How long each piece took, and all of them together.
struct Ran {
    took: Duration,
    pieces: Vec<Duration>,
}

#[derive(Default)]
struct Taken {
    rates: Vec<f64>,
    ms: Vec<f64>,
}

impl Taken {
    fn add(&mut self, ran: &Ran) {
        self.rates.push(per_second(ran.pieces.len(), ran.took));
        self.ms.extend(ran.pieces.iter().copied().map(ms));
    }
}

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let folder = folder.join("waiting");
    std::fs::create_dir_all(&folder)?;
    let each = amount.of(EACH);
    let bare = Grouped::create(&folder.join("bare"), TASKS * each * framed(1))?;
    let store = Store::open(folder.join("store"), Options::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let host = runtime.block_on(ledger(&folder))?;
    let (mut of_bare, mut of_store) = (Taken::default(), Taken::default());
    let mut of_ledger = WAYS.map(|_| Taken::default());
    for round in 0..=ROUNDS {
        let bare = on_bare(&bare, each)?;
        let store = runtime.block_on(on_store(&store, round, each))?;
        if round > 0 {
            of_bare.add(&bare);
            of_store.add(&store);
        }
        for ((by, each, _), taken) in WAYS.iter().zip(&mut of_ledger) {
            let ran = runtime.block_on(on_ledger(&host, round, amount.of(*each), *by))?;
            // What follows behind is not to weigh on the next.
            runtime.block_on(host.rest())?;
            if round > 0 {
                taken.add(&ran);
            }
        }
    }
    runtime.block_on(async {
        let host = Arc::into_inner(host).context("somebody still uses the node")?;
        host.stop().await;
        anyhow::Ok(())
    })?;
    store.close();
    let [rate, p99] = table("on a bare file, 64 threads", &of_bare, &of_bare)?;
    let mut rows = vec![rate, p99];
    let [rate, p99] = table("on the store alone", &of_store, &of_bare)?;
    rows.extend([rate.budget(RATE), p99.budget(P99)]);
    for ((by, _, what), taken) in WAYS.iter().zip(&of_ledger) {
        let [rate, p99] = table(what, taken, &of_bare)?;
        rows.extend(match by {
            By::Writer => [rate.budget(RATE), p99.budget(P99)],
            By::Method | By::Grpc => [rate, p99],
        });
    }
    Ok(rows)
}

fn table(what: &str, taken: &Taken, bare: &Taken) -> Result<[Row; 2]> {
    let name = format!("store: 64 wait, {what}");
    let rate = Row::new(name.clone(), median(&taken.rates)?, "records/s");
    let p99 = Row::new(format!("{name}, p99"), percentile(&taken.ms, 99)?, "ms");
    let ratios: Vec<f64> =
        taken.rates.iter().zip(&bare.rates).map(|(rate, bare)| rate / bare).collect();
    Ok([rate.against(median(&bare.rates)?, median(&ratios)?), p99])
}

fn on_bare(bare: &Grouped, each: usize) -> Result<Ran> {
    bare.rewind();
    let piece = vec![0x5a; framed(1)];
    let start = Instant::now();
    let pieces = std::thread::scope(|scope| {
        let thread = || {
            let mut pieces = Vec::with_capacity(each);
            for _ in 0..each {
                let start = Instant::now();
                bare.append(&piece)?;
                pieces.push(start.elapsed());
            }
            anyhow::Ok(pieces)
        };
        let threads: Vec<_> = (0..TASKS).map(|_| scope.spawn(thread)).collect();
        let mut all = Vec::new();
        for thread in threads {
            let pieces = thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?;
            all.extend(pieces?);
        }
        anyhow::Ok(all)
    })?;
    Ok(Ran { took: start.elapsed(), pieces })
}

async fn on_store(store: &Store, round: usize, each: usize) -> Result<Ran> {
    let mut prepared = Vec::new();
    for task in 0..TASKS {
        let mut batches = Vec::with_capacity(each);
        for index in 0..each {
            let number = u64::try_from((round * TASKS + task) * each + index)?;
            batches.push(batch(number, &[value(number)])?);
        }
        prepared.push(batches);
    }
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for batches in prepared {
        let store = store.clone();
        tasks.spawn(async move {
            let mut pieces = Vec::with_capacity(batches.len());
            for batch in batches {
                let start = Instant::now();
                store.append(batch).await?;
                pieces.push(start.elapsed());
            }
            anyhow::Ok(pieces)
        });
    }
    ended(start, tasks).await
}

/// A node that knows a partner.
async fn ledger(folder: &Path) -> Result<Arc<Host>> {
    let genesis = parties::genesis()?;
    let site = Site::new(ASKING, ASKED, &folder.join("ledger"))?;
    site.prepare(&genesis)?;
    let host = Arc::new(Host::start(&site, None).await?);
    let now_ms = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    let mut partner = Author::new(&genesis, ASKED, now_ms)?;
    import::introduce(&host, &mut partner).await?;
    Ok(host)
}

/// Cases that can be stated on, some for each task.
async fn opened(host: &Arc<Host>, run: &str) -> Result<Arc<Vec<OpenCase>>> {
    let cases = host.open(TASKS * CASES_EACH, run).await?;
    let cases = host.look(cases).await?;
    host.rest().await?;
    Ok(Arc::new(cases))
}

async fn on_ledger(host: &Arc<Host>, round: usize, each: usize, by: By) -> Result<Ran> {
    let cases = opened(host, &format!("{by:?}-{round}")).await?;
    let start = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..TASKS {
        let (host, cases) = (Arc::clone(host), Arc::clone(&cases));
        tasks.spawn(async move {
            let mut pieces = Vec::with_capacity(each);
            for index in 0..each {
                let case = cases.get(task + TASKS * (index % CASES_EACH));
                let case = case.context("cases for each task")?;
                let request_id = format!("{by:?}-{round}-{task}-{index}");
                let start = Instant::now();
                host.append(case, &request_id, by).await?;
                pieces.push(start.elapsed());
            }
            anyhow::Ok(pieces)
        });
    }
    ended(start, tasks).await
}

async fn ended(
    start: Instant,
    mut tasks: tokio::task::JoinSet<Result<Vec<Duration>>>,
) -> Result<Ran> {
    let mut pieces = Vec::new();
    while let Some(done) = tasks.join_next().await {
        pieces.extend(done??);
    }
    Ok(Ran { took: start.elapsed(), pieces })
}
