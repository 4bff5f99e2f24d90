//! Swept at the start: uploads that no statement lists, once they are a day old, the marks of those
//! that one does, and what is left of erased cases, which nothing opens any more.

use std::time::SystemTime;

use record::body;
use record::seal::Purpose;
use runtime::failure::Failure;

use crate::attachments::{Files, Kept};
use crate::corridor::Side;
use crate::read::Reader;
use crate::snapshot::{self, Snapshot, Snapshots};

/// Sweeps. What cannot be told is kept: it is looked at again at the next start.
pub(crate) fn uploads(reader: &Reader, snapshots: &Snapshots, files: &Files) {
    for case in files.cases() {
        if reader.keys.is_erased(&case)
            && let Err(error) = files.erase(&case)
        {
            tracing::warn!(%case, %error, "attachments of an erased case could not be removed");
        }
    }
    let snapshot = snapshot::latest(snapshots);
    for kept in files.old_uploads(reader.own, SystemTime::now()) {
        let swept = is_listed(reader, &snapshot, &kept).and_then(|listed| match listed {
            Some(true) => files.listed(&kept),
            Some(false) => files.remove(&kept),
            None => Ok(()),
        });
        if let Err(error) = swept {
            tracing::warn!(case = %kept.case, %error, "an old upload could not be swept");
        }
    }
}

/// Whether an own statement lists it; `None` where a body cannot be read.
fn is_listed(reader: &Reader, snapshot: &Snapshot, kept: &Kept) -> Result<Option<bool>, Failure> {
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
