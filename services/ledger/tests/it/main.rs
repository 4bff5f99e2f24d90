//! Two ledgers on folders of their own, connected by hand: what one sends, the test carries.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod arrival;
mod attachment;
mod case;
mod clock;
mod crash;
mod cut;
mod disclosure;
mod erasure;
mod failing_disk;
mod faults;
mod forged;
mod forger;
mod group;
mod healed;
mod healed_late;
mod healed_lies;
mod hostile;
mod restated;
mod restored;
mod restored_era;
mod restored_fault;
mod rotation;
mod start;
mod witness;
mod supply;
mod world;
