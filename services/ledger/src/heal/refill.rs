//! Records made of what partners have sent, and all logs between States held to their signed
//! headers on the way.

use std::collections::{BTreeMap, BTreeSet};

use domain::chain::Heard;
use domain::identifier::{CaseId, Digest};
use event_store::{Broken, Filler, LogName, NewRecord, Position, Slot, StoredRecord};
use record::digest::sha256;
use record::dispatch::{Dispatch, SignedHeader};
use record::entry::{self, Entry, Head, Owner};
use record::log::LogState;

use super::{LogAt, Part, exchanged, supplied};
use crate::corridor::{Corridor, Side};
use crate::layout::{self, case_stream};
use crate::missing;
use crate::writer::push_dispatch;

/// Ways to fill the lost places of one frame that are tried, at most.
const WAYS_MAX: usize = 1024;
/// Steps on those ways and on such as lead nowhere, at most.
const STEPS_MAX: usize = 1 << 20;

/// Whoever knows what has perished: the partners, as far as their word holds.
pub(super) struct Refill<'a> {
    exchanged: BTreeMap<LogName, (LogAt, Part)>,
    supplied: BTreeMap<LogName, LogAt>,
    logs: BTreeMap<LogAt, Log<'a>>,
}

/// A log between States, as far as was read.
struct Log<'a> {
    corridor: &'a Corridor,
    side: Side,
    state: LogState,
    /// Heads behind the last header; with the facts, where those are the corridor's.
    heads: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    sent: BTreeMap<u64, Dispatch>,
    bodiless: BTreeSet<u64>,
    /// Entries that stand here without their bodies: the case of each, and the digest.
    without_body: BTreeMap<u64, (CaseId, Digest)>,
}

impl<'a> Refill<'a> {
    pub(super) fn new(
        corridors: &'a [Corridor],
        mut sent: BTreeMap<LogAt, BTreeMap<u64, Dispatch>>,
        bodiless: &BTreeMap<LogAt, BTreeSet<u64>>,
    ) -> Self {
        let exchanged = exchanged(corridors);
        let mut logs = BTreeMap::new();
        for (log, _) in exchanged.values() {
            let Some(corridor) = corridors.get(log.corridor) else {
                continue;
            };
            let author = corridor.log(log.side).author();
            let Some(state) = LogState::new(&corridor.genesis, author) else {
                continue;
            };
            let sent = sent.remove(log).unwrap_or_default();
            let bodiless = bodiless.get(log).cloned().unwrap_or_default();
            let side = log.side;
            logs.entry(*log).or_insert(Log {
                corridor,
                side,
                state,
                heads: Vec::new(),
                sent,
                bodiless,
                without_body: BTreeMap::new(),
            });
        }
        Self { exchanged, supplied: supplied(corridors), logs }
    }

    /// The supply of a body that reads so at its place, with the body as its author sent it now:
    /// the entry, which is here, names it.
    fn late_body(&self, slot: &Slot) -> Option<(Position, NewRecord)> {
        let Slot::Lost { position, reads: Some(reads) } = slot else {
            return None;
        };
        let log = self.logs.get(self.supplied.get(&reads.log)?)?;
        let (named, at) = missing::body_came(&reads.leaf)?;
        let (case, digest) = log.without_body.get(&named.position)?;
        let sent = log.sent.values().flat_map(|dispatch| &dispatch.entries);
        let mut bodies = sent.filter_map(|entry| entry.sealed_body.as_ref());
        let body = bodies.find(|body| sha256(&[body]) == *digest)?;
        let names = &log.corridor.names;
        Some((*position, missing::supply_record(names, case, &named, at, body.clone())))
    }

    /// What a header says that it has heard must be what was sent as that.
    fn check_heard(&self, log: LogAt, signed: &SignedHeader) -> Result<(), String> {
        let Some(heard) = signed.header().heard else {
            return Ok(());
        };
        let side = match log.side {
            Side::Own => Side::Partner,
            Side::Partner => Side::Own,
        };
        let other = self.logs.get(&LogAt { side, ..log });
        let sent = other.and_then(|other| other.sent.get(&heard.number));
        let Heard { number, digest, .. } = heard;
        match sent.is_none_or(|sent| *sent.signed_header.digest() == digest) {
            true => Ok(()),
            false => Err(format!(
                "dispatch {number} that was sent is another than the one that was heard"
            )),
        }
    }
}

impl Filler for Refill<'_> {
    fn fill(&mut self, broken: &Broken) -> Result<Vec<Vec<NewRecord>>, String> {
        let mut rows = BTreeMap::new();
        for (at, log) in &self.logs {
            rows.insert(*at, log.row(broken.slots.len())?);
        }
        let late = broken.slots.iter().filter_map(|slot| self.late_body(slot)).collect();
        let exchanged = &self.exchanged;
        let mut search = Search { exchanged, rows: &rows, late: &late, found: Vec::new() };
        let start = Way { next: BTreeMap::new(), within: None, filled: Vec::new() };
        search.go(&broken.slots, start);
        Ok(search.found)
    }

    fn record(&mut self, record: &StoredRecord) -> Result<(), String> {
        let Some((at, part)) = self.exchanged.get(&record.log).copied() else {
            return Ok(());
        };
        match part {
            Part::Entries => self.logs.get_mut(&at).map_or(Ok(()), |log| log.entry(record)),
            Part::Headers => {
                let signed = SignedHeader::parse(&record.leaf)
                    .ok_or_else(|| format!("record {} is no header", record.position))?;
                self.check_heard(at, &signed)?;
                self.logs.get_mut(&at).map_or(Ok(()), |log| log.header(&signed))
            }
        }
    }
}

impl Log<'_> {
    fn entry(&mut self, record: &StoredRecord) -> Result<(), String> {
        let author = self.state.author();
        let position = record.log_index;
        let wrong = |what: &str| format!("entry {position} of {author} {what}");
        let stored = layout::entry_of(record).map_err(|_| wrong("cannot be read"))?;
        let body = Some(stored.sealed_body).filter(|body| !body.is_empty());
        let entry = Entry { head: record.leaf.clone(), facts: stored.facts, sealed_body: body };
        check_parts(&entry).map_err(wrong)?;
        self.note_body(position, &entry);
        let of_corridor = record.stream == Some(self.corridor.stream);
        self.heads.push((entry.head, of_corridor.then_some(entry.facts)));
        Ok(())
    }

    /// Remembers what an entry names and does not have.
    fn note_body(&mut self, position: u64, entry: &Entry) {
        if entry.sealed_body.is_none()
            && let Some(head) = Head::decode(&entry.head)
            && let Some(digest) = head.body_digest
            && let Owner::Case(case) = entry::read(self.state.log(), &head, &entry.facts).owner
        {
            self.without_body.insert(position, (case, digest));
        }
    }

    fn header(&mut self, signed: &SignedHeader) -> Result<(), String> {
        let heads = std::mem::take(&mut self.heads);
        let heads = heads.iter().map(|(head, facts)| (head.as_slice(), facts.as_deref()));
        let author = self.state.author();
        let number = signed.header().number;
        self.state = self.state.replay(signed, heads).map_err(|breach| {
            format!("dispatch {number} of {author} does not continue its log: {breach}")
        })?;
        if self.sent.contains_key(&number) {
            check_signature(&self.state, signed)?;
        }
        Ok(())
    }

    /// The next records of this log, as far as they were sent, each dispatch held to the chain and
    /// its signature; a few more than a frame may lack.
    fn row(&self, wanted: usize) -> Result<Vec<Item>, String> {
        let mut state = self.state.clone();
        let mut row = Vec::new();
        while row.len() <= wanted
            && let Some(dispatch) = self.sent.get(&state.next_number())
        {
            let first = state.next_position();
            state = self.check(&state, dispatch)?;
            let mut records = Vec::new();
            let mut streams = Vec::new();
            let mut entries = dispatch.entries.clone();
            for (position, entry) in (first..).zip(&mut entries) {
                if self.bodiless.contains(&position) {
                    entry.sealed_body = None;
                }
                streams.push(self.stream_of(&state, entry));
            }
            let names = match self.side {
                Side::Own => &self.corridor.names.own,
                Side::Partner => &self.corridor.names.partner,
            };
            let with_streams = entries.iter().zip(streams);
            push_dispatch(&mut records, names, &dispatch.signed_header, first, with_streams);
            let header = records.len().saturating_sub(1);
            let items = records.into_iter().enumerate();
            row.extend(items.map(|(at, record)| Item { record, ends: at == header }));
        }
        Ok(row)
    }

    fn stream_of(&self, state: &LogState, entry: &Entry) -> Option<event_store::StreamId> {
        let head = Head::decode(&entry.head)?;
        match entry::read(state.log(), &head, &entry.facts).owner {
            Owner::Corridor => Some(self.corridor.stream),
            Owner::Case(case) => Some(case_stream(&case)),
            Owner::Nobody => None,
        }
    }

    /// Whether what was sent continues the log: every byte is under the signed root.
    fn check(&self, state: &LogState, dispatch: &Dispatch) -> Result<LogState, String> {
        let signed = &dispatch.signed_header;
        let number = signed.header().number;
        let (author, partner) = (state.author(), self.corridor.partner);
        let wrong =
            |what: String| format!("dispatch {number} of {author}, as {partner} sent it, {what}");
        let first = state.next_position();
        for (position, entry) in (first..).zip(&dispatch.entries) {
            check_parts(entry)
                .map_err(|what| wrong(format!("has an entry {position} that {what}")))?;
            let head = Head::decode(&entry.head);
            let names_body = head.is_some_and(|head| head.body_digest.is_some());
            if names_body && entry.sealed_body.is_none() && !self.bodiless.contains(&position) {
                return Err(wrong(format!("lacks the body of entry {position}")));
            }
        }
        let heads = dispatch.entries.iter();
        let heads = heads.map(|entry| (entry.head.as_slice(), Some(entry.facts.as_slice())));
        let next = state.replay(signed, heads);
        let next = next.map_err(|breach| wrong(format!("does not continue the log: {breach}")))?;
        check_signature(&next, signed).map_err(|_| wrong("is not signed by its key".to_owned()))?;
        Ok(next)
    }
}

/// Whether facts and body are what the head names.
fn check_parts(entry: &Entry) -> Result<(), &'static str> {
    let head = Head::decode(&entry.head).ok_or("has no head")?;
    if sha256(&[&entry.facts]) != head.facts_digest {
        return Err("has other facts than its head names");
    }
    match &entry.sealed_body {
        Some(body) if head.body_digest != Some(sha256(&[body])) => {
            Err("has another body than its head names")
        }
        Some(_) | None => Ok(()),
    }
}

fn check_signature(after: &LogState, signed: &SignedHeader) -> Result<(), String> {
    let number = signed.header().number;
    let key = after.keys().signed_in_its_turn(number, signed.key_id());
    let genesis = after.genesis();
    match key.is_some_and(|key| signed.verifies(genesis, &key)) {
        true => Ok(()),
        false => Err(format!("dispatch {number} of {} is not signed by its key", after.author())),
    }
}

/// A record that may have perished.
struct Item {
    record: NewRecord,
    /// Whether it is the last one of its dispatch.
    ends: bool,
}

/// The records of a frame so far, on one of the ways.
#[derive(Clone)]
struct Way {
    /// How far each log is.
    next: BTreeMap<LogAt, usize>,
    /// The log whose dispatch has begun: its records stand together.
    within: Option<LogAt>,
    /// What stands in the lost places.
    filled: Vec<Filled>,
}

/// What may stand in a lost place.
#[derive(Clone, Copy)]
enum Filled {
    /// A record of a row.
    Sent(LogAt, usize),
    /// The supply of a body, which read so at this place.
    Late(Position),
}

/// Looks for all ways in which the lost places may be filled. Where one dispatch ends, that of any
/// log may begin; else there is no choice.
struct Search<'a> {
    exchanged: &'a BTreeMap<LogName, (LogAt, Part)>,
    rows: &'a BTreeMap<LogAt, Vec<Item>>,
    late: &'a BTreeMap<Position, NewRecord>,
    found: Vec<Vec<NewRecord>>,
}

impl Search<'_> {
    fn go(&mut self, slots: &[Slot], start: Way) {
        let mut ways = vec![(start, slots)];
        for _ in 0..STEPS_MAX {
            let Some((way, slots)) = ways.pop() else {
                return;
            };
            let Some((slot, rest)) = slots.split_first() else {
                let record = |filled: &Filled| match filled {
                    Filled::Sent(log, at) => Some(self.rows.get(log)?.get(*at)?.record.clone()),
                    Filled::Late(position) => self.late.get(position).cloned(),
                };
                self.found.push(way.filled.iter().filter_map(record).collect());
                if self.found.len() >= WAYS_MAX {
                    return;
                }
                continue;
            };
            match slot {
                Slot::Intact(record) => ways.extend(self.over(way, record).map(|it| (it, rest))),
                Slot::Lost { position, .. } => {
                    // The last is tried first: a partner's dispatches stand before the own.
                    for log in self.rows.keys() {
                        ways.extend(self.filled(&way, *log).map(|it| (it, rest)));
                    }
                    if way.within.is_none() && self.late.contains_key(position) {
                        let mut way = way;
                        way.filled.push(Filled::Late(*position));
                        ways.push((way, rest));
                    }
                }
            }
        }
    }

    /// Past a record that is left, if it may stand there.
    fn over(&self, mut way: Way, record: &StoredRecord) -> Option<Way> {
        let Some((log, part)) = self.exchanged.get(&record.log).copied() else {
            return way.within.is_none().then_some(way);
        };
        if way.within.is_some_and(|within| within != log) {
            return None;
        }
        let next = way.next.entry(log).or_default();
        let item = self.rows.get(&log).and_then(|row| row.get(*next));
        // One that was not sent says for itself where it stands.
        if item.is_some_and(|it| it.record.log != record.log || it.record.leaf != record.leaf) {
            return None;
        }
        *next += 1;
        way.within = (part == Part::Entries).then_some(log);
        Some(way)
    }

    /// With the next record of a log, if there is one and it may stand there.
    fn filled(&self, way: &Way, log: LogAt) -> Option<Way> {
        if way.within.is_some_and(|within| within != log) {
            return None;
        }
        let next = way.next.get(&log).copied().unwrap_or_default();
        let item = self.rows.get(&log)?.get(next)?;
        let mut way = way.clone();
        way.next.insert(log, next + 1);
        way.within = (!item.ends).then_some(log);
        way.filled.push(Filled::Sent(log, next));
        Some(way)
    }
}
