//! The embedded database of the index: stream → addresses, cursors, labels, and how far it goes.
//!
//! Its flush is no sync and it may panic on damage. So every value carries a checksum, every call
//! is guarded, and whatever it says about the journal is checked against the journal.
//!
//! ```text
//! 's' stream_length u8, stream, chunk u32 BE  →  address u64 *                  (256 a chunk)
//! 'c' cursor name                             →  value
//! 'g' log name                                →  size u64, root(32)
//! 'l' label, 0, stream                        →  (nothing)
//! 'm' stream                                  →  (label_length u8, label)*
//! 'u'                                         →  address u64, sequence u64, position u64
//! 'v'                                         →  position u64 up to which labels are set
//! ```
//!
//! Each value is followed by CRC-32 over key and value.

use std::path::Path;

use merkle::Hash;
use thiserror::Error;

use super::rows::{self, Changed, Rows};
use crate::disk::Shortage;
use crate::journal::Mark;
use crate::journal::bytes::{Fields, narrow, wide};
use crate::limits::{CHUNK_REVISIONS, LABELS_LISTED_MAX};
use crate::name::{CursorName, Label, LogName, StreamId};

/// The index cannot be used; opening the store again rebuilds it.
#[derive(Clone, Debug, Error)]
#[error("the index is broken: {what}")]
pub(crate) struct Broken {
    pub(crate) what: String,
    /// It is not broken at all: what it lacked may be there later.
    pub(crate) shortage: Option<Shortage>,
}

impl Broken {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), shortage: None }
    }

    pub(crate) fn short(shortage: Shortage, what: impl Into<String>) -> Self {
        Self { what: what.into(), shortage: Some(shortage) }
    }
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self { what: error.to_string(), shortage: Shortage::of(&error) }
    }
}

const MARK: &[u8] = b"u";
const LABELS_UPTO: &[u8] = b"v";

fn seal(key: &[u8], mut value: Vec<u8>) -> Vec<u8> {
    let crc = checksum(key, &value);
    value.extend_from_slice(&crc.to_le_bytes());
    value
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

fn unseal<'a>(key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], Broken> {
    let unsealed = || {
        let (value, crc) = sealed.split_at_checked(sealed.len().checked_sub(4)?)?;
        (Fields(crc).u32()? == checksum(key, value)).then_some(value)
    };
    unsealed().ok_or_else(|| Broken::new("a value does not match its checksum"))
}

fn stream_prefix(stream: &StreamId) -> Vec<u8> {
    let id = stream.as_bytes();
    let length = u8::try_from(id.len()).expect("a stream id has at most 32 bytes");
    [&[b's', length], id].concat()
}

fn chunk_key(stream: &StreamId, chunk: u32) -> Vec<u8> {
    [&stream_prefix(stream)[..], &chunk.to_be_bytes()].concat()
}

fn chunk_of(revision: u64) -> Result<u32, Broken> {
    u32::try_from(revision / CHUNK_REVISIONS)
        .map_err(|_| Broken::new("a stream has too many revisions"))
}

fn addresses(value: &[u8]) -> Vec<u64> {
    value.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect()
}

/// The database.
#[derive(Debug)]
pub(crate) struct Tree {
    rows: Rows,
}

/// Changes that belong together.
#[derive(Default)]
pub(crate) struct Changes {
    changed: Changed,
}

impl Changes {
    fn insert(&mut self, key: Vec<u8>, value: Vec<u8>) {
        let value = seal(&key, value);
        self.changed.push((key, Some(value)));
    }

    fn remove(&mut self, key: Vec<u8>) {
        self.changed.push((key, None));
    }

    pub(crate) fn cursor(&mut self, name: &CursorName, value: &[u8]) {
        self.insert([b"c", name.as_str().as_bytes()].concat(), value.to_vec());
    }

    pub(crate) fn log(&mut self, log: &LogName, size: u64, root: &Hash) {
        let key = [b"g", log.as_str().as_bytes()].concat();
        self.insert(key, [&size.to_le_bytes()[..], root].concat());
    }

    pub(crate) fn mark(&mut self, mark: Mark) {
        let fields = [mark.address, mark.sequence, mark.position];
        self.insert(MARK.to_vec(), fields.iter().flat_map(|field| field.to_le_bytes()).collect());
    }

    /// Whether they are too many to be made together.
    pub(crate) fn are_too_many(&self) -> bool {
        rows::are_too_many(&self.changed)
    }

    pub(crate) fn labels_upto(&mut self, position: u64) {
        self.insert(LABELS_UPTO.to_vec(), position.to_le_bytes().to_vec());
    }
}

impl Tree {
    /// Opens the database in a folder, or one in memory if there is no folder.
    pub(crate) fn open(dir: Option<&Path>, cache_bytes: u64) -> Result<Self, Broken> {
        let rows = Rows::open(dir, cache_bytes)?;
        Ok(Self { rows })
    }

    /// All of them or, should the process end, none.
    pub(crate) fn apply(&self, changes: Changes) -> Result<(), Broken> {
        self.rows.apply(changes.changed)
    }

    /// However many there are, in their order; should the process end, some of them. So the next
    /// opening must be one that deletes the index ([`super::mark_broken`]), until all are made.
    pub(crate) fn apply_apart(&self, changes: Changes) -> Result<(), Broken> {
        self.rows.apply_apart(changes.changed)
    }

    /// Whether the database has run out of something and takes nothing more.
    pub(crate) fn is_stuck(&self) -> bool {
        self.rows.is_stuck()
    }

    /// Hands everything to the operating system, and ends. Not a sync.
    pub(crate) fn close(self) -> Result<(), Broken> {
        self.rows.close()
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Broken> {
        let Some(sealed) = self.rows.get(key)? else {
            return Ok(None);
        };
        unseal(key, &sealed).map(|value| Some(value.to_vec()))
    }

    /// Everything under a prefix, from a key on; stops when `each` says so.
    fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        mut each: impl FnMut(&[u8], &[u8]) -> Result<bool, Broken>,
    ) -> Result<(), Broken> {
        self.rows.scan(prefix, after, |key, sealed| each(key, unseal(key, sealed)?))
    }

    /// How far the index goes; `None` if it is empty.
    pub(crate) fn mark(&self) -> Result<Option<Mark>, Broken> {
        let Some(value) = self.get(MARK)? else {
            return Ok(None);
        };
        let decode = || {
            let mut fields = Fields(&value);
            let (address, sequence) = (fields.u64()?, fields.u64()?);
            Some(Mark { address, sequence, position: fields.u64()? })
        };
        decode().map(Some).ok_or_else(|| Broken::new("its mark is too short"))
    }

    /// How many revisions a stream has.
    pub(crate) fn stream_length(&self, stream: &StreamId) -> Result<u64, Broken> {
        // Most streams end in their first chunk, or do not exist; one look is enough for those.
        match self.get(&chunk_key(stream, 0))? {
            None => return Ok(0),
            Some(value) if wide(value.len() / 8) < CHUNK_REVISIONS => {
                return Ok(wide(value.len() / 8));
            }
            Some(_) => {}
        }
        let prefix = stream_prefix(stream);
        let Some((key, sealed)) = self.rows.last(&prefix)? else {
            return Ok(0);
        };
        let value = unseal(&key, &sealed)?;
        let chunk = Fields(key.get(prefix.len()..).unwrap_or_default()).array::<4>();
        let chunk = chunk.map(u32::from_be_bytes).ok_or_else(|| Broken::new("a bad key"))?;
        Ok(u64::from(chunk) * CHUNK_REVISIONS + wide(value.len() / 8))
    }

    /// Up to `count` addresses of a stream from revision `from` on.
    pub(crate) fn stream_addresses(
        &self,
        stream: &StreamId,
        from: u64,
        count: usize,
    ) -> Result<Vec<u64>, Broken> {
        let mut found = Vec::new();
        let mut at = from;
        while found.len() < count {
            let Some(value) = self.get(&chunk_key(stream, chunk_of(at)?))? else {
                break;
            };
            let chunk = addresses(&value);
            let rest = chunk.iter().skip(narrow(at % CHUNK_REVISIONS)).take(count - found.len());
            let before = found.len();
            found.extend(rest);
            at += wide(found.len() - before);
            if wide(chunk.len()) < CHUNK_REVISIONS {
                break;
            }
        }
        Ok(found)
    }

    /// Adds the addresses of revisions from `first` on. What was there from `first` on is replaced,
    /// so that the same frames can be indexed again.
    pub(crate) fn extend_stream(
        &self,
        stream: &StreamId,
        first: u64,
        new: &[u64],
        changes: &mut Changes,
    ) -> Result<(), Broken> {
        let kept = narrow(first % CHUNK_REVISIONS);
        let mut chunk = chunk_of(first)?;
        let mut values = match kept {
            0 => Vec::new(),
            _ => self.get(&chunk_key(stream, chunk)).map(|value| value.unwrap_or_default())?,
        };
        if values.len() < kept * 8 {
            return Err(Broken::new("a stream lacks revisions"));
        }
        values.truncate(kept * 8);
        let full = narrow(CHUNK_REVISIONS) * 8;
        for address in new {
            values.extend_from_slice(&address.to_le_bytes());
            if values.len() == full {
                changes.insert(chunk_key(stream, chunk), std::mem::take(&mut values));
                chunk += 1;
            }
        }
        if !values.is_empty() {
            changes.insert(chunk_key(stream, chunk), values);
        }
        Ok(())
    }

    /// How many revisions of how many streams there are in all.
    pub(crate) fn count_revisions(&self) -> Result<(u64, u64), Broken> {
        let (mut revisions, mut streams) = (0, 0);
        self.scan(b"s", None, |key, value| {
            revisions += wide(value.len() / 8);
            streams += u64::from(key.ends_with(&[0; 4]));
            Ok(true)
        })?;
        Ok((revisions, streams))
    }

    pub(crate) fn cursors(&self) -> Result<Vec<(CursorName, Vec<u8>)>, Broken> {
        let mut cursors = Vec::new();
        self.scan(b"c", None, |key, value| {
            let name = key.get(1..).and_then(|name| str::from_utf8(name).ok());
            let name = name.and_then(|name| CursorName::new(name).ok());
            let name = name.ok_or_else(|| Broken::new("a bad cursor name"))?;
            cursors.push((name, value.to_vec()));
            Ok(true)
        })?;
        Ok(cursors)
    }

    /// The logs, with their sizes and roots.
    pub(crate) fn logs(&self) -> Result<Vec<(LogName, u64, Hash)>, Broken> {
        let mut logs = Vec::new();
        self.scan(b"g", None, |key, value| {
            let parts = || {
                let log = LogName::new(str::from_utf8(key.get(1..)?).ok()?).ok()?;
                let mut fields = Fields(value);
                Some((log, fields.u64()?, fields.array()?))
            };
            logs.push(parts().ok_or_else(|| Broken::new("a bad log"))?);
            Ok(true)
        })?;
        Ok(logs)
    }

    pub(crate) fn labels_upto(&self) -> Result<u64, Broken> {
        let Some(value) = self.get(LABELS_UPTO)? else {
            return Ok(0);
        };
        Fields(&value).u64().ok_or_else(|| Broken::new("the position of labels is too short"))
    }

    /// The labels of one stream.
    pub(crate) fn labels_of(&self, stream: &StreamId) -> Result<Vec<Label>, Broken> {
        let key = [b"m", stream.as_bytes()].concat();
        let Some(value) = self.get(&key)? else {
            return Ok(Vec::new());
        };
        let mut fields = Fields(&value);
        let mut labels = Vec::new();
        while !fields.0.is_empty() {
            let text = fields.u8().and_then(|length| fields.take(usize::from(length)));
            let label = text.and_then(|text| Label::new(str::from_utf8(text).ok()?).ok());
            labels.push(label.ok_or_else(|| Broken::new("a bad label"))?);
        }
        Ok(labels)
    }

    /// Puts the changes together that replace the labels of a stream.
    pub(crate) fn replace_labels(
        &self,
        stream: &StreamId,
        labels: &[Label],
        changes: &mut Changes,
    ) -> Result<(), Broken> {
        for old in self.labels_of(stream)? {
            changes.remove(label_key(&old, stream));
        }
        let key = [b"m", stream.as_bytes()].concat();
        if labels.is_empty() {
            changes.remove(key);
            return Ok(());
        }
        let mut value = Vec::new();
        for label in labels {
            let text = label.as_str().as_bytes();
            value.push(u8::try_from(text.len()).expect("a label has at most 128 bytes"));
            value.extend_from_slice(text);
            changes.insert(label_key(label, stream), Vec::new());
        }
        changes.insert(key, value);
        Ok(())
    }

    pub(crate) fn list_labels(
        &self,
        prefix: &str,
        after: Option<&(Label, StreamId)>,
        limit: usize,
    ) -> Result<Vec<(Label, StreamId)>, Broken> {
        let limit = limit.min(LABELS_LISTED_MAX);
        let mut found = Vec::new();
        if limit == 0 {
            return Ok(found);
        }
        let prefix = [b"l", prefix.as_bytes()].concat();
        let after = after.map(|(label, stream)| label_key(label, stream));
        // A place before the prefix would end the scan at once.
        let after = after.filter(|after| *after >= prefix);
        self.scan(&prefix, after.as_deref(), |key, _| {
            let parts = || {
                let text = key.get(1..)?;
                let (label, stream) = text.split_at(text.iter().position(|byte| *byte == 0)?);
                let label = Label::new(str::from_utf8(label).ok()?).ok()?;
                Some((label, StreamId::new(stream.get(1..)?).ok()?))
            };
            found.push(parts().ok_or_else(|| Broken::new("a bad label"))?);
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// Reads every label, and the position up to which they are set.
    pub(crate) fn check_labels(&self) -> Result<(), Broken> {
        self.labels_upto()?;
        for prefix in [b"l", b"m"] {
            self.scan(prefix, None, |_, _| Ok(true))?;
        }
        Ok(())
    }

    /// Removes every label, and the position up to which they are set.
    pub(crate) fn clear_labels(&self) -> Result<(), Broken> {
        // The position goes first: a crash in between leaves labels that are set again.
        self.rows.apply(vec![(LABELS_UPTO.to_vec(), None)])?;
        for prefix in [b"l", b"m"] {
            loop {
                let mut removed = Vec::new();
                self.scan(prefix, None, |key, _| {
                    removed.push((key.to_vec(), None));
                    Ok(removed.len() < LABELS_LISTED_MAX)
                })?;
                let count = removed.len();
                self.rows.apply(removed)?;
                if count < LABELS_LISTED_MAX {
                    break;
                }
            }
        }
        Ok(())
    }
}

fn label_key(label: &Label, stream: &StreamId) -> Vec<u8> {
    [b"l", label.as_str().as_bytes(), &[0], stream.as_bytes()].concat()
}
