//! What arrives, and what is done: each row of the table that this ledger has.

use proto::ledger::v1::ImportOutcome;
use proto::record::v1::Dispatch;
use record::canonical;

use crate::world::{HOUR_MS, Running, corridor, evidence, exchange, founded, later};

#[tokio::test]
async fn what_is_there_already_is_not_stored_again() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let before = xk.heads().await;
    for dispatch in nl.dispatches(0).await {
        let outcome = xk.import(&dispatch.dispatch).await.outcome();
        assert_eq!(outcome, ImportOutcome::Duplicate);
    }
    assert_eq!(xk.heads().await, before);
}

#[tokio::test]
async fn a_gap_is_parked_and_closes_by_itself_once_it_is_filled() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    for request_id in ["a", "b"] {
        nl.state_on("return-office", request_id, &filed.case_id, evidence()).await.unwrap();
    }
    let wanted = xk.status().await.next_wanted;
    let missed = nl.dispatches(wanted).await;
    assert_eq!(missed.len(), 3);
    for dispatch in [&missed[2], &missed[1], &missed[2]] {
        let parked = xk.import(&dispatch.dispatch).await;
        assert_eq!(parked.outcome(), ImportOutcome::ParkedGap);
        assert_eq!(parked.next_wanted, wanted);
    }
    assert_eq!(xk.status().await.parked, 2);
    let filled = xk.import(&missed[0].dispatch).await;
    assert_eq!(filled.outcome(), ImportOutcome::Stored);
    assert_eq!(filled.next_wanted, wanted + 3);
    assert_eq!(xk.status().await.parked, 0);
    // One receipt for all three.
    exchange(&nl, &xk).await;
    let reading = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    let receipts = reading.partner_chain.dispatches.values();
    let heard: Vec<_> = receipts.filter_map(|it| it.heard).map(|it| it.number).collect();
    assert!(heard.contains(&(wanted + 2)) && !heard.contains(&wanted));
}

#[tokio::test]
async fn a_dispatch_of_the_future_waits_for_its_time() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    later(&nl_site, HOUR_MS);
    let filed = nl.file("return-office", "file").await;
    let wanted = xk.status().await.next_wanted;
    let dispatch = nl.dispatches(wanted).await.remove(0);
    let parked = xk.import(&dispatch.dispatch).await;
    assert_eq!(parked.outcome(), ImportOutcome::ParkedFuture);
    assert!(xk.read(&xk.official("ministry"), &filed.case_id).await.is_err());
    xk.handle.tick().await;
    assert_eq!(xk.status().await.next_wanted, wanted);
    // Within the permitted skew of five minutes.
    later(&xk_site, HOUR_MS - 300_000);
    xk.handle.tick().await;
    // Anything that goes through the writer comes after the tick.
    let duplicate = xk.import(&dispatch.dispatch).await;
    assert_eq!(duplicate.outcome(), ImportOutcome::Duplicate);
    assert!(xk.read(&xk.official("ministry"), &filed.case_id).await.is_ok());
}

#[tokio::test]
async fn what_is_not_authentic_goes_to_quarantine_and_nothing_is_written() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    let wanted = xk.status().await.next_wanted;
    let good = nl.dispatches(wanted).await.remove(0).dispatch;
    let before = xk.heads().await;

    let (stranger, _) = founded("test-elsewhere");
    let stranger = stranger.start().await;
    let of_another_genesis = stranger.dispatches(0).await.remove(0).dispatch;
    let mut bad_signature: Dispatch = canonical::decode(&good).unwrap();
    *bad_signature.signed_header.last_mut().unwrap() ^= 1;
    let table = [b"no dispatch".to_vec(), canonical::encode(&bad_signature), of_another_genesis];
    for (index, bytes) in table.iter().enumerate() {
        let outcome = xk.import(bytes).await.outcome();
        assert_eq!(outcome, ImportOutcome::Quarantined, "{index}");
    }
    assert_eq!(xk.status().await.quarantined, 3);
    assert_eq!(xk.status().await.alarms, ["quarantine"]);
    assert_eq!(xk.quarantine(None).await.dispatches.len(), 3);
    let shown = xk.quarantine(Some(1)).await.dispatches;
    assert_eq!((shown.len(), &shown[0].dispatch), (1, &table[1]));
    assert!(shown[0].reason.contains("signature"), "{}", shown[0].reason);
    assert_eq!(xk.purge_quarantine().await, 3);
    assert_eq!(xk.status().await.quarantined, 0);
    assert_eq!(xk.heads().await, before);
    // The true one is taken in all the same.
    assert_eq!(xk.import(&good).await.outcome(), ImportOutcome::Stored);
}

#[tokio::test]
async fn withheld_bytes_are_asked_for_again() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    let wanted = xk.status().await.next_wanted;
    let good = nl.dispatches(wanted).await.remove(0).dispatch;
    let mut without: Dispatch = canonical::decode(&good).unwrap();
    without.entries.clear();
    let answer = xk.import(&canonical::encode(&without)).await;
    assert_eq!((answer.outcome(), answer.next_wanted), (ImportOutcome::Withheld, wanted));
    assert_eq!(xk.status().await.alarms, ["bytes-withheld"]);
    assert_eq!(xk.import(&good).await.outcome(), ImportOutcome::Stored);
    assert_eq!(xk.status().await.alarms, [""; 0]);
}

#[tokio::test]
async fn a_case_key_that_did_not_come_leaves_the_body_unreadable() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let wanted = xk.status().await.next_wanted;
    let good = nl.dispatches(wanted).await.remove(0).dispatch;
    let mut without: Dispatch = canonical::decode(&good).unwrap();
    assert_eq!(without.case_keys.len(), 1);
    without.case_keys.clear();
    assert_eq!(xk.import(&canonical::encode(&without)).await.outcome(), ImportOutcome::Stored);
    let reading = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    let body = reading.bodies.get(&(nl.state, filed.positions[0]));
    assert_eq!(body, Some(&runtime::command::Body::Unreadable));
}

#[tokio::test]
async fn an_idle_ledger_sends_a_heartbeat_unless_nobody_answers() {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let head = || async { nl.status().await.own_head.unwrap().number };
    let before = head().await;
    let settle = || async {
        nl.handle.tick().await;
        // Whatever goes through the writer next comes after the tick.
        nl.import(b"nothing").await;
    };
    settle().await;
    assert_eq!(head().await, before);
    nl_site.answering.send_replace(false);
    later(&nl_site, HOUR_MS);
    settle().await;
    assert_eq!(head().await, before);
    nl_site.answering.send_replace(true);
    settle().await;
    settle().await;
    assert_eq!(head().await, before + 1);
    let heartbeat = nl.dispatches(before + 1).await.remove(0);
    let heartbeat: Dispatch = canonical::decode(&heartbeat.dispatch).unwrap();
    assert!(heartbeat.entries.is_empty());
}

#[tokio::test]
async fn an_empty_dispatch_is_never_answered() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    later(&nl_site, HOUR_MS);
    nl.handle.tick().await;
    nl.import(b"nothing").await;
    let before = xk.status().await.own_head;
    let wanted = xk.status().await.next_wanted;
    let heartbeat = nl.dispatches(wanted).await.remove(0);
    later(&xk_site, HOUR_MS - 1);
    assert_eq!(xk.import(&heartbeat.dispatch).await.outcome(), ImportOutcome::Stored);
    assert_eq!(xk.status().await.own_head, before);
}

#[tokio::test]
async fn a_rival_of_a_stored_dispatch_is_kept_as_proof() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    nl.stop().await;
    let forked = nl_site.fork();
    let (nl, fork) = (nl_site.start().await, forked.start().await);
    nl.file("return-office", "file").await;
    fork.file("return-office", "another").await;
    let wanted = xk.status().await.next_wanted;
    let one = nl.dispatches(wanted).await.remove(0);
    let other = fork.dispatches(wanted).await.remove(0);
    assert_eq!(xk.import(&one.dispatch).await.outcome(), ImportOutcome::Stored);
    let before = xk.heads().await.partner;
    assert_eq!(xk.import(&other.dispatch).await.outcome(), ImportOutcome::Rival);
    assert_eq!(xk.heads().await.partner, before);
    assert_eq!(xk.faults().await.len(), 1);
}

#[tokio::test]
async fn who_claims_to_have_heard_what_was_never_signed_is_not_written_to_any_more() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    nl.stop().await;
    let forked = nl_site.fork();
    let fork = forked.start().await;
    fork.file("return-office", "another").await;
    exchange(&fork, &xk).await;
    let nl = nl_site.start().await;
    let wanted = nl.status().await.next_wanted;
    let receipt = xk.dispatches(wanted).await.remove(0);
    assert_eq!(nl.import(&receipt.dispatch).await.outcome(), ImportOutcome::HeardUnknown);
    writes_nothing(&nl).await;
    nl.stop().await;
    // Nor after a restart, nor when a heartbeat is due.
    later(&nl_site, HOUR_MS);
    writes_nothing(&nl_site.start().await).await;
}

async fn writes_nothing(nl: &Running) {
    assert!(nl.status().await.stopped.contains("never signed here"));
    let before = nl.status().await.own_head;
    let refused = nl.try_file("return-office", "file", b"file").await.unwrap_err();
    assert_eq!(refused.code().as_str(), "LEDGER-0001");
    nl.handle.tick().await;
    nl.import(b"nothing").await;
    assert_eq!(nl.status().await.own_head, before);
}
