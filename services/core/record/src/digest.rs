//! SHA-256 over parts, and the context strings that keep one use of a hash or key from another.

use domain::identifier::Digest;
use sha2::{Digest as _, Sha256};

/// Signs a genesis.
pub(crate) const GENESIS: &[u8] = b"readmit/v1/genesis";
/// Signs a statement of a root key.
pub(crate) const ROOT_STATEMENT: &[u8] = b"readmit/v1/root-statement";
/// Signs a dispatch header.
pub(crate) const DISPATCH: &[u8] = b"readmit/v1/dispatch";
/// Names a log between States.
pub(crate) const LOG: &[u8] = b"readmit/v1/log";
/// Names a log that a State keeps to itself.
pub(crate) const LOCAL_LOG: &[u8] = b"readmit/v1/local-log";
/// Commits to a case key.
pub(crate) const COMMITMENT: &[u8] = b"readmit/v1/case-key-commitment";
/// Derives sub-keys of a case key.
pub(crate) const SUB_KEY: &[u8] = b"readmit/v1/sub-key";
/// Wraps a case key.
pub(crate) const CASE_KEY: &[u8] = b"readmit/v1/case-key";

/// SHA-256 of parts, one after the other.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    Digest::new(hash.finalize().into())
}
