//! After a restore: finds every open case, has the safeguard `restored` opened on it, and then lets
//! the node write again ([`crate::leave`]).
//!
//! A crash on the way loses nothing: the signer's mark says that the store was restored until the
//! node writes again, and cases that carry the safeguard already are left as they are.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::identifier::{CaseId, State};
use domain::referral::Safeguard;
use domain::safeguard::Safeguards;
use record::entry::Head;
use runtime::failure::Failure;
use tokio::sync::mpsc;

use crate::corridor::Corridor;
use crate::failure;
use crate::layout;
use crate::leave::Lack;
use crate::read::Reader;
use crate::snapshot::{Snapshot, Snapshots};
use crate::writer::leave::LeaveJob;
use crate::writer::{Job, Queue};

/// Cases that get the safeguard in one write, at most.
pub(crate) const CASES_MAX: usize = 256;
/// Entries that are looked at at once.
const PAGE_RECORDS: usize = 1024;
/// How long to wait after a failure before it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the ledger ends.
pub(crate) async fn run(reader: Reader, mut snapshots: Snapshots, queue: mpsc::WeakSender<Job>) {
    loop {
        let snapshot = Arc::clone(&snapshots.borrow_and_update());
        let waiting = || {
            snapshot.corridors.iter().filter_map(|(partner, it)| {
                Some((*partner, it.leave.lack()?, it.stopped.is_some()))
            })
        };
        let mut failed = false;
        for (partner, lack, stopped) in waiting() {
            if lack == Lack::Safeguards && !stopped {
                let Some(queue) = Queue::upgrade(&queue) else { return };
                if let Err(error) = recover(&reader, &snapshot, &queue, partner).await {
                    tracing::warn!(%partner, %error, "the node waits to write again");
                    failed = true;
                }
            }
        }
        tokio::select! {
            changed = snapshots.changed() => if changed.is_err() {
                return;
            },
            () = tokio::time::sleep(RETRY), if failed => {}
        }
    }
}

/// Opens the safeguard on every open case of a corridor, and lets the node write again.
async fn recover(
    reader: &Reader,
    snapshot: &Snapshot,
    queue: &Queue,
    partner: State,
) -> Result<(), Failure> {
    let cases = lacking(reader, snapshot, partner)?;
    let count = cases.len();
    for cases in cases.chunks(CASES_MAX) {
        let cases = cases.to_vec();
        queue.leave(|reply| LeaveJob::Guard(partner, cases, reply)).await?;
    }
    queue.leave(|reply| LeaveJob::Guarded(partner, reply)).await?;
    tracing::warn!(%partner, count, "the store was restored: open cases carry `restored`");
    Ok(())
}

/// The open cases of a corridor that do not carry the safeguard.
pub(crate) fn lacking(
    reader: &Reader,
    snapshot: &Snapshot,
    partner: State,
) -> Result<Vec<CaseId>, Failure> {
    let corridor = Arc::clone(reader.corridor(partner)?);
    let mut cases = Vec::new();
    for case in opened(reader, &corridor)? {
        if lacks_it(reader, snapshot, &corridor, case)? {
            cases.push(case);
        }
    }
    Ok(cases)
}

/// Every case that either State has opened.
fn opened(reader: &Reader, corridor: &Corridor) -> Result<BTreeSet<CaseId>, Failure> {
    let mut cases = BTreeSet::new();
    for names in [&corridor.names.own, &corridor.names.partner] {
        let end = reader.store.log_size(&names.entries);
        let mut from = 0;
        while from < end {
            let page = reader.store.read_log(&names.entries, from, PAGE_RECORDS);
            let page = page.map_err(failure::read)?;
            if page.is_empty() {
                break;
            }
            from += page.len() as u64;
            let opens = |leaf: &[u8]| {
                Head::decode(leaf).is_some_and(|head| head.case_key_commitment.is_some())
            };
            let opening = page.iter().filter(|record| opens(&record.leaf));
            cases.extend(opening.filter_map(|it| it.stream.as_ref().and_then(layout::case_of)));
        }
    }
    Ok(cases)
}

/// Whether a case is open on this State's side and does not carry the safeguard.
fn lacks_it(
    reader: &Reader,
    snapshot: &Snapshot,
    corridor: &Corridor,
    id: CaseId,
) -> Result<bool, Failure> {
    let Some(records) = reader.case(snapshot, id)? else {
        return Ok(false);
    };
    let (_, case) = reader.derive(snapshot, &records)?;
    let Some(case) = case else {
        return Ok(false);
    };
    let closed =
        case.side(corridor.own).is_some_and(|side| case.said.either(side).closed.is_some());
    let local = records.local.iter().map(|record| &record.statement);
    let carries = Safeguards::of(local).open().any(|open| open == Safeguard::Restored);
    Ok(!closed && !carries)
}
