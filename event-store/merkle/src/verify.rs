//! Checking proofs (RFC 9162, 2.1.3.2 and 2.1.4.2), with nothing but hashes at hand.

use std::fmt;

use crate::hash::{Hash, empty_root, node_hash};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyError {
    /// The leaf, or the smaller tree, cannot be in a tree of that size.
    BeyondEnd,
    /// The proof has too few or too many hashes for these sizes.
    WrongLength,
    /// The hashes lead to another root.
    WrongRoot,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BeyondEnd => "the leaf or the smaller tree is beyond the end of the tree",
            Self::WrongLength => "the proof has the wrong number of hashes",
            Self::WrongRoot => "the proof leads to another root",
        })
    }
}

impl std::error::Error for VerifyError {}

/// Checks that `leaf` (a leaf hash) is leaf `index` of the tree of `size` leaves with `root`.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), VerifyError> {
    if index >= size {
        return Err(VerifyError::BeyondEnd);
    }
    let mut climb = Climb { node: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        hash = match climb.step()? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    climb.finish()?;
    if hash == *root { Ok(()) } else { Err(VerifyError::WrongRoot) }
}

/// Checks that the tree of `from` leaves with `from_root` is the beginning of the tree of `to`
/// leaves with `to_root`.
pub fn verify_consistency(
    from: u64,
    from_root: &Hash,
    to: u64,
    to_root: &Hash,
    proof: &[Hash],
) -> Result<(), VerifyError> {
    if from > to {
        return Err(VerifyError::BeyondEnd);
    }
    if from == 0 || from == to {
        if !proof.is_empty() {
            return Err(VerifyError::WrongLength);
        }
        let expected = if from == 0 { &empty_root() } else { to_root };
        return if from_root == expected { Ok(()) } else { Err(VerifyError::WrongRoot) };
    }

    let mut climb = Climb { node: from - 1, last: to - 1 };
    climb.skip_right_edges();
    // A complete old tree is itself the first node, and is then not repeated in the proof.
    let (first, rest) = if from.is_power_of_two() {
        (from_root, proof)
    } else {
        proof.split_first().ok_or(VerifyError::WrongLength)?
    };
    let (mut old, mut new) = (*first, *first);
    for sibling in rest {
        match climb.step()? {
            Side::Left => {
                old = node_hash(sibling, &old);
                new = node_hash(sibling, &new);
            }
            Side::Right => new = node_hash(&new, sibling),
        }
    }
    climb.finish()?;
    if old == *from_root && new == *to_root { Ok(()) } else { Err(VerifyError::WrongRoot) }
}

/// On which side the proof's hash stands.
enum Side {
    Left,
    Right,
}

/// The way from a node up to the root: the RFC's `fn` and `sn`.
struct Climb {
    node: u64,
    last: u64,
}

impl Climb {
    fn step(&mut self) -> Result<Side, VerifyError> {
        if self.last == 0 {
            return Err(VerifyError::WrongLength);
        }
        let side = if self.node & 1 == 1 || self.node == self.last {
            // On the right edge, levels where the node has no sibling are passed over.
            while self.node & 1 == 0 && self.node != 0 {
                self.up();
            }
            Side::Left
        } else {
            Side::Right
        };
        self.up();
        Ok(side)
    }

    fn skip_right_edges(&mut self) {
        while self.node & 1 == 1 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.node >>= 1;
        self.last >>= 1;
    }

    fn finish(&self) -> Result<(), VerifyError> {
        if self.last == 0 { Ok(()) } else { Err(VerifyError::WrongLength) }
    }
}
