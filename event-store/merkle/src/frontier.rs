//! The right edge of a growing tree: all that is needed to append and to know the root.

use crate::hash::{Hash, empty_root, node_hash};

/// The roots of the complete subtrees that a tree of `size` leaves falls into.
///
/// There is one for each set bit of `size`, the largest (leftmost) first, so at most 64 hashes:
/// a frontier is cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The frontier of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a frontier together again; `None` if the number of peaks does not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u32::try_from(peaks.len()).ok()? == size.count_ones()).then_some(Self { size, peaks })
    }

    /// The size and the peaks, for keeping.
    #[must_use]
    pub fn into_parts(self) -> (u64, Vec<Hash>) {
        (self.size, self.peaks)
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, leftmost first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends one leaf hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_| ());
    }

    /// Appends one leaf hash and hands over each node that it completes, lowest first: the order
    /// of [`crate::stored_index`].
    pub fn push_with(&mut self, leaf: Hash, mut completed: impl FnMut(Hash)) {
        let mut node = leaf;
        completed(node);
        // Each trailing one bit of the size is a complete subtree that the new leaf pairs up with.
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("a peak stands for each set bit of the size");
            node = node_hash(&left, &node);
            completed(node);
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}
