//! A damaged store mended from a backup: byte for byte, with what is newer kept.

use event_store::disk::Simulated;
use event_store::{HealError, RestoreError, VerifyError};

use crate::place::{OnDisk, Place};
use crate::sample::{Answers, answers, fill};

/// Makes a store that goes on after its backup, and says what it answers.
async fn backed_up(place: &OnDisk) -> (OnDisk, Answers) {
    let backup = place.another();
    let store = place.open();
    fill(&store, 0..80).await;
    backup.back_up(&store).unwrap();
    fill(&store, 80..120).await;
    let expected = answers(&store);
    store.close();
    (backup, expected)
}

/// Each 61st byte of every segment: in headers, records and footers alike.
async fn a_damaged_byte_that_a_backup_holds_is_healed_wherever_it_is(place: OnDisk) {
    let (backup, expected) = backed_up(&place).await;
    let mut healed = 0;
    let mut paths = backup.segments();
    paths.retain(|path| path.ends_with(".seg"));
    for path in paths {
        for at in (0..backup.length(&path)).step_by(place.pick(61, 1009)) {
            let copy = place.copy();
            copy.flip(&path, at, 1 << (at % 8));
            copy.verify().unwrap_err();
            let found = copy.heal(&backup).unwrap();
            assert_eq!(found.segments.len(), 1, "{path} {at}");
            assert_eq!(answers(&copy.open()), expected, "{path} {at}");
            healed += 1;
        }
    }
    eprintln!("{healed} damaged bytes healed");
    assert!(healed > place.pick(200, 12), "{healed}");
}

async fn a_lost_segment_is_put_back(place: OnDisk) {
    let (backup, expected) = backed_up(&place).await;
    for name in ["0000000000000000.seg", "0000000000000001.seg"] {
        place.remove(&format!("journal/{name}"));
        place.heal(&backup).unwrap();
        let store = place.open();
        assert_eq!(answers(&store), expected);
        store.close();
        assert_eq!(place.verify().unwrap().repairs, []);
    }
    assert_eq!(place.heal(&backup).unwrap().segments, []);
}

#[tokio::test]
async fn healing_cut_at_any_step_can_be_done_again() {
    let mut random = crate::sample::random();
    let disk = Simulated::new();
    let (backup, expected) = backed_up(&disk.clone().into()).await;
    disk.flip("journal/0000000000000000.seg", 700, 1);
    let mut choose = |count| rand::RngExt::random_range(&mut random, 0..count);
    for steps in 0.. {
        let copy = disk.cut(&mut |_| 0);
        copy.stop_after(steps);
        let done = OnDisk::from(copy.clone()).heal(&backup).is_ok();
        let copy = OnDisk::from(copy.cut(&mut choose));
        copy.heal(&backup).unwrap();
        assert_eq!(answers(&copy.open()), expected, "{steps}");
        if done {
            break;
        }
    }
}

async fn what_a_backup_does_not_reach_is_told(place: OnDisk) {
    let (backup, _) = backed_up(&place).await;
    let last = place.segments().pop().unwrap();
    let copy = place.copy();
    copy.flip(&last, 100, 1);
    let result = copy.heal(&backup);
    let Err(HealError::NotSound(VerifyError::Fault(fault))) = result else { panic!("{result:?}") };
    assert_eq!(fault.file, last);

    let (foreign, _) = backed_up(&place.another()).await;
    let result = place.heal(&foreign);
    assert!(matches!(result, Err(HealError::Foreign { .. })), "{result:?}");
    let store = place.open();
    let result = place.heal(&backup);
    assert!(matches!(result, Err(HealError::InUse)), "{result:?}");
    store.close();
    backup.flip("journal/0000000000000000.seg", 700, 1);
    place.flip("journal/0000000000000000.seg", 900, 1);
    let result = place.heal(&backup);
    let Err(HealError::Backup(RestoreError::Damaged { .. })) = result else { panic!("{result:?}") };
    let none = place.heal(&place.another());
    assert!(matches!(none, Err(HealError::Backup(RestoreError::NoBackup))), "{none:?}");
}

crate::place::on_each_disk!(
    a_damaged_byte_that_a_backup_holds_is_healed_wherever_it_is,
    a_lost_segment_is_put_back,
    what_a_backup_does_not_reach_is_told
);
