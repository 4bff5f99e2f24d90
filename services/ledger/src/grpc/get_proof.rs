//! `GetProof`: that one entry of a case is in the log of its author.

use std::sync::Arc;

use domain::case::event::Statement;
use domain::chain::Content;
use proto::ledger::v1::{AccessKind, GetProofRequest, GetProofResponse};
use record::dispatch::SignedHeader;
use record::entry_proof::{self, Proving};
use record::root_statement::{AnnouncedKey, Root, RootStatement};
use runtime::failure::Failure;

use super::{Seen, Service, asking, state};
use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::layout;
use crate::read::records::EntryRecord;

pub(super) async fn execute(
    service: &Service,
    request: &GetProofRequest,
) -> Result<GetProofResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let Seen { snapshot, records, .. } = service.see(&asking, &request.case).await?;
    let corridor = &records.corridor;
    let side = corridor.side(state(&request.author, "author")?);
    let entry = records
        .entries
        .iter()
        .find(|it| Some(it.side) == side && it.position == request.position)
        .ok_or_else(|| Failure::not_found("entry"))?;
    service.note(&asking, Some(records.id), AccessKind::Read).await?;
    let logs = snapshot.corridors.get(&corridor.partner).cloned().unwrap_or_default();
    let (names, log) = match entry.side {
        Side::Own => (&corridor.names.own, logs.own),
        Side::Partner => (&corridor.names.partner, logs.partner),
    };
    let reader = service.reader();
    let number = log.head.map_or(0, |head| head.number);
    let signed = layout::signed_header_at(&reader.store, &names.headers, number)?;
    let signed = signed.ok_or_else(|| Failure::corrupt("the head of a log is not there"))?;
    let size = signed.header().log_size;
    let path = reader.store.inclusion_proof(&names.entries, entry.position, size);
    let path = path.map_err(failure::read)?;
    let of_corridor = reader.corridor_records(&snapshot, corridor)?;
    let announcement = announcement(&of_corridor.entries, corridor, entry.side, &signed);
    let proving = Proving {
        era: corridor.log_at(entry.side, entry.position).era(),
        head: entry.head.encode(),
        facts: entry.stored.facts.clone(),
        path: path.clone(),
    };
    let words = announcement.into_iter().collect();
    Ok(GetProofResponse {
        evidence: entry_proof::export(&corridor.genesis, words, &signed, vec![proving]),
        head: entry.head.encode(),
        facts: entry.stored.facts.clone(),
        signed_header: signed.bytes().to_vec(),
        log_size: size,
        path: path.into_iter().map(Vec::from).collect(),
        signed_genesis: corridor.genesis.encode(),
    })
}

/// The word of the root key by which a log announces the key that signed a header.
fn announcement(
    of_corridor: &[Arc<EntryRecord>],
    corridor: &Corridor,
    side: Side,
    signed: &SignedHeader,
) -> Option<Vec<u8>> {
    let author = signed.header().author;
    let key = corridor.genesis.genesis().party(author)?.root_key;
    let root = Root { genesis: *corridor.genesis.digest(), author, key };
    let of_side = of_corridor.iter().filter(|it| it.side == side);
    let mut announced = of_side.filter_map(|it| {
        let Content::Stated(statement) = &it.entry.content else {
            return None;
        };
        let Statement::KeyAnnounced(announced) = statement.as_ref() else {
            return None;
        };
        let stated = RootStatement::verify(&announced.root_statement, &root).ok()?;
        match stated.announced()? {
            AnnouncedKey::Log(key) if key.id() == signed.key_id() => {
                Some(announced.root_statement.clone())
            }
            AnnouncedKey::Log(_) | AnnouncedKey::Hpke(_) => None,
        }
    });
    announced.next()
}
