//! A store that was restored from a copy made before an era began: what ended the era before, and
//! what began the next one, comes back before the node says a word.

use proto::ledger::v1::{ImportOutcome, TakeBackOutcome};

use crate::faults::{accused, succeed};
use crate::restored::{copy, restore, signed};
use crate::witness::fetch_back;
use crate::world::{Running, Site, corridor, evidence, exchange, genesis};

/// A corridor in which NL's log goes on in era 1, and both have spoken since; with copies of both
/// stores from before XK proved the fault.
pub(crate) struct Succeeded {
    pub(crate) sites: [Site; 2],
    pub(crate) nodes: [Running; 2],
    copies: [tempfile::TempDir; 2],
    case: String,
}

pub(crate) async fn succeeded() -> Succeeded {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    let case = nl.file("return-office", "file").await.case_id;
    exchange(&nl, &xk).await;
    nl.stop().await;
    xk.stop().await;
    let copies = [copy(&nl_site), copy(&xk_site)];
    let (nl, xk) = (nl_site.start().await, xk_site.start().await);
    let nl = accused(&nl_site, nl, &xk, &case).await;
    let nl = succeed(&nl_site, nl, &genesis).await;
    exchange(&nl, &xk).await;
    nl.state_on("return-office", "again", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    assert_eq!(era_of_last(&nl).await, 1);
    Succeeded { sites: [nl_site, xk_site], nodes: [nl, xk], copies, case }
}

/// The era of the last dispatch of a node's own log.
async fn era_of_last(node: &Running) -> u32 {
    let last = node.dispatches(0).await.pop().unwrap();
    let dispatch = record::dispatch::Dispatch::decode(&last.dispatch).unwrap();
    dispatch.signed_header.header().era
}

/// Both hold the same case, and go on.
async fn whole(nl: &Running, xk: &Running, case: &str) {
    exchange(nl, xk).await;
    nl.state_on("return-office", "once more", case, evidence()).await.unwrap();
    exchange(nl, xk).await;
    for node in [nl, xk] {
        let status = node.status().await;
        assert_eq!((status.stopped.as_str(), status.alarms.as_slice()), ("", &[][..]));
        assert!(status.waiting.is_none());
    }
    let here = nl.read(&nl.official("return-office"), case).await.unwrap();
    let there = xk.read(&xk.official("ministry"), case).await.unwrap();
    assert_eq!(here.case.text(), there.case.text());
    assert_eq!(era_of_last(nl).await, 1);
}

#[tokio::test]
async fn a_copy_from_before_the_own_log_was_succeeded_has_the_next_era_back_first() {
    // Symptom: the first dispatch of the next era was taken for a forged one, since what had ended
    // the era before was not back yet; writing stopped for good.
    let Succeeded { sites: [nl_site, _xk_site], nodes: [nl, xk], copies, case } = succeeded().await;
    let before = signed(&nl).await;
    let last = before.len() as u64 - 1;
    nl.stop().await;
    restore(&nl_site, &copies[0]);
    let nl = nl_site.start().await;
    nl.ask(&xk).await;
    let lost = nl.status().await.own_head.unwrap().number + 1;
    // The one that begins the era has heard what ended the one before: that has to come first.
    let begins = xk.held("NL", lost).await.into_iter().find(|sent| {
        let dispatch = record::dispatch::Dispatch::decode(sent).unwrap();
        dispatch.signed_header.header().era == 1
    });
    let begins = begins.unwrap();
    assert_eq!(nl.take_back(&begins).await.outcome(), TakeBackOutcome::NeedsPartner);
    assert_eq!(fetch_back(&nl, &xk).await as u64, last + 1 - lost);
    nl.writes_again(last + 1).await;
    assert_eq!(signed(&nl).await[..before.len()], before);
    whole(&nl, &xk, &case).await;
    // It is found again.
    nl.stop().await;
    let nl = nl_site.start().await;
    nl.state_on("return-office", "at last", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
}

#[tokio::test]
async fn a_copy_from_before_the_partners_log_was_frozen_has_its_own_word_of_it_back_first() {
    // Symptom: the own word that had frozen the partner's log came back and froze nothing, and the
    // partner's next era was kept as proof of a fault that it had not committed.
    let Succeeded { sites: [_nl_site, xk_site], nodes: [nl, xk], copies, case } = succeeded().await;
    let before = signed(&xk).await;
    let last = before.len() as u64 - 1;
    xk.stop().await;
    restore(&xk_site, &copies[1]);
    let xk = xk_site.start().await;
    xk.ask(&nl).await;
    // Whatever the courier brings waits for that word.
    let wanted = xk.status().await.next_wanted;
    for sent in nl.dispatches(wanted).await {
        let outcome = xk.import(&sent.dispatch).await.outcome();
        let waits = matches!(outcome, ImportOutcome::HeldBack | ImportOutcome::ParkedGap);
        assert!(waits, "{}: {outcome:?}", sent.number);
    }
    assert_eq!(xk.status().await.next_wanted, wanted);
    assert_eq!(xk.faults().await.len(), 0);
    fetch_back(&xk, &nl).await;
    xk.writes_again(last + 1).await;
    assert_eq!(signed(&xk).await[..before.len()], before);
    assert_eq!(xk.faults().await.len(), 0);
    whole(&nl, &xk, &case).await;
    xk.stop().await;
    let xk = xk_site.start().await;
    assert_eq!(xk.status().await.alarms, [""; 0]);
    exchange(&nl, &xk).await;
}
