//! Making a bundle out of what a store holds.

use domain::identifier::{CaseId, Digest, State};
use proto::record::v1::{DispatchEvidence, EntryEvidence, EvidenceBundle, LogEvidence};

use super::{VERSION, concerned};
use crate::canonical;
use crate::dispatch::SignedHeader;
use crate::entry::Head;
use crate::genesis::SignedGenesis;
use crate::log::FIRST_ERA;
use crate::log_id::LogId;
use crate::seal::CaseKey;

/// A stored dispatch, as a bundle is made of it.
#[derive(Clone, Debug)]
pub struct StoredDispatch {
    /// The bytes of the signed header.
    pub signed_header: Vec<u8>,
    /// Head and facts of every entry, by position.
    pub entries: Vec<StoredEntry>,
}

/// Head, facts and sealed body of a stored entry.
#[derive(Clone, Debug, Default)]
pub struct StoredEntry {
    /// The bytes of the head.
    pub head: Vec<u8>,
    /// The bytes of the facts; left out of the bundle unless they are of the corridor or the case.
    pub facts: Vec<u8>,
    /// The sealed body, empty where there is none; left out of the bundle unless it is of the case
    /// and the case key stands beside.
    pub sealed_body: Vec<u8>,
}

/// Makes the evidence of a case from both logs, each whole from its first dispatch up to the one
/// that the evidence is to be complete up to. With the case key, whoever holds the bundle reads
/// the bodies.
#[must_use]
pub fn export(
    genesis: &SignedGenesis,
    case: CaseId,
    [first, second]: [Vec<StoredDispatch>; 2],
    case_key: Option<&CaseKey>,
) -> Vec<u8> {
    let log = |state: State, dispatches: Vec<StoredDispatch>| {
        let bodies = case_key.is_some();
        let mut era = LogId::shared(genesis.digest(), state, FIRST_ERA);
        let dispatches = dispatches.into_iter().map(|stored| {
            era = in_era_of(&stored, genesis.digest(), era);
            evidence(&era, case, stored, bodies)
        });
        LogEvidence { era: FIRST_ERA, dispatches: dispatches.collect() }
    };
    canonical::encode(&EvidenceBundle {
        version: VERSION,
        genesis: Some(genesis.to_message()),
        case_id: case.as_bytes().to_vec(),
        first: Some(log(genesis.genesis().first().state, first)),
        second: Some(log(genesis.genesis().second().state, second)),
        case_key: case_key.map(|key| key.expose().to_vec()).unwrap_or_default(),
    })
}

/// The log in the era of a dispatch; `before` where its header says no other.
fn in_era_of(stored: &StoredDispatch, genesis: &Digest, before: LogId) -> LogId {
    match SignedHeader::parse(&stored.signed_header) {
        Some(signed) if signed.header().era != before.era() => {
            LogId::shared(genesis, before.author(), signed.header().era)
        }
        Some(_) | None => before,
    }
}

fn evidence(log: &LogId, case: CaseId, stored: StoredDispatch, bodies: bool) -> DispatchEvidence {
    let entries = stored.entries.into_iter().map(|StoredEntry { head, facts, sealed_body }| {
        let concerned = Head::decode(&head).and_then(|head| concerned(log, case, &head));
        let (shown, of_case) = (concerned.is_some(), concerned.flatten().is_some());
        EntryEvidence {
            head,
            facts: if shown { facts } else { Vec::new() },
            sealed_body: if bodies && of_case { sealed_body } else { Vec::new() },
        }
    });
    DispatchEvidence { signed_header: stored.signed_header, entries: entries.collect() }
}

/// Whether the evidence of a case shows the facts of the entry with these bytes of a head. Whoever
/// makes a bundle may leave all others out from the start. `log` is the log in the entry's era.
#[must_use]
pub fn shows(log: &LogId, case: CaseId, head: &[u8]) -> bool {
    Head::decode(head).is_some_and(|head| concerned(log, case, &head).is_some())
}
