//! A log that contradicts itself: the fault stands on the record, and freezes the log.

use domain::case::event::{KeyAnnounced, Kind, LogSucceeded, Opaque, Statement};
use domain::chain::Heard;
use domain::identifier::Digest;
use ledger::KeyUse;
use proto::ledger::v1::ImportOutcome;
use record::dispatch::Dispatch;
use record::genesis::SignedGenesis;
use record::root_statement::{Statement as said, Succession};

use crate::forger::{Forger, case_key, filing};
use crate::rotation::prepare;
use crate::world::{Running, Site, corridor, evidence, exchange, founded, genesis};
use domain::identifier::CaseId;

const CASE: CaseId = CaseId::new([9; 16]);

/// XK, running, and an NL that was introduced, has filed, and is forged.
pub(crate) async fn forged() -> (Site, Running, Forger) {
    let (nl_site, xk_site) = founded("test-ledger");
    let xk = xk_site.start().await;
    let mut nl = Forger::new(&genesis("test-ledger", &nl_site, &xk_site), &nl_site, &xk_site);
    xk.adopt().await;
    let introduction = nl.introduce();
    nl.hand(&xk, &introduction, ImportOutcome::Stored).await;
    nl.listen(&xk).await;
    (xk_site, xk, nl)
}

/// How often a State has stated a fault on the record, by its own dispatches.
pub(crate) async fn faults_stated(by: &Running) -> usize {
    let mut stated = 0;
    for sent in by.dispatches(0).await {
        for entry in Dispatch::decode(&sent.dispatch).unwrap().entries {
            let content = record::facts::read(&entry.facts);
            if let domain::chain::Content::Stated(statement) = content {
                stated += usize::from(statement.kind() == Kind::FaultProved);
            }
        }
    }
    stated
}

#[tokio::test]
async fn equivocation_is_stated_and_freezes_the_log_also_after_a_restart() {
    let (site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    let key = case_key(1);
    let filed = nl.say(&[filing(CASE, 1, &key)]);
    nl.hand(&xk, &filed, ImportOutcome::Stored).await;
    let rival = other.say(&[filing(CASE, 2, &key)]);
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    let rival_number = Dispatch::decode(&rival).unwrap().signed_header.header().number;
    assert_eq!(faults_stated(&xk).await, 1);
    // Nothing of this log is stored any more, and the fault is stated once.
    let next = nl.say(&[]);
    nl.hand(&xk, &next, ImportOutcome::Frozen).await;
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    assert_eq!(faults_stated(&xk).await, 1);
    assert_eq!(xk.status().await.alarms, ["frozen"]);
    // Anybody can verify it, with nothing else.
    let kept = xk.faults().await;
    assert_eq!((kept.len(), kept[0].number), (1, rival_number));
    let verified = record::fault_evidence::verify(&kept[0].evidence).unwrap();
    assert_eq!(verified.accused, crate::world::state("NL"));
    xk.stop().await;
    let xk = site.start().await;
    nl.hand(&xk, &next, ImportOutcome::Frozen).await;
    assert_eq!(xk.status().await.alarms, ["frozen"]);
    // The frozen State's partner goes on speaking.
    xk.state_on("ministry", "hold", &CASE.to_string(), Statement::HoldPlaced).await.unwrap();
}

#[tokio::test]
async fn a_rival_that_waited_in_one_group_with_what_it_contradicts_is_stated() {
    let (_site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    let key = case_key(1);
    let (first, second) = (nl.say(&[filing(CASE, 1, &key)]), nl.say(&[]));
    let (_, rival) = (other.say(&[filing(CASE, 2, &key)]), other.say(&[]));
    // Both second ones wait for a first; the one that is stored makes the other a broken chain.
    nl.hand(&xk, &rival, ImportOutcome::ParkedGap).await;
    nl.hand(&xk, &first, ImportOutcome::Stored).await;
    assert_eq!(faults_stated(&xk).await, 1);
    nl.hand(&xk, &second, ImportOutcome::Frozen).await;
}

#[tokio::test]
async fn a_rival_for_a_number_that_both_have_shown_to_have_heard_freezes_nothing() {
    let (_site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    let key = case_key(1);
    let filed = nl.say(&[filing(CASE, 1, &key)]);
    nl.hand(&xk, &filed, ImportOutcome::Stored).await;
    // NL has heard that XK has heard it.
    nl.listen(&xk).await;
    let heard = nl.say(&[]);
    nl.hand(&xk, &heard, ImportOutcome::Stored).await;
    let rival = other.say(&[filing(CASE, 2, &key)]);
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    assert_eq!(faults_stated(&xk).await, 0);
    let next = nl.say(&[]);
    nl.hand(&xk, &next, ImportOutcome::Stored).await;
}

#[tokio::test]
async fn whose_own_log_was_proved_at_fault_writes_nothing_more_in_that_era() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    // Somebody starts a copy of everything elsewhere, marks included.
    nl.stop().await;
    let copy = nl_site.fork();
    let (nl, twin) = (nl_site.start().await, copy.start().await);
    let wanted = xk.status().await.next_wanted;
    nl.file("return-office", "one").await;
    twin.file("return-office", "other").await;
    let one = nl.dispatches(wanted).await.remove(0);
    let other = twin.dispatches(wanted).await.remove(0);
    assert_eq!(xk.import(&one.dispatch).await.outcome(), ImportOutcome::Stored);
    assert_eq!(xk.import(&other.dispatch).await.outcome(), ImportOutcome::Rival);
    assert_eq!(faults_stated(&xk).await, 1);
    for sent in xk.dispatches(nl.status().await.next_wanted).await {
        assert_eq!(nl.import(&sent.dispatch).await.outcome(), ImportOutcome::Stored);
    }
    assert_eq!(nl.status().await.alarms, ["own-log-frozen"]);
    let refused = nl.state_on("return-office", "late", &filed.case_id, evidence()).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.code().to_string(), "LEDGER-0010");
    // Also after a restart.
    nl.stop().await;
    let nl = nl_site.start().await;
    assert_eq!(nl.status().await.alarms, ["own-log-frozen"]);
}

/// A thief with NL's log key signs a rival of NL's last word on a case before anybody has heard of
/// XK's: XK proves it, and NL hears so.
pub(crate) async fn accused(nl_site: &Site, nl: Running, xk: &Running, case: &str) -> Running {
    nl.stop().await;
    let copy = nl_site.fork();
    let (nl, twin) = (nl_site.start().await, copy.start().await);
    let wanted = xk.status().await.next_wanted;
    nl.state_on("return-office", "more", case, evidence()).await.unwrap();
    twin.state_on("return-office", "forged", case, Statement::HoldPlaced).await.unwrap();
    let forged = twin.dispatches(wanted).await.remove(0);
    let own = nl.dispatches(wanted).await.remove(0);
    assert_eq!(xk.import(&own.dispatch).await.outcome(), ImportOutcome::Stored);
    assert_eq!(xk.import(&forged.dispatch).await.outcome(), ImportOutcome::Rival);
    for sent in xk.dispatches(nl.status().await.next_wanted).await {
        assert_eq!(nl.import(&sent.dispatch).await.outcome(), ImportOutcome::Stored);
    }
    assert_eq!(nl.status().await.own_head.unwrap().number, wanted);
    nl
}

/// The ceremony: a new log key, and the succession after the last that the partner had heard.
pub(crate) async fn succeed(site: &Site, node: Running, genesis: &SignedGenesis) -> Running {
    let head = node.status().await.own_head.unwrap();
    node.stop().await;
    let key = prepare(site, KeyUse::Log);
    let last =
        Heard { era: 0, number: head.number, digest: Digest::from_slice(&head.digest).unwrap() };
    let announced = site.root_says(genesis, 3, said::KeyAnnounced(key));
    let succession = said::LogSucceeded(Succession { era: 1, last });
    let succeeded = site.root_says(genesis, 4, succession);
    let node = site.start().await;
    node.state_on_corridor(
        "succeed",
        vec![
            Statement::KeyAnnounced(KeyAnnounced { root_statement: announced }),
            Statement::LogSucceeded(LogSucceeded {
                root_statement: Opaque(succeeded),
                era: 1,
                last,
            }),
        ],
    )
    .await
    .unwrap();
    node
}

#[tokio::test]
async fn a_frozen_log_goes_on_in_its_next_era_by_the_word_of_the_root_key() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let nl = accused(&nl_site, nl, &xk, &filed.case_id).await;
    let nl = succeed(&nl_site, nl, &genesis).await;
    assert_eq!(nl.status().await.alarms, [""; 0]);
    exchange(&nl, &xk).await;
    assert_eq!(xk.status().await.alarms, [""; 0]);
    // Both speak of the case again, also after a restart of both.
    nl.state_on("return-office", "again", &filed.case_id, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    nl.stop().await;
    xk.stop().await;
    let (nl, xk) = (nl_site.start().await, xk_site.start().await);
    nl.state_on("return-office", "once more", &filed.case_id, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    let here = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    let there = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    assert_eq!(here.case.text(), there.case.text());
    let (standing, evidence_heard) =
        (there.case.standing, there.case.said.requesting.evidence.len());
    assert_eq!(evidence_heard, 3, "{standing:?}");
}
