//! A corridor as the ledger keeps it: what its genesis fixed, and where its records are.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::identifier::{CaseId, State};
use event_store::StreamId;
use record::genesis::SignedGenesis;
use record::log_id::LogId;
use record::seal::Place;

use crate::layout::{Names, corridor_stream};

/// Which of the two logs of a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Own,
    Partner,
}

/// What never changes of a corridor.
#[derive(Debug)]
pub(crate) struct Corridor {
    pub(crate) own: State,
    pub(crate) partner: State,
    pub(crate) genesis: SignedGenesis,
    /// What the rules read of the genesis.
    pub(crate) founded: domain::corridor::Corridor,
    pub(crate) own_log: LogId,
    pub(crate) partner_log: LogId,
    pub(crate) local_log: LogId,
    pub(crate) names: Names,
    pub(crate) stream: StreamId,
}

/// Every corridor, by partner.
pub(crate) type Corridors = BTreeMap<State, Arc<Corridor>>;

/// The era of both logs.
const ERA: u32 = 0;

impl Corridor {
    /// `None` where the State is not in the corridor.
    pub(crate) fn new(own: State, genesis: SignedGenesis) -> Option<Self> {
        let partner = genesis.genesis().partner(own)?.state;
        let digest = genesis.digest();
        let own_log = LogId::shared(digest, own, ERA);
        let partner_log = LogId::shared(digest, partner, ERA);
        Some(Self {
            own,
            partner,
            founded: genesis.genesis().corridor(),
            own_log,
            partner_log,
            local_log: LogId::local(digest, own),
            names: Names::new(&own_log, &partner_log),
            stream: corridor_stream(digest),
            genesis,
        })
    }

    pub(crate) const fn log(&self, side: Side) -> &LogId {
        match side {
            Side::Own => &self.own_log,
            Side::Partner => &self.partner_log,
        }
    }

    /// Whose log it is.
    pub(crate) fn side(&self, author: State) -> Option<Side> {
        match author {
            author if author == self.own => Some(Side::Own),
            author if author == self.partner => Some(Side::Partner),
            _ => None,
        }
    }

    /// Where an entry of a case stands.
    pub(crate) const fn place(&self, side: Side, case: CaseId, position: u64) -> Place {
        Place { log: *self.log(side), position, case }
    }

    /// Where a local entry of a case stands.
    pub(crate) const fn local_place(&self, case: CaseId, position: u64) -> Place {
        Place { log: self.local_log, position, case }
    }
}
