//! The index of a closed store, compared with the journal record by record.

use std::collections::BTreeMap;
use std::sync::Arc;

use merkle::Hash;

use super::{Affected, Fault, VerifyError};
use crate::disk::{Disk, DiskFile};
use crate::index::{self, Broken, Tree};
use crate::journal::bytes::{narrow, wide};
use crate::journal::frame::RecordView;
use crate::journal::scan::Scan;
use crate::journal::{Journal, JournalError, Mark};
use crate::name::LogName;
use crate::open::Options;
use crate::record::Position;

/// A fixed-width file, compared value by value.
struct ColumnCheck<const N: usize> {
    path: String,
    file: Option<Arc<dyn DiskFile>>,
    /// The values read last, and the number of the first of them.
    first: u64,
    values: Vec<[u8; N]>,
    next: u64,
}

impl<const N: usize> ColumnCheck<N> {
    const READ: usize = 4096;

    fn open(disk: &dyn Disk, path: String) -> Result<Self, VerifyError> {
        let file = disk.open(&path).map_err(JournalError::io("open", &path))?;
        Ok(Self { path, file, first: 0, values: Vec::new(), next: 0 })
    }

    /// Compares the next value; the offset of a difference.
    fn compare(&mut self, value: &[u8; N]) -> Result<Option<u64>, VerifyError> {
        if self.next >= self.first + wide(self.values.len()) {
            let mut bytes = vec![0; Self::READ * N];
            let read = match &self.file {
                Some(file) => file.read_at(&mut bytes, self.next * wide(N)),
                None => Ok(0),
            };
            let read = read.map_err(JournalError::io("read", &self.path))?;
            self.values = bytes.get(..read).unwrap_or_default().as_chunks().0.to_vec();
            self.first = self.next;
        }
        let found = self.values.get(narrow(self.next - self.first));
        let difference = (found != Some(value)).then_some(self.next * wide(N));
        self.next += 1;
        Ok(difference)
    }
}

/// The index, compared with the journal record by record.
pub(super) struct IndexCheck {
    disk: Arc<dyn Disk>,
    tree: Tree,
    /// It could be trusted whatever happens to the machine.
    was_closed: bool,
    pub(super) mark: Mark,
    positions: ColumnCheck<8>,
    logs: BTreeMap<LogName, (ColumnCheck<8>, ColumnCheck<32>)>,
    revisions: u64,
}

fn tree_fault(broken: &Broken) -> VerifyError {
    VerifyError::Fault(Fault {
        file: index::DIR.to_owned(),
        offset: 0,
        what: broken.what.clone(),
        log: None,
        position: None,
        affected: Affected::Index,
    })
}

impl IndexCheck {
    /// `None` if the index would not be used anyway.
    pub(super) fn open(journal: &Journal) -> Result<Option<Self>, VerifyError> {
        let disk = &journal.disk;
        if !index::is_trusted(&**disk).unwrap_or(false) {
            return Ok(None);
        }
        let was_closed = index::was_closed(&**disk).unwrap_or(false);
        index::mark_open(&**disk).map_err(|broken| tree_fault(&broken))?;
        let cache_bytes = Options::default().index_cache_bytes;
        let tree = index::open_tree(disk, cache_bytes).map_err(|broken| tree_fault(&broken))?;
        let mark = tree.mark().map_err(|broken| tree_fault(&broken))?.unwrap_or(Mark::START);
        let positions = ColumnCheck::open(&**disk, index::POSITIONS.to_owned())?;
        let (disk, logs) = (Arc::clone(disk), BTreeMap::new());
        Ok(Some(Self { disk, tree, was_closed, mark, positions, logs, revisions: 0 }))
    }

    pub(super) fn record(
        &mut self,
        address: u64,
        log: &LogName,
        record: &RecordView<'_>,
        nodes: &[Hash],
    ) -> Result<(), VerifyError> {
        let position = record.numbers.position;
        if position >= self.mark.position {
            return Ok(());
        }
        let fault = |file: &str, offset, what: &str| {
            VerifyError::Fault(Fault {
                file: file.to_owned(),
                offset,
                what: what.to_owned(),
                log: Some(log.clone()),
                position: Some(Position(position)),
                affected: Affected::Index,
            })
        };
        let address_bytes = address.to_le_bytes();
        if let Some(offset) = self.positions.compare(&address_bytes)? {
            return Err(fault(&self.positions.path, offset, "a wrong address"));
        }
        if !self.logs.contains_key(log) {
            let offsets = ColumnCheck::open(&*self.disk, index::offsets_path(log))?;
            let hashes = ColumnCheck::open(&*self.disk, index::hashes_path(log))?;
            self.logs.insert(log.clone(), (offsets, hashes));
        }
        if let Some((offsets, hashes)) = self.logs.get_mut(log) {
            if let Some(offset) = offsets.compare(&address_bytes)? {
                return Err(fault(&offsets.path, offset, "a wrong address"));
            }
            for node in nodes {
                if let Some(offset) = hashes.compare(node)? {
                    return Err(fault(&hashes.path, offset, "a wrong hash"));
                }
            }
        }
        if let Some((stream, revision)) = record.stream.zip(record.numbers.revision) {
            let found = self.tree.stream_addresses(&stream, revision, 1);
            if found.map_err(|broken| tree_fault(&broken))? != [address] {
                return Err(fault(index::DIR, 0, "a wrong address of a stream's revision"));
            }
            self.revisions += 1;
        }
        Ok(())
    }

    pub(super) fn end(&mut self, end: Mark) -> Result<(), VerifyError> {
        if self.mark.address > end.address {
            return Err(tree_fault(&Broken::new("more records than the journal has")));
        }
        let counted = self.tree.count_revisions().map_err(|broken| tree_fault(&broken))?;
        if counted.0 != self.revisions {
            return Err(tree_fault(&Broken::new("revisions that the journal does not have")));
        }
        for (log, (offsets, _)) in &self.logs {
            let found = self.tree.logs().map_err(|broken| tree_fault(&broken))?;
            let size = found.iter().find(|(name, ..)| name == log).map(|(_, size, _)| *size);
            if size != Some(offsets.next) {
                return Err(tree_fault(&Broken::new(format!("a wrong size of log `{log}`"))));
            }
        }
        // Every cursor and label is read, which checks its checksum.
        self.tree.cursors().map_err(|broken| tree_fault(&broken))?;
        self.tree.check_labels().map_err(|broken| tree_fault(&broken))
    }

    /// Ends. The database may have written while it was open: what was synced before is synced
    /// again, and trusted as before. One that was found wrong is made anew at the next opening,
    /// unless it is what knows that records are lost: that opening is to find it out too.
    pub(super) fn close(self, journal: &Journal, found: Option<&VerifyError>) {
        let is_wrong = found.is_some_and(|error| match error {
            VerifyError::Fault(fault) => fault.affected == Affected::Index,
            VerifyError::NoStore
            | VerifyError::InUse
            | VerifyError::Newer { .. }
            | VerifyError::Io { .. } => false,
        });
        // If a mark cannot be left, the fault was told all the same; without the last, the index is
        // trusted less.
        let is_closed = self.tree.close().is_ok();
        if is_wrong && !is_ahead(journal, self.mark) {
            let _ = index::mark_broken(&*self.disk);
        } else if is_closed && self.was_closed {
            let _ = index::mark_closed(&*self.disk);
        }
    }
}

/// Whether the index goes further than the journal, as far as that can be read.
fn is_ahead(journal: &Journal, mark: Mark) -> bool {
    let mut scan = Scan::from(journal, journal.last().start());
    loop {
        match scan.next() {
            Ok(Some(_)) => {}
            Ok(None) => return scan.mark().address < mark.address,
            Err(_) => return true,
        }
    }
}
