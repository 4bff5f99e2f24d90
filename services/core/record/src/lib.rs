//! The record between two States: its bytes made, signed, sealed and verified.
//!
//! Bytes in, values out: no files, no network, no clock. Time is an argument, and randomness is
//! given by the caller ([`random::operating_system`] is the one source that this crate names).
//! `docs/SPEC.md` says every byte that is made here.

pub mod canonical;
pub mod digest;
pub mod genesis;
pub mod log_id;
pub mod key;
pub mod root_statement;
pub mod key_directory;
pub mod facts;
pub mod body;
pub mod rules;
pub mod seal;
pub mod wrap;
pub mod attachment;
pub mod entry;
pub mod dispatch;
pub mod breach;
pub mod era;
pub mod log;
pub mod arrival;
pub mod fault;
pub mod counting;
pub mod chain;
pub mod bundle;
pub mod fault_evidence;
pub mod entry_proof;
mod cose;
pub mod random;
