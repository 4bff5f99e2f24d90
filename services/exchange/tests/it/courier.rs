//! What the courier brings, loses, repeats and invents.

use exchange::Reach;

use crate::certificates::Authority;
use crate::stage::{Courier, Side, at_door, by_courier, dispatches, nl, open, xk};

/// A poll that no test waits for: only the first one, at the start, takes place.
const NEVER_MS: u64 = 3_600_000;

async fn start_both(courier: &Courier) -> (Side, Side) {
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.start(by_courier(xk()), Some(courier.config()), NEVER_MS).await;
    b.start(by_courier(nl()), Some(courier.config()), NEVER_MS).await;
    (a, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn dispatches_arrive_in_order_and_receipts_come_back() {
    let courier = Courier::start();
    let (a, b) = start_both(&courier).await;
    for text in ["one", "two", "three"] {
        a.ledger.say(text);
    }
    b.has_heard(&["one", "two", "three"]).await;
    a.is_confirmed(3).await;
    b.ledger.say("four");
    a.has_heard(&["four"]).await;
    let status = a.status(|status| status.backlog() == 0 && status.stored > 0).await;
    assert!(matches!(status.courier, Reach::Reachable { .. }), "{status:?}");
    assert_eq!((a.ledger.store().duplicates, b.ledger.store().duplicates), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_only_what_is_new_is_read_and_published() {
    let courier = Courier::start();
    let (mut a, mut b) = start_both(&courier).await;
    a.ledger.say("one");
    b.has_heard(&["one"]).await;
    a.is_confirmed(1).await;
    b.stop().await;
    a.ledger.say("two");
    a.ledger.say("three");
    a.status(|status| status.published == Some(2)).await;
    a.stop().await;
    a.ledger.say("four");
    a.start(by_courier(xk()), Some(courier.config()), NEVER_MS).await;
    b.start(by_courier(nl()), Some(courier.config()), NEVER_MS).await;
    b.has_heard(&["one", "two", "three", "four"]).await;
    a.is_confirmed(4).await;
    assert_eq!((a.ledger.store().duplicates, b.ledger.store().duplicates), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn losing_the_whole_cluster_loses_nothing() {
    let mut courier = Courier::start();
    let (a, mut b) = start_both(&courier).await;
    a.ledger.say("one");
    b.has_heard(&["one"]).await;
    a.is_confirmed(1).await;
    b.stop().await;
    a.ledger.say("two");
    a.ledger.say("three");
    a.status(|status| status.published == Some(2)).await;
    // What was published is gone before anybody has read it; another broker, another port.
    courier.replace();
    b.start(by_courier(nl()), Some(courier.config()), NEVER_MS).await;
    b.has_heard(&["one", "two", "three"]).await;
    a.ledger.say("four");
    b.has_heard(&["one", "two", "three", "four"]).await;
    a.is_confirmed(4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_lost_while_both_run_is_filled_again() {
    let mut courier = Courier::start();
    let (a, b) = start_both(&courier).await;
    a.ledger.say("one");
    a.is_confirmed(1).await;
    courier.replace();
    b.ledger.say("two");
    a.ledger.say("three");
    b.has_heard(&["one", "three"]).await;
    a.has_heard(&["two"]).await;
    a.is_confirmed(2).await;
    b.is_confirmed(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_holds_only_a_part_of_what_is_unheard_is_filled_again() {
    let courier = Courier::start();
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.ledger.say("one");
    let two = a.ledger.say("two");
    a.ledger.say("three");
    courier.carries_already(&dispatches(nl(), xk()), two.number, &two.bytes()).await;
    a.start(by_courier(xk()), Some(courier.config()), NEVER_MS).await;
    b.start(by_courier(nl()), Some(courier.config()), NEVER_MS).await;
    b.has_heard(&["one", "two", "three"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_claims_more_than_was_ever_said_misleads_nobody() {
    let courier = Courier::start();
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    for number in 0..3 {
        courier.carries_already(&dispatches(nl(), xk()), number, b"invented").await;
    }
    a.ledger.say("one");
    a.start(by_courier(xk()), Some(courier.config()), NEVER_MS).await;
    b.start(by_courier(nl()), Some(courier.config()), NEVER_MS).await;
    b.has_heard(&["one"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_not_there_shows_as_backlog_until_it_is() {
    let mut courier = Courier::absent();
    let (a, b) = start_both(&courier).await;
    a.ledger.say("one");
    a.ledger.say("two");
    let status = a.status(|status| status.backlog() == 2 && status.last_error.is_some()).await;
    assert!(!matches!(status.courier, Reach::Reachable { .. }), "{status:?}");
    courier.replace();
    b.has_heard(&["one", "two"]).await;
    a.status(|status| status.backlog() == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_back_is_seen_by_a_side_that_has_nothing_to_publish() {
    let mut courier = Courier::start();
    let (a, b) = start_both(&courier).await;
    a.ledger.say("one");
    b.has_heard(&["one"]).await;
    a.is_confirmed(1).await;
    courier.end();
    a.courier(|courier| matches!(courier, Reach::Unreachable { .. })).await;
    courier.replace();
    a.courier(|courier| matches!(courier, Reach::Reachable { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_invented_is_refused_and_stops_nothing() {
    let courier = Courier::start();
    let long = vec![0; 950 * 1024];
    let lies: [&[u8]; 4] = [b"garbage", b"no message", b"", &long];
    courier.smuggle(&dispatches(nl(), xk()), &lies).await;
    let (a, b) = start_both(&courier).await;
    a.ledger.say("one");
    b.has_heard(&["one"]).await;
    // The status follows what the ledger has stored.
    b.status(|status| status.refused == 4 && status.stored == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_fails_for_a_while_loses_nothing() {
    let courier = Courier::start();
    let (a, b) = start_both(&courier).await;
    b.ledger.store().failures = 5;
    a.ledger.store().failures = 3;
    a.ledger.say("one");
    a.ledger.say("two");
    b.has_heard(&["one", "two"]).await;
    a.is_confirmed(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_filled_at_the_partners_door() {
    let courier = Courier::start();
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    // This State publishes nothing, but opens its door.
    a.start(by_courier(xk()), None, NEVER_MS).await;
    let door = open(&a, &at_nl, &at_xk).await;
    let partner = at_door(door.address, &at_nl, &at_xk);
    b.start(partner, Some(courier.config()), NEVER_MS).await;
    b.status(|status| matches!(status.door, Reach::Reachable { .. })).await;
    a.ledger.say("one");
    a.ledger.say("two");
    let three = a.ledger.say("three");
    assert_eq!(b.ledger.heard(), Vec::<String>::new());

    courier.smuggle(&dispatches(nl(), xk()), &[&three.bytes()]).await;
    b.has_heard(&["one", "two", "three"]).await;
    assert_eq!(b.ledger.store().gaps, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_that_no_door_fills_is_looked_for_from_the_beginning() {
    let courier = Courier::start();
    let (a, b) = start_both(&courier).await;
    a.ledger.say("one");
    a.ledger.say("two");
    b.has_heard(&["one", "two"]).await;
    a.is_confirmed(2).await;
    // The courier's cursor is right, and still something is missing.
    b.ledger.store().partner.pop();
    a.ledger.say("three");
    b.has_heard(&["one", "two", "three"]).await;
}
