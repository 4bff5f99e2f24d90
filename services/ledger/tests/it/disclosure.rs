//! Whose case it is, who is shown what, and what of it is on the record.

use domain::identifier::Agency;
use domain::referral::{LocalEvent, LocalStatement};
use proto::command::v1::Purpose;
use proto::ledger::v1::{
    AccessKind, FollowCasesRequest, FollowCasesResponse, ListAccessesRequest, RecordKind,
    SetClockRequest,
};
use runtime::caller::Caller;
use runtime::command::{self, Body, Command, Kind};
use runtime::failure::{Class, Failure};
use tokio_stream::StreamExt as _;

use crate::world::{NOW_MS, Running, caller, corridor, exchange, ordered, particulars};

#[tokio::test]
async fn a_case_that_is_not_the_callers_is_not_there() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let foreign = [
        nl.official("border-office"),
        caller("nl.readmit/consulate/brussels/official/x"),
        caller("nl.readmit/agency/homeward/official/x"),
        caller("nl.readmit/node"),
        caller("xk.readmit/office/return-office/official/x"),
    ];
    let absent = "case_00000000000000000000000000000001";
    let number = filed.case_number.as_str();
    for asking in foreign {
        let mut answers = Vec::new();
        for name in [absent, &filed.case_id, number, "NL-XK-2026-000099", "anything"] {
            answers.push(nl.read(&asking, name).await.unwrap_err().to_string());
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{asking:?}: {answers:?}");
        assert_eq!(nl.read(&asking, absent).await.unwrap_err().class(), Class::NotFound);
    }
    for allowed in [nl.official("return-office"), nl.service(), overseer(), nl.operator()] {
        nl.read(&allowed, number).await.unwrap();
    }
    // Asked there, and of nobody else there.
    xk.read(&xk.official("ministry"), number).await.unwrap();
    assert!(xk.read(&xk.official("registry"), number).await.is_err());
}

#[tokio::test]
async fn bodies_need_a_purpose_and_operators_never_see_them() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let at = (nl.state, filed.positions[0]);
    let official = nl.official("return-office");
    let without = command::read(&nl.client, &official, Purpose::Unspecified, &filed.case_id).await;
    assert_eq!(without.unwrap().bodies.get(&at), Some(&Body::Withheld));
    let operator = nl.read(&nl.operator(), &filed.case_id).await.unwrap();
    assert_eq!(operator.bodies.get(&at), Some(&Body::Withheld));
    let with = nl.read(&official, &filed.case_id).await.unwrap();
    assert!(matches!(with.bodies.get(&at), Some(Body::Open(_))));
}

#[tokio::test]
async fn an_agency_sees_a_case_from_referral_to_withdrawal_of_consent() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let agency = Agency::new("homeward").unwrap();
    let homeward = caller("nl.readmit/agency/homeward/official/x");
    let sees = || async { nl.read(&homeward, &filed.case_id).await.is_ok() };
    assert!(!sees().await);
    local(&nl, &filed.case_id, "1", LocalStatement::ConsentRecorded(agency.clone())).await;
    local(&nl, &filed.case_id, "2", LocalStatement::Referred(agency.clone())).await;
    assert!(sees().await);
    // Its events come on a stream that asks for its consent each time; this one asks once.
    let follow = FollowCasesRequest {
        caller: Some(homeward.context(Purpose::Unspecified)),
        from_position: 0,
        case_id: domain::identifier::CaseId::parse(&filed.case_id).unwrap().as_bytes().to_vec(),
        with_local: true,
        with_receipts: false,
    };
    let refused = nl.client.clone().follow_cases(follow).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::NotFound);
    local(&nl, &filed.case_id, "3", LocalStatement::ConsentWithdrawn(agency)).await;
    assert!(!sees().await);

    let reading = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    assert_eq!(reading.local.len(), 3);
    let Body::Open(body) = &reading.local[0].body else { panic!("not opened") };
    assert_eq!(**body, particulars("kept here"));
    // Nothing of it was sent.
    let there = xk.read(&xk.official("ministry"), &filed.case_id).await.unwrap();
    assert!(there.local.is_empty());
    assert_eq!(nl.status().await.own_head, nl.heads().await.own.unwrap().dispatch);
}

#[tokio::test]
async fn every_access_is_on_the_record_with_who_and_why() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let official = nl.official("return-office");
    nl.read(&official, &filed.case_id).await.unwrap();
    nl.read(&nl.official("border-office"), &filed.case_id).await.unwrap_err();
    // Goes through the writer after the refusal, which nobody waited for.
    nl.read(&official, &filed.case_id).await.unwrap();
    let list = |asking: Caller, case: &str| ListAccessesRequest {
        caller: Some(asking.context(Purpose::Oversight)),
        case: case.to_owned(),
        from_position: 0,
        limit: 100,
    };
    let mut client = nl.client.clone();
    let listed = client.list_accesses(list(overseer(), &filed.case_number)).await.unwrap();
    let listed = listed.into_inner();
    let kinds: Vec<_> = listed.accesses.iter().map(|it| it.kind()).collect();
    use AccessKind::{Disclosure, Refusal, Write};
    assert_eq!(kinds, [Write, Disclosure, Refusal, Disclosure]);
    let disclosure = listed.accesses[1].caller.clone().unwrap();
    assert_eq!(disclosure, official.context(Purpose::Decision));
    let refused = client.list_accesses(list(official, "")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    let page = ListAccessesRequest { limit: 2, ..list(overseer(), &filed.case_id) };
    let page = client.list_accesses(page).await.unwrap().into_inner();
    assert!(page.more && page.accesses.len() == 2);
}

#[tokio::test]
async fn followers_see_facts_from_any_position_and_what_comes() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let request = |from_position, with_receipts| FollowCasesRequest {
        caller: Some(nl.service().context(Purpose::Unspecified)),
        from_position,
        case_id: Vec::new(),
        with_local: true,
        with_receipts,
    };
    let follow = |request| {
        let mut client = nl.client.clone();
        async move { client.follow_cases(request).await.unwrap().into_inner() }
    };
    let mut all = follow(request(0, true)).await;
    let mut seen: Vec<FollowCasesResponse> = Vec::new();
    while seen.last().is_none_or(|last| last.case_id.is_empty()) {
        seen.push(all.next().await.unwrap().unwrap());
    }
    // Announcements and adoptions of both States come before the request.
    let entries = seen.iter().filter(|it| it.kind() == RecordKind::Entry).count();
    assert_eq!(entries, 7);
    let opening = seen.last().unwrap();
    assert_eq!((opening.author.as_str(), opening.log_position), ("NL", filed.positions[0]));
    assert!(opening.understood);
    let mut later = follow(request(opening.position + 1, true)).await;
    exchange(&nl, &xk).await;
    let receipt = later.next().await.unwrap().unwrap();
    assert_eq!((receipt.kind(), receipt.author.as_str()), (RecordKind::Receipt, "XK"));
    let agency = Agency::new("homeward").unwrap();
    local(&nl, &filed.case_id, "c", LocalStatement::ConsentRecorded(agency)).await;
    let consent = later.next().await.unwrap().unwrap();
    assert_eq!(consent.kind(), RecordKind::LocalEntry);

    let official = FollowCasesRequest {
        caller: Some(nl.official("return-office").context(Purpose::Unspecified)),
        ..request(0, false)
    };
    let refused = nl.client.clone().follow_cases(official).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn only_an_operator_sets_the_clock_and_never_back() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let set = |asking: Caller, now_ms| {
        let caller = Some(asking.context(Purpose::Unspecified));
        let mut client = nl.client.clone();
        async move { client.set_clock(SetClockRequest { caller, now_ms }).await }
    };
    let office = set(nl.official("return-office"), NOW_MS + 5).await.unwrap_err();
    assert_eq!(office.code(), tonic::Code::PermissionDenied);
    let moved = set(nl.operator(), NOW_MS + 5).await.unwrap().into_inner();
    assert_eq!(moved.now_ms, NOW_MS + 5);
    let back = Failure::from(set(nl.operator(), NOW_MS).await.unwrap_err());
    assert_eq!(back.class(), Class::Invalid);
}

fn overseer() -> Caller {
    caller("nl.readmit/overseer/ombuds/official/x")
}

async fn local(on: &Running, case: &str, request_id: &str, statement: LocalStatement) {
    let command = Command {
        ordered: ordered(&on.official("return-office"), request_id, b"local"),
        case: case.to_owned(),
        purpose: Purpose::Unspecified,
        kind: Kind::Protective,
    };
    let event = LocalEvent { statement, particulars: particulars("kept here") };
    let written = command::run(&on.client, &command, |_| Ok(vec![event.clone()].into()));
    assert_eq!(written.await.unwrap().local_positions.len(), 1);
}
