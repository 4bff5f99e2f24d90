//! Accesses: who read, was shown, wrote or was refused what, and why. A log of its own, never
//! exchanged.

use domain::identifier::CaseId;
use domain::time::Instant;
use event_store::{NewRecord, StoredRecord};
use proto::command::v1::Purpose;
use proto::ledger::v1::{Access, AccessKind};
use proto::store::v1::StoredAccess;
use record::canonical;
use runtime::caller::Caller;
use runtime::failure::Failure;

use crate::failure::corrupt;
use crate::layout::{access_log, accesses_stream};

/// Somebody who asks, and why.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) caller: Caller,
    pub(crate) purpose: Purpose,
}

/// An access that is to be written.
#[derive(Clone, Debug)]
pub(crate) struct NewAccess {
    pub(crate) asking: Asking,
    pub(crate) case: Option<CaseId>,
    pub(crate) kind: AccessKind,
    /// What the caller vouched for beside the record.
    pub(crate) vouched: Vec<String>,
}

impl NewAccess {
    pub(crate) fn record(&self, at: Instant) -> NewRecord {
        let number = |number: i32| u32::try_from(number).unwrap_or_default();
        let access = StoredAccess {
            time_ms: at.as_ms(),
            identity: self.asking.caller.identity(),
            purpose: number(self.asking.purpose.into()),
            case_id: self.case.map(|case| case.as_bytes().to_vec()).unwrap_or_default(),
            kind: number(self.kind.into()),
            vouched: self.vouched.clone(),
        };
        NewRecord {
            log: access_log(),
            stream: self.case.as_ref().map(accesses_stream),
            leaf: canonical::encode(&access),
            payload: Vec::new(),
        }
    }
}

/// An access, as it is shown.
pub(crate) fn shown(record: &StoredRecord) -> Result<Access, Failure> {
    let access: StoredAccess = canonical::decode(&record.leaf).map_err(|_| corrupt(record))?;
    let caller = Caller::parse(&access.identity).map_err(|_| corrupt(record))?;
    let number = |number: u32| i32::try_from(number).map_err(|_| corrupt(record));
    let purpose = Purpose::try_from(number(access.purpose)?).map_err(|_| corrupt(record))?;
    Ok(Access {
        position: record.log_index,
        time_ms: access.time_ms,
        caller: Some(caller.context(purpose)),
        case_id: access.case_id,
        kind: number(access.kind)?,
        vouched: access.vouched,
    })
}
