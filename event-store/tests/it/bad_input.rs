//! What callers may hand in by mistake, each refused by name. Limits are in `limit.rs`, wrong
//! revisions and places beyond the end in `contract.rs`, other formats in `corrupt.rs` and
//! `fixture.rs`.

use event_store::{Engine, Filter, LogName, Position, ReadError, Revision, TokenError};

use crate::place::{OnDisk, Place};
use crate::sample::{fill, log, stream};

async fn an_unknown_log_is_empty_and_nothing_is_beyond_its_end(place: impl Place) {
    let store = place.open();
    fill(&store, 0..5).await;
    let unknown = log("entries/NL/9");
    assert_eq!(store.log_size(&unknown), 0);
    assert_eq!(store.read_log(&unknown, 0, 9).unwrap(), []);
    let page = store.read_since(Position(0), &Filter::Log(unknown.clone()), 99).unwrap();
    assert_eq!((page.records.len(), page.next), (0, store.next_position()));
    let beyond = |result: Result<(), ReadError>| match result {
        Err(ReadError::BeyondEnd { asked, end }) => (asked, end),
        other => panic!("{other:?}"),
    };
    assert_eq!(beyond(store.read_log(&unknown, 1, 9).map(|_| ())), (1, 0));
    assert_eq!(beyond(store.root_at(&unknown, 3).map(|_| ())), (3, 0));
    assert_eq!(beyond(store.inclusion_proof(&unknown, 0, 1).map(|_| ())), (1, 0));
    assert_eq!(beyond(store.consistency_proof(&unknown, 0, 2).map(|_| ())), (2, 0));
    let read = store.read_stream(&stream("nobody"), Revision(1), 9);
    assert_eq!(beyond(read.map(|_| ())), (1, 0));
    // A name that can be no log's is refused before it reaches a store.
    for name in ["", "a b", "über", &"x".repeat(65)] {
        assert!(LogName::new(name).is_err(), "{name}");
    }
}

async fn a_token_of_another_store_is_refused(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..5).await;
    // Both have the position; only one has made the token.
    let other = place.another();
    let foreign = other.open();
    fill(&foreign, 0..5).await;
    let token = foreign.token(Position(3));
    assert_eq!(foreign.position_of(token.as_bytes()), Ok(Position(3)));
    assert_eq!(store.position_of(token.as_bytes()), Err(TokenError::AnotherStore));

    // An older copy has not come so far.
    store.close();
    let copy = place.copy();
    let (old, store) = (copy.open(), place.open());
    fill(&store, 5..9).await;
    let end = store.next_position();
    let token = store.token(end);
    assert_eq!(store.position_of(token.as_bytes()), Ok(end));
    let beyond = TokenError::BeyondEnd { asked: end, end: old.next_position() };
    assert_eq!(old.position_of(token.as_bytes()), Err(beyond));
}

async fn what_is_no_token_is_refused(place: OnDisk) {
    let store = place.open();
    fill(&store, 0..5).await;
    let token = store.token(Position(2)).as_bytes().to_vec();
    for at in 0..token.len() {
        let mut flipped = token.clone();
        flipped[at] ^= 1 << (at % 8);
        let error = store.position_of(&flipped).unwrap_err();
        assert_eq!(error, TokenError::Malformed { length: 29 }, "{at}");
        let length = at;
        assert_eq!(store.position_of(&token[..at]), Err(TokenError::Malformed { length }));
    }
    let longer = [&token[..], &[0]].concat();
    assert_eq!(store.position_of(&longer), Err(TokenError::Malformed { length: 30 }));
}

crate::place::on_each_engine!(
    an_unknown_log_is_empty_and_nothing_is_beyond_its_end;
    a_token_of_another_store_is_refused,
    what_is_no_token_is_refused
);
