//! Something bare to hold the store against: a file, written and synced.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::append::Candidate;
use super::material::{Value, framed};

/// A file whose blocks are there before the first write, as those of the journal are: filled with
/// zeros and synced. Each round writes it from the beginning again.
pub(crate) struct Preallocated {
    file: File,
}

impl Preallocated {
    /// Makes it.
    pub(crate) fn create(path: &Path, bytes: usize) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("create `{}`", path.display()))?;
        let zeros = vec![0; 1 << 20];
        let mut at = 0;
        while at < bytes {
            let length = zeros.len().min(bytes - at);
            file.write_all_at(zeros.get(..length).unwrap_or_default(), u64::try_from(at)?)?;
            at += length;
        }
        file.sync_all()?;
        Ok(Self { file })
    }

    fn write(&self, bytes: &[u8], at: u64) -> Result<()> {
        self.file.write_all_at(bytes, at)?;
        self.file.sync_data()?;
        Ok(())
    }
}

/// The bytes of a frame with these values.
fn frame(values: &[Value]) -> Vec<u8> {
    let mut bytes = values.concat();
    bytes.resize(framed(values.len()), 0x5a);
    bytes
}

impl Candidate for Preallocated {
    fn name(&self) -> String {
        "bare file".to_owned()
    }

    fn append(&mut self, _: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        let frames: Vec<_> = batches.iter().map(|values| frame(values)).collect();
        let start = Instant::now();
        let mut at = 0;
        for frame in &frames {
            self.write(frame, at)?;
            at += u64::try_from(frame.len())?;
        }
        Ok(start.elapsed())
    }
}

/// A file that grows with each write, so that each sync also writes its length.
pub(crate) struct Growing {
    file: File,
    length: u64,
}

impl Growing {
    /// Makes it.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Self { file, length: 0 })
    }
}

impl Candidate for Growing {
    fn name(&self) -> String {
        "bare file that grows".to_owned()
    }

    fn append(&mut self, _: u64, batches: &[Vec<Value>]) -> Result<Duration> {
        let frames: Vec<_> = batches.iter().map(|values| frame(values)).collect();
        let start = Instant::now();
        for frame in &frames {
            self.file.write_all_at(frame, self.length)?;
            self.file.sync_data()?;
            self.length += u64::try_from(frame.len())?;
        }
        Ok(start.elapsed())
    }
}

/// A bare file that many threads write to: what waits together is written and synced together, by
/// the one of those who wait that comes first.
pub(crate) struct Grouped {
    file: Preallocated,
    waiting: Mutex<Waiting>,
    durable: Condvar,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    /// Where `bytes` are to go.
    at: u64,
    /// So many pieces were handed in …
    pieces: u64,
    /// … so many are durable …
    durable: u64,
    /// … and somebody writes those in between that it has taken.
    is_writing: bool,
}

impl Grouped {
    /// Over a file with so many bytes of zeros.
    pub(crate) fn create(path: &Path, bytes: usize) -> Result<Self> {
        let (waiting, durable) = (Mutex::default(), Condvar::new());
        Ok(Self { file: Preallocated::create(path, bytes)?, waiting, durable })
    }

    /// From the beginning again. Nobody waits.
    pub(crate) fn rewind(&self) {
        *self.waiting() = Waiting::default();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when the piece is durable.
    pub(crate) fn append(&self, piece: &[u8]) -> Result<()> {
        let mut waiting = self.waiting();
        waiting.bytes.extend_from_slice(piece);
        waiting.pieces += 1;
        let mine = waiting.pieces;
        while waiting.durable < mine {
            if waiting.is_writing {
                waiting = self.durable.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            waiting.is_writing = true;
            let bytes = std::mem::take(&mut waiting.bytes);
            let (at, upto) = (waiting.at, waiting.pieces);
            drop(waiting);
            self.file.write(&bytes, at)?;
            waiting = self.waiting();
            waiting.at += u64::try_from(bytes.len())?;
            waiting.durable = upto;
            waiting.is_writing = false;
            self.durable.notify_all();
        }
        Ok(())
    }
}
