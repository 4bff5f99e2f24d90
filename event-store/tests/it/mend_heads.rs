//! Heads of segments that have perished: made anew byte for byte from what is left around them, or
//! left as they are.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use event_store::disk::Simulated;
use event_store::{MendError, Options, mend_heads_on};
use rand::RngExt as _;

use crate::mend::{Knows, closed, mend};
use crate::place::{OnDisk, Place};
use crate::sample::{answers, fill};

const HEAD: u64 = 64;
const FOOTER: u64 = 104;
const MAGIC: Range<u64> = 0..8;
const VERSION: Range<u64> = 8..12;
const CHECKSUM: Range<u64> = 12..16;
const STORE: Range<u64> = 16..32;
const BASE: Range<u64> = 40..48;
/// The header of the first frame, and some of its body.
const FIRST_FRAME: Range<u64> = 64..160;

/// A part of the first record.
const A_RECORD: Range<u64> = 124..154;

type Journal = Vec<(String, Vec<u8>)>;

fn path(number: usize) -> String {
    format!("journal/{number:016}.seg")
}

/// Overwrites bytes with others.
fn damage(place: &OnDisk, path: &str, bytes: Range<u64>) {
    let old = &place.bytes(path)[bytes.start as usize..bytes.end as usize];
    let new: Vec<u8> = old.iter().map(|byte| byte.wrapping_mul(3) ^ 0x5a).collect();
    place.put(path, bytes.start, &new);
}

/// Zeros a whole head, so that nothing of it is left.
fn lose(place: &OnDisk, path: &str) {
    place.zero(path, 0..HEAD);
}

fn footer(place: &OnDisk, number: usize) -> Range<u64> {
    let length = place.length(&path(number));
    length - FOOTER..length
}

/// Each head is as it was, or as it was damaged; nothing else has changed. Says whose are whole.
fn mended(place: &OnDisk, whole: &Journal, what: &str) -> Vec<String> {
    let before = place.journal();
    let mended = mend_heads_on(place.disk()).unwrap();
    for ((path, now), ((_, before), (_, whole))) in
        place.journal().iter().zip(before.iter().zip(whole))
    {
        let (head, rest) = now.split_at(HEAD as usize);
        assert_eq!(rest, &before[HEAD as usize..], "{what}: {path}");
        let expected = if mended.contains(path) { whole } else { before };
        assert_eq!(head, &expected[..HEAD as usize], "{what}: {path}");
    }
    mended
}

async fn every_bit_of_every_head_is_put_back(place: OnDisk) {
    let expected = closed(&place).await;
    let whole = place.journal();
    assert!(whole.len() > 3);
    let mut count = 0;
    for (path, _) in &whole {
        for at in (0..HEAD).step_by(place.pick(1, 13)) {
            for bit in (0..8).step_by(place.pick(1, 7)) {
                let copy = place.copy();
                copy.flip(path, at, 1 << bit);
                assert_eq!(
                    mended(&copy, &whole, &format!("{at}.{bit}")),
                    std::slice::from_ref(path)
                );
                assert!(copy.journal() == whole);
                count += 1;
            }
        }
        let copy = place.copy();
        copy.flip(path, 50, 1);
        mended(&copy, &whole, path);
        assert_eq!(copy.verify().unwrap().repairs, []);
        assert_eq!(answers(&copy.open()), expected);
    }
    eprintln!("{count} flipped bits of heads put back");
    assert_eq!(count, whole.len() * place.pick(64 * 8, 5 * 2));
    assert!(mended(&place, &whole, "whole").is_empty());
}

async fn the_id_of_a_store_of_one_segment_stands_nowhere_else(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..5).await;
    store.close();
    let whole = place.journal();
    assert_eq!(whole.len(), 1);
    for at in 0..HEAD {
        for bit in (0..8).step_by(place.pick(1, 7)) {
            let copy = place.copy();
            copy.flip(&path(0), at, 1 << bit);
            let found = mended(&copy, &whole, &format!("{at}.{bit}")).len();
            assert_eq!(found == 1, !STORE.contains(&at), "{at}.{bit}");
        }
    }
    // Without the checksum, only the first frame says that the id is right.
    for is_frame_left in [true, false] {
        let copy = place.copy();
        copy.flip(&path(0), CHECKSUM.start, 1);
        if !is_frame_left {
            damage(&copy, &path(0), FIRST_FRAME);
        }
        assert_eq!(mended(&copy, &whole, "a frame").len() == 1, is_frame_left);
    }
    let copy = place.copy();
    copy.flip(&path(0), CHECKSUM.start, 1);
    copy.flip(&path(0), STORE.start, 1);
    assert!(mended(&copy, &whole, "id and checksum").is_empty());
}

async fn a_head_of_which_nothing_is_left_needs_a_footer_or_both_neighbours(place: OnDisk) {
    closed(&place).await;
    let whole = place.journal();
    let last = whole.len() - 1;
    for number in 0..=last {
        let lost = |also: &[Range<u64>]| {
            let copy = place.copy();
            lose(&copy, &path(number));
            also.iter().for_each(|range| damage(&copy, &path(number), range.clone()));
            mended(&copy, &whole, &format!("{number} {also:?}")).len() == 1
        };
        let footer = footer(&place, number);
        // The digest in the footer proves it; of the last segment there is none.
        assert_eq!(lost(&[]), number < last, "{number}");
        // Without it the version must follow from both sides, and all else from the first frame.
        assert_eq!(lost(std::slice::from_ref(&footer)), number > 0 && number < last, "{number}");
        assert_eq!(lost(std::slice::from_ref(&A_RECORD)), number > 0 && number < last, "{number}");
        assert!(!lost(&[FIRST_FRAME]), "{number}");
        assert!(!lost(&[FIRST_FRAME, footer.clone()]), "{number}");
        // The first frame is there, and is another.
        let copy = place.copy();
        lose(&copy, &path(number));
        damage(&copy, &path(number), footer);
        copy.put(&path(number), HEAD, &whole[(number + 1) % whole.len()].1[64..112]);
        assert!(mended(&copy, &whole, "another frame").is_empty(), "{number}");
    }
}

async fn several_heads_are_put_back_one_after_the_other(place: OnDisk) {
    let expected = closed(&place).await;
    let whole = place.journal();
    let all: Vec<String> = whole.iter().map(|(path, _)| path.clone()).collect();
    for range in [MAGIC, VERSION, CHECKSUM, 32..40, BASE, 48..56, 56..64] {
        let copy = place.copy();
        all.iter().for_each(|path| damage(&copy, path, range.clone()));
        assert_eq!(mended(&copy, &whole, &format!("{range:?}")), all, "{range:?}");
        assert_eq!(answers(&copy.open()), expected);
    }
    // The id is then known to nobody, but for one head.
    let copy = place.copy();
    all.iter().for_each(|path| damage(&copy, path, STORE));
    assert!(mended(&copy, &whole, "all ids").is_empty());
    for one in &all {
        let copy = place.copy();
        all.iter().filter(|path| *path != one).for_each(|path| damage(&copy, path, STORE));
        damage(&copy, one, BASE);
        assert_eq!(mended(&copy, &whole, one), all, "{one}");
    }
}

async fn where_the_segment_before_is_damaged_too_its_footer_or_what_is_left_says_where_it_ends(
    place: OnDisk,
) {
    let expected = closed(&place).await;
    let whole = place.journal();
    let last = whole.len() - 1;
    for number in 1..=last {
        let before = number - 1;
        let damaged = |also: &[(usize, Range<u64>)]| {
            let copy = place.copy();
            damage(&copy, &path(before), 300..301);
            let also = also.iter().cloned();
            also.for_each(|(number, range)| damage(&copy, &path(number), range));
            copy
        };
        let is_mended =
            |copy: &OnDisk| mended(copy, &whole, &format!("{number}")) == [path(number)];
        // What is left of the head says it; or the footer of one of both.
        let copy = damaged(&[(number, MAGIC)]);
        assert!(is_mended(&copy), "{number}");
        mend(&copy, &mut Knows::new(&expected.all)).unwrap();
        assert!(copy.journal() == whole, "{number}");
        assert!(is_mended(&damaged(&[(number, BASE)])), "{number}");
        let no_footer = (before, footer(&place, before));
        let own = number < last;
        assert_eq!(is_mended(&damaged(&[(number, BASE), no_footer.clone()])), own, "{number}");
        let no_frame = (number, FIRST_FRAME);
        assert!(!is_mended(&damaged(&[(number, MAGIC), no_frame])), "{number}");
    }
    // Where the end of the segment before has perished without a trace, it would end too early.
    let copy = place.copy();
    let (_, bytes) = &whole[last - 1];
    let frame = bytes.windows(4).rposition(|window| window == b"RFRM").unwrap() as u64;
    copy.put(&path(last - 1), frame, &vec![0; bytes.len() - frame as usize]);
    damage(&copy, &path(last), 48..64);
    assert_eq!(mended(&copy, &whole, "an end that is lost"), [path(last)]);
}

async fn a_footer_is_believed_only_if_its_digest_is_of_the_bytes_before_it(place: OnDisk) {
    closed(&place).await;
    let whole = place.journal();
    let copy = place.copy();
    lose(&copy, &path(1));
    damage(&copy, &path(1), FIRST_FRAME);
    let (_, bytes) = &whole[1];
    let mut seal = bytes[bytes.len() - FOOTER as usize..].to_vec();
    let sealed = |seal: &mut Vec<u8>| {
        seal[12..16].fill(0);
        let crc = crc32fast::hash(seal);
        seal[12..16].copy_from_slice(&crc.to_le_bytes());
    };
    // One that speaks of no bytes at all, with the digest of nothing.
    let base: [u8; 8] = seal[40..48].try_into().unwrap();
    seal[48..56].copy_from_slice(&base);
    seal[72..].copy_from_slice(&event_store::merkle::root(&[]));
    sealed(&mut seal);
    copy.put(&path(1), bytes.len() as u64 - FOOTER, &seal);
    assert!(mended(&copy, &whole, "a digest of nothing").is_empty());
}

async fn no_damage_whatever_makes_another_head(place: OnDisk) {
    let mut random = crate::sample::random();
    closed(&place).await;
    let whole = place.journal();
    let (mut back, mut left) = (0, 0);
    for _ in 0..place.pick(3000, 200) {
        let copy = place.copy();
        for _ in 0..random.random_range(1..4) {
            let number = random.random_range(0..whole.len());
            let parts = [0..HEAD, 0..FIRST_FRAME.end, footer(&place, number)];
            let part = parts[random.random_range(0..parts.len())].clone();
            let at = random.random_range(part.clone());
            let end = random.random_range(at + 1..=part.end);
            let bytes: Vec<u8> = match random.random_range(0..4) {
                0 => (at..end).map(|_| 0).collect(),
                // What stands at the same place of another segment.
                1 => {
                    let other = &whole[random.random_range(0..whole.len())].1;
                    (at..end).map(|at| other.get(at as usize).copied().unwrap_or(0)).collect()
                }
                _ => (at..end).map(|_| random.random()).collect(),
            };
            copy.put(&path(number), at, &bytes);
        }
        // A whole head of another segment is not broken, and is left for whoever opens the store.
        let broken =
            copy.journal().iter().zip(&whole).filter(|(a, b)| a.1[..64] != b.1[..64]).count();
        let found = mended(&copy, &whole, "random").len();
        back += found;
        left += broken - found;
    }
    eprintln!("{back} heads put back, {left} left");
    assert!(back > place.pick(1000, 60) && left > place.pick(100, 2), "{back} {left}");
}

/// Makes a store of version 1 that goes on with this version.
async fn grown_from_version_1(place: &OnDisk) {
    place.take(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/version-1/store"));
    let store = place.open();
    fill(&store, 40..160).await;
    store.close();
}

async fn the_version_of_a_head_is_the_one_that_it_had(place: OnDisk) {
    grown_from_version_1(&place).await;
    let whole = place.journal();
    let versions: Vec<u8> = whole.iter().map(|(_, bytes)| bytes[8]).collect();
    let last_old = versions.iter().rposition(|version| *version == 1).unwrap();
    assert!(last_old > 0 && versions.len() - last_old > 3, "{versions:?}");
    for number in 0..versions.len() {
        for at in (0..HEAD).step_by(place.pick(1, 13)) {
            let copy = place.copy();
            copy.flip(&path(number), at, 1 << (at % 8));
            assert_eq!(mended(&copy, &whole, &format!("{at}")), [path(number)]);
        }
        // Old segments have no footers, and the neighbours of the last one differ.
        let copy = place.copy();
        lose(&copy, &path(number));
        let has_footer = number > last_old && number + 1 < versions.len();
        let expected = has_footer || (0 < number && number < last_old);
        let found = mended(&copy, &whole, "all of it").len() == 1;
        assert_eq!(found, expected, "{number} of {versions:?}");
        // The checksum is left, and nothing else.
        let copy = place.copy();
        damage(&copy, &path(number), 0..CHECKSUM.start);
        damage(&copy, &path(number), CHECKSUM.end..HEAD);
        let found = mended(&copy, &whole, "but the checksum").len() == 1;
        assert!(found, "{number} of {versions:?}");
        // Nor is the version believed that stands there, if anything else does not.
        let copy = place.copy();
        damage(&copy, &path(number), CHECKSUM.start..HEAD);
        if !has_footer {
            let found = mended(&copy, &whole, "but the version").len() == 1;
            assert_eq!(found, expected, "{number} of {versions:?}");
        }
    }
}

async fn a_store_of_a_newer_version_is_left_as_it_is(place: OnDisk) {
    closed(&place).await;
    let last = path(place.journal().len() - 1);
    let mut head = place.journal().last().unwrap().1[..64].to_vec();
    head[8] = 3;
    head[12..16].fill(0);
    let crc = crc32fast::hash(&head);
    head[12..16].copy_from_slice(&crc.to_le_bytes());
    place.put(&last, 0, &head);
    for damaged in [&last, &path(1)] {
        // The head of the newer segment itself, too: this version cannot say what it was.
        for at in [0, 9, 20, 50] {
            let copy = place.copy();
            copy.flip(damaged, at, 1);
            let before = copy.journal();
            match mend_heads_on(copy.disk()) {
                Ok(mended) => assert!(*damaged == last && mended.is_empty(), "{at}"),
                Err(MendError::Newer { found: 3 }) => assert_ne!(*damaged, last, "{at}"),
                Err(error) => panic!("{error}"),
            }
            assert!(copy.journal() == before);
        }
    }
}

#[tokio::test]
async fn putting_heads_back_cut_at_any_step_can_be_done_again() {
    let mut random = crate::sample::random();
    let disk = Simulated::new();
    let place = OnDisk::from(disk.clone());
    let expected = closed(&place).await;
    lose(&place, &path(0));
    damage(&place, &path(1), BASE);
    disk.flip(&path(place.segments().len() - 1), CHECKSUM.start, 1);
    let mut choose = |count| random.random_range(0..count);
    for steps in 0.. {
        let copy = disk.cut(&mut |_| 0);
        copy.stop_after(steps);
        let done = mend_heads_on(Arc::new(copy.clone())).is_ok();
        let copy = OnDisk::from(copy.cut(&mut choose));
        mend_heads_on(copy.disk()).unwrap();
        assert_eq!(answers(&copy.open()), expected, "{steps}");
        if done {
            assert!(steps > 6, "{steps}");
            break;
        }
    }
}

async fn a_head_beyond_a_backup_is_put_back_beside_it(place: OnDisk) {
    let backup = place.another();
    let store = place.open();
    fill(&store, 0..60).await;
    backup.back_up(&store).unwrap();
    fill(&store, 60..150).await;
    let expected = answers(&store);
    store.close();
    let whole = place.journal();
    let last = whole.len() - 1;
    // The segment before ends where the backup says, and the one behind begins there.
    damage(&place, &path(0), 0..2000);
    damage(&place, &path(last), MAGIC);
    damage(&place, &path(last - 1), BASE);
    let healed = place.heal(&backup).unwrap();
    assert_eq!((healed.segments, healed.heads), (vec![0], vec![last as u64 - 1, last as u64]));
    assert!(place.journal() == whole);
    assert_eq!(answers(&place.open()), expected);
}

async fn heads_of_a_store_that_is_open_or_not_there_are_left_alone(place: OnDisk) {
    closed(&place).await;
    let store = place.open_with(Options::default());
    let refused = mend_heads_on(place.disk());
    assert!(matches!(refused, Err(MendError::InUse)), "{refused:?}");
    store.close();
    let none = mend_heads_on(place.another().disk());
    assert!(matches!(none, Err(MendError::NoStore)), "{none:?}");
    // Behind a lost file nothing is known, and all of it stays.
    let whole = place.journal();
    place.remove(&path(1));
    place.flip(&path(2), 50, 1);
    place.flip(&path(0), 50, 1);
    assert_eq!(mend_heads_on(place.disk()).unwrap(), [path(0)]);
    let now = place.journal();
    assert_eq!((now.len(), &now[0]), (whole.len() - 1, &whole[0]));
    assert_ne!(now[1], whole[2]);
}

crate::place::on_each_disk!(
    every_bit_of_every_head_is_put_back,
    the_id_of_a_store_of_one_segment_stands_nowhere_else,
    a_head_of_which_nothing_is_left_needs_a_footer_or_both_neighbours,
    several_heads_are_put_back_one_after_the_other,
    where_the_segment_before_is_damaged_too_its_footer_or_what_is_left_says_where_it_ends,
    a_footer_is_believed_only_if_its_digest_is_of_the_bytes_before_it,
    no_damage_whatever_makes_another_head,
    the_version_of_a_head_is_the_one_that_it_had,
    a_store_of_a_newer_version_is_left_as_it_is,
    a_head_beyond_a_backup_is_put_back_beside_it,
    heads_of_a_store_that_is_open_or_not_there_are_left_alone
);
