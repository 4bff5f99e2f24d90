//! Crashes: a torn last frame at every byte, and processes killed at random moments.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use event_store::{Filter, Position, Store};
use rand::RngExt as _;

use crate::place::{OnDisk, Place};
use crate::sample::{answers, batch, fill, numbered, open, record, small};

async fn a_last_frame_torn_at_every_byte_is_cut_and_nothing_else(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..4).await;
    let before = answers(&store);
    store.close();
    let file = place.segments().remove(0);
    let start = usize::try_from(place.verify().unwrap().bytes).unwrap();
    let store = place.open();
    // Longer than what is appended after the cut, which so does not cover all that was torn.
    let last = record("local", Some("a"), "the last, which is torn");
    store.append(batch(vec![last])).await.unwrap();
    store.close();
    let bytes = place.bytes(&file);
    let end = usize::try_from(place.verify().unwrap().bytes).unwrap();
    // Zeros at the end of the frame are as good written as not.
    let significant = start + bytes[start..end].iter().rposition(|byte| *byte != 0).unwrap() + 1;

    for cut in start..significant {
        let torn = place.another();
        torn.disk().create_dir("journal").unwrap();
        let mut content = bytes.clone();
        match cut % 3 {
            // Only the beginning of the frame reached the disk; the file may even end there.
            0 => content[cut..end].fill(0),
            1 => content.truncate(cut),
            // Only its end did.
            _ => content[start..=cut].fill(0),
        }
        let left = content[start..].iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
        torn.write(&file, &content);
        let store = torn.open();
        assert_eq!(store.recovery().cut_bytes, left as u64, "{cut}");
        assert_eq!(answers(&store), before, "{cut}");
        store.append(batch(vec![record("local", Some("a"), "other")])).await.unwrap();
        store.close();
        let store = torn.open();
        assert_eq!(store.recovery().cut_bytes, 0, "{cut}");
        assert_eq!(answers(&store).all.len(), before.all.len() + 1, "{cut}");
        store.close();
        assert_eq!(torn.verify().unwrap().torn_bytes, 0, "{cut}");
    }
}

async fn a_segment_half_created_is_created_again(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..4).await;
    let before = answers(&store);
    store.close();
    let half = "journal/0000000000000001.seg.new";
    place.write(half, b"RDMT");
    let store = place.open();
    assert!(!place.is_there(half));
    assert_eq!(answers(&store), before);
    fill(&store, 4..100).await;
    store.close();
    assert!(place.verify().unwrap().segments > 1);
}

async fn a_segment_without_a_frame_keeps_its_header(place: OnDisk) {
    // What a crash between the creation of a segment and its first frame leaves: the next frame
    // was once written over the header, and the store could not be opened again.
    let store = place.open();
    fill(&store, 0..100).await;
    store.close();
    let file = place.segments().pop().unwrap();
    place.zero(&file, 64..place.length(&file));
    place.remove_dir("index");
    let store = place.open();
    let before = answers(&store).all.len();
    fill(&store, 0..3).await;
    store.close();
    let store = place.open();
    assert_eq!(answers(&store).all.len(), before + 6);
    store.close();
    place.verify().unwrap();
}

crate::place::on_each_disk!(
    a_last_frame_torn_at_every_byte_is_cut_and_nothing_else,
    a_segment_half_created_is_created_again,
    a_segment_without_a_frame_keeps_its_header
);

const CHILD_FOLDER: &str = "EVENT_STORE_CHILD_FOLDER";
const KILLS: usize = 200;
const TASKS: usize = 3;

/// Not a test by itself: what `a_killed_writer_loses_nothing_acknowledged` starts and kills.
/// Appends for ever, and writes `ack TASK N FIRST NEXT` for each batch acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_appends_until_it_is_killed() {
    let Ok(dir) = std::env::var(CHILD_FOLDER) else {
        return;
    };
    say("opening");
    let store = open(Path::new(&dir));
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let round = store.next_position().0 as usize;
            for n in round.. {
                let appended = store.append(child_batch(task, n)).await.unwrap();
                say(&format!("ack {task} {n} {} {}", appended.first, appended.next));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

fn child_batch(task: usize, n: usize) -> event_store::Batch {
    let mut batch = numbered(n);
    for record in &mut batch.records {
        record.payload = format!("{task} {n} {}", "x".repeat(n % 200)).into_bytes();
    }
    batch
}

fn say(line: &str) {
    // One write, so that a killed process leaves no half line that looks whole.
    std::io::stdout().write_all(format!("\n{line}\n").as_bytes()).unwrap();
}

/// One life of the child: killed after so many acknowledgements; returns all that it wrote.
fn run_and_kill(dir: &Path, acknowledgements: usize) -> Vec<[usize; 4]> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_appends_until_it_is_killed", "--nocapture"])
        .env(CHILD_FOLDER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    let mut is_opening = false;
    while !is_opening || acknowledged.len() < acknowledgements {
        let line = lines.next().unwrap().unwrap();
        is_opening |= line == "opening";
        acknowledged.extend(parse(&line));
    }
    // `kill` is SIGKILL. What the child wrote until then is still in the pipe.
    child.kill().unwrap();
    for line in lines {
        acknowledged.extend(parse(&line.unwrap()));
    }
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    acknowledged
}

/// A whole line only: the pipe may end in the middle of one.
fn parse(line: &str) -> Option<[usize; 4]> {
    let mut numbers = line.strip_prefix("ack ")?.split(' ').map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?, next()?])
}

#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let mut random = crate::sample::random();
    let dir = tempfile::tempdir().unwrap();
    let mut expected: BTreeMap<usize, Vec<u8>> = BTreeMap::new();
    let (mut cuts, mut replays, mut rebuilds) = (0, 0, 0);
    for kill in 0..KILLS {
        // Sometimes in the middle of opening; else after some appends, on their way to more.
        let after = if random.random_bool(0.1) { 0 } else { random.random_range(1..60) };
        let acknowledged = run_and_kill(dir.path(), after);
        let from = expected.last_key_value().map_or(0, |(position, _)| *position);
        let in_opening = acknowledged.is_empty();
        for [task, n, first, next] in acknowledged {
            let batch = child_batch(task, n);
            assert_eq!(next - first, batch.records.len());
            for (position, record) in (first..next).zip(batch.records) {
                let known = expected.insert(position, record.payload);
                assert!(known.is_none(), "position {position} was given twice");
            }
        }
        let store = Store::open(dir.path(), small()).unwrap();
        cuts += usize::from(store.recovery().cut_bytes > 0);
        replays += store.recovery().indexed_records;
        rebuilds += usize::from(store.recovery().index_rebuilt);
        // Whoever is killed while the database is being opened leaves the mark that it may be why.
        assert!(in_opening || !store.recovery().index_rebuilt);
        assert!(!store.recovery().index_was_ahead);
        check(&store, &expected, if kill + 1 == KILLS { 0 } else { from });
    }
    let verified = event_store::verify(dir.path()).unwrap();
    eprintln!(
        "{KILLS} kills, {} acknowledged of {} records, {} segments, {cuts} torn tails cut, \
         {replays} records indexed again, the index made anew {rebuilds} times",
        expected.len(),
        verified.records,
        verified.segments
    );
    assert!(verified.records >= expected.len() as u64);
}

fn check(store: &Store, expected: &BTreeMap<usize, Vec<u8>>, from: usize) {
    let mut next = Position(from as u64);
    let mut expected = expected.range(from..).peekable();
    while next < store.next_position() {
        let page = store.read_since(next, &Filter::All, 1000).unwrap();
        next = page.next;
        for record in page.records {
            let position = usize::try_from(record.position.0).unwrap();
            if let Some((_, payload)) = expected.next_if(|(at, _)| **at == position) {
                assert_eq!(&record.payload, payload, "position {position}");
            }
        }
    }
    assert_eq!(expected.next(), None, "acknowledged and lost");
}
