//! A corridor as the ledger keeps it: what its genesis fixed, and where its records are.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use domain::identifier::{CaseId, State};
use event_store::StreamId;
use record::era::Eras;
use record::genesis::SignedGenesis;
use record::log_id::LogId;
use record::seal::Place;

use crate::layout::{Names, corridor_stream};

/// Which of the two logs of a corridor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Own,
    Partner,
}

/// What never changes of a corridor, and the eras of its logs, which only grow.
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
    /// Of the own log and of the partner's. The writer alone adds to them, before it shows anybody
    /// an entry of a new era.
    eras: [RwLock<Option<Eras>>; 2],
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
            eras: [RwLock::new(None), RwLock::new(None)],
            names: Names::new(&own_log, &partner_log),
            stream: corridor_stream(digest),
            genesis,
        })
    }

    /// The log in its first era: what its author is called, and its files.
    pub(crate) const fn log(&self, side: Side) -> &LogId {
        match side {
            Side::Own => &self.own_log,
            Side::Partner => &self.partner_log,
        }
    }

    /// The log in the era that a position lies in: what tag and seal bind.
    pub(crate) fn log_at(&self, side: Side, position: u64) -> LogId {
        let eras = self.eras_of(side).read().unwrap_or_else(PoisonError::into_inner);
        eras.as_ref().map_or(*self.log(side), |eras| *eras.log_at(position))
    }

    /// Notes the eras of a log.
    pub(crate) fn note_eras(&self, side: Side, eras: &Eras) {
        let mut noted = self.eras_of(side).write().unwrap_or_else(PoisonError::into_inner);
        if noted.as_ref() != Some(eras) {
            *noted = Some(eras.clone());
        }
    }

    const fn eras_of(&self, side: Side) -> &RwLock<Option<Eras>> {
        let [own, partner] = &self.eras;
        match side {
            Side::Own => own,
            Side::Partner => partner,
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
    pub(crate) fn place(&self, side: Side, case: CaseId, position: u64) -> Place {
        Place { log: self.log_at(side, position), position, case }
    }

    /// Where a local entry of a case stands.
    pub(crate) const fn local_place(&self, case: CaseId, position: u64) -> Place {
        Place { log: self.local_log, position, case }
    }
}
