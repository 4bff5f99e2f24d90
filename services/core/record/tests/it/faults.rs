//! Proven faults: what counts, what freezes, how a log goes on in its next era, and the evidence
//! that anybody can verify.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use domain::case::event::{
    Fault as FaultKind, FaultProved, KeyPurpose, KeyRevoked, LogSucceeded, Opaque, Statement,
};
use domain::chain::{Chain, Content, Heard};
use domain::identifier::Digest;
use domain::time::Span;
use record::arrival::{Fault, NotAuthentic};
use record::breach::Breach;
use record::bundle::{self, Invalid, Location, Reason};
use record::chain;
use record::counting::{self, Standing};
use record::dispatch::{Dispatch, Header, SignedHeader};
use record::era::Frozen;
use record::fault::{self, Accused, Proven, Shown};
use record::fault_evidence::{self, Finding, Material};
use record::key::{KeyId, Signer as _};
use record::key_directory::KeyDirectory;
use record::log::{ComposeError, LogState};
use record::root_statement::{self, RevokedKey, Succession};

use crate::world::{Node, World, case_id, nl, signer, xk};

/// A log as its partner holds it.
pub(crate) struct Held<'a> {
    state: &'a LogState,
    dispatches: &'a [Dispatch],
}

impl Accused for Held<'_> {
    fn keys(&self) -> &KeyDirectory {
        self.state.keys()
    }

    fn digest(&self, number: u64) -> Option<Digest> {
        let dispatch = self.dispatches.get(usize::try_from(number).unwrap())?;
        Some(*dispatch.signed_header.digest())
    }
}

pub(crate) fn held(node: &Node) -> Held<'_> {
    Held { state: &node.replica, dispatches: &node.received }
}

/// NL signs another header under a number, with one of its log keys.
pub(crate) fn forked(
    world: &World,
    number: usize,
    seed: u8,
    change: impl Fn(&mut Header),
) -> SignedHeader {
    let mut header = *world.nl.sent[number].signed_header.header();
    change(&mut header);
    SignedHeader::sign(&header, world.genesis.digest(), &signer(seed)).unwrap()
}

pub(crate) fn later(header: &mut Header) {
    header.time = header.time.plus(Span::from_ms(1));
}

/// XK states a fault of NL, and both freeze NL's log.
pub(crate) fn stated(world: &mut World, rival: &SignedHeader) -> Frozen {
    let number = usize::try_from(rival.header().number).unwrap();
    let stored = world.xk.received[number].signed_header.clone();
    let proved = fault::prove(&stored, rival, None).unwrap();
    world.say(xk(), None, &[Statement::FaultProved(proved.clone())]);
    let stated_in = chain::dispatch(&world.xk.sent.last().unwrap().signed_header);
    let proven = fault::proven(&proved, stated_in.heard, &held(&world.xk)).unwrap();
    let (accused, accuser) = (chain_of(&world.nl.sent), chain_of(&world.xk.sent));
    let frozen = fault::freezes(&proven, &stated_in, &accused, &accuser).unwrap();
    world.xk.replica.freeze(frozen);
    world.nl.own.freeze(frozen);
    frozen
}

fn chain_of(sent: &[Dispatch]) -> Chain {
    let mut chain = Chain::new(sent[0].signed_header.header().author);
    let dispatches = sent.iter().map(|dispatch| chain::dispatch(&dispatch.signed_header));
    chain.dispatches = dispatches.map(|dispatch| (dispatch.number, dispatch)).collect();
    chain
}

pub(crate) fn succession(world: &World, last: Heard) -> [Statement; 2] {
    let announced = world.announces(nl(), 41);
    let era = last.era + 1;
    let says = root_statement::Statement::LogSucceeded(Succession { era, last });
    let serial = world.nl.own.keys().next_serial() + 1;
    let stated = root_statement::RootStatement { serial, statement: says };
    let word = stated.sign(world.genesis.digest(), nl(), &world.nl.root).unwrap();
    let root_statement = Opaque(word);
    [announced, Statement::LogSucceeded(LogSucceeded { root_statement, era, last })]
}

/// The last dispatch of NL is known to XK, and not yet that XK knows it.
pub(crate) fn unsettled() -> World {
    let mut world = World::story();
    world.say(nl(), Some(case_id()), &[Statement::RequestWithdrawn]);
    world
}

/// NL equivocates, XK proves it, NL goes on in its next era.
pub(crate) fn succeeded() -> World {
    let mut world = unsettled();
    let number = world.nl.sent.len() - 1;
    let rival = forked(&world, number, 3, later);
    let frozen = stated(&mut world, &rival);
    world.nl.log_key = signer(41);
    let said = succession(&world, frozen.last);
    world.say(nl(), None, &said);
    world
}

#[test]
fn a_frozen_log_goes_on_in_its_next_era_with_the_next_number() {
    let mut world = succeeded();
    let last = world.nl.own.head().unwrap();
    assert_eq!((last.heard.era, last.heard.number), (1, 6));
    assert_eq!(world.xk.replica.head(), Some(last));
    assert!(world.xk.replica.frozen().is_none());
    let eras = world.xk.replica.eras();
    assert_eq!([5, 6, 7].map(|number| eras.era_of(number)), [0, 1, 1]);
    let begins = world.nl.sent[6].signed_header.header().log_size - 2;
    assert_eq!([begins - 1, begins].map(|position| eras.log_at(position).era()), [0, 1]);
    // Both go on: entries of the new era are tagged and understood in it.
    world.say(xk(), None, &[]);
    world.say(nl(), Some(case_id()), &[Statement::HoldPlaced]);
    world.say(xk(), Some(case_id()), &[Statement::HoldPlaced]);
    assert_eq!(world.xk.own.heard().map(|heard| (heard.era, heard.number)), Some((1, 7)));
}

#[test]
fn a_frozen_log_takes_nothing_more_and_what_was_not_heard_is_void() {
    let mut world = unsettled();
    let unheard = {
        let mut ahead = World::story();
        ahead.say(nl(), Some(case_id()), &[Statement::RequestWithdrawn]);
        ahead.compose(nl(), Some(case_id()), &[Statement::CaseClosed])
    };
    let rival = forked(&world, 5, 3, later);
    let frozen = stated(&mut world, &rival);
    let number = unheard.signed_header.header().number;
    assert_eq!(number, frozen.last.number + 1);
    let fault = world.offer(&unheard.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::Frozen { number });
    let now = domain::time::Instant::from_ms(world.now);
    let refused = world.nl.own.compose(vec![], world.nl.replica.head(), now, &signer(3));
    assert_eq!(refused.unwrap_err(), ComposeError::Frozen(frozen));
    // Once the log has gone on, it is void, under a number that is another dispatch's.
    world.nl.log_key = signer(41);
    let said = succession(&world, frozen.last);
    world.say(nl(), None, &said);
    let fault = world.offer(&unheard.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::Void { number });
}

#[test]
fn an_era_begins_only_where_the_recipient_froze_the_log() {
    let mut world = unsettled();
    let last = world.nl.own.head().unwrap().heard;
    let number = last.number + 1;
    // Nobody froze it, but its author pretends so.
    let heard = world.nl.replica.head().unwrap().heard;
    world.nl.own.freeze(Frozen { stated_in: heard.number, last });
    world.nl.log_key = signer(41);
    let said = succession(&world, last);
    let dispatch = world.compose(nl(), None, &said);
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::BrokenChain { number, breach: Breach::Era });
}

#[test]
fn an_era_begins_with_the_dispatch_that_the_accuser_had_heard() {
    let mut world = unsettled();
    let rival = forked(&world, 5, 3, later);
    let frozen = stated(&mut world, &rival);
    for (era, number) in [(0, frozen.last.number - 1), (1, frozen.last.number)] {
        let last = Heard { era, number, ..frozen.last };
        let said = succession(&world, last);
        let entries = (world.nl.own.next_position()..)
            .zip(&said)
            .map(|(position, it)| world.nl.entry_in(world.nl.own.next_era(), position, None, it))
            .collect();
        let now = domain::time::Instant::from_ms(world.now);
        let heard = world.nl.replica.head();
        let error = world.nl.own.compose(entries, heard, now, &signer(41)).unwrap_err();
        assert_eq!(error, ComposeError::WouldBreak(Breach::Era));
    }
}

#[test]
fn a_bundle_of_a_log_with_two_eras_verifies() {
    let mut world = succeeded();
    world.say(xk(), None, &[]);
    let [first, second] = world.stored();
    let bytes = bundle::export(&world.genesis, case_id(), [first, second], None);
    let verified = bundle::verify(&bytes).unwrap();
    let eras: Vec<u32> =
        verified.second.dispatches.values().filter_map(|it| Some(it.heard?.era)).collect();
    assert_eq!(eras.last(), Some(&1));
    let understood = |chain: &Chain| {
        chain.entries.iter().all(|entry| matches!(entry.content, Content::Stated(_)))
    };
    assert!(understood(&verified.first) && understood(&verified.second));
}

#[test]
fn a_bundle_in_which_nobody_froze_the_log_is_refused_where_the_era_begins() {
    let mut world = unsettled();
    let last = world.nl.own.head().unwrap().heard;
    let heard = world.nl.replica.head().unwrap().heard;
    let frozen = Frozen { stated_in: heard.number, last };
    world.nl.own.freeze(frozen);
    world.xk.replica.freeze(frozen);
    world.nl.log_key = signer(41);
    let said = succession(&world, last);
    world.say(nl(), None, &said);
    let [first, second] = world.stored();
    let bytes = bundle::export(&world.genesis, case_id(), [first, second], None);
    let expected = Invalid {
        place: Location::Dispatch { author: nl(), number: 6 },
        reason: Reason::Breach(Breach::Era),
    };
    assert_eq!(bundle::verify(&bytes).unwrap_err(), expected);
}

#[test]
fn a_rival_that_both_have_long_heard_freezes_nothing() {
    let mut world = unsettled();
    world.say(xk(), None, &[]);
    world.say(nl(), None, &[]);
    let (accused, accuser) = (chain_of(&world.nl.sent), chain_of(&world.xk.sent));
    for (number, freezes) in [(0, false), (5, false), (6, true)] {
        let rival = forked(&world, number, 3, later);
        let stored = &world.nl.sent[number].signed_header;
        let proved = fault::prove(stored, &rival, None).unwrap();
        let heard = world.xk.replica.head().unwrap().heard;
        let stated_in = domain::chain::Dispatch {
            number: world.xk.own.next_number(),
            time: rival.header().time,
            digest: Digest::new([1; 32]),
            heard: Some(heard),
        };
        let proven = fault::proven(&proved, Some(heard), &held(&world.xk)).unwrap();
        let frozen = fault::freezes(&proven, &stated_in, &accused, &accuser);
        assert_eq!(frozen.is_some(), freezes, "number {number}");
    }
}

/// What a statement proves that XK makes now.
fn proven(world: &World, proved: &FaultProved) -> Option<Proven> {
    let heard = world.xk.replica.head().map(|head| head.heard);
    let found = fault::proven(proved, heard, &held(&world.xk));
    let content = Content::Stated(Arc::new(Statement::FaultProved(proved.clone())));
    let standing = Standing { position: 0, heard };
    let counts = counting::counts(&content, standing, world.xk.own.keys(), &held(&world.xk));
    assert_eq!(counts, found.is_some());
    found
}

#[test]
fn a_broken_chain_is_proved_by_two_headers() {
    let mut world = unsettled();
    world.compose(nl(), None, &[]);
    type Change = fn(&mut Header);
    let broken: [(Breach, Change); 6] = [
        (Breach::Previous, |header| header.previous = None),
        (Breach::Time, |header| header.time = header.time.less(Span::from_ms(600_000))),
        (Breach::Heard, |header| header.heard = None),
        (Breach::Size, |header| header.log_size -= 1),
        (Breach::Size, |header| header.log_size += 300),
        (Breach::Root, |header| header.log_root = Digest::new([3; 32])),
    ];
    let stored = world.nl.sent[5].signed_header.clone();
    for (breach, change) in broken {
        let rival = forked(&world, 6, 3, change);
        let proved = fault::prove(&stored, &rival, None).unwrap();
        assert_eq!(proved.fault, FaultKind::BrokenChain);
        let found = proven(&world, &proved).unwrap();
        assert_eq!(found.fault, Shown::BrokenChain(breach));
    }
    // What continues the log, or says that it corrects the clock, breaks nothing by headers alone.
    let flagged = forked(&world, 6, 3, |header| {
        header.time = header.time.less(Span::from_ms(600_000));
        header.corrects_clock = true;
    });
    for innocent in [world.nl.sent[6].signed_header.clone(), flagged] {
        assert_eq!(fault::prove(&stored, &innocent, None), None);
    }
    let of_next_era = forked(&world, 5, 3, |header| header.era = 1);
    assert_eq!(fault::prove(&stored, &of_next_era, None), None);
}

#[test]
fn what_proved_a_broken_chain_still_counts_once_the_next_era_has_begun() {
    // Symptom: the rival has the number with which the next era begins, and in that era the old
    // key signs nothing; so the proof did not count any more, nobody could verify the evidence,
    // and a node that started again did not find its partner's log frozen.
    let mut world = unsettled();
    world.compose(nl(), None, &[]);
    let rival = forked(&world, 6, 3, |header| header.previous = None);
    world.nl.sent.pop();
    world.nl.own = world.xk.replica.clone();
    let stored = world.xk.received[5].signed_header.clone();
    let proved = fault::prove(&stored, &rival, None).unwrap();
    world.say(xk(), None, &[Statement::FaultProved(proved.clone())]);
    let stated_in = chain::dispatch(&world.xk.sent.last().unwrap().signed_header);
    let last = stated_in.heard.unwrap();
    let frozen = Frozen { stated_in: stated_in.number, last };
    world.xk.replica.freeze(frozen);
    world.nl.own.freeze(frozen);
    world.nl.log_key = signer(41);
    let said = succession(&world, last);
    world.say(nl(), None, &said);
    assert!(fault::proven(&proved, stated_in.heard, &held(&world.xk)).is_some());
    let [first, second] = world.stored();
    let bytes = bundle::export(&world.genesis, case_id(), [first, second], None);
    bundle::verify(&bytes).unwrap();
}

#[test]
fn a_statement_of_a_fault_counts_only_as_it_is() {
    let mut world = unsettled();
    let stored = world.nl.sent[5].signed_header.clone();
    let rival = forked(&world, 5, 3, later);
    let good = fault::prove(&stored, &rival, None).unwrap();
    assert!(proven(&world, &good).is_some());
    let by_stranger = forked(&world, 5, 99, later);
    let not_in_chain = forked(&world, 5, 3, |header| header.log_size += 1);
    let other = |change: &dyn Fn(&mut FaultProved)| {
        let mut proved = good.clone();
        change(&mut proved);
        proved
    };
    let wrong = [
        other(&|it| it.fault = FaultKind::BrokenChain),
        other(&|it| it.number = 4),
        other(&|it| it.rival = it.stored.clone()),
        other(&|it| it.rival = Opaque(by_stranger.bytes().to_vec())),
        other(&|it| it.stored = Opaque(not_in_chain.bytes().to_vec())),
        other(&|it| it.rival = Opaque(vec![1])),
        other(&|it| it.announcement = Some(Opaque(vec![1]))),
    ];
    for proved in wrong {
        assert_eq!(proven(&world, &proved), None, "{proved:?}");
    }
    // Its author had not heard the number yet.
    assert_eq!(fault::proven(&good, None, &held(&world.xk)), None);
    let before = Heard { number: 4, ..world.xk.replica.head().unwrap().heard };
    assert_eq!(fault::proven(&good, Some(before), &held(&world.xk)), None);
    // A revocation that comes later takes nothing back; one that was heard does.
    let at = world.xk.replica.head().unwrap().heard;
    revoke(&mut world, 4);
    assert!(fault::proven(&good, Some(at), &held(&world.xk)).is_some());
    assert_eq!(proven(&world, &good), None);
}

/// NL announces another log key and revokes the one before; `last_good` is the last good number.
pub(crate) fn revoke(world: &mut World, last_good: usize) {
    let announced = world.announces(nl(), 31);
    let serial = world.nl.own.keys().next_serial() + 1;
    let said = revocation(world, serial, Some(last_good), signer(3).key_id());
    world.nl.log_key = signer(31);
    world.say(nl(), None, &[announced, said]);
}

pub(crate) fn revocation(
    world: &World,
    serial: u64,
    last_good: Option<usize>,
    key_id: KeyId,
) -> Statement {
    let last_good = last_good.map(|number| world.nl.sent[number].signed_header.as_heard());
    let purpose = KeyPurpose::Log;
    let says = root_statement::Statement::KeyRevoked(RevokedKey { purpose, key_id, last_good });
    let stated = root_statement::RootStatement { serial, statement: says };
    let word = stated.sign(world.genesis.digest(), nl(), &world.nl.root).unwrap();
    let root_statement = Opaque(word);
    let key_id = *key_id.as_bytes();
    Statement::KeyRevoked(KeyRevoked { root_statement, purpose, key_id, last_good })
}

#[test]
fn a_revoked_key_signs_no_number_after_the_last_good_one() {
    let mut world = unsettled();
    revoke(&mut world, 4);
    world.say(nl(), None, &[]);
    let offered = |number: usize| {
        let signed_header = forked(&world, number, 3, later);
        let dispatch = Dispatch { signed_header, entries: vec![], case_keys: vec![] };
        world.offer(&dispatch.encode(), nl()).unwrap_err()
    };
    assert!(matches!(offered(4), Fault::Rival { number: 4, .. }));
    for number in [5, 6, 7] {
        let expected = Fault::NotAuthentic(NotAuthentic::UnknownKey(signer(3).key_id()));
        assert_eq!(offered(number), expected, "{number}");
    }
}

#[test]
fn a_revocation_counts_only_of_a_known_key_and_as_the_root_key_says() {
    let mut world = unsettled();
    let serial = world.nl.own.keys().next_serial();
    let position = world.nl.own.next_position();
    let unknown = revocation(&world, serial, Some(4), signer(77).key_id());
    let good = revocation(&world, serial, Some(4), signer(3).key_id());
    let Statement::KeyRevoked(good) = good else { panic!() };
    let earlier = world.nl.sent[2].signed_header.as_heard();
    let differs = Statement::KeyRevoked(KeyRevoked { last_good: Some(earlier), ..good });
    world.say(nl(), None, &[unknown, differs]);
    let keys = world.xk.replica.keys();
    assert_eq!([0, 1].map(|index| keys.counts(position + index)), [false, false]);
    assert_eq!(keys.next_serial(), serial);
    assert!(keys.log_key().is_some());
}

#[test]
fn a_key_that_is_announced_and_revoked_in_one_rival_is_recognised() {
    // Symptom: a State that signs each fork with a key of its own could never be held to it.
    let mut world = unsettled();
    let announced = world.announces(nl(), 31);
    let Statement::KeyAnnounced(announced) = announced else { panic!() };
    let stored = world.nl.sent[5].signed_header.clone();
    let rival = forked(&world, 5, 31, later);
    let without = fault::prove(&stored, &rival, None).unwrap();
    assert_eq!(proven(&world, &without), None);
    let with = fault::prove(&stored, &rival, Some(&announced.root_statement)).unwrap();
    assert!(proven(&world, &with).is_some());
    // It travels and is read as it was stated.
    world.say(xk(), None, &[Statement::FaultProved(with.clone())]);
    let entry = &world.xk.sent.last().unwrap().entries[0];
    let read = record::facts::read(&entry.facts);
    assert_eq!(read, Content::Stated(Arc::new(Statement::FaultProved(with))));
}

/// The words by which both States announced their log keys.
pub(crate) fn announcements(world: &World) -> Vec<Vec<u8>> {
    let announced = |dispatch: &Dispatch| {
        let Content::Stated(it) = record::facts::read(&dispatch.entries[0].facts) else { panic!() };
        let Statement::KeyAnnounced(announced) = Arc::unwrap_or_clone(it) else { panic!() };
        announced.root_statement
    };
    [&world.nl.sent[0], &world.xk.sent[0]].map(announced).into()
}

pub(crate) fn evidence(world: &World, stored: &SignedHeader, rival: &SignedHeader) -> Vec<u8> {
    fault_evidence::export(&Material {
        genesis: &world.genesis,
        accused: nl(),
        root_statements: &announcements(world),
        stored,
        rival,
        dispatch: None,
    })
}

#[test]
fn evidence_of_a_fault_is_verified_with_nothing_but_its_bytes() {
    let world = unsettled();
    let stored = &world.nl.sent[5].signed_header;
    let rival = forked(&world, 5, 3, later);
    let bytes = evidence(&world, stored, &rival);
    let verified = fault_evidence::verify(&bytes).unwrap();
    assert_eq!(verified.finding, Finding::Contradicts(Shown::Equivocation));
    assert_eq!(verified.rival.key_id, signer(3).key_id());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(fault_evidence::verify(&flipped).is_err(), "bit {bit}");
    }
    let innocent = evidence(&world, stored, stored);
    let fault = fault_evidence::verify(&innocent).unwrap_err();
    assert_eq!(fault, fault_evidence::Invalid::NoFault);
}

#[test]
fn evidence_that_something_else_was_heard_says_which_two_words_differ() {
    let world = unsettled();
    let own = &world.xk.sent[3].signed_header;
    let claims = forked(&world, 5, 3, |header| {
        header.heard = header.heard.map(|it| Heard { digest: Digest::new([7; 32]), ..it });
    });
    let claimed = claims.header().heard.unwrap();
    assert_eq!(claimed.number, 3);
    let verified = fault_evidence::verify(&evidence(&world, own, &claims)).unwrap();
    assert_eq!(verified.finding, Finding::HeardAnother { claimed, signed: own.as_heard() });
    let honest = &world.nl.sent[5].signed_header;
    let fault = fault_evidence::verify(&evidence(&world, own, honest)).unwrap_err();
    assert_eq!(fault, fault_evidence::Invalid::NoFault);
}
