//! Where a node stands when all nodes are kept in the order in which they become complete.
//!
//! Leaves and inner nodes then form one append-only array, and a node's place in it follows from
//! its level and index alone. Only nodes over a full power of two of leaves are kept.

/// How many nodes a tree of `size` leaves has completed.
#[must_use]
pub fn stored_count(size: u64) -> u64 {
    2 * size - u64::from(size.count_ones())
}

/// The place of the node over the leaves `index << level ..  (index + 1) << level`.
#[must_use]
pub fn stored_index(level: u32, index: u64) -> u64 {
    let last_leaf = ((index + 1) << level) - 1;
    stored_count(last_leaf) + u64::from(level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_gap_free_in_order_of_completion() {
        let mut next = 0;
        for leaf in 0_u64..300 {
            for level in 0..=(leaf + 1).trailing_zeros() {
                assert_eq!(stored_index(level, leaf >> level), next);
                next += 1;
            }
            assert_eq!(stored_count(leaf + 1), next);
        }
    }
}
