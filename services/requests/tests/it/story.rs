//! A case from the request to the arrival, through the services of both States.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{Statement, TravelDocumentIssued};
use domain::identifier::Office;
use domain::referral::{LocalStatement, Safeguard};
use domain::rules::{self, ExtensionCounts, ExtensionNeeds, Length, ReplyExtension, Rules};
use proto::command::v1::{EventKind, Purpose, Result, Standing};
use proto::requests::v1::*;
use runtime::failure::{Detail, Failure};

use crate::office::{Desk, accepted, fields, filing, id, rule, testperson};
use crate::world::{self, AUTHORITY, DAY_MS, HOUR_MS, RETURN_OFFICE, World};

fn consulate() -> Office {
    Office::new("consulate-brussels").unwrap()
}

#[tokio::test]
async fn a_request_is_filed_and_read_by_both_sides() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let filed = nl.file().await;
    assert_eq!(filed.case_number, "NL-XK-2026-000001");
    assert_eq!(filed.positions, [1]);

    let case = xk.get("NL-XK-2026-000001", Purpose::Decision).await;
    assert_eq!((case.requesting_state.as_str(), case.requested_state.as_str()), ("NL", "XK"));
    assert_eq!(case.agreement, "benelux_kosovo_2011");
    assert_eq!(case.request(), RequestSituation::Filed);
    assert_eq!(case.result(), Result::Open);
    assert_eq!(case.evidence, ["photocopy_of_proof_document"]);
    assert_eq!(case.person, Some(testperson()));
    assert_eq!(case.return_decision, filing("").return_decision);
    let opening = case.timeline.first().unwrap();
    assert_eq!((opening.author.as_str(), opening.kind()), ("NL", EventKind::RequestFiled));
    assert_eq!(opening.standing(), Standing::Confirmed);
    assert_eq!((opening.office.as_str(), opening.official.as_str()), ("return-office", "t.tester"));

    // Without a purpose nobody's name is shown, and the rest is the same.
    let bare = xk.get(&filed.case_id, Purpose::Unspecified).await;
    assert_eq!((bare.person, bare.return_decision.is_none()), (None, true));
    assert_eq!(bare.timeline.first().unwrap().official, "");
    assert_eq!(bare.etag, case.etag);
}

#[tokio::test]
async fn the_second_request_of_a_year_has_the_next_number_and_the_same_id_the_first_reply() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let first = nl.file().await;
    let second = nl.requests.file_request(filing("f2")).await.unwrap().into_inner();
    assert_eq!(second.receipt.unwrap().case_number, "NL-XK-2026-000002");
    let again = nl.file().await;
    assert!(again.replayed);
    assert_eq!((again.case_id, again.positions), (first.case_id, first.positions));

    let other = FileRequestRequest { reference: "OUR-2".into(), ..filing("f1") };
    let status = nl.requests.file_request(other).await.unwrap_err();
    assert_eq!(Failure::from(status).code().as_str(), "REQ-0002");
}

#[tokio::test]
async fn a_validated_request_writes_nothing() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let before = world.stored("NL");
    let request = FileRequestRequest { validate_only: true, ..filing("f1") };
    let receipt = nl.requests.file_request(request).await.unwrap().into_inner().receipt.unwrap();
    assert!(receipt.validated_only);
    assert_eq!(world.stored("NL"), before);
}

#[tokio::test]
async fn a_person_is_accepted_transferred_and_arrives() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    let head = || (case.clone(), "A question or an answer".to_owned());

    let (of, note) = head();
    let admit = AdmitRequestRequest {
        request_id: "admit".into(),
        case: of,
        note,
        reference: "XK-REF".into(),
        ..Default::default()
    };
    xk.answers.admit_request(admit).await.unwrap();
    let (of, note) = head();
    let ask =
        AskClarificationRequest { request_id: "ask".into(), case: of, note, ..Default::default() };
    xk.answers.ask_clarification(ask).await.unwrap();
    let situation = nl.get(&case, Purpose::Unspecified).await.request();
    assert_eq!(situation, RequestSituation::ClarificationAsked);
    let (of, note) = head();
    let give = GiveClarificationRequest {
        request_id: "give".into(),
        case: of,
        note,
        ..Default::default()
    };
    nl.requests.give_clarification(give.clone()).await.unwrap();
    let none_left = GiveClarificationRequest { request_id: "give-2".into(), ..give };
    let status = nl.requests.give_clarification(none_left).await.unwrap_err();
    assert_eq!(rule(status).rule, "QuestionMustHaveBeenAsked");

    xk.accept(&case).await;
    let accepted = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!((accepted.result(), accepted.standing()), (Result::Accepted, Standing::Confirmed));
    let why = nl.explain(&case).await;
    assert_eq!(why.rule, "FirstAnswerDecides");
    assert_eq!(why.deciding_entry.unwrap().kind(), EventKind::RequestAccepted);
    assert!(why.instrument.starts_with("BWBV0005360"), "{}", why.instrument);
    assert_eq!(why.departure_waits_for, ["TransferMustBePending"]);

    // The consulate's part, which is another service's.
    let id = id(&nl.file().await);
    world.says("NL", Some(id), Statement::TravelDocumentRequested(consulate()));
    let issued = TravelDocumentIssued {
        issued_on: "2026-03-02".parse().unwrap(),
        valid_until: "2026-07-01".parse().unwrap(),
    };
    world.says("XK", Some(id), Statement::TravelDocumentIssued(issued));
    let document = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(document.travel_document(), TravelDocumentSituation::Valid);
    assert_eq!(document.travel_document_valid_until, "2026-07-01");

    let notice = NotifyTransferRequest {
        request_id: "notify".into(),
        case: case.clone(),
        etag: document.etag,
        on: "2026-03-20".into(),
        mode: TransportMode::Air.into(),
        carriage: "TST 123".into(),
        border_point: "Test airport".into(),
        escorted: true,
        ..Default::default()
    };
    nl.transfers.notify_transfer(notice).await.unwrap();
    let plan = xk.get(&case, Purpose::Transfer).await.transfer_plan.unwrap();
    assert_eq!((plan.on.as_str(), plan.carriage.as_str()), ("2026-03-20", "TST 123"));
    assert!(plan.escorted);
    let hidden = xk.get(&case, Purpose::Unspecified).await.transfer_plan.unwrap();
    assert_eq!((hidden.on.as_str(), hidden.carriage.as_str()), ("2026-03-20", ""));

    let depart = |name: &str| ReportDepartureRequest {
        request_id: name.into(),
        case: case.clone(),
        ..Default::default()
    };
    let status = nl.transfers.report_departure(depart("too-early")).await.unwrap_err();
    let broken = rule(status);
    assert_eq!(broken.rule, "TransferNoticeMustBeHeardInTime");
    assert_eq!(broken.code, "CASE-0053");
    assert!(broken.source.unwrap().instrument.starts_with("BWBV0005360"));

    world.pass(18 * DAY_MS);
    world.notes("NL", id, &LocalStatement::SafeguardOpened(Safeguard::Child));
    let held = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(held.open_safeguards, [i32::from(proto::requests::v1::Safeguard::Child)]);
    assert!(xk.get(&case, Purpose::Unspecified).await.open_safeguards.is_empty());
    let status = nl.transfers.report_departure(depart("unmet")).await.unwrap_err();
    assert_eq!(rule(status).rule, "SafeguardMustBeMet");
    assert_eq!(nl.explain(&case).await.departure_waits_for, ["SafeguardMustBeMet"]);
    // The other State learns nothing of it.
    assert!(xk.explain(&case).await.departure_waits_for.is_empty());
    world.notes("NL", id, &LocalStatement::SafeguardMet(Safeguard::Child));

    nl.transfers.report_departure(depart("depart")).await.unwrap();
    let arrive = ReportArrivalRequest {
        request_id: "arrive".into(),
        case: case.clone(),
        ..Default::default()
    };
    xk.transfers.report_arrival(arrive).await.unwrap();
    let arrived = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(arrived.transfer(), TransferSituation::Arrived);
    assert_eq!(arrived.alarms, Vec::<i32>::new());
    let close =
        CloseCaseRequest { request_id: "close".into(), case: case.clone(), ..Default::default() };
    nl.cases.close_case(close).await.unwrap();
    assert_eq!(nl.get(&case, Purpose::Unspecified).await.closed_by, ["NL"]);
}

#[tokio::test]
async fn a_stale_etag_is_answered_with_what_changed_and_a_refusal_needs_none() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    let etag = xk.get(&case, Purpose::Unspecified).await.etag;
    let hold =
        PlaceHoldRequest { request_id: "hold".into(), case: case.clone(), ..Default::default() };
    nl.cases.place_hold(hold).await.unwrap();
    assert_eq!(xk.get(&case, Purpose::Unspecified).await.held_by, ["NL"]);

    let accept = AcceptRequestRequest {
        request_id: "accept".into(),
        case: case.clone(),
        etag: etag.clone(),
        ..Default::default()
    };
    let status = xk.answers.accept_request(accept.clone()).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::Aborted);
    let failure = Failure::from(status);
    let [Detail::Moved(moved)] = failure.details() else { panic!("{failure:?}") };
    assert_eq!(moved.expected_etag, etag);
    assert_eq!(moved.changes.first().unwrap().kind(), EventKind::HoldPlaced);

    let refuse = RefuseRequestRequest {
        request_id: "refuse".into(),
        case: case.clone(),
        reasons: vec![RefusalReason::NotANational.into()],
        ..Default::default()
    };
    xk.answers.refuse_request(refuse).await.unwrap();
    let refused = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(refused.result(), Result::Refused);
    assert_eq!(refused.timeline.last().unwrap().codes, ["reason=not_a_national"]);

    let again =
        AcceptRequestRequest { request_id: "accept-2".into(), etag: refused.etag, ..accept };
    let status = xk.answers.accept_request(again).await.unwrap_err();
    let broken = rule(status);
    assert_eq!((broken.code.as_str(), broken.rule.as_str()), ("CASE-0018", "RequestMustBeOpen"));
}

#[tokio::test]
async fn a_withdrawal_that_crosses_the_answer_wins_and_the_answer_is_shown_ineffective() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    world.disconnect();
    xk.accept(&case).await;
    let withdraw = WithdrawRequestRequest {
        request_id: "withdraw".into(),
        case: case.clone(),
        ..Default::default()
    };
    nl.requests.withdraw_request(withdraw).await.unwrap();
    world.connect();
    for desk in [&mut nl, &mut xk] {
        let seen = desk.get(&case, Purpose::Unspecified).await;
        assert_eq!(
            (seen.result(), seen.request()),
            (Result::Withdrawn, RequestSituation::Withdrawn)
        );
        assert_eq!(seen.standing(), Standing::Confirmed);
        let answer =
            seen.timeline.iter().find(|it| it.kind() == EventKind::RequestAccepted).unwrap();
        assert_eq!(answer.effect(), Effect::Ineffective);
        assert_eq!(answer.rule, "RequestMustNotBeWithdrawn");
    }
    let why = nl.explain(&case).await;
    assert_eq!(why.rule, "WithdrawalBeforeAnswerDecides");
    assert_eq!(why.deciding_entry.unwrap().kind(), EventKind::RequestWithdrawn);
}

#[tokio::test]
async fn silence_is_noticed_waited_for_and_claimed() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let case = nl.file().await.case_id;
    let notice = |name: &str| NoticeSilenceRequest {
        request_id: name.into(),
        case: case.clone(),
        ..Default::default()
    };
    let claim = |name: &str| ClaimSilenceRequest {
        request_id: name.into(),
        case: case.clone(),
        ..Default::default()
    };
    let status = nl.requests.notice_silence(notice("early")).await.unwrap_err();
    assert_eq!(rule(status).rule, "SilenceMustBeDue");
    let due = |explained: &ExplainCaseResponse, kind: DeadlineKind| {
        explained.deadlines.iter().find(|it| it.kind() == kind).cloned().unwrap()
    };
    let reply = due(&nl.explain(&case).await, DeadlineKind::Reply);
    assert_eq!((reply.count, reply.unit()), (28, Unit::CalendarDays));
    assert_eq!(reply.starts_on(), Start::ReceiptOfApplication);
    assert_eq!((reply.started_by.as_str(), reply.acting_state.as_str()), ("XK", "XK"));
    assert_eq!(
        (reply.last_day.as_str(), reply.situation()),
        ("2026-03-30", DeadlineSituation::Running)
    );
    assert!(reply.instrument.starts_with("BWBV0005360"), "{}", reply.instrument);

    world.pass(29 * DAY_MS);
    let reply = due(&nl.explain(&case).await, DeadlineKind::Reply);
    assert_eq!(reply.situation(), DeadlineSituation::Passed);
    nl.requests.notice_silence(notice("notice")).await.unwrap();
    let grace = due(&nl.explain(&case).await, DeadlineKind::Grace);
    assert_eq!((grace.count, grace.unit()), (86_400_000, Unit::Milliseconds));
    assert_eq!(grace.situation(), DeadlineSituation::Running);
    let status = nl.requests.claim_silence(claim("early")).await.unwrap_err();
    assert_eq!(rule(status).rule, "ClaimMustWaitForGrace");

    world.pass(DAY_MS + HOUR_MS);
    nl.requests.claim_silence(claim("claim")).await.unwrap();
    let decided = nl.explain(&case).await;
    assert_eq!(decided.result(), Result::AcceptedBySilence);
    assert_eq!(decided.standing(), Standing::Confirmed);
    assert_eq!(decided.rule, "ProvedSilenceDecides");
    assert_eq!(due(&decided, DeadlineKind::Grace).situation(), DeadlineSituation::Passed);
}

#[tokio::test]
async fn a_corrected_person_needs_a_new_acceptance() {
    let world = World::new();
    let (mut nl, mut xk, filed) = accepted(&world).await;
    let case = filed.case_id;
    let corrected = Person { birth_date: "1991-03-05".into(), ..testperson() };
    let rectify = RectifyRequest {
        request_id: "rectify".into(),
        case: case.clone(),
        persons: vec![corrected.clone()],
        ..Default::default()
    };
    nl.cases.rectify(rectify).await.unwrap();
    assert_eq!(xk.get(&case, Purpose::Decision).await.person, Some(corrected));
    let waits = nl.explain(&case).await.departure_waits_for;
    assert_eq!(waits, ["AcceptanceMustCoverThePerson"]);
    let etag = xk.get(&case, Purpose::Unspecified).await.etag;
    let renewed = AcceptRequestRequest {
        request_id: "renewed".into(),
        case: case.clone(),
        etag,
        ..Default::default()
    };
    xk.answers.accept_request(renewed).await.unwrap();
    assert_eq!(nl.explain(&case).await.departure_waits_for, ["TransferMustBePending"]);
}

#[tokio::test]
async fn a_transfer_is_objected_to_cancelled_and_notified_anew() {
    let world = World::new();
    let (mut nl, mut xk, filed) = accepted(&world).await;
    let case = filed.case_id;
    let etag = nl.get(&case, Purpose::Unspecified).await.etag;
    let notice = NotifyTransferRequest {
        request_id: "notify".into(),
        case: case.clone(),
        etag,
        on: "2026-03-20".into(),
        mode: TransportMode::Air.into(),
        carriage: "TST 123".into(),
        border_point: "Test airport".into(),
        ..Default::default()
    };
    let noticed = nl.transfers.notify_transfer(notice.clone()).await.unwrap().into_inner();
    let position = noticed.receipt.unwrap().positions.first().copied();
    let object = ObjectToTransferRequest {
        request_id: "object".into(),
        case: case.clone(),
        notice: position,
        ..Default::default()
    };
    let another = ObjectToTransferRequest { notice: Some(0), ..object.clone() };
    let status = xk.transfers.object_to_transfer(another).await.unwrap_err();
    assert_eq!(rule(status).rule, "TransferMustBePending");
    xk.transfers.object_to_transfer(object).await.unwrap();
    let objected = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(objected.transfer(), TransferSituation::Objected);
    let shown = objected.timeline.iter().find(|it| Some(it.position) == position).unwrap();
    assert_eq!(shown.effect(), Effect::Superseded);
    assert_eq!(objected.transfer_plan.unwrap().notice, position.unwrap());

    let cancel = CancelTransferRequest {
        request_id: "cancel".into(),
        case: case.clone(),
        notice: position,
        ..Default::default()
    };
    nl.transfers.cancel_transfer(cancel).await.unwrap();
    let cancelled = nl.get(&case, Purpose::Unspecified).await;
    assert_eq!(cancelled.transfer(), TransferSituation::Cancelled);
    assert_eq!(cancelled.transfer_plan, None);

    let etag = cancelled.etag;
    let anew = NotifyTransferRequest { request_id: "anew".into(), etag, ..notice };
    nl.transfers.notify_transfer(anew).await.unwrap();
    let stayed = ReportNonDepartureRequest {
        request_id: "stayed".into(),
        case: case.clone(),
        reason: NonDeparture::Unfit.into(),
        ..Default::default()
    };
    nl.transfers.report_non_departure(stayed).await.unwrap();
    let situation = xk.get(&case, Purpose::Unspecified).await;
    assert_eq!(situation.transfer(), TransferSituation::NotDeparted);
    let codes = &situation.timeline.last().unwrap().codes;
    assert!(codes.contains(&"reason=unfit".to_owned()), "{codes:?}");
}

#[tokio::test]
async fn what_nobody_understands_is_shown_with_an_alarm() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let filed = nl.file().await;
    world.says_unknown("XK", id(&filed));
    let case = nl.get(&filed.case_id, Purpose::Unspecified).await;
    let unknown = case.timeline.last().unwrap();
    assert_eq!((unknown.kind(), unknown.effect()), (EventKind::Unspecified, Effect::Ineffective));
    assert_eq!(unknown.rule, "FactsMustBeCanonical");
    assert_eq!(case.alarms, [Alarm::NotUnderstood as i32]);
    assert_eq!(world.case("NL", id(&filed)).text(), world.case("XK", id(&filed)).text());
}

#[tokio::test]
async fn an_entry_of_the_partners_is_contested_and_its_facts_keep_their_effect() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let filed = nl.file().await;
    let contest = |id: &str, entry| ContestEntryRequest {
        request_id: id.into(),
        note: "The person in it is another one than the request says.".into(),
        case: filed.case_id.clone(),
        entry,
        ..Default::default()
    };
    xk.cases.contest_entry(contest("contest", filed.positions[0])).await.unwrap();
    let case = nl.get(&filed.case_id, Purpose::Unspecified).await;
    assert_eq!(case.timeline.last().unwrap().kind(), EventKind::EntryContested);
    assert_eq!((case.request(), case.result()), (RequestSituation::Filed, Result::Open));
    // Again: it is said already. Nothing of the partner's stands there.
    let again = xk.cases.contest_entry(contest("again", filed.positions[0])).await.unwrap();
    assert_eq!(again.into_inner().receipt.unwrap().positions, [0_u64; 0]);
    let status = xk.cases.contest_entry(contest("nothing", 40)).await.unwrap_err();
    assert_eq!(rule(status).rule, "EntryMustBeKnown");
}

/// Up to ten days more, by the word of Kosovo: made up for this test.
fn extensible() -> Rules {
    let mut rules = world::rules();
    rules.reply_extension = Some(ReplyExtension {
        longest: Some(Length { count: 10, unit: rules::Unit::CalendarDays }),
        after_obstacle: None,
        needs: ExtensionNeeds::DulyMotivatedRequest,
        counts: ExtensionCounts::WhenTaken,
        source: rules.reply.source.clone(),
    });
    rules
}

#[tokio::test]
async fn the_authority_takes_a_longer_reply_and_both_see_when_it_is_due() {
    let world = World::under(&extensible(), &["NL", "XK"]);
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    // 28 days from Monday, 2 March; then four more.
    assert_eq!(last_days(&mut nl, &case).await, ["2026-03-30", "2026-03-30"]);
    let extend = |request_id: &str, longer_by| TakeExtensionRequest {
        request_id: request_id.into(),
        case: case.clone(),
        note: "The register of a made-up town is being moved".into(),
        longer_by,
        ..Default::default()
    };
    let silent = TakeExtensionRequest { note: String::new(), ..extend("e0", 4) };
    let found = fields(xk.answers.take_extension(silent).await.unwrap_err());
    assert_eq!(found, ["`note` must not be empty"]);
    let broken = rule(xk.answers.take_extension(extend("e1", 11)).await.unwrap_err());
    assert_eq!(
        (broken.code.as_str(), broken.rule.as_str()),
        ("CASE-0072", "ExtensionMustNotBeLonger")
    );
    xk.answers.take_extension(extend("e2", 4)).await.unwrap();
    for desk in [&mut nl, &mut xk] {
        assert_eq!(last_days(desk, &case).await, ["2026-04-03", "2026-04-03"]);
        let shown = desk.get(&case, Purpose::Unspecified).await;
        let entry = shown.timeline.last().unwrap();
        assert_eq!(
            (entry.kind(), entry.codes.as_slice()),
            (EventKind::ExtensionTaken, ["longer_by=4".to_owned()].as_slice())
        );
    }
    // Once is all; without a number, the longest is meant.
    let broken = rule(xk.answers.take_extension(extend("e3", 0)).await.unwrap_err());
    assert_eq!(broken.rule, "StatementMustNotRepeat");
    let filed = nl.requests.file_request(filing("f2")).await.unwrap();
    let later = filed.into_inner().receipt.unwrap().case_id;
    let longest = TakeExtensionRequest { case: later.clone(), ..extend("e4", 0) };
    xk.answers.take_extension(longest).await.unwrap();
    assert_eq!(last_days(&mut xk, &later).await, ["2026-04-09", "2026-04-09"]);
    // Under an agreement without one there is nothing to take.
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let other = nl.file().await.case_id;
    let extend = TakeExtensionRequest { case: other, ..extend("e5", 0) };
    let broken = rule(xk.answers.take_extension(extend).await.unwrap_err());
    assert_eq!(
        (broken.code.as_str(), broken.rule.as_str()),
        ("CASE-0070", "AgreementMustHaveExtension")
    );
}

/// The last days of the limits to reply and for silence.
async fn last_days(desk: &mut Desk, case: &str) -> Vec<String> {
    let deadlines = desk.explain(case).await.deadlines;
    let kinds = [DeadlineKind::Reply, DeadlineKind::Silence];
    let of = |kind| deadlines.iter().find(|it| it.kind() == kind).unwrap().last_day.clone();
    kinds.into_iter().map(of).collect()
}

#[tokio::test]
async fn an_obstacle_is_shown_while_it_lasts_and_starts_what_is_left_anew() {
    let mut rules = world::rules();
    rules.reply_extension = Some(ReplyExtension {
        longest: None,
        after_obstacle: Some(Length { count: 10, unit: rules::Unit::CalendarDays }),
        needs: ExtensionNeeds::Reasons,
        counts: ExtensionCounts::WhenObstacleStated,
        source: rules.reply.source.clone(),
    });
    let world = World::under(&rules, &["NL", "XK"]);
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    let obstacle = |request_id: &str, note: &str| ReportObstacleRequest {
        request_id: request_id.into(),
        case: case.clone(),
        note: note.into(),
        ..Default::default()
    };
    let found = fields(xk.cases.report_obstacle(obstacle("o0", "")).await.unwrap_err());
    assert_eq!(found, ["`note` must not be empty"]);
    let broken = rule(nl.cases.report_obstacle(obstacle("o1", "Made up")).await.unwrap_err());
    assert_eq!(broken.rule, "RequestMustBeAccepted");
    let removed = |request_id: &str| ReportObstacleRemovedRequest {
        request_id: request_id.into(),
        case: case.clone(),
        ..Default::default()
    };
    let broken = rule(xk.cases.report_obstacle_removed(removed("r0")).await.unwrap_err());
    assert_eq!(
        (broken.code.as_str(), broken.rule.as_str()),
        ("CASE-0074", "ObstacleMustBeInPlace")
    );
    let stated = xk.cases.report_obstacle(obstacle("o2", "The archive of a made-up town burns"));
    let position = stated.await.unwrap().into_inner().receipt.unwrap().positions[0];
    world.pass(40 * DAY_MS);
    for desk in [&mut nl, &mut xk] {
        let deadlines = desk.explain(&case).await.deadlines;
        for kind in [DeadlineKind::Reply, DeadlineKind::Silence] {
            let due = deadlines.iter().find(|it| it.kind() == kind).unwrap();
            assert_eq!(due.situation(), DeadlineSituation::Obstructed, "{kind:?}");
            assert_eq!((due.obstacle_position, due.last_day.as_str()), (Some(position), ""));
            assert_eq!(due.not_computable, "not known yet: an obstacle that was stated lasts");
        }
    }
    let removed = xk.cases.report_obstacle_removed(removed("r1")).await.unwrap().into_inner();
    let position = removed.receipt.unwrap().positions[0];
    // 11 April and ten days.
    assert_eq!(last_days(&mut nl, &case).await, ["2026-04-21", "2026-04-21"]);
    let deadlines = nl.explain(&case).await.deadlines;
    let reply = deadlines.iter().find(|it| it.kind() == DeadlineKind::Reply).unwrap();
    assert_eq!((reply.starts_on(), reply.count), (Start::ObstacleRemoved, 10));
    assert_eq!((reply.started_by.as_str(), reply.started_by_position), ("XK", Some(position)));
    assert_eq!(reply.situation(), DeadlineSituation::Running);
}

/// Kosovo extends on the last day; the Netherlands notice the silence before they hear of it.
#[tokio::test]
async fn a_notice_of_silence_that_an_extension_made_too_early_is_shown_so() {
    let world = World::under(&extensible(), &["NL", "XK"]);
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    world.pass(28 * DAY_MS);
    world.disconnect();
    let extend = TakeExtensionRequest {
        request_id: "extend".into(),
        case: case.clone(),
        note: "The register of a made-up town is being moved".into(),
        ..Default::default()
    };
    xk.answers.take_extension(extend).await.unwrap();
    world.pass(DAY_MS);
    let notice = |name: &str| NoticeSilenceRequest {
        request_id: name.into(),
        case: case.clone(),
        ..Default::default()
    };
    nl.requests.notice_silence(notice("early")).await.unwrap();
    let shown = async |desk: &mut Desk| {
        let situation = desk.get(&case, Purpose::Unspecified).await.request();
        let deadlines = desk.explain(&case).await.deadlines;
        let grace = deadlines.iter().find(|it| it.kind() == DeadlineKind::Grace).unwrap();
        (situation, grace.situation())
    };
    let counts = (RequestSituation::SilenceNoticed, DeadlineSituation::Running);
    assert_eq!(shown(&mut nl).await, counts, "as far as it has heard");
    world.connect();
    let early = (RequestSituation::Filed, DeadlineSituation::TooEarly);
    assert_eq!([shown(&mut nl).await, shown(&mut xk).await], [early, early]);
    world.pass(10 * DAY_MS);
    nl.requests.notice_silence(notice("again")).await.unwrap();
    assert_eq!([shown(&mut nl).await, shown(&mut xk).await], [counts, counts]);
}
