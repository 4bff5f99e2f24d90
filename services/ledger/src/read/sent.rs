//! What was read, as the ledger's services send it: chains and local entries with their bodies
//! opened, commands, dispatches.

use std::sync::Arc;

use domain::chain::{Chain, Content, Dispatch, Heard};
use event_store::StreamId;
use proto::ledger::v1 as wire;
use proto::store::v1::StoredCommand;
use record::seal::{CaseKey, Purpose};
use runtime::failure::Failure;
use zeroize::Zeroizing;

use super::Reader;
use super::records::{CaseRecords, EntryRecord};
use crate::corridor::{Corridor, Side};
use crate::layout;
use crate::snapshot::Snapshot;

/// Whether bodies are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bodies {
    Opened,
    Withheld,
}

impl Reader {
    /// A chain as it is sent, with bodies where `bodies` says so. Keys are asked for once.
    pub(crate) fn sent_chain(
        &self,
        snapshot: &Snapshot,
        corridor: &Corridor,
        chain: &Chain,
        case: Option<&CaseRecords>,
        bodies: Bodies,
    ) -> Result<wire::Chain, Failure> {
        let of_corridor = self.corridor_records(snapshot, corridor)?;
        let key = case.and_then(|case| self.keys.get(&case.id));
        let bodies = self.shown(case, bodies);
        let of_case = case.map(|case| case.entries.as_slice()).unwrap_or_default();
        let side = corridor.side(chain.author).unwrap_or(Side::Own);
        let mut entries: Vec<&Arc<EntryRecord>> =
            of_corridor.entries.iter().chain(of_case).filter(|it| it.side == side).collect();
        entries.sort_by_key(|record| record.position);
        let entries = entries.into_iter().map(|record| {
            let (body, body_state) = match (&record.entry.case, record.head.body_digest) {
                (Some(case), Some(_)) => {
                    let place = corridor.place(side, *case, record.position);
                    let sealed = &record.stored.sealed_body;
                    open(bodies, key.as_ref(), |key| key.open(&place, Purpose::Body, sealed).ok())
                }
                (_, _) => (Vec::new(), wire::BodyState::None),
            };
            wire::ChainEntry {
                position: record.position,
                dispatch: record.stored.dispatch,
                facts: record.stored.facts.clone(),
                understood: matches!(record.entry.content, Content::Stated(_)),
                body,
                body_state: body_state.into(),
            }
        });
        Ok(wire::Chain {
            author: chain.author.to_string(),
            dispatches: chain.dispatches.values().map(sent_dispatch).collect(),
            entries: entries.collect(),
        })
    }

    /// Bodies that were erased are not there to be shown: they are not unreadable, of which
    /// somebody would have to be told.
    fn shown(&self, case: Option<&CaseRecords>, bodies: Bodies) -> Bodies {
        let erased = case.is_some_and(|case| self.keys.is_erased(&case.id));
        if erased { Bodies::Withheld } else { bodies }
    }

    /// The local entries of a case as they are sent.
    pub(crate) fn sent_local(&self, case: &CaseRecords, bodies: Bodies) -> Vec<wire::LocalEntry> {
        let key = self.keys.local(&case.id);
        let bodies = self.shown(Some(case), bodies);
        let sent = case.local.iter().map(|record| {
            let sealed = &record.stored.sealed_body;
            let (body, body_state) = if sealed.is_empty() {
                (Vec::new(), wire::BodyState::None)
            } else {
                let place = case.corridor.local_place(case.id, record.position);
                open(bodies, key.as_ref(), |key| key.open(&place, Purpose::LocalBody, sealed).ok())
            };
            wire::LocalEntry {
                position: record.position,
                time_ms: record.stored.time_ms,
                facts: record.stored.facts.clone(),
                body,
                body_state: body_state.into(),
            }
        });
        sent.collect()
    }

    /// What a command in a stream wrote, as it is sent.
    pub(crate) fn sent_prior(
        &self,
        corridor: &Corridor,
        stream: &StreamId,
        command: &StoredCommand,
        store_position: u64,
    ) -> Result<wire::PriorCommand, Failure> {
        let dispatch = match command.dispatch {
            None => None,
            Some(number) => {
                let log = &corridor.names.own.headers;
                let known = self.known.of(log);
                let dispatch = match known.get(number) {
                    Some(dispatch) => Some(dispatch),
                    None => layout::dispatch_at(&self.store, log, number)?,
                };
                dispatch.inspect(|it| known.add(*it)).as_ref().map(sent_dispatch)
            }
        };
        Ok(wire::PriorCommand {
            payload_digest: self.secrets.mask(stream, &command.command, &command.payload_digest),
            positions: command.positions.clone(),
            dispatch,
            local_positions: command.local_positions.clone(),
            time_ms: command.time_ms,
            store_position,
        })
    }
}

fn open(
    bodies: Bodies,
    key: Option<&CaseKey>,
    open: impl Fn(&CaseKey) -> Option<Zeroizing<Vec<u8>>>,
) -> (Vec<u8>, wire::BodyState) {
    match (bodies, key.and_then(|key| if bodies == Bodies::Opened { open(key) } else { None })) {
        (Bodies::Withheld, _) => (Vec::new(), wire::BodyState::Withheld),
        (Bodies::Opened, Some(body)) => (body.to_vec(), wire::BodyState::Open),
        (Bodies::Opened, None) => (Vec::new(), wire::BodyState::Unreadable),
    }
}

/// What the rules read of a dispatch, as it is sent.
pub(crate) fn sent_dispatch(dispatch: &Dispatch) -> wire::Dispatch {
    wire::Dispatch {
        number: dispatch.number,
        time_ms: dispatch.time.as_ms(),
        digest: dispatch.digest.as_bytes().to_vec(),
        heard: dispatch.heard.as_ref().map(sent_heard),
    }
}

/// A dispatch by its name, as it is sent.
pub(crate) fn sent_heard(heard: &Heard) -> wire::Heard {
    wire::Heard { era: heard.era, number: heard.number, digest: heard.digest.as_bytes().to_vec() }
}
