//! Disks that fail where a test says so: a step of the journal × (failed and not stored, failed
//! although stored, no space).

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use event_store::disk::{Disk, DiskFile};
use event_store::{AppendError, Batch, Options, Store};

use crate::over_disk::{Journals, OverDisk};
use crate::place::{OnDisk, Place};
use crate::sample::{answers, fill, numbered, small};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Write,
    Sync,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Failure {
    NotStored,
    Stored,
    NoSpace,
    Panic,
}

/// Fails one step of the journal's files once, when its countdown ends; never at 0.
#[derive(Debug)]
struct Plan {
    step: Step,
    failure: Failure,
    countdown: AtomicU64,
    /// So many syncs of journal files and of the journal's folder were made.
    syncs: AtomicU64,
}

impl Plan {
    fn run(&self, step: Step, real: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.syncs.fetch_add(u64::from(step == Step::Sync), Ordering::SeqCst);
        let is_now = step == self.step
            && self
                .countdown
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1))
                == Ok(1);
        if !is_now {
            return real();
        }
        match self.failure {
            Failure::NotStored => Err(io::Error::other("planned, not stored")),
            Failure::Stored => real().and(Err(io::Error::other("planned, but stored"))),
            Failure::NoSpace => Err(io::ErrorKind::StorageFull.into()),
            Failure::Panic => panic!("planned"),
        }
    }
}

type FaultDisk = OverDisk<Arc<Plan>>;

#[derive(Debug)]
struct FaultFile {
    file: Arc<dyn DiskFile>,
    plan: Arc<Plan>,
}

impl Journals for Arc<Plan> {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(FaultFile { file, plan: Arc::clone(self) })
    }

    fn syncs_dir(&self) {
        self.syncs.fetch_add(1, Ordering::SeqCst);
    }
}

impl DiskFile for FaultFile {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.plan.run(Step::Write, || self.file.write_at(bytes, offset))
    }
    fn set_length(&self, length: u64) -> io::Result<()> {
        self.file.set_length(length)
    }
    fn sync(&self) -> io::Result<()> {
        self.plan.run(Step::Sync, || self.file.sync())
    }
}

fn plan(step: Step, failure: Failure) -> Arc<Plan> {
    Arc::new(Plan { step, failure, countdown: AtomicU64::new(0), syncs: AtomicU64::new(0) })
}

fn faulty(place: &OnDisk, plan: &Arc<Plan>) -> FaultDisk {
    FaultDisk::new(place.disk(), Arc::clone(plan))
}

fn open_faulty(place: &OnDisk, step: Step, failure: Failure) -> (Store, Arc<Plan>) {
    let plan = plan(step, failure);
    (Store::open_on(Arc::new(faulty(place, &plan)), small()).unwrap(), plan)
}

/// Appends until the planned failure; returns how many batches were acknowledged, and the error.
async fn append_until_failure(store: &Store, from: usize) -> (usize, AppendError) {
    for n in from.. {
        if let Err(error) = store.append(numbered(n)).await {
            return (n, error);
        }
    }
    unreachable!("the plan fails at last")
}

async fn after_a_failed_write_or_sync_nothing_is_appended_and_nothing_is_lost(place: OnDisk) {
    for step in [Step::Write, Step::Sync] {
        for failure in [Failure::NotStored, Failure::Stored] {
            // Up to 60 steps: past the growth of a segment and past a roll-over.
            for countdown in (1..60).step_by(7) {
                let place = place.another();
                let (store, plan) = open_faulty(&place, step, failure);
                fill(&store, 0..3).await;
                plan.countdown.store(countdown, Ordering::SeqCst);
                let (acknowledged, error) = append_until_failure(&store, 3).await;
                let context = format!("{step:?} {failure:?} {countdown}: {error}");
                assert!(matches!(error, AppendError::Poisoned { .. }), "{context}");
                assert!(store.failure().is_some());
                let again = store.append(numbered(0)).await;
                assert!(matches!(again, Err(AppendError::Poisoned { .. })), "{context}");
                let before = answers(&store);
                let records = |upto| (0..upto).map(|n| numbered(n).records.len()).sum::<usize>();
                assert_eq!(before.all.len(), records(acknowledged), "{context}");
                store.close();

                let store = place.open();
                let after = answers(&store);
                assert_eq!(after.all[..before.all.len()], before.all, "{context}");
                // The batch that failed is there as a whole, or not at all.
                let whole = [records(acknowledged), records(acknowledged + 1)];
                assert!(whole.contains(&after.all.len()), "{context}");
                fill(&store, 3..6).await;
                store.close();
                place.verify().unwrap();
            }
        }
    }
}

/// Whoever panics while it writes, the thread or a caller: nobody waits for it for ever, nothing
/// more is appended, and the index is not trusted.
async fn after_a_panic_of_whoever_writes_everybody_is_told(place: OnDisk) {
    for by_caller in [false, true] {
        let place = place.another();
        let plan = plan(Step::Sync, Failure::Panic);
        let disk: Arc<dyn Disk> = Arc::new(faulty(&place, &plan));
        // Without threads it is the caller who writes; with them either may be quicker.
        let store = match by_caller {
            true => Store::open_inline_on(&disk, small()).unwrap(),
            false => Store::open_on(disk, small()).unwrap(),
        };
        fill(&store, 0..3).await;
        let before = answers(&store);
        plan.countdown.store(1, Ordering::SeqCst);
        if by_caller {
            let caller = store.clone();
            let panicked = std::thread::spawn(move || caller.append_blocking(numbered(3))).join();
            assert!(panicked.is_err());
        } else {
            let told = store.append(numbered(3)).await;
            assert!(matches!(told, Err(AppendError::Poisoned { .. })), "{told:?}");
        }
        for told in [store.append(numbered(4)).await, store.append_blocking(numbered(4))] {
            assert!(matches!(told, Err(AppendError::Poisoned { .. })), "{told:?}");
        }
        assert!(store.failure().is_some());
        assert!(answers(&store) == before);
        store.close();
        let store = place.open();
        assert!(store.recovery().indexed_records > 0 || store.recovery().index_rebuilt);
        // The batch whose writing was cut short is there as a whole, or not at all.
        let kept = answers(&store).all.len() - before.all.len();
        assert!([0, numbered(3).records.len()].contains(&kept), "{kept}");
        fill(&store, 4..8).await;
        store.close();
        place.verify().unwrap();
    }
}

async fn a_full_disk_refuses_appends_until_there_is_space(place: OnDisk) {
    let plan = plan(Step::Write, Failure::NoSpace);
    let disk: Arc<dyn Disk> = Arc::new(faulty(&place, &plan));
    // Without threads: who gives a full segment its footer would meet the failure instead.
    let store = Store::open_inline_on(&disk, small()).unwrap();
    let large = || Batch {
        records: vec![crate::sample::record("local", None, &"x".repeat(3000))],
        ..Batch::default()
    };
    let mut refused = 0;
    for n in 0..40 {
        fill(&store, n..n + 1).await;
        // The write that makes room comes before that of the frame.
        plan.countdown.store(1, Ordering::SeqCst);
        match store.append(large()).await {
            Err(AppendError::DiskFull) => refused += 1,
            other => panic!("{other:?}"),
        }
        // A spare that did not get its header once stayed until the next opening.
        let mut unnamed = place.segments();
        unnamed.retain(|path| path.ends_with(".new"));
        assert!(unnamed.len() <= 1, "{unnamed:?}");
        store.append(large()).await.unwrap();
    }
    assert_eq!(refused, 40);
    let expected = answers(&store);
    store.close();
    place.verify().unwrap();
    assert_eq!(answers(&place.open()), expected);
}

async fn each_group_commit_makes_its_one_sync(place: OnDisk) {
    let plan = plan(Step::Write, Failure::NotStored);
    let disk = faulty(&place, &plan);
    // Room for all of it, so that no segment grows or is begun on the way.
    let store = Store::open_on(Arc::new(disk), Options::default()).unwrap();
    let before = plan.syncs.load(Ordering::SeqCst);
    fill(&store, 0..50).await;
    assert_eq!(plan.syncs.load(Ordering::SeqCst) - before, 50, "one batch after the other");
    let tasks = (0..64).map(|task| {
        let store = store.clone();
        tokio::spawn(async move { fill(&store, task * 20..(task + 1) * 20).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let syncs = plan.syncs.load(Ordering::SeqCst) - before;
    store.close();
    let frames = place.verify().unwrap().frames;
    eprintln!("{syncs} syncs for {frames} groups of {} batches", 50 + 64 * 20);
    assert_eq!(syncs, frames);
    assert!(frames < 50 + 64 * 20, "some share a sync");
}

crate::place::on_each_disk!(
    after_a_failed_write_or_sync_nothing_is_appended_and_nothing_is_lost,
    after_a_panic_of_whoever_writes_everybody_is_told,
    a_full_disk_refuses_appends_until_there_is_space,
    each_group_commit_makes_its_one_sync
);

#[test]
fn a_sync_of_a_real_file_asks_the_system_for_one() {
    // What cannot be synced says so; had nobody asked, nothing would have been said.
    let (_reader, writer) = std::io::pipe().unwrap();
    let pipe = std::fs::File::from(std::os::fd::OwnedFd::from(writer));
    let error = DiskFile::sync(&pipe).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
    let file = tempfile::tempfile().unwrap();
    DiskFile::sync(&file).unwrap();
}
