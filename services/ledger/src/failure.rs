//! What a ledger answers when it cannot do what was asked: its own codes, and failures of the
//! store as failures of a service.

use event_store::{AppendError, ReadError, StoredRecord};
use runtime::failure::{Class, Code, Failure};

use crate::leave::Waiting;

/// Nothing more is written to this partner.
pub(crate) const PARTNER_STOPPED: Code = Code::new("LEDGER-0001");
/// The clock cannot be set.
pub(crate) const CLOCK_NOT_SETTABLE: Code = Code::new("LEDGER-0002");
/// The key of the case is not here.
pub(crate) const CASE_KEY_MISSING: Code = Code::new("LEDGER-0003");
/// The disk is full.
pub(crate) const DISK_FULL: Code = Code::new("LEDGER-0004");

/// Nothing is written to this partner yet: the store was restored, or the mark is lost.
const WAITING: Code = Code::new("LEDGER-0006");
/// An operator's word that the log may go on does not fit what the partner says.
pub(crate) const RESUME_REFUSED: Code = Code::new("LEDGER-0007");
/// The logs are too long for one bundle.
pub(crate) const EVIDENCE_TOO_LONG: Code = Code::new("LEDGER-0005");

/// The partner has proved a fault of the own log.
pub(crate) const OWN_LOG_FROZEN: Code = Code::new("LEDGER-0010");

/// The case key stands on the record, sealed to a key that is held still.
pub(crate) const SEALED_ON_RECORD: Code = Code::new("LEDGER-0012");

/// A record that is not what the ledger writes.
pub(crate) fn corrupt(record: &StoredRecord) -> Failure {
    Failure::corrupt(format!(
        "record {} of the store, in log `{}`, cannot be read",
        record.position, record.log
    ))
}

/// A read of the store that failed.
pub(crate) fn read(error: ReadError) -> Failure {
    match &error {
        ReadError::Closed => Failure::unavailable("the ledger is closed"),
        ReadError::BeyondEnd { .. } => Failure::internal("a place beyond the end was read"),
        ReadError::Io { .. } => Failure::unavailable("the store could not be read"),
        ReadError::Corrupt { .. } | ReadError::Index { .. } => {
            Failure::corrupt("the store could not be read")
        }
    }
    .with_source(error)
}

/// An append to the store that failed.
pub(crate) fn append(error: &AppendError) -> Failure {
    match error {
        AppendError::DiskFull => {
            Failure::new(Class::Unavailable, DISK_FULL, "no space is left on the disk")
        }
        AppendError::NoFiles => Failure::unavailable("too many files are open"),
        AppendError::Poisoned { .. } => stopped(),
        AppendError::Closed => Failure::unavailable("the ledger is closed"),
        AppendError::Empty | AppendError::TooLarge { .. } | AppendError::Conflict { .. } => {
            Failure::internal("the store did not take a batch")
        }
    }
    .with_source(error.clone())
}

/// The writer does not know what the disk holds.
pub(crate) fn stopped() -> Failure {
    Failure::unavailable("the ledger has stopped writing and must be restarted")
}

/// Nothing may be written to a partner yet; `next` is the number that the own log has next.
pub(crate) fn waiting(waiting: &Waiting, next: u64) -> Failure {
    Failure::new(Class::Unavailable, WAITING, waiting.reason(next))
}

/// The writer is gone.
pub(crate) fn writer_gone() -> Failure {
    Failure::unavailable("the ledger is closed")
}

/// Every code of this crate.
#[cfg(test)]
const ALL: [Code; 9] = [
    PARTNER_STOPPED,
    CLOCK_NOT_SETTABLE,
    CASE_KEY_MISSING,
    DISK_FULL,
    EVIDENCE_TOO_LONG,
    WAITING,
    RESUME_REFUSED,
    OWN_LOG_FROZEN,
    SEALED_ON_RECORD,
];

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_code_has_a_page_and_no_page_is_without_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        let pages: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .filter_map(|page| page.unwrap().file_name().into_string().ok())
            .filter(|page| page.starts_with("LEDGER-"))
            .collect();
        let codes: BTreeSet<String> = ALL.iter().map(|code| format!("{code}.md")).collect();
        assert_eq!(codes, pages);
        for code in &ALL {
            let page = std::fs::read_to_string(folder.join(format!("{code}.md"))).unwrap();
            assert!(page.starts_with(&format!("# {code}: ")), "{code}: the first line");
        }
    }
}
