//! What arrives, and what is done: each row of the table, and any bit that flips on the way.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{KeyAnnounced, Statement};
use domain::chain::{Content, Heard};
use domain::identifier::{Digest, State};
use domain::time::Instant;
use merkle::Frontier;
use proptest::prelude::*;
use record::arrival::{Fault, GapSignature, NotAuthentic};
use record::breach::Breach;
use record::dispatch::{Dispatch, DispatchError, ENTRIES_MAX, Header, SignedHeader};
use record::entry::{Entry, Head, Owner};
use record::key::Signer as _;
use record::key_directory::Placed;
use record::log::{ComposeError, LogState};
use record::root_statement::{AnnouncedKey, RootStatement};

use crate::world::{World, case_id, nl, other_case_id, request, signer, xk};

/// The next dispatch of NL with a changed header, signed by NL all the same.
fn resigned(world: &mut World, change: impl Fn(&mut Header)) -> Dispatch {
    let mut dispatch = world.compose(nl(), Some(case_id()), &[Statement::RequestWithdrawn]);
    let mut header = *dispatch.signed_header.header();
    change(&mut header);
    let genesis = *world.genesis.digest();
    dispatch.signed_header = SignedHeader::sign(&header, &genesis, &world.nl.log_key).unwrap();
    dispatch
}

fn fault_of(change: impl Fn(&mut Header)) -> Fault {
    let mut world = World::story();
    let dispatch = resigned(&mut world, change);
    world.offer(&dispatch.encode(), nl()).unwrap_err()
}

#[test]
fn a_story_is_stored_alike_on_both_sides() {
    let world = World::story();
    for (author, holder) in [(&world.nl, &world.xk), (&world.xk, &world.nl)] {
        assert_eq!(author.own.head(), holder.replica.head());
        assert_eq!(author.own.frontier(), holder.replica.frontier());
        let hpke = author.opening_key.public_key();
        assert_eq!(holder.replica.keys().hpke_key().map(|key| key.public_key), Some(hpke));
    }
}

#[test]
fn a_number_again_is_a_duplicate_even_with_another_signature() {
    let world = World::story();
    for dispatch in &world.nl.sent {
        let number = dispatch.signed_header.header().number;
        let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
        assert_eq!(fault, Fault::Duplicate { number });
    }
}

#[test]
fn another_header_for_a_stored_number_is_a_rival() {
    let mut world = World::story();
    let number = 1;
    let mut header = *world.nl.sent[1].signed_header.header();
    header.time = header.time.plus(domain::time::Span::from_ms(1));
    let genesis = *world.genesis.digest();
    let rival = |seed| Dispatch {
        signed_header: SignedHeader::sign(&header, &genesis, &signer(seed)).unwrap(),
        entries: vec![],
        case_keys: vec![],
    };
    let fault = world.offer(&rival(3).encode(), nl()).unwrap_err();
    let stored = *world.nl.sent[1].signed_header.digest();
    let arrived = *rival(3).signed_header.digest();
    assert_eq!(fault, Fault::Rival { number, stored, arrived });
    let by_stranger = world.offer(&rival(99).encode(), nl()).unwrap_err();
    assert!(matches!(by_stranger, Fault::NotAuthentic(NotAuthentic::UnknownKey(_))));
    world.xk.received.clear();
    let silent = world.offer(&rival(3).encode(), nl()).unwrap_err();
    assert_eq!(silent, Fault::Unjudged { number });
}

#[test]
fn a_gap_is_parked_only_when_it_is_the_partners() {
    let mut world = World::story();
    let wanted = world.nl.own.next_number();
    world.compose(nl(), None, &[]);
    let key = AnnouncedKey::Log(signer(31).public_key());
    let genesis = *world.genesis.digest();
    let root_statement =
        RootStatement::announcing(7, key).sign(&genesis, nl(), &world.nl.root).unwrap();
    let later = world.compose(nl(), None, &[]);
    let number = wanted + 1;
    let fault = world.offer(&later.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::Gap { wanted, number, signature: GapSignature::Verified });
    // The key of the dispatch after next is announced in one that is missing.
    let announced = Statement::KeyAnnounced(KeyAnnounced { root_statement });
    world.compose(nl(), None, &[announced]);
    world.nl.log_key = signer(31);
    let last = world.compose(nl(), None, &[]);
    let fault = world.offer(&last.encode(), nl()).unwrap_err();
    let number = wanted + 3;
    assert_eq!(fault, Fault::Gap { wanted, number, signature: GapSignature::KeyUnknown });
    // Fetched from the first missing one, everything is taken in.
    let missing = usize::try_from(wanted).unwrap();
    let sent = world.nl.sent.clone();
    for dispatch in &sent[missing..] {
        world.deliver(dispatch).unwrap();
    }
}

#[test]
fn a_date_in_the_future_is_parked_until_it_is_not() {
    let mut world = World::story();
    let skew = world.genesis.genesis().skew();
    let date = Instant::from_ms(world.now + 60_000 + skew.as_ms() + 1);
    let dispatch = resigned(&mut world, |header| header.time = date);
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::Future { until: date.less(skew) });
    world.now += 1;
    world.offer(&dispatch.encode(), nl()).unwrap();
}

#[test]
fn a_broken_chain_is_named() {
    let broken = |breach| Fault::BrokenChain { number: 5, breach };
    let number = World::story().nl.own.next_number();
    assert_eq!(number, 5);
    type Change = fn(&mut Header);
    let cases: [(Breach, Change); 8] = [
        (Breach::Previous, |header| header.previous = Some(Digest::new([7; 32]))),
        (Breach::Previous, |header| header.previous = None),
        (Breach::Time, |header| header.time = Instant::from_ms(crate::world::MORNING)),
        (Breach::Heard, |header| header.heard = None),
        (Breach::Heard, |header| {
            header.heard = header.heard.map(|heard| Heard { number: 0, ..heard });
        }),
        (Breach::Size, |header| header.log_size = 1),
        (Breach::Size, |header| header.log_size += 256),
        (Breach::Root, |header| header.log_size -= 1),
    ];
    for (breach, change) in cases {
        assert_eq!(fault_of(change), broken(breach), "{breach}");
    }
}

#[test]
fn a_time_behind_what_was_heard_breaks_the_chain() {
    let mut world = World::story();
    world.now += 3_600_000;
    world.say(xk(), None, &[]);
    let behind = world.nl.own.head().unwrap().time;
    let dispatch = resigned(&mut world, |header| header.time = behind);
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::BrokenChain { number: 5, breach: Breach::Time });
}

#[test]
fn a_slow_clock_is_carried_forward_by_what_was_heard() {
    let mut world = World::story();
    world.now += 3_600_000;
    world.say(xk(), None, &[]);
    let listening = world.nl.replica.head().unwrap();
    let slow = Instant::from_ms(crate::world::MORNING);
    let key = signer(3);
    let composed = world.nl.own.compose(vec![], Some(listening), slow, &key).unwrap();
    let skew = world.genesis.genesis().skew();
    assert_eq!(composed.signed_header.header().time, listening.time.less(skew));
}

#[test]
fn hearing_what_was_never_said_is_recognised() {
    for change in [(|heard: &mut Heard| heard.number += 1) as fn(&mut Heard), |heard| {
        heard.number += 1;
        heard.digest = Digest::new([1; 32]);
    }] {
        let fault = fault_of(|header| change(header.heard.as_mut().unwrap()));
        assert!(matches!(fault, Fault::HeardUnknown { number: 5, .. }), "{fault:?}");
    }
    // A number that is there, in an era that is not its own.
    let mut world = World::story();
    world.say(xk(), None, &[]);
    let dispatch = resigned(&mut world, |header| header.heard.as_mut().unwrap().era += 1);
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert!(matches!(fault, Fault::HeardUnknown { number: 5, .. }), "{fault:?}");
}

#[test]
fn entries_that_are_missing_or_changed_are_withheld_and_no_proof_against_the_author() {
    let mut world = World::story();
    let said = [Statement::RequestWithdrawn, Statement::CaseClosed];
    let dispatch = world.compose(nl(), Some(case_id()), &said);
    let number = dispatch.signed_header.header().number;
    let base = dispatch.entries[0].clone();
    let position = Head::decode(&base.head).unwrap().position;
    let offered = |entries: Vec<Entry>| {
        let changed = Dispatch { entries, ..dispatch.clone() };
        world.offer(&changed.encode(), nl()).unwrap_err()
    };
    let whole = Fault::EntriesWithheld { number, position: None };
    assert_eq!(offered(vec![]), whole);
    assert_eq!(offered(vec![base.clone()]), whole);
    assert_eq!(offered(vec![dispatch.entries[1].clone(), base.clone()]), whole);
    // Another entry, right in itself, put in by whoever carried the dispatch.
    let other = world.nl.entry(position, Some(case_id()), &Statement::HoldPlaced);
    assert_eq!(offered(vec![other, dispatch.entries[1].clone()]), whole);
    let facts = Entry { facts: vec![1], ..base };
    let at = Fault::EntriesWithheld { number, position: Some(position) };
    assert_eq!(offered(vec![facts, dispatch.entries[1].clone()]), at);
}

/// The next dispatch of NL over one entry that is not as entries are made.
fn with_entry(world: &mut World, change: impl Fn(&mut Entry)) -> Dispatch {
    with_entries(world, 1, change)
}

fn with_entries(world: &mut World, count: usize, change: impl Fn(&mut Entry)) -> Dispatch {
    let mut frontier = world.nl.own.frontier().clone();
    let mut entries = Vec::new();
    for position in (world.nl.own.next_position()..).take(count) {
        let mut entry = world.nl.entry(position, Some(case_id()), &Statement::RequestWithdrawn);
        change(&mut entry);
        frontier.push(merkle::leaf_hash(&entry.head));
        entries.push(entry);
    }
    let (size, root) = (frontier.size(), Digest::new(frontier.root()));
    let mut dispatch = resigned(world, |header| {
        header.log_size = size;
        header.log_root = root;
    });
    dispatch.entries = entries;
    dispatch
}

fn change_head(entry: &mut Entry, change: impl Fn(&mut Head)) {
    let mut head = Head::decode(&entry.head).unwrap();
    change(&mut head);
    entry.head = head.encode();
}

#[test]
fn a_malformed_head_under_the_signed_root_breaks_the_chain() {
    let mut world = World::story();
    let position = world.nl.own.next_position();
    let moved = with_entry(&mut world, |entry| change_head(entry, |head| head.position += 1));
    let fault = world.offer(&moved.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::BrokenChain { number: 5, breach: Breach::Head { position } });
    let mut world = World::story();
    // Of several, the first is named.
    let padded = with_entries(&mut world, 2, |entry| entry.head.extend([0x30, 0x01]));
    let fault = world.offer(&padded.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::BrokenChain { number: 5, breach: Breach::Head { position } });
}

#[test]
fn an_entry_that_breaks_a_rule_is_stored_and_not_understood() {
    let nobody = |entry: &mut Entry| change_head(entry, |head| head.tag = Digest::new([3; 32]));
    let committed = |entry: &mut Entry| {
        change_head(entry, |head| head.case_key_commitment = Some(Digest::new([3; 32])));
    };
    let unknown = |entry: &mut Entry| {
        entry.facts.extend([0x9a, 0x06, 0x00]);
        let digest = record::digest::sha256(&[&entry.facts]);
        change_head(entry, |head| head.facts_digest = digest);
    };
    type Change<'a> = &'a dyn Fn(&mut Entry);
    let cases: [(Owner, Change<'_>); 3] = [
        (Owner::Nobody, &nobody),
        (Owner::Case(case_id()), &committed),
        (Owner::Case(case_id()), &unknown),
    ];
    for (owner, change) in cases {
        let mut world = World::story();
        let dispatch = with_entry(&mut world, change);
        let accepted = world.offer(&dispatch.encode(), nl()).unwrap();
        let reading = &accepted.entries[0].reading;
        assert_eq!((reading.owner, &reading.content), (owner, &Content::NotUnderstood));
    }
}

#[test]
fn a_missing_or_changed_body_is_fetched_and_keeps_nothing_back() {
    let mut world = World::story();
    let dispatch = world.compose(nl(), Some(case_id()), &[Statement::RequestWithdrawn]);
    let entry = &dispatch.entries[0];
    let changed = entry.sealed_body.clone().map(|mut body| {
        body[0] ^= 1;
        body
    });
    for (sealed_body, lacks) in [(None, true), (changed, true), (entry.sealed_body.clone(), false)]
    {
        let entries = vec![Entry { sealed_body, ..entry.clone() }];
        let offered = Dispatch { entries, ..dispatch.clone() };
        let accepted = world.offer(&offered.encode(), nl()).unwrap();
        assert_eq!(accepted.entries[0].lacks_body(), lacks);
    }
}

#[test]
fn a_dispatch_of_another_log_corridor_or_size_is_not_authentic() {
    let mut world = World::story();
    let dispatch = world.compose(nl(), None, &[]);
    let other_log = world.offer(&dispatch.encode(), xk()).unwrap_err();
    assert_eq!(other_log, Fault::NotAuthentic(NotAuthentic::OtherLog));
    let mut elsewhere = dispatch.clone();
    let header = *dispatch.signed_header.header();
    elsewhere.signed_header =
        SignedHeader::sign(&header, &Digest::new([1; 32]), &world.nl.log_key).unwrap();
    let other_corridor = world.offer(&elsewhere.encode(), nl()).unwrap_err();
    assert_eq!(other_corridor, Fault::NotAuthentic(NotAuthentic::BadSignature));
    let entry = world.nl.entry(0, Some(case_id()), &Statement::CaseClosed);
    let many = Dispatch { entries: vec![entry; ENTRIES_MAX + 1], ..dispatch };
    let too_many = world.offer(&many.encode(), nl()).unwrap_err();
    let error = DispatchError::TooManyEntries { entries: ENTRIES_MAX + 1 };
    assert_eq!(too_many, Fault::NotAuthentic(NotAuthentic::NoDispatch(error)));
}

#[test]
fn a_dispatch_within_the_limits_is_composed_and_no_larger_one() {
    let world = World::story();
    let compose = |count: u64, body: usize| {
        let start = world.nl.own.next_position();
        let entries: Vec<Entry> = (start..start + count)
            .map(|position| {
                let mut entry =
                    world.nl.entry(position, Some(case_id()), &Statement::RequestWithdrawn);
                entry.sealed_body = Some(vec![0; body]);
                entry
            })
            .collect();
        let bytes = record::dispatch::encoded_bytes(&entries);
        let now = Instant::from_ms(world.now);
        let composed = world.nl.own.compose(entries, world.nl.replica.head(), now, &signer(3));
        composed.map(|composed| {
            let dispatch = Dispatch {
                signed_header: composed.signed_header,
                entries: composed.entries,
                case_keys: vec![],
            };
            let header = dispatch.signed_header.bytes().len();
            let whole = dispatch.encode().len();
            assert!(whole > bytes + header && whole < bytes + header + 4);
        })
    };
    compose(256, 1_000).unwrap();
    compose(15, 32 * 1024).unwrap();
    for (count, body) in [(257, 0), (16, 32 * 1024)] {
        let error = compose(count, body).unwrap_err();
        assert!(matches!(error, ComposeError::TooLarge(_)), "{error:?}");
    }
}

#[test]
fn a_state_is_resumed_and_replayed_from_what_is_stored() {
    let world = World::story();
    for node in [&world.nl, &world.xk] {
        let mut replayed = LogState::new(&world.genesis, node.state).unwrap();
        let mut announcements = Vec::new();
        for dispatch in &node.sent {
            let heads = dispatch.entries.iter().map(|it| (&it.head[..], Some(&it.facts[..])));
            replayed = replayed.replay(&dispatch.signed_header, heads).unwrap();
            for (index, entry) in dispatch.entries.iter().enumerate() {
                let Content::Stated(statement) = record::facts::read(&entry.facts) else {
                    panic!()
                };
                let position = Head::decode(&entry.head).unwrap().position;
                let header = *dispatch.signed_header.header();
                announcements.push((header, index, position, statement));
            }
        }
        let (size, peaks) = node.own.frontier().clone().into_parts();
        let resumed = LogState::resume(
            &world.genesis,
            node.state,
            node.sent.last().map(|dispatch| &dispatch.signed_header),
            Frontier::from_parts(size, peaks).unwrap(),
            announcements.iter().map(|(header, index, position, statement)| Placed {
                header: *header,
                index: *index,
                position: *position,
                statement,
            }),
        );
        let now = Instant::from_ms(world.now);
        let next = |state: &LogState| {
            let composed = state.compose(vec![], node.replica.head(), now, &node.log_key);
            *composed.unwrap().signed_header.digest()
        };
        assert_eq!(next(&replayed), next(&node.own));
        assert_eq!(next(&resumed.unwrap()), next(&node.own));
    }
    let foreign = LogState::resume(
        &world.genesis,
        nl(),
        world.xk.sent.last().map(|dispatch| &dispatch.signed_header),
        world.xk.own.frontier().clone(),
        [],
    );
    assert!(foreign.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Invariant 7, on the way: whichever bit of a dispatch flips, it is not stored as it is, or
    /// only its body is fetched again.
    #[test]
    fn any_flipped_bit_of_a_dispatch_is_detected(which in 0..3_usize, place: prop::sample::Index) {
        let mut world = World::story();
        let author: State = nl();
        let dispatch = match which {
            0 => world.compose(author, Some(case_id()), &[Statement::RequestWithdrawn]),
            1 => world.compose(author, Some(other_case_id()), &[request(), Statement::CaseClosed]),
            _ => {
                let key = AnnouncedKey::Log(signer(21).public_key());
                let statement = RootStatement::announcing(3, key);
                let genesis = *world.genesis.digest();
                let root_statement = statement.sign(&genesis, author, &signer(1)).unwrap();
                world.nl.log_key = signer(21);
                let announced = Statement::KeyAnnounced(KeyAnnounced { root_statement });
                world.compose(author, None, &[announced])
            }
        };
        let dispatch = Dispatch { case_keys: vec![], ..dispatch };
        let mut bytes = dispatch.encode();
        let bit = place.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        match world.offer(&bytes, author) {
            Ok(accepted) => prop_assert!(accepted.entries.iter().any(|it| it.lacks_body())),
            Err(Fault::NotAuthentic(_) | Fault::EntriesWithheld { .. }) => {}
            Err(other) => prop_assert!(false, "{other:?}"),
        }
    }
}
