//! A clock that was wrong: what is parked is released by the root key's word, and by nothing else.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{ClockCorrected, Opaque, Statement};
use domain::time::{Instant, Span};
use record::arrival::Fault;
use record::breach::Breach;
use record::dispatch::{Dispatch, SignedHeader};
use record::root_statement;

use crate::world::{World, case_id, nl, xk};

/// NL speaks twice with a clock that runs a day ahead, and then corrects it.
fn corrected() -> (World, Vec<Dispatch>) {
    let mut world = World::story();
    world.now += 86_400_000;
    let mut run = vec![
        world.compose(nl(), Some(case_id()), &[Statement::HoldPlaced]),
        world.compose(nl(), None, &[]),
    ];
    world.now -= 86_400_000;
    let correction = correction(&world);
    run.push(world.compose(nl(), None, &[correction]));
    (world, run)
}

fn correction(world: &World) -> Statement {
    let root_statement = world.root_says(nl(), root_statement::Statement::ClockCorrected);
    Statement::ClockCorrected(ClockCorrected { root_statement: Opaque(root_statement) })
}

fn released(world: &World, run: &[Dispatch]) -> Result<usize, (usize, Fault)> {
    let now = Instant::from_ms(world.now);
    world.xk.replica.check_released(run.to_vec(), now, &world.xk).map(|accepted| accepted.len())
}

#[test]
fn a_correction_releases_what_was_parked_in_one_step() {
    let (mut world, run) = corrected();
    let fault = world.offer(&run[0].encode(), nl()).unwrap_err();
    assert!(matches!(fault, Fault::Future { .. }), "{fault:?}");
    let [first, _, last] = [0, 1, 2].map(|index: usize| *run[index].signed_header.header());
    assert!(last.time < first.time && last.corrects_clock && !first.corrects_clock);
    let now = Instant::from_ms(world.now);
    let accepted = world.xk.replica.check_released(run.clone(), now, &world.xk).unwrap();
    assert_eq!(accepted.len(), 3);
    world.xk.replica = accepted[2].state.clone();
    world.xk.received.extend(run);
    assert_eq!(world.xk.replica.head(), world.nl.own.head());
    // From here on both go on with the time as it is.
    world.say(xk(), None, &[]);
    world.say(nl(), None, &[]);
}

#[test]
fn nothing_else_releases_what_was_parked() {
    let (world, run) = corrected();
    let without = released(&world, &run[..2]).unwrap_err();
    assert!(matches!(without, (1, Fault::Future { .. })), "{without:?}");
    let with_a_gap = [run[0].clone(), run[2].clone()];
    let gap = released(&world, &with_a_gap).unwrap_err();
    assert!(matches!(gap, (1, Fault::Gap { .. })), "{gap:?}");
    let late = [run[1].clone(), run[2].clone()];
    assert!(matches!(released(&world, &late), Err((0, Fault::Gap { .. }))));
}

#[test]
fn a_time_falls_only_with_a_correction_that_counts_as_the_first_entry() {
    let mut world = World::story();
    let number = world.nl.own.next_number();
    let forged =
        |word: Vec<u8>| Statement::ClockCorrected(ClockCorrected { root_statement: Opaque(word) });
    let of_xk = world.root_says(xk(), root_statement::Statement::ClockCorrected);
    let second = vec![Statement::HoldPlaced];
    for first in [forged(of_xk), forged(vec![1])] {
        let entry = world.nl.entry(world.nl.own.next_position(), None, &first);
        let error = world
            .nl
            .own
            .compose(vec![entry], world.nl.replica.head(), Instant::from_ms(1), &world.nl.log_key)
            .unwrap_err();
        assert_eq!(error, record::log::ComposeError::WouldBreak(Breach::Time));
    }
    // The header says that it corrects, and its first entry does not.
    let mut dispatch = world.compose(nl(), Some(case_id()), &second);
    let mut header = *dispatch.signed_header.header();
    header.corrects_clock = true;
    header.time = header.time.less(Span::from_ms(120_000));
    let genesis = *world.genesis.digest();
    dispatch.signed_header = SignedHeader::sign(&header, &genesis, &world.nl.log_key).unwrap();
    let fault = world.offer(&dispatch.encode(), nl()).unwrap_err();
    assert_eq!(fault, Fault::BrokenChain { number, breach: Breach::Time });
}

#[test]
fn a_correction_that_stands_elsewhere_changes_nothing() {
    let mut world = World::story();
    let position = world.nl.own.next_position() + 1;
    let said = [Statement::CapabilitiesStated([10].into()), correction(&world)];
    world.say(nl(), None, &said);
    assert!(!world.xk.replica.keys().counts(position));
    assert!(world.xk.replica.keys().counts(position - 1));
}

#[test]
fn a_correction_gains_nothing_against_what_was_heard() {
    let mut world = World::story();
    world.now += 3_600_000;
    world.say(xk(), None, &[]);
    let heard = world.nl.replica.head().unwrap();
    world.now -= 7_200_000;
    let correction = correction(&world);
    let dispatch = world.compose(nl(), None, &[correction]);
    let skew = world.genesis.genesis().skew();
    assert_eq!(dispatch.signed_header.header().time, heard.time.less(skew));
    world.now += 7_200_000;
    world.deliver(&dispatch).unwrap();
}
