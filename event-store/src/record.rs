//! What is stored and read: records, their numbers, and the filter of a read.

use std::fmt;

use crate::name::{LogName, StreamId};

/// The place of a record among all records of the store: 0, 1, 2 … without a gap.
///
/// As an argument, and as "upto" or "next", it names the first record that is *not yet* seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub u64);

/// The place of a record in its stream: 0, 1, 2 … without a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A record to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The log that it is numbered and hashed in. A log begins with its first record.
    pub log: LogName,
    /// The stream that it belongs to, over all logs, if any.
    pub stream: Option<StreamId>,
    /// What the Merkle tree of the log hashes: the leaf hash is SHA-256(0x00 ‖ leaf).
    pub leaf: Vec<u8>,
    /// The rest, covered by the store's checksums only.
    pub payload: Vec<u8>,
}

/// A record as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place in the store.
    pub position: Position,
    /// Its log.
    pub log: LogName,
    /// Its place in the log, which is also the index of its leaf: 0, 1, 2 … without a gap.
    pub log_index: u64,
    /// Its stream, if it has one.
    pub stream: Option<StreamId>,
    /// Its place in the stream; there exactly if there is a stream.
    pub revision: Option<Revision>,
    /// What the Merkle tree hashes.
    pub leaf: Vec<u8>,
    /// The rest.
    pub payload: Vec<u8>,
}

/// Which records a read or a subscription is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// All.
    #[default]
    All,
    /// Those of one log.
    Log(LogName),
    /// Those of the logs whose names start so.
    LogPrefix(String),
    /// Those of one stream.
    Stream(StreamId),
}

impl Filter {
    pub(crate) fn admits(&self, log: &str, stream: Option<&StreamId>) -> bool {
        match self {
            Self::All => true,
            Self::Log(name) => name.as_str() == log,
            Self::LogPrefix(prefix) => log.starts_with(prefix.as_str()),
            Self::Stream(id) => stream == Some(id),
        }
    }
}
