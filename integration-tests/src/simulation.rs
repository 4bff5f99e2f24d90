//! The deterministic simulation: the real core of two nodes (domain, record, ledger, store) on
//! simulated disks, with virtual time, a network that loses, repeats, reorders, delays and spoils,
//! power cuts, restored copies, wrong clocks and a byzantine partner. Every invariant of DESIGN 5
//! is asked after every step. A history is made from a seed, can be played again from it, and is
//! text.
//!
//! Not here: Kafka, gRPC and the services, which whole nodes are tested with. Keys are random; no
//! outcome depends on them.

pub mod chance;
pub mod crossing;
pub mod forger;
pub mod generate;
pub mod invariant;
pub mod node;
pub mod peer;
pub mod play;
pub mod rules;
pub mod seen;
pub mod site;
pub mod step;
pub mod story;
pub mod word;

use std::panic::{AssertUnwindSafe, catch_unwind};

use anyhow::{Context as _, Result, anyhow};

use generate::Generated;
use play::History;
use seen::{Occurred, Seen};

/// One in so many histories is looked at by a third, who verifies the evidence of every case.
const THOROUGH_EVERY: u64 = 8;

/// A history that has failed.
#[derive(Debug)]
pub struct Failed {
    /// What failed, at its shortest.
    pub history: Generated,
    /// Why, in words.
    pub why: String,
}

/// Plays a history to its end; what occurred.
///
/// # Errors
/// An invariant is broken, with the step after which.
pub fn play(generated: &Generated, thorough: bool) -> Result<Occurred> {
    let played = catch_unwind(AssertUnwindSafe(|| {
        let mut history = History::begin(generated.cast)?;
        for (index, step) in generated.steps.iter().enumerate() {
            history.play(step).with_context(|| format!("step {index}: {step}"))?;
        }
        history.end(thorough).context("at the end")?;
        Ok(std::mem::take(&mut history.occurred))
    }));
    played.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        Err(anyhow!("a panic: {}", words.unwrap_or_default()))
    })
}

/// Plays the history of a seed into `seen`; where it fails, it is made as short as it can be.
///
/// # Errors
/// The history that fails.
pub fn play_seed(seed: u64, seen: &mut Seen) -> Result<(), Box<Failed>> {
    let failed = |history: Generated, error: &anyhow::Error| {
        Box::new(Failed { history, why: format!("{error:#}") })
    };
    let generated = generate::history(seed).map_err(|error| {
        let cast = site::Cast { world: rules::World::Plain, byzantine: None };
        failed(Generated { cast, steps: Vec::new() }, &error)
    })?;
    let thorough = seed.is_multiple_of(THOROUGH_EVERY);
    match play(&generated, thorough) {
        Ok(occurred) => {
            seen.add(generated.steps.len() as u64, occurred);
            Ok(())
        }
        Err(_) => {
            let history = shrink(generated, thorough);
            let error = play(&history, thorough).err();
            let error = error.unwrap_or_else(|| anyhow!("it fails only now and then"));
            Err(failed(history, &error))
        }
    }
}

/// Leaves out steps, ever fewer at a time, as long as it still fails.
fn shrink(mut history: Generated, thorough: bool) -> Generated {
    let mut chunk = history.steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut shrunk = false;
        while at < history.steps.len() {
            let mut fewer = history.clone();
            let end = (at + chunk).min(fewer.steps.len());
            fewer.steps.drain(at..end);
            if play(&fewer, thorough).is_err() {
                history = fewer;
                shrunk = true;
            } else {
                at += chunk;
            }
        }
        if chunk == 1 && !shrunk {
            return history;
        }
        chunk = (chunk / 2).max(1);
    }
}
