//! The chains that the rules read: whole and sparse give the same case.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::Case;
use domain::chain::Chain;
use domain::identifier::CaseId;
use record::chain::{self, Part};
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
        let (sparse_nl, sparse_xk) = chain::sparse(part(&nl), part(&xk));
        assert!(sparse_nl.dispatches.len() < nl.dispatches.len());
        assert_eq!(sparse_nl.entries, nl.entries);
        let full = Case::of(&corridor, case, &nl, &xk).unwrap();
        let cut = Case::of(&corridor, case, &sparse_nl, &sparse_xk).unwrap();
        assert_eq!(full.history, cut.history);
        assert_eq!((full.outcome, full.standing), (cut.outcome, cut.standing));
        assert_eq!(full.timeliness, cut.timeliness);
    }
}
