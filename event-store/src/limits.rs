//! Every limit of the store, in one place. Sizes are in bytes.

/// One record: its header of 40 bytes, log name, stream, leaf and payload together.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// All records of one batch, as encoded.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// Records in one batch; and so many streams may it expect something of.
pub const BATCH_RECORDS_MAX: usize = 16 << 10;
/// Cursors in one batch.
pub const BATCH_CURSORS_MAX: usize = 1 << 10;
/// The value of one cursor. Below the 7 KiB that an index value may have.
pub const CURSOR_BYTES_MAX: usize = 4 << 10;
/// Batches that share one sync.
pub const GROUP_BATCHES_MAX: usize = 1 << 10;
/// Bytes after which a group takes no further batch.
pub const GROUP_BYTES_MAX: usize = 8 << 20;
/// Bytes waiting for the writer, of which each batch takes at least 1 KiB; further callers wait in
/// `append`.
pub const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Records committed and not yet in the index; beyond it the writer waits for the index.
pub const PENDING_RECORDS_MAX: usize = 64 << 10;
/// Records that one read returns at most, whatever was asked for.
pub const READ_RECORDS_MAX: usize = 4 << 10;
/// Bytes of records after which a read stops, having returned at least one.
pub const READ_BYTES_MAX: usize = 16 << 20;
/// Records that one filtered read looks at before it returns what it has found.
pub const SCAN_RECORDS_MAX: usize = 4 << 10;
/// Labels of one stream.
pub const LABELS_MAX: usize = 32;
/// Streams whose labels change in one step: below 2 MiB of the index's rows, since those of one
/// stream, old and new, have 15 KiB at most.
pub(crate) const LABELLED_TOGETHER: usize = 128;
/// Labels that one listing returns.
pub(crate) const LABELS_LISTED_MAX: usize = 4 << 10;

/// The body of a frame: a full group, plus the batch that filled it, plus its cursors.
pub(crate) const FRAME_BODY_BYTES_MAX: usize = 32 << 20;
/// Records that a replay gathers before it hands them to the index: at most about 100 MiB, for as
/// long as it opens. With few of them, a store in which many streams grow at the same time would
/// have each of its index values written again and again.
pub(crate) const REPLAY_RECORDS_MAX: usize = 256 << 10;
/// Records that a subscription reads ahead.
pub(crate) const SUBSCRIPTION_RECORDS_MAX: usize = 256;
/// Revisions in one packed value of the index: 2 KiB.
pub(crate) const CHUNK_REVISIONS: u64 = 256;
/// Streams whose length the writer remembers: at most about 4 MiB.
pub(crate) const LENGTHS_MAX: usize = 64 << 10;
/// Records of a group from which on another thread hashes them: fewer are done before it is awake.
pub(crate) const GROWN_APART_RECORDS_MIN: usize = 32;
/// Room for a frame that the writer keeps from one group to the next.
pub(crate) const FRAME_BYTES_KEPT: usize = 1 << 20;
/// Records that make the indexer start at once …
pub(crate) const INDEX_RECORDS_MIN: usize = 32 << 10;
/// … else it gathers for so long: fewer writes, and the writer has the processor.
pub(crate) const INDEX_GATHER_MS_MAX: u64 = 250;
/// The time between two attempts of the indexer where it lacks space or files.
pub(crate) const INDEX_RETRY_MS: u64 = 100;
/// The share of the reserve that the index leaves too. Its database writes some time later what it
/// is given, and must not be the one that finds the disk full.
pub(crate) const INDEX_RESERVE_PART: u64 = 4;
/// Nobody has appended for so long: then the writer writes zeros ahead, a step at a time.
pub(crate) const REST_MS: u64 = 10;
/// Full segments that wait to be sealed; others are handed over after a later append.
pub(crate) const SEALS_MAX: usize = 64;
