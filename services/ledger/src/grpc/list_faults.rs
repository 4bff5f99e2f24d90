//! `ListFaults`: the dispatches of a partner that are kept as proof.

use std::sync::Arc;

use domain::case::event::Statement;
use domain::chain::Content;
use proto::ledger::v1::{KeptFault, ListFaultsRequest, ListFaultsResponse};
use proto::store::v1::StoredProof;
use record::canonical;
use record::dispatch::Dispatch;
use record::fault_evidence::{self, Material};
use record::genesis::Party;
use record::key::KeyId;
use record::root_statement::{AnnouncedKey, Root, RootStatement};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};
use crate::corridor::Corridor;
use crate::read::Reader;
use crate::snapshot::Snapshot;
use crate::{failure, layout};

pub(super) fn execute(
    service: &Service,
    request: &ListFaultsRequest,
) -> Result<ListFaultsResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let reader = service.reader();
    runs_the_node(&asking, reader.own)?;
    let corridor = service.corridor(&request.partner_state)?;
    Ok(ListFaultsResponse { faults: kept(reader, &service.snapshot(), corridor)? })
}

/// The faults of a partner's log, each with its portable evidence.
pub(crate) fn kept(
    reader: &Reader,
    snapshot: &Snapshot,
    corridor: &Corridor,
) -> Result<Vec<KeptFault>, Failure> {
    let words = words_of_root_keys(reader, snapshot, corridor)?;
    let log = &corridor.names.proofs;
    let size = reader.store.log_size(log);
    let mut faults = Vec::new();
    for record in layout::log_records(&reader.store, log, 0, size)? {
        let proof: StoredProof =
            canonical::decode(&record.leaf).map_err(|_| failure::corrupt(&record))?;
        let dispatch = Dispatch::decode(&proof.dispatch).map_err(|_| failure::corrupt(&record))?;
        faults.push(KeptFault {
            outcome: i32::try_from(proof.outcome).unwrap_or_default(),
            number: dispatch.signed_header.header().number,
            time_ms: proof.time_ms,
            reason: proof.reason,
            evidence: evidence(reader, corridor, &words, &dispatch)?,
        });
    }
    Ok(faults)
}

/// The portable evidence of a fault; empty where the two headers prove nothing to a third party.
fn evidence(
    reader: &Reader,
    corridor: &Corridor,
    words: &[Word],
    rival: &Dispatch,
) -> Result<Vec<u8>, Failure> {
    let header = rival.signed_header.header();
    let by_itself = rival.entries.first().and_then(|first| announced(corridor, &first.facts));
    let names = &corridor.names;
    let heard = header.heard.map(|heard| heard.number);
    let candidates = [
        (&names.partner, Some(header.number)),
        (&names.partner, header.number.checked_sub(1)),
        (&names.own, heard),
    ];
    for (names, number) in candidates {
        let Some(number) = number else { continue };
        let Some(stored) = layout::signed_header_at(&reader.store, &names.headers, number)? else {
            continue;
        };
        let signers = [stored.key_id(), rival.signed_header.key_id()];
        let signed = words.iter().chain(&by_itself).filter(|word| signers.contains(&word.key_id));
        let root_statements: Vec<Vec<u8>> = signed.map(|word| word.bytes.clone()).collect();
        // The entries may have been spoilt on the way: the headers prove it without them.
        for dispatch in [Some(rival), None] {
            let evidence = fault_evidence::export(&Material {
                genesis: &corridor.genesis,
                accused: corridor.partner,
                root_statements: &root_statements,
                stored: &stored,
                rival: &rival.signed_header,
                dispatch,
            });
            // What does not convince this node convinces nobody else.
            if fault_evidence::verify(&evidence).is_ok() {
                return Ok(evidence);
            }
        }
    }
    Ok(Vec::new())
}

/// The word of a root key that announces a log key.
struct Word {
    key_id: KeyId,
    bytes: Vec<u8>,
}

/// The words of both root keys that announce log keys.
fn words_of_root_keys(
    reader: &Reader,
    snapshot: &Snapshot,
    corridor: &Corridor,
) -> Result<Vec<Word>, Failure> {
    let records = reader.corridor_records(snapshot, corridor)?;
    Ok(records.entries.iter().filter_map(|it| announced(corridor, &it.stored.facts)).collect())
}

/// The word of a root key in the announcement of a log key.
fn announced(corridor: &Corridor, facts: &[u8]) -> Option<Word> {
    let Content::Stated(statement) = record::facts::read(facts) else {
        return None;
    };
    let Statement::KeyAnnounced(announced) = Arc::unwrap_or_clone(statement) else {
        return None;
    };
    let bytes = announced.root_statement;
    let genesis = corridor.genesis.genesis();
    let key_of = |party: &Party| {
        let (author, key) = (party.state, party.root_key);
        let root = Root { genesis: *corridor.genesis.digest(), author, key };
        match RootStatement::verify(&bytes, &root).ok()?.announced()? {
            AnnouncedKey::Log(key) => Some(key.id()),
            AnnouncedKey::Hpke(_) => None,
        }
    };
    let key_id = [genesis.first(), genesis.second()].into_iter().find_map(key_of)?;
    Some(Word { key_id, bytes })
}
