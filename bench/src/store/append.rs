//! Durable appends, one batch after the other: the store, a bare file, and what people would pick
//! instead.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use event_store::{Options, Store};

use super::bare::{Growing, Preallocated};
use super::material::{Value, batch, framed, value};
use crate::Amount;
use crate::report::{Budget, Row};
use crate::rounds::{ROUNDS, median, per_second};

/// Records of a batch, batches of a round, and the budget of DESIGN 13.
const SIZES: &[(usize, usize, Budget)] = &[
    (1, 800, Budget::RatioAtLeast(0.8)),
    (10, 600, Budget::RatioAtLeast(0.8)),
    (100, 300, Budget::RatioAtLeast(0.6)),
    (1000, 60, Budget::RatioAtLeast(0.4)),
];

/// Ahead of every peer.
const AHEAD: Budget = Budget::RatioAtLeast(1.0);

/// Something that makes batches durable.
pub(crate) trait Candidate {
    /// With its version.
    fn name(&self) -> String;

    /// Makes one batch after the other durable, in which values are numbered from `first` on, and
    /// says how long that took.
    fn append(&mut self, first: u64, batches: &[Vec<Value>]) -> Result<Duration>;
}

/// The store, and who waits for it.
struct Ours {
    store: Store,
}

impl Candidate for Ours {
    fn name(&self) -> String {
        "the store".to_owned()
    }

    fn append(&mut self, first: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        let mut prepared = Vec::with_capacity(batches.len());
        let mut number = first;
        for values in batches {
            prepared.push(batch(number, values)?);
            number += u64::try_from(values.len())?;
        }
        let start = Instant::now();
        for batch in prepared {
            self.store.append_blocking(batch)?;
        }
        Ok(start.elapsed())
    }
}

pub(crate) fn measure(amount: Amount, folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (records, batches, budget) in SIZES {
        let folder = folder.join(format!("append-{records}"));
        std::fs::create_dir_all(&folder)?;
        let batches = amount.of(*batches);
        let mut candidates: Vec<Box<dyn Candidate>> = vec![
            Box::new(Preallocated::create(&folder.join("bare"), batches * framed(*records))?),
            Box::new(Ours { store: Store::open(folder.join("store"), Options::default())? }),
            Box::new(Growing::create(&folder.join("growing"))?),
        ];
        candidates.extend(peers(&folder)?);
        let rates = rounds(&mut candidates, *records, batches)?;
        drop(candidates);
        rows.extend(table(*records, *budget, &rates)?);
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(rows)
}

#[cfg(feature = "peers")]
fn peers(folder: &Path) -> Result<Vec<Box<dyn Candidate>>> {
    super::peers::all(folder)
}

#[cfg(not(feature = "peers"))]
fn peers(_: &Path) -> Result<Vec<Box<dyn Candidate>>> {
    eprintln!("built without the feature `peers`: nothing that people would pick instead");
    Ok(Vec::new())
}

/// The rates of one candidate, in records a second, by round.
struct Rates {
    name: String,
    rates: Vec<f64>,
}

/// What one leaves to the next (an index to write, a table to merge) meets another in each round:
/// the first moves on.
fn rounds(
    candidates: &mut [Box<dyn Candidate>],
    records: usize,
    batches: usize,
) -> Result<Vec<Rates>> {
    let mut rates: Vec<Rates> = candidates
        .iter()
        .map(|candidate| Rates { name: candidate.name(), rates: Vec::new() })
        .collect();
    let mut first = 0;
    for round in 0..=ROUNDS {
        let mut numbers = first..;
        let batches: Vec<Vec<Value>> =
            (0..batches).map(|_| numbers.by_ref().take(records).map(value).collect()).collect();
        let next = numbers.start;
        let count = candidates.len();
        for turn in 0..count {
            let at = (turn + round) % count;
            let (candidate, rates) =
                candidates.get_mut(at).zip(rates.get_mut(at)).context("a candidate")?;
            let took = candidate.append(first, &batches).with_context(|| rates.name.clone())?;
            if round > 0 {
                rates.rates.push(per_second(batches.len() * records, took));
            }
        }
        first = next;
    }
    Ok(rates)
}

fn table(records: usize, budget: Budget, rates: &[Rates]) -> Result<Vec<Row>> {
    let [bare, ours, others @ ..] = rates else {
        anyhow::bail!("nothing was measured");
    };
    let name = |what: &str| format!("store: append, {records} a batch, {what}");
    let against = |row: Row, one: &[f64], other: &[f64]| {
        let ratios: Vec<f64> = one.iter().zip(other).map(|(one, other)| one / other).collect();
        Ok::<_, anyhow::Error>(row.against(median(other)?, median(&ratios)?))
    };
    let row = |it: &Rates| {
        let row = Row::new(name(&it.name), median(&it.rates)?, "records/s");
        against(row, &it.rates, &bare.rates)
    };
    let mut rows = vec![row(ours)?.budget(budget)];
    for other in others {
        rows.push(row(other)?);
    }
    let peers = others.get(1..).unwrap_or_default();
    if !peers.is_empty() {
        // The fastest of each round, whichever that was.
        let fastest = |round: usize| {
            let of_round = peers.iter().filter_map(|peer| peer.rates.get(round).copied());
            of_round.fold(0.0, f64::max)
        };
        let fastest: Vec<f64> = (0..ours.rates.len()).map(fastest).collect();
        ensure!(fastest.iter().all(|rate| *rate > 0.0), "a round without peers");
        let row =
            Row::new(name("the store by the fastest peer"), median(&ours.rates)?, "records/s");
        rows.push(against(row, &ours.rates, &fastest)?.budget(AHEAD));
    }
    Ok(rows)
}
