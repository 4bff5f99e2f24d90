//! The three hashes of RFC 9162, 2.1.1: of nothing, of a leaf, of a node.

use sha2::{Digest, Sha256};

use crate::Frontier;

/// One SHA-256 value.
pub type Hash = [u8; 32];

/// Keeps a leaf from being read as a node.
const LEAF_PREFIX: [u8; 1] = [0x00];
/// Keeps a node from being read as a leaf.
const NODE_PREFIX: [u8; 1] = [0x01];

/// The root of a tree without leaves: SHA-256 of the empty string.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The hash of a leaf: SHA-256(0x00 ‖ data).
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF_PREFIX).chain_update(data).finalize().into()
}

/// The hash of an inner node: SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE_PREFIX).chain_update(left).chain_update(right).finalize().into()
}

/// The root over `leaves`, which are leaf hashes in order.
#[must_use]
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}
