//! What an agency hears, when, and what it misses: nothing, over a reconnect and a restart.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::event::Statement;
use proto::reintegration::v1::*;
use runtime::failure::{Class, Failure};
use tonic::Streaming;

use crate::fake_ledger::{CASE, NUMBER};
use crate::stage::{Client, Do, LIMIT, Stage};

use CaseEventType as T;

pub(crate) async fn subscribe(client: &Client, token: &str) -> Streaming<SubscribeResponse> {
    let request = SubscribeRequest { after_token: token.to_owned() };
    client.events().subscribe(request).await.unwrap().into_inner()
}

pub(crate) async fn next(events: &mut Streaming<SubscribeResponse>) -> CaseEvent {
    let event = tokio::time::timeout(LIMIT, events.message()).await.unwrap();
    event.unwrap().unwrap().event.unwrap()
}

async fn take(events: &mut Streaming<SubscribeResponse>, count: usize) -> Vec<CaseEvent> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(next(events).await);
    }
    taken
}

fn types(events: &[CaseEvent]) -> Vec<T> {
    events.iter().map(CaseEvent::r#type).collect()
}

/// The story of a person who was referred before the transfer; ends with the withdrawal.
async fn play(stage: &Stage) {
    let (office, agency) = (stage.office().await, stage.homeward().await);
    stage.accept();
    office.does(Do::Consent, "r1").await.unwrap();
    // Nobody hears of what was before the referral, nor of a consent that came to nothing.
    office.does(Do::Withdraw, "w0").await.unwrap();
    office.does(Do::Consent, "r0").await.unwrap();
    let first = stage.notify_transfer();
    stage.ledger.says("NL", &Statement::TransferCancelled(first));
    office.does(Do::Refer, "r2").await.unwrap();
    let notice = stage.notify_transfer();
    // Notified twice: the second has no effect, and is not heard.
    stage.notify_transfer();
    agency.does(Do::Accept, "a1").await.unwrap();
    stage.ledger.says("NL", &Statement::PersonDeparted(notice));
    stage.ledger.says("XK", &Statement::PersonArrived);
    agency.does(Do::Plan, "a2").await.unwrap();
    office.does(Do::Withdraw, "w1").await.unwrap();
    // Nor of what comes after the withdrawal.
    stage.ledger.says("NL", &Statement::PersonDeparted(notice));
    office.does(Do::Consent, "r3").await.unwrap();
}

const STORY: [T; 7] = [
    T::Referred,
    T::TransferNotified,
    T::ReferralAnswered,
    T::PersonDeparted,
    T::PersonArrived,
    T::PlanAgreed,
    T::ConsentWithdrawn,
];

#[tokio::test]
async fn an_agency_hears_from_the_referral_to_the_withdrawal_and_nothing_else() {
    let stage = Stage::new().await;
    let agency = stage.homeward().await;
    let mut live = subscribe(&agency, "").await;
    play(&stage).await;
    let heard = take(&mut live, STORY.len()).await;
    assert_eq!(types(&heard), STORY);
    // A second referral under the new consent is the next thing that is heard.
    let office = stage.office().await;
    office.does(Do::Refer, "r4").await.unwrap();
    assert_eq!(next(&mut live).await.r#type(), T::Referred);
    for event in &heard {
        assert_eq!((event.case_id.clone(), event.case_number.as_str()), (CASE.to_string(), NUMBER));
        assert!(event.time_ms > 0);
    }
    let ids: std::collections::BTreeSet<_> = heard.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), heard.len());
    assert!(ids.contains(&"xk-nl-local-3".to_owned()), "{ids:?}");

    let other = stage.caller("xk.readmit/agency/elsewhere/official/x").await;
    let listed = other.events().list_events(ListEventsRequest::default()).await;
    assert_eq!(listed.unwrap().into_inner().events, []);
}

#[tokio::test]
async fn whoever_reconnects_with_a_token_misses_nothing() {
    let stage = Stage::new().await;
    let agency = stage.homeward().await;
    let mut whole = subscribe(&agency, "").await;
    play(&stage).await;
    let whole = take(&mut whole, STORY.len()).await;
    for cut in 0..STORY.len() {
        let mut first = subscribe(&agency, "").await;
        let before = take(&mut first, cut).await;
        drop(first);
        let token = before.last().map(|event| event.token.clone()).unwrap_or_default();
        let after = take(&mut subscribe(&agency, &token).await, STORY.len() - cut).await;
        assert_eq!([before, after].concat(), whole, "cut at {cut}");
    }
}

#[tokio::test]
async fn a_service_that_starts_again_tells_the_same() {
    let stage = Stage::new().await;
    let mut events = subscribe(&stage.homeward().await, "").await;
    play(&stage).await;
    let before = take(&mut events, STORY.len()).await;
    let ledger = stage.stop().await;
    // The stream ends with the service.
    assert!(
        tokio::time::timeout(LIMIT, events.message()).await.unwrap().is_ok_and(|it| it.is_none())
    );
    // The new one loses the ledger in the middle, too.
    ledger.store().cut_at = Some(9);
    let stage = Stage::with(ledger, None).await;
    let mut events = subscribe(&stage.homeward().await, "").await;
    assert_eq!(take(&mut events, STORY.len()).await, before);
}

#[tokio::test]
async fn events_are_listed_page_by_page() {
    let stage = Stage::new().await;
    let agency = stage.homeward().await;
    let mut live = subscribe(&agency, "").await;
    play(&stage).await;
    let whole = take(&mut live, STORY.len()).await;
    let (mut listed, mut page_token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let request = ListEventsRequest { page_size: 3, page_token };
        let page = agency.events().list_events(request).await.unwrap().into_inner();
        listed.extend(page.events);
        pages += 1;
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!((listed, pages), (whole.clone(), 3));
    // A token of an event will do as well.
    let page_token = whole.iter().rev().nth(1).unwrap().token.clone();
    let request = ListEventsRequest { page_size: 0, page_token };
    let page = agency.events().list_events(request).await.unwrap().into_inner();
    assert_eq!(
        (types(&page.events), page.next_page_token),
        (vec![T::ConsentWithdrawn], String::new())
    );
}

#[tokio::test]
async fn wrong_tokens_and_sizes_are_named_and_others_are_refused() {
    let stage = Stage::new().await;
    let agency = stage.homeward().await;
    let field = |status: tonic::Status| {
        let failure = Failure::from(status);
        assert_eq!(failure.class(), Class::Invalid);
        failure.message().to_owned()
    };
    let request = SubscribeRequest { after_token: "next".into() };
    let status = agency.events().subscribe(request).await.unwrap_err();
    assert!(field(status).starts_with("`after_token`"));
    let request = ListEventsRequest { page_size: 0, page_token: "next".into() };
    let status = agency.events().list_events(request).await.unwrap_err();
    assert!(field(status).starts_with("`page_token`"));
    let request = ListEventsRequest { page_size: 201, page_token: String::new() };
    let status = agency.events().list_events(request).await.unwrap_err();
    assert!(field(status).starts_with("`page_size`"));
    let office = stage.office().await;
    let status = office.events().subscribe(SubscribeRequest::default()).await.unwrap_err();
    assert_eq!(Failure::from(status).class(), Class::NotAllowed);
    let status = office.events().list_events(ListEventsRequest::default()).await.unwrap_err();
    assert_eq!(Failure::from(status).class(), Class::NotAllowed);
}
