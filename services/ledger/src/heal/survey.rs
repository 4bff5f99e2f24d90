//! What has perished, as far as what is left tells: numbers that are missing between others.

use std::collections::{BTreeMap, BTreeSet};

use event_store::{Broken, LogName, Seen, Slot, StoredRecord};

use super::{LogAt, Lost, Part, exchanged, supplied};
use crate::corridor::{Corridor, Side};
use crate::layout;
use crate::missing;
use record::dispatch::SignedHeader;
use record::entry::Head;

/// Dispatches behind the last one that is left which are asked for, at most: a frame holds few.
const BEHIND_MAX: u64 = 256;

/// What is known of the damage.
pub(super) struct Survey {
    exchanged: BTreeMap<LogName, (LogAt, Part)>,
    /// The logs of what partners name and did not send with it, each with its corridor.
    missing: BTreeMap<LogName, usize>,
    /// The logs of what came later, each with the log of its entries.
    supplied: BTreeMap<LogName, LogAt>,
    /// Entries that came without their bodies, and the dispatches that brought them.
    without_body: BTreeMap<(LogAt, u64), u64>,
    /// How many records each log has, as far as was read.
    next: BTreeMap<LogName, u64>,
    pub(super) logs: BTreeMap<LogAt, Place>,
    /// Entries of partners that were stored without their bodies.
    pub(super) bodiless: BTreeMap<LogAt, BTreeSet<u64>>,
    /// What has perished of logs that nobody else has.
    pub(super) foreign: Vec<Lost>,
    pub(super) places: Vec<String>,
    /// Records that have perished, and those of them whose log and number are known.
    lost: u64,
    known: u64,
}

/// Where a log between States stands, as far as was read.
#[derive(Default)]
pub(super) struct Place {
    pub(super) era: u32,
    next_number: u64,
    next_entry: u64,
    /// The dispatches that are needed.
    pub(super) wanted: BTreeSet<u64>,
}

impl Survey {
    pub(super) fn new(corridors: &[Corridor]) -> Self {
        let exchanged = exchanged(corridors);
        let logs = exchanged.values().map(|(log, _)| (*log, Place::default())).collect();
        let missing = corridors.iter().enumerate();
        let missing = missing.map(|(at, it)| (it.names.missing.clone(), at)).collect();
        Self {
            exchanged,
            missing,
            supplied: supplied(corridors),
            without_body: BTreeMap::new(),
            next: BTreeMap::new(),
            logs,
            bodiless: BTreeMap::new(),
            foreign: Vec::new(),
            places: Vec::new(),
            lost: 0,
            known: 0,
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        !self.places.is_empty()
    }

    pub(super) fn see(&mut self, seen: Seen<'_>) {
        match seen {
            Seen::Record(record) => {
                self.record(record);
            }
            Seen::Broken(broken) => self.broken(broken),
        }
    }

    /// Once all is read: what perished without a later record to tell of it may be the end of any
    /// log.
    pub(super) fn end(&mut self) {
        let behind = self.lost.saturating_sub(self.known).min(BEHIND_MAX);
        for place in self.logs.values_mut() {
            place.wanted.extend((place.next_number..).take(usize::try_from(behind).unwrap_or(0)));
        }
    }

    fn broken(&mut self, broken: &Broken) {
        let mut lost = Vec::new();
        for slot in &broken.slots {
            match slot {
                Slot::Lost { position, reads } => {
                    lost.push(position.0);
                    self.late_body(reads.as_ref());
                }
                // Of what stands in a damaged frame, all is compared.
                Slot::Intact(record) => {
                    if let Some((log, number)) = self.record(record)
                        && let Some(place) = self.logs.get_mut(&log)
                    {
                        place.wanted.insert(number);
                    }
                }
            }
        }
        self.lost += lost.len() as u64;
        let records = match (lost.first(), lost.last()) {
            (Some(first), Some(last)) => {
                format!("{} records from position {first} to {last} have perished", lost.len())
            }
            _ => "no record has perished".to_owned(),
        };
        self.places.push(format!("`{}` at offset {}: {records}", broken.file, broken.offset));
    }

    /// A body that had come later is had from the dispatch of its entry, where it still reads as
    /// such; whether it is what stood here, the journal says.
    fn late_body(&mut self, reads: Option<&StoredRecord>) -> Option<()> {
        let reads = reads?;
        let log = *self.supplied.get(&reads.log)?;
        let (named, _) = missing::body_came(&reads.leaf)?;
        let at = named.position;
        match self.without_body.get(&(log, at)) {
            Some(number) => {
                self.logs.get_mut(&log)?.wanted.insert(*number);
            }
            // The entry has perished too: its dispatch is wanted for that.
            None if self.bodiless.get(&log).is_some_and(|it| it.contains(&at)) => {}
            None => return None,
        }
        *self.next.entry(reads.log.clone()).or_default() += 1;
        self.known += 1;
        Some(())
    }

    /// Takes in a record that is left; of a log between States, with the number of its dispatch.
    fn record(&mut self, record: &StoredRecord) -> Option<(LogAt, u64)> {
        let next = self.next.entry(record.log.clone()).or_default();
        let lost = record.log_index.saturating_sub(*next);
        let first_lost = *next;
        *next = record.log_index + 1;
        self.known += lost;
        let Some((log, part)) = self.exchanged.get(&record.log).copied() else {
            if lost > 0 {
                let indexes = (first_lost, record.log_index);
                self.foreign.push(Lost { log: record.log.clone(), indexes });
            }
            self.bodiless(record);
            return None;
        };
        let place = self.logs.get_mut(&log)?;
        let number = match part {
            Part::Entries => {
                let stored = layout::entry_of(record).ok()?;
                let number = stored.dispatch;
                let names_body =
                    Head::decode(&record.leaf).is_some_and(|head| head.body_digest.is_some());
                if names_body && stored.sealed_body.is_empty() {
                    self.without_body.insert((log, record.log_index), number);
                }
                // Whether dispatches are lost before this one, the next header tells, or the end.
                place.next_entry = record.log_index + 1;
                number
            }
            Part::Headers => {
                let number = record.log_index;
                let header = layout::header_of(record).ok()?;
                let entries_end = header.first_entry + u64::from(header.entries);
                let lost_entries = entries_end.saturating_sub(place.next_entry);
                // What is left of a damaged frame is wanted anyway, with its entries.
                if lost > 0 {
                    place.wanted.extend(place.next_number..=number);
                }
                self.known += lost_entries;
                place.next_entry = entries_end;
                place.next_number = number + 1;
                if let Some(signed) = SignedHeader::parse(&record.leaf) {
                    place.era = signed.header().era;
                }
                number
            }
        };
        // Entries that only their header tells of are counted once.
        let next_entry = place.next_entry;
        let entries = self.exchanged.iter().find(|(_, it)| **it == (log, Part::Entries));
        if let (Part::Headers, Some((entries, _))) = (part, entries) {
            self.next.insert(entries.clone(), next_entry);
        }
        Some((log, number))
    }

    fn bodiless(&mut self, record: &StoredRecord) {
        if let Some(corridor) = self.missing.get(&record.log).copied()
            && let Some(position) = missing::without_body(record)
        {
            let log = LogAt { corridor, side: Side::Partner };
            self.bodiless.entry(log).or_default().insert(position);
        }
    }
}
