//! What occurred in histories, counted by histories: results, standings, crossings, what was done
//! with what arrived, crashes. Whatever should occur and hardly does is a failure of the simulation
//! itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What should occur, by the name that it is counted under.
pub const EXPECTED: &[&str] = &[
    "result: open",
    "result: accepted",
    "result: accepted-by-silence",
    "result: refused",
    "result: refused-by-silence",
    "result: returned-unconsidered",
    "result: withdrawn",
    "result: cancelled-after",
    "entry: an act without effect",
    "entry: a report in breach",
    "standing: provisional",
    "standing: confirmed",
    "arrival: stored",
    "arrival: duplicate",
    "arrival: parked, a gap",
    "arrival: parked, in the future",
    "arrival: quarantined",
    "arrival: bytes withheld",
    "network: lost",
    "network: out of order",
    "network: repeated",
    "network: flipped bits",
    "network: cut off",
    "power: cut between two steps",
    "power: cut within an append, not stored",
    "power: cut within an append, stored",
    "power: cut before the mark",
    "power: cut within an import",
    "copy: restored, and it lacks no word of its own",
    "copy: restored, and it waits for its own words",
    "copy: a word was taken back",
    "copy: whole again",
    "command: refused, the node waits for its own words",
    "mark: lost",
    "mark: lost, and an operator lets the node write again",
    "mark: lost, and the partner's word is not good enough",
    "body: read, of the Own log",
    "body: read, of the Partner log",
    "erasure: the bodies are closed",
    "proof: of two dispatches under one number",
    "proof: of a chain that breaks",
    "witness: holds no more than is known",
    "witness: holds more than the copy",
    "witness: answers low",
    "byzantine: answers low",
    "clock: ahead",
    "clock: behind",
    "command: repeated, the same reply",
    "command: decided again, the case had moved",
    "departure: met every condition",
    "case: three at a time",
    "arrival: a rival for its number",
    "arrival: breaks its own chain",
    "arrival: has heard what was never said",
    "byzantine: says",
    "byzantine: says-early",
    "byzantine: says-ahead",
    "byzantine: says-deaf",
    "byzantine: says-otherwise",
    "byzantine: says-dated-back",
    "byzantine: says-after-another",
    "byzantine: says-shrunk",
    "byzantine: says-rewritten",
    "byzantine: says-unheard",
    "byzantine: says-misheard",
    "byzantine: says-without-bytes",
    "byzantine: says-unsigned",
    "byzantine: floods a case",
    "byzantine: a key takes over",
    "byzantine: a key is revoked",
    "byzantine: the clock is corrected",
    "byzantine: the next era is begun",
    "arrival: of a frozen log",
    "arrival: held back after a restore",
    "standing: disputed",
    "command: refused, nothing is written to this partner",
];

/// A share of the histories, in thousandths, below which an expected thing is missing.
const MISSING_BELOW_PER_MILLE: u64 = 1;

/// What occurred in one history.
pub type Occurred = BTreeSet<String>;

/// What occurred in many histories.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// How many histories were played.
    pub histories: u64,
    /// How many steps they had.
    pub steps: u64,
    counts: BTreeMap<String, u64>,
}

impl Seen {
    /// Adds one history.
    pub fn add(&mut self, steps: u64, occurred: Occurred) {
        self.histories += 1;
        self.steps += steps;
        for name in occurred {
            *self.counts.entry(name).or_default() += 1;
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: Self) {
        self.histories += other.histories;
        self.steps += other.steps;
        for (name, count) in other.counts {
            *self.counts.entry(name).or_default() += count;
        }
    }

    /// In how many histories something occurred.
    #[must_use]
    pub fn count(&self, name: &str) -> u64 {
        self.counts.get(name).copied().unwrap_or_default()
    }

    /// What should have occurred in 0.1 % of the histories, and has not.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let rows = super::crossing::TABLE.iter().map(|row| format!("crossing: {}", row.design));
        let expected = EXPECTED.iter().map(|name| (*name).to_owned()).chain(rows);
        let few = |name: &String| {
            self.count(name) * 1_000 < self.histories * MISSING_BELOW_PER_MILLE
                || self.count(name) == 0
        };
        expected.filter(few).collect()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} histories, {} steps; each of these occurred in so many:",
            self.histories, self.steps
        )?;
        for (name, count) in &self.counts {
            let per_mille = count * 1_000 / self.histories.max(1);
            writeln!(f, "{count:>9}  {:>3}.{} %  {name}", per_mille / 10, per_mille % 10)?;
        }
        Ok(())
    }
}
