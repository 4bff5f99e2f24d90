//! What the partner has stated again in the hashed bytes, taken in as if its door had sent it: the
//! sealed body of an entry, and the key of its case.
//!
//! A `Restated` is stored like any entry. Once it is durable, what it holds and what is missing
//! here is supplied by a job of its own, so that it is held to the entry and the commitment like
//! anything that comes late. *A crash in between* leaves the entry and the lack: the next start
//! finds both.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::case::event::{Kind, Restated, Statement};
use domain::chain::Content;
use domain::identifier::{CaseId, State};
use event_store::{Position, StoredRecord};
use proto::record::v1::WrappedCaseKey;
use record::arrival::AcceptedEntry;
use record::canonical;
use runtime::failure::Failure;
use tokio::sync::oneshot;

use super::state::CorridorState;
use super::{Job, Parts, Supply, SupplyJob, Writer};
use crate::layout::{self, case_stream};
use crate::missing::{Named, Need};

/// An entry of a partner's log that states something again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Again {
    partner: State,
    position: u64,
}

/// Those among the entries that a dispatch brings.
pub(super) fn among(partner: State, entries: &[AcceptedEntry]) -> impl Iterator<Item = Again> {
    let restates = |it: &&AcceptedEntry| match &it.reading.content {
        Content::Stated(statement) => statement.kind() == Kind::Restated,
        Content::NotUnderstood => false,
    };
    entries.iter().filter(restates).map(move |it| Again { partner, position: it.head.position })
}

/// Those that are stored, in cases of which something is missing.
pub(super) fn stored(parts: &Parts) -> Result<BTreeSet<Again>, Failure> {
    let mut found = BTreeSet::new();
    for (partner, state) in &parts.corridors {
        let cases: BTreeSet<CaseId> = state.missing.values().map(|it| it.case).collect();
        for case in cases {
            for record in of_case(parts, case)? {
                let of_partner = record.log == state.corridor.names.partner.entries;
                if of_partner && restated(&record)?.is_some() {
                    found.insert(Again { partner: *partner, position: record.log_index });
                }
            }
        }
    }
    Ok(found)
}

impl Writer {
    /// What was stated again and is missing, to be taken in.
    pub(super) fn take_again(&mut self) -> Vec<Job> {
        let mut jobs = Vec::new();
        for again in std::mem::take(&mut self.again) {
            let supplies = supplies(&self.parts, again).unwrap_or_else(|error| {
                tracing::error!(partner = %again.partner, again.position, %error, "not read again");
                Vec::new()
            });
            for job in supplies {
                // Nobody waits; what is of no use is told by the job itself.
                let (reply, _) = oneshot::channel();
                jobs.push(Job::Supply(job, reply));
            }
        }
        jobs
    }
}

/// What an entry states again and what is missing here.
fn supplies(parts: &Parts, again: Again) -> Result<Vec<SupplyJob>, Failure> {
    let Again { partner, position } = again;
    let Some(state) = parts.corridors.get(&partner) else {
        return Ok(Vec::new());
    };
    let names = &state.corridor.names.partner;
    let record = layout::record_at(&parts.store, &names.entries, position)?;
    let case = record.as_ref().and_then(|it| it.stream.as_ref()).and_then(layout::case_of);
    let (Some(record), Some(case)) = (record, case) else {
        return Ok(Vec::new());
    };
    let Some(Restated { entry, sealed_body, case_key }) = restated(&record)? else {
        return Ok(Vec::new());
    };
    // Once either State has ordered the erasure, nothing of the case is taken in any more.
    if entry >= position || is_to_be_erased(parts, case)? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if lacks(state, case, Named { position: entry, need: Need::Body }) {
        found.push(SupplyJob { partner, position: entry, supply: Supply::Body(sealed_body.0) });
    }
    if let Ok(wrapped) = canonical::decode::<WrappedCaseKey>(&case_key.0)
        && lacks(state, case, Named { position: wrapped.position, need: Need::CaseKey })
    {
        let position = wrapped.position;
        found.push(SupplyJob { partner, position, supply: Supply::CaseKey(wrapped) });
    }
    Ok(found)
}

/// Whether something is missing of an entry of this case.
fn lacks(state: &CorridorState, case: CaseId, named: Named) -> bool {
    state.missing.get(&named).is_some_and(|missing| missing.case == case)
}

fn is_to_be_erased(parts: &Parts, case: CaseId) -> Result<bool, Failure> {
    if parts.keys.is_erased(&case) {
        return Ok(true);
    }
    for record in of_case(parts, case)? {
        if statement(&record)?.is_some_and(|it| it.kind() == Kind::ErasureOrdered) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn of_case(parts: &Parts, case: CaseId) -> Result<Vec<StoredRecord>, Failure> {
    layout::stream_records(&parts.store, &case_stream(&case), 0, Position(u64::MAX))
}

fn restated(record: &StoredRecord) -> Result<Option<Restated>, Failure> {
    let Some(Statement::Restated(restated)) = statement(record)? else {
        return Ok(None);
    };
    Ok(Some(restated))
}

/// What an entry between the States says; `None` for any other record.
fn statement(record: &StoredRecord) -> Result<Option<Statement>, Failure> {
    let Some(layout::LogKind::Entries { .. }) = layout::LogKind::of(&record.log) else {
        return Ok(None);
    };
    Ok(match record::facts::read(&layout::entry_of(record)?.facts) {
        Content::Stated(statement) => Some(Arc::unwrap_or_clone(statement)),
        Content::NotUnderstood => None,
    })
}
