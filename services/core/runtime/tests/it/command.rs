//! The path of a command, against a ledger in memory.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::case::decide::Ordered as Decided;
use domain::case::decide::accept_request::{AcceptRequest, accept_request};
use domain::case::decide::file_request::{FileRequest, file_request};
use domain::case::decide::refuse_request::{RefuseRequest, refuse_request};
use domain::case::event::{RefusalReason, Statement};
use domain::person::Particulars;
use domain::referral::{LocalEvent, LocalStatement, Safeguard};
use proto::command::v1::{EventKind, Purpose, Receipt, Standing};
use proto::requests::v1::{AcceptRequestRequest, RefuseRequestRequest};
use runtime::caller::Caller;
use runtime::command::{
    self, Command, Decision, Effort, Kind, OnCorridor, Opening, Ordered, Reading, RequestId,
    payload_digest,
};
use runtime::failure::{Class, Coded, Detail, Failure, code};

use crate::fake_ledger::{CASE, FakeLedger, Meanwhile, NOW_MS, evidence, request, state};

fn ordered(request_id: &str, content: &str) -> Ordered {
    let message = AcceptRequestRequest { note: content.into(), ..Default::default() };
    Ordered {
        caller: Caller::parse("spiffe://xk.readmit/office/authority/official/t.tester").unwrap(),
        request_id: RequestId::new(request_id).unwrap(),
        payload_digest: payload_digest("AcceptRequest", &message),
        effort: Effort::CarryOut,
    }
}

fn protective(request_id: &str, content: &str) -> Command {
    Command {
        ordered: ordered(request_id, content),
        case: CASE.to_string(),
        purpose: Purpose::Decision,
        kind: Kind::Protective,
    }
}

fn gives_away(request_id: &str, etag: &str) -> Command {
    Command { kind: Kind::GivesAway { etag: etag.into() }, ..protective(request_id, "") }
}

fn decided(reading: &Reading) -> Decided {
    Decided { by: reading.own, at: reading.now, particulars: Particulars::default() }
}

fn rejected(rejection: domain::case::rejection::Rejection) -> Failure {
    Failure::rule(Coded {
        code: rejection.code(),
        rule: rejection.rule(),
        source: None,
        explanation: rejection.to_string(),
    })
}

fn refuse(reading: &Reading) -> Result<Decision, Failure> {
    let reasons = [RefusalReason::NotANational].into();
    let command = RefuseRequest { ordered: decided(reading), reasons };
    Ok(refuse_request(&reading.case, command).map_err(rejected)?.into())
}

fn accept(reading: &Reading) -> Result<Decision, Failure> {
    let command = AcceptRequest { ordered: decided(reading) };
    Ok(accept_request(&reading.case, command).map_err(rejected)?.into())
}

async fn etag(ledger: &FakeLedger) -> String {
    let client = ledger.client().await;
    let caller = ordered("r", "").caller;
    let read = command::read(&client, &caller, Purpose::Unspecified, "NL-XK-2026-000001").await;
    read.unwrap().case.etag().to_string()
}

#[tokio::test]
async fn a_command_is_written_and_its_receipt_says_where_it_stands() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    let receipt = command::run(&client, &protective("r1", ""), refuse).await.unwrap();
    let wanted = Receipt {
        case_id: CASE.to_string(),
        case_number: "NL-XK-2026-000001".into(),
        positions: vec![1],
        dispatch: 1,
        time_ms: NOW_MS,
        standing: Standing::Provisional.into(),
        etag: "2-2".into(),
        replayed: false,
        validated_only: false,
        local_positions: Vec::new(),
        store_position: 101,
    };
    assert_eq!(receipt, wanted);
    assert_eq!(receipt.etag, etag(&ledger).await);
    let context = ledger.store().callers.first().cloned().unwrap();
    assert_eq!(context.organisation, "authority");
    assert_eq!(context.purpose(), Purpose::Decision);
}

#[tokio::test]
async fn the_same_command_again_gets_the_first_answer() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    let command = protective("r1", "");
    let first = command::run(&client, &command, refuse).await.unwrap();

    // An act that comes later is not in the etag of the first answer; that it was heard is.
    ledger.partner_says(Statement::HoldPlaced);
    let again = command::run(&client, &command, refuse).await.unwrap();
    let standing = Standing::Confirmed.into();
    assert_eq!(again, Receipt { replayed: true, standing, ..first });
    assert_ne!(again.etag, etag(&ledger).await);
    assert_eq!(ledger.store().appends, 1);
}

#[tokio::test]
async fn the_same_request_id_with_other_content_is_an_error() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    command::run(&client, &protective("r1", ""), refuse).await.unwrap();
    let failure = command::run(&client, &protective("r1", "other"), refuse).await.unwrap_err();
    assert_eq!((failure.class(), failure.code()), (Class::Invalid, &code::REQUEST_ID_USED));
    assert!(matches!(failure.details(), [Detail::Field(field)] if field.field == "request_id"));
}

#[tokio::test]
async fn what_only_protects_is_decided_again_when_the_case_moved() {
    for moves in 0..=3 {
        let ledger = FakeLedger::new("XK", true);
        ledger.store().meanwhile = vec![Meanwhile::Evidence; moves].into();
        let client = ledger.client().await;
        let receipt = command::run(&client, &protective("r1", ""), refuse).await.unwrap();
        assert_eq!(receipt.positions, [1]);
        assert_eq!(ledger.store().appends as usize, moves + 1);
    }
}

#[tokio::test]
async fn a_case_that_will_not_hold_still_is_busy() {
    let ledger = FakeLedger::new("XK", true);
    ledger.store().meanwhile = vec![Meanwhile::Evidence; 4].into();
    let client = ledger.client().await;
    let failure = command::run(&client, &protective("r1", ""), refuse).await.unwrap_err();
    assert_eq!((failure.class(), failure.code()), (Class::Busy, &code::CASE_RESTLESS));
    assert!(matches!(failure.details(), [Detail::Retry(_)]));
    assert_eq!(ledger.store().appends, 4);
}

#[tokio::test]
async fn an_act_that_gives_something_away_needs_the_etag_of_the_screen() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    let seen = etag(&ledger).await;
    for (wrong, reason) in
        [("", "must be present"), ("x", "must be an etag that this case was shown with")]
    {
        let failure = command::run(&client, &gives_away("r1", wrong), accept).await.unwrap_err();
        assert_eq!(failure.message(), format!("`etag` {reason}"));
    }
    // A report does not change it.
    ledger.partner_says(evidence());
    let receipt = command::run(&client, &gives_away("r1", &seen), accept).await.unwrap();
    assert_eq!(receipt.positions, [1]);
}

#[tokio::test]
async fn a_stale_etag_is_answered_with_what_changed() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    let seen = etag(&ledger).await;
    ledger.partner_says(Statement::HoldPlaced);
    let failure = command::run(&client, &gives_away("r1", &seen), accept).await.unwrap_err();
    assert_eq!((failure.class(), failure.code()), (Class::Conflict, &code::CASE_MOVED));
    let [Detail::Moved(moved)] = failure.details() else { panic!("{failure:?}") };
    assert_eq!((&moved.expected_etag, &moved.found_etag), (&seen, &etag(&ledger).await));
    let change = moved.changes.first().unwrap();
    assert_eq!((change.author.as_str(), change.kind()), ("NL", EventKind::HoldPlaced));
    assert_eq!((moved.changes.len(), change.position), (1, 2));
    assert_eq!(ledger.store().appends, 0);
}

#[tokio::test]
async fn an_act_that_gives_something_away_is_decided_again_only_on_the_same_screen() {
    for (meanwhile, written) in [(Meanwhile::Evidence, true), (Meanwhile::Hold, false)] {
        let ledger = FakeLedger::new("XK", true);
        ledger.store().meanwhile = [meanwhile].into();
        let client = ledger.client().await;
        let seen = etag(&ledger).await;
        let result = command::run(&client, &gives_away("r1", &seen), accept).await;
        match result {
            Ok(receipt) => assert!(written && receipt.positions == [1], "{meanwhile:?}"),
            Err(failure) => assert!(!written && *failure.code() == code::CASE_MOVED, "{failure:?}"),
        }
    }
}

#[tokio::test]
async fn of_two_same_calls_at_once_one_writes_and_both_get_the_same() {
    let ledger = FakeLedger::new("XK", true);
    ledger.store().meanwhile = [Meanwhile::Itself].into();
    let client = ledger.client().await;
    let receipt = command::run(&client, &protective("r1", ""), refuse).await.unwrap();
    assert!(receipt.replayed);
    assert_eq!(receipt.positions, [1]);
}

#[tokio::test]
async fn validation_and_repetition_of_the_content_write_nothing() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    let mut validate = protective("r1", "");
    validate.ordered.effort = Effort::ValidateOnly;
    let receipt = command::run(&client, &validate, refuse).await.unwrap();
    assert!(receipt.validated_only && receipt.positions.is_empty());
    assert_eq!(ledger.store().appends, 0);

    command::run(&client, &protective("r1", ""), refuse).await.unwrap();
    let receipt = command::run(&client, &protective("r2", ""), refuse).await.unwrap();
    assert!(!receipt.replayed && receipt.positions.is_empty(), "said already: {receipt:?}");
    assert_eq!(ledger.store().appends, 1);
}

#[tokio::test]
async fn a_rejection_comes_through_with_its_code() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    command::run(&client, &protective("r1", ""), refuse).await.unwrap();
    let seen = etag(&ledger).await;
    let failure = command::run(&client, &gives_away("r2", &seen), accept).await.unwrap_err();
    assert_eq!(failure.class(), Class::Refused);
    assert!(failure.code().as_str().starts_with("CASE-"), "{failure:?}");
}

#[tokio::test]
async fn a_case_that_is_not_there_is_not_found() {
    let ledger = FakeLedger::new("XK", true);
    let client = ledger.client().await;
    for (case, wanted) in [("NL-XK-2026-000009", Class::NotFound), ("", Class::Invalid)] {
        let command = Command { case: case.into(), ..protective("r1", "") };
        let failure = command::run(&client, &command, refuse).await.unwrap_err();
        assert_eq!(failure.class(), wanted);
    }
}

#[tokio::test]
async fn local_events_have_positions_of_their_own_and_are_read_back() {
    let ledger = FakeLedger::new("NL", true);
    let client = ledger.client().await;
    let opened = |_: &Reading| {
        let statement = LocalStatement::SafeguardOpened(Safeguard::Child);
        Ok(vec![LocalEvent { statement, particulars: Particulars::default() }].into())
    };
    let receipt = command::run(&client, &protective("r1", ""), opened).await.unwrap();
    assert_eq!((receipt.positions.len(), receipt.local_positions.as_slice()), (0, &[0][..]));
    assert_eq!(receipt.standing(), Standing::Unspecified);
    let again = command::run(&client, &protective("r1", ""), opened).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..receipt });
    let caller = ordered("r", "").caller;
    let reading =
        command::read(&client, &caller, Purpose::Unspecified, &CASE.to_string()).await.unwrap();
    assert!(!reading.safeguards().met());
}

#[tokio::test]
async fn a_case_is_opened_with_the_serial_that_the_ledger_kept() {
    let ledger = FakeLedger::new("NL", false);
    let client = ledger.client().await;
    let opening = |request_id: &str, content: &str| Opening {
        ordered: ordered(request_id, content),
        partner: state("XK"),
    };
    let decide = |reading: &command::OpeningReading| {
        let ordered =
            Decided { by: reading.own, at: reading.now, particulars: Particulars::default() };
        let request = request(reading.serial(2026)?);
        file_request(&reading.opening()?, FileRequest { ordered, request }).map_err(rejected)
    };
    let mut validate = opening("r1", "");
    validate.ordered.effort = Effort::ValidateOnly;
    let receipt = command::open(&client, &validate, decide).await.unwrap();
    assert!(receipt.validated_only && receipt.case_id.is_empty());

    let receipt = command::open(&client, &opening("r1", ""), decide).await.unwrap();
    assert_eq!(receipt.case_number, "NL-XK-2026-000007");
    assert_eq!((receipt.positions.as_slice(), receipt.dispatch), (&[1][..], 1));
    assert_eq!(receipt.standing(), Standing::Provisional);
    assert_eq!(receipt.etag, etag(&ledger).await);

    ledger.partner_hears();
    let again = command::open(&client, &opening("r1", ""), decide).await.unwrap();
    let standing = Standing::Confirmed.into();
    assert_eq!(again, Receipt { replayed: true, standing, ..receipt });
    let failure = command::open(&client, &opening("r1", "x"), decide).await.unwrap_err();
    assert_eq!(failure.code(), &code::REQUEST_ID_USED);
}

#[tokio::test]
async fn a_corridor_is_written_to_once() {
    let ledger = FakeLedger::new("NL", false);
    let client = ledger.client().await;
    let on = OnCorridor { ordered: ordered("r1", ""), partner: state("XK"), vouched: Vec::new() };
    let adopt = |reading: &command::CorridorReading| {
        let first = reading.own_chain.entries.first().unwrap();
        let domain::chain::Content::Stated(statement) = &first.content else { panic!("{first:?}") };
        let Statement::AgreementAdopted(adopted) = statement.as_ref() else {
            panic!("{statement:?}")
        };
        assert!(adopted.rules.is_some(), "the adopted rules are read");
        Ok(vec![statement.as_ref().clone()])
    };
    let receipt = command::run_on_corridor(&client, &on, adopt).await.unwrap();
    assert_eq!((receipt.positions.as_slice(), receipt.case_id.as_str()), (&[1][..], ""));
    let again = command::run_on_corridor(&client, &on, adopt).await.unwrap();
    assert_eq!(again, Receipt { replayed: true, ..receipt });
}

#[test]
fn a_request_id_has_1_to_64_characters() {
    assert!(RequestId::new("é".repeat(64).as_str()).is_ok());
    for wrong in ["", "a\nb", &"x".repeat(65)] {
        assert_eq!(RequestId::new(wrong).unwrap_err().field, "request_id");
    }
}

#[test]
fn a_digest_tells_rpcs_and_contents_apart() {
    let accept = AcceptRequestRequest { note: "a".into(), ..Default::default() };
    let refuse = RefuseRequestRequest { note: "a".into(), ..Default::default() };
    assert_eq!(payload_digest("Accept", &accept), payload_digest("Accept", &accept));
    assert_ne!(payload_digest("Accept", &accept), payload_digest("Refuse", &refuse));
    let other = AcceptRequestRequest { note: "b".into(), ..Default::default() };
    assert_ne!(payload_digest("Accept", &accept), payload_digest("Accept", &other));
}
