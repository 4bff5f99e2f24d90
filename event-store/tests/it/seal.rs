//! Full segments: sealed with a footer, never changed again, read back while it is made.

use std::sync::Arc;

use event_store::disk::{Disk, Simulated};
use event_store::{Affected, Store, VerifyError};

use crate::sample::{answers, fill, small};

/// What a footer takes.
const FOOTER: u64 = 104;

fn open(disk: &Simulated) -> Store {
    Store::open_on(Arc::new(disk.clone()), small()).unwrap()
}

fn bytes(disk: &Simulated, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap().unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

fn segments(disk: &Simulated) -> Vec<String> {
    let mut names = disk.list("journal").unwrap();
    names.sort();
    names.into_iter().map(|name| format!("journal/{name}")).collect()
}

#[tokio::test]
async fn a_full_segment_is_sealed_and_never_changed_again() {
    let disk = Simulated::new();
    let mut sealed = Vec::new();
    for round in 0..5 {
        let store = open(&disk);
        fill(&store, round * 60..(round + 1) * 60).await;
        store.close();
        assert_eq!(event_store::verify_on(Arc::new(disk.clone())).unwrap().repairs, []);
        let mut now: Vec<_> = segments(&disk).iter().map(|path| bytes(&disk, path)).collect();
        // The last one still grows.
        now.pop();
        for full in &now {
            assert!(full[full.len() - FOOTER as usize..].starts_with(b"RDMTSEAL"));
        }
        assert_eq!(now[..sealed.len()], sealed);
        sealed = now;
    }
    assert!(sealed.len() > 6);
}

#[tokio::test]
async fn zeros_are_ready_before_a_segment_is_full_and_gone_when_nobody_writes() {
    let simulated = Simulated::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    // Without threads: the zeros are made within the append that half fills a segment.
    let store = Store::open_inline_on(&disk, small()).unwrap();
    let spares = || {
        let names = disk.list("journal").unwrap();
        names.into_iter().filter(|name| name.starts_with("spare-")).collect::<Vec<_>>()
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut n = 0;
    while disk.list("journal").unwrap().len() < 6 {
        fill(&store, n..n + 1).await;
        n += 1;
        let now = spares();
        assert!(now.len() <= 1, "{now:?}");
        seen.extend(now);
    }
    // Each segment but the first took one, and one is there.
    assert_eq!(seen.len(), segments(&simulated).len() - 1, "{seen:?}");
    let spare = format!("journal/{}", spares().remove(0));
    assert!(bytes(&simulated, &spare).iter().all(|byte| *byte == 0));
    let expected = answers(&store);
    store.close();
    assert_eq!(spares(), [""; 0]);
    // One that a crash has left.
    disk.create(&spare).unwrap().write_at(b"anything", 0).unwrap();
    let store = Store::open_inline_on(&disk, small()).unwrap();
    assert_eq!(spares(), [""; 0]);
    assert!(answers(&store) == expected);
    store.close();
}

#[tokio::test]
async fn zeros_are_written_while_nobody_appends() {
    let disk = Simulated::new();
    let store = open(&disk);
    let length = |path: &str| bytes(&disk, path).len() as u64;
    let first = || length("journal/0000000000000000.seg");
    let at_first = first();
    let mut n = 0;
    // As far again as there are records, but none of the next segment yet.
    while n < 10 {
        fill(&store, n..n + 1).await;
        n += 1;
    }
    let has_come = |what: &dyn Fn() -> bool| {
        (0..10_000_000).any(|_| {
            std::thread::yield_now();
            what()
        })
    };
    assert!(has_come(&|| first() > at_first));
    assert_eq!(segments(&disk).len(), 1);
    // Past the middle of it, the zeros of the next are made too, and become its own.
    while used(&bytes(&disk, "journal/0000000000000000.seg")) <= small().segment_bytes / 2 {
        fill(&store, n..n + 1).await;
        n += 1;
    }
    assert!(has_come(&|| {
        let spare = segments(&disk).into_iter().find(|path| path.contains("spare-"));
        spare.is_some_and(|spare| length(&spare) == small().segment_bytes)
    }));
    assert_eq!(first(), small().segment_bytes);
    while !segments(&disk).contains(&"journal/0000000000000001.seg".to_owned()) {
        fill(&store, n..n + 1).await;
        n += 1;
    }
    assert_eq!(length("journal/0000000000000001.seg"), small().segment_bytes);
    let expected = answers(&store);
    store.close();
    assert_eq!(answers(&open(&disk)), expected);
}

/// Up to the last byte that is not zero.
fn used(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

#[tokio::test]
async fn a_footer_that_was_not_written_is_written_by_the_next_opening() {
    let disk = Simulated::new();
    let store = open(&disk);
    fill(&store, 0..100).await;
    let expected = answers(&store);
    store.close();
    let path = segments(&disk).remove(0);
    let whole = bytes(&disk, &path);
    let end = whole.len() as u64 - FOOTER;
    // Nothing, a part, and a part with the zeros that a crash has kept behind it.
    for (length, zeros) in [(end, 0), (end, 300), (end + 50, 0), (end + 50, 300)] {
        let file = disk.open(&path).unwrap().unwrap();
        file.set_length(length).unwrap();
        file.set_length(length + zeros).unwrap();
        file.sync().unwrap();
        let verified = event_store::verify_on(Arc::new(disk.clone())).unwrap();
        let [repair] = &verified.repairs[..] else { panic!("{:?}", verified.repairs) };
        assert_eq!((&repair.file, repair.offset, repair.affected), (&path, end, Affected::Footer));
        let text = format!(
            "a footer that is missing or broken in `{path}` at offset {end}; no record is lost, \
             the next opening writes it anew"
        );
        assert_eq!(repair.to_string(), text);
        let store = open(&disk);
        assert_eq!(answers(&store), expected);
        store.close();
        assert_eq!(bytes(&disk, &path), whole);
    }
}

#[tokio::test]
async fn damage_is_found_when_a_segment_is_read_back() {
    let disk = Simulated::new();
    let store = open(&disk);
    fill(&store, 0..20).await;
    // Damaged while it is the last one, in a record that nobody reads.
    disk.flip("journal/0000000000000000.seg", 300, 4);
    fill(&store, 20..60).await;
    store.close();
    let damage = store.damage().unwrap();
    assert!(damage.contains("segment 0"), "{damage}");
    assert_eq!(store.failure(), None);
    let found = event_store::verify_on(Arc::new(disk));
    assert!(matches!(found, Err(VerifyError::Fault(_))), "{found:?}");
}

#[tokio::test]
async fn a_segment_that_is_not_what_its_footer_says_is_found() {
    // Two stores with one id that went different ways: each frame is good, the whole is not.
    let disk = Simulated::new();
    let store = open(&disk);
    fill(&store, 0..5).await;
    store.close();
    let other = disk.cut(&mut |_| 0);
    let mut ends = Vec::new();
    for (disk, numbers) in [(&disk, 5..60), (&other, 7..62)] {
        let store = open(disk);
        fill(&store, numbers).await;
        store.close();
        ends.push(bytes(disk, "journal/0000000000000000.seg"));
    }
    assert_ne!(ends[0], ends[1]);
    let (mine, theirs) = (&ends[0], &ends[1]);
    let footer = &theirs[theirs.len() - FOOTER as usize..];
    // The digest of the other, with a checksum that fits.
    let mut forged = mine[mine.len() - FOOTER as usize..].to_vec();
    forged[72..].copy_from_slice(&footer[72..]);
    forged[12..16].fill(0);
    let crc = crc32fast::hash(&forged);
    forged[12..16].copy_from_slice(&crc.to_le_bytes());
    let file = disk.open("journal/0000000000000000.seg").unwrap().unwrap();
    file.write_at(&forged, mine.len() as u64 - FOOTER).unwrap();
    file.sync().unwrap();
    let found = event_store::verify_on(Arc::new(disk));
    let Err(VerifyError::Fault(fault)) = found else { panic!("{found:?}") };
    assert_eq!(fault.what, "a footer that does not fit what stands before it");
    assert!(matches!(fault.affected, Affected::Records(Some(_))), "{fault}");
}
