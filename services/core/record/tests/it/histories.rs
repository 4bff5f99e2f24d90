//! Random histories: two States speak and hear in any order, and every reader ends with the same.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::Case;
use domain::case::event::{RefusalReason, Statement};
use domain::chain::sparse::{self, Part};
use domain::identifier::{CaseId, State};
use proptest::prelude::*;
use record::bundle;

use crate::world::{World, case_id, nl, other_case_id, request, xk};

/// One step: a State speaks, or the other one receives what is under way.
#[derive(Clone, Debug)]
enum Step {
    Say { by_nl: bool, other_case: bool, what: prop::sample::Index },
    Receive { from_nl: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (any::<bool>(), prop::bool::weighted(0.2), any::<prop::sample::Index>())
            .prop_map(|(by_nl, other_case, what)| Step::Say { by_nl, other_case, what }),
        any::<bool>().prop_map(|from_nl| Step::Receive { from_nl }),
    ]
}

/// What a State may say of a case, sense or nonsense; `None` is a dispatch without entries.
fn sayings(by_nl: bool) -> Vec<Option<Statement>> {
    let either = [None, Some(Statement::HoldPlaced), Some(Statement::HoldLifted)];
    let own = if by_nl {
        vec![
            request(),
            Statement::RegisterCheckRequested,
            Statement::SilenceNoticed,
            Statement::RequestWithdrawn,
            Statement::TransferCancelled(4),
        ]
    } else {
        vec![
            Statement::RequestAdmitted,
            Statement::ClarificationAsked,
            Statement::IdentityConfirmed,
            Statement::RequestAccepted,
            Statement::RequestRefused(vec![RefusalReason::NotANational]),
        ]
    };
    either.into_iter().chain(own.into_iter().map(Some)).collect()
}

/// Delivers what is under way from a State, oldest first, as many as `most`.
fn receive(world: &mut World, from: State, most: usize) {
    let partner = if from == nl() { xk() } else { nl() };
    for _ in 0..most {
        let stored = world.node(partner).received.len();
        let Some(next) = world.node(from).sent.get(stored).cloned() else { return };
        world.deliver(&next).unwrap();
    }
}

fn played(steps: &[Step]) -> World {
    let mut world = World::new();
    world.introduce(nl());
    world.introduce(xk());
    world.say(nl(), Some(case_id()), &[request()]);
    for step in steps {
        match step {
            Step::Say { by_nl, other_case, what } => {
                let case = if *other_case { other_case_id() } else { case_id() };
                let said = what.get(&sayings(*by_nl)).clone();
                let by = if *by_nl { nl() } else { xk() };
                let statements: Vec<Statement> = said.into_iter().collect();
                world.compose(by, Some(case), &statements);
            }
            Step::Receive { from_nl } => receive(&mut world, if *from_nl { nl() } else { xk() }, 1),
        }
    }
    receive(&mut world, nl(), usize::MAX);
    receive(&mut world, xk(), usize::MAX);
    world
}

fn exported(world: &World, case: CaseId) -> Vec<u8> {
    let [first, second] = world.stored();
    bundle::export(&world.genesis, case, [first, second], None)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Invariants 1, 6 and 7 as far as bytes go: every dispatch is taken in, the evidence verifies,
    /// sparse chains give the same case, and a flipped bit is found.
    #[test]
    fn whatever_is_said_and_heard_verifies(
        steps in prop::collection::vec(step(), 0..24),
        place: prop::sample::Index,
    ) {
        let world = played(&steps);
        prop_assert_eq!(world.nl.own.head(), world.xk.replica.head());
        prop_assert_eq!(world.xk.own.head(), world.nl.replica.head());

        let bytes = exported(&world, case_id());
        let verified = bundle::verify(&bytes).unwrap();
        let (first, second) = (&verified.first, &verified.second);
        let (sparse_first, sparse_second) = sparse::of_parts(
            verified.corridor.grace,
            Part { author: nl(), entries: first.entries.clone(), dispatches: first },
            Part { author: xk(), entries: second.entries.clone(), dispatches: second },
        );
        let cut =
            Case::of(&verified.corridor, case_id(), &sparse_first, &sparse_second).unwrap();
        prop_assert_eq!(&cut.history, &verified.case.history);
        prop_assert_eq!(cut.outcome, verified.case.outcome);
        prop_assert_eq!(cut.standing, verified.case.standing);

        let mut flipped = bytes;
        let bit = place.index(flipped.len() * 8);
        flipped[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(bundle::verify(&flipped).is_err());
    }
}
