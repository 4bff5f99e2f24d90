//! Faults of the partner's log around a restore: stated before it and taken back, or found while
//! the node waits for its own words.

use domain::case::event::Statement;
use domain::identifier::CaseId;
use proto::ledger::v1::{ImportOutcome, TakeBackOutcome, Witness};
use record::dispatch::Dispatch;

use crate::faults::{faults_stated, forged};
use crate::forger::{Forger, case_key, filing};
use crate::restored::{copy, number, restore};
use crate::world::{Running, Site};

const CASE: CaseId = CaseId::new([9; 16]);

/// The node is ended, and started on a copy of its store; its own dispatches as they were.
async fn start_on(
    site: &Site,
    node: Running,
    copied: &tempfile::TempDir,
) -> (Running, Vec<Vec<u8>>) {
    let sent = node.dispatches(0).await.into_iter().map(|it| it.dispatch).collect();
    node.stop().await;
    restore(site, copied);
    let node = site.start().await;
    assert_ne!(node.status().await.waiting, None);
    (node, sent)
}

/// The partner answers with what it holds: everything.
async fn ask(node: &Running, sent: &[Vec<u8>]) {
    let last = Dispatch::decode(sent.last().unwrap()).unwrap();
    node.hear(Witness::Partner, last.signed_header.bytes().to_vec()).await;
}

#[tokio::test]
async fn a_fault_among_the_words_that_are_taken_back_freezes_the_partners_log() {
    // Symptom: it froze with the next start only, and a dispatch of the next era looked like a
    // fault until then.
    let (site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    xk.stop().await;
    let copied = copy(&site);
    let xk = site.start().await;
    let kept = number(&xk).await;
    let key = case_key(1);
    let (filed, rival) = (nl.say(&[filing(CASE, 1, &key)]), other.say(&[filing(CASE, 2, &key)]));
    nl.hand(&xk, &filed, ImportOutcome::Stored).await;
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    assert_eq!(faults_stated(&xk).await, 1);
    let (xk, sent) = start_on(&site, xk, &copied).await;
    ask(&xk, &sent).await;
    for dispatch in sent.iter().skip(usize::try_from(kept).unwrap() + 1) {
        let mut taken = xk.take_back(dispatch).await;
        if taken.outcome() == TakeBackOutcome::NeedsPartner {
            nl.hand(&xk, &filed, ImportOutcome::Stored).await;
            taken = xk.take_back(dispatch).await;
        }
        assert_eq!(taken.outcome(), TakeBackOutcome::Stored, "{}", taken.reason);
    }
    nl.hand(&xk, &nl.fork().say(&[]), ImportOutcome::Frozen).await;
}

/// A node on a copy that lacks its last word, which `sent` ends with, while a rival for the
/// partner's last dispatch arrives.
async fn meets_a_rival_while_it_waits() -> (Site, Running, Forger, Vec<Vec<u8>>) {
    let (site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    let key = case_key(1);
    let (filed, rival) = (nl.say(&[filing(CASE, 1, &key)]), other.say(&[filing(CASE, 2, &key)]));
    nl.hand(&xk, &filed, ImportOutcome::Stored).await;
    xk.stop().await;
    let copied = copy(&site);
    let xk = site.start().await;
    xk.state_on("ministry", "hold", &CASE.to_string(), Statement::HoldPlaced).await.unwrap();
    let (xk, sent) = start_on(&site, xk, &copied).await;
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    (site, xk, nl, sent)
}

#[tokio::test]
async fn a_fault_that_is_found_while_the_node_waits_is_stated_with_its_first_word() {
    // Symptom: it was staged and never written, and the corridor's next command did not fit.
    let (_site, xk, nl, sent) = meets_a_rival_while_it_waits().await;
    assert_eq!(faults_stated(&xk).await, 0);
    ask(&xk, &sent).await;
    let taken = xk.take_back(sent.last().unwrap()).await;
    assert_eq!(taken.outcome(), TakeBackOutcome::Stored, "{}", taken.reason);
    xk.writes_again(sent.len() as u64).await;
    assert_eq!(faults_stated(&xk).await, 1);
    nl.hand(&xk, &nl.fork().say(&[]), ImportOutcome::Frozen).await;
    let lifted = Statement::HoldLifted;
    xk.state_on("ministry", "lifted", &CASE.to_string(), lifted).await.unwrap();
}
