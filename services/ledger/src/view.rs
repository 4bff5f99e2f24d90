//! Views: the labels under which a case is found, derived after each commit by a thread of its own.
//!
//! Never a source of truth: whatever is missing is derived again from the logs. Labels come from
//! the domain; the ledger adds `agency/<agency>` for cases that are referred. Unless somebody waits
//! for them, the views come a moment behind the commits: most cases are touched twice within it, by
//! a word and by its receipt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::chain::sparse::Dispatches as _;
use domain::identifier::CaseId;
use event_store::{Filter, Label, LabelError, Position, StoredRecord, StreamId};
use runtime::failure::{Class, Failure};
use tokio::sync::{Notify, watch};

use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::layout::{self, LogKind};
use crate::read::Reader;
use crate::read::headers::Headers;
use crate::scope;
use crate::snapshot::{Snapshot, Snapshots};

/// Which labels there are and what they mean. Another version derives all of them anew.
const VERSION: &str = "views/2";
/// Records that are read at once.
const PAGE_RECORDS: usize = 1024;
/// Touched cases after which labels are written.
const CASES_MAX: usize = 1024;
/// How long the views let commits come together while nobody waits for them: a case on which much
/// is said within it is derived once.
const GATHER: Duration = Duration::from_secs(1);
/// How long to wait after a failure before the views are tried again.
const RETRY: Duration = Duration::from_secs(1);
/// How long to wait for a commit before it is seen whether the labels are still there.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Derives labels until the snapshots end.
pub(crate) struct Projector {
    reader: Reader,
    snapshots: Snapshots,
    upto: watch::Sender<Position>,
    wanted: Arc<Notify>,
}

/// How far the views are. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    upto: watch::Receiver<Position>,
    wanted: Arc<Notify>,
}

impl Views {
    /// Up to where they have seen everything.
    pub(crate) fn upto(&self) -> Position {
        *self.upto.borrow()
    }

    /// Waits until they have seen everything before a position; whether they still go on.
    pub(crate) async fn reach(&self, next: Position) -> bool {
        let mut upto = self.upto.clone();
        if *upto.borrow() < next {
            self.wanted.notify_one();
        }
        upto.wait_for(|upto| *upto >= next).await.is_ok()
    }
}

impl Projector {
    pub(crate) fn new(reader: Reader, snapshots: Snapshots) -> Result<(Self, Views), Failure> {
        let upto = prepare(&reader)?;
        let (upto, seen) = watch::channel(upto);
        let wanted = Arc::new(Notify::new());
        let views = Views { upto: seen, wanted: Arc::clone(&wanted) };
        Ok((Self { reader, snapshots, upto, wanted }, views))
    }

    pub(crate) async fn run(mut self) {
        loop {
            let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
            let caught_up = self.catch_up(&snapshot);
            if let Err(error) = &caught_up {
                tracing::warn!(%error, "the views are behind, and are tried again");
            }
            let again = if caught_up.is_err() { RETRY } else { LOOK_AGAIN };
            tokio::select! {
                changed = self.snapshots.changed() => if changed.is_err() {
                    return;
                },
                () = tokio::time::sleep(again) => {}
            }
            tokio::select! {
                () = self.wanted.notified() => {}
                () = tokio::time::sleep(GATHER) => {}
            }
        }
    }

    /// Derives the labels of every case that is touched up to a snapshot. A crash on the way leaves
    /// the mark before what was touched: its cases are derived again.
    fn catch_up(&self, snapshot: &Snapshot) -> Result<(), Failure> {
        let mut from = self.begin()?;
        while from < snapshot.next {
            let (touched, next) = self.touched_since(snapshot, from)?;
            let mut changed = BTreeMap::new();
            for case in touched {
                changed.extend(unless_corrupt(self.changed_labels(snapshot, case))?.flatten());
            }
            from = next;
            self.reader.store.set_labels_of(changed, from).map_err(labels)?;
            self.upto.send_replace(from);
        }
        Ok(())
    }

    /// Where to go on: at the very beginning where the store has lost its labels, with an index
    /// that had found the disk full.
    fn begin(&self) -> Result<Position, Failure> {
        let store = &self.reader.store;
        match store.labels_of(&marker()) {
            Err(LabelError::Lost) => {
                tracing::warn!("the labels were lost with the index, and are derived again");
                // First nobody takes them for complete, then the store lists them again.
                self.upto.send_replace(Position(0));
                store.labels_upto().map_err(labels)?;
                prepare(&self.reader)
            }
            Ok(found) if found == [version()] => Ok(*self.upto.borrow()),
            // It was not got so far the last time.
            Ok(_) => prepare(&self.reader),
            Err(error) => Err(labels(error)),
        }
    }

    /// The cases that are touched from a position on, and up to where: to the snapshot, unless
    /// there are very many.
    fn touched_since(
        &self,
        snapshot: &Snapshot,
        from: Position,
    ) -> Result<(BTreeSet<CaseId>, Position), Failure> {
        let (mut touched, mut next) = (BTreeSet::new(), from);
        while next < snapshot.next && touched.len() < CASES_MAX {
            let page = self.reader.store.read_since(next, &Filter::All, PAGE_RECORDS);
            let page = page.map_err(failure::read)?;
            for record in page.records.iter().filter(|it| it.position < snapshot.next) {
                unless_corrupt(self.touched_by(snapshot, record, &mut touched))?;
            }
            next = page.next.min(snapshot.next);
        }
        Ok((touched, next))
    }

    /// The cases whose labels a record may change: its own, and those with an entry that is heard
    /// for the first time.
    fn touched_by(
        &self,
        snapshot: &Snapshot,
        record: &StoredRecord,
        touched: &mut BTreeSet<CaseId>,
    ) -> Result<(), Failure> {
        match LogKind::of(&record.log) {
            Some(LogKind::Entries { .. } | LogKind::Local { .. }) => {
                touched.extend(record.stream.as_ref().and_then(layout::case_of));
            }
            Some(LogKind::Headers { partner, author }) => {
                let corridor = self.reader.corridor(partner)?;
                if let Some(side) = corridor.side(author) {
                    self.newly_heard(snapshot, corridor, side, record, touched)?;
                }
            }
            Some(
                LogKind::Commands { .. }
                | LogKind::Proofs
                | LogKind::Missing
                | LogKind::Supplied
                | LogKind::Access,
            )
            | None => {}
        }
        Ok(())
    }

    fn newly_heard(
        &self,
        snapshot: &Snapshot,
        corridor: &Corridor,
        side: Side,
        record: &StoredRecord,
        touched: &mut BTreeSet<CaseId>,
    ) -> Result<(), Failure> {
        let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
        let (own, partner) = (&corridor.names.own, &corridor.names.partner);
        let (hearing, heard, hearing_log) = match side {
            Side::Own => (own, partner, logs.own),
            Side::Partner => (partner, own, logs.partner),
        };
        let dispatch = layout::dispatch_of(record)?;
        let Some(last) = dispatch.heard else {
            return Ok(());
        };
        let store = &self.reader.store;
        let headers = Headers::new(store, hearing, hearing_log);
        let before = record.log_index.checked_sub(1).and_then(|number| headers.by_number(number));
        headers.finish()?;
        let first = before.and_then(|before| before.heard).map_or(0, |heard| heard.number + 1);
        if first > last.number {
            return Ok(());
        }
        let count = last.number - first + 1;
        for header in layout::log_records(store, &heard.headers, first, count)? {
            let header = layout::header_of(&header)?;
            let (at, count) = (header.first_entry, u64::from(header.entries));
            for entry in layout::log_records(store, &heard.entries, at, count)? {
                touched.extend(entry.stream.as_ref().and_then(layout::case_of));
            }
        }
        Ok(())
    }

    /// The labels that a case is to have, if it has others.
    fn changed_labels(
        &self,
        snapshot: &Snapshot,
        id: CaseId,
    ) -> Result<Option<(StreamId, Vec<Label>)>, Failure> {
        let Some(records) = self.reader.case(snapshot, id)? else {
            return Ok(None);
        };
        let (_, case) = self.reader.derive(snapshot, &records)?;
        let mut names = case.map(|case| case.labels(self.reader.own)).unwrap_or_default();
        let local: Vec<_> = records.local.iter().map(|record| &record.statement).collect();
        names.extend(scope::referred(&local).iter().map(|agency| format!("agency/{agency}")));
        let mut found: Vec<Label> = names.iter().filter_map(|name| Label::new(name).ok()).collect();
        if found.len() < names.len() || found.len() > event_store::LABELS_MAX {
            tracing::error!(case = %id, labels = names.len(), "labels are left out");
            found.truncate(event_store::LABELS_MAX);
        }
        let stream = layout::case_stream(&id);
        // In order, as they are stored. Most of what is said of a case changes none of them.
        let is_new = self.reader.store.labels_of(&stream).map_err(labels)? != found;
        Ok(is_new.then_some((stream, found)))
    }
}

/// What cannot be read keeps the labels that it has; it must not keep other cases from theirs.
fn unless_corrupt<T>(result: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match result {
        Err(error) if error.class() == Class::Corrupt => {
            tracing::error!(%error, "a record is left out of the views");
            Ok(None)
        }
        other => other.map(Some),
    }
}

/// The stream whose label is the version of the views.
fn marker() -> StreamId {
    StreamId::new(b"views").expect("five bytes")
}

fn version() -> Label {
    Label::new(VERSION).expect("short, of letters and digits")
}

/// Sees to it that labels of another version are derived anew.
fn prepare(reader: &Reader) -> Result<Position, Failure> {
    let (store, marker) = (&reader.store, marker());
    let found = store.labels_of(&marker).map_err(labels)?;
    if found != [version()] {
        store.clear_labels().map_err(labels)?;
        store.set_labels(&marker, vec![version()], Position(0)).map_err(labels)?;
    }
    store.labels_upto().map_err(labels)
}

fn labels(error: LabelError) -> Failure {
    Failure::unavailable("the views cannot be read or written").with_source(error)
}

#[cfg(test)]
mod tests;
