//! An engine that keeps everything in memory and nothing beyond it, for tests of callers.
//!
//! Of the store's code it has the checks of a batch, the tree's arithmetic with its source of
//! nodes, and the subscription, and else its own, so that the suite that both pass says something.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use merkle::{Frontier, Hash};
use tokio::sync::watch;

use crate::append::{AppendError, Appended, Batch, Placed, Prepared};
use crate::engine::Engine;
use crate::index::column::Place;
use crate::journal::bytes::{narrow, wide};
use crate::label::LabelError;
use crate::limits::{LABELS_MAX, READ_RECORDS_MAX, SCAN_RECORDS_MAX};
use crate::live::FnSource;
use crate::name::{CursorName, Label, LogName, StreamId};
use crate::open::OpenError;
use crate::read::{Page, ReadError};
use crate::record::{Filter, Position, Revision, StoredRecord};

/// The records themselves, which outlive the handles to them.
#[derive(Clone, Debug, Default)]
pub struct MemoryRecords {
    held: Arc<Mutex<Held>>,
}

/// An open engine over [`MemoryRecords`]. The last clone closes it.
#[derive(Clone, Debug)]
pub struct Memory {
    opening: Arc<Opening>,
}

#[derive(Debug)]
struct Opening {
    held: Arc<Mutex<Held>>,
    is_closed: AtomicBool,
    committed: watch::Sender<Position>,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<StoredRecord>,
    logs: BTreeMap<LogName, Log>,
    streams: BTreeMap<StreamId, Vec<usize>>,
    cursors: BTreeMap<CursorName, Vec<u8>>,
    labels: BTreeSet<(Label, StreamId)>,
    labels_upto: u64,
    is_open: bool,
}

#[derive(Debug, Default)]
struct Log {
    records: Vec<usize>,
    nodes: Vec<Hash>,
    frontier: Frontier,
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MemoryRecords {
    /// Opens the engine; one at a time.
    pub fn open(&self) -> Result<Memory, OpenError> {
        let mut held = lock(&self.held);
        if held.is_open {
            return Err(OpenError::InUse);
        }
        held.is_open = true;
        let committed = watch::Sender::new(held.end());
        let (held, is_closed) = (Arc::clone(&self.held), AtomicBool::new(false));
        Ok(Memory { opening: Arc::new(Opening { held, is_closed, committed }) })
    }
}

impl Held {
    fn end(&self) -> Position {
        Position(wide(self.records.len()))
    }

    fn last_revision(&self, stream: &StreamId) -> Option<Revision> {
        let length = self.streams.get(stream).map_or(0, Vec::len);
        wide(length).checked_sub(1).map(Revision)
    }

    fn append(&mut self, batch: Batch) -> Result<Appended, AppendError> {
        for (stream, expected) in batch.expected {
            let found = self.last_revision(&stream);
            if !expected.holds(found) {
                return Err(AppendError::Conflict { stream, expected, found });
            }
        }
        let first = self.end();
        let mut placed = Vec::with_capacity(batch.records.len());
        for new in batch.records {
            let (at, position) = (self.records.len(), self.end());
            let log = self.logs.entry(new.log.clone()).or_default();
            let log_index = wide(log.records.len());
            log.records.push(at);
            let nodes = &mut log.nodes;
            log.frontier.push_with(merkle::leaf_hash(&new.leaf), |node| nodes.push(node));
            let revision = new.stream.map(|stream| {
                let revisions = self.streams.entry(stream).or_default();
                revisions.push(at);
                Revision(wide(revisions.len()) - 1)
            });
            placed.push(Placed { position, log: new.log.clone(), log_index, revision });
            self.records.push(StoredRecord {
                position,
                log: new.log,
                log_index,
                stream: new.stream,
                revision,
                leaf: new.leaf,
                payload: new.payload,
            });
        }
        self.cursors.extend(batch.cursors);
        Ok(Appended { first, next: self.end(), records: placed })
    }

    fn some(
        &self,
        places: &[usize],
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        check_end(from, wide(places.len()))?;
        let places = places.iter().skip(narrow(from)).take(max.min(READ_RECORDS_MAX));
        Ok(places.filter_map(|at| self.records.get(*at)).cloned().collect())
    }

    fn change_labels(
        &mut self,
        upto: Position,
        change: impl FnOnce(&mut BTreeSet<(Label, StreamId)>),
    ) -> Result<(), LabelError> {
        let end = self.end();
        if upto > end {
            return Err(LabelError::BeyondEnd { upto, end });
        }
        change(&mut self.labels);
        self.labels_upto = self.labels_upto.max(upto.0);
        Ok(())
    }
}

fn check_end(asked: u64, end: u64) -> Result<(), ReadError> {
    if asked > end { Err(ReadError::BeyondEnd { asked, end }) } else { Ok(()) }
}

impl Opening {
    fn close(&self) {
        let mut held = lock(&self.held);
        if !self.is_closed.swap(true, Ordering::SeqCst) {
            held.is_open = false;
            self.committed.send_modify(|_| ());
        }
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.close();
    }
}

impl Memory {
    fn held(&self) -> Option<MutexGuard<'_, Held>> {
        let held = lock(&self.opening.held);
        (!self.opening.is_closed.load(Ordering::SeqCst)).then_some(held)
    }

    fn reading(&self) -> Result<MutexGuard<'_, Held>, ReadError> {
        self.held().ok_or(ReadError::Closed)
    }

    fn labelling(&self) -> Result<MutexGuard<'_, Held>, LabelError> {
        self.held().ok_or(LabelError::Closed)
    }

    /// What is asked without an error is answered after closing too.
    fn whatever(&self) -> MutexGuard<'_, Held> {
        lock(&self.opening.held)
    }

    fn in_log<T>(
        &self,
        log: &LogName,
        asked: u64,
        ask: impl FnOnce(&FnSource<&dyn Fn(u64) -> Place<32>>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let held = self.reading()?;
        let empty = Log::default();
        let log = held.logs.get(log).unwrap_or(&empty);
        check_end(asked, log.frontier.size())?;
        let node = |at: u64| match log.nodes.get(narrow(at)) {
            Some(node) => Place::Value(*node),
            None => Place::Beyond,
        };
        ask(&FnSource(&node))
    }
}

impl Engine for Memory {
    async fn append(&self, batch: Batch) -> Result<Appended, AppendError> {
        // For its limits alone.
        Prepared::new(batch.clone())?;
        let mut held = self.held().ok_or(AppendError::Closed)?;
        let appended = held.append(batch)?;
        drop(held);
        self.opening.committed.send_replace(appended.next);
        Ok(appended)
    }

    fn next_position(&self) -> Position {
        self.whatever().end()
    }

    fn watch(&self) -> watch::Receiver<Position> {
        self.opening.committed.subscribe()
    }

    fn failure(&self) -> Option<String> {
        None
    }

    fn close(&self) {
        self.opening.close();
    }

    fn read_log(
        &self,
        log: &LogName,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        let held = self.reading()?;
        let places = held.logs.get(log).map(|log| &log.records[..]);
        held.some(places.unwrap_or_default(), from, max)
    }

    fn read_stream(
        &self,
        stream: &StreamId,
        from: Revision,
        max: usize,
    ) -> Result<Vec<StoredRecord>, ReadError> {
        let held = self.reading()?;
        let places = held.streams.get(stream).map(|places| &places[..]);
        held.some(places.unwrap_or_default(), from.0, max)
    }

    fn read_since(&self, from: Position, filter: &Filter, max: usize) -> Result<Page, ReadError> {
        let held = self.reading()?;
        check_end(from.0, held.end().0)?;
        let max = max.min(READ_RECORDS_MAX);
        let mut page = Page { records: Vec::new(), next: from };
        for record in held.records.iter().skip(narrow(from.0)).take(SCAN_RECORDS_MAX) {
            if page.records.len() >= max {
                break;
            }
            if filter.admits(record.log.as_str(), record.stream.as_ref()) {
                page.records.push(record.clone());
            }
            page.next = Position(record.position.0 + 1);
        }
        Ok(page)
    }

    fn stream_revision(&self, stream: &StreamId) -> Result<Option<Revision>, ReadError> {
        Ok(self.reading()?.last_revision(stream))
    }

    fn log_size(&self, log: &LogName) -> u64 {
        self.log_frontier(log).size()
    }

    fn logs(&self) -> Vec<(LogName, u64)> {
        let held = self.whatever();
        held.logs.iter().map(|(name, log)| (name.clone(), log.frontier.size())).collect()
    }

    fn cursor(&self, name: &CursorName) -> Option<Vec<u8>> {
        self.whatever().cursors.get(name).cloned()
    }

    fn log_frontier(&self, log: &LogName) -> Frontier {
        let held = self.whatever();
        held.logs.get(log).map(|log| log.frontier.clone()).unwrap_or_default()
    }

    fn root_at(&self, log: &LogName, size: u64) -> Result<Hash, ReadError> {
        self.in_log(log, size, |nodes| Ok(merkle::root_at(nodes, size)?))
    }

    fn inclusion_proof(
        &self,
        log: &LogName,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        self.in_log(log, size, |nodes| Ok(merkle::inclusion_proof(nodes, index, size)?))
    }

    fn consistency_proof(&self, log: &LogName, from: u64, to: u64) -> Result<Vec<Hash>, ReadError> {
        self.in_log(log, to, |nodes| Ok(merkle::consistency_proof(nodes, from, to)?))
    }

    fn set_labels(
        &self,
        stream: &StreamId,
        labels: Vec<Label>,
        upto: Position,
    ) -> Result<(), LabelError> {
        self.set_labels_of(BTreeMap::from([(*stream, labels)]), upto)
    }

    fn set_labels_of(
        &self,
        streams: BTreeMap<StreamId, Vec<Label>>,
        upto: Position,
    ) -> Result<(), LabelError> {
        let mut new = BTreeSet::new();
        for (stream, labels) in &streams {
            let labels: BTreeSet<_> = labels.iter().map(|label| (label.clone(), *stream)).collect();
            if labels.len() > LABELS_MAX {
                return Err(LabelError::TooMany { count: labels.len() });
            }
            new.extend(labels);
        }
        self.labelling()?.change_labels(upto, |all| {
            all.retain(|(_, stream)| !streams.contains_key(stream));
            all.extend(new);
        })
    }

    fn advance_labels(&self, upto: Position) -> Result<(), LabelError> {
        self.set_labels_of(BTreeMap::new(), upto)
    }

    fn list_labels(
        &self,
        prefix: &str,
        after: Option<&(Label, StreamId)>,
        limit: usize,
    ) -> Result<Vec<(Label, StreamId)>, LabelError> {
        let held = self.labelling()?;
        let wanted = held.labels.iter().filter(|pair| {
            pair.0.as_str().starts_with(prefix) && after.is_none_or(|after| *pair > after)
        });
        Ok(wanted.take(limit).cloned().collect())
    }

    fn labels_of(&self, stream: &StreamId) -> Result<Vec<Label>, LabelError> {
        let held = self.labelling()?;
        let labels = held.labels.iter().filter(|(_, other)| other == stream);
        Ok(labels.map(|(label, _)| label.clone()).collect())
    }

    fn labels_upto(&self) -> Result<Position, LabelError> {
        Ok(Position(self.labelling()?.labels_upto))
    }

    fn clear_labels(&self) -> Result<(), LabelError> {
        let mut held = self.labelling()?;
        held.labels.clear();
        held.labels_upto = 0;
        Ok(())
    }
}
