//! The rules of the case, held against their invariants in many histories.

#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::indexing_slicing, reason = "tests")]

// `history.rs` is read by the crate's own tests too, where these are `crate::…`.
use domain::{case, chain, corridor, identifier, rules, time};

mod crossing;
mod fault;
mod generate;
mod history;
mod invariants;
mod judgement;
mod properties;
mod step;
mod symptoms;
mod watch;
