//! Lists: the cases of an office, its inbox, its deadlines.
#![expect(clippy::unwrap_used, reason = "tests")]

use proto::command::v1::EventKind;
use proto::requests::v1::*;

use crate::office::{Desk, fields, filing};
use crate::world::{AUTHORITY, OTHER_OFFICE, RETURN_OFFICE, World};

async fn three_cases() -> (World, Desk, Desk) {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    for request_id in ["f1", "f2", "f3"] {
        nl.requests.file_request(filing(request_id)).await.unwrap();
    }
    let xk = Desk::new(&world, AUTHORITY).await;
    (world, nl, xk)
}

#[tokio::test]
async fn cases_come_page_by_page_and_each_once() {
    let (world, mut nl, _) = three_cases().await;
    let mut numbers = Vec::new();
    let mut page_token = String::new();
    let mut pages = 0;
    loop {
        let request = ListCasesRequest { page_size: 2, page_token, ..Default::default() };
        let page = nl.cases.list_cases(request).await.unwrap().into_inner();
        pages += 1;
        numbers.extend(page.cases.into_iter().map(|line| line.case_number));
        page_token = page.next_page_token;
        assert_eq!(page.upto_position + 1, world.stored("NL") as u64);
        if page_token.is_empty() {
            break;
        }
    }
    numbers.sort();
    assert_eq!(numbers, ["NL-XK-2026-000001", "NL-XK-2026-000002", "NL-XK-2026-000003"]);
    assert_eq!(pages, 2);

    let mut other = Desk::new(&world, OTHER_OFFICE).await;
    let none = other.cases.list_cases(ListCasesRequest::default()).await.unwrap().into_inner();
    assert!(none.cases.is_empty());
    let long = ListCasesRequest { page_size: 201, ..Default::default() };
    let found = fields(nl.cases.list_cases(long).await.unwrap_err());
    assert_eq!(found, ["`page_size` must be at most 200"]);
}

#[tokio::test]
async fn an_inbox_says_what_could_be_stated_next() {
    let (_world, mut nl, mut xk) = three_cases().await;
    let empty = nl.cases.list_inbox(ListInboxRequest::default()).await.unwrap().into_inner();
    assert!(empty.lines.is_empty(), "nothing waits for the office that asks");
    let inbox = xk.cases.list_inbox(ListInboxRequest::default()).await.unwrap().into_inner();
    assert_eq!(inbox.lines.len(), 3);
    let line = inbox.lines.first().unwrap();
    let waits_for: Vec<EventKind> = line.waits_for().collect();
    let wanted = [
        EventKind::RequestAdmitted,
        EventKind::RequestAccepted,
        EventKind::RequestRefused,
        EventKind::ReturnedUnconsidered,
    ];
    assert_eq!(waits_for, wanted);

    let case = line.case.as_ref().unwrap().case_id.clone();
    let ask = AskClarificationRequest {
        request_id: "ask".into(),
        case: case.clone(),
        note: "When was the card issued?".into(),
        ..Default::default()
    };
    xk.answers.ask_clarification(ask).await.unwrap();
    let inbox = nl.cases.list_inbox(ListInboxRequest::default()).await.unwrap().into_inner();
    let line = inbox.lines.first().unwrap();
    assert_eq!(line.case.as_ref().unwrap().case_id, case);
    assert_eq!(line.waits_for().collect::<Vec<_>>(), [EventKind::ClarificationGiven]);

    xk.accept(&case).await;
    let inbox = nl.cases.list_inbox(ListInboxRequest::default()).await.unwrap().into_inner();
    let waits_for: Vec<EventKind> = inbox.lines.first().unwrap().waits_for().collect();
    assert!(waits_for.contains(&EventKind::TravelDocumentRequested), "{waits_for:?}");
    assert!(waits_for.contains(&EventKind::TransferNotified), "{waits_for:?}");
}

#[tokio::test]
async fn deadlines_come_nearest_first_and_up_to_a_day() {
    let (_world, _, mut xk) = three_cases().await;
    let all = xk.cases.list_deadlines(ListDeadlinesRequest::default()).await.unwrap().into_inner();
    // Reply and silence of each of the three.
    assert_eq!(all.cases.len(), 6);
    let deadline = all.cases.first().unwrap().next_deadline.as_ref().unwrap();
    assert_eq!(deadline.last_day, "2026-03-30");
    let until = |day: &str| ListDeadlinesRequest { until: day.into(), ..Default::default() };
    for (day, lines) in [("2026-03-29", 0), ("2026-03-30", 6)] {
        let page = xk.cases.list_deadlines(until(day)).await.unwrap().into_inner();
        assert_eq!(page.cases.len(), lines, "{day}");
    }
    let found = fields(xk.cases.list_deadlines(until("soon")).await.unwrap_err());
    assert!(found.concat().starts_with("`until` must be a date"), "{found:?}");
}
