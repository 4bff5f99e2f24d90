//! Roots and proofs of a log's Merkle tree, from its hash file.

use merkle::{Hash, NodeSource, ProofError};

use crate::index::column::Place;
use crate::index::{Broken, tree};
use crate::live::FnSource;
use crate::name::LogName;
use crate::read::ReadError;
use crate::store::Store;

impl Store {
    /// The root of the first `size` records of a log.
    pub fn root_at(&self, log: &LogName, size: u64) -> Result<Hash, ReadError> {
        self.check_size(log, size)?;
        Ok(merkle::root_at(&self.nodes(log), size)?)
    }

    /// The proof that record `index` is in the tree of the first `size` records; checked by
    /// [`merkle::verify_inclusion`].
    pub fn inclusion_proof(
        &self,
        log: &LogName,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        self.check_size(log, size)?;
        Ok(merkle::inclusion_proof(&self.nodes(log), index, size)?)
    }

    /// The proof that the first `from` records are the beginning of the first `to`; checked by
    /// [`merkle::verify_consistency`].
    pub fn consistency_proof(
        &self,
        log: &LogName,
        from: u64,
        to: u64,
    ) -> Result<Vec<Hash>, ReadError> {
        self.check_size(log, to)?;
        Ok(merkle::consistency_proof(&self.nodes(log), from, to)?)
    }

    fn check_size(&self, log: &LogName, asked: u64) -> Result<(), ReadError> {
        self.check_open()?;
        let end = self.log_size(log);
        if asked > end {
            Err(ReadError::BeyondEnd { asked, end })
        } else {
            Ok(())
        }
    }

    fn nodes(&self, log: &LogName) -> impl NodeSource<Error = tree::Broken> {
        FnSource(move |at| {
            let live = self.shared().live();
            live.logs
                .get(log)
                .map_or(Place::Beyond, |state| state.hashes.get(at))
        })
    }
}

impl From<ProofError<Broken>> for ReadError {
    fn from(error: ProofError<Broken>) -> Self {
        match error {
            ProofError::BeyondEnd { asked, size } => Self::BeyondEnd { asked, end: size },
            ProofError::Source(broken) => broken.into(),
        }
    }
}
