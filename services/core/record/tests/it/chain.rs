//! The chains that the rules read: whole and sparse give the same case.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::Case;
use domain::case::event::Statement;
use domain::chain::Chain;
use domain::chain::sparse::{self, Part};
use domain::identifier::CaseId;
use record::chain;
use record::entry::Head;

use crate::world::{Node, World, case_id, other_case_id};

/// The whole chain of a node's own log, with the entries of the corridor and a case.
fn whole(node: &Node, case: CaseId) -> Chain {
    let mut whole = Chain::new(node.state);
    for dispatch in &node.sent {
        let stated = chain::dispatch(&dispatch.signed_header);
        whole.dispatches.insert(stated.number, stated);
        let entries = dispatch.entries.iter().filter_map(|entry| {
            let head = Head::decode(&entry.head).unwrap();
            chain::entry(node.own.log(), stated.number, &head, &entry.facts)
        });
        whole.entries.extend(entries.filter(|it| it.case.is_none() || it.case == Some(case)));
    }
    whole
}

fn part(chain: &Chain) -> Part<'_, Chain> {
    Part { author: chain.author, entries: chain.entries.clone(), dispatches: chain }
}

#[test]
fn a_sparse_chain_leaves_out_dispatches_and_gives_the_same_case() {
    let mut world = World::story();
    for _ in 0..10 {
        world.say(world.nl.state, None, &[]);
        world.say(world.xk.state, None, &[]);
    }
    let corridor = world.genesis.genesis().corridor();
    for case in [case_id(), other_case_id()] {
        let (nl, xk) = (whole(&world.nl, case), whole(&world.xk, case));
        let (sparse_nl, sparse_xk) = sparse::of_parts(corridor.grace, part(&nl), part(&xk));
        assert!(sparse_nl.dispatches.len() < nl.dispatches.len());
        assert_eq!(sparse_nl.entries, nl.entries);
        let full = Case::of(&corridor, case, &nl, &xk).unwrap();
        let cut = Case::of(&corridor, case, &sparse_nl, &sparse_xk).unwrap();
        assert_eq!(full.history, cut.history);
        assert_eq!((full.outcome, full.standing), (cut.outcome, cut.standing));
        assert_eq!(full.timeliness, cut.timeliness);
    }
}

#[test]
fn a_sparse_chain_holds_the_first_word_that_proves_a_silence() {
    // Symptom: a silence was claimed on the partner's last word where the whole chain would have
    // it claimed on the first that proves it: two services decided one command differently.
    let mut world = World::story();
    let (nl_state, xk_state) = (world.nl.state, world.xk.state);
    world.say(nl_state, Some(case_id()), &[Statement::SilenceNoticed]);
    for _ in 0..3 {
        world.say(xk_state, None, &[]);
    }
    let corridor = world.genesis.genesis().corridor();
    world.now += corridor.grace.as_ms();
    for _ in 0..3 {
        world.say(xk_state, None, &[]);
    }
    let (nl, xk) = (whole(&world.nl, case_id()), whole(&world.xk, case_id()));
    let notice = nl.dispatches.values().next_back().unwrap();
    let from = notice.time.plus(corridor.grace);
    let (_, sparse_xk) = sparse::of_parts(corridor.grace, part(&nl), part(&xk));
    let proof = xk.proof_of_silence(notice.number, from);
    assert!(proof.is_some_and(|proof| Some(proof) != xk.head()));
    assert_eq!(sparse_xk.proof_of_silence(notice.number, from), proof);
}
