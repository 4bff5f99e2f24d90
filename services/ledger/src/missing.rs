//! What entries of a partner name and what is not here: found when they are stored, listed until it
//! comes.
//!
//! Both are records of the store: a leaf of `missing/<partner>`, written with the entry, and a leaf
//! of `supplied/<partner>`, once it has come. What is in the first more often than in the second is
//! missing: an attachment whose files are lost is missed again. The writer keeps that in memory and
//! finds it again at the start. No entry is ever
//! written again: a body that came later stands in its supply, and a read of the case joins them.

use std::collections::BTreeMap;

use domain::identifier::CaseId;
use domain::person::attachment::AttachmentId;
use domain::time::Instant;
use event_store::{NewRecord, Store, StoredRecord};
use proto::store::v1::{StoredMissing, StoredSupply};
use record::canonical;
use runtime::failure::Failure;

use crate::failure::corrupt;
use crate::layout::{self, Names, case_stream};

/// What can be missing of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Its sealed body.
    Body,
    /// The key of the case that it opens.
    CaseKey,
    /// An attachment that its body lists.
    Attachment(AttachmentId),
}

/// Something that an entry of the partner's log names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// The position of the entry.
    pub(crate) position: u64,
    pub(crate) need: Need,
}

/// Something that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) case: CaseId,
    /// When the entry was stored without it.
    pub(crate) since: Instant,
}

/// Everything that is missing of one partner's log.
pub(crate) type AllMissing = BTreeMap<Named, Missing>;

/// What a group changes: something is missing from now on, or has come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Missed(Named, Missing),
    Came(Named),
}

impl Change {
    pub(crate) fn apply(self, all: &mut AllMissing) {
        match self {
            Self::Missed(named, missing) => {
                all.insert(named, missing);
            }
            Self::Came(named) => {
                all.remove(&named);
            }
        }
    }
}

impl Need {
    const fn number(self) -> u32 {
        match self {
            Self::Body => 1,
            Self::CaseKey => 2,
            Self::Attachment(_) => 3,
        }
    }

    fn of(number: u32, attachment: &[u8]) -> Option<Self> {
        match (number, attachment) {
            (1, []) => Some(Self::Body),
            (2, []) => Some(Self::CaseKey),
            (3, id) => AttachmentId::from_slice(id).map(Self::Attachment),
            _ => None,
        }
    }

    /// The id of an attachment; nothing for what needs none.
    fn attachment(&self) -> Vec<u8> {
        match self {
            Self::Body | Self::CaseKey => Vec::new(),
            Self::Attachment(id) => id.as_bytes().to_vec(),
        }
    }
}

impl Missing {
    /// Its record, written with the entry.
    pub(crate) fn record(&self, names: &Names, named: &Named) -> NewRecord {
        let stored = StoredMissing {
            time_ms: self.since.as_ms(),
            case_id: self.case.as_bytes().to_vec(),
            position: named.position,
            need: named.need.number(),
            attachment: named.need.attachment(),
        };
        NewRecord {
            log: names.missing.clone(),
            stream: None,
            leaf: canonical::encode(&stored),
            payload: Vec::new(),
        }
    }
}

/// The entry whose body the record says is missing; `None` for any other record.
pub(crate) fn without_body(record: &StoredRecord) -> Option<u64> {
    let stored: StoredMissing = canonical::decode(&record.leaf).ok()?;
    (Need::of(stored.need, &stored.attachment) == Some(Need::Body)).then_some(stored.position)
}

/// The record of what has come, in the stream of its case: who reads the case reads it.
pub(crate) fn supply_record(
    names: &Names,
    case: &CaseId,
    named: &Named,
    at: Instant,
    sealed_body: Vec<u8>,
) -> NewRecord {
    let stored = StoredSupply {
        time_ms: at.as_ms(),
        position: named.position,
        need: named.need.number(),
        attachment: named.need.attachment(),
        sealed_body,
    };
    NewRecord {
        log: names.supplied.clone(),
        stream: Some(case_stream(case)),
        leaf: canonical::encode(&stored),
        payload: Vec::new(),
    }
}

/// A body that came after its entry, with the position of that; `None` for any other supply.
pub(crate) fn supplied_body(record: &StoredRecord) -> Result<Option<(u64, Vec<u8>)>, Failure> {
    let supply: StoredSupply = canonical::decode(&record.leaf).map_err(|_| corrupt(record))?;
    let is_body = supply.need == Need::Body.number();
    Ok(is_body.then_some((supply.position, supply.sealed_body)))
}

/// Of which entry a supply holds the body, and when it came, as far as what is left of its leaf
/// tells; `None` for any other supply.
pub(crate) fn body_came(leaf: &[u8]) -> Option<(Named, Instant)> {
    let supply: StoredSupply = canonical::decode(leaf).ok()?;
    let need = Need::of(supply.need, &supply.attachment)?;
    let named = Named { position: supply.position, need };
    (need == Need::Body).then(|| (named, Instant::from_ms(supply.time_ms)))
}

/// Finds again what is missing of a partner's log.
pub(crate) fn find(store: &Store, names: &Names) -> Result<AllMissing, Failure> {
    let mut all = AllMissing::new();
    let mut missed: BTreeMap<Named, u64> = BTreeMap::new();
    let size = |log| store.log_size(log);
    for record in layout::log_records(store, &names.missing, 0, size(&names.missing))? {
        let it: StoredMissing = canonical::decode(&record.leaf).map_err(|_| corrupt(&record))?;
        let case = CaseId::from_slice(&it.case_id).map_err(|_| corrupt(&record))?;
        let need = Need::of(it.need, &it.attachment).ok_or_else(|| corrupt(&record))?;
        let named = Named { position: it.position, need };
        all.insert(named, Missing { case, since: Instant::from_ms(it.time_ms) });
        *missed.entry(named).or_default() += 1;
    }
    for record in layout::log_records(store, &names.supplied, 0, size(&names.supplied))? {
        let it: StoredSupply = canonical::decode(&record.leaf).map_err(|_| corrupt(&record))?;
        let need = Need::of(it.need, &it.attachment).ok_or_else(|| corrupt(&record))?;
        let named = Named { position: it.position, need };
        if let Some(times) = missed.get_mut(&named) {
            *times = times.saturating_sub(1);
        }
    }
    all.retain(|named, _| missed.get(named).is_some_and(|times| *times > 0));
    Ok(all)
}
