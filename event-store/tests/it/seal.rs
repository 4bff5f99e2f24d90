//! Full segments: sealed with a footer, never changed again, read back while it is made.

use event_store::{Affected, VerifyError};

use crate::place::{OnDisk, Place};
use crate::sample::{answers, fill, small};

/// What a footer takes.
const FOOTER: u64 = 104;

async fn a_full_segment_is_sealed_and_never_changed_again(place: OnDisk) {
    let mut sealed = Vec::new();
    for round in 0..5 {
        let store = place.open();
        fill(&store, round * 60..(round + 1) * 60).await;
        store.close();
        assert_eq!(place.verify().unwrap().repairs, []);
        let mut now: Vec<_> = place.segments().iter().map(|path| place.bytes(path)).collect();
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

async fn zeros_are_ready_before_a_segment_is_full_and_gone_when_nobody_writes(place: OnDisk) {
    // Without threads: the zeros are made within the append that half fills a segment.
    let store = place.open_inline();
    let spares = || {
        let is_spare = |path: &String| path.contains("/spare-");
        place.segments().into_iter().filter(is_spare).collect::<Vec<_>>()
    };
    let mut seen = std::collections::BTreeSet::new();
    let mut n = 0;
    while place.segments().len() < 6 {
        fill(&store, n..n + 1).await;
        n += 1;
        let now = spares();
        assert!(now.len() <= 1, "{now:?}");
        seen.extend(now);
    }
    // Each segment but the first took one, and one is there.
    assert_eq!(seen.len(), place.segments().len() - 1, "{seen:?}");
    let spare = spares().remove(0);
    assert!(place.bytes(&spare).iter().all(|byte| *byte == 0));
    let expected = answers(&store);
    store.close();
    assert_eq!(spares(), [""; 0]);
    // One that a crash has left.
    place.write(&spare, b"anything");
    let store = place.open_inline();
    assert_eq!(spares(), [""; 0]);
    assert!(answers(&store) == expected);
    store.close();
}

async fn zeros_are_written_while_nobody_appends(place: OnDisk) {
    let store = place.open();
    let first = || place.length("journal/0000000000000000.seg");
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
    assert_eq!(place.segments().len(), 1);
    // Past the middle of it, the zeros of the next are made too, and become its own.
    while used(&place.bytes("journal/0000000000000000.seg")) <= small().segment_bytes / 2 {
        fill(&store, n..n + 1).await;
        n += 1;
    }
    assert!(has_come(&|| {
        let spare = place.segments().into_iter().find(|path| path.contains("spare-"));
        spare.is_some_and(|spare| place.length(&spare) == small().segment_bytes)
    }));
    assert_eq!(first(), small().segment_bytes);
    while !place.segments().contains(&"journal/0000000000000001.seg".to_owned()) {
        fill(&store, n..n + 1).await;
        n += 1;
    }
    assert_eq!(place.length("journal/0000000000000001.seg"), small().segment_bytes);
    let expected = answers(&store);
    store.close();
    assert_eq!(answers(&place.open()), expected);
}

/// Up to the last byte that is not zero.
fn used(bytes: &[u8]) -> u64 {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1)
}

async fn a_footer_that_was_not_written_is_written_by_the_next_opening(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..100).await;
    let expected = answers(&store);
    store.close();
    let path = place.segments().remove(0);
    let whole = place.bytes(&path);
    let end = whole.len() as u64 - FOOTER;
    // Nothing, a part, and a part with the zeros that a crash has kept behind it.
    for (length, zeros) in [(end, 0), (end, 300), (end + 50, 0), (end + 50, 300)] {
        place.set_length(&path, length);
        place.set_length(&path, length + zeros);
        let verified = place.verify().unwrap();
        let [repair] = &verified.repairs[..] else { panic!("{:?}", verified.repairs) };
        assert_eq!((&repair.file, repair.offset, repair.affected), (&path, end, Affected::Footer));
        let text = format!(
            "a footer that is missing or broken in `{path}` at offset {end}; no record is lost, \
             the next opening writes it anew"
        );
        assert_eq!(repair.to_string(), text);
        let store = place.open();
        assert_eq!(answers(&store), expected);
        store.close();
        assert_eq!(place.bytes(&path), whole);
    }
}

async fn damage_is_found_when_a_segment_is_read_back(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..20).await;
    // Damaged while it is the last one, in a record that nobody reads.
    place.flip("journal/0000000000000000.seg", 300, 4);
    fill(&store, 20..60).await;
    store.close();
    let damage = store.damage().unwrap();
    assert!(damage.contains("segment 0"), "{damage}");
    assert_eq!(store.failure(), None);
    let found = place.verify();
    assert!(matches!(found, Err(VerifyError::Fault(_))), "{found:?}");
}

async fn a_segment_that_is_not_what_its_footer_says_is_found(place: OnDisk) {
    // Two stores with one id that went different ways: each frame is good, the whole is not.
    let store = place.open();
    fill(&store, 0..5).await;
    store.close();
    let other = place.copy();
    let mut ends = Vec::new();
    for (place, numbers) in [(&place, 5..60), (&other, 7..62)] {
        let store = place.open();
        fill(&store, numbers).await;
        store.close();
        ends.push(place.bytes("journal/0000000000000000.seg"));
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
    place.put("journal/0000000000000000.seg", mine.len() as u64 - FOOTER, &forged);
    let found = place.verify();
    let Err(VerifyError::Fault(fault)) = found else { panic!("{found:?}") };
    assert_eq!(fault.what, "a footer that does not fit what stands before it");
    assert!(matches!(fault.affected, Affected::Records(Some(_))), "{fault}");
}

crate::place::on_each_disk!(
    a_full_segment_is_sealed_and_never_changed_again,
    zeros_are_ready_before_a_segment_is_full_and_gone_when_nobody_writes,
    zeros_are_written_while_nobody_appends,
    a_footer_that_was_not_written_is_written_by_the_next_opening,
    damage_is_found_when_a_segment_is_read_back,
    a_segment_that_is_not_what_its_footer_says_is_found
);
