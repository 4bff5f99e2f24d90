//! Proofs that the store makes hold for the verifier, for every pair of sizes.

use event_store::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use event_store::{Engine, ReadError};

use crate::place::Place;
use crate::sample::{LOGS, fill, log};

async fn proofs_hold_from_memory_and_from_files(place: impl Place) {
    let store = place.open();
    fill(&store, 0..40).await;
    check(&store);
    store.close();
    check(&place.open());
    place.lose_index();
    check(&place.open());
}

fn check(store: &impl Engine) {
    for name in LOGS.map(log) {
        let records = store.read_log(&name, 0, 1000).unwrap();
        let end = records.len() as u64;
        for size in 1..=end {
            let root = store.root_at(&name, size).unwrap();
            for index in 0..size {
                let proof = store.inclusion_proof(&name, index, size).unwrap();
                let leaf = leaf_hash(&records[usize::try_from(index).unwrap()].leaf);
                assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
            }
            for from in 0..=size {
                let proof = store.consistency_proof(&name, from, size).unwrap();
                let old = store.root_at(&name, from).unwrap();
                assert_eq!(verify_consistency(from, &old, size, &root, &proof), Ok(()));
            }
        }
        assert_eq!(store.log_frontier(&name).root(), store.root_at(&name, end).unwrap());
        let beyond = store.inclusion_proof(&name, end, end);
        assert!(matches!(beyond, Err(ReadError::BeyondEnd { .. })));
        let beyond = store.consistency_proof(&name, 1, end + 1);
        assert!(matches!(beyond, Err(ReadError::BeyondEnd { .. })));
    }
}

crate::place::on_each_engine!(proofs_hold_from_memory_and_from_files);
