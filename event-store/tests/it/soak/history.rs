//! What the tasks of a soak append: every byte follows from the seed, so that nothing need be
//! remembered to know what must be there.

use std::collections::BTreeMap;

use event_store::{Batch, CursorName, LogName, NewRecord, StoredRecord, StreamId};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::sample;

/// Tasks that append at the same time.
pub(super) const TASKS: usize = 6;
pub(super) const LOGS: [&str; 5] =
    ["entries/NL/0", "entries/XK/0", "dispatches", "local", "access"];
/// Streams of each task: so many that most of them are not in any cache.
const STREAMS: u32 = 2000;

/// A batch: the life of the process that appends it, the task, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) life: u64,
    pub(super) task: usize,
    pub(super) n: u64,
}

pub(super) fn cursor(task: usize) -> CursorName {
    sample::cursor(&format!("soak/{task}"))
}

pub(super) fn log(at: usize) -> LogName {
    sample::log(LOGS[at])
}

pub(super) fn stream(task: usize, at: u32) -> StreamId {
    StreamId::new(format!("case {task} {at}").as_bytes()).unwrap()
}

pub(super) fn any_stream(task: usize, random: &mut SmallRng) -> StreamId {
    stream(task, random.random_range(0..STREAMS))
}

impl Name {
    /// The batch of this name.
    pub(super) fn batch(self, seed: u64) -> Batch {
        let Self { life, task, n } = self;
        let mixed = [life, task as u64, n].iter().fold(seed, |mixed, part| {
            (mixed ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        let mut random = SmallRng::seed_from_u64(mixed);
        let records = match random.random_range(0..100) {
            0 => 64,
            1..40 => random.random_range(2..5),
            40.. => 1,
            _ => unreachable!("a range without negative numbers"),
        };
        let record = |part| {
            let mut payload = vec![0; random.random_range(0..600)];
            random.fill(&mut payload[..]);
            NewRecord {
                log: log(random.random_range(0..LOGS.len())),
                stream: random.random_bool(0.8).then(|| any_stream(task, &mut random)),
                leaf: format!("{life} {task} {n} {part} of {records}").into_bytes(),
                payload,
            }
        };
        let records = (0..records).map(record).collect();
        let value = format!("{life} {n}").into_bytes();
        let cursors = (n % 3 == 0).then(|| (cursor(task), value));
        Batch { records, cursors: cursors.into_iter().collect(), expected: Vec::new() }
    }

    /// Of which batch a record says that it is, and which part of it.
    fn of(record: &StoredRecord) -> Result<(Self, usize), String> {
        let text = String::from_utf8_lossy(&record.leaf);
        let mut numbers = text.split(' ').map_while(|word| word.parse::<u64>().ok());
        let mut number = || numbers.next().ok_or_else(|| format!("{record:?} is not of the soak"));
        let (life, task, n) = (number()?, number()? as usize, number()?);
        Ok((Self { life, task, n }, number()? as usize))
    }
}

fn is(found: &StoredRecord, planned: &NewRecord) -> bool {
    (&found.log, &found.stream, &found.leaf, &found.payload)
        == (&planned.log, &planned.stream, &planned.leaf, &planned.payload)
}

/// A record of any batch, looked at alone.
pub(super) fn check_record(found: &StoredRecord, seed: u64) -> Result<(), String> {
    let (name, part) = Name::of(found)?;
    match name.batch(seed).records.get(part) {
        Some(planned) if is(found, planned) => Ok(()),
        _ => Err(format!("{name:?} was appended otherwise than {found:?}")),
    }
}

/// Follows all records of a store, in order: each batch is there whole, byte for byte and in one
/// piece, and those of one task stand in the order in which it appended them, without a gap.
#[derive(Debug, Clone, Default)]
pub(super) struct Follower {
    pub(super) position: u64,
    /// How many batches each task has appended in each life.
    pub(super) batches: BTreeMap<(u64, usize), u64>,
    pub(super) cursors: BTreeMap<usize, Vec<u8>>,
    indexes: BTreeMap<LogName, u64>,
    /// The batch that the next record is to go on with, and how much of it was seen.
    begun: Option<(Name, Batch, usize)>,
}

impl Follower {
    /// Takes the next record; says which batch it begins, if it begins one.
    pub(super) fn take(&mut self, found: &StoredRecord, seed: u64) -> Result<Option<Name>, String> {
        if found.position.0 != self.position {
            return Err(format!("position {} is missing", self.position));
        }
        let index = self.indexes.entry(found.log.clone()).or_default();
        if found.log_index != *index {
            return Err(format!("index {index} of `{}` is missing", found.log));
        }
        *index += 1;
        self.position += 1;
        let (name, _) = Name::of(found)?;
        let begins = self.begun.is_none();
        let (begun, batch, seen) = self.begun.get_or_insert_with(|| (name, name.batch(seed), 0));
        if !batch.records.get(*seen).is_some_and(|planned| is(found, planned)) {
            return Err(format!("{begun:?} goes on with {found:?} after {seen} records"));
        }
        *seen += 1;
        if *seen == batch.records.len() {
            for (_, value) in &batch.cursors {
                self.cursors.insert(name.task, value.clone());
            }
            self.begun = None;
        }
        if begins {
            let count = self.batches.entry((name.life, name.task)).or_default();
            if *count != name.n {
                return Err(format!("{name:?} stands where batch {count} of its task should"));
            }
            *count += 1;
        }
        Ok(begins.then_some(name))
    }

    /// At the end of a store.
    pub(super) fn end(&self) -> Result<(), String> {
        match &self.begun {
            None => Ok(()),
            Some((name, _, seen)) => Err(format!("of {name:?} only {seen} records are there")),
        }
    }
}
