//! Making proofs (RFC 9162, 2.1.3.1 and 2.1.4.1) from wherever the nodes are kept.

use std::fmt;

use crate::frontier::Frontier;
use crate::hash::{Hash, empty_root, node_hash};

/// Where the nodes of a tree are kept.
pub trait NodeSource {
    /// What can go wrong when a node is fetched.
    type Error;

    /// The hash over the leaves `index << level .. (index + 1) << level`.
    ///
    /// Only asked for nodes whose leaves all lie within the size that a proof is made for.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// Why a proof was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofError<E> {
    /// The leaf, or the smaller tree, is not in the tree that was named.
    BeyondEnd {
        /// The index or size that was asked for.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A node could not be fetched.
    Source(E),
}

impl<E> From<E> for ProofError<E> {
    fn from(source: E) -> Self {
        Self::Source(source)
    }
}

impl<E> fmt::Display for ProofError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeyondEnd { asked, size } => {
                write!(f, "{asked} is beyond the end of a tree of {size} leaves")
            }
            Self::Source(_) => f.write_str("a node of the tree could not be read"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for ProofError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::BeyondEnd { .. } => None,
            Self::Source(source) => Some(source),
        }
    }
}

/// The path that leads from leaf `index` to the root of the first `size` leaves, lowest first.
pub fn inclusion_proof<S: NodeSource>(
    source: &S,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if index >= size {
        return Err(ProofError::BeyondEnd { asked: index, size });
    }
    let (mut low, mut high) = (0, size);
    let mut proof = Vec::new();
    while high - low > 1 {
        let middle = low + split(high - low);
        if index < middle {
            proof.push(range_root(source, middle, high)?);
            high = middle;
        } else {
            proof.push(range_root(source, low, middle)?);
            low = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The hashes that show that the first `from` leaves of the first `to` leaves are unchanged.
///
/// Empty if `from` is 0 or equals `to`: nothing needs to be shown then.
pub fn consistency_proof<S: NodeSource>(
    source: &S,
    from: u64,
    to: u64,
) -> Result<Vec<Hash>, ProofError<S::Error>> {
    if from > to {
        return Err(ProofError::BeyondEnd { asked: from, size: to });
    }
    let mut proof = Vec::new();
    if from == 0 || from == to {
        return Ok(proof);
    }
    let (mut low, mut high) = (0, to);
    // The verifier knows the old root, so a subtree that *is* the old tree needs no hash.
    let mut is_old_tree = true;
    while from != high {
        let middle = low + split(high - low);
        if from <= middle {
            proof.push(range_root(source, middle, high)?);
            high = middle;
        } else {
            proof.push(range_root(source, low, middle)?);
            low = middle;
            is_old_tree = false;
        }
    }
    if !is_old_tree {
        proof.push(range_root(source, low, high)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The root of the first `size` leaves.
pub fn root_at<S: NodeSource>(source: &S, size: u64) -> Result<Hash, S::Error> {
    if size == 0 { Ok(empty_root()) } else { range_root(source, 0, size) }
}

/// The frontier of the first `size` leaves.
pub fn frontier_at<S: NodeSource>(source: &S, size: u64) -> Result<Frontier, S::Error> {
    let peaks = peaks(source, 0, size)?;
    Ok(Frontier::from_parts(size, peaks).expect("one peak for each set bit of the size"))
}

/// The largest power of two that is smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The root over the leaves `low..high`, a non-empty subtree of the RFC's division.
fn range_root<S: NodeSource>(source: &S, low: u64, high: u64) -> Result<Hash, S::Error> {
    let peaks = peaks(source, low, high)?;
    let mut rest = peaks.iter().rev();
    let last = rest.next().expect("a range has at least one leaf");
    Ok(rest.fold(*last, |right, left| node_hash(left, &right)))
}

/// The complete subtrees of `low..high`, leftmost first. `low` is a multiple of the power of two
/// that covers the range, as every subtree of the RFC's division is.
fn peaks<S: NodeSource>(source: &S, low: u64, high: u64) -> Result<Vec<Hash>, S::Error> {
    let count = high - low;
    let mut at = low;
    let mut peaks = Vec::new();
    for level in (0..u64::BITS).rev() {
        if count >> level & 1 == 1 {
            peaks.push(source.node(level, at >> level)?);
            at += 1 << level;
        }
    }
    Ok(peaks)
}

/// Leaf hashes held in memory, as a source of nodes; every node is computed when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Leaves<'a>(pub &'a [Hash]);

/// The proof needs a leaf that the source does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeMissing {
    /// The level of the node; leaves are level 0.
    pub level: u32,
    /// The place of the node within its level.
    pub index: u64,
}

impl fmt::Display for NodeMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} of level {} is not there", self.index, self.level)
    }
}

impl std::error::Error for NodeMissing {}

impl NodeSource for Leaves<'_> {
    type Error = NodeMissing;

    fn node(&self, level: u32, index: u64) -> Result<Hash, NodeMissing> {
        let start = usize::try_from(index << level).ok();
        let end = usize::try_from((index + 1) << level).ok();
        let leaves = start.zip(end).and_then(|(start, end)| self.0.get(start..end));
        leaves.map(crate::hash::root).ok_or(NodeMissing { level, index })
    }
}
