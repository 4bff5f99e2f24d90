//! Commands that were carried out: found in their streams, and remembered so that the same command
//! again is told what it was told first.

use std::collections::HashMap;

use domain::identifier::Digest;
use event_store::{Position, StreamId};
use proto::store::v1::StoredCommand;
use runtime::failure::Failure;

use super::Parts;
use super::state::stream_length;
use crate::layout::{self, LogKind};

/// Streams whose commands are remembered: as many newer ones, and as many older ones.
const REMEMBERED_MAX: usize = 4096;

/// Commands that are stored, remembered by stream so that a long case is not read for each. What is
/// asked for is among the newer ones; when those are many, they become the older ones, and what
/// was older is forgotten: it is all in the store.
#[derive(Debug, Default)]
pub(super) struct Commands {
    newer: HashMap<StreamId, StreamCommands>,
    older: HashMap<StreamId, StreamCommands>,
}

#[derive(Debug, Default)]
struct StreamCommands {
    /// Records of the stream that were looked at.
    looked: u64,
    commands: HashMap<Vec<u8>, Remembered>,
}

/// A command that was carried out.
#[derive(Clone, Debug)]
pub(super) struct Remembered {
    pub(super) command: StoredCommand,
    pub(super) store_position: u64,
}

impl Commands {
    pub(super) fn find(
        &mut self,
        parts: &Parts,
        stream: &StreamId,
        command: &Digest,
    ) -> Result<Option<Remembered>, Failure> {
        let stored = stream_length(&parts.store, stream)?;
        if stored == 0 {
            return Ok(None);
        }
        let known = self.of(stream);
        if known.looked < stored {
            let end = Position(u64::MAX);
            for record in layout::stream_records(&parts.store, stream, known.looked, end)? {
                known.looked += 1;
                if let Some(LogKind::Commands { .. }) = LogKind::of(&record.log) {
                    let command = layout::command_of(&record)?;
                    let store_position = record.position.0;
                    let remembered = Remembered { command, store_position };
                    known.commands.insert(remembered.command.command.clone(), remembered);
                }
            }
        }
        Ok(known.commands.get(command.as_bytes().as_slice()).cloned())
    }

    /// Remembers a command that was just stored as the last of so many records that its stream
    /// got: unless there are others that were not looked at, nothing need be read for the next.
    pub(super) fn stored(&mut self, stream: &StreamId, length: u64, pending: (Remembered, u64)) {
        let (remembered, records) = pending;
        let before = length.saturating_sub(records);
        let known = self.of(stream);
        if known.looked == before {
            known.looked = length;
            known.commands.insert(remembered.command.command.clone(), remembered);
        }
    }

    /// What is remembered of a stream.
    fn of(&mut self, stream: &StreamId) -> &mut StreamCommands {
        let older = &mut self.older;
        self.newer.entry(*stream).or_insert_with(|| older.remove(stream).unwrap_or_default())
    }

    /// Forgets what was not asked for lately, when it is too much.
    pub(super) fn forget_if_full(&mut self) {
        if self.newer.len() > REMEMBERED_MAX {
            self.older = std::mem::take(&mut self.newer);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn stream(number: usize) -> StreamId {
        StreamId::new(&number.to_be_bytes()).unwrap()
    }

    /// Stores the first command of each of these cases.
    fn store(commands: &mut Commands, cases: std::ops::Range<usize>) {
        for case in cases {
            let remembered = Remembered { command: StoredCommand::default(), store_position: 0 };
            commands.stored(&stream(case), 1, (remembered, 1));
            commands.forget_if_full();
        }
    }

    #[test]
    fn commands_that_nobody_asked_for_lately_are_forgotten_and_no_others() {
        let mut commands = Commands::default();
        store(&mut commands, 0..REMEMBERED_MAX + 1);
        assert_eq!(commands.of(&stream(7)).looked, 1);
        store(&mut commands, REMEMBERED_MAX + 1..2 * REMEMBERED_MAX + 2);
        assert_eq!(commands.of(&stream(7)).looked, 1, "it was asked for");
        assert_eq!(commands.of(&stream(8)).looked, 0, "it is read again from the store");
        assert!(commands.newer.len() + commands.older.len() <= 2 * (REMEMBERED_MAX + 1));
    }
}
