//! Views over an index that lacks space, and over one that has lost their labels with it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

use event_store::disk::{Disk, Simulated};
use event_store::{OpenError, Options, Store};

use super::*;
use crate::snapshot::latest;
use crate::writer::site::Site;

#[path = "../../../../event-store/tests/it/small_disk.rs"]
mod small_disk;

const fn case(byte: u8) -> CaseId {
    CaseId::new([byte; 16])
}

/// A ledger whose views nobody runs. They have seen the first case, and not the second.
struct Seen {
    site: Site,
    projector: Projector,
    views: Views,
}

impl Seen {
    fn on(open: impl Fn(&Path) -> Result<Store, OpenError>) -> Self {
        let mut site = Site::begun_on(open);
        site.file(case(1));
        let (projector, views) =
            Projector::new(site.reader.clone(), site.snapshots.clone()).unwrap();
        let mut seen = Self { site, projector, views };
        seen.catch_up().unwrap();
        assert_eq!((seen.views.upto(), seen.listed()), (seen.next(), vec![case(1)]));
        seen.site.file(case(2));
        seen
    }

    fn next(&self) -> Position {
        latest(&self.site.snapshots).next
    }

    fn catch_up(&self) -> Result<(), Failure> {
        self.projector.catch_up(&latest(&self.site.snapshots))
    }

    /// The cases that a list shows.
    fn listed(&self) -> Vec<CaseId> {
        let listed = self.site.reader.store.list_labels("case", None, 10).unwrap();
        listed.iter().filter_map(|(_, stream)| layout::case_of(stream)).collect()
    }
}

#[test]
fn while_the_index_lacks_space_the_views_stay_where_they_are() {
    let disk = Simulated::new();
    let store: Arc<dyn Disk> = Arc::new(disk.clone());
    let seen = Seen::on(|_| Store::open_on(Arc::clone(&store), Options::default()));
    let upto = seen.views.upto();
    disk.limit_space(disk.used_bytes() + 1);
    let behind = seen.catch_up().unwrap_err();
    assert_eq!(behind.class(), Class::Unavailable);
    assert_eq!((seen.views.upto(), seen.listed()), (upto, vec![case(1)]));

    disk.limit_space(u64::MAX);
    seen.catch_up().unwrap();
    assert_eq!((seen.views.upto(), seen.listed()), (seen.next(), vec![case(1), case(2)]));
}

#[test]
fn labels_that_were_lost_with_the_index_are_derived_again_from_the_beginning() {
    small_disk::run("view::tests", &["child_whose_index_finds_the_disk_full"]);
}

/// Not a test by itself: the process of the one before, with 32 MiB of disk.
#[test]
fn child_whose_index_finds_the_disk_full() {
    let Some(disk) = small_disk::disk() else {
        return;
    };
    // Without a reserve, so that the database is not kept from trying.
    let sizes = Options {
        segment_bytes: 8 << 20,
        reserve_bytes: 0,
        index_cache_bytes: 1 << 20,
        ..Options::default()
    };
    let seen = Seen::on(|_| Store::open(disk.join("store"), sizes));
    let upto = seen.views.upto();
    let ballast = disk.join("ballast");
    small_disk::fill_up(&ballast);
    // Labels go to the database alone, which has to write them at last.
    let (store, other) = (&seen.site.reader.store, StreamId::new(b"other").unwrap());
    let label = |n: usize| vec![Label::new(&format!("other/{n:0100}")).unwrap()];
    let refused = (0..).find_map(|n| store.set_labels(&other, label(n), Position(0)).err());
    assert!(matches!(refused, Some(LabelError::Short { .. })), "{refused:?}");
    assert_eq!(seen.catch_up().unwrap_err().class(), Class::Unavailable);
    assert_eq!(seen.views.upto(), upto);

    fs::remove_file(&ballast).unwrap();
    let from = loop {
        match seen.projector.begin() {
            Ok(from) => break from,
            Err(error) => assert_eq!(error.class(), Class::Unavailable, "{error}"),
        }
    };
    // Nobody takes for complete what is listed until all of it is derived again.
    let beginning = Position(0);
    assert_eq!((from, seen.views.upto(), seen.listed()), (beginning, beginning, Vec::new()));
    seen.catch_up().unwrap();
    assert_eq!((seen.views.upto(), seen.listed()), (seen.next(), vec![case(1), case(2)]));
}
