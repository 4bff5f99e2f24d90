//! What is stored of a case or a corridor, read into memory: entries of both logs, local entries,
//! commands.

use std::collections::HashMap;
use std::sync::Arc;

use domain::case::event::{Kind, Statement};
use domain::chain::{Content, Entry};
use domain::identifier::CaseId;
use domain::referral::LocalStatement;
use event_store::{Position, StoredRecord};
use proto::store::v1::{StoredCommand, StoredEntry};
use record::counting;
use record::entry::{self, Head, Owner};
use runtime::failure::Failure;

use crate::corridor::{Corridor, Side};
use crate::failure;
use crate::layout::{self, LogKind};
use crate::missing;

/// What a record takes in memory beside its bytes, about.
const RECORD_BYTES: usize = 400;

/// An entry of a log between States, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct EntryRecord {
    pub(crate) side: Side,
    pub(crate) position: u64,
    pub(crate) head: Head,
    pub(crate) stored: StoredEntry,
    /// As the rules read it.
    pub(crate) entry: Entry,
}

/// An entry of the local log, as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct LocalRecord {
    pub(crate) position: u64,
    pub(crate) stored: StoredEntry,
    pub(crate) statement: LocalStatement,
}

/// A command that was carried out.
#[derive(Clone, Debug)]
pub(crate) struct CommandRecord {
    pub(crate) command: StoredCommand,
    pub(crate) store_position: u64,
}

/// Everything that is stored of a corridor, but its cases.
#[derive(Debug, Default)]
pub(crate) struct CorridorRecords {
    pub(crate) entries: Vec<Arc<EntryRecord>>,
    pub(crate) commands: Vec<CommandRecord>,
}

/// Everything that is stored of a case. A clone shares what it holds.
#[derive(Clone, Debug)]
pub(crate) struct CaseRecords {
    pub(crate) id: CaseId,
    pub(crate) corridor: Arc<Corridor>,
    /// How many records the case has.
    pub(crate) revision: u64,
    /// The position after its last record.
    pub(crate) end: Position,
    /// How much memory it takes, about.
    pub(crate) bytes: usize,
    pub(crate) entries: Vec<Arc<EntryRecord>>,
    pub(crate) local: Vec<Arc<LocalRecord>>,
    pub(crate) commands: Vec<Arc<CommandRecord>>,
}

impl CaseRecords {
    /// Whether the key of the case may still be asked for, given and taken in: never once either
    /// State is known to have ordered that the case be erased.
    pub(crate) fn keys_travel(&self) -> bool {
        !self.entries.iter().any(|it| match &it.entry.content {
            Content::Stated(statement) => statement.kind() == Kind::ErasureOrdered,
            Content::NotUnderstood => false,
        })
    }

    /// Takes in the records that follow.
    pub(super) fn extend(&mut self, records: &[StoredRecord]) -> Result<(), Failure> {
        let known = self.entries.len();
        let mut supplied = HashMap::new();
        for record in records {
            match LogKind::of(&record.log) {
                Some(LogKind::Entries { author, .. }) => {
                    let side = self.corridor.side(author);
                    let side = side.ok_or_else(|| failure::corrupt(record))?;
                    let entry = entry_record(&self.corridor, side, record)?;
                    self.entries.extend(entry.map(Arc::new));
                }
                Some(LogKind::Local { .. }) => self.local.push(Arc::new(local_record(record)?)),
                Some(LogKind::Commands { .. }) => {
                    self.commands.push(Arc::new(command_record(record)?));
                }
                Some(LogKind::Supplied) => supplied.extend(missing::supplied_body(record)?),
                Some(
                    LogKind::Headers { .. } | LogKind::Proofs | LogKind::Missing | LogKind::Access,
                )
                | None => {}
            }
            self.revision += 1;
            self.end = Position(record.position.0 + 1);
            self.bytes += RECORD_BYTES + record.leaf.len() + 2 * record.payload.len();
        }
        self.join(supplied);
        hold_restatements(&mut self.entries, known);
        Ok(())
    }

    /// Bodies that came after their entries, by the position of those.
    fn join(&mut self, mut supplied: HashMap<u64, Vec<u8>>) {
        if supplied.is_empty() {
            return;
        }
        for entry in self.entries.iter_mut().filter(|it| it.side == Side::Partner) {
            if let Some(sealed_body) = supplied.remove(&entry.position) {
                Arc::make_mut(entry).stored.sealed_body = sealed_body;
            }
        }
    }
}

/// An entry out of its record; `None` where it belongs to nobody.
pub(super) fn entry_record(
    corridor: &Corridor,
    side: Side,
    record: &StoredRecord,
) -> Result<Option<EntryRecord>, Failure> {
    let head = Head::decode(&record.leaf).ok_or_else(|| failure::corrupt(record))?;
    let stored = layout::entry_of(record)?;
    let read = entry::read(&corridor.log_at(side, record.log_index), &head, &stored.facts);
    let case = match read.owner {
        Owner::Corridor => None,
        Owner::Case(case) => Some(case),
        Owner::Nobody => return Ok(None),
    };
    let entry = Entry {
        position: record.log_index,
        dispatch: stored.dispatch,
        case,
        content: read.content,
    };
    Ok(Some(EntryRecord { side, position: record.log_index, head, stored, entry }))
}

/// A restatement that is not of what it names counts for nothing, and is read as not understood.
/// Those among the first `known` entries were looked at before; what they name came before them.
fn hold_restatements(entries: &mut [Arc<EntryRecord>], known: usize) {
    let void = |it: &Arc<EntryRecord>| {
        let Content::Stated(statement) = &it.entry.content else {
            return false;
        };
        let Statement::Restated(restated) = statement.as_ref() else {
            return false;
        };
        let named = entries.iter().find(|of| of.side == it.side && of.position == restated.entry);
        let named = named.filter(|of| of.position < it.position);
        !counting::restates(restated, named.and_then(|of| of.head.body_digest))
    };
    let void: Vec<bool> = entries.iter().skip(known).map(void).collect();
    for (entry, void) in entries.iter_mut().skip(known).zip(void) {
        if void {
            Arc::make_mut(entry).entry.content = Content::NotUnderstood;
        }
    }
}

fn local_record(record: &StoredRecord) -> Result<LocalRecord, Failure> {
    let stored = layout::entry_of(record)?;
    let (_, statement) = record::facts::decode_local(&stored.facts)
        .map_err(|error| failure::corrupt(record).with_source(error))?;
    Ok(LocalRecord { position: record.log_index, stored, statement })
}

pub(super) fn command_record(record: &StoredRecord) -> Result<CommandRecord, Failure> {
    let command = layout::command_of(record)?;
    Ok(CommandRecord { command, store_position: record.position.0 })
}
