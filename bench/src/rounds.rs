//! Rounds: everything that is compared runs once in each, so that a disturbance of the machine
//! meets all of it; what is reported is the median over the rounds.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Rounds of every figure.
pub(crate) const ROUNDS: usize = 5;

/// How long something takes.
#[derive(Clone, Copy, Debug)]
enum Watch {
    /// What this thread has worked: others on the machine take nothing from it.
    Core(Duration),
    /// The wall's clock, where the system does not say what a thread has worked.
    Wall(Instant),
}

impl Watch {
    fn start() -> Self {
        worked().map_or_else(|| Self::Wall(Instant::now()), Self::Core)
    }

    fn elapsed(self) -> Duration {
        match self {
            Self::Core(start) => worked().unwrap_or_default().saturating_sub(start),
            Self::Wall(start) => start.elapsed(),
        }
    }
}

/// What this thread has worked, in the kernel's own count; Linux only.
fn worked() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Something that is run once in each round, and how much it did.
pub(crate) struct Candidate<'a> {
    /// The name of its row.
    pub(crate) name: String,
    /// Does the work and says how many pieces of it there were.
    pub(crate) work: Box<dyn FnMut() -> Result<usize> + 'a>,
}

/// Runs all candidates in [`ROUNDS`] rounds, after one that warms up; pieces a second of one core.
///
/// # Errors
/// A candidate failed.
pub(crate) fn interleaved(candidates: &mut [Candidate<'_>]) -> Result<Vec<(String, f64)>> {
    let mut rates = vec![Vec::with_capacity(ROUNDS); candidates.len()];
    for round in 0..=ROUNDS {
        for (candidate, rates) in candidates.iter_mut().zip(&mut rates) {
            let start = Watch::start();
            let pieces = (candidate.work)().with_context(|| candidate.name.clone())?;
            if round > 0 {
                rates.push(per_second(pieces, start.elapsed()));
            }
        }
    }
    let named = candidates.iter().zip(&rates);
    named.map(|(candidate, rates)| Ok((candidate.name.clone(), median(rates)?))).collect()
}

/// Pieces a second.
pub(crate) fn per_second(pieces: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(pieces).unwrap_or(u32::MAX)) / took.as_secs_f64()
}

/// The median.
///
/// # Errors
/// Nothing was measured.
pub(crate) fn median(values: &[f64]) -> Result<f64> {
    percentile(values, 50)
}

/// The value that so many of a hundred do not exceed.
///
/// # Errors
/// Nothing was measured.
pub(crate) fn percentile(values: &[f64], percent: usize) -> Result<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).copied().context("nothing was measured")
}

/// Milliseconds.
pub(crate) fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}
