//! The golden vectors of what arrives: each row of the table with what a recipient must make of
//! it, and each way in which a statement of the corridor does not count.
//!
//! Made like the other vectors: `UPDATE_VECTORS=1 cargo test -p record vectors`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{ClockCorrected, FaultProved, Opaque, Statement};
use domain::chain::{Content, Heard};
use domain::identifier::Digest;
use domain::time::{Instant, Span};
use record::arrival::{Fault, GapSignature};
use record::digest::sha256;
use record::dispatch::{Dispatch, Header, SignedHeader};
use record::entry::{Entry, Head, Owner};
use record::era::Frozen;
use record::key::Signer as _;
use record::{chain, fault, fault_evidence, root_statement};
use serde_json::{Value, json};

use crate::faults::{
    announcements, evidence, forked, held, later, revocation, revoke, stated, succeeded,
    succession, unsettled,
};
use crate::vectors::{golden, hex};
use crate::world::{World, case_id, nl, signer, xk};

/// What a recipient must make of a dispatch, in one word and what it is about.
fn outcome(world: &World, bytes: &[u8]) -> String {
    let fault = match world.offer(bytes, nl()) {
        Ok(accepted) => {
            let lacking = accepted.entries.iter().filter(|it| it.lacks_body()).count();
            return if lacking == 0 { "stored".into() } else { "stored, body wanted".into() };
        }
        Err(fault) => fault,
    };
    match fault {
        Fault::NotAuthentic(_) => "not authentic".into(),
        Fault::Gap { signature: GapSignature::Verified, .. } => "gap, parked".into(),
        Fault::Gap { signature: GapSignature::KeyUnknown, .. } => "gap, not parked".into(),
        Fault::Future { until } => format!("future, parked until {}", until.as_ms()),
        Fault::Void { .. } => "void".into(),
        Fault::Frozen { .. } => "frozen".into(),
        Fault::Duplicate { .. } => "duplicate".into(),
        Fault::Unjudged { .. } => "unjudged".into(),
        Fault::Rival { .. } => "rival".into(),
        Fault::BrokenChain { breach, .. } => format!("broken chain: {breach}"),
        Fault::HeardUnknown { .. } => "heard unknown".into(),
        Fault::EntriesWithheld { .. } => "entries withheld".into(),
    }
}

/// Rows as they are written, each held to the outcome that it is meant to have.
#[derive(Default)]
struct Rows(Vec<Value>);

impl Rows {
    /// What arrives at XK, which holds the story and what `world` has said after it.
    fn arrives(&mut self, row: &str, world: &World, dispatch: &Dispatch, expected: &str) {
        self.bytes(row, world, &dispatch.encode(), expected);
    }

    fn bytes(&mut self, row: &str, world: &World, bytes: &[u8], expected: &str) {
        let found = outcome(world, bytes);
        assert_eq!(found, expected, "{row}");
        self.0.push(json!({
            "row": row,
            "before": before(world),
            "clock_ms": world.now,
            "arrives": hex(bytes),
            "outcome": found,
        }));
    }
}

/// What both States have said and stored after the story, in the order of their times.
fn before(world: &World) -> Vec<String> {
    let story = World::story();
    let stored = world.xk.received.iter().skip(story.xk.received.len());
    let said = world.xk.sent.iter().skip(story.xk.sent.len());
    let mut all: Vec<&Dispatch> = stored.chain(said).collect();
    all.sort_by_key(|dispatch| dispatch.signed_header.header().time);
    all.into_iter().map(|dispatch| hex(dispatch.encode())).collect()
}

/// The next dispatch of NL, its header changed and signed all the same.
fn next(world: &World, statements: &[Statement], change: impl Fn(&mut Header)) -> Dispatch {
    let mut ahead = World::story();
    ahead.now = world.now;
    ahead.nl.own = world.nl.own.clone();
    ahead.nl.replica = world.nl.replica.clone();
    let number = world.nl.own.next_number();
    let may = |seed: &u8| world.nl.own.keys().may_sign(number, signer(*seed).key_id()).is_some();
    ahead.nl.log_key = signer([3, 31].into_iter().find(may).unwrap());
    let mut dispatch = ahead.compose(nl(), Some(case_id()), statements);
    let mut header = *dispatch.signed_header.header();
    change(&mut header);
    dispatch.signed_header = sign(world, &header, 3);
    dispatch
}

fn sign(world: &World, header: &Header, seed: u8) -> SignedHeader {
    SignedHeader::sign(header, world.genesis.digest(), &signer(seed)).unwrap()
}

/// A dispatch over one entry that is not as entries are made.
fn over(world: &World, change: impl Fn(&mut Entry)) -> Dispatch {
    let mut dispatch = next(world, &[Statement::HoldPlaced], |_| {});
    change(&mut dispatch.entries[0]);
    let mut frontier = world.nl.own.frontier().clone();
    frontier.push(merkle::leaf_hash(&dispatch.entries[0].head));
    let mut header = *dispatch.signed_header.header();
    header.log_root = Digest::new(frontier.root());
    dispatch.signed_header = sign(world, &header, 3);
    dispatch
}

fn change_head(entry: &mut Entry, change: impl Fn(&mut Head)) {
    let mut head = Head::decode(&entry.head).unwrap();
    change(&mut head);
    entry.head = head.encode();
}

fn not_authentic(rows: &mut Rows) {
    let mut world = World::story();
    let good = next(&world, &[Statement::HoldPlaced], |_| {});
    rows.bytes("no dispatch", &world, &[1, 2, 3], "not authentic");
    let header = *good.signed_header.header();
    let with = |signed_header| Dispatch { signed_header, ..good.clone() };
    let elsewhere = SignedHeader::sign(&header, &Digest::new([1; 32]), &signer(3)).unwrap();
    rows.arrives("signed for another genesis", &world, &with(elsewhere), "not authentic");
    let stranger = with(sign(&world, &header, 99));
    rows.arrives("signed with an unknown key", &world, &stranger, "not authentic");
    let by_root = with(sign(&world, &header, 1));
    rows.arrives("signed with the root key", &world, &by_root, "not authentic");
    let of_xk = Dispatch { ..world.xk.sent[1].clone() };
    rows.arrives("of the recipient's own log", &world, &of_xk, "not authentic");
    let long_ended = next(&world, &[], |header| header.author = xk());
    rows.arrives("of another author", &world, &long_ended, "not authentic");
    revoke(&mut world, 3);
    let revoked = next(&world, &[], |_| {});
    rows.arrives("signed with a revoked key", &world, &revoked, "not authentic");
    let old = forked(&world, 4, 3, later);
    let old = Dispatch { signed_header: old, entries: vec![], case_keys: vec![] };
    rows.arrives(
        "a rival by a revoked key, after its last good number",
        &world,
        &old,
        "not authentic",
    );
}

fn waiting(rows: &mut Rows) {
    let world = World::story();
    let good = next(&world, &[Statement::HoldPlaced], |_| {});
    rows.arrives("the next dispatch", &world, &good, "stored");
    rows.arrives("a number again, same digest", &world, &world.nl.sent[2], "duplicate");
    let gap = next(&world, &[], |header| header.number += 1);
    rows.arrives("a gap", &world, &gap, "gap, parked");
    let unknown = Dispatch { signed_header: sign(&world, gap.signed_header.header(), 31), ..gap };
    rows.arrives("a gap, with a key that is not known yet", &world, &unknown, "gap, not parked");
    let ahead = next(&world, &[], |header| header.time = header.time.plus(Span::from_ms(900_000)));
    let until = ahead.signed_header.header().time.less(Span::from_ms(300_000)).as_ms();
    let expected = format!("future, parked until {until}");
    rows.arrives("a date in the future", &world, &ahead, &expected);
}

fn contradicting(rows: &mut Rows) {
    let world = World::story();
    let rival =
        Dispatch { signed_header: forked(&world, 2, 3, later), entries: vec![], case_keys: vec![] };
    rows.arrives("a number again, another digest", &world, &rival, "rival");
    type Change = fn(&mut Header);
    let broken: [(&str, Change, &str); 7] = [
        ("another previous digest", |it| it.previous = None, "the previous digest is another"),
        (
            "a time that falls",
            |it| it.time = it.time.less(Span::from_ms(3_600_000)),
            "the time falls",
        ),
        ("heard is forgotten", |it| it.heard = None, "what it has heard falls"),
        (
            "heard falls",
            |it| it.heard = it.heard.map(|heard| Heard { number: 0, ..heard }),
            "what it has heard falls",
        ),
        ("the log shrinks", |it| it.log_size = 1, "the size of the log does not follow"),
        ("the log grows too much", |it| it.log_size += 300, "the size of the log does not follow"),
        (
            "the root changes without an entry",
            |it| it.log_root = Digest::new([9; 32]),
            "the root changes without a new entry",
        ),
    ];
    for (row, change, breach) in broken {
        let dispatch = next(&world, &[], change);
        rows.arrives(row, &world, &dispatch, &format!("broken chain: {breach}"));
    }
    let position = world.nl.own.next_position();
    let moved = over(&world, |entry| change_head(entry, |head| head.position += 1));
    let expected = format!("broken chain: the head at position {position} is malformed");
    rows.arrives("a head at another position", &world, &moved, &expected);
    let flagged = next(&world, &[Statement::HoldPlaced], |header| header.corrects_clock = true);
    let expected = "broken chain: the time falls";
    rows.arrives("a correction of the clock that is not there", &world, &flagged, expected);
    let mut behind = World::story();
    behind.now += 3_600_000;
    behind.say(xk(), None, &[]);
    let time = behind.nl.own.head().unwrap().time;
    let dispatch = next(&behind, &[], |header| header.time = time);
    rows.arrives("a time behind what it has heard", &behind, &dispatch, expected);
}

fn hearing(rows: &mut Rows) {
    let mut world = World::story();
    world.say(xk(), None, &[]);
    type Change = fn(&mut Heard);
    let cases: [(&str, Change); 3] = [
        ("heard a number that was never signed", |heard| heard.number += 1),
        ("heard another digest", |heard| heard.digest = Digest::new([7; 32])),
        ("heard another era", |heard| heard.era += 1),
    ];
    for (row, change) in cases {
        let dispatch = next(&world, &[], |header| change(header.heard.as_mut().unwrap()));
        rows.arrives(row, &world, &dispatch, "heard unknown");
    }
}

fn entries(rows: &mut Rows) {
    let world = World::story();
    let good = next(&world, &[Statement::HoldPlaced], |_| {});
    let with = |entries: Vec<Entry>| Dispatch { entries, ..good.clone() };
    let entry = good.entries[0].clone();
    rows.arrives("the entries are missing", &world, &with(vec![]), "entries withheld");
    let facts = with(vec![Entry { facts: vec![1], ..entry.clone() }]);
    rows.arrives("other facts", &world, &facts, "entries withheld");
    let unsealed = with(vec![Entry { sealed_body: None, ..entry.clone() }]);
    rows.arrives("the body is missing", &world, &unsealed, "stored, body wanted");
    let other = with(vec![Entry { sealed_body: Some(vec![7; 40]), ..entry }]);
    rows.arrives("another body", &world, &other, "stored, body wanted");
    let nobody = over(&world, |entry| change_head(entry, |head| head.tag = Digest::new([3; 32])));
    rows.arrives("an entry that belongs to nobody", &world, &nobody, "stored");
    let accepted = world.offer(&nobody.encode(), nl()).unwrap();
    assert_eq!(accepted.entries[0].reading.owner, Owner::Nobody);
    let unknown = over(&world, |entry| {
        entry.facts.extend([0x9a, 0x06, 0x00]);
        let digest = sha256(&[&entry.facts]);
        change_head(entry, |head| head.facts_digest = digest);
    });
    rows.arrives("an entry that is not understood", &world, &unknown, "stored");
    let accepted = world.offer(&unknown.encode(), nl()).unwrap();
    assert_eq!(accepted.entries[0].reading.content, Content::NotUnderstood);
}

fn eras(rows: &mut Rows) {
    let mut world = unsettled();
    let unheard = next(&world, &[Statement::CaseClosed], |_| {});
    let early = {
        let last = world.nl.own.head().unwrap().heard;
        let heard = world.nl.replica.head().unwrap().heard;
        let mut pretending = unsettled();
        pretending.nl.own.freeze(Frozen { stated_in: heard.number, last });
        pretending.nl.log_key = signer(41);
        let said = succession(&pretending, last);
        pretending.compose(nl(), None, &said)
    };
    let expected = "broken chain: the era changes without a succession that counts";
    rows.arrives("an era that nobody let begin", &world, &early, expected);
    let rival = forked(&world, 5, 3, later);
    let frozen = stated(&mut world, &rival);
    rows.arrives("more of a frozen log", &world, &unheard, "frozen");
    let again = Dispatch { signed_header: rival, entries: vec![], case_keys: vec![] };
    rows.arrives("the rival once more", &world, &again, "rival");
    let mut ahead = succeeded();
    assert_eq!(ahead.nl.own.frozen(), None);
    let begins = ahead.nl.sent.last().unwrap().clone();
    let mut clock = world.now;
    std::mem::swap(&mut world.now, &mut clock);
    world.now = begins.signed_header.header().time.as_ms();
    assert_eq!(begins.signed_header.header().previous, Some(frozen.last.digest));
    rows.arrives("the first dispatch of the next era", &world, &begins, "stored");
    let void = unheard;
    rows.arrives("what was not heard of the era before", &ahead, &void, "void");
    ahead.say(xk(), None, &[]);
    let goes_on = {
        let mut later = succeeded();
        later.say(xk(), None, &[]);
        later.compose(nl(), Some(case_id()), &[Statement::HoldPlaced])
    };
    ahead.now = goes_on.signed_header.header().time.as_ms();
    rows.arrives("the next dispatch of the new era", &ahead, &goes_on, "stored");
}

/// What was parked, and the correction of the clock that releases it.
fn released() -> Value {
    let mut world = World::story();
    world.now += 86_400_000;
    let mut run = vec![world.compose(nl(), Some(case_id()), &[Statement::HoldPlaced])];
    world.now -= 86_400_000;
    let word = world.root_says(nl(), root_statement::Statement::ClockCorrected);
    let corrected = ClockCorrected { root_statement: Opaque(word) };
    run.push(world.compose(nl(), None, &[Statement::ClockCorrected(corrected)]));
    let now = Instant::from_ms(world.now);
    let accepted = world.xk.replica.check_released(run.clone(), now, &world.xk).unwrap();
    assert_eq!(accepted.len(), 2);
    assert!(matches!(world.offer(&run[0].encode(), nl()), Err(Fault::Future { .. })));
    json!({
        "clock_ms": world.now,
        "arrives": run.iter().map(|dispatch| hex(dispatch.encode())).collect::<Vec<_>>(),
        "outcome": "the first is parked; with the second both are stored in one step",
    })
}

/// Statements of a fault by XK, which had heard dispatch 5 of NL.
fn faults_that_count() -> Vec<Value> {
    let mut world = unsettled();
    world.compose(nl(), None, &[]);
    let stored = world.nl.sent[5].signed_header.clone();
    let good = fault::prove(&stored, &forked(&world, 5, 3, later), None).unwrap();
    let broken = forked(&world, 6, 3, |header| header.previous = None);
    let broken = fault::prove(&stored, &broken, None).unwrap();
    let Statement::KeyAnnounced(announced) = world.announces(nl(), 31) else { panic!() };
    let by_itself = forked(&world, 5, 31, later);
    let word = Some(announced.root_statement.as_slice());
    let by_itself = fault::prove(&stored, &by_itself, word).unwrap();
    let with = |change: &dyn Fn(&mut FaultProved)| {
        let mut proved = good.clone();
        change(&mut proved);
        proved
    };
    let stranger = Opaque(forked(&world, 5, 99, later).bytes().to_vec());
    let elsewhere = Opaque(forked(&world, 5, 3, |it| it.log_size += 1).bytes().to_vec());
    let next_era = Opaque(forked(&world, 5, 3, |it| it.era = 1).bytes().to_vec());
    let rows = [
        ("two dispatches under one number", good.clone(), true),
        ("a header that does not continue the one before", broken, true),
        ("a rival by a key that it announces itself", by_itself.clone(), true),
        (
            "that key without its announcement",
            FaultProved { announcement: None, ..by_itself },
            false,
        ),
        ("another number than the headers'", with(&|it| it.number = 4), false),
        ("twice the same header", with(&|it| it.rival = it.stored.clone()), false),
        ("a rival by a stranger", with(&|it| it.rival = stranger.clone()), false),
        (
            "a first header that is not in the chain",
            with(&|it| it.stored = elsewhere.clone()),
            false,
        ),
        ("a number of another era", with(&|it| it.rival = next_era.clone()), false),
    ];
    let heard = world.xk.replica.head().unwrap().heard;
    let row = |(row, proved, expected): (&str, FaultProved, bool)| {
        let counts = fault::proven(&proved, Some(heard), &held(&world.xk)).is_some();
        assert_eq!(counts, expected, "{row}");
        let facts = record::facts::encode(None, &Statement::FaultProved(proved));
        json!({ "row": row, "facts": hex(facts), "counts": counts })
    };
    rows.into_iter().map(row).collect()
}

/// Corridor statements of NL, each the second entry of the next dispatch after the story.
fn words_that_count() -> Vec<Value> {
    let world = World::story();
    let serial = world.nl.own.keys().next_serial();
    let old = revocation(&world, serial - 1, Some(3), signer(3).key_id());
    let unknown = revocation(&world, serial + 1, Some(3), signer(77).key_id());
    let good = revocation(&world, serial + 1, Some(3), signer(3).key_id());
    let Statement::KeyRevoked(mut differs) = good.clone() else { panic!() };
    differs.last_good = Some(world.nl.sent[1].signed_header.as_heard());
    let correction = world.root_says(nl(), root_statement::Statement::ClockCorrected);
    let corrected = ClockCorrected { root_statement: Opaque(correction) };
    let heard = world.nl.own.head().unwrap().heard;
    let [_, succeeds] = succession(&world, heard);
    let rows = [
        ("a revocation", good, true),
        ("facts that say something else", Statement::KeyRevoked(differs), false),
        ("a serial that does not rise", old, false),
        ("a key that was never announced", unknown, false),
        ("an announcement", world.announces(nl(), 31), true),
        ("an announcement of the other State's", world.announces(xk(), 31), false),
        (
            "a correction of the clock that is not the first entry of a dispatch that says so",
            Statement::ClockCorrected(corrected),
            false,
        ),
        ("a succession in an era that goes on", succeeds, false),
    ];
    let row = |(row, statement, expected): (&str, Statement, bool)| {
        let mut world = World::story();
        let position = world.nl.own.next_position() + 1;
        // A key that is revoked does not sign the dispatch that says so.
        let first = if matches!(statement, Statement::KeyRevoked(_)) {
            world.nl.log_key = signer(31);
            world.announces(nl(), 31)
        } else {
            Statement::CapabilitiesStated([10].into())
        };
        let dispatch = plain(&world, &[first, statement]);
        world.deliver(&dispatch).unwrap();
        let counts = world.xk.replica.keys().counts(position);
        assert_eq!(counts, expected, "{row}");
        let dispatch = hex(dispatch.encode());
        json!({ "row": row, "dispatch": dispatch, "position": position, "counts": counts })
    };
    rows.into_iter().map(row).collect()
}

/// The next dispatch of NL over corridor statements, whatever they are, in the era as it is.
fn plain(world: &World, statements: &[Statement]) -> Dispatch {
    let entries: Vec<Entry> = (world.nl.own.next_position()..)
        .zip(statements)
        .map(|(position, statement)| world.nl.entry(position, None, statement))
        .collect();
    let (heard, now) = (world.nl.replica.head(), Instant::from_ms(world.now));
    let composed = world.nl.own.compose(entries, heard, now, &world.nl.log_key).unwrap();
    Dispatch { signed_header: composed.signed_header, entries: composed.entries, case_keys: vec![] }
}

fn evidence_of_faults() -> Value {
    let world = unsettled();
    let stored = &world.nl.sent[5].signed_header;
    let bytes = evidence(&world, stored, &forked(&world, 5, 3, later));
    fault_evidence::verify(&bytes).unwrap();
    let claims = forked(&world, 5, 3, |header| {
        header.heard = header.heard.map(|it| Heard { digest: Digest::new([7; 32]), ..it });
    });
    let heard = evidence(&world, &world.xk.sent[3].signed_header, &claims);
    fault_evidence::verify(&heard).unwrap();
    let invalid: Vec<Value> = (0..bytes.len())
        .step_by(29)
        .map(|index| {
            let mut flipped = bytes.clone();
            flipped[index] ^= 0x04;
            let fault = fault_evidence::verify(&flipped).unwrap_err();
            json!({ "byte": index, "xor": 4, "fault": fault.to_string() })
        })
        .collect();
    json!({
        "equivocation": hex(&bytes),
        "heard_another": hex(&heard),
        "root_statements": announcements(&world).iter().map(hex).collect::<Vec<_>>(),
        "invalid": invalid,
    })
}

#[test]
fn vectors_of_faults() {
    let mut rows = Rows::default();
    not_authentic(&mut rows);
    waiting(&mut rows);
    contradicting(&mut rows);
    hearing(&mut rows);
    entries(&mut rows);
    eras(&mut rows);
    let heads =
        |world: &World| chain::dispatch(&world.xk.sent.last().unwrap().signed_header).number;
    golden(
        "faults.json",
        &json!({
            "about": "XK holds all of NL, and NL all of XK, as in dispatches.json; then `before` \
                      is said and stored; then `arrives` comes to XK, whose clock shows `clock_ms`",
            "last_of_xk": heads(&World::story()),
            "arrivals": rows.0,
            "released": released(),
            "faults_proved": faults_that_count(),
            "root_statements": words_that_count(),
            "evidence": evidence_of_faults(),
        }),
    );
}
