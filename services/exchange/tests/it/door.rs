//! The partner's own door: everything without a courier, and who may ask.
#![expect(clippy::unwrap_used, reason = "tests")]

use exchange::Reach;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{GetHeadRequest, StreamDispatchesRequest};
use runtime::channel;
use tonic::Code;

use crate::certificates::Authority;
use crate::fake_ledger::GENESIS;
use crate::fake_supply::Wanted;
use crate::stage::{Side, at_door, by_courier, nl, open, open_at, target, wait_until, xk};

#[tokio::test(flavor = "multi_thread")]
async fn without_any_courier_the_logs_meet_at_the_doors() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.start(by_courier(xk()), None, 20).await;
    let door = open(&a, &at_nl, &at_xk).await;
    b.start(at_door(door.address, &at_nl, &at_xk), None, 20).await;
    let other_door = open(&b, &at_xk, &at_nl).await;
    // Now that the other door is known: the same State, asking there.
    a.stop().await;
    a.start(at_door(other_door.address, &at_xk, &at_nl), None, 20).await;
    let door = {
        door.shutdown.begin();
        open(&a, &at_nl, &at_xk).await
    };
    b.stop().await;
    b.start(at_door(door.address, &at_nl, &at_xk), None, 20).await;

    a.ledger.say("one");
    a.ledger.say("two");
    b.has_heard(&["one", "two"]).await;
    a.is_confirmed(2).await;
    b.ledger.say("three");
    a.has_heard(&["three"]).await;
    let status = a.status(|status| matches!(status.door, Reach::Reachable { .. })).await;
    assert_eq!(status.courier, Reach::Off);
    assert_eq!((a.ledger.store().duplicates, b.ledger.store().duplicates), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_restored_ledger_holds_back_is_offered_until_it_is_let_in() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    b.ledger.store().holds_back = true;
    a.start(by_courier(xk()), None, 20).await;
    let door = open(&a, &at_nl, &at_xk).await;
    for text in ["one", "two", "three"] {
        a.ledger.say(text);
    }
    b.start(at_door(door.address, &at_nl, &at_xk), None, 20).await;
    let held_back = || b.ledger.store().held_back.len();
    wait_until(|| held_back() >= 3, || held_back().to_string()).await;
    // What is behind the first waits with it, and nothing is missing.
    assert!(b.ledger.store().held_back.iter().all(|number| *number == 0));
    assert_eq!(b.ledger.store().gaps, 0);
    assert!(b.running().handle.status().now().partners.values().all(|it| it.refused == 0));
    b.ledger.store().holds_back = false;
    b.has_heard(&["one", "two", "three"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_door_is_shown_and_tried_again() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.start(by_courier(xk()), None, 20).await;
    let door = open(&a, &at_nl, &at_xk).await;
    // The authority that is expected behind the door is another one.
    b.start(at_door(door.address, &at_xk, &at_xk), None, 20).await;
    let status = b.status(|status| matches!(status.door, Reach::Unreachable { .. })).await;
    assert!(status.partners.values().all(|status| status.last_error.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_partners_node_is_answered_and_only_of_its_corridor() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let mut a = Side::new(nl());
    a.start(by_courier(xk()), None, 3_600_000).await;
    for text in ["one", "two", "three"] {
        a.ledger.say(text);
    }
    let door = open(&a, &at_nl, &at_xk).await;
    let client = |authority: &Authority, path: &str| {
        let target = target(door.address, &at_nl, authority.issue(path));
        PartnerServiceClient::new(channel::tls(&target).unwrap())
    };
    let head = GetHeadRequest { genesis: GENESIS.to_vec(), wait_for_number: None };
    for (authority, path) in [
        (&at_xk, "office/authority/official/t.tester"),
        (&at_xk, "service/exchange"),
        (&at_nl, "node"),
        (&at_nl, "operator/t.tester"),
    ] {
        let refused = client(authority, path).get_head(head.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{path}");
    }

    let mut node = client(&at_xk, "node");
    let own = node.get_head(head).await.unwrap().into_inner().own.unwrap();
    assert_eq!(own.number, 2);
    let other = GetHeadRequest { genesis: vec![1; 32], wait_for_number: None };
    assert_eq!(node.get_head(other).await.unwrap_err().code(), Code::NotFound);

    let range = |author: &str, from_number, to_number| StreamDispatchesRequest {
        genesis: GENESIS.to_vec(),
        author: author.to_owned(),
        era: 0,
        from_number,
        to_number,
    };
    for (author, from, to, numbers) in
        [("NL", 1, None, vec![1, 2]), ("NL", 0, Some(1), vec![0, 1]), ("XK", 0, None, vec![])]
    {
        let answer = node.stream_dispatches(range(author, from, to)).await;
        let mut sent = answer.unwrap().into_inner();
        let mut found = Vec::new();
        while let Some(dispatch) = sent.message().await.unwrap() {
            found.push(dispatch.number);
        }
        assert_eq!(found, numbers, "{author} {from} {to:?}");
    }
    for (author, from, to) in [("AL", 0, None), ("", 0, None), ("NL", 2, Some(1))] {
        let refused = node.stream_dispatches(range(author, from, to)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{author} {from} {to:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_courier_a_dispatch_is_fetched_as_soon_as_it_is_made() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.start(by_courier(xk()), None, 3_600_000).await;
    let door = open(&a, &at_nl, &at_xk).await;
    // An hour: what is heard after the first look, the door has told.
    b.start(at_door(door.address, &at_nl, &at_xk), None, 3_600_000).await;
    for (said, heard) in [("one", &["one"][..]), ("two", &["one", "two"][..])] {
        a.ledger.say(said);
        b.has_heard(heard).await;
    }
    // The door ends, and another opens: it is found again without the interval.
    let address = door.address;
    a.stop().await;
    door.shutdown.begin();
    door.ended.await.unwrap().unwrap();
    a.ledger.say("three");
    a.start(by_courier(xk()), None, 3_600_000).await;
    let again = open_at(address, &a, &at_nl, &at_xk).await;
    b.has_heard(&["one", "two", "three"]).await;
    again.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_is_fetched_at_the_door() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let (mut a, mut b) = (Side::new(nl()), Side::new(xk()));
    a.start(by_courier(xk()), None, 3_600_000).await;
    a.ledger.store().pieces = [(0, b"key".to_vec()), (2, b"body".to_vec())].into();
    let door = open(&a, &at_nl, &at_xk).await;
    b.start(at_door(door.address, &at_nl, &at_xk), None, 3_600_000).await;
    b.has_heard(&[]).await;
    // Known to be lacking with the next import; what the partner does not have stays so.
    let remains = Wanted::body(1, b"withheld");
    let short = Wanted::attachment(5, &[b"one", b"withheld"], 0);
    let so_far = Wanted::attachment(5, &[b"one", b"withheld"], 1);
    b.ledger.store().wanted = vec![
        Wanted::case_key(0, b"key"),
        remains.clone(),
        Wanted::body(2, b"body"),
        Wanted::attachment(3, &[b"one", b"two"], 0),
        Wanted::attachment(4, &[b"one", b"two", b"three"], 1),
        short,
    ];
    a.ledger.say("one");
    wait_until(
        || b.ledger.store().wanted == [remains.clone(), so_far.clone()],
        || format!("{:?}", b.ledger.store().wanted),
    )
    .await;
    assert_eq!(b.ledger.store().lies, 0);
}
