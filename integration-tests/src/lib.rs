//! What tests and the demo need to play with whole nodes: brokers, processes, people and stories.
//! Used by nothing else.
#![expect(clippy::indexing_slicing, reason = "indexing JSON yields null, never a panic")]

pub mod kafka;
pub mod topics;
pub mod courier;
pub mod port;
pub mod process;
pub mod person;
pub mod corridor;
pub mod latency;
pub mod telling;
pub mod story;
pub mod simulation;
