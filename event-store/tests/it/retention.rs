//! Nothing that is done to a store removes a record of any log: there is no way to ask for it, and
//! whatever looks after a store leaves all that was there.

use std::sync::Arc;

use event_store::disk::{Disk, Simulated};
use event_store::{Broken, Filler, NewRecord, Position, Store, StoredRecord};

use crate::sample::{answers, fill, small, stream};

/// Nothing has perished, so nobody is asked for anything.
struct Nobody;

impl Filler for Nobody {
    fn fill(&mut self, _broken: &Broken) -> Result<Vec<Vec<NewRecord>>, String> {
        Err("nobody knows".to_owned())
    }
    fn record(&mut self, _record: &StoredRecord) -> Result<(), String> {
        Ok(())
    }
}

#[tokio::test]
async fn whatever_looks_after_a_store_leaves_every_record_of_every_log() {
    let (disk, backup) = (Simulated::new(), Simulated::new());
    let dynamic: Arc<dyn Disk> = Arc::new(disk.clone());
    let open = || Store::open_on(Arc::clone(&dynamic), small()).unwrap();
    let store = open();
    fill(&store, 0..120).await;
    let expected = answers(&store);
    store.set_labels(&stream("a"), Vec::new(), Position(1)).unwrap();
    store.clear_labels().unwrap();
    store.backup_on(&backup, &mut |_| ()).unwrap();
    assert_eq!(answers(&store), expected);
    store.close();
    let cares: [(&str, &dyn Fn()); 7] = [
        ("open", &|| open().close()),
        ("verify", &|| drop(event_store::verify_on(Arc::clone(&dynamic)).unwrap())),
        ("rebuild", &|| drop(event_store::rebuild_on(Arc::clone(&dynamic), &mut |_| ()).unwrap())),
        ("backup", &|| {
            event_store::backup_on(&dynamic, &backup, &mut |_| ()).unwrap();
        }),
        ("heal", &|| {
            drop(event_store::heal_on(Arc::clone(&dynamic), &backup, &mut |_| ()).unwrap());
        }),
        ("survey", &|| event_store::survey_on(Arc::clone(&dynamic), &mut |_| ()).unwrap()),
        ("mend", &|| {
            drop(event_store::mend_on(Arc::clone(&dynamic), &mut Nobody, &mut |_| ()).unwrap());
        }),
    ];
    for (care, take) in cares {
        take();
        let store = open();
        assert_eq!(answers(&store), expected, "{care}");
        store.close();
    }
    let restored: Arc<dyn Disk> = Arc::new(Simulated::new());
    event_store::restore_on(&backup, Arc::clone(&restored), &mut |_| ()).unwrap();
    assert_eq!(answers(&Store::open_on(restored, small()).unwrap()), expected);
}
