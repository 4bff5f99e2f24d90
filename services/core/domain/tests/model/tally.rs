//! What occurred in the states that were explored, and how often.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use domain::case::Case;
use domain::case::outcome::Standing;

use crate::crossing::{self, TABLE};
use crate::fault;
use crate::history::History;

/// Results that a request may have.
const RESULTS: [&str; 8] = [
    "open",
    "accepted",
    "accepted-by-silence",
    "refused",
    "refused-by-silence",
    "returned-unconsidered",
    "withdrawn",
    "cancelled-after",
];

/// Standings that a result may have.
const STANDINGS: [&str; 3] = ["provisional", "confirmed", "disputed"];

/// Counts of states by what occurs in them.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Tally {
    /// Counts what occurs in a case.
    pub(crate) fn count(&self, case: &Case, history: &History) {
        let standing = match case.standing {
            Standing::Provisional => "provisional",
            Standing::Confirmed => "confirmed",
            Standing::Disputed => "disputed",
        };
        let mut counts = self.0.lock().unwrap();
        let crossings = crossing::occurred(case, history);
        let faults = fault::occurred(case, history);
        let seen = [case.outcome_word(), standing].into_iter().chain(crossings).chain(faults);
        for name in seen {
            *counts.entry(name).or_default() += 1;
        }
    }

    /// Prints the counts; returns what never occurred of results, standings and crossings.
    pub(crate) fn print(&self) -> Vec<&'static str> {
        let counts = self.0.lock().unwrap();
        let crossings = TABLE.iter().map(|row| row.design);
        let wanted: Vec<&str> = RESULTS.into_iter().chain(STANDINGS).chain(crossings).collect();
        let faults = fault::ROWS.iter().map(|(name, _)| *name);
        for name in wanted.iter().copied().chain(faults) {
            println!("{:>9}  {name}", counts.get(name).copied().unwrap_or_default());
        }
        wanted.into_iter().filter(|name| !counts.contains_key(name)).collect()
    }
}
