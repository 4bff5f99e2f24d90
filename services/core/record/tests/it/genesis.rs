//! A corridor is founded by both root keys, within range, or not at all.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::time::Span;
use proto::record::v1;
use record::canonical;
use record::genesis::{Clocks, Genesis, GenesisError, Party, SignedGenesis};
use record::key::Signer as _;

use crate::world::{founded, nl, signed_genesis, signer, xk};

#[test]
fn a_genesis_is_written_and_read_back_and_names_its_corridor() {
    let genesis = founded();
    assert_eq!(Genesis::decode(&genesis.encode()).unwrap(), genesis);
    assert_eq!((genesis.first().state, genesis.second().state), (nl(), xk()));
    let corridor = genesis.corridor();
    assert_eq!(corridor.genesis, genesis.digest());
    assert_eq!(corridor.skew, Span::from_ms(300_000));
    assert!(genesis.allows_settable_clock());
    let signed = signed_genesis();
    assert_eq!(SignedGenesis::decode(&signed.encode()).unwrap(), signed);
}

#[test]
fn a_field_out_of_range_is_named() {
    let good: v1::Genesis = canonical::decode(&founded().encode()).unwrap();
    let party = |state: &str, key: Vec<u8>| Some(v1::Party { state: state.into(), root_key: key });
    let key = |seed| signer(seed).public_key().as_bytes().to_vec();
    let cases: Vec<(&str, v1::Genesis)> = vec![
        ("version", v1::Genesis { version: 2, ..good.clone() }),
        ("environment", v1::Genesis { environment: String::new(), ..good.clone() }),
        ("environment", v1::Genesis { environment: "Test".into(), ..good.clone() }),
        ("environment", v1::Genesis { environment: "t".repeat(65), ..good.clone() }),
        ("first", v1::Genesis { first: None, ..good.clone() }),
        ("first", v1::Genesis { first: party("nl", key(1)), ..good.clone() }),
        ("first", v1::Genesis { first: party("NL", vec![1; 31]), ..good.clone() }),
        ("first", v1::Genesis { first: party("NL", vec![0; 32]), ..good.clone() }),
        ("second.state", v1::Genesis { second: party("NL", key(2)), ..good.clone() }),
        ("second.state", v1::Genesis { second: party("AL", key(2)), ..good.clone() }),
        ("second.root_key", v1::Genesis { second: party("XK", key(1)), ..good.clone() }),
        ("clock_skew_ms", v1::Genesis { clock_skew_ms: 0, ..good.clone() }),
        ("clock_skew_ms", v1::Genesis { clock_skew_ms: 3_600_001, ..good.clone() }),
        ("grace_ms", v1::Genesis { grace_ms: 0, ..good.clone() }),
        ("grace_ms", v1::Genesis { grace_ms: 2_678_400_001, ..good.clone() }),
        ("kinds", v1::Genesis { kinds: vec![], ..good.clone() }),
        ("kinds", v1::Genesis { kinds: vec![11, 10], ..good.clone() }),
        ("kinds", v1::Genesis { kinds: vec![10, 10], ..good.clone() }),
    ];
    for (expected, message) in cases {
        match Genesis::decode(&canonical::encode(&message)) {
            Err(GenesisError::InvalidField { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn only_the_two_root_keys_sign_and_each_in_its_place() {
    let genesis = founded();
    let (first, second) = (genesis.sign(&signer(1)).unwrap(), genesis.sign(&signer(2)).unwrap());
    assert_eq!(genesis.sign(&signer(3)), Err(GenesisError::NotARootKey));
    let swapped = SignedGenesis::new(genesis.clone(), second.clone(), first.clone());
    assert_eq!(swapped, Err(GenesisError::NotSigned { state: nl() }));
    let party = |state, seed| Party { state, root_key: signer(seed).public_key() };
    let parties = [party(nl(), 1), party(xk(), 2)];
    let elsewhere = Genesis::found("test-other", parties, Clocks::default(), [10].into()).unwrap();
    let moved = SignedGenesis::new(elsewhere, first, second);
    assert_eq!(moved, Err(GenesisError::NotSigned { state: nl() }));
}

#[test]
fn any_flipped_bit_of_a_signed_genesis_is_detected() {
    let bytes = signed_genesis().encode();
    for index in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        assert!(SignedGenesis::decode(&flipped).is_err(), "bit {index}");
    }
}
