//! Sealing what a State states: each body under its case's key and for its own place, once the
//! positions are known. A case that has no key yet gets one.

use proto::InvalidField;
use record::entry::{Draft as EntryDraft, DraftError, Entry};
use record::log::LogState;
use record::random;
use record::seal::{CaseKey, Place, Purpose};
use runtime::failure::{Class, Failure};

use super::Parts;
use super::append::{AppendJob, Begins, Subject, begins};
use super::state::CorridorState;
use crate::failure::CASE_KEY_MISSING;

/// Seals the entries for the own log, and mints the key of a case that is opened.
pub(super) fn seal(
    parts: &Parts,
    own: &LogState,
    job: &AppendJob,
    first: u64,
) -> Result<(Vec<Entry>, Option<CaseKey>), Failure> {
    let minted = match job.subject {
        // Where something was attached before the case is opened, its key was made for that.
        Subject::Opening(case, _) => Some(
            parts
                .keys
                .get(&case)
                .unwrap_or_else(|| CaseKey::generate(&mut random::operating_system())),
        ),
        Subject::Corridor | Subject::Case(_) => None,
    };
    let stored = match (&job.subject, job.entries.iter().any(|entry| !entry.body.is_empty())) {
        (Subject::Case(case), true) => Some(parts.keys.get(case).ok_or_else(|| {
            let message = "the key of this case is not here: nothing can be sealed for it";
            Failure::new(Class::Refused, CASE_KEY_MISSING, message)
        })?),
        (Subject::Case(_) | Subject::Corridor | Subject::Opening(..), _) => None,
    };
    let key = minted.as_ref().or(stored.as_ref());
    let log = match begins(job) {
        Begins::Era => &own.next_era(),
        Begins::Nothing | Begins::Clock | Begins::Voice => own.log(),
    };
    let mut entries = Vec::with_capacity(job.entries.len());
    for (index, (entry, position)) in job.entries.iter().zip(first..).enumerate() {
        let place = job.subject.case().map(|case| Place { log: *log, position, case: *case });
        let sealed_body = (!entry.body.is_empty())
            .then(|| Some(key?.seal(place.as_ref()?, Purpose::Body, &entry.body)))
            .flatten();
        let opens = index == 0 && minted.is_some();
        let commitment = opens.then(|| Some(key?.commitment(place.as_ref()?))).flatten();
        let draft = EntryDraft {
            case: job.subject.case().copied(),
            facts: entry.facts.clone(),
            sealed_body,
            case_key_commitment: commitment,
        };
        let made = Entry::new(log, position, draft);
        entries.push(made.map_err(|error| too_long(&format!("entries[{index}]"), error))?);
    }
    Ok((entries, minted))
}

/// Seals the entries for the local log, and mints the local key of a case that has none.
pub(super) fn seal_local(
    parts: &Parts,
    state: &CorridorState,
    job: &AppendJob,
    first: u64,
) -> Result<(Vec<Entry>, Option<CaseKey>), Failure> {
    let (Some(case), false) = (job.subject.case(), job.local.is_empty()) else {
        return Ok((Vec::new(), None));
    };
    let corridor = &state.corridor;
    if parts.keys.is_erased(case) && job.local.iter().any(|entry| !entry.body.is_empty()) {
        let message = "the erasure of this case was ordered: nothing can be sealed for it";
        return Err(Failure::new(Class::Refused, CASE_KEY_MISSING, message));
    }
    let stored = parts.keys.local(case);
    let minted = stored.is_none().then(|| CaseKey::generate(&mut random::operating_system()));
    let Some(key) = stored.as_ref().or(minted.as_ref()) else {
        return Err(Failure::internal("a local key is neither there nor minted"));
    };
    let mut entries = Vec::with_capacity(job.local.len());
    for (index, (entry, position)) in job.local.iter().zip(first..).enumerate() {
        let place = corridor.local_place(*case, position);
        let sealed_body =
            (!entry.body.is_empty()).then(|| key.seal(&place, Purpose::LocalBody, &entry.body));
        let draft = EntryDraft {
            case: Some(*case),
            facts: entry.facts.clone(),
            sealed_body,
            case_key_commitment: None,
        };
        let made = Entry::new(&corridor.local_log, position, draft);
        entries.push(made.map_err(|error| too_long(&format!("local_entries[{index}]"), error))?);
    }
    Ok((entries, minted))
}

fn too_long(entry: &str, error: DraftError) -> Failure {
    let part = match error {
        DraftError::FactsTooLong { .. } => "facts",
        DraftError::BodyTooLong { .. } => "body",
    };
    InvalidField::new(format!("{entry}.{part}"), error).into()
}
