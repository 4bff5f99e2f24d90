//! The name of a log, and the tag that ties an entry to its case without naming it.

use domain::identifier::{CaseId, Digest, State};

use crate::digest::{LOCAL_LOG, LOG, sha256};

/// A log, by genesis, author and era. Everything that is hashed, sealed or tagged in a log binds
/// it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId {
    digest: Digest,
    author: State,
    era: u32,
}

impl LogId {
    /// The log that `author` writes for the partner of a corridor.
    #[must_use]
    pub fn shared(genesis: &Digest, author: State, era: u32) -> Self {
        Self { digest: named(LOG, genesis, author, era), author, era }
    }

    /// The log that `author` keeps to itself about the cases of a corridor; era 0.
    #[must_use]
    pub fn local(genesis: &Digest, author: State) -> Self {
        Self { digest: named(LOCAL_LOG, genesis, author, 0), author, era: 0 }
    }

    /// The 32 bytes that stand for the log.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        self.digest.as_bytes()
    }

    /// The State that writes it.
    #[must_use]
    pub const fn author(&self) -> State {
        self.author
    }

    /// Its era; 0 is the first.
    #[must_use]
    pub const fn era(&self) -> u32 {
        self.era
    }

    /// The tag of an entry: SHA-256(case id ‖ log ‖ position), without a case id on corridor
    /// entries.
    #[must_use]
    pub fn tag(&self, case: Option<&CaseId>, position: u64) -> Digest {
        let case = case.map_or(&[][..], |case| case.as_bytes());
        sha256(&[case, self.as_bytes(), &position.to_be_bytes()])
    }
}

fn named(context: &[u8], genesis: &Digest, author: State, era: u32) -> Digest {
    sha256(&[context, genesis.as_bytes(), author.code().as_bytes(), &era.to_be_bytes()])
}
