//! Which key counts when: by dispatch number and by rising serials.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{KeyAnnounced, Statement};
use domain::identifier::Digest;
use domain::time::Instant;
use record::arrival::{Fault, NotAuthentic};
use record::dispatch::{Dispatch, Header};
use record::key::{KeyId, NotAKey, PublicKey, Signer as _};
use record::key_directory::{KeyDirectory, Placed};
use record::log::ComposeError;
use record::root_statement::{AnnouncedKey, Root, RootStatement, RootStatementError};

use crate::world::{World, nl, signer, xk};

fn root() -> Root {
    let genesis = *crate::world::signed_genesis().digest();
    Root { genesis, author: nl(), key: signer(1).public_key() }
}

fn announced(serial: u64, seed: u8) -> Vec<u8> {
    let key = AnnouncedKey::Log(signer(seed).public_key());
    let statement = RootStatement::announcing(serial, key);
    statement.sign(&root().genesis, nl(), &signer(1)).unwrap()
}

/// Takes in the announcement that stands at a place of dispatch `number`.
fn announce(
    keys: &mut KeyDirectory,
    root_statement: Vec<u8>,
    number: u64,
    index: usize,
) -> Result<(), RootStatementError> {
    let statement = Statement::KeyAnnounced(KeyAnnounced { root_statement });
    keys.take(&Placed { header: header(number), index, position: number, statement: &statement })
}

/// A header of which only the number matters.
fn header(number: u64) -> Header {
    Header {
        author: nl(),
        era: 0,
        number,
        previous: None,
        time: Instant::from_ms(0),
        log_size: 0,
        log_root: Digest::new([0; 32]),
        heard: None,
        corrects_clock: false,
    }
}

fn id(seed: u8) -> KeyId {
    signer(seed).key_id()
}

#[test]
fn a_log_key_signs_from_its_announcement_until_the_next() {
    let mut keys = KeyDirectory::new(root());
    announce(&mut keys, announced(1, 11), 0, 0).unwrap();
    announce(&mut keys, announced(2, 12), 5, 1).unwrap();
    announce(&mut keys, announced(4, 13), 9, 0).unwrap();
    let may = |number, seed| keys.may_sign(number, id(seed)).is_some();
    for (number, first, second, third) in [
        (0, true, false, false),
        (5, true, false, false),
        (6, false, true, false),
        (9, false, true, true),
        (10, false, false, true),
    ] {
        let found = (may(number, 11), may(number, 12), may(number, 13));
        assert_eq!(found, (first, second, third), "dispatch {number}");
    }
    assert_eq!(keys.next_serial(), 5);
}

#[test]
fn a_statement_counts_once_for_its_own_corridor_and_key_only() {
    let mut keys = KeyDirectory::new(root());
    announce(&mut keys, announced(3, 11), 0, 0).unwrap();
    let again = announce(&mut keys, announced(3, 12), 1, 0);
    assert_eq!(again, Err(RootStatementError::SerialMustRise { last: 3, found: 3 }));
    let key = AnnouncedKey::Log(signer(11).public_key());
    let forged = RootStatement::announcing(9, key).sign(&root().genesis, nl(), &signer(2)).unwrap();
    assert_eq!(announce(&mut keys, forged, 1, 0), Err(RootStatementError::NotSigned));
    let elsewhere =
        RootStatement::announcing(9, key).sign(&root().genesis, xk(), &signer(1)).unwrap();
    assert_eq!(announce(&mut keys, elsewhere, 1, 0), Err(RootStatementError::Elsewhere));
    assert_eq!(keys.may_sign(2, id(12)), None);
}

#[test]
fn any_flipped_bit_of_a_key_announcement_is_detected() {
    let bytes = announced(1, 11);
    for index in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[index / 8] ^= 1 << (index % 8);
        assert!(RootStatement::verify(&flipped, &root()).is_err(), "bit {index}");
    }
}

#[test]
fn a_key_of_small_order_or_in_another_encoding_is_no_key() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let mut one_more_than_the_field = [0xff; 32];
    one_more_than_the_field[0] = 0xee;
    one_more_than_the_field[31] = 0x7f;
    for bytes in [&identity[..], &[0; 32], &one_more_than_the_field, &[1; 31], &[]] {
        assert_eq!(PublicKey::from_slice(bytes), Err(NotAKey));
    }
}

#[test]
fn a_dispatch_is_signed_by_the_key_that_its_first_entry_announces() {
    let mut world = World::story();
    let root_statement = announced(3, 21);
    let statement = Statement::KeyAnnounced(KeyAnnounced { root_statement });
    world.nl.log_key = signer(21);
    world.say(nl(), None, &[statement]);
    world.say(nl(), None, &[]);
    world.nl.log_key = signer(3);
    let now = domain::time::Instant::from_ms(world.now);
    let outdated = world.nl.own.compose(vec![], world.nl.replica.head(), now, &signer(3));
    assert!(matches!(outdated, Err(ComposeError::KeyNotValid { .. })));
}

#[test]
fn an_old_statement_brings_no_old_key_back() {
    let mut world = World::story();
    let rotated = Statement::KeyAnnounced(KeyAnnounced { root_statement: announced(3, 21) });
    world.nl.log_key = signer(21);
    world.say(nl(), None, &[rotated]);
    // Somebody who holds the old key repeats its statement to sign with it once more.
    let old = Statement::KeyAnnounced(KeyAnnounced { root_statement: announced(1, 3) });
    let entry = world.nl.entry(world.nl.own.next_position(), None, &old);
    let mut dispatch = world.compose(nl(), None, &[old]);
    let header = *dispatch.signed_header.header();
    let genesis = *world.genesis.digest();
    dispatch = Dispatch {
        signed_header: record::dispatch::SignedHeader::sign(&header, &genesis, &signer(3)).unwrap(),
        entries: vec![entry],
        case_keys: vec![],
    };
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::NotAuthentic(NotAuthentic::UnknownKey(id(3))));
}
