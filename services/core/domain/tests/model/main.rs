//! Every state of small models of two States and one case: `make model`.
//!
//! Each play begins where something is about to happen and explores whatever the two may then
//! state, hear and wait for, in every order, within a number of dispatches. In every state the
//! invariants are asked of what both nodes hold, and between two states those that compare. The
//! case is [`domain::case::Case::of`] itself; nothing of it is written again here.
//!
//! `quick` explores each play to a bounded depth; a name explores the plays with that name.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::indexing_slicing, reason = "tests")]
#![expect(clippy::print_stdout, reason = "the counts are what this is for")]
#![expect(dead_code, reason = "the histories are shared with the other tests")]

// `history.rs` is read by the crate's own tests too, where these are `crate::…`.
use domain::{case, chain, corridor, identifier, rules, time};

#[path = "../it/crossing.rs"]
mod crossing;
mod explore;
#[path = "../it/fault.rs"]
mod fault;
#[path = "../it/history.rs"]
mod history;
mod plays;
#[path = "../it/step.rs"]
mod step;
mod tally;
#[path = "../it/watch.rs"]
mod watch;

use std::process::ExitCode;
use std::time::Duration;

/// How long all plays are explored, at most.
const MINUTES_MAX: u64 = 10;

#[expect(
    clippy::disallowed_methods,
    reason = "what is explored is said on the line, and for how long"
)]
#[expect(clippy::disallowed_types, reason = "it ends after some minutes")]
fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|it| !it.starts_with('-')).collect();
    let quick = arguments.iter().any(|it| it == "quick");
    let named: Vec<&String> = arguments.iter().filter(|it| *it != "quick").collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|it| name.contains(*it));
    let tally = tally::Tally::default();
    let mut sound = true;
    let plays: Vec<&plays::Play> = plays::PLAYS.iter().filter(|it| wanted(it.name)).collect();
    let end = std::time::Instant::now() + Duration::from_secs(60 * MINUTES_MAX);
    for (at, play) in plays.iter().enumerate() {
        // What one play leaves of its share, those after it have.
        let left = end.saturating_duration_since(std::time::Instant::now());
        let share = left / u32::try_from(plays.len() - at).unwrap();
        sound &= explore::explore(play, quick, share, &tally);
    }
    let missing = tally.print();
    let complete = quick || !named.is_empty() || missing.is_empty();
    if !complete {
        println!("never occurred: {missing:?}");
    }
    if sound && complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
