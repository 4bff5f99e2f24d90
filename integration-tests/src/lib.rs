//! What tests that cross crates need: brokers to run against. Used by nothing else.

pub mod kafka;
pub mod topics;
