//! What is too much for one batch of the embedded database is given to it in parts: whoever dies in
//! between leaves an index that is not believed.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_store::disk::DiskFile;
use event_store::{OpenError, Options, Revision, Store};

use crate::over_files::{Journals, OverFiles};
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

async fn filled(dir: &Path) {
    let store = Store::open(dir, Options::default()).unwrap();
    for chunk in (0..STREAMS).collect::<Vec<_>>().chunks(5_000) {
        let records = chunk.iter().map(|number| record("local", Some(&name(*number)), "x"));
        store.append(batch(records.collect())).await.unwrap();
    }
    store.close();
}

#[tokio::test]
async fn an_index_that_got_some_parts_of_many_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).await;
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    // Once when the database is open, and once when it has all of them.
    let disk = OverFiles::new(dir.path(), Removals(AtomicUsize::new(1)));
    let error = Store::open_on(Arc::new(disk), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Index { what } if what == "killed here"));
    assert!(dir.path().join(OPENING).exists());

    let store = Store::open(dir.path(), Options::default()).unwrap();
    assert!(store.recovery().index_rebuilt);
    assert!(!dir.path().join(OPENING).exists());
    for number in [0, 1, STREAMS / 2, STREAMS - 1] {
        let records = store.read_stream(&stream(&name(number)), Revision(0), 2).unwrap();
        assert_eq!(records.len(), 1);
        assert_eq!(records[0].log_index, u64::try_from(number).unwrap());
    }
    store.close();
    assert!(!Store::open(dir.path(), Options::default()).unwrap().recovery().index_rebuilt);
}
