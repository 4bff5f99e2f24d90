//! Sweeps the files of attachments, at the start and once an hour: uploads that no statement lists,
//! once nothing can list them any more, and what is left of erased cases, which nothing opens.

use std::sync::Arc;
use std::time::Duration;

use domain::identifier::CaseId;
use record::body;
use record::seal::Purpose;
use runtime::failure::Failure;

use crate::attachments::{Files, Kept, UPLOAD_KEPT, is_over};
use crate::clock::Clock;
use crate::corridor::Side;
use crate::read::Reader;
use crate::snapshot::{self, Snapshot, Snapshots};

/// How often it is done while the ledger runs.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// So many uploads of one case are looked at before the hour is over.
const MANY: usize = 32;

/// What sweeping needs. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sweep {
    pub(crate) reader: Reader,
    pub(crate) snapshots: Snapshots,
    pub(crate) clock: Arc<Clock>,
    pub(crate) files: Arc<Files>,
}

impl Sweep {
    /// Sweeps every hour, until the ledger ends.
    pub(crate) async fn run(mut self) {
        let mut interval = tokio::time::interval(INTERVAL);
        // The first tick is the start itself.
        interval.tick().await;
        loop {
            tokio::select! {
                changed = self.snapshots.changed() => if changed.is_err() {
                    return;
                },
                _ = interval.tick() => {
                    let sweep = self.clone();
                    // It says itself what went wrong.
                    let _ = tokio::task::spawn_blocking(move || sweep.all()).await;
                }
            }
        }
    }

    /// Sweeps all cases. What cannot be told is kept, and looked at again the next time.
    pub(crate) fn all(&self) {
        let cases = self.files.cases().unwrap_or_else(|error| {
            tracing::warn!(%error, "attachments could not be swept");
            Vec::new()
        });
        for case in cases {
            let swept = if self.reader.keys.is_erased(&case) {
                self.files.erase(&case)
            } else {
                self.case(case).map(drop)
            };
            if let Err(error) = swept {
                tracing::warn!(%case, %error, "attachments of a case could not be swept");
            }
        }
    }

    /// How many uploads of a case wait to be listed; swept first, where they are many.
    pub(crate) fn waiting(&self, case: CaseId) -> Result<usize, Failure> {
        let waiting = self.files.uploads(case, self.reader.own)?.len();
        if waiting < MANY { Ok(waiting) } else { self.case(case) }
    }

    /// Sweeps a case; how many uploads still wait to be listed. Nothing can list one any more that
    /// is as old as they are kept; it is removed only when it is twice as old, so that nothing that
    /// is under way meets it.
    pub(crate) fn case(&self, case: CaseId) -> Result<usize, Failure> {
        let snapshot = snapshot::latest(&self.snapshots);
        let now = self.clock.now();
        let mut waiting = 0;
        for (kept, since) in self.files.uploads(case, self.reader.own)? {
            match self.is_listed(&snapshot, &kept)? {
                Some(true) => self.files.listed(&kept)?,
                Some(false) if is_over(since.plus(UPLOAD_KEPT), now) => self.files.remove(&kept)?,
                Some(false) | None => waiting += 1,
            }
        }
        Ok(waiting)
    }

    /// Whether an own statement lists it; `None` where a body cannot be read.
    fn is_listed(&self, snapshot: &Snapshot, kept: &Kept) -> Result<Option<bool>, Failure> {
        let reader = &self.reader;
        let Some(records) = reader.case(snapshot, kept.case)? else { return Ok(Some(false)) };
        let Some(key) = reader.keys.get(&kept.case) else { return Ok(None) };
        for entry in records.entries.iter().filter(|it| it.side == Side::Own) {
            if entry.stored.sealed_body.is_empty() {
                continue;
            }
            let place = records.corridor.place(Side::Own, kept.case, entry.position);
            let opened = key.open(&place, Purpose::Body, &entry.stored.sealed_body).ok();
            let Some(particulars) = opened.and_then(|opened| body::decode(&opened).ok()) else {
                return Ok(None);
            };
            if particulars.attachments.iter().any(|it| it.id == kept.id) {
                return Ok(Some(true));
            }
        }
        Ok(Some(false))
    }
}
