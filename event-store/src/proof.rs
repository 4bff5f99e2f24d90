//! Roots and proofs of a log's Merkle tree, from its hash file.

use merkle::{Frontier, Hash, NodeSource, ProofError};

use crate::index::Broken;
use crate::index::column::Place;
use crate::live::FnSource;
use crate::name::LogName;
use crate::read::ReadError;
use crate::store::Store;

impl Store {
    /// The root of the first `size` records of a log.
    pub fn root_at(&self, log: &LogName, size: u64) -> Result<Hash, ReadError> {
        let frontier = self.frontier_with(log, size)?;
        let nodes = self.nodes(log);
        let root = merkle::root_at(&nodes, size)?;
        // The file is checked against the root that the store holds in memory: what comes out
        // here is the root of the log's beginning, or an error.
        let proof = merkle::consistency_proof(&nodes, size, frontier.size())?;
        merkle::verify_consistency(size, &root, frontier.size(), &frontier.root(), &proof)
            .map_err(|_| self.index_is_broken(WRONG_HASHES))?;
        Ok(root)
    }

    /// The proof that record `index` is in the tree of the first `size` records; checked by
    /// [`merkle::verify_inclusion`].
    pub fn inclusion_proof(
        &self,
        log: &LogName,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        let root = self.root_at(log, size)?;
        let nodes = self.nodes(log);
        let proof = merkle::inclusion_proof(&nodes, index, size)?;
        merkle::verify_inclusion(&nodes.node(0, index)?, index, size, &proof, &root)
            .map_err(|_| self.index_is_broken(WRONG_HASHES))?;
        Ok(proof)
    }

    /// The proof that the first `from` records are the beginning of the first `to`; checked by
    /// [`merkle::verify_consistency`].
    pub fn consistency_proof(
        &self,
        log: &LogName,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        let new = self.root_at(log, to)?;
        let proof = merkle::consistency_proof(&self.nodes(log), from, to)?;
        let old = self.root_at(log, from)?;
        merkle::verify_consistency(from, &old, to, &new, &proof)
            .map_err(|_| self.index_is_broken(WRONG_HASHES))?;
        Ok(proof)
    }

    fn frontier_with(&self, log: &LogName, asked: u64) -> Result<Frontier, ReadError> {
        self.check_open()?;
        let frontier = self.log_frontier(log);
        let end = frontier.size();
        if asked > end { Err(ReadError::BeyondEnd { asked, end }) } else { Ok(frontier) }
    }

    fn nodes<'a>(&'a self, log: &'a LogName) -> Nodes<'a> {
        Nodes { store: self, log }
    }
}

/// The nodes of a log's tree.
struct Nodes<'a> {
    store: &'a Store,
    log: &'a LogName,
}

impl NodeSource for Nodes<'_> {
    type Error = Broken;

    /// Where one cannot be had, the next opening makes the index anew.
    fn node(&self, level: u32, at: u64) -> Result<Hash, Broken> {
        let shared = self.store.shared();
        let nodes = FnSource(|at| {
            let live = shared.live();
            live.logs.get(self.log).map_or(Place::Beyond, |state| state.hashes.get(at))
        });
        let node = nodes.node(level, at);
        if node.as_ref().is_err_and(|broken| broken.shortage.is_none()) {
            shared.suspect_index();
        }
        node
    }
}

const WRONG_HASHES: &str = "a hash file does not lead to the root of its log";

impl From<ProofError<Broken>> for ReadError {
    fn from(error: ProofError<Broken>) -> Self {
        match error {
            ProofError::BeyondEnd { asked, size } => Self::BeyondEnd { asked, end: size },
            ProofError::Source(broken) => broken.into(),
        }
    }
}
