//! Taking in what did not come with its dispatch: a sealed body, a case key. Neither is believed
//! for how it came: the entry that is stored names the one, and committed to the other.

use std::sync::Arc;

use domain::identifier::{CaseId, State};
use domain::person::attachment::AttachmentId;
use event_store::StoredRecord;
use proto::record::v1::WrappedCaseKey;
use record::digest;
use record::entry::{Head, SEALED_BODY_BYTES_MAX};
use runtime::failure::Failure;

use super::group::Group;
use super::import::open_wrapped;
use super::listed::{listed, listed_in};
use super::state::CorridorState;
use super::{Parts, Reply, Writer};
use crate::corridor::Side;
use crate::failure::corrupt;
use crate::keyring::{NewKey, Reach};
use crate::layout::{self, case_stream};
use crate::missing::{self, Change, Missing, Named, Need};

/// Something that has come.
pub(crate) struct SupplyJob {
    pub(crate) partner: State,
    /// Position of the entry that names it.
    pub(crate) position: u64,
    pub(crate) supply: Supply,
}

/// What has come.
pub(crate) enum Supply {
    Body(Vec<u8>),
    CaseKey(WrappedCaseKey),
    /// Every chunk of this attachment is kept.
    Attachment(AttachmentId),
    /// Its chunks had come, and are here no more.
    Lost(CaseId, AttachmentId),
}

impl SupplyJob {
    pub(super) fn weight(&self) -> usize {
        match &self.supply {
            Supply::Body(sealed) => sealed.len() + 512,
            Supply::CaseKey(_) | Supply::Attachment(_) | Supply::Lost(..) => 512,
        }
    }
}

impl Writer {
    /// Stages what has come, answered once it is durable; or gives it back for the next group.
    pub(super) fn supply(
        &mut self,
        group: &mut Group,
        job: SupplyJob,
        reply: Reply<()>,
    ) -> Option<(SupplyJob, Reply<()>)> {
        match self.waits(group, &job).and_then(|waits| {
            if waits { Ok(Some(job)) } else { stage(&self.parts, group, job).map(|()| None) }
        }) {
            Ok(Some(job)) => return Some((job, reply)),
            Ok(None) => group.promise(reply),
            Err(failure) => {
                // What was stated again is waited for by nobody.
                if let Err(Err(unheard)) = reply.send(Err(failure)) {
                    tracing::warn!(error = %unheard, "what has come is of no use");
                }
            }
        }
        None
    }

    /// A key is looked through all stored bodies with: those of this group are stored first.
    fn waits(&self, group: &Group, job: &SupplyJob) -> Result<bool, Failure> {
        let named = Named { position: job.position, need: Need::CaseKey };
        let state = self.parts.corridors.get(&job.partner);
        match (&job.supply, state.and_then(|state| state.missing.get(&named))) {
            (Supply::CaseKey(_), Some(missing)) => {
                group.touches(&self.parts, &case_stream(&missing.case))
            }
            (
                Supply::Body(_) | Supply::CaseKey(_) | Supply::Attachment(_) | Supply::Lost(..),
                _,
            ) => Ok(false),
        }
    }
}

fn stage(parts: &Parts, group: &mut Group, job: SupplyJob) -> Result<(), Failure> {
    let SupplyJob { partner, position, supply } = job;
    let state = parts.corridors.get(&partner).ok_or_else(|| Failure::not_found("corridor"))?;
    let need = match &supply {
        Supply::Body(_) => Need::Body,
        Supply::CaseKey(_) => Need::CaseKey,
        Supply::Attachment(id) | Supply::Lost(_, id) => Need::Attachment(*id),
    };
    let named = Named { position, need };
    let missing = state.missing.get(&named).copied();
    if let (Supply::Lost(case, _), None) = (&supply, missing) {
        group.miss(partner, &state.corridor.names, vec![(*case, position, need)]);
        return Ok(());
    }
    let Some(missing) = missing else {
        // It came before, or the entry never named one: either way nothing is wanted.
        return Ok(());
    };
    let (_, head) = entry(parts, state, position)?;
    let sealed_body = match supply {
        Supply::Body(sealed) => {
            let fits = sealed.len() <= SEALED_BODY_BYTES_MAX
                && head.body_digest == Some(digest::sha256(&[&sealed]));
            if !fits {
                return Err(Failure::field("sealed_body", "is not the one that the entry names"));
            }
            if let Some(key) = group.key(parts, &missing.case) {
                let place = state.corridor.place(Side::Partner, missing.case, position);
                let found = listed(&key, &place, &sealed).into_iter();
                let found = found.map(|id| (missing.case, position, Need::Attachment(id)));
                group.miss(partner, &state.corridor.names, found.collect());
            }
            sealed
        }
        Supply::Attachment(_) => Vec::new(),
        // It is missed already.
        Supply::Lost(..) => return Ok(()),
        Supply::CaseKey(wrapped) => {
            let key = unwrap(parts, state, &missing, &head, &wrapped)?;
            let found = listed_in(parts, state, missing.case, &key)?.into_iter();
            let found = found.map(|(at, id)| (missing.case, at, Need::Attachment(id)));
            group.miss(partner, &state.corridor.names, found.collect());
            group.keys.push(NewKey { case: missing.case, key, reach: Reach::Shared });
            Vec::new()
        }
    };
    let stream = case_stream(&missing.case);
    group.length(parts, &stream)?;
    group.lengthen(&stream, 1);
    let names = &state.corridor.names;
    let record = missing::supply_record(names, &missing.case, &named, group.now, sealed_body);
    group.records.push(record);
    group.changes.push((partner, Change::Came(named)));
    Ok(())
}

/// The key, if it is the one that the opening entry committed to.
fn unwrap(
    parts: &Parts,
    state: &CorridorState,
    missing: &Missing,
    opening: &Head,
    wrapped: &WrappedCaseKey,
) -> Result<record::seal::CaseKey, Failure> {
    let corridor = &state.corridor;
    let commitment = opening.case_key_commitment;
    let commitment = commitment.ok_or_else(|| Failure::field("position", "opens no case"))?;
    let place = corridor.place(Side::Partner, missing.case, opening.position);
    let genesis = corridor.genesis.digest();
    open_wrapped(parts, wrapped, genesis, &place, &commitment)
        .map_err(|error| Failure::field("wrapped", error))
}

/// An entry of the partner's log.
fn entry(
    parts: &Parts,
    state: &CorridorState,
    position: u64,
) -> Result<(StoredRecord, Head), Failure> {
    let names = &state.corridor.names.partner;
    let record = layout::record_at(&parts.store, &names.entries, position)?;
    let record = record.ok_or_else(|| Failure::not_found("entry"))?;
    let head = Head::decode(&record.leaf).ok_or_else(|| corrupt(&record))?;
    Ok((record, head))
}

impl CorridorState {
    /// What a stored group has changed of what is missing.
    pub(super) fn note(&mut self, change: Change) {
        change.apply(Arc::make_mut(&mut self.missing));
    }
}
