//! The stand-alone verifier: what a bundle proves, and where it says that one is wrong.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::Kind;
use domain::chain::Content;
use domain::identifier::CaseId;
use proto::record::v1::{EvidenceBundle, LogEvidence};
use record::bundle::{self, Invalid, Location, Reason};
use record::canonical;

use crate::world::{World, case_id, nl, other_case_id, xk};

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
