//! Append-only, verifiable storage of bytes: numbered, Merkle-hashed logs with one atomic, durable
//! append over all of them.
//!
//! The journal is the truth: segment files of checksummed frames, one `fdatasync` for each group
//! of waiting batches. Everything else (offset files, hash files, streams, labels) is an index
//! beside it, never on the commit path and rebuilt whenever it is missing, behind or broken.
//! `FORMAT.md` gives every byte.
//!
//! The store does not know what the bytes mean: no States, no cases, no signatures.
//!
//! [`Store`] is the handle: [`Store::append`] writes, `read_*` read, [`Store::subscribe`] follows,
//! [`Store::inclusion_proof`] and [`Store::consistency_proof`] prove.

#![warn(missing_docs)]

mod append;
mod backup;
mod check;
mod database;
pub mod disk;
mod engine;
mod growth;
mod heal;
mod index;
mod journal;
mod label;
mod lengths;
mod limits;
mod live;
mod lost;
mod memory;
mod mend;
mod mutant;
mod name;
mod open;
#[cfg(test)]
mod power_cut;
mod proof;
mod queue;
mod read;
mod record;
mod sealer;
mod store;
mod subscribe;
mod token;
mod writer;

pub use append::{AppendError, Appended, Batch, Expected, Placed};
pub use backup::{
    BackedUp, BackupError, Progress, RestoreError, backup, backup_on, restore, restore_on,
};
pub use check::{
    Affected, Fault, RebuildError, Rebuilt, Verified, VerifyError, rebuild, rebuild_on, verify,
    verify_on,
};
pub use engine::Engine;
pub use heal::{HealError, Healed, heal, heal_on};
pub use label::LabelError;
pub use limits::{
    BATCH_BYTES_MAX, BATCH_CURSORS_MAX, BATCH_RECORDS_MAX, CURSOR_BYTES_MAX, GROUP_BATCHES_MAX,
    GROUP_BYTES_MAX, LABELS_MAX, PENDING_RECORDS_MAX, QUEUE_BYTES_MAX, READ_BYTES_MAX,
    READ_RECORDS_MAX, RECORD_BYTES_MAX, SCAN_RECORDS_MAX,
};
pub use lost::RECORDS_LOST;
pub use memory::{Memory, MemoryRecords};
pub use mend::{
    Broken, Filler, MendError, Mended, Seen, Slot, Stretch, mend, mend_heads, mend_heads_on,
    mend_on, survey, survey_on,
};
pub use merkle;
pub use name::{CursorName, Label, LogName, NameError, StreamId};
pub use open::{OpenError, Opening, Options, Recovery};
pub use read::{Page, ReadError};
pub use record::{Filter, NewRecord, Position, Revision, StoredRecord};
pub use store::Store;
pub use subscribe::Subscription;
pub use token::{Token, TokenError};
