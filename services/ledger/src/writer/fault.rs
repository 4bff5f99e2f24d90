//! Proven faults: stated of the partner's log, and heard of the own.
//!
//! A dispatch that contradicts what is stored is kept as proof by the import. Where two headers
//! show it, it is also stated on the record, in the same group, and freezes the partner's log from
//! there (ADR 0005). What the partner states of the own log is verified the same way.

use domain::case::event::{FaultProved, Kind, Statement};
use domain::chain::{Content, Dispatch};
use domain::identifier::{Digest, State};
use event_store::Store;
use proto::ledger::v1::ImportOutcome;
use proto::store::v1::StoredProof;
use record::arrival::AcceptedEntry;
use record::canonical;
use record::dispatch::{Dispatch as Arrived, SignedHeader};
use record::era::Frozen;
use record::fault::{self, Accused};
use record::key_directory::{KeyDirectory, root_statement};
use record::log::LogState;
use runtime::failure::Failure;

use super::Parts;
use super::group::Group;
use super::state::{Logs, log_snapshot};
use crate::corridor::Side;
use crate::layout::{self, LogNames};
use crate::read::headers::Headers;

/// A log that is accused, as it is stored, with what a group adds to it.
struct Log<'a> {
    store: &'a Store,
    names: &'a LogNames,
    state: &'a LogState,
    taken: Option<&'a std::collections::BTreeMap<u64, Digest>>,
}

impl Accused for Log<'_> {
    fn keys(&self) -> &KeyDirectory {
        self.state.keys()
    }

    fn digest(&self, number: u64) -> Option<Digest> {
        let taken = self.taken.and_then(|taken| taken.get(&number)).copied();
        taken.or_else(|| {
            Some(layout::dispatch_at(self.store, &self.names.headers, number).ok()??.digest)
        })
    }
}

/// States a fault of the partner's log, if two headers show it, it is not frozen yet, and it is
/// not a rival for a number that both have long shown to have heard. `bytes` are the dispatch
/// that contradicts what is stored.
pub(super) fn state(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    bytes: &[u8],
) -> Result<(), Failure> {
    let Some(corridor) = parts.corridors.get(&partner) else {
        return Ok(());
    };
    // What a node that waits may not say yet, it says with its first word.
    if corridor.leave.waiting().is_some() && !group.grants.contains(&partner) {
        return Ok(());
    }
    let now = group.now;
    let understood = corridor.corridor.founded.kinds.contains(&Kind::FaultProved.number());
    let draft = group.draft(parts, partner);
    let frozen = draft.proves_fault || draft.logs.partner.frozen().is_some();
    if !understood || frozen || corridor.stopped.is_some() || draft.logs.own.frozen().is_some() {
        return Ok(());
    }
    let Ok(rival) = Arrived::decode(bytes) else {
        return Ok(());
    };
    let header = rival.signed_header.header();
    // Of an equivocation the one under the same number, else the one before it.
    let next = draft.logs.partner.next_number();
    let number = if header.number < next { Some(header.number) } else { next.checked_sub(1) };
    let Some(number) = number else {
        return Ok(());
    };
    let stored = match draft.signed.get(&number) {
        Some(signed) => Some(signed.clone()),
        None => layout::signed_header_at(
            &parts.store,
            &corridor.corridor.names.partner.headers,
            number,
        )?,
    };
    let Some(stored) = stored else {
        return Ok(());
    };
    let keys = draft.logs.partner.keys();
    let known = keys.may_sign(header.number, rival.signed_header.key_id()).is_some();
    let announced = if known { None } else { announcement(&rival) };
    let Some(proved) = fault::prove(&stored, &rival.signed_header, announced.as_deref()) else {
        return Ok(());
    };
    let says = Dispatch {
        number: draft.logs.own.next_number(),
        time: now,
        digest: Digest::new([0; 32]),
        heard: draft.logs.partner.head().map(|head| head.heard),
    };
    let draft = group.draft(parts, partner);
    let accused = Log {
        store: &parts.store,
        names: &corridor.corridor.names.partner,
        state: &draft.logs.partner,
        taken: Some(&draft.taken),
    };
    let names = [&corridor.corridor.names.partner, &corridor.corridor.names.own];
    let logs = [&corridor.logs.partner, &corridor.logs.own];
    if freezes(&parts.store, &proved, &says, &accused, names, logs).is_none() {
        return Ok(());
    }
    tracing::error!(%partner, number = header.number, "a fault of the partner's log is stated");
    let facts = record::facts::encode(None, &Statement::FaultProved(proved));
    group.announce(parts, partner, vec![facts])?;
    group.draft(parts, partner).proves_fault = true;
    Ok(())
}

/// States what was kept as proof while the node waited, as [`state`] would have.
pub(super) fn state_kept(parts: &Parts, group: &mut Group, partner: State) -> Result<(), Failure> {
    let Some(corridor) = parts.corridors.get(&partner) else {
        return Ok(());
    };
    let log = &corridor.corridor.names.proofs;
    for record in layout::log_records(&parts.store, log, 0, parts.store.log_size(log))? {
        let proof: StoredProof =
            canonical::decode(&record.leaf).map_err(|_| crate::failure::corrupt(&record))?;
        let outcome = i32::try_from(proof.outcome).ok().map(ImportOutcome::try_from);
        if let Some(Ok(ImportOutcome::Rival | ImportOutcome::Broken)) = outcome {
            state(parts, group, partner, &proof.dispatch)?;
        }
    }
    Ok(())
}

/// Takes in what a dispatch states of the other log: what counts freezes it. The dispatch is the
/// partner's, or one of the own log that is taken back after a restore.
pub(super) fn hear(
    parts: &Parts,
    group: &mut Group,
    partner: State,
    by: Side,
    signed: &SignedHeader,
    entries: &[AcceptedEntry],
) -> Result<(), Failure> {
    let Some(corridor) = parts.corridors.get(&partner) else {
        return Ok(());
    };
    let both = &corridor.corridor.names;
    let (names, logs) = match by {
        Side::Partner => ([&both.own, &both.partner], [&corridor.logs.own, &corridor.logs.partner]),
        Side::Own => ([&both.partner, &both.own], [&corridor.logs.partner, &corridor.logs.own]),
    };
    for entry in entries {
        let Some(proved) = stated(&entry.reading.content) else {
            continue;
        };
        let says = record::chain::dispatch(signed);
        let draft = group.draft(parts, partner);
        let state = match by {
            Side::Partner => &draft.logs.own,
            Side::Own => &draft.logs.partner,
        };
        let accused = Log { store: &parts.store, names: names[0], state, taken: None };
        let counts = fault::proven(proved, says.heard, &accused).is_some();
        let frozen = freezes(&parts.store, proved, &says, &accused, names, logs);
        match (by, frozen) {
            (Side::Partner, Some(frozen)) => {
                tracing::error!(%partner, "the partner has proved a fault of this State's log");
                draft.logs.own.freeze(frozen);
            }
            (Side::Own, Some(frozen)) => draft.logs.partner.freeze(frozen),
            (Side::Partner | Side::Own, None) => {}
        }
        if let (false, Side::Partner) = (counts, by) {
            draft.void_faults.insert(entry.head.position);
        }
    }
    Ok(())
}

/// Statements of a fault in the store, found again at the start: what freezes which log, and the
/// positions of the partner's that do not count.
pub(super) fn resume(
    store: &Store,
    names: [&LogNames; 2],
    logs: &mut Logs,
    stated: &[(Side, u64, u64, FaultProved)],
) -> Result<std::collections::BTreeSet<u64>, Failure> {
    let [own_names, partner_names] = names;
    let mut void = std::collections::BTreeSet::new();
    for (side, number, position, proved) in stated {
        let (accuser_names, accused_names) = match side {
            Side::Own => (own_names, partner_names),
            Side::Partner => (partner_names, own_names),
        };
        let Some(says) = layout::signed_header_at(store, &accuser_names.headers, *number)? else {
            continue;
        };
        let says = record::chain::dispatch(&says);
        let (accuser, accused) = match side {
            Side::Own => (&logs.own, &logs.partner),
            Side::Partner => (&logs.partner, &logs.own),
        };
        let log = Log { store, names: accused_names, state: accused, taken: None };
        let counts = fault::proven(proved, says.heard, &log).is_some();
        let frozen =
            freezes(store, proved, &says, &log, [accused_names, accuser_names], [accused, accuser]);
        if let (false, Side::Partner) = (counts, side) {
            void.insert(*position);
        }
        if let Some(frozen) = frozen {
            match side {
                Side::Own => logs.partner.freeze(frozen),
                Side::Partner => logs.own.freeze(frozen),
            }
        }
    }
    Ok(void)
}

/// How a statement freezes the accused log; `None` where it does not count, or does not freeze.
/// Names and logs: the accused, the accuser.
fn freezes(
    store: &Store,
    proved: &FaultProved,
    says: &Dispatch,
    accused: &Log<'_>,
    names: [&LogNames; 2],
    logs: [&LogState; 2],
) -> Option<Frozen> {
    let proven = fault::proven(proved, says.heard, accused)?;
    let [accused_names, accuser_names] = names;
    let [accused_log, accuser_log] = logs;
    let accused = Headers::new(store, accused_names, log_snapshot(accused_log));
    let accuser = Headers::new(store, accuser_names, log_snapshot(accuser_log));
    fault::freezes(&proven, says, &accused, &accuser)
}

/// The fault that an entry states.
fn stated(content: &Content) -> Option<&FaultProved> {
    let Content::Stated(statement) = content else {
        return None;
    };
    let Statement::FaultProved(proved) = statement.as_ref() else {
        return None;
    };
    Some(proved)
}

/// The word of the root key in the first entry of a dispatch.
fn announcement(dispatch: &Arrived) -> Option<Vec<u8>> {
    let first = dispatch.entries.first()?;
    let Content::Stated(statement) = record::facts::read(&first.facts) else {
        return None;
    };
    root_statement(&statement).map(<[u8]>::to_vec)
}
