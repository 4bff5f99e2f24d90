//! The rules of return and readmission: pure, synchronous, without input or output.
//!
//! Everything here takes values and returns values. Time, identifiers and the acting authority
//! are fields of what is passed in; nothing reads a clock, a file or a random number.

pub mod identifier;
pub mod time;
pub mod sensitive;
pub mod person;
pub mod rules;
pub mod clock;
pub mod corridor;
pub mod chain;
pub mod case;
pub mod referral;
pub mod safeguard;
pub mod invariant;
pub(crate) mod mutant;
