//! Hearing what a witness holds of the own log: held against what is stored here, and against the
//! mark.

use std::cmp::Ordering;

use domain::identifier::{Digest, State};
use proto::ledger::v1::WitnessVerdict;
use record::dispatch::{Dispatch, SignedHeader};
use runtime::failure::Failure;

use super::{Found, Held, corridor, name};
use crate::layout;
use crate::leave::{Lack, Testimony, Witness};
use crate::writer::Parts;
use crate::writer::forged::keep_forged;
use crate::writer::group::Group;

/// Holds what a witness has against the store and the mark.
pub(super) fn hear(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    heard: &Held,
) -> Found<WitnessVerdict> {
    let state = corridor(parts, partner)?;
    let number = heard.holds.as_ref().map(|signed| signed.header().number);
    if let Some(signed) = &heard.holds {
        let header = signed.header();
        if header.author != state.corridor.own {
            return Ok((WitnessVerdict::NotSigned, "it is of another log".to_owned()));
        }
        let expected = expected(parts, group, partner, header.number)?;
        match expected {
            Expected::Digest(digest) if digest == *signed.digest() => {}
            Expected::Unknown => {}
            Expected::Digest(_) | Expected::Nothing => {
                return Ok(unexpected(parts, group, partner, signed, Vec::new()));
            }
        }
    }
    let at = group.now;
    let receipted = group.draft(parts, partner).logs.partner.heard().map(|heard| heard.number);
    let next = group.draft(parts, partner).logs.own.next_number();
    let Some(state) = parts.corridors.get_mut(&partner) else {
        return Err(Failure::not_found("corridor"));
    };
    if heard.witness == Witness::Partner {
        state.answers_low = low(number, receipted);
        if let Some(reason) = &state.answers_low {
            tracing::error!(%partner, %reason, "the partner answers too low");
            return Ok((WitnessVerdict::Low, reason.clone()));
        }
    }
    let holds = heard.holds.as_ref().map(SignedHeader::as_heard);
    state.leave.hear(heard.witness, Testimony { at, holds });
    let known = number.is_none_or(|number| number < next);
    Ok((if known { WitnessVerdict::Known } else { WitnessVerdict::Newer }, String::new()))
}

/// That an answer is below what was receipted before.
fn low(holds: Option<u64>, receipted: Option<u64>) -> Option<String> {
    let receipted = receipted.filter(|receipted| holds.is_none_or(|holds| holds < *receipted))?;
    let holds = name(holds);
    Some(format!(
        "the partner says that it holds {holds} of this State's log, and has receipted dispatch \
         {receipted} in its own signed word: it was restored from an old copy, or does not tell \
         the truth"
    ))
}

/// What a number of the own log must be.
pub(super) enum Expected {
    Digest(Digest),
    /// It was signed, and its contents are not known here.
    Unknown,
    /// It was never signed.
    Nothing,
}

pub(super) fn expected(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    number: u64,
) -> Result<Expected, Failure> {
    let head = group.draft(parts, partner).logs.own.head();
    let state = corridor(parts, partner)?;
    if let Some(head) = head.filter(|head| head.heard.number == number) {
        return Ok(Expected::Digest(head.heard.digest));
    }
    if head.is_some_and(|head| number < head.heard.number) {
        // Taken back within this very group it may be; the next answer meets it.
        let stored = layout::dispatch_at(&parts.store, &state.corridor.names.own.headers, number)?;
        return Ok(stored.map_or(Expected::Unknown, |it| Expected::Digest(it.digest)));
    }
    Ok(match state.leave.lack() {
        Some(Lack::Dispatches { released: last, digest } | Lack::Forged { last, digest }) => {
            match number.cmp(&last) {
                Ordering::Less => Expected::Unknown,
                Ordering::Equal => Expected::Digest(digest),
                Ordering::Greater => Expected::Nothing,
            }
        }
        Some(Lack::Mark) => Expected::Unknown,
        Some(Lack::Safeguards) | None => Expected::Nothing,
    })
}

/// A dispatch of the own log that this node did not sign. Where the signature is good, somebody has
/// the key.
pub(super) fn unexpected(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    signed: &SignedHeader,
    dispatch: Vec<u8>,
) -> (WitnessVerdict, String) {
    let number = signed.header().number;
    let draft = group.draft(parts, partner);
    let key = draft.logs.own.keys().may_sign(number, signed.key_id());
    let genesis = parts.corridors.get(&partner).map(|state| *state.corridor.genesis.digest());
    let by_own_key = key.zip(genesis).is_some_and(|(key, it)| signed.verifies(&it, &key));
    if !by_own_key {
        let reason = format!("dispatch {number} is not signed by this State");
        return (WitnessVerdict::NotSigned, reason);
    }
    let bytes = if dispatch.is_empty() {
        let signed_header = signed.clone();
        Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() }.encode()
    } else {
        dispatch
    };
    let reason = keep_forged(parts, group, partner, signed, bytes);
    (WitnessVerdict::Forged, reason)
}
