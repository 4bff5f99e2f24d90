//! Roots and proofs compared with the `ct-merkle` crate, and proofs that must not hold.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use merkle::{
    Frontier, Hash, Leaves, NodeMissing, NodeSource, consistency_proof, frontier_at,
    inclusion_proof, leaf_hash, node_hash, root, root_at, stored_count, stored_index,
    verify_consistency, verify_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;

type OtherTree = MemoryBackedTree<Sha256, Vec<u8>>;

/// Every completed node in order of completion, as a store would keep them.
#[derive(Default)]
struct Stored {
    frontier: Frontier,
    nodes: Vec<Hash>,
}

impl Stored {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let mut stored = Self::default();
        for leaf in leaves {
            stored.frontier.push_with(leaf_hash(leaf), |node| stored.nodes.push(node));
        }
        stored
    }
}

impl NodeSource for Stored {
    type Error = NodeMissing;

    fn node(&self, level: u32, index: u64) -> Result<Hash, NodeMissing> {
        let place = usize::try_from(stored_index(level, index)).unwrap();
        self.nodes.get(place).copied().ok_or(NodeMissing { level, index })
    }
}

fn other(leaves: &[Vec<u8>]) -> OtherTree {
    let mut tree = OtherTree::new();
    leaves.iter().for_each(|leaf| tree.push(leaf.clone()));
    tree
}

fn leaves_max_70() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..70)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn roots_and_proofs_are_the_same(
        leaves in leaves_max_70(),
        pick in any::<prop::sample::Index>(),
    ) {
        let tree = other(&leaves);
        let stored = Stored::of(&leaves);
        let size = leaves.len() as u64;
        let index = pick.index(leaves.len());
        let root = stored.frontier.root();
        prop_assert_eq!(root.to_vec(), tree.root().as_bytes().to_vec());
        prop_assert_eq!(stored.nodes.len() as u64, stored_count(size));

        let proof = inclusion_proof(&stored, index as u64, size).unwrap();
        let theirs = tree.prove_inclusion(index);
        prop_assert_eq!(proof.concat(), theirs.as_bytes());
        let leaf = leaf_hash(&leaves[index]);
        prop_assert_eq!(verify_inclusion(&leaf, index as u64, size, &proof, &root), Ok(()));

        let added = leaves.len() - index - 1;
        let from = index as u64 + 1;
        let proof = consistency_proof(&stored, from, size).unwrap();
        prop_assert_eq!(proof.concat(), tree.prove_consistency(added).as_bytes().to_vec());
        let old = root_at(&stored, from).unwrap();
        let their_old = other(&leaves[..index + 1]).root();
        prop_assert_eq!(old.to_vec(), their_old.as_bytes().to_vec());
        prop_assert_eq!(frontier_at(&stored, from).unwrap().root(), old);
        prop_assert_eq!(verify_consistency(from, &old, size, &root, &proof), Ok(()));
    }

    #[test]
    fn a_changed_proof_does_not_hold(
        leaves in leaves_max_70(),
        pick in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
    ) {
        let stored = Stored::of(&leaves);
        let size = leaves.len() as u64;
        let index = pick.index(leaves.len()) as u64;
        let leaf = leaf_hash(&leaves[pick.index(leaves.len())]);
        let root = stored.frontier.root();
        let old = root_at(&stored, index + 1).unwrap();

        let inclusion = inclusion_proof(&stored, index, size).unwrap();
        for changed in changes(&inclusion, &bit) {
            prop_assert!(verify_inclusion(&leaf, index, size, &changed, &root).is_err());
        }
        let consistency = consistency_proof(&stored, index + 1, size).unwrap();
        for changed in changes(&consistency, &bit) {
            prop_assert!(verify_consistency(index + 1, &old, size, &root, &changed).is_err());
        }
        prop_assert!(verify_inclusion(&leaf, size, size, &inclusion, &root).is_err());
    }
}

/// The proof with one bit flipped, one hash fewer, one hash more.
fn changes(proof: &[Hash], bit: &prop::sample::Index) -> Vec<Vec<Hash>> {
    let mut changed = Vec::new();
    if !proof.is_empty() {
        let at = bit.index(proof.len() * 256);
        let mut flipped = proof.to_vec();
        flipped[at / 256][at % 256 / 8] ^= 1 << (at % 8);
        changed.push(flipped);
        changed.push(proof[1..].to_vec());
        changed.push(proof[..proof.len() - 1].to_vec());
    }
    changed.push(proof.iter().copied().chain([[7; 32]]).collect());
    changed
}

#[test]
fn every_pair_of_sizes_up_to_40_verifies() {
    let leaves: Vec<Vec<u8>> = (0..40_u8).map(|n| vec![n]).collect();
    let stored = Stored::of(&leaves);
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    for size in 1..=40 {
        let new = root(&hashes[..size]);
        for from in 0..=size {
            let proof = consistency_proof(&stored, from as u64, size as u64).unwrap();
            let old = root(&hashes[..from]);
            let result = verify_consistency(from as u64, &old, size as u64, &new, &proof);
            assert_eq!(result, Ok(()), "{from} {size}");
        }
        for index in 0..size {
            let ours = inclusion_proof(&stored, index as u64, size as u64).unwrap();
            let slow = inclusion_proof(&Leaves(&hashes), index as u64, size as u64).unwrap();
            assert_eq!(ours, slow);
            let result = verify_inclusion(&hashes[index], index as u64, size as u64, &ours, &new);
            assert_eq!(result, Ok(()), "{index} {size}");
        }
    }
    assert_eq!(node_hash(&hashes[0], &hashes[1]), root(&hashes[..2]));
}
