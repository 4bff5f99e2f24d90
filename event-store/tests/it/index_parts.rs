//! What is too much for one batch of the embedded database is given to it in parts: whoever dies in
//! between leaves an index that is not believed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_store::disk::DiskFile;
use event_store::{OpenError, Options, Revision, Store};

use crate::over_disk::{Journals, OverDisk};
use crate::place::OnDisk;
use crate::sample::{batch, record, stream};

/// So many that their rows, one for each, are more than 2 MiB.
const STREAMS: usize = 50_000;
const OPENING: &str = "index/opening";

/// Lets `index/opening` be removed so often, and no more.
#[derive(Debug)]
struct Removals(AtomicUsize);

impl Journals for Removals {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        file
    }

    fn removes(&self, path: &str) -> io::Result<()> {
        let less = |left: usize| left.checked_sub(1);
        let (order, left) = (Ordering::Relaxed, &self.0);
        match path == OPENING && left.fetch_update(order, order, less).is_err() {
            true => Err(io::Error::other("killed here")),
            false => Ok(()),
        }
    }
}

fn name(number: usize) -> String {
    format!("a stream of one record {number}")
}

async fn filled(place: &OnDisk) {
    let store = place.open_with(Options::default());
    for chunk in (0..STREAMS).collect::<Vec<_>>().chunks(5_000) {
        let records = chunk.iter().map(|number| record("local", Some(&name(*number)), "x"));
        store.append(batch(records.collect())).await.unwrap();
    }
    store.close();
}

async fn an_index_that_got_some_parts_of_many_is_not_believed(place: OnDisk) {
    filled(&place).await;
    place.remove_dir("index");
    // Once when the database is open, and once when it has all of them.
    let disk = OverDisk::new(place.disk(), Removals(AtomicUsize::new(1)));
    let error = Store::open_on(Arc::new(disk), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Index { what } if what == "killed here"));
    assert!(place.is_there(OPENING));

    let store = place.open_with(Options::default());
    assert!(store.recovery().index_rebuilt);
    assert!(!place.is_there(OPENING));
    for number in [0, 1, STREAMS / 2, STREAMS - 1] {
        let records = store.read_stream(&stream(&name(number)), Revision(0), 2).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].log_index, u64::try_from(number).unwrap());
    }
    store.close();
    assert!(!place.open_with(Options::default()).recovery().index_rebuilt);
}

crate::place::on_each_disk!(an_index_that_got_some_parts_of_many_is_not_believed);
