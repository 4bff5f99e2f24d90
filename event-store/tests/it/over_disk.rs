//! A disk, of which the files of the journal pass through somebody's hands: what the disks of tests
//! are made of that fail, or forget what was not synced.

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use event_store::disk::{Disk, DiskFile};

/// Whoever has the files of the journal in their hands.
pub(crate) trait Journals: Debug + Send + Sync + 'static {
    /// A file, as the store is to have it.
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile>;
    /// A folder is about to be synced.
    fn syncs_dir(&self) {}
    /// A file is about to be removed.
    fn removes(&self, _path: &str) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct OverDisk<J> {
    disk: Arc<dyn Disk>,
    journals: J,
}

impl<J: Journals> OverDisk<J> {
    pub(crate) fn new(disk: Arc<dyn Disk>, journals: J) -> Self {
        Self { disk, journals }
    }

    fn pass(&self, path: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if path.starts_with("journal/") { self.journals.file(file) } else { file }
    }
}

impl<J: Journals> Disk for OverDisk<J> {
    fn create_dir(&self, path: &str) -> io::Result<()> {
        self.disk.create_dir(path)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }
    fn folders(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.folders(dir)
    }
    fn open(&self, path: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        Ok(self.disk.open(path)?.map(|file| self.pass(path, file)))
    }
    fn create(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.pass(path, self.disk.create(path)?))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &str) -> io::Result<()> {
        self.journals.removes(path)?;
        self.disk.remove(path)
    }
    fn remove_dir(&self, path: &str) -> io::Result<()> {
        self.disk.remove_dir(path)
    }
    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.journals.syncs_dir();
        self.disk.sync_dir(dir)
    }
    fn sync_tree(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_tree(dir)
    }
    fn lock(&self, path: &str) -> io::Result<Option<Box<dyn Send + Sync>>> {
        self.disk.lock(path)
    }
    fn free_bytes(&self) -> io::Result<Option<u64>> {
        self.disk.free_bytes()
    }
    fn incarnation(&self) -> Option<String> {
        self.disk.incarnation()
    }
    fn native(&self, dir: &str) -> Option<PathBuf> {
        self.disk.native(dir)
    }
}
