//! Watching a case: what is there, what comes, and going on after a token.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::event::Statement;
use proto::command::v1::{EventKind, Result, Standing};
use proto::requests::v1::{WatchCaseRequest, WatchCaseResponse};
use tonic::Streaming;

use crate::office::{Desk, id};
use crate::world::{AUTHORITY, OTHER_OFFICE, RETURN_OFFICE, World};

async fn watch(desk: &mut Desk, case: &str, after: &str) -> Streaming<WatchCaseResponse> {
    let request =
        WatchCaseRequest { case: case.into(), after_token: after.into(), ..Default::default() };
    desk.cases.watch_case(request).await.unwrap().into_inner()
}

async fn next(changes: &mut Streaming<WatchCaseResponse>) -> WatchCaseResponse {
    changes.message().await.unwrap().unwrap()
}

fn kind(change: &WatchCaseResponse) -> Option<EventKind> {
    change.entry.as_ref().map(|entry| entry.kind())
}

#[tokio::test]
async fn a_watcher_sees_what_is_there_then_what_comes_and_resumes_without_a_gap() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    let mut changes = watch(&mut nl, &case, "").await;
    let opening = next(&mut changes).await;
    assert_eq!(kind(&opening), Some(EventKind::RequestFiled));
    assert_eq!((opening.result(), opening.standing()), (Result::Open, Standing::Provisional));

    world.disconnect();
    xk.accept(&case).await;
    world.connect();
    let accepted = next(&mut changes).await;
    assert_eq!(kind(&accepted), Some(EventKind::RequestAccepted));
    assert_eq!(accepted.result(), Result::Accepted);
    drop(changes);

    // Said while nobody watched.
    world.says("XK", Some(id(&nl.file().await)), Statement::HoldPlaced);
    let mut resumed = watch(&mut nl, &case, &accepted.token).await;
    let mut seen = Vec::new();
    while !seen.contains(&Some(EventKind::HoldPlaced)) {
        seen.push(kind(&next(&mut resumed).await));
    }
    seen.retain(Option::is_some);
    assert_eq!(seen, [Some(EventKind::HoldPlaced)], "what was seen before is not sent again");
}

#[tokio::test]
async fn a_receipt_that_confirms_is_a_change_of_its_own() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    world.disconnect();
    xk.accept(&case).await;
    let mut changes = watch(&mut xk, &case, "").await;
    assert_eq!(kind(&next(&mut changes).await), Some(EventKind::RequestFiled));
    let accepted = next(&mut changes).await;
    assert_eq!((accepted.result(), accepted.standing()), (Result::Accepted, Standing::Provisional));
    world.connect();
    let confirmed = next(&mut changes).await;
    assert_eq!((kind(&confirmed), confirmed.standing()), (None, Standing::Confirmed));
    assert_eq!(confirmed.etag, accepted.etag);
}

#[tokio::test]
async fn a_watch_ends_with_the_shutdown_and_is_not_for_other_offices() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let case = nl.file().await.case_id;
    let mut changes = watch(&mut nl, &case, "").await;
    next(&mut changes).await;
    nl.shutdown.begin();
    assert!(changes.message().await.unwrap().is_none());

    let mut other = Desk::new(&world, OTHER_OFFICE).await;
    let request = WatchCaseRequest { case, ..Default::default() };
    let status = other.cases.watch_case(request.clone()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
    let wrong = WatchCaseRequest { after_token: "x".into(), ..request };
    let status = nl.cases.watch_case(wrong).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}
