//! The store: contract, faults, corruption, killed processes. Where a test's store lives, and why
//! some live on one disk alone, is in `place.rs`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod append;
mod astray;
mod backup;
mod bad_input;
mod contract;
mod corrupt;
mod crash;
mod fault_disk;
mod fixture;
mod heal;
mod index_parts;
mod label;
mod limit;
mod lost;
mod machine;
mod media;
mod mend;
mod mend_heads;
mod over_disk;
mod place;
mod proof;
mod read_fault;
mod retention;
mod sample;
mod seal;
mod small_disk;
mod soak;
mod subscribe;
