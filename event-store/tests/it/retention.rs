//! Nothing that is done to a store removes a record of any log: there is no way to ask for it, and
//! whatever looks after a store leaves all that was there.

use event_store::{Broken, Filler, NewRecord, Position, StoredRecord};

use crate::place::{OnDisk, Place};
use crate::sample::{answers, fill, stream};

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

async fn whatever_looks_after_a_store_leaves_every_record_of_every_log(place: OnDisk) {
    let backup = place.another();
    let store = place.open();
    fill(&store, 0..120).await;
    let expected = answers(&store);
    store.set_labels(&stream("a"), Vec::new(), Position(1)).unwrap();
    store.clear_labels().unwrap();
    backup.back_up(&store).unwrap();
    assert_eq!(answers(&store), expected);
    store.close();
    let cares: [(&str, &dyn Fn()); 7] = [
        ("open", &|| place.open().close()),
        ("verify", &|| drop(place.verify().unwrap())),
        ("rebuild", &|| drop(place.rebuild().unwrap())),
        ("backup", &|| {
            backup.back_up_beside(&place).unwrap();
        }),
        ("heal", &|| drop(place.heal(&backup).unwrap())),
        ("survey", &|| event_store::survey_on(place.disk(), &mut |_| ()).unwrap()),
        ("mend", &|| {
            drop(event_store::mend_on(place.disk(), &mut Nobody, &mut |_| ()).unwrap());
        }),
    ];
    for (care, take) in cares {
        take();
        let store = place.open();
        assert_eq!(answers(&store), expected, "{care}");
        store.close();
    }
    let restored = place.another();
    restored.restore(&backup).unwrap();
    assert_eq!(answers(&restored.open()), expected);
}

crate::place::on_each_disk!(whatever_looks_after_a_store_leaves_every_record_of_every_log);
