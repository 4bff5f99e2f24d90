//! Bad input: each is answered by a typed error that names the field or the rule, and nothing is
//! written.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proto::command::v1::Purpose;
use proto::requests::v1::*;
use runtime::failure::Failure;

use crate::office::{Desk, fields, filing, rule};
use crate::world::{AGENCY, AUTHORITY, CONSULATE, OTHER_OFFICE, OVERSEER, RETURN_OFFICE, World};

type Change = fn(&mut FileRequestRequest);

#[tokio::test]
async fn a_filing_names_every_field_that_does_not_fit() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let before = world.stored("NL");
    let table: [(Change, &[&str]); 24] = [
        (|it| it.request_id.clear(), &["`request_id` must have 1 to 64 characters"]),
        (|it| it.note = "x".repeat(4_001), &["`note` must have at most 4000 characters"]),
        (|it| it.note = "a\u{1b}[2J".into(), &["`note` must have no control characters"]),
        (|it| it.partner_state = "Kosovo".into(), &["`partner_state` must be two capital"]),
        (|it| it.partner_state = "AL".into(), &["`partner_state` must be a partner"]),
        (|it| it.agreement = "benelux_atlantis_1912".into(), &["`agreement` must be an agreement"]),
        (|it| it.agreement = "No!".into(), &["`agreement` must be 1 to 64 characters"]),
        (|it| it.persons.clear(), &["`persons` must be exactly one"]),
        (|it| it.persons.push(it.persons[0].clone()), &["`persons` must be exactly one"]),
        (|it| it.return_decision = None, &["`return_decision` must be present"]),
        (
            |it| it.return_decision.as_mut().unwrap().decided_on = "2026-03-03".into(),
            &["`return_decision.decided_on` must not be in the future"],
        ),
        (|it| it.category = 0, &["`category` must be one of the words"]),
        (|it| it.category = 99, &["`category` must be one of the words"]),
        (|it| it.evidence = vec!["a_dream".into()], &["`evidence[0]` must be an item"]),
        (
            |it| it.evidence = vec!["own_statement".into(), "own_statement".into()],
            &["`evidence[1]` must not be there twice"],
        ),
        (|it| it.evidence = vec!["x".into(); 65], &["`evidence` must be at most 64"]),
        (|it| it.addressed_to = "nobody".into(), &["`addressed_to` must be an authority"]),
        (
            |it| it.addressed_to = "consulate-brussels".into(),
            &["`addressed_to` must be an authority"],
        ),
        (
            |it| it.irregular_stay_known_on = "2026-02-30".into(),
            &["`irregular_stay_known_on` must be a date that exists"],
        ),
        (
            |it| it.irregular_stay_known_on = "2026-03-03".into(),
            &["`irregular_stay_known_on` must not be in the future"],
        ),
        (
            |it| it.persons[0].birth_date = "1990-02-30".into(),
            &["`persons[0].birth_date` must be a date that exists"],
        ),
        (
            |it| it.persons[0].birth_date = "2026-03-03".into(),
            &["`persons[0].birth_date` must not be in the future"],
        ),
        (|it| it.reference = "r".repeat(65), &["`reference` must have at most 64 characters"]),
        (
            |it| {
                it.persons[0].family_name.clear();
                it.addressed_to.clear();
                it.category = 0;
            },
            &[
                "`persons[0].family_name` must not be empty",
                "`category` must",
                "`addressed_to` must",
            ],
        ),
    ];
    for (change, wrong) in table {
        let mut request = filing("bad");
        change(&mut request);
        let found = fields(nl.requests.file_request(request).await.unwrap_err());
        assert_eq!(found.len(), wrong.len(), "{found:?}");
        for (found, wrong) in found.iter().zip(wrong) {
            assert!(found.starts_with(wrong), "{found} is not {wrong}");
        }
    }
    assert_eq!(world.stored("NL"), before, "something was written");
    // A date of birth as far as it is known, and as late as today, is fine.
    for (index, birth_date) in ["1990", "1990-02", "2026-03-02"].into_iter().enumerate() {
        let mut request = filing(&format!("partial-{index}"));
        request.persons[0].birth_date = birth_date.into();
        nl.requests.file_request(request).await.unwrap();
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut request = filing("long");
    request.note = "𠀀".repeat(4_000);
    request.persons[0].aliases = vec!["𠀀".repeat(200); 16];
    request.persons[0].documents = vec![request.persons[0].documents[0].clone(); 32];
    request.persons[0].documents.iter_mut().for_each(|it| it.number = "𠀀".repeat(64));
    request.persons[0].family_name = "𠀀".repeat(200);
    request.return_decision.as_mut().unwrap().authority = "𠀀".repeat(200);
    let found = fields(nl.requests.file_request(request).await.unwrap_err());
    assert!(found[0].starts_with("`body` must be at most 32752 bytes"), "{found:?}");
}

#[tokio::test]
async fn a_filing_that_the_agreement_does_not_allow_names_rule_and_article() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let before = world.stored("NL");
    let table: [(Change, &str, bool); 4] = [
        (
            |it| it.return_decision.as_mut().unwrap().enforceable = false,
            "ReturnDecisionMustBeEnforceable",
            false,
        ),
        (|it| it.evidence = vec!["entry_exit_stamps".into()], "EvidenceMustBeListed", true),
        (
            |it| it.category = Category::ThirdCountryNational.into(),
            // Its evidence is on the lists for nationality alone.
            "EvidenceMustBeListed",
            true,
        ),
        (
            |it| {
                it.category = Category::ThirdCountryNational.into();
                it.evidence = vec!["own_statement".into()];
            },
            "IrregularStayMustBeDated",
            true,
        ),
    ];
    for (change, wanted, sourced) in table {
        let mut request = filing("refused");
        change(&mut request);
        let broken = rule(nl.requests.file_request(request).await.unwrap_err());
        assert_eq!(broken.rule, wanted);
        assert_eq!(broken.source.is_some(), sourced, "{wanted}");
    }
    assert_eq!(world.stored("NL"), before, "something was written");
}

#[tokio::test]
async fn an_agreement_that_one_state_alone_has_adopted_is_not_adopted() {
    let world = World::adopted_by(&["NL"]);
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let broken = rule(nl.requests.file_request(filing("f1")).await.unwrap_err());
    assert_eq!(
        (broken.code.as_str(), broken.rule.as_str()),
        ("CASE-0009", "AgreementMustBeAdopted")
    );
}

#[tokio::test]
async fn commands_on_a_case_name_their_fields() {
    let world = World::new();
    let mut nl = Desk::new(&world, RETURN_OFFICE).await;
    let mut xk = Desk::new(&world, AUTHORITY).await;
    let case = nl.file().await.case_id;
    let before = world.stored("XK");

    let accept = AcceptRequestRequest { case: case.clone(), ..Default::default() };
    let found = fields(xk.answers.accept_request(accept.clone()).await.unwrap_err());
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("`request_id`"));
    assert_eq!(found[1], "`etag` must be present");
    let nonsense =
        AcceptRequestRequest { request_id: "a".into(), etag: "the one I saw".into(), ..accept };
    let found = fields(xk.answers.accept_request(nonsense).await.unwrap_err());
    assert!(found[0].starts_with("`etag` must be an etag"), "{found:?}");

    let refuse = RefuseRequestRequest {
        request_id: "r".into(),
        case: case.clone(),
        reasons: vec![1, 0, 1],
        ..Default::default()
    };
    let found = fields(xk.answers.refuse_request(refuse.clone()).await.unwrap_err());
    assert!(found[0].starts_with("`reasons[1]` must be one of the words"), "{found:?}");
    let twice = RefuseRequestRequest { reasons: vec![1, 1], ..refuse.clone() };
    let found = fields(xk.answers.refuse_request(twice).await.unwrap_err());
    assert_eq!(found, ["`reasons[1]` must not be there twice"]);
    let without = RefuseRequestRequest { reasons: Vec::new(), ..refuse };
    let broken = rule(xk.answers.refuse_request(without).await.unwrap_err());
    assert_eq!(broken.rule, "RefusalMustStateReasons");

    let ask = AskClarificationRequest {
        request_id: "q".into(),
        case: case.clone(),
        ..Default::default()
    };
    let found = fields(xk.answers.ask_clarification(ask).await.unwrap_err());
    assert_eq!(found, ["`note` must not be empty"]);
    // No reason of a withdrawal or a hold may travel, nor is it kept: it is not taken.
    let withdraw = WithdrawRequestRequest {
        request_id: "w".into(),
        case: case.clone(),
        note: "because".into(),
        ..Default::default()
    };
    let found = fields(nl.requests.withdraw_request(withdraw).await.unwrap_err());
    assert!(found[0].starts_with("`note` must be empty"), "{found:?}");
    let nothing = CloseCaseRequest { request_id: "c".into(), ..Default::default() };
    let found = fields(nl.cases.close_case(nothing).await.unwrap_err());
    assert_eq!(found, ["`case` must be present"]);
    let rectify = RectifyRequest { request_id: "x".into(), case, ..Default::default() };
    let found = fields(nl.cases.rectify(rectify).await.unwrap_err());
    assert_eq!(found, ["`note` must not be empty"]);
    assert_eq!(world.stored("XK"), before, "something was written");
}

#[tokio::test]
async fn a_case_of_another_office_is_not_found_like_one_that_is_not_there() {
    let world = World::new();
    let case = Desk::new(&world, RETURN_OFFICE).await.file().await.case_id;
    let mut other = Desk::new(&world, OTHER_OFFICE).await;
    let mut answers = Vec::new();
    for named in [case.as_str(), "case_00000000000000000000000000000000", "NL-XK-2026-000009"] {
        let get = GetCaseRequest { case: named.into(), purpose: Purpose::Decision.into() };
        let status = other.cases.get_case(get).await.unwrap_err();
        let withdraw = WithdrawRequestRequest {
            request_id: "w".into(),
            case: named.into(),
            ..Default::default()
        };
        let command = other.requests.withdraw_request(withdraw).await.unwrap_err();
        for status in [status, command] {
            assert_eq!(status.code(), tonic::Code::NotFound);
            answers.push((status.message().to_owned(), status.details().to_vec()));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "the answers differ");
}

#[tokio::test]
async fn a_command_of_another_role_is_not_allowed() {
    let world = World::new();
    let case = Desk::new(&world, RETURN_OFFICE).await.file().await.case_id;
    let named = || ("r".to_owned(), case.clone());
    for (of, identity) in [
        ("XK", AUTHORITY),
        ("XK", CONSULATE),
        ("NL", AGENCY),
        ("NL", OVERSEER),
        ("NL", AUTHORITY),
        ("NL", "spiffe://nl.readmit/office/unlisted-office/official/t.tester"),
        ("NL", "spiffe://nl.readmit/operator/root"),
        ("NL", "spiffe://xk.readmit/node"),
    ] {
        let mut desk = Desk::at(&world, of, identity).await;
        let status = desk.requests.file_request(filing("f9")).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied, "{identity}");
        assert_eq!(Failure::from(status).code().as_str(), "AUTH-0003");
    }
    let (request_id, case) = named();
    let accept =
        AcceptRequestRequest { request_id, case, etag: "1-0".into(), ..Default::default() };
    for identity in [RETURN_OFFICE, CONSULATE, OVERSEER] {
        let mut desk = Desk::new(&world, identity).await;
        let status = desk.answers.accept_request(accept.clone()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied, "{identity}");
    }
    let get = GetCaseRequest { case: accept.case, purpose: 0 };
    // Of another State, or of an office that this State does not have: whoever certified them.
    let foreign = "spiffe://xk.readmit/office/return-office/official/t.tester";
    let unlisted = "spiffe://nl.readmit/office/unlisted-office/official/t.tester";
    for identity in [AGENCY, OVERSEER, foreign, unlisted] {
        let mut desk = Desk::at(&world, "NL", identity).await;
        let status = desk.cases.get_case(get.clone()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied, "{identity}");
    }
}
