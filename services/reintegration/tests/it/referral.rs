//! What offices and agencies say of a referral, and what an agency may read.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::Statement;
use domain::referral::rejection::Rejection;
use proto::command::v1::Purpose;
use proto::reintegration::v1::*;
use runtime::failure::{Class, Detail, Failure, code};

use crate::fake_ledger::{CASE, NUMBER};
use crate::stage::{Do, Stage};

fn broken<T: std::fmt::Debug>(answer: Result<T, Failure>) -> (Class, String) {
    let failure = answer.unwrap_err();
    (failure.class(), failure.code().to_string())
}

fn refused(rule: Rejection) -> (Class, String) {
    (Class::Refused, rule.code().to_owned())
}

const NOT_FOUND: (Class, &str) = (Class::NotFound, "REQ-0005");

#[tokio::test]
async fn a_referral_from_consent_to_close() {
    let stage = Stage::new().await;
    let (office, agency) = (stage.office().await, stage.homeward().await);
    let early = office.does(Do::Refer, "r0").await;
    assert_eq!(broken(early), refused(Rejection::ConsentMustBeInForce));
    let receipt = office.does(Do::Consent, "r1").await.unwrap();
    assert_eq!((receipt.case_number.as_str(), receipt.positions.len()), (NUMBER, 0));
    assert_eq!((receipt.local_positions.as_slice(), receipt.replayed), (&[0][..], false));
    let early = office.does(Do::Refer, "r2").await;
    assert_eq!(broken(early), refused(Rejection::PersonMustBeExpectedOrArrived));
    stage.accept();
    office.does(Do::Refer, "r3").await.unwrap();

    let early = agency.does(Do::Plan, "a0").await;
    assert_eq!(broken(early), refused(Rejection::ReferralMustBeAccepted));
    for (what, request_id) in [
        (Do::Accept, "a1"),
        (Do::Plan, "a2"),
        (Do::Assist, "a3"),
        (Do::FollowUp, "a4"),
        (Do::Close, "a5"),
    ] {
        let receipt = agency.does(what, request_id).await.unwrap();
        assert_eq!(receipt.local_positions.len(), 1, "{what:?}");
    }
    // The end of a referral ends what the agency may see.
    let (class, code) = broken(agency.reads().await);
    assert_eq!((class, code.as_str()), NOT_FOUND);
}

#[tokio::test]
async fn the_same_command_again_yields_nothing_new() {
    let stage = Stage::new().await;
    let office = stage.office().await;
    let first = office.does(Do::Consent, "r1").await.unwrap();
    let again = office.does(Do::Consent, "r1").await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.local_positions, first.local_positions);
    // Another request id: what is said stands already.
    let other = office.does(Do::Consent, "r2").await.unwrap();
    assert!(!other.replayed && other.local_positions.is_empty());
    // The same request id with another content.
    let (class, code) = broken(office.does(Do::Refer, "r1").await);
    assert_eq!((class, code), (Class::Invalid, code::REQUEST_ID_USED.to_string()));
}

#[tokio::test]
async fn validation_alone_writes_nothing() {
    let stage = Stage::new().await;
    let office = stage.office().await;
    let request = RecordConsentRequest {
        request_id: "r1".into(),
        validate_only: true,
        note: "in writing".into(),
        case: NUMBER.into(),
        agency: "homeward".into(),
    };
    let receipt = office.referrals().record_consent(request).await.unwrap().into_inner().receipt;
    assert!(receipt.unwrap().validated_only);
    let early = office.does(Do::Refer, "r2").await;
    assert_eq!(broken(early), refused(Rejection::ConsentMustBeInForce));
}

#[tokio::test]
async fn each_role_commands_its_own() {
    let stage = Stage::new().await;
    let (office, agency) = (stage.office().await, stage.homeward().await);
    for what in [Do::Consent, Do::Refer] {
        assert_eq!(broken(agency.does(what, "x").await).0, Class::NotAllowed, "{what:?}");
    }
    for what in [Do::Accept, Do::Decline, Do::Plan, Do::Assist, Do::FollowUp, Do::Close] {
        assert_eq!(broken(office.does(what, "x").await).0, Class::NotAllowed, "{what:?}");
    }
    assert_eq!(broken(office.reads().await).0, Class::NotAllowed);
    for identity in [
        "nl.readmit/office/return-office/official/t.tester",
        "nl.readmit/agency/homeward/official/t.tester",
        "xk.readmit/agency/unknown/official/t.tester",
        "xk.readmit/consulate/brussels/official/t.tester",
        "xk.readmit/operator/t.tester",
        "xk.readmit/overseer/ombuds/official/t.tester",
        "nl.readmit/node",
    ] {
        let stranger = stage.caller(identity).await;
        for what in [Do::Consent, Do::Withdraw, Do::Refer, Do::Accept, Do::Close] {
            let class = broken(stranger.does(what, "x").await).0;
            assert_eq!(class, Class::NotAllowed, "{identity} {what:?}");
        }
        assert_eq!(broken(stranger.reads().await).0, Class::NotAllowed, "{identity}");
    }
}

#[tokio::test]
async fn a_case_that_is_not_the_callers_is_not_there() {
    let stage = Stage::new().await;
    stage.accept();
    let (office, agency) = (stage.office().await, stage.homeward().await);
    let absent = NOT_FOUND;
    let check = |answer: (Class, String)| assert_eq!((answer.0, answer.1.as_str()), absent);
    // Before consent, before the referral, and of another agency's referral.
    check(broken(agency.reads().await));
    check(broken(agency.does(Do::Accept, "a1").await));
    office.does(Do::Consent, "r1").await.unwrap();
    check(broken(agency.does(Do::Accept, "a1").await));
    office.does(Do::Refer, "r2").await.unwrap();
    let other = stage.caller("xk.readmit/agency/elsewhere/official/x").await;
    check(broken(other.reads().await));
    check(broken(other.does(Do::Accept, "a1").await));
    let elsewhere = stage.caller("xk.readmit/office/elsewhere/official/x").await;
    check(broken(elsewhere.does(Do::Consent, "r9").await));
    agency.does(Do::Accept, "a1").await.unwrap();
}

#[tokio::test]
async fn everything_that_is_wrong_is_named() {
    let stage = Stage::new().await;
    let (office, agency) = (stage.office().await, stage.homeward().await);
    let named = |failure: Failure| -> Vec<String> {
        assert_eq!(failure.class(), Class::Invalid);
        let details = failure.details().iter();
        details
            .map(|detail| {
                let Detail::Field(field) = detail else { panic!("{detail:?}") };
                field.field.clone()
            })
            .collect()
    };
    let empty = office.referrals().record_consent(RecordConsentRequest::default()).await;
    let fields = named(empty.unwrap_err().into());
    assert_eq!(fields, ["request_id", "note", "case", "agency"]);
    let unknown = RecordConsentRequest {
        request_id: "r1".into(),
        note: "x\u{202e}".into(),
        case: NUMBER.into(),
        agency: "nobody".into(),
        ..Default::default()
    };
    let fields = named(office.referrals().record_consent(unknown).await.unwrap_err().into());
    assert_eq!(fields, ["note", "agency"]);
    let answer = AnswerReferralRequest {
        request_id: "a1".into(),
        case: NUMBER.into(),
        note: "x".repeat(4_001),
        ..Default::default()
    };
    let fields = named(agency.referrals().answer_referral(answer).await.unwrap_err().into());
    assert_eq!(fields, ["note", "answer"]);
    let another = WithdrawConsentRequest {
        request_id: "a1".into(),
        case: NUMBER.into(),
        agency: "elsewhere".into(),
        ..Default::default()
    };
    let fields = named(agency.referrals().withdraw_consent(another).await.unwrap_err().into());
    assert_eq!(fields, ["agency"]);
    let silent =
        AgreePlanRequest { request_id: "a1".into(), case: NUMBER.into(), ..Default::default() };
    let fields = named(agency.referrals().agree_plan(silent).await.unwrap_err().into());
    assert_eq!(fields, ["note"]);
    for purpose in [Purpose::Unspecified, Purpose::Decision, Purpose::Oversight] {
        let request = GetReferredCaseRequest { case: NUMBER.into(), purpose: purpose.into() };
        let answer = agency.events().get_referred_case(request).await;
        assert_eq!(named(answer.unwrap_err().into()), ["purpose"], "{purpose:?}");
    }
}

#[tokio::test]
async fn an_agency_reads_the_referral_the_person_and_the_journey() {
    let stage = Stage::new().await;
    let (office, agency) = (stage.office().await, stage.homeward().await);
    stage.accept();
    office.does(Do::Consent, "r1").await.unwrap();
    office.does(Do::Refer, "r2").await.unwrap();
    let found = agency.reads().await.unwrap();
    assert_eq!((found.case_id, found.case_number), (CASE.to_string(), NUMBER.to_owned()));
    assert_eq!(found.journey, None);
    let person = found.person.unwrap();
    assert_eq!((person.family_name.as_str(), person.given_names.as_str()), ("Testperson", "Arber"));
    assert_eq!(person.birth_date, "1990-02");
    let referral = found.referral.unwrap();
    assert_eq!(referral.situation(), ReferralSituation::Referred);
    assert!(referral.consent_in_force);
    let notes: Vec<_> = referral.notes.iter().map(|it| (it.r#type(), it.note.as_str())).collect();
    assert_eq!(notes, [(CaseEventType::Referred, "note of Refer")]);

    let notice = stage.notify_transfer();
    stage.ledger.says("NL", &Statement::PersonDeparted(notice));
    stage.ledger.says("XK", &Statement::PersonArrived);
    agency.does(Do::Accept, "a1").await.unwrap();
    agency.does(Do::Plan, "a2").await.unwrap();
    let found = agency.reads().await.unwrap();
    let journey = found.journey.unwrap();
    assert_eq!((journey.on.as_str(), journey.border_point.as_str()), ("2026-10-01", "Testport"));
    assert_eq!(journey.carriage, "TP 123");
    assert!(journey.departed_at_ms < journey.arrived_at_ms);
    let referral = found.referral.unwrap();
    assert_eq!(referral.situation(), ReferralSituation::Planned);
    assert_eq!(referral.notes.len(), 3);
    assert_eq!(referral.notes[2].note, "note of Plan");
    // Commands open no bodies; reads say why.
    let purposes = &stage.ledger.store().purposes;
    let wanted = [
        Purpose::Reintegration,
        Purpose::Unspecified,
        Purpose::Unspecified,
        Purpose::Reintegration,
    ];
    assert_eq!(*purposes, wanted);
}

#[tokio::test]
async fn a_withdrawal_of_consent_by_either_ends_access_at_once() {
    for by_agency in [false, true] {
        let stage = Stage::new().await;
        let (office, agency) = (stage.office().await, stage.homeward().await);
        stage.accept();
        office.does(Do::Consent, "r1").await.unwrap();
        office.does(Do::Refer, "r2").await.unwrap();
        agency.does(Do::Accept, "a1").await.unwrap();
        agency.reads().await.unwrap();
        let withdrawing = if by_agency { &agency } else { &office };
        withdrawing.does(Do::Withdraw, "w1").await.unwrap();
        let (class, code) = broken(agency.reads().await);
        assert_eq!((class, code.as_str()), NOT_FOUND);
        let (class, code) = broken(agency.does(Do::Plan, "a2").await);
        assert_eq!((class, code.as_str()), NOT_FOUND);
        let anew = office.does(Do::Refer, "r3").await;
        assert_eq!(broken(anew), refused(Rejection::ConsentMustBeInForce));
    }
}
