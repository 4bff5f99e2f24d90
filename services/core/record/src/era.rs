//! Where each era of a log begins, and when one has ended.
//!
//! Numbers, positions and the tree go on through all eras; only the name of the log, which tags
//! and seals bind, is that of the era.

use domain::chain::Heard;

use crate::log_id::LogId;

/// The eras of one log. Cheap to clone: there is hardly ever more than one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eras {
    first: LogId,
    later: Vec<Start>,
}

/// Where an era after the first begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    log: LogId,
    number: u64,
    position: u64,
}

/// The proven fault by which the current era of a log has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Number of the other State's dispatch that states the fault.
    pub stated_in: u64,
    /// What that dispatch had heard of this log: the last dispatch of the era, with which the next
    /// one goes on.
    pub last: Heard,
}

impl Eras {
    pub(crate) const fn new(first: LogId) -> Self {
        Self { first, later: Vec::new() }
    }

    /// The log in its current era.
    #[must_use]
    pub fn current(&self) -> &LogId {
        self.later.last().map_or(&self.first, |start| &start.log)
    }

    /// The log in the era that a position lies in: what the tag and seal of its entry bind.
    #[must_use]
    pub fn log_at(&self, position: u64) -> &LogId {
        let start = self.later.iter().rev().find(|start| start.position <= position);
        start.map_or(&self.first, |start| &start.log)
    }

    /// The era that a dispatch of this number has.
    #[must_use]
    pub fn era_of(&self, number: u64) -> u32 {
        let start = self.later.iter().rev().find(|start| start.number <= number);
        start.map_or(&self.first, |start| &start.log).era()
    }

    /// Notes that an era begins.
    pub(crate) fn begin(&mut self, log: LogId, number: u64, position: u64) {
        self.later.push(Start { log, number, position });
    }
}
