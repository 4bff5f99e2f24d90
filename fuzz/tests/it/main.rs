//! The corpus, the regressions and the golden vectors, run through every target.
#![expect(clippy::unwrap_used, reason = "tests")]

mod input;
mod replay;
mod seed;
