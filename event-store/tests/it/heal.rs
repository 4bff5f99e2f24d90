//! A damaged store mended from a backup: byte for byte, with what is newer kept.

use std::sync::Arc;

use event_store::disk::{Disk, Simulated};
use event_store::{HealError, RestoreError, Store, VerifyError, heal_on, verify_on};

use crate::sample::{Answers, answers, fill, small};

fn open(disk: &Simulated) -> Store {
    Store::open_on(Arc::new(disk.clone()), small()).unwrap()
}

/// A store that went on after its backup, and what it answers.
async fn backed_up() -> (Simulated, Simulated, Answers) {
    let (disk, backup) = (Simulated::new(), Simulated::new());
    let store = open(&disk);
    fill(&store, 0..80).await;
    store.backup_on(&backup, &mut |_| ()).unwrap();
    fill(&store, 80..120).await;
    let expected = answers(&store);
    store.close();
    (disk, backup, expected)
}

/// Each 61st byte of every segment: in headers, records and footers alike.
#[tokio::test]
async fn a_damaged_byte_that_a_backup_holds_is_healed_wherever_it_is() {
    let (disk, backup, expected) = backed_up().await;
    let mut healed = 0;
    let mut names = backup.list("journal").unwrap();
    names.retain(|name| name.ends_with(".seg"));
    for name in names {
        let path = format!("journal/{name}");
        let length = backup.open(&path).unwrap().unwrap().length().unwrap();
        for at in (0..length).step_by(61) {
            let copy = disk.cut(&mut |_| 0);
            copy.flip(&path, at, 1 << (at % 8));
            let damaged: Arc<dyn Disk> = Arc::new(copy.clone());
            verify_on(Arc::clone(&damaged)).unwrap_err();
            let found = heal_on(damaged, &backup, &mut |_| ()).unwrap();
            assert_eq!(found.segments.len(), 1, "{path} {at}");
            assert_eq!(answers(&open(&copy)), expected, "{path} {at}");
            healed += 1;
        }
    }
    eprintln!("{healed} damaged bytes healed");
    assert!(healed > 200);
}

#[tokio::test]
async fn a_lost_segment_is_put_back() {
    let (disk, backup, expected) = backed_up().await;
    for name in ["0000000000000000.seg", "0000000000000001.seg"] {
        disk.remove(&format!("journal/{name}")).unwrap();
        heal_on(Arc::new(disk.clone()), &backup, &mut |_| ()).unwrap();
        let store = open(&disk);
        assert_eq!(answers(&store), expected);
        store.close();
        assert_eq!(verify_on(Arc::new(disk.clone())).unwrap().repairs, []);
    }
    let whole = heal_on(Arc::new(disk), &backup, &mut |_| ()).unwrap();
    assert_eq!(whole.segments, []);
}

#[tokio::test]
async fn healing_cut_at_any_step_can_be_done_again() {
    let mut random = crate::sample::random();
    let (disk, backup, expected) = backed_up().await;
    disk.flip("journal/0000000000000000.seg", 700, 1);
    let mut choose = |count| rand::RngExt::random_range(&mut random, 0..count);
    for steps in 0.. {
        let copy = disk.cut(&mut |_| 0);
        copy.stop_after(steps);
        let done = heal_on(Arc::new(copy.clone()), &backup, &mut |_| ()).is_ok();
        let copy = copy.cut(&mut choose);
        heal_on(Arc::new(copy.clone()), &backup, &mut |_| ()).unwrap();
        assert_eq!(answers(&open(&copy)), expected, "{steps}");
        if done {
            break;
        }
    }
}

#[tokio::test]
async fn what_a_backup_does_not_reach_is_told() {
    let (disk, backup, _) = backed_up().await;
    let last = format!("journal/{}", disk.list("journal").unwrap().iter().max().unwrap());
    let copy = disk.cut(&mut |_| 0);
    copy.flip(&last, 100, 1);
    let result = heal_on(Arc::new(copy), &backup, &mut |_| ());
    let Err(HealError::NotSound(VerifyError::Fault(fault))) = result else { panic!("{result:?}") };
    assert_eq!(fault.file, last);

    let (_, foreign, _) = backed_up().await;
    let result = heal_on(Arc::new(disk.clone()), &foreign, &mut |_| ());
    assert!(matches!(result, Err(HealError::Foreign { .. })), "{result:?}");
    let store = open(&disk);
    let result = heal_on(Arc::new(disk.clone()), &backup, &mut |_| ());
    assert!(matches!(result, Err(HealError::InUse)), "{result:?}");
    store.close();
    backup.flip("journal/0000000000000000.seg", 700, 1);
    disk.flip("journal/0000000000000000.seg", 900, 1);
    let result = heal_on(Arc::new(disk.clone()), &backup, &mut |_| ());
    let Err(HealError::Backup(RestoreError::Damaged { .. })) = result else { panic!("{result:?}") };
    let none = heal_on(Arc::new(disk), &Simulated::new(), &mut |_| ());
    assert!(matches!(none, Err(HealError::Backup(RestoreError::NoBackup))), "{none:?}");
}
