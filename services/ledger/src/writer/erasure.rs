//! Destroying the keys of a case whose erasure the State has ordered.
//!
//! 1. `ErasureOrdered` is stored, in one write with a record of `erasures/<partner>` that names the
//!    case. *A crash here*: the next start finds the record and goes on with 3 before anything is
//!    served, as it does when an older keyring was restored.
//! 2. The keys are forgotten in memory: nobody is shown a body, or given a key, from here on.
//! 3. The next epoch of the keyring is written without them, and the wrapping key of the old one is
//!    destroyed (`keyring.rs` says what a crash at each step leaves). Then the files of the case's
//!    attachments go. A failure is told, and tried again with the next tick; files that a crash
//!    leaves are swept at the next start.
//! 4. Only then is the order answered, and only then can `ErasureDone` be stated.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::case::event::{Kind, Statement};
use domain::chain::Content;
use domain::identifier::CaseId;
use event_store::{NewRecord, Position, Store};
use proto::record::v1::WrappedCaseKey;
use record::canonical;
use record::key::KeyId;
use runtime::failure::{Class, Failure};

use super::{NewEntry, Parts, Writer};
use crate::corridor::Corridor;
use crate::failure::SEALED_ON_RECORD;
use crate::keyring::{Keyring, KeyringError};
use crate::layout;

/// Records that are read at once.
const PAGE_RECORDS: u64 = 1024;

/// Whether one of these entries orders the erasure of its case.
pub(super) fn orders(entries: &[NewEntry]) -> bool {
    entries.iter().any(|entry| entry.states(Kind::ErasureOrdered))
}

/// Whether one of these entries says that the erasure of its case is done.
pub(super) fn reports_done(entries: &[NewEntry]) -> bool {
    entries.iter().any(|entry| entry.states(Kind::ErasureDone))
}

/// Remembers, beside the order, of which case it is.
pub(super) fn record(corridor: &Corridor, case: &CaseId) -> NewRecord {
    NewRecord {
        log: corridor.names.erasures.clone(),
        stream: None,
        leaf: case.as_bytes().to_vec(),
        payload: Vec::new(),
    }
}

/// The cases of a corridor whose erasure was ordered.
pub(crate) fn ordered(store: &Store, corridor: &Corridor) -> Result<BTreeSet<CaseId>, Failure> {
    let log = &corridor.names.erasures;
    let mut cases = BTreeSet::new();
    let mut from = 0;
    loop {
        let page = layout::log_records(store, log, from, PAGE_RECORDS)?;
        if page.is_empty() {
            return Ok(cases);
        }
        from += page.len() as u64;
        for record in page {
            let case = CaseId::from_slice(&record.leaf);
            cases.insert(case.map_err(|_| crate::failure::corrupt(&record))?);
        }
    }
}

/// Destroys the keys of cases, if the keyring has any.
pub(crate) fn destroy(keyring: &mut Keyring, cases: &BTreeSet<CaseId>) -> Result<(), KeyringError> {
    keyring.make_anew(|contents| {
        for case in cases {
            contents.forget(case);
        }
    })
}

/// Refuses while an entry of the partner holds the case key sealed to a key that is kept here: what
/// would be destroyed could be had again.
pub(super) fn openable(parts: &Parts, corridor: &Corridor, case: &CaseId) -> Result<(), Failure> {
    let stream = layout::case_stream(case);
    for record in layout::stream_records(&parts.store, &stream, 0, Position(u64::MAX))? {
        if record.log != corridor.names.partner.entries {
            continue;
        }
        let Content::Stated(statement) = record::facts::read(&layout::entry_of(&record)?.facts)
        else {
            continue;
        };
        let Statement::Restated(restated) = Arc::unwrap_or_clone(statement) else {
            continue;
        };
        let sealed: Option<WrappedCaseKey> = canonical::decode(&restated.case_key.0).ok();
        let key_id = sealed.and_then(|sealed| KeyId::from_slice(&sealed.key_id));
        if let Some(key_id) = key_id
            && parts.keyring.keys().hpke.iter().any(|key| key.id() == key_id)
        {
            let message = format!(
                "the partner has stated a body anew under HPKE key `{key_id}`: it must be \
                 succeeded and destroyed first"
            );
            return Err(Failure::new(Class::Refused, SEALED_ON_RECORD, message));
        }
    }
    Ok(())
}

impl Writer {
    /// Step 3.
    pub(super) fn erase(&mut self) {
        if self.to_erase.is_empty() {
            return;
        }
        match destroy(&mut self.parts.keyring, &self.to_erase) {
            Ok(()) => {
                tracing::info!(cases = self.to_erase.len(), "the keys of cases are destroyed");
                let files = &self.parts.attachments;
                self.to_erase.retain(|case| {
                    files
                        .erase(case)
                        .inspect_err(|error| {
                            tracing::error!(%case, %error, "its attachments could not be removed");
                        })
                        .is_err()
                });
            }
            Err(error) => {
                self.stopped = self.stopped || self.parts.keyring.has_failed();
                tracing::error!(%error, "the keys of a case could not be destroyed");
            }
        }
    }
}
