//! Where the store of a test lives: on real files, on the simulated disk, in memory.
//!
//! A test of what every engine does runs on all three ([`on_each_engine`]), and one of what a store
//! does with its files on both disks ([`on_each_disk`]). On one disk alone runs what only that one
//! has. *Simulated*: power that is cut, reads that fail or lie, space that ends, a folder that can
//! only be read. *Real files*: processes, mounts, descriptors, and the files of the embedded
//! database, which on the simulated disk is in memory: there each opening fills it anew, and no
//! index is found as it was left.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use event_store::disk::{Disk, DiskFile, Files, Simulated};
use event_store::{
    BackedUp, BackupError, Engine, HealError, Healed, Memory, MemoryRecords, OpenError, Options,
    RebuildError, Rebuilt, RestoreError, Store, Verified, VerifyError,
};

use crate::sample::{copy, small};

/// Where an engine's records are: what one test finds must hold for each.
pub(crate) trait Place {
    type Engine: Engine;
    fn try_open(&self) -> Result<Self::Engine, OpenError>;
    /// Whether labels outlive the engine; they need not.
    fn keeps_labels(&self) -> bool;
    /// Loses what is rebuildable, of an engine that is closed.
    fn lose_index(&self) {}

    fn open(&self) -> Self::Engine {
        self.try_open().unwrap()
    }
}

impl Place for OnDisk {
    type Engine = Store;

    fn try_open(&self) -> Result<Store, OpenError> {
        Store::open_on(self.disk(), small())
    }

    fn keeps_labels(&self) -> bool {
        self.keeps_database()
    }

    fn lose_index(&self) {
        self.disk().remove_dir("index").unwrap();
    }
}

impl Place for MemoryRecords {
    type Engine = Memory;

    fn try_open(&self) -> Result<Memory, OpenError> {
        self.open()
    }

    fn keeps_labels(&self) -> bool {
        true
    }
}

/// Where a store may live.
#[derive(Debug)]
pub(crate) enum OnDisk {
    Files(tempfile::TempDir),
    Simulated(Simulated),
}

impl From<Simulated> for OnDisk {
    fn from(disk: Simulated) -> Self {
        Self::Simulated(disk)
    }
}

/// The store in it, and stores made of it.
impl OnDisk {
    /// For a test of what is on real files alone.
    pub(crate) fn files() -> Self {
        Self::Files(tempfile::tempdir().unwrap())
    }

    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        match self {
            Self::Files(dir) => Arc::new(Files::new(dir.path())),
            Self::Simulated(disk) => Arc::new(disk.clone()),
        }
    }

    /// An empty one of the same kind.
    pub(crate) fn another(&self) -> Self {
        match self {
            Self::Files(_) => Self::files(),
            Self::Simulated(_) => Self::Simulated(Simulated::new()),
        }
    }

    /// One of the same kind with the same files; what a store has open may lack what is not synced.
    pub(crate) fn copy(&self) -> Self {
        match self {
            Self::Files(dir) => {
                let other = tempfile::tempdir().unwrap();
                copy(dir.path(), other.path());
                Self::Files(other)
            }
            Self::Simulated(disk) => Self::Simulated(disk.cut(&mut |_| 0)),
        }
    }

    /// Takes the files of a folder of the machine, and of those in it.
    pub(crate) fn take(&self, folder: &Path) {
        let files = Files::new(folder);
        let mut dirs = vec![String::new()];
        while let Some(dir) = dirs.pop() {
            let within = |name: String| format!("{dir}{name}");
            for path in files.list(&dir).unwrap().into_iter().map(within) {
                self.write(&path, &read(&files, &path));
            }
            for path in files.folders(&dir).unwrap().into_iter().map(within) {
                self.disk().create_dir(&path).unwrap();
                dirs.push(format!("{path}/"));
            }
        }
    }

    /// Real files take far longer: of what is tried at many places, fewer are tried on them.
    pub(crate) fn pick<T>(&self, on_the_simulated_disk: T, on_files: T) -> T {
        match self {
            Self::Files(_) => on_files,
            Self::Simulated(_) => on_the_simulated_disk,
        }
    }

    /// Whether the database of the index outlives the store; in memory it does not.
    pub(crate) fn keeps_database(&self) -> bool {
        self.disk().native("").is_some()
    }

    pub(crate) fn open_with(&self, options: Options) -> Store {
        Store::open_on(self.disk(), options).unwrap()
    }

    /// A store without threads.
    pub(crate) fn open_inline(&self) -> Store {
        Store::open_inline_on(&self.disk(), small()).unwrap()
    }

    pub(crate) fn verify(&self) -> Result<Verified, VerifyError> {
        event_store::verify_on(self.disk())
    }

    pub(crate) fn rebuild(&self) -> Result<Rebuilt, RebuildError> {
        event_store::rebuild_on(self.disk(), &mut |_| ())
    }

    /// Has a store backed up into this.
    pub(crate) fn back_up(&self, store: &Store) -> Result<BackedUp, BackupError> {
        store.backup_on(&*self.disk(), &mut |_| ())
    }

    /// As [`Self::back_up`], of a store that nobody has open, or beside whoever has.
    pub(crate) fn back_up_beside(&self, store: &Self) -> Result<BackedUp, BackupError> {
        event_store::backup_on(&store.disk(), &*self.disk(), &mut |_| ())
    }

    pub(crate) fn restore(&self, backup: &Self) -> Result<Verified, RestoreError> {
        event_store::restore_on(&*backup.disk(), self.disk(), &mut |_| ())
    }

    pub(crate) fn heal(&self, backup: &Self) -> Result<Healed, HealError> {
        event_store::heal_on(self.disk(), &*backup.disk(), &mut |_| ())
    }
}

fn read(disk: &dyn Disk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap().unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    let read = file.read_at(&mut bytes, 0).unwrap();
    bytes.truncate(read);
    bytes
}

/// Its files, as somebody sees and damages them who is not the store.
impl OnDisk {
    fn file(&self, path: &str) -> Arc<dyn DiskFile> {
        self.disk().open(path).unwrap().unwrap()
    }

    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        read(&*self.disk(), path)
    }

    pub(crate) fn length(&self, path: &str) -> u64 {
        self.file(path).length().unwrap()
    }

    pub(crate) fn is_there(&self, path: &str) -> bool {
        self.disk().open(path).unwrap().is_some()
    }

    /// The paths of the files in a folder, in order.
    pub(crate) fn paths(&self, dir: &str) -> Vec<String> {
        let mut names = self.disk().list(dir).unwrap();
        names.sort();
        names.into_iter().map(|name| format!("{dir}/{name}")).collect()
    }

    /// The paths of the files of the journal, in order.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.paths("journal")
    }

    /// The files of the journal, each with its path.
    pub(crate) fn journal(&self) -> Vec<(String, Vec<u8>)> {
        let with_bytes = |path: String| (path.clone(), self.bytes(&path));
        self.segments().into_iter().map(with_bytes).collect()
    }

    /// Puts bytes into a file, in the place of what stands there.
    pub(crate) fn put(&self, path: &str, at: u64, bytes: &[u8]) {
        let file = self.file(path);
        file.write_at(bytes, at).unwrap();
        self.settle(&*file);
    }

    pub(crate) fn zero(&self, path: &str, bytes: Range<u64>) {
        let count = usize::try_from(bytes.end - bytes.start).unwrap();
        self.put(path, bytes.start, &vec![0; count]);
    }

    /// Cuts a file, or fills it up with zeros.
    pub(crate) fn set_length(&self, path: &str, length: u64) {
        let file = self.file(path);
        file.set_length(length).unwrap();
        self.settle(&*file);
    }

    /// Makes a file of these bytes, in the place of one that is there.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        let file = self.disk().create(path).unwrap();
        file.write_at(bytes, 0).unwrap();
        self.settle(&*file);
    }

    pub(crate) fn flip(&self, path: &str, at: u64, mask: u8) {
        match self {
            Self::Files(_) => {
                let mut byte = [0];
                self.file(path).read_at(&mut byte, at).unwrap();
                self.put(path, at, &[byte[0] ^ mask]);
            }
            Self::Simulated(disk) => disk.flip(path, at, mask),
        }
    }

    pub(crate) fn remove(&self, path: &str) {
        self.disk().remove(path).unwrap();
    }

    pub(crate) fn remove_dir(&self, path: &str) {
        self.disk().remove_dir(path).unwrap();
    }

    /// A copy of the simulated disk lacks what is not synced; one of files does not.
    fn settle(&self, file: &dyn DiskFile) {
        match self {
            Self::Files(_) => {}
            Self::Simulated(_) => file.sync().unwrap(),
        }
    }
}

/// Makes tests of functions of a place: one on real files, one on the simulated disk.
macro_rules! on_each_disk {
    ($($check:ident),+ $(,)?) => {
        mod on_files {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let dir = tempfile::tempdir().unwrap();
                    super::$check(crate::place::OnDisk::Files(dir)).await;
                }
            )+
        }
        mod on_the_simulated_disk {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    let disk = event_store::disk::Simulated::new();
                    super::$check(crate::place::OnDisk::Simulated(disk)).await;
                }
            )+
        }
    };
}
pub(crate) use on_each_disk;

/// Makes tests of functions of a place: those of `on_each_disk`, and one in memory; but in memory
/// none of those behind a semicolon.
macro_rules! on_each_engine {
    ($($check:ident),+ $(; $($on_disk:ident),+)?) => {
        crate::place::on_each_disk!($($check),+ $(, $($on_disk),+)?);
        mod in_memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $check() {
                    super::$check(event_store::MemoryRecords::default()).await;
                }
            )+
        }
    };
}
pub(crate) use on_each_engine;
