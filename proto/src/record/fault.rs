//! Faults, lost keys and what could not be read, to and from [`domain::case::event`].
//!
//! What a root key or a signed header says is bytes here: whoever can verify it decides whether it
//! counts.

use domain::case::event::{
    FaultProved, KeyRevoked, LogSucceeded, Opaque, Restated, WritingResumed,
};
use domain::chain::Heard;
use prost::Message as _;

use super::facts::{
    read_fault, read_key_purpose, read_resume, write_fault, write_key_purpose, write_resume,
};
use super::field::required;
use crate::InvalidField;
use crate::record::v1;

/// Least and most bytes of a sealed body.
const SEALED_BODY_BYTES: std::ops::RangeInclusive<usize> = 16..=32 * 1024;

/// Bytes that must be there.
pub(super) fn opaque(bytes: Vec<u8>, field: &str) -> Result<Opaque, InvalidField> {
    if bytes.is_empty() { Err(InvalidField::missing(field)) } else { Ok(Opaque(bytes)) }
}

fn heard(heard: Option<v1::Heard>, field: &str) -> Result<Option<Heard>, InvalidField> {
    let read = |heard: v1::Heard| heard.try_into().map_err(|it: InvalidField| it.within(field));
    heard.map(read).transpose()
}

impl TryFrom<v1::KeyRevoked> for KeyRevoked {
    type Error = InvalidField;

    fn try_from(it: v1::KeyRevoked) -> Result<Self, InvalidField> {
        let sixteen = || InvalidField::new("key_id", "must have 16 bytes");
        Ok(Self {
            root_statement: opaque(it.root_statement, "root_statement")?,
            purpose: read_key_purpose(it.purpose, "purpose")?,
            key_id: it.key_id.as_slice().try_into().map_err(|_| sixteen())?,
            last_good: heard(it.last_good, "last_good")?,
        })
    }
}

impl From<&KeyRevoked> for v1::KeyRevoked {
    fn from(it: &KeyRevoked) -> Self {
        Self {
            root_statement: it.root_statement.0.clone(),
            purpose: write_key_purpose(it.purpose),
            key_id: it.key_id.to_vec(),
            last_good: it.last_good.map(Into::into),
        }
    }
}

impl TryFrom<v1::LogSucceeded> for LogSucceeded {
    type Error = InvalidField;

    fn try_from(it: v1::LogSucceeded) -> Result<Self, InvalidField> {
        if it.era == 0 {
            return Err(InvalidField::new("era", "must be at least 1"));
        }
        Ok(Self {
            root_statement: opaque(it.root_statement, "root_statement")?,
            era: it.era,
            last: required(heard(it.last, "last")?, "last")?,
        })
    }
}

impl From<&LogSucceeded> for v1::LogSucceeded {
    fn from(it: &LogSucceeded) -> Self {
        Self {
            root_statement: it.root_statement.0.clone(),
            era: it.era,
            last: Some(it.last.into()),
        }
    }
}

impl TryFrom<v1::FaultProved> for FaultProved {
    type Error = InvalidField;

    fn try_from(it: v1::FaultProved) -> Result<Self, InvalidField> {
        Ok(Self {
            fault: read_fault(it.fault, "fault")?,
            number: it.number,
            stored: opaque(it.stored, "stored")?,
            rival: opaque(it.rival, "rival")?,
            announcement: Some(it.announcement).filter(|it| !it.is_empty()).map(Opaque),
        })
    }
}

impl From<&FaultProved> for v1::FaultProved {
    fn from(it: &FaultProved) -> Self {
        Self {
            fault: write_fault(it.fault),
            number: it.number,
            stored: it.stored.0.clone(),
            rival: it.rival.0.clone(),
            announcement: it.announcement.as_ref().map(|it| it.0.clone()).unwrap_or_default(),
        }
    }
}

impl TryFrom<v1::WritingResumed> for WritingResumed {
    type Error = InvalidField;

    fn try_from(it: v1::WritingResumed) -> Result<Self, InvalidField> {
        Ok(Self {
            reason: read_resume(it.reason, "reason")?,
            partner_holds: heard(it.partner_holds, "partner_holds")?,
        })
    }
}

impl From<WritingResumed> for v1::WritingResumed {
    fn from(it: WritingResumed) -> Self {
        Self { reason: write_resume(it.reason), partner_holds: it.partner_holds.map(Into::into) }
    }
}

impl TryFrom<v1::Restated> for Restated {
    type Error = InvalidField;

    fn try_from(it: v1::Restated) -> Result<Self, InvalidField> {
        if !SEALED_BODY_BYTES.contains(&it.sealed_body.len()) {
            return Err(InvalidField::new("sealed_body", "must have 16 to 32,768 bytes"));
        }
        let case_key = required(it.case_key, "case_key")?;
        let parts = [case_key.key_id.len(), case_key.encapsulated.len(), case_key.sealed.len()];
        if parts != [16, 32, 48] {
            return Err(InvalidField::new("case_key", "must be a wrapped case key"));
        }
        Ok(Self {
            entry: it.entry,
            sealed_body: Opaque(it.sealed_body),
            case_key: Opaque(case_key.encode_to_vec()),
        })
    }
}

impl From<&Restated> for v1::Restated {
    fn from(it: &Restated) -> Self {
        Self {
            entry: it.entry,
            sealed_body: it.sealed_body.0.clone(),
            case_key: v1::WrappedCaseKey::decode(it.case_key.0.as_slice()).ok(),
        }
    }
}
