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

    fn nodes(&self, log: &LogName) -> impl NodeSource<Error = Broken> {
        FnSource(move |at| {
            let live = self.shared().live();
            live.logs.get(log).map_or(Place::Beyond, |state| state.hashes.get(at))
        })
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
