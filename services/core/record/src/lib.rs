//! The record between two States: its bytes made, signed, sealed and verified.
//!
//! Bytes in, values out: no files, no network, no clock. Time is an argument, and randomness is
//! given by the caller ([`random::operating_system`] is the one source that this crate names).
//! `docs/SPEC.md` says every byte that is made here.

pub mod arrival;
pub mod body;
pub mod bundle;
pub mod canonical;
pub mod chain;
mod cose;
pub mod digest;
pub mod dispatch;
pub mod entry;
pub mod facts;
pub mod genesis;
pub mod key;
pub mod key_directory;
pub mod log;
pub mod log_id;
pub mod random;
pub mod root_statement;
pub mod rules;
pub mod seal;
pub mod wrap;
