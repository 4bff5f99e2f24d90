//! The stand-alone verifier: what a bundle proves, and where it says that one is wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{Kind, Opaque, Restated, Statement};
use domain::chain::Content;
use domain::identifier::CaseId;
use proto::record::v1::{EvidenceBundle, LogEvidence};
use record::bundle::{self, Invalid, Location, Reason};
use record::canonical;
use record::entry::Owner;
use record::entry_proof::{self, Proving};

use crate::world::{World, case_id, case_key, nl, other_case_id, said, xk};

fn exported(world: &World, case: CaseId) -> Vec<u8> {
    let [first, second] = world.stored();
    bundle::export(&world.genesis, case, [first, second], None)
}

fn read(bytes: &[u8]) -> EvidenceBundle {
    canonical::decode(bytes).unwrap()
}

fn fault(bundle: &EvidenceBundle) -> Invalid {
    bundle::verify(&canonical::encode(bundle)).unwrap_err()
}

#[test]
fn a_bundle_proves_who_said_what_and_when_it_was_heard() {
    let world = World::story();
    let verified = bundle::verify(&exported(&world, case_id())).unwrap();
    assert_eq!(verified.corridor, world.genesis.genesis().corridor());
    assert_eq!((verified.extent.dispatches, verified.extent.entries), (9, 12));
    let told: Vec<(_, Kind, bool)> = verified
        .timeline
        .iter()
        .filter(|said| said.case.is_some())
        .map(|said| {
            let Content::Stated(statement) = &said.content else { panic!() };
            (said.author, statement.kind(), said.heard_by_partner.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            (nl(), Kind::RequestFiled, true),
            (xk(), Kind::RequestAdmitted, true),
            (nl(), Kind::RegisterCheckRequested, true),
            (xk(), Kind::IdentityConfirmed, true),
            (xk(), Kind::RequestAccepted, true),
        ]
    );
}

#[test]
fn a_bundle_shows_nothing_of_another_case() {
    let world = World::story();
    let bytes = exported(&world, case_id());
    let of_other_case = other_case_id();
    let shown = bytes.windows(16).any(|window| window == of_other_case.as_bytes());
    assert!(!shown);
    let hidden = |log: Option<LogEvidence>| {
        let dispatches = log.unwrap().dispatches.into_iter();
        dispatches.flat_map(|it| it.entries).filter(|it| it.facts.is_empty()).count()
    };
    assert_eq!(hidden(read(&bytes).first), 1);
    assert_eq!(hidden(read(&bytes).second), 0);
}

#[test]
fn both_nodes_export_the_same_bytes() {
    let world = World::story();
    let mut other = World::story();
    std::mem::swap(&mut other.nl.sent, &mut other.xk.received);
    std::mem::swap(&mut other.xk.sent, &mut other.nl.received);
    assert_eq!(exported(&world, case_id()), exported(&other, case_id()));
}

#[test]
fn a_case_that_nobody_opened_proves_nothing() {
    let bytes = exported(&World::story(), CaseId::new([0x33; 16]));
    let expected = Invalid { place: Location::Bundle, reason: Reason::NoCase };
    assert_eq!(bundle::verify(&bytes).unwrap_err(), expected);
}

#[test]
fn an_entry_of_the_case_cannot_be_left_out() {
    let bytes = exported(&World::story(), case_id());
    let mut without_facts = read(&bytes);
    let log = without_facts.second.as_mut().unwrap();
    log.dispatches[3].entries[1].facts.clear();
    let place = Location::Entry { author: xk(), position: 5 };
    assert_eq!(fault(&without_facts), Invalid { place, reason: Reason::OtherFacts });

    let mut without_entry = read(&bytes);
    without_entry.second.as_mut().unwrap().dispatches[3].entries.pop();
    let place = Location::Dispatch { author: xk(), number: 3 };
    assert_eq!(fault(&without_entry), Invalid { place, reason: Reason::OtherHeads });

    let mut without_tail = read(&bytes);
    without_tail.second.as_mut().unwrap().dispatches.pop();
    let place = Location::Dispatch { author: nl(), number: 4 };
    assert_eq!(fault(&without_tail), Invalid { place, reason: Reason::HeardUnknown });
}

#[test]
fn facts_of_another_case_do_not_belong_in_a_bundle() {
    let world = World::story();
    let mut bundle = read(&exported(&world, case_id()));
    let stray = &world.nl.sent[2].entries[0];
    bundle.first.as_mut().unwrap().dispatches[2].entries[0].facts = stray.facts.clone();
    let place = Location::Entry { author: nl(), position: 4 };
    assert_eq!(fault(&bundle), Invalid { place, reason: Reason::StrayFacts });
}

#[test]
fn dispatches_of_another_corridor_or_order_do_not_verify() {
    let bytes = exported(&World::story(), case_id());
    let mut swapped = read(&bytes);
    let EvidenceBundle { first, second, .. } = &mut swapped;
    std::mem::swap(first, second);
    let place = Location::Dispatch { author: nl(), number: 0 };
    assert_eq!(fault(&swapped), Invalid { place, reason: Reason::NoHeader });
    let mut shifted = read(&bytes);
    shifted.first.as_mut().unwrap().dispatches.remove(0);
    assert_eq!(fault(&shifted), Invalid { place, reason: Reason::NoHeader });
}

/// Flips each bit of one part of a bundle and holds every fault to a place.
fn located(part: impl Fn(&mut EvidenceBundle) -> &mut Vec<u8>, expected: &[Location]) {
    let bytes = exported(&World::story(), case_id());
    let length = part(&mut read(&bytes)).len();
    for bit in 0..length * 8 {
        let mut bundle = read(&bytes);
        part(&mut bundle)[bit / 8] ^= 1 << (bit % 8);
        let found = fault(&bundle);
        assert!(expected.contains(&found.place), "bit {bit}: {found}");
    }
}

#[test]
fn a_flipped_bit_is_located_where_it_is() {
    let dispatch = |number| Location::Dispatch { author: nl(), number };
    let entry = |position| Location::Entry { author: nl(), position };
    located(
        |bundle| &mut bundle.first.as_mut().unwrap().dispatches[1].signed_header,
        &[dispatch(1)],
    );
    located(
        |bundle| &mut bundle.first.as_mut().unwrap().dispatches[1].entries[0].head,
        &[dispatch(1)],
    );
    located(
        |bundle| &mut bundle.first.as_mut().unwrap().dispatches[1].entries[0].facts,
        &[entry(3)],
    );
    // The statement that announces the key which signs the same dispatch.
    located(
        |bundle| &mut bundle.first.as_mut().unwrap().dispatches[0].entries[0].facts,
        &[entry(0)],
    );
    located(|bundle| &mut bundle.genesis.as_mut().unwrap().genesis, &[Location::Genesis]);
    located(|bundle| &mut bundle.genesis.as_mut().unwrap().first_signature, &[Location::Genesis]);
    // The case id decides which facts must be shown.
    located(|bundle| &mut bundle.case_id, &[entry(3)]);
}

#[test]
fn no_flipped_byte_of_a_bundle_goes_unseen() {
    let bytes = exported(&World::story(), case_id());
    assert!(bundle::verify(&bytes).is_ok());
    for index in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[index] ^= 1 << (index % 8);
        assert!(bundle::verify(&flipped).is_err(), "byte {index}");
    }
    for length in 0..bytes.len() {
        if length % 64 == 0 {
            assert!(bundle::verify(&bytes[..length]).is_err(), "cut to {length}");
        }
    }
}

fn with_bodies(world: &World) -> Vec<u8> {
    bundle::export(&world.genesis, case_id(), world.stored(), Some(&case_key()))
}

#[test]
fn a_court_reads_the_bodies_and_a_statistician_does_not() {
    let world = World::story();
    let verified = bundle::verify(&with_bodies(&world)).unwrap();
    let read: Vec<_> = verified.bodies.iter().map(|body| (body.author, body.position)).collect();
    assert_eq!(read, [(nl(), 3), (nl(), 5), (xk(), 3), (xk(), 4), (xk(), 5)]);
    assert_eq!(verified.bodies_left_out, 0);
    let note = said().note;
    assert!(
        verified
            .bodies
            .iter()
            .all(|body| { body.said.as_ref().is_some_and(|particulars| particulars.note == note) })
    );
    let without = bundle::verify(&exported(&world, case_id())).unwrap();
    assert!(without.bodies.is_empty());
    assert_eq!(without.bodies_left_out, 5);
    // One that had not come is left out, and said to be.
    let mut stored = world.stored();
    let entries = stored.iter_mut().flatten().flat_map(|dispatch| &mut dispatch.entries);
    entries.filter(|entry| !entry.sealed_body.is_empty()).last().unwrap().sealed_body.clear();
    let bytes = bundle::export(&world.genesis, case_id(), stored, Some(&case_key()));
    let fewer = bundle::verify(&bytes).unwrap();
    assert_eq!((fewer.bodies.len(), fewer.bodies_left_out), (4, 1));
    assert_eq!(without.case.text(), verified.case.text());
}

#[test]
fn a_case_key_or_body_that_is_another_is_found() {
    let world = World::story();
    let bytes = with_bodies(&world);
    let mut other_key = read(&bytes);
    other_key.case_key[0] ^= 1;
    let expected = Invalid { place: Location::Bundle, reason: Reason::OtherKey };
    assert_eq!(fault(&other_key), expected);
    let mut without_key = read(&bytes);
    without_key.case_key.clear();
    let place = Location::Entry { author: nl(), position: 3 };
    assert_eq!(fault(&without_key), Invalid { place, reason: Reason::StrayBody });
    let mut other_body = read(&bytes);
    other_body.first.as_mut().unwrap().dispatches[1].entries[0].sealed_body[0] ^= 1;
    assert_eq!(fault(&other_body), Invalid { place, reason: Reason::OtherBody });
    let mut stray = read(&bytes);
    let entries = &mut stray.first.as_mut().unwrap().dispatches[2].entries;
    entries[0].sealed_body = world.nl.sent[2].entries[0].sealed_body.clone().unwrap();
    let place = Location::Entry { author: nl(), position: 4 };
    assert_eq!(fault(&stray), Invalid { place, reason: Reason::StrayBody });
}

#[test]
fn a_bundle_up_to_a_named_dispatch_says_how_far_it_goes() {
    let world = World::story();
    let [mut first, mut second] = world.stored();
    first.truncate(2);
    second.truncate(2);
    let bytes = bundle::export(&world.genesis, case_id(), [first, second], None);
    let verified = bundle::verify(&bytes).unwrap();
    let last = |chain: &domain::chain::Chain| chain.head().map(|head| head.number);
    assert_eq!((last(&verified.first), last(&verified.second)), (Some(1), Some(1)));
    assert_eq!(verified.case.outcome_word(), "open");
}

#[test]
fn any_flipped_bit_of_a_bundle_with_bodies_is_found() {
    let bytes = with_bodies(&World::story());
    for index in (0..bytes.len()).step_by(3) {
        let mut flipped = bytes.clone();
        flipped[index] ^= 1 << (index % 8);
        assert!(bundle::verify(&flipped).is_err(), "byte {index}");
    }
}

/// A proof of the entries at two positions of NL under its last header.
fn proof(world: &World) -> Vec<u8> {
    let entries: Vec<&record::entry::Entry> =
        world.nl.sent.iter().flat_map(|dispatch| &dispatch.entries).collect();
    let leaves: Vec<[u8; 32]> = entries.iter().map(|it| merkle::leaf_hash(&it.head)).collect();
    let size = leaves.len() as u64;
    let proving = [0_usize, 3].map(|index| Proving {
        era: 0,
        head: entries[index].head.clone(),
        facts: entries[index].facts.clone(),
        path: merkle::inclusion_proof(&merkle::Leaves(&leaves), index as u64, size).unwrap(),
    });
    let signed = &world.nl.sent.last().unwrap().signed_header;
    let words = vec![crate::faults::announcements(world).remove(0)];
    entry_proof::export(&world.genesis, words, signed, proving.into())
}

#[test]
fn single_entries_are_proved_without_an_outcome() {
    let world = World::story();
    let bytes = proof(&world);
    let verified = entry_proof::verify(&bytes).unwrap();
    let kinds: Vec<_> =
        verified.entries.iter().map(|it| it.statement().map(|it| it.kind())).collect();
    assert_eq!(kinds, [Some(Kind::KeyAnnounced), Some(Kind::RequestFiled)]);
    assert_eq!(verified.entries[1].owner, Owner::Case(case_id()));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(entry_proof::verify(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn a_restatement_counts_only_of_the_body_that_its_entry_names() {
    let restating = |entry: u64, body: Vec<u8>| {
        let mut world = World::story();
        let case_key = canonical::encode(&world.nl.sent[1].case_keys[0]);
        let restated = Restated { entry, sealed_body: Opaque(body), case_key: Opaque(case_key) };
        world.say(nl(), Some(case_id()), &[Statement::Restated(restated)]);
        let verified = bundle::verify(&exported(&world, case_id())).unwrap();
        let last = verified.first.entries.last().unwrap().content.clone();
        matches!(last, Content::Stated(_))
    };
    let body = World::story().nl.sent[1].entries[0].sealed_body.clone().unwrap();
    let mut changed = body.clone();
    changed[0] ^= 1;
    assert!(restating(3, body.clone()));
    // Another body, another entry, an entry of another case, one that is not there.
    for (entry, body) in [(3, changed), (5, body.clone()), (4, body.clone()), (99, body)] {
        assert!(!restating(entry, body), "entry {entry}");
    }
}
