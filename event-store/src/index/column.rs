//! A fixed-width array that only grows: its older part in a file, its newest part in memory.
//!
//! The file is never synced on the way; it is part of the index, and rebuilt when in doubt.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::journal::bytes::{narrow, wide};

/// An array of values of `N` bytes.
#[derive(Debug)]
pub(crate) struct Column<const N: usize> {
    path: String,
    file: Option<Arc<dyn DiskFile>>,
    /// So many values are in the file.
    written: u64,
    /// The values after those.
    pending: VecDeque<[u8; N]>,
}

/// Where a value is.
pub(crate) enum Place<const N: usize> {
    Value([u8; N]),
    File(Arc<dyn DiskFile>, u64),
    Beyond,
}

impl<const N: usize> Place<N> {
    /// Reads the value, without a lock held.
    pub(crate) fn fetch(self) -> io::Result<Option<[u8; N]>> {
        match self {
            Self::Value(value) => Ok(Some(value)),
            Self::Beyond => Ok(None),
            Self::File(file, offset) => {
                let mut value = [0; N];
                let read = file.read_at(&mut value, offset)?;
                Ok((read == N).then_some(value))
            }
        }
    }
}

/// A stretch of values that starts in the file and may end in memory.
pub(crate) struct Stretch<const N: usize> {
    file: Option<(Arc<dyn DiskFile>, u64, usize)>,
    values: Vec<[u8; N]>,
}

impl<const N: usize> Stretch<N> {
    /// Reads the values, without a lock held. Fewer than there should be if the file is too short.
    pub(crate) fn fetch(self) -> io::Result<Vec<[u8; N]>> {
        let Some((file, offset, count)) = self.file else {
            return Ok(self.values);
        };
        let mut bytes = vec![0; count * N];
        let read = file.read_at(&mut bytes, offset)?;
        let (values, _) = bytes.get(..read).unwrap_or_default().as_chunks::<N>();
        let mut values = values.to_vec();
        if values.len() == count {
            values.extend(self.values);
        }
        Ok(values)
    }
}

/// Values that are to go to the file.
pub(crate) struct Unwritten<const N: usize> {
    path: String,
    file: Option<Arc<dyn DiskFile>>,
    offset: u64,
    bytes: Vec<u8>,
}

impl<const N: usize> Unwritten<N> {
    /// Writes them, and returns the file and how many there were.
    pub(crate) fn write(self, disk: &dyn Disk) -> io::Result<(Arc<dyn DiskFile>, u64)> {
        let file = match self.file {
            Some(file) => file,
            None => disk.create(&self.path)?,
        };
        file.write_at(&self.bytes, self.offset)?;
        Ok((file, wide(self.bytes.len() / N)))
    }
}

impl<const N: usize> Column<N> {
    /// The column at a path, of which the first `written` values are to be trusted.
    pub(crate) fn open(disk: &dyn Disk, path: String, written: u64) -> io::Result<Self> {
        let file = disk.open(&path)?;
        Ok(Self { path, file, written, pending: VecDeque::new() })
    }

    /// A column without values; its file is created, or emptied, when the first are written.
    pub(crate) fn new(path: String) -> Self {
        Self { path, file: None, written: 0, pending: VecDeque::new() }
    }

    /// How many whole values the file has, trusted or not.
    pub(crate) fn in_file(&self) -> io::Result<u64> {
        let length = self.file.as_ref().map_or(Ok(0), |file| file.length())?;
        Ok(length / wide(N))
    }

    pub(crate) fn len(&self) -> u64 {
        self.written + wide(self.pending.len())
    }

    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn push(&mut self, value: [u8; N]) {
        self.pending.push_back(value);
    }

    pub(crate) fn extend(&mut self, values: impl IntoIterator<Item = [u8; N]>) {
        self.pending.extend(values);
    }

    pub(crate) fn get(&self, at: u64) -> Place<N> {
        if let Some(after) = at.checked_sub(self.written) {
            let value = usize::try_from(after).ok().and_then(|after| self.pending.get(after));
            return value.map_or(Place::Beyond, |value| Place::Value(*value));
        }
        match &self.file {
            Some(file) => Place::File(Arc::clone(file), at * wide(N)),
            None => Place::Beyond,
        }
    }

    /// Up to `count` values from `from` on.
    pub(crate) fn stretch(&self, from: u64, count: usize) -> Stretch<N> {
        let count = wide(count).min(self.len().saturating_sub(from));
        let in_file = count.min(self.written.saturating_sub(from));
        let file = self.file.as_ref().filter(|_| in_file > 0);
        let skipped = narrow((from + in_file).saturating_sub(self.written));
        let rest = self.pending.iter().skip(skipped).take(narrow(count - in_file));
        Stretch {
            file: file.map(|file| (Arc::clone(file), from * wide(N), narrow(in_file))),
            values: rest.copied().collect(),
        }
    }

    pub(crate) fn unwritten(&self) -> Option<Unwritten<N>> {
        (!self.pending.is_empty()).then(|| Unwritten {
            path: self.path.clone(),
            file: self.file.clone(),
            offset: self.written * wide(N),
            bytes: self.pending.iter().flatten().copied().collect(),
        })
    }

    /// The first `count` pending values are in the file now.
    pub(crate) fn wrote(&mut self, file: Arc<dyn DiskFile>, count: u64) {
        self.file = Some(file);
        self.written += count;
        self.pending.drain(..narrow(count).min(self.pending.len()));
    }
}
