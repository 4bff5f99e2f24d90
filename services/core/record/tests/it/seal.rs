//! Sealed bodies and wrapped case keys open at their own place only.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::identifier::Digest;
use record::log_id::LogId;
use record::seal::{CaseKey, DoesNotOpen, Place, Purpose};
use record::wrap::{OpeningKey, UnwrapError, unwrap, wrap};

use crate::world::{Fixed, case_id, case_key, nl, other_case_id, said, xk};

fn place() -> Place {
    let log = LogId::shared(&Digest::new([1; 32]), nl(), 0);
    Place { log, position: 4, case: case_id() }
}

/// The same place, but for one thing.
fn other_places() -> Vec<Place> {
    let genesis = Digest::new([1; 32]);
    vec![
        Place { position: 5, ..place() },
        Place { case: other_case_id(), ..place() },
        Place { log: LogId::shared(&genesis, xk(), 0), ..place() },
        Place { log: LogId::shared(&genesis, nl(), 1), ..place() },
        Place { log: LogId::shared(&Digest::new([2; 32]), nl(), 0), ..place() },
        Place { log: LogId::local(&genesis, nl()), ..place() },
    ]
}

#[test]
fn a_body_opens_with_its_key_at_its_place_for_its_purpose() {
    let body = record::body::encode(&said());
    let sealed = case_key().seal(&place(), Purpose::Body, &body);
    assert_eq!(sealed.len(), body.len() + 16);
    let opened = case_key().open(&place(), Purpose::Body, &sealed).unwrap();
    assert_eq!(record::body::decode(&opened), Ok(said()));
    for other in other_places() {
        assert_eq!(case_key().open(&other, Purpose::Body, &sealed), Err(DoesNotOpen));
    }
    assert_eq!(case_key().open(&place(), Purpose::LocalBody, &sealed), Err(DoesNotOpen));
    let other_key = CaseKey::generate(&mut Fixed(0));
    assert_eq!(other_key.open(&place(), Purpose::Body, &sealed), Err(DoesNotOpen));
}

#[test]
fn any_flipped_bit_of_a_sealed_body_is_detected() {
    let sealed = case_key().seal(&place(), Purpose::Body, b"something personal");
    for index in 0..sealed.len() * 8 {
        let mut flipped = sealed.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        assert_eq!(case_key().open(&place(), Purpose::Body, &flipped), Err(DoesNotOpen));
    }
}

#[test]
fn a_case_key_is_unwrapped_by_its_recipient_and_held_to_its_commitment() {
    let genesis = Digest::new([1; 32]);
    let recipient = OpeningKey::generate(&mut Fixed(3));
    let commitment = case_key().commitment(&place());
    let wrapped =
        wrap(&case_key(), &genesis, &place(), &recipient.public_key(), &mut Fixed(5)).unwrap();
    let opened = unwrap(&wrapped, &genesis, &place(), &commitment, &recipient).unwrap();
    assert_eq!(opened.expose(), case_key().expose());

    let stranger = OpeningKey::generate(&mut Fixed(4));
    let by_stranger = unwrap(&wrapped, &genesis, &place(), &commitment, &stranger);
    assert_eq!(by_stranger.unwrap_err(), UnwrapError::OtherRecipient);
    let committed_to_another = CaseKey::generate(&mut Fixed(0)).commitment(&place());
    let other_key = unwrap(&wrapped, &genesis, &place(), &committed_to_another, &recipient);
    assert_eq!(other_key.unwrap_err(), UnwrapError::OtherKey);
    for other in other_places() {
        let elsewhere = unwrap(&wrapped, &genesis, &other, &commitment, &recipient);
        assert_eq!(elsewhere.unwrap_err(), UnwrapError::DoesNotOpen);
    }
    let other_corridor = Digest::new([2; 32]);
    let elsewhere = unwrap(&wrapped, &other_corridor, &place(), &commitment, &recipient);
    assert_eq!(elsewhere.unwrap_err(), UnwrapError::DoesNotOpen);
    for index in 0..wrapped.sealed.len() * 8 {
        let mut flipped = wrapped.clone();
        flipped.sealed[index / 8] ^= 1 << (index % 8);
        let changed = unwrap(&flipped, &genesis, &place(), &commitment, &recipient);
        assert_eq!(changed.unwrap_err(), UnwrapError::DoesNotOpen);
    }
    for index in 0..wrapped.encapsulated.len() * 8 {
        let mut flipped = wrapped.clone();
        flipped.encapsulated[index / 8] ^= 1 << (index % 8);
        let changed = unwrap(&flipped, &genesis, &place(), &commitment, &recipient);
        assert_eq!(changed.unwrap_err(), UnwrapError::DoesNotOpen);
    }
}

#[test]
fn secrets_are_not_printed() {
    assert_eq!(format!("{:?}", case_key()), "CaseKey(withheld)");
    let message = proto::record::v1::Body::from(&said());
    assert_eq!(format!("{message:?}"), "Body(withheld)");
    assert!(!format!("{:?}", crate::world::signer(1)).contains("0101"));
}
