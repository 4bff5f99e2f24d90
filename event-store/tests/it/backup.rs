//! Backups: made while appends go on, in steps, restored to the same answers, refused when damaged.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_store::disk::{Disk, DiskFile, Simulated};
use event_store::{BackupError, Options, Position, RestoreError, Store};

use crate::over_disk::{Journals, OverDisk};
use crate::place::{OnDisk, Place};
use crate::sample::{answers, batch, fill, record, small};

async fn a_backup_grows_with_the_store_and_restores_to_the_same(place: OnDisk) {
    let backup = place.another();
    let store = place.open();
    let mut segments = 0;
    for round in 0..6 {
        fill(&store, round * 40..(round + 1) * 40).await;
        let mut seen = Vec::new();
        let made = store.backup_on(&*backup.disk(), &mut |progress| seen.push(progress)).unwrap();
        assert_eq!(made.upto, store.next_position());
        // All that was full before, and not the newest.
        assert!(made.segments_kept + 1 >= segments && made.segments_copied > 0, "{made:?}");
        segments = made.segments_kept + made.segments_copied;
        assert!(seen.is_sorted_by_key(|progress| progress.bytes));
        let last = seen.last().unwrap();
        assert_eq!(last.bytes, last.bytes_total);
        assert!(made.bytes_copied < last.bytes_total || round == 0);

        let restored = place.another();
        let found = restored.restore(&backup).unwrap();
        assert_eq!(Position(found.records), store.next_position());
        let again = restored.open();
        assert_eq!(answers(&again), answers(&store));
        fill(&again, 1000..1010).await;
    }
    assert!(segments > 4);
    let again = backup.back_up(&store).unwrap();
    assert_eq!((again.segments_copied, again.bytes_copied), (0, 0));
}

async fn a_backup_under_load_holds_a_beginning(place: OnDisk) {
    let (backup, restored) = (place.another(), place.another());
    let store = place.open();
    let load = store.clone();
    let load = tokio::spawn(async move { fill(&load, 0..300).await });
    let mut made = Vec::new();
    while !load.is_finished() || made.is_empty() {
        made.push(backup.back_up(&store).unwrap().upto);
        tokio::task::yield_now().await;
    }
    load.await.unwrap();
    let upto = *made.last().unwrap();
    restored.restore(&backup).unwrap();
    let restored = restored.open();
    assert_eq!(restored.next_position(), upto);
    let found = answers(&restored).all;
    assert_eq!(found, answers(&store).all[..found.len()]);
}

/// On real files, of each 1009th.
async fn every_flipped_byte_of_a_backup_is_refused(place: OnDisk) {
    let backup = place.another();
    let store = place.open();
    fill(&store, 0..80).await;
    backup.back_up(&store).unwrap();
    let paths = backup.segments();
    assert!(paths.len() > 4);
    let mut flips = 0;
    for path in paths {
        for at in (0..backup.length(&path)).step_by(place.pick(1, 1009)) {
            backup.flip(&path, at, 1 << (at % 8));
            let target = place.another();
            let restored = target.restore(&backup);
            assert!(matches!(restored, Err(RestoreError::Damaged { .. })), "{path} {at}");
            assert!(!target.is_there("journal/0000000000000000.seg"));
            backup.flip(&path, at, 1 << (at % 8));
            flips += 1;
        }
    }
    eprintln!("{flips} flips refused");
    place.another().restore(&backup).unwrap();
}

#[tokio::test]
async fn a_backup_cut_at_any_step_restores_to_the_old_one_or_the_new() {
    let mut random = crate::sample::random();
    let backup = Simulated::new();
    let store = OnDisk::from(Simulated::new()).open();
    fill(&store, 0..50).await;
    let old = store.backup_on(&backup, &mut |_| ()).unwrap().upto;
    fill(&store, 50..110).await;
    let mut choose = |count| rand::RngExt::random_range(&mut random, 0..count);
    let (mut olds, mut news) = (0, 0);
    for steps in 0.. {
        let target = backup.cut(&mut choose);
        target.stop_after(steps);
        let made = store.backup_on(&target, &mut |_| ());
        let target = OnDisk::from(target.cut(&mut choose));
        let found = target.another().restore(&target).unwrap();
        let found = Position(found.records);
        assert!(old <= found && found <= store.next_position(), "{steps}");
        olds += usize::from(found == old);
        news += usize::from(found == store.next_position());
        if made.is_ok() {
            assert_eq!(found, store.next_position());
            break;
        }
    }
    assert!(olds > 3 && news > 0, "{olds} {news}");
}

#[tokio::test]
async fn a_restore_cut_at_any_step_leaves_nothing_that_opens_as_less() {
    let mut random = crate::sample::random();
    let backup = OnDisk::from(Simulated::new());
    let store = backup.another().open();
    fill(&store, 0..110).await;
    backup.back_up(&store).unwrap();
    let mut choose = |count| rand::RngExt::random_range(&mut random, 0..count);
    for steps in 0.. {
        let target = Simulated::new();
        target.stop_after(steps);
        let made = OnDisk::from(target.clone()).restore(&backup);
        if let Ok(opened) = OnDisk::from(target.cut(&mut choose)).try_open() {
            // Nothing was there yet, or everything.
            let end = opened.next_position();
            assert!(end == Position(0) || end == store.next_position(), "{steps}: {end}");
        }
        if made.is_ok() {
            break;
        }
    }
}

async fn what_is_not_ours_is_left_alone(place: OnDisk) {
    let (backup, other) = (place.another(), place.another());
    let store = place.open();
    fill(&store, 0..60).await;
    backup.back_up(&store).unwrap();
    let other_store = other.open();
    fill(&other_store, 0..60).await;
    let foreign = backup.back_up(&other_store);
    assert!(matches!(foreign, Err(BackupError::Foreign { .. })), "{foreign:?}");
    let itself = place.back_up(&store);
    assert!(matches!(itself, Err(BackupError::InUse)), "{itself:?}");
    other_store.close();
    let closed = other.back_up(&store);
    assert!(matches!(closed, Err(BackupError::Foreign { .. })), "{closed:?}");
    let result = place.restore(&backup);
    assert!(matches!(result, Err(RestoreError::InUse | RestoreError::NotEmpty)), "{result:?}");
    let none = place.another().restore(&place.another());
    assert!(matches!(none, Err(RestoreError::NoBackup)), "{none:?}");
}

async fn damage_is_not_copied(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..60).await;
    place.flip("journal/0000000000000000.seg", 2000, 1);
    let result = place.another().back_up(&store);
    let Err(BackupError::Damaged(fault)) = result else { panic!("{result:?}") };
    assert_eq!(fault.file, "journal/0000000000000000.seg");
}

async fn what_another_process_may_yet_lose_is_not_in_the_backup(place: OnDisk) {
    let store = place.open();
    for n in 0..120 {
        fill(&store, n..n + 1).await;
        let target = place.another();
        // The store is open: this is what another process can do.
        let made = target.back_up_beside(&place).unwrap();
        let found = place.another().restore(&target).unwrap();
        assert_eq!(Position(found.records), made.upto, "{n}");
        // All but the last group, or all of it where that one ends a segment.
        let before: usize = (0..n).map(|n| crate::sample::numbered(n).records.len()).sum();
        assert_eq!(made.upto, Position(before as u64), "{n}");
    }
    let upto = store.next_position();
    store.close();
    let target = place.another();
    assert_eq!(target.back_up_beside(&place).unwrap().upto, upto);
    let none = target.back_up_beside(&place.another());
    assert!(matches!(none, Err(BackupError::NoStore)), "{none:?}");
}

/// A backup of a stopped store, or one that the node has made, ends behind the last frame; one
/// beside a running node ends before it, and once refused such an earlier one as foreign.
async fn a_backup_beside_a_running_node_goes_on_from_one_that_has_its_last_group(place: OnDisk) {
    let backup = place.another();
    let store = place.open();
    fill(&store, 0..60).await;
    let upto = store.next_position();
    store.close();
    backup.back_up_beside(&place).unwrap();
    let store = place.open();
    let restored_is = |upto| {
        let found = place.another().restore(&backup).unwrap();
        assert_eq!(Position(found.records), upto);
    };
    let made = backup.back_up_beside(&place).unwrap();
    assert_eq!((made.upto, made.segments_copied), (upto, 0));
    restored_is(upto);
    let mut upto = upto;
    for n in 60..100 {
        fill(&store, n..n + 1).await;
        assert_eq!(backup.back_up_beside(&place).unwrap().upto, upto);
        restored_is(upto);
        upto = backup.back_up(&store).unwrap().upto;
        assert_eq!(upto, store.next_position());
        let made = backup.back_up_beside(&place).unwrap();
        assert_eq!((made.upto, made.segments_copied), (upto, 0));
        restored_is(upto);
    }
}

/// Reads the journal of a node that appends between two reads: when the frames were read, and
/// before the end is looked for behind them.
#[derive(Debug)]
struct Meanwhile {
    node: Store,
    has_appended: AtomicBool,
}

/// Batches that it appends.
const MEANWHILE: u64 = 20;

#[derive(Debug)]
struct ReadMeanwhile {
    file: Arc<dyn DiskFile>,
    meanwhile: Arc<Meanwhile>,
}

impl Journals for Arc<Meanwhile> {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(ReadMeanwhile { file, meanwhile: Arc::clone(self) })
    }
}

impl DiskFile for ReadMeanwhile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // The first read of frames begins behind the header of the segment, at 64.
        if offset > 64 && !self.meanwhile.has_appended.swap(true, Ordering::SeqCst) {
            // Past the zeros that were there.
            for _ in 0..MEANWHILE {
                let more = record("local", None, &"more".repeat(60));
                self.meanwhile.node.append_blocking(batch(vec![more])).unwrap();
            }
        }
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
    fn set_length(&self, _length: u64) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

/// A frame that the node added where the first read had found zeros was once taken for one behind
/// a broken one: the store was called damaged.
async fn what_a_node_appends_while_its_journal_is_read_is_no_damage(place: OnDisk) {
    let options = Options { segment_bytes: 64 << 10, ..small() };
    let node = Store::open_inline_on(&place.disk(), options).unwrap();
    fill(&node, 0..3).await;
    let before = node.next_position();
    let meanwhile =
        Arc::new(Meanwhile { node: node.clone(), has_appended: AtomicBool::new(false) });
    let disk: Arc<dyn Disk> = Arc::new(OverDisk::new(place.disk(), Arc::clone(&meanwhile)));
    let (backup, restored) = (place.another(), place.another());
    let made = event_store::backup_on(&disk, &*backup.disk(), &mut |_| ()).unwrap();
    assert!(meanwhile.has_appended.load(Ordering::SeqCst));
    // All but the last of what came meanwhile.
    assert_eq!(made.upto, Position(before.0 + MEANWHILE - 1));
    restored.restore(&backup).unwrap();
    assert_eq!(answers(&restored.open()).all, answers(&node).all[..made.upto.0 as usize]);
}

/// The second look finds damage that is damage.
async fn damage_beside_a_running_node_is_told(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..6).await;
    for offset in [70, 700] {
        place.flip("journal/0000000000000000.seg", offset, 1);
        let made = place.another().back_up_beside(&place);
        assert!(matches!(made, Err(BackupError::Damaged(_))), "{made:?}");
        place.flip("journal/0000000000000000.seg", offset, 1);
    }
    place.another().back_up_beside(&place).unwrap();
}

crate::place::on_each_disk!(
    a_backup_grows_with_the_store_and_restores_to_the_same,
    a_backup_under_load_holds_a_beginning,
    every_flipped_byte_of_a_backup_is_refused,
    what_is_not_ours_is_left_alone,
    damage_is_not_copied,
    what_another_process_may_yet_lose_is_not_in_the_backup,
    a_backup_beside_a_running_node_goes_on_from_one_that_has_its_last_group,
    what_a_node_appends_while_its_journal_is_read_is_no_damage,
    damage_beside_a_running_node_is_told
);
