//! What somebody else signed with this State's log key, and the partner holds.
//!
//! The partner took it, so it is in the log for ever: to sign other words under its numbers would
//! fork the log. An operator takes it in as it stands ([`take_in`]); open cases get the safeguard
//! `restored`; and the next word of this State revokes the key, from before the first such dispatch
//! on ([`owed`]). Its entries then stand as what the partner had heard before it heard of the
//! revocation, and their cases are disputed until both States settle them (DESIGN 4, "Lost keys").

use std::collections::BTreeMap;

use domain::case::event::KeyPurpose;
use domain::chain::Content;
use domain::identifier::State;
use domain::time::Instant;
use event_store::Store;
use proto::ledger::v1::ImportOutcome;
use proto::store::v1::StoredProof;
use record::canonical;
use record::dispatch::{Dispatch, SignedHeader};
use record::facts;
use record::key::KeyId;
use record::key_directory::root_statement;
use record::root_statement::{RevokedKey, RootStatement, Statement as Stated};
use runtime::failure::{Class, Failure};

use super::group::Group;
use super::leave::ResumeJob;
use super::records::proof_record;
use super::state::CorridorState;
use super::{NewEntry, Parts, release};
use crate::corridor::Corridor;
use crate::failure::{PARTNER_STOPPED, RESUME_REFUSED};
use crate::layout;
use crate::leave::{Lack, Leave, Waiting};

/// Log keys that somebody else has signed dispatches of the own log with which are in it now: the
/// number of the first of each.
pub(super) type ForgedKeys = BTreeMap<KeyId, u64>;

/// A dispatch that is kept as proof.
pub(super) struct Proof {
    pub(super) outcome: Option<ImportOutcome>,
    /// `None` where the bytes were no dispatch.
    pub(super) signed: Option<SignedHeader>,
    pub(super) reason: String,
}

impl Proof {
    /// The proofs of a corridor, oldest first.
    pub(super) fn all(store: &Store, corridor: &Corridor) -> Result<Vec<Self>, Failure> {
        let log = &corridor.names.proofs;
        let records = layout::log_records(store, log, 0, store.log_size(log))?;
        let proofs = records.iter().map(|record| {
            let proof: StoredProof =
                canonical::decode(&record.leaf).map_err(|_| crate::failure::corrupt(record))?;
            let outcome = i32::try_from(proof.outcome).ok();
            let dispatch = Dispatch::decode(&proof.dispatch).ok();
            Ok(Self {
                outcome: outcome.and_then(|it| ImportOutcome::try_from(it).ok()),
                signed: dispatch.map(|dispatch| dispatch.signed_header),
                reason: proof.reason,
            })
        });
        proofs.collect()
    }

    /// Whether it forbids writing to the partner. What the own log holds by now does not: it was
    /// taken in, or taken back.
    pub(super) fn stops(&self, store: &Store, corridor: &Corridor) -> Result<bool, Failure> {
        let named = match (self.outcome, &self.signed) {
            (Some(ImportOutcome::OwnForged), Some(signed)) => Some(signed.as_heard()),
            (Some(ImportOutcome::HeardUnknown), Some(signed)) => signed.header().heard,
            (Some(ImportOutcome::OwnForged | ImportOutcome::HeardUnknown), None) => None,
            (Some(_) | None, _) => return Ok(false),
        };
        let Some(named) = named else { return Ok(true) };
        let held = layout::dispatch_at(store, &corridor.names.own.headers, named.number)?;
        Ok(held.is_none_or(|held| held.digest != named.digest))
    }
}

/// Why nothing more is written to the partner, and with which keys somebody else has signed what
/// the own log holds.
pub(super) fn found(
    store: &Store,
    corridor: &Corridor,
) -> Result<(Option<String>, ForgedKeys), Failure> {
    let mut stopped = None;
    let mut keys = ForgedKeys::new();
    for proof in Proof::all(store, corridor)? {
        if proof.stops(store, corridor)? {
            stopped.get_or_insert(proof.reason);
        } else if let (Some(ImportOutcome::OwnForged), Some(signed)) = (proof.outcome, proof.signed)
        {
            let number = signed.header().number;
            let first = keys.entry(signed.key_id()).or_insert(number);
            *first = number.min(*first);
        }
    }
    Ok((stopped, keys))
}

/// Looks again at what had stopped the writing, once what an operator took in is there.
pub(super) fn look_again(parts: &mut Parts) -> Result<(), Failure> {
    for state in parts.corridors.values_mut() {
        if state.stopped.is_some() && state.leave.lack() == Some(Lack::Safeguards) {
            (state.stopped, state.forged) = found(&parts.store, &state.corridor)?;
        }
    }
    Ok(())
}

/// Keeps a dispatch that was signed with this State's key and not by this node, and stops writing:
/// whatever is said now could be denied.
pub(super) fn keep_forged(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    signed: &SignedHeader,
    dispatch: Vec<u8>,
) -> String {
    let number = signed.header().number;
    let reason = format!(
        "dispatch {number} of this State's own log carries a good signature and was not made here: \
         somebody has the log key, or the signer's mark went back together with the store; where \
         the partner holds it, take it in (`readmit operator resume --take-in-forged`), then \
         revoke the key (`readmit keys revoke`)"
    );
    tracing::error!(%partner, number, "a dispatch of the own log was not signed by this node");
    let outcome = u32::try_from(i32::from(ImportOutcome::OwnForged)).unwrap_or_default();
    let time_ms = group.now.as_ms();
    if let Some(state) = parts.corridors.get_mut(&partner)
        && (state.proofs.insert(*signed.digest()) || state.stopped.is_none())
    {
        let proof = StoredProof { outcome, time_ms, dispatch, reason: reason.clone() };
        group.records.push(proof_record(&state.corridor, &proof));
        state.stop(&reason);
    }
    reason
}

/// Keeps the header of a dispatch that is taken in as proof, in one write with it: the key is to be
/// revoked from before the first of them on, and a witness shows only its last, which is kept.
pub(super) fn note_forged(
    parts: &mut Parts,
    group: &mut Group,
    partner: State,
    signed: &SignedHeader,
) {
    let number = signed.header().number;
    let outcome = u32::try_from(i32::from(ImportOutcome::OwnForged)).unwrap_or_default();
    let time_ms = group.now.as_ms();
    if let Some(state) = parts.corridors.get_mut(&partner) {
        state.proofs.insert(*signed.digest());
        let signed_header = signed.clone();
        let header = Dispatch { signed_header, entries: Vec::new(), case_keys: Vec::new() };
        let reason = format!("dispatch {number} was signed by somebody else, and taken in");
        let proof = StoredProof { outcome, time_ms, dispatch: header.encode(), reason };
        group.records.push(proof_record(&state.corridor, &proof));
    }
}

/// Lets the exchange take in what somebody else signed and the partner holds, if it follows on what
/// this State has said.
pub(super) fn take_in(parts: &mut Parts, now: Instant, job: &ResumeJob) -> Result<(), Failure> {
    let partner = job.partner;
    let state = parts.corridors.get(&partner).ok_or_else(|| Failure::not_found("corridor"))?;
    let signed = may_take_in(parts, state, job.partner_holds)?;
    let signed = signed.map_err(|why| Failure::new(Class::Refused, RESUME_REFUSED, why))?;
    if job.validate_only {
        return Ok(());
    }
    // From here on until the node may write again, also over a restart: open cases get `restored`.
    if let Some(mark) = parts.marks.lock().get_mut(&partner) {
        mark.restored().map_err(release::not_released)?;
    }
    let heard = signed.as_heard();
    tracing::warn!(%partner, number = heard.number, "an operator takes in what was forged");
    if let Some(state) = parts.corridors.get_mut(&partner) {
        let lack = Lack::Forged { last: heard.number, digest: heard.digest };
        let own = state.logs.own.head().map(|head| (head.heard.number, head.heard.digest));
        state.leave = Leave::Waiting(Box::new(Waiting::begin(own, lack, now)));
    }
    Ok(())
}

/// The last dispatch to take in, or why none may be.
fn may_take_in(
    parts: &Parts,
    state: &CorridorState,
    holds: Option<u64>,
) -> Result<Result<SignedHeader, String>, Failure> {
    if state.stopped.is_none() {
        return Ok(Err("no dispatch was met that this State did not sign".to_owned()));
    }
    match state.leave.lack() {
        Some(Lack::Dispatches { .. } | Lack::Mark) => {
            return Ok(
                Err("the dispatches that this State signed are taken back first".to_owned()),
            );
        }
        Some(Lack::Forged { .. } | Lack::Safeguards) | None => {}
    }
    let Some(number) = holds else {
        return Ok(Err("name the last dispatch of this State's log that the partner holds".into()));
    };
    let next = state.logs.own.next_number();
    if number < next {
        return Ok(Err(format!(
            "dispatch {number} of this State's log is its own: where the partner holds another one \
             under that number, the log goes on in its next era once the partner has proved the \
             fault (`readmit keys succeed`)"
        )));
    }
    let forged = Proof::all(&parts.store, &state.corridor)?.into_iter().filter_map(|proof| {
        proof.signed.filter(|_| proof.outcome == Some(ImportOutcome::OwnForged))
    });
    let Some(last) = forged.rev().find(|signed| signed.header().number == number) else {
        return Ok(Err(format!(
            "the partner has not shown a dispatch {number} that is signed with this State's log \
             key and was not made here"
        )));
    };
    let head = state.logs.own.head().map(|head| head.heard.digest);
    if number == next && last.header().previous != head {
        return Ok(Err(format!(
            "dispatch {number} does not follow on this State's own: whoever signed it forked the \
             log earlier, and the partner proves that fault"
        )));
    }
    Ok(Ok(last))
}

/// Holds what is said next to what is owed: while a key stands with which somebody else has signed,
/// nothing is said but that it is revoked from before then on.
pub(super) fn owed(state: &CorridorState, entries: &[NewEntry]) -> Result<(), Failure> {
    if state.forged.is_empty() {
        return Ok(());
    }
    let directory = state.logs.own.keys();
    let revoked: Vec<RevokedKey> = entries
        .iter()
        .filter_map(|entry| match facts::read(&entry.facts) {
            Content::Stated(statement) => {
                let bytes = root_statement(&statement)?;
                match RootStatement::verify(bytes, directory.root()).ok()?.statement {
                    Stated::KeyRevoked(revoked) => Some(revoked),
                    Stated::KeyAnnounced(_) | Stated::ClockCorrected | Stated::LogSucceeded(_) => {
                        None
                    }
                }
            }
            Content::NotUnderstood => None,
        })
        .collect();
    for (key_id, first) in &state.forged {
        let before = |it: &RevokedKey| {
            it.purpose == KeyPurpose::Log
                && it.key_id == *key_id
                && it.last_good.is_none_or(|last| last.number < *first)
        };
        let is_revoked = directory.revoked(KeyPurpose::Log, *key_id).is_some();
        if !is_revoked && !revoked.iter().any(before) {
            let message = format!(
                "somebody else has signed dispatch {first} and what follows with this State's log \
                 key: the next word revokes it, with a last good dispatch before {first} \
                 (`readmit keys revoke`)"
            );
            return Err(Failure::new(Class::Refused, PARTNER_STOPPED, message));
        }
    }
    Ok(())
}

impl CorridorState {
    /// Whether a key has to be revoked before anything else is said.
    pub(super) fn owes_revocation(&self) -> bool {
        owed(self, &[]).is_err()
    }
}
