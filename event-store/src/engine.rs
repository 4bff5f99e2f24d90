//! What an engine must do: the contract that every place to keep records in fulfils, held by one
//! suite of tests for all of them (`tests/it/contract.rs`).
//!
//! [`Store`] is the engine that nodes run on; [`crate::Memory`] is for tests of callers. How one
//! over a shared database could come is in `docs/adr`.

use std::collections::BTreeMap;
use std::future::Future;

use merkle::{Frontier, Hash};
use tokio::sync::watch;

use crate::append::{AppendError, Appended, Batch};
use crate::label::LabelError;
use crate::name::{CursorName, Label, LogName, StreamId};
use crate::read::{Page, ReadError};
use crate::record::{Filter, Position, Revision, StoredRecord};
use crate::store::Store;
use crate::subscribe::Subscription;

/// Append-only, verifiable storage of bytes.
///
/// **Durability.** When `append` returns `Ok`, the whole batch survives everything that the engine
/// promises to survive: for one on a disk, the loss of power at any moment after that. After an
/// error nothing of the batch is stored, now or later, except after [`AppendError::Poisoned`]:
/// then the engine takes no more, and whether that batch is there is known only once it has been
/// opened again.
///
/// **Atomicity.** A batch is there as a whole or not at all, over all its logs, streams and
/// cursors; no read ever sees a part of it.
///
/// **Ordering.** There is one order of all records. Positions, the indexes of each log and the
/// revisions of each stream count it without gaps from 0, are never given twice, and never
/// change. Batches that are appended one after the other stand in that order; those that are
/// appended at the same time stand in any, each in one piece.
///
/// **What was acknowledged is seen** by every read that begins afterwards, through any handle.
/// What a read has seen, later reads see too.
///
/// **Expectations** are checked against everything that stands before the batch, in the same step
/// that stores it. Of two batches that expect the same revision, one is refused.
///
/// **Idempotency** is the caller's, made of expectations: an engine does not know that it has seen
/// a batch before. A caller that does not know whether its append was stored reads the stream, or
/// appends again with the same expectation, which then is refused with what is there.
///
/// **Reads never return less than is stored.** What cannot be read, or is not what was written, is
/// an error, not a shorter answer. A place beyond the end is an error too: it is of another store,
/// or of one that has been restored from an older copy.
///
/// **The seam of a subscription** loses nothing and doubles nothing: it reads by position, and
/// `watch` only says that there is more.
///
/// **Labels** are a projection: each `set_labels` is atomic with its position, none of it need
/// survive. An engine that has lost some says so by `labels_upto`, which has then gone back to
/// before the first of them.
///
/// **One writer.** At any time at most one process appends to a store. An engine makes sure of it,
/// and one that has lost the right to write refuses every append as `Poisoned`. The last handle
/// that is dropped closes it.
pub trait Engine: Clone + Send + Sync + 'static {
    /// Appends a batch. Dropping the future gives up the answer, not the append.
    fn append(&self, batch: Batch) -> impl Future<Output = Result<Appended, AppendError>> + Send;
    /// The same for somebody who has a thread for it, and blocks it.
    fn append_blocking(&self, batch: Batch) -> Result<Appended, AppendError> {
        futures::executor::block_on(self.append(batch))
    }
    /// The position of the next record.
    fn next_position(&self) -> Position;
    /// Follows `next_position`; changes after what it tells of can be read.
    fn watch(&self) -> watch::Receiver<Position>;
    /// Why no more appends are taken; `None` while they are.
    fn failure(&self) -> Option<String>;
    /// Waits for the appends under way, and gives the store free. Everything that is asked
    /// afterwards, through any handle, is refused as closed.
    fn close(&self);

    /// Up to `max` records of a log from `from` on: fewer if a limit says so, none only at the
    /// end. A log begins with its first record; before that it is empty.
    fn read_log(
        &self,
        log: &LogName,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError>;
    /// The same of a stream.
    fn read_stream(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError>;
    /// Up to `max` records from a position on that the filter admits, and how far it has looked.
    fn read_since(&self, from: Position, filter: &Filter, max: usize) -> Result<Page, ReadError>;
    /// The revision of the last record of a stream.
    fn stream_revision(&self, stream: &StreamId) -> Result<Option<Revision>, ReadError>;
    /// How many records a log has.
    fn log_size(&self, log: &LogName) -> u64;
    /// All logs with their sizes, by name.
    fn logs(&self) -> Vec<(LogName, u64)>;
    /// The last value of a cursor that was appended.
    fn cursor(&self, name: &CursorName) -> Option<Vec<u8>>;
    /// Follows the records from a position on that the filter admits.
    fn subscribe(&self, from: Position, filter: Filter) -> Subscription<Self> {
        Subscription::new(self.clone(), from, filter)
    }

    /// The right edge of a log's Merkle tree.
    fn log_frontier(&self, log: &LogName) -> Frontier;
    /// The root of the first `size` records of a log.
    fn root_at(&self, log: &LogName, size: u64) -> Result<Hash, ReadError>;
    /// The proof that record `index` is in the tree of the first `size` records.
    fn inclusion_proof(&self, log: &LogName, index: u64, size: u64)
    -> Result<Vec<Hash>, ReadError>;
    /// The proof that the first `from` records are the beginning of the first `to`.
    fn consistency_proof(&self, log: &LogName, from: u64, to: u64) -> Result<Vec<Hash>, ReadError>;

    /// Replaces the labels of a stream, and notes that everything before `upto` was projected.
    fn set_labels(
        &self,
        stream: &StreamId,
        labels: Vec<Label>,
        upto: Position,
    ) -> Result<(), LabelError>;
    /// Likewise of several streams; `upto` is noted last.
    fn set_labels_of(
        &self,
        streams: BTreeMap<StreamId, Vec<Label>>,
        upto: Position,
    ) -> Result<(), LabelError>;
    /// Notes that everything before `upto` was projected.
    fn advance_labels(&self, upto: Position) -> Result<(), LabelError>;
    /// Labels that start with `prefix`, with their streams, in order, after a pair; at most
    /// `limit`, and an engine may return 4,096 where more are asked for.
    fn list_labels(
        &self,
        prefix: &str,
        after: Option<&(Label, StreamId)>,
        limit: usize,
    ) -> Result<Vec<(Label, StreamId)>, LabelError>;
    /// The labels of one stream, in order.
    fn labels_of(&self, stream: &StreamId) -> Result<Vec<Label>, LabelError>;
    /// Everything before this position was projected.
    fn labels_upto(&self) -> Result<Position, LabelError>;
    /// Removes all labels.
    fn clear_labels(&self) -> Result<(), LabelError>;
}

/// Each call goes to the store's own method of that name.
macro_rules! by_own_method {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        $(fn $name(&self, $($argument: $type),*) -> $result {
            Self::$name(self, $($argument),*)
        })*
    };
}

impl Engine for Store {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        Self::append(self, batch).await
    }

    by_own_method! {
        append_blocking(batch: Batch) -> Result<Appended, AppendError>;
        next_position() -> Position;
        watch() -> watch::Receiver<Position>;
        failure() -> Option<String>;
        close() -> ();
        read_log(log: &LogName, from: u64, max: usize)
            -> Result<Vec<StoredRecord>, ReadError>;
        read_stream(stream: &StreamId, from: Revision, max: usize)
            -> Result<Vec<StoredRecord>, ReadError>;
        read_since(from: Position, filter: &Filter, max: usize)
            -> Result<Page, ReadError>;
        stream_revision(stream: &StreamId) -> Result<Option<Revision>, ReadError>;
        log_size(log: &LogName) -> u64;
        logs() -> Vec<(LogName, u64)>;
        cursor(name: &CursorName) -> Option<Vec<u8>>;
        log_frontier(log: &LogName) -> Frontier;
        root_at(log: &LogName, size: u64) -> Result<Hash, ReadError>;
        inclusion_proof(log: &LogName, index: u64, size: u64)
            -> Result<Vec<Hash>, ReadError>;
        consistency_proof(log: &LogName, from: u64, to: u64)
            -> Result<Vec<Hash>, ReadError>;
        set_labels(stream: &StreamId, labels: Vec<Label>, upto: Position)
            -> Result<(), LabelError>;
        set_labels_of(streams: BTreeMap<StreamId, Vec<Label>>, upto: Position)
            -> Result<(), LabelError>;
        advance_labels(upto: Position) -> Result<(), LabelError>;
        list_labels(prefix: &str, after: Option<&(Label, StreamId)>, limit: usize)
            -> Result<Vec<(Label, StreamId)>, LabelError>;
        labels_of(stream: &StreamId) -> Result<Vec<Label>, LabelError>;
        labels_upto() -> Result<Position, LabelError>;
        clear_labels() -> Result<(), LabelError>;
    }
}
