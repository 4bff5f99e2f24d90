//! Taking back a dispatch of the own log that a restored store has lost: exactly as it was signed.

use std::cell::RefCell;

use domain::case::event::{Kind, Statement};
use domain::chain::{Content, Heard};
use domain::identifier::{Digest, State};
use event_store::LogName;
use proto::ledger::v1::{TakeBackOutcome, WitnessVerdict};
use record::arrival::{Accepted, Fault, Known};
use record::breach::Breach;
use record::dispatch::{Dispatch, SignedHeader, encoded_bytes};
use record::entry::{Entry, Owner};
use record::log::{LogState, Stamp};
use runtime::failure::Failure;

use super::witness::{Expected, expected, unexpected};
use super::{Found, corridor};
use crate::corridor::Side;
use crate::layout;
use crate::leave::Lack;
use crate::serial::YearSerial;
use crate::writer::forged::{keep_forged, note_forged};
use crate::writer::group::Group;
use crate::writer::records::push_dispatch;
use crate::writer::{Parts, erasure, fault};

/// Takes a dispatch of the own log back, if this node signed it and it is the next.
pub(super) fn take_back(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    bytes: &[u8],
) -> Found<TakeBackOutcome> {
    use TakeBackOutcome as Outcome;
    let state = corridor(parts, partner)?;
    if !state.leave.takes_back() {
        return Ok((Outcome::NotWanted, "nothing is lacking".to_owned()));
    }
    let dispatch = match Dispatch::decode(bytes) {
        Ok(dispatch) => Dispatch { case_keys: Vec::new(), ..dispatch },
        Err(error) => return Ok((Outcome::NotTaken, error.to_string())),
    };
    let signed = dispatch.signed_header.clone();
    let number = signed.header().number;
    let is_expected = match expected(parts, group, partner, number)? {
        Expected::Digest(digest) => digest == *signed.digest(),
        Expected::Unknown => true,
        Expected::Nothing => false,
    };
    let bytes = dispatch.encode();
    let own = group.draft(parts, partner).logs.own.clone();
    if number < own.next_number() && is_expected {
        return Ok((Outcome::Duplicate, String::new()));
    }
    if !is_expected {
        let (verdict, reason) = unexpected(parts, group, partner, &signed, bytes);
        let is_forged = verdict == WitnessVerdict::Forged;
        return Ok((if is_forged { Outcome::Forged } else { Outcome::NotTaken }, reason));
    }
    let known = Partner {
        parts,
        headers: &corridor(parts, partner)?.corridor.names.partner.headers,
        log: &corridor(parts, partner)?.logs.partner,
        failed: RefCell::default(),
    };
    // It was signed here, whatever this clock says by now.
    let checked = own.check(dispatch, signed.header().time, &known);
    known.failed.into_inner().map_or(Ok(()), Err)?;
    match checked {
        Ok(accepted) => {
            store(parts, group, partner, accepted)?;
            if let Some(Lack::Forged { last, .. }) = corridor(parts, partner)?.leave.lack()
                && number < last
            {
                note_forged(parts, group, partner, &signed);
            }
            Ok((Outcome::Stored, String::new()))
        }
        Err(fault) => not_taken(parts, group, NotTaken { partner, signed, bytes, fault }),
    }
}

/// A dispatch of the own log that is not taken back now.
struct NotTaken {
    partner: State,
    signed: SignedHeader,
    bytes: Vec<u8>,
    fault: Fault,
}

/// What is done with it.
fn not_taken(parts: &mut Parts, group: &mut Group, dispatch: NotTaken) -> Found<TakeBackOutcome> {
    use TakeBackOutcome as Outcome;
    let NotTaken { partner, signed, bytes, fault } = dispatch;
    let reason = fault.to_string();
    let end = corridor(parts, partner)?.logs.partner.next_number();
    let heard = signed.header().heard.map(|heard| heard.number);
    let lacking = heard.filter(|heard| *heard >= end);
    if let Some(needs) = lacking
        && let Fault::HeardUnknown { .. } | Fault::BrokenChain { breach: Breach::Era, .. } = fault
    {
        // What it had heard comes first: it may be what ended the era before its own.
        if let Some(state) = parts.corridors.get_mut(&partner) {
            state.leave.need(needs);
        }
        return Ok((Outcome::NeedsPartner, reason));
    }
    Ok(match fault {
        Fault::HeardUnknown { heard, .. } => {
            (Outcome::NotTaken, heard_another(partner, signed.header().number, heard))
        }
        // Its signature is good, and it does not follow on what is stored.
        Fault::BrokenChain { .. } | Fault::Rival { .. } => {
            (Outcome::Forged, keep_forged(parts, group, partner, &signed, bytes))
        }
        Fault::Gap { .. } => (Outcome::Gap, reason),
        Fault::Duplicate { .. } => (Outcome::Duplicate, String::new()),
        Fault::NotAuthentic(_)
        | Fault::Future { .. }
        | Fault::Void { .. }
        | Fault::Frozen { .. }
        | Fault::Unjudged { .. }
        | Fault::EntriesWithheld { .. } => (Outcome::NotTaken, reason),
    })
}

/// Why a dispatch of the own log does not fit what a restored store was given of the partner's log:
/// only what carries the partner's signature is ever heard, so the partner has signed two.
fn heard_another(partner: State, number: u64, heard: Heard) -> String {
    tracing::error!(
        %partner,
        number = heard.number,
        "the partner has given another dispatch than the one that was heard before the restore"
    );
    format!(
        "dispatch {number} of this State's own log has heard dispatch {} of {partner} with the \
         digest {}, and since the restore {partner} has given another one of that number: it has \
         signed two; restore the copy again and bring in the one that was heard",
        heard.number, heard.digest
    )
}

/// What is stored of the partner's log.
struct Partner<'a> {
    parts: &'a Parts,
    headers: &'a LogName,
    log: &'a LogState,
    failed: RefCell<Option<Failure>>,
}

impl Known for Partner<'_> {
    fn heard(&self, number: u64) -> Option<Stamp> {
        if number >= self.log.next_number() {
            return None;
        }
        match layout::dispatch_at(&self.parts.store, self.headers, number) {
            Ok(found) => found.map(|it| {
                let era = self.log.eras().era_of(number);
                Stamp { era, digest: it.digest, time: it.time }
            }),
            Err(failure) => {
                self.failed.borrow_mut().get_or_insert(failure);
                None
            }
        }
    }

    fn stored(&self, _: u64) -> Option<Digest> {
        // Numbers that are stored were told apart before.
        None
    }
}

/// Stages a dispatch of the own log, exactly as it was signed.
fn store(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    accepted: Accepted,
) -> Result<(), Failure> {
    let corridor = &corridor(parts, partner)?.corridor;
    let Accepted { signed_header, entries, state: next, .. } = accepted;
    let streams = group.lengthen_by(parts, corridor, &entries)?;
    for entry in &entries {
        if entry.lacks_body() {
            tracing::warn!(position = entry.head.position, "a body did not come back");
        }
        // Its number is taken, and no other case may get it.
        if let Content::Stated(statement) = &entry.reading.content
            && let Statement::RequestFiled(filed) = statement.as_ref()
        {
            let used = YearSerial { year: filed.year, serial: filed.serial };
            group.use_serial(parts, partner, used);
        }
    }
    for entry in &entries {
        // What was erased before the store was restored is erased again.
        if let Content::Stated(statement) = &entry.reading.content
            && let (Kind::ErasureOrdered, Owner::Case(case)) =
                (statement.kind(), entry.reading.owner)
        {
            group.records.push(erasure::record(corridor, &case));
            group.erasures.push(case);
        }
    }
    fault::hear(parts, group, partner, Side::Own, &signed_header, &entries)?;
    let draft = group.draft(parts, partner);
    let first = draft.logs.own.next_position();
    draft.logs.own = next;
    let bytes: Vec<Entry> = entries.iter().map(|entry| entry.entry.clone()).collect();
    group.taken_bytes += encoded_bytes(&bytes);
    let entries = entries.iter().map(|entry| &entry.entry).zip(streams);
    push_dispatch(&mut group.records, &corridor.names.own, &signed_header, first, entries);
    Ok(())
}
