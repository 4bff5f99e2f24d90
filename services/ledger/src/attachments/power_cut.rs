//! The power goes, a sync fails or the disk is full at every change that an upload makes: what has
//! a name is whole, and what was said to be durable is there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use event_store::disk::Simulated;

use super::*;

const SEEDS: u64 = 40;

fn kept() -> Kept {
    Kept {
        case: CaseId::new([1; 16]),
        author: State::new("NL").unwrap(),
        id: AttachmentId::new([2; 16]),
    }
}

/// Three chunks of more than a sector.
fn chunk(index: u8) -> Vec<u8> {
    vec![index; 1300]
}

/// What an upload did before it failed.
#[derive(Debug, Default)]
struct Done {
    chunks: usize,
    ended: bool,
}

fn upload(files: &Files) -> Done {
    let mut done = Done::default();
    let mut go = || {
        files.begin(&kept(), Instant::from_ms(1))?;
        for index in 0..3 {
            files.put(&kept(), &chunk(index))?;
            done.chunks += 1;
        }
        files.end(&kept(), Instant::from_ms(2), b"described")?;
        done.ended = true;
        Ok::<(), Failure>(())
    };
    // It fails, where the disk does.
    let _ = go();
    done
}

/// Holds a disk to what an upload said before it failed.
fn check(disk: &Simulated, done: &Done, at: &str) {
    let files = Files::new(Arc::new(disk.clone()));
    for index in 0..3 {
        let (content, digest) = (chunk(index), sha256(&[&chunk(index)]));
        let read = files.read(&kept(), &digest).unwrap();
        assert_eq!(read.is_some(), files.holds(&kept(), &digest), "{at}: what has a name is whole");
        assert!(read.is_some() || usize::from(index) >= done.chunks, "{at}: a chunk is lost");
        assert!(read.is_none_or(|read| read == content));
    }
    let described = files.upload(&kept(), Instant::from_ms(3)).unwrap();
    assert!(described.is_some() || !done.ended, "{at}: the upload is lost");
    if let Some(described) = described {
        assert_eq!(described, b"described", "{at}");
        let all = (0..3).all(|index| files.holds(&kept(), &sha256(&[&chunk(index)])));
        assert!(all, "{at}: what can be listed is here");
    }
    // A new upload of the same is not hindered by what is left.
    assert!(upload(&files).ended, "{at}");
}

/// A fixed sequence of choices.
pub(super) fn choices(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move |count| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % count.max(1) as u64) as usize
    }
}

fn steps() -> u64 {
    let disk = Simulated::new();
    assert!(upload(&Files::new(Arc::new(disk.clone()))).ended);
    disk.steps()
}

#[test]
fn the_power_goes_at_every_change_of_an_upload() {
    let mut cuts = [0; 2];
    for after in 0..=steps() {
        for seed in 0..SEEDS {
            let disk = Simulated::new();
            disk.stop_after(after);
            let done = upload(&Files::new(Arc::new(disk.clone())));
            let found = disk.cut(&mut choices(seed));
            check(&found, &done, &format!("change {after}, seed {seed}"));
            cuts[usize::from(done.ended)] += 1;
        }
    }
    assert!(cuts.iter().all(|count| *count > 0), "{cuts:?}");
}

#[test]
fn a_sync_that_fails_fails_the_upload_and_leaves_nothing_half() {
    for after in 0.. {
        let disk = Simulated::new();
        disk.fail_sync_after(after);
        let done = upload(&Files::new(Arc::new(disk.clone())));
        if done.ended {
            assert!(after > 8, "{after} syncs");
            break;
        }
        for seed in 0..SEEDS {
            check(&disk.cut(&mut choices(seed)), &done, &format!("sync {after}, seed {seed}"));
        }
        disk.go_on();
        check(&disk, &done, &format!("sync {after}"));
    }
}

#[test]
fn a_full_disk_is_told_and_keeps_nothing_of_what_had_no_room() {
    for space in [0, 7, 8, 1307, 1308, 2000, 3908] {
        let disk = Simulated::new();
        let files = Files::new(Arc::new(disk.clone()));
        files.prepare(&kept()).unwrap();
        disk.limit_space(space);
        let begun = files.begin(&kept(), Instant::from_ms(1));
        let put: Result<Vec<_>, _> =
            (0..3).map(|index| files.put(&kept(), &chunk(index))).collect();
        let ended = files.end(&kept(), Instant::from_ms(2), &[7; 1300]);
        let failures = [begun.err(), put.err(), ended.err()];
        for failure in failures.iter().flatten() {
            assert_eq!((failure.class(), failure.code()), (Class::Unavailable, &DISK_FULL));
        }
        assert!(failures.iter().any(Option::is_some), "{space}");
        let names = disk.list(&kept().folder()).unwrap();
        assert!(names.iter().all(|name| !name.ends_with(UNFINISHED)), "{names:?}");
        disk.go_on();
        check(&disk, &Done::default(), &format!("{space} bytes"));
    }
}
