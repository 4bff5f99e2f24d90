//! What everybody but the writer sees: the store up to one position, and both logs of each corridor
//! as they stood there.
//!
//! The writer publishes a snapshot once everything before it is durable *and* released by the
//! signer's mark. Whoever reads looks at nothing at or after its position, so that one answer is
//! made of one state, and no dispatch leaves the process before its number is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::chain::Dispatch;
use domain::identifier::State;
use event_store::Position;
use tokio::sync::watch;

use crate::leave::Leave;
use crate::missing::AllMissing;

/// One state of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    /// The first position that is not part of it.
    pub(crate) next: Position,
    /// Each corridor, by partner.
    pub(crate) corridors: BTreeMap<State, CorridorSnapshot>,
}

/// How a corridor stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CorridorSnapshot {
    /// The own log.
    pub(crate) own: LogSnapshot,
    /// The partner's log, as it is stored here.
    pub(crate) partner: LogSnapshot,
    /// How many corridor records there are.
    pub(crate) revision: u64,
    /// The key that case keys are wrapped for.
    pub(crate) partner_hpke: Option<[u8; 32]>,
    /// The partner's dispatches that are parked.
    pub(crate) parked: u64,
    /// Why nothing more is written to this partner.
    pub(crate) stopped: Option<String>,
    /// Whether a log key that somebody else has signed with has to be revoked first.
    pub(crate) owes_revocation: bool,
    /// Why nothing more of the partner's log is stored.
    pub(crate) frozen: Option<String>,
    /// Whether the partner has proved a fault of the own log.
    pub(crate) own_frozen: bool,
    /// Positions of corridor entries that do not count: of the own log, of the partner's.
    pub(crate) uncounted: [BTreeSet<u64>; 2],
    /// What became of the dispatches that arrived, by `ImportOutcome`; since the start.
    pub(crate) arrivals: BTreeMap<i32, u64>,
    /// Whether the header of the dispatch that is wanted next was seen and its bytes withheld.
    pub(crate) withheld: bool,
    /// Whether anything may be written to this partner yet.
    pub(crate) leave: Leave,
    /// That the partner says it holds less of the own log than it has receipted.
    pub(crate) answers_low: Option<String>,
    /// What entries of the partner name and what is not here.
    pub(crate) missing: Arc<AllMissing>,
}

/// How a log stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogSnapshot {
    /// Its last dispatch.
    pub(crate) head: Option<Dispatch>,
    /// How many entries it has.
    pub(crate) size: u64,
}

impl LogSnapshot {
    /// How many dispatches it has: the number of the next one.
    pub(crate) fn dispatches(&self) -> u64 {
        self.head.map_or(0, |head| head.number + 1)
    }
}

/// Follows the snapshots.
pub(crate) type Snapshots = watch::Receiver<Arc<Snapshot>>;

/// The latest snapshot.
pub(crate) fn latest(snapshots: &Snapshots) -> Arc<Snapshot> {
    Arc::clone(&snapshots.borrow())
}
