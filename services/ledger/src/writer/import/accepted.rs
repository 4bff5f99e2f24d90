//! Staging a dispatch that was accepted: its entries, its header, the case keys that came with it,
//! and what did not come with it.

use std::collections::BTreeSet;

use domain::identifier::{CaseId, Digest, State};
use event_store::{Revision, StoredRecord};
use proto::record::v1::WrappedCaseKey;
use record::arrival::{Accepted, AcceptedEntry};
use record::entry::{Head, Owner};
use record::seal::{CaseKey, Place};
use record::wrap::{self, UnwrapError};
use runtime::failure::Failure;

use crate::corridor::Side;
use crate::failure;
use crate::keyring::{NewKey, Reach};
use crate::layout::case_stream;
use crate::missing::Need;
use crate::writer::group::Group;
use crate::writer::listed::listed;
use crate::writer::records::push_dispatch;
use crate::writer::state::CorridorState;
use crate::writer::{Parts, fault, restated};

/// First records of a case among which its opening is looked for: whoever says more than this of a
/// case before opening it goes without its key.
const OPENED_WITHIN_RECORDS: usize = 256;

/// Stages an accepted dispatch: its entries, its header, the case keys that came with it.
pub(super) fn store(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    accepted: Accepted,
) -> Result<(), Failure> {
    let Some(state) = parts.corridors.get(&partner) else {
        return Err(Failure::not_found("corridor"));
    };
    let corridor = &state.corridor;
    let Accepted { signed_header, entries, case_keys, state: next } = accepted;
    let streams = group.lengthen_by(parts, corridor, &entries)?;
    let opened = &mut group.draft(parts, partner).opened;
    let mut missing = Vec::new();
    for (case, opening) in openings(parts, state, opened, &entries)? {
        let mut wraps = case_keys.iter().filter(|it| it.position == opening.head.position);
        match wraps.find_map(|it| unwrap(parts, state, opening, it)) {
            Some(key) => group.keys.push(NewKey { case, key, reach: Reach::Shared }),
            None => missing.push((case, opening.head.position, Need::CaseKey)),
        }
    }
    missing.extend(entries.iter().filter(|it| it.lacks_body()).filter_map(|it| {
        match it.reading.owner {
            Owner::Case(case) => Some((case, it.head.position, Need::Body)),
            // Nobody reads what belongs to nobody, and the corridor has no bodies.
            Owner::Corridor | Owner::Nobody => None,
        }
    }));
    for it in &entries {
        if let (Owner::Case(case), Some(sealed)) = (it.reading.owner, &it.entry.sealed_body)
            && let Some(key) = group.key(parts, &case)
        {
            let position = it.head.position;
            let place = corridor.place(Side::Partner, case, position);
            let listed = listed(&key, &place, sealed).into_iter();
            missing.extend(listed.map(|id| (case, position, Need::Attachment(id))));
        }
    }
    group.miss(partner, &corridor.names, missing);
    group.again.extend(restated::among(partner, &entries));
    let draft = group.draft(parts, partner);
    let first = draft.logs.partner.next_position();
    let number = signed_header.header().number;
    draft.taken.insert(number, *signed_header.digest());
    draft.signed.insert(number, signed_header.clone());
    draft.logs.partner = next;
    // The receipt. A dispatch without entries is never answered.
    draft.wants_dispatch |= !entries.is_empty();
    corridor.note_eras(Side::Partner, draft.logs.partner.eras());
    fault::hear(parts, group, partner, Side::Partner, &signed_header, &entries)?;
    let names = &corridor.names.partner;
    let entries = entries.iter().map(|entry| &entry.entry).zip(streams);
    push_dispatch(&mut group.records, names, &signed_header, first, entries);
    Ok(())
}

/// The entries that open a case which is the partner's to open and was not opened before. A second
/// opening is of no effect, and its key must not take the place of the one that bodies are sealed
/// with.
fn openings<'a>(
    parts: &Parts,
    state: &CorridorState,
    opened: &mut BTreeSet<CaseId>,
    entries: &'a [AcceptedEntry],
) -> Result<Vec<(CaseId, &'a AcceptedEntry)>, Failure> {
    let corridor = &state.corridor;
    let mut openings = Vec::new();
    for entry in entries {
        let (Owner::Case(case), Some(_)) = (entry.reading.owner, entry.head.case_key_commitment)
        else {
            continue;
        };
        if corridor.founded.founder_of(&case) != corridor.partner || !opened.insert(case) {
            continue;
        }
        let stream = case_stream(&case);
        let before = parts.store.read_stream(&stream, Revision(0), OPENED_WITHIN_RECORDS);
        let before = before.map_err(failure::read)?;
        let opens = |record: &StoredRecord| {
            record.log == corridor.names.partner.entries
                && Head::decode(&record.leaf).is_some_and(|it| it.case_key_commitment.is_some())
        };
        if before.len() < OPENED_WITHIN_RECORDS && !before.iter().any(opens) {
            openings.push((case, entry));
        }
    }
    Ok(openings)
}

/// Opens a wrapped case key with whichever HPKE key it is sealed to.
pub(in crate::writer) fn open_wrapped(
    parts: &Parts,
    wrapped: &WrappedCaseKey,
    genesis: &Digest,
    opening: &Place,
    commitment: &Digest,
) -> Result<CaseKey, UnwrapError> {
    // The newest first: an older one is there only until the partner has heard of its successor.
    let mut found = Err(UnwrapError::OtherRecipient);
    for recipient in parts.keyring.keys().hpke.iter().rev() {
        found = wrap::unwrap(wrapped, genesis, opening, commitment, recipient);
        if !matches!(found, Err(UnwrapError::OtherRecipient)) {
            break;
        }
    }
    found
}

/// The case key beside an opening entry, if it is the one that the entry committed to. Without it
/// the entry is stored all the same: its body cannot be read until the key comes.
fn unwrap(
    parts: &Parts,
    state: &CorridorState,
    opening: &AcceptedEntry,
    wrapped: &WrappedCaseKey,
) -> Option<CaseKey> {
    let corridor = &state.corridor;
    let commitment = opening.head.case_key_commitment?;
    let Owner::Case(case) = opening.reading.owner else {
        return None;
    };
    let place = corridor.place(Side::Partner, case, opening.head.position);
    let genesis = corridor.genesis.digest();
    match open_wrapped(parts, wrapped, genesis, &place, &commitment) {
        Ok(key) => Some(key),
        Err(error) => {
            tracing::warn!(position = opening.head.position, %error, "a case key is of no use");
            None
        }
    }
}
