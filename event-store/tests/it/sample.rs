//! Small stores, sample batches, and everything that a store answers, for comparison.

use std::collections::BTreeMap;
use std::path::Path;

use event_store::{
    Batch, CursorName, Engine, Filter, LogName, NewRecord, Options, Position, Revision, Store,
    StoredRecord, StreamId,
};

pub(crate) const LOGS: [&str; 3] = ["entries/NL/0", "entries/XK/0", "local"];

/// Randomness from a printed seed; `SEED` in the environment gives it again.
pub(crate) fn random() -> rand::rngs::SmallRng {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = given.unwrap_or_else(rand::random);
    eprintln!("SEED={seed}");
    rand::SeedableRng::seed_from_u64(seed)
}

pub(crate) fn log(name: &str) -> LogName {
    LogName::new(name).unwrap()
}

pub(crate) fn stream(id: &str) -> StreamId {
    StreamId::new(id.as_bytes()).unwrap()
}

pub(crate) fn cursor(name: &str) -> CursorName {
    CursorName::new(name).unwrap()
}

/// Segments so small that a few dozen records fill one.
pub(crate) fn small() -> Options {
    Options {
        segment_bytes: 8 << 10,
        ahead_bytes: 2 << 10,
        reserve_bytes: 1 << 10,
        index_cache_bytes: 1 << 20,
    }
}

pub(crate) fn open(dir: &Path) -> Store {
    Store::open(dir, small()).unwrap()
}

pub(crate) fn record(log_name: &str, stream_id: Option<&str>, text: &str) -> NewRecord {
    NewRecord {
        log: log(log_name),
        stream: stream_id.map(stream),
        leaf: format!("leaf of {text}").into_bytes(),
        payload: format!("payload of {text}").into_bytes(),
    }
}

pub(crate) fn batch(records: Vec<NewRecord>) -> Batch {
    Batch { records, ..Batch::default() }
}

/// The `n`-th of a row of batches that go over all logs, a few streams, and a cursor.
pub(crate) fn numbered(n: usize) -> Batch {
    let records = (0..=n % 3).map(|part| {
        let stream_id = ["a", "b", "c", "d", "e"][(n + part) % 5];
        let stream_id = (n % 7 != 6).then_some(stream_id);
        record(LOGS[(n + part) % 3], stream_id, &format!("{n}.{part}"))
    });
    let cursors = vec![(cursor("kafka/in"), n.to_string().into_bytes())];
    Batch { records: records.collect(), cursors, expected: Vec::new() }
}

pub(crate) async fn fill(store: &impl Engine, numbers: std::ops::Range<usize>) {
    for n in numbers {
        store.append(numbered(n)).await.unwrap();
    }
}

/// Everything that a store answers.
#[derive(Debug, PartialEq)]
pub(crate) struct Answers {
    pub(crate) all: Vec<StoredRecord>,
    logs: BTreeMap<String, (Vec<StoredRecord>, [u8; 32])>,
    streams: BTreeMap<StreamId, Vec<StoredRecord>>,
    pub(crate) cursor: Option<Vec<u8>>,
}

pub(crate) fn since(store: &impl Engine, filter: &Filter, step: usize) -> Vec<StoredRecord> {
    let mut next = Position(0);
    let mut all = Vec::new();
    while next < store.next_position() {
        let page = store.read_since(next, filter, step).unwrap();
        assert!(page.next > next);
        next = page.next;
        all.extend(page.records);
    }
    all
}

/// Reads everything in every way, checks that the ways agree, and returns it.
pub(crate) fn answers(store: &impl Engine) -> Answers {
    let all = since(store, &Filter::All, 7);
    let mut answers = Answers {
        all: all.clone(),
        logs: BTreeMap::new(),
        streams: BTreeMap::new(),
        cursor: store.cursor(&cursor("kafka/in")),
    };
    for (position, record) in (0..).zip(&all) {
        assert_eq!(record.position, Position(position));
        assert_eq!(record.stream.is_some(), record.revision.is_some());
        if let Some(stream) = record.stream {
            answers.streams.entry(stream).or_default().push(record.clone());
        }
    }
    for (name, size) in store.logs() {
        let records = store.read_log(&name, 0, usize::MAX).unwrap();
        assert_eq!(records.len() as u64, size);
        assert_eq!(store.log_size(&name), size);
        let expected: Vec<_> = all.iter().filter(|record| record.log == name).collect();
        assert_eq!(records.iter().collect::<Vec<_>>(), expected);
        let expected = (0..size).collect::<Vec<_>>();
        assert_eq!(records.iter().map(|record| record.log_index).collect::<Vec<_>>(), expected);
        let leaves = records.iter().map(|r| event_store::merkle::leaf_hash(&r.leaf));
        let root = event_store::merkle::root(&leaves.collect::<Vec<_>>());
        assert_eq!(store.log_frontier(&name).root(), root);
        assert_eq!(store.root_at(&name, size).unwrap(), root);
        answers.logs.insert(name.to_string(), (records, root));
    }
    assert_eq!(answers.logs.values().map(|(log, _)| log.len()).sum::<usize>(), all.len());
    for (id, expected) in &answers.streams {
        let records = store.read_stream(id, Revision(0), usize::MAX).unwrap();
        assert_eq!(&records, expected);
        let revisions: Vec<_> = (0..).map(|n| Some(Revision(n))).take(records.len()).collect();
        assert_eq!(records.iter().map(|r| r.revision).collect::<Vec<_>>(), revisions);
        assert_eq!(store.stream_revision(id).unwrap(), *revisions.last().unwrap());
        assert_eq!(since(store, &Filter::Stream(*id), 3), records);
    }
    answers
}

/// The segment files of a closed store, in order.
pub(crate) fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(dir.join("journal")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
