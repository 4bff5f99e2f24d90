//! The Merkle tree of RFC 9162 over SHA-256: roots, inclusion proofs, consistency proofs.
//!
//! Pure functions over hashes. Nothing here knows files, logs or what a leaf means; whoever keeps
//! the nodes implements [`NodeSource`].

#![warn(missing_docs)]

mod frontier;
mod hash;
mod order;
mod proof;
mod verify;

pub use frontier::Frontier;
pub use hash::{Hash, empty_root, leaf_hash, node_hash, root};
pub use order::{stored_count, stored_index};
pub use proof::{
    Leaves, NodeMissing, NodeSource, ProofError, consistency_proof, frontier_at, inclusion_proof,
    root_at,
};
pub use verify::{VerifyError, verify_consistency, verify_inclusion};
