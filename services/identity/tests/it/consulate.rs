//! From the register check to a travel document that is verified, suspended and revoked.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use domain::case::event::{
    AgreementReference, RegisterFinding as Found, RequestFiled, ReturnDecision, Statement,
};
use domain::identifier::{AgreementId, CaseId, EvidenceItem, Office};
use domain::rules::Category;
use proto::command::v1::{Purpose, Standing};
use proto::identity::v1::identity_service_client::IdentityServiceClient;
use proto::identity::v1::travel_document_service_client::TravelDocumentServiceClient;
use proto::identity::v1::*;
use runtime::failure::{Detail, Failure};
use runtime::server::Services;
use tonic::transport::Channel;

use crate::world::{
    AGENCY, AUTHORITY, CONSULATE, DAY_MS, LIMITS, OVERSEER, RETURN_OFFICE, World, as_caller,
    organisations, rules, state,
};

const CASE: CaseId = CaseId::new([0x11; 16]);

struct Desk {
    identity: IdentityServiceClient<Channel>,
    documents: TravelDocumentServiceClient<Channel>,
}

async fn desk(world: &World, identity: &str) -> Desk {
    let (own, partner) =
        if identity.starts_with("spiffe://xk") { ("XK", "NL") } else { ("NL", "XK") };
    let config = identity::Config {
        state: state(own),
        own: organisations(state(own)),
        partners: [(state(partner), organisations(state(partner)))].into(),
        message_bytes_max: LIMITS.message_bytes_max,
    };
    let services = identity::add_to(Services::new(), config, world.ledger(own).await);
    let channel = as_caller(services, identity).await;
    Desk {
        identity: IdentityServiceClient::new(channel.clone()),
        documents: TravelDocumentServiceClient::new(channel),
    }
}

/// A world in which NL has filed.
fn filed() -> World {
    let world = World::new();
    let filed = RequestFiled {
        under: AgreementReference {
            agreement: AgreementId::new("benelux_kosovo_2011").unwrap(),
            version: 1,
            digest: record::rules::digest(&rules()),
        },
        category: Category::OwnNational,
        evidence: vec![EvidenceItem::new("own_statement").unwrap()],
        return_decision: ReturnDecision::Enforceable,
        filed_by: Office::new("return-office").unwrap(),
        addressed_to: Office::new("authority").unwrap(),
        year: 2026,
        serial: 1,
        irregular_stay_known_on: None,
    };
    world.says("NL", Some(CASE), Statement::RequestFiled(filed));
    world
}

fn fields(status: tonic::Status) -> Vec<String> {
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
    let field = |detail: &Detail| match detail {
        Detail::Field(field) => Some(field.to_string()),
        Detail::Rule(_) | Detail::Moved(_) | Detail::Revision(_) | Detail::Retry(_) => None,
    };
    Failure::from(status).details().iter().filter_map(field).collect()
}

fn code(status: tonic::Status) -> String {
    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
    Failure::from(status).code().to_string()
}

fn named(request_id: &str) -> (String, String) {
    (request_id.to_owned(), CASE.to_string())
}

#[tokio::test]
async fn a_person_is_identified_by_a_named_official() {
    let world = filed();
    let mut nl = desk(&world, RETURN_OFFICE).await;
    let mut xk = desk(&world, AUTHORITY).await;
    let mut consulate = desk(&world, CONSULATE).await;

    let (request_id, case) = named("finding");
    let finding = CheckRegisterRequest {
        request_id,
        case,
        finding: RegisterFinding::NoHit.into(),
        ..Default::default()
    };
    let unasked = xk.identity.check_register(finding.clone()).await.unwrap_err();
    assert_eq!(code(unasked), "CASE-0023");
    let (request_id, case) = named("check");
    let check = RequestRegisterCheckRequest { request_id, case, ..Default::default() };
    nl.identity.request_register_check(check).await.unwrap();
    xk.identity.check_register(finding).await.unwrap();
    let said = world.case("NL", CASE).said.requested;
    assert_eq!(said.register.unwrap().1, Found::NoHit);

    // Until it is asked, the case is not the consulate's.
    let (request_id, case) = named("arrange");
    let arrange = ArrangeInterviewRequest {
        request_id,
        case,
        at: "2026-03-10T10:30".into(),
        place: "Test street 1".into(),
        ..Default::default()
    };
    let early = consulate.identity.arrange_interview(arrange.clone()).await.unwrap_err();
    assert_eq!(early.code(), tonic::Code::NotFound);
    let (request_id, case) = named("interview");
    let ask = RequestInterviewRequest {
        request_id,
        case,
        addressed_to: "consulate-brussels".into(),
        ..Default::default()
    };
    let wrong = RequestInterviewRequest { addressed_to: "authority".into(), ..ask.clone() };
    let found = fields(nl.identity.request_interview(wrong).await.unwrap_err());
    assert_eq!(found, ["`addressed_to` must be a consulate of the requested State"]);
    nl.identity.request_interview(ask).await.unwrap();

    let nowhen = ArrangeInterviewRequest {
        at: "2026-02-30T10:30".into(),
        place: String::new(),
        ..arrange.clone()
    };
    let found = fields(consulate.identity.arrange_interview(nowhen).await.unwrap_err());
    assert!(found[0].starts_with("`at` must be a local time"), "{found:?}");
    assert!(found[1].starts_with("`place` must not be empty"), "{found:?}");
    consulate.identity.arrange_interview(arrange).await.unwrap();
    let (request_id, case) = named("held");
    let held = ReportInterviewRequest {
        request_id,
        case,
        outcome: InterviewOutcome::Held.into(),
        ..Default::default()
    };
    let unsaid = ReportInterviewRequest { outcome: 0, ..held.clone() };
    let found = fields(consulate.identity.report_interview(unsaid).await.unwrap_err());
    assert!(found[0].starts_with("`outcome` must be one"), "{found:?}");
    consulate.identity.report_interview(held).await.unwrap();

    let (request_id, case) = named("unsure");
    let unsure = MarkInconclusiveRequest { request_id, case, ..Default::default() };
    consulate.identity.mark_inconclusive(unsure).await.unwrap();
    let (request_id, case) = named("confirm");
    let etag = world.case("XK", CASE).etag().to_string();
    let confirm = ConfirmIdentityRequest { request_id, case, etag, ..Default::default() };
    let blind = ConfirmIdentityRequest { etag: String::new(), ..confirm.clone() };
    let found = fields(consulate.identity.confirm_identity(blind).await.unwrap_err());
    assert_eq!(found, ["`etag` must be present"]);
    consulate.identity.confirm_identity(confirm).await.unwrap();
    let (request_id, case) = named("deny");
    let deny = DenyIdentityRequest { request_id, case, ..Default::default() };
    let twice = consulate.identity.deny_identity(deny).await.unwrap_err();
    assert_eq!(code(twice), "CASE-0027");
}

/// A world in which a document of a number is valid.
async fn documented(number: &str) -> World {
    let world = filed();
    world.says("XK", Some(CASE), Statement::RequestAccepted);
    let mut nl = desk(&world, RETURN_OFFICE).await;
    let (request_id, case) = named("document");
    let addressed_to = "consulate-brussels".into();
    let ask = RequestTravelDocumentRequest { request_id, case, addressed_to, ..Default::default() };
    nl.documents.request_travel_document(ask).await.unwrap();
    let mut consulate = desk(&world, CONSULATE).await;
    let (request_id, case) = named("issue");
    let issue = IssueRequest {
        request_id,
        case,
        etag: world.case("XK", CASE).etag().to_string(),
        number: number.into(),
        issued_on: "2026-03-02".into(),
        valid_until: "2026-06-02".into(),
        ..Default::default()
    };
    let backwards = IssueRequest { valid_until: "2026-03-01".into(), ..issue.clone() };
    let found = fields(consulate.documents.issue(backwards).await.unwrap_err());
    assert_eq!(found, ["`valid_until` must not be before `issued_on`"]);
    let short = IssueRequest { valid_until: "2026-04-02".into(), ..issue.clone() };
    assert_eq!(code(consulate.documents.issue(short).await.unwrap_err()), "CASE-0044");
    consulate.documents.issue(issue).await.unwrap();
    world
}

async fn verify(world: &World, number: &str) -> VerifyResponse {
    let mut nl = desk(world, RETURN_OFFICE).await;
    let request = VerifyRequest {
        case: CASE.to_string(),
        number: number.into(),
        purpose: Purpose::Transfer.into(),
    };
    nl.documents.verify(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_document_is_valid_until_something_stands_against_it() {
    let world = documented("TD-TEST-1").await;
    let valid = verify(&world, "TD-TEST-1").await;
    assert_eq!(valid.validity(), TravelDocumentValidity::Valid);
    assert_eq!((valid.valid_until.as_str(), valid.standing()), ("2026-06-02", Standing::Confirmed));
    let unknown = verify(&world, "TD-TEST-2").await;
    assert_eq!((unknown.validity(), unknown.document), (TravelDocumentValidity::Unknown, None));

    world.says("NL", Some(CASE), Statement::HoldPlaced);
    let held = verify(&world, "TD-TEST-1").await.validity();
    assert_eq!(held, TravelDocumentValidity::Suspended);
    world.says("NL", Some(CASE), Statement::HoldLifted);
    world.pass(100 * DAY_MS);
    let expired = verify(&world, "TD-TEST-1").await.validity();
    assert_eq!(expired, TravelDocumentValidity::Expired);
}

#[tokio::test]
async fn a_document_that_crossed_a_withdrawal_is_suspended_then_revoked() {
    let world = documented("TD-TEST-1").await;
    world.says("NL", Some(CASE), Statement::RequestWithdrawn);
    let crossed = verify(&world, "TD-TEST-1").await.validity();
    assert_eq!(crossed, TravelDocumentValidity::Suspended);
    let mut xk = desk(&world, AUTHORITY).await;
    let (request_id, case) = named("revoke");
    let revoke = RevokeRequest { request_id, case, ..Default::default() };
    let another = RevokeRequest { document: Some(99), ..revoke.clone() };
    assert_eq!(code(xk.documents.revoke(another).await.unwrap_err()), "CASE-0045");
    xk.documents.revoke(revoke).await.unwrap();
    let revoked = verify(&world, "TD-TEST-1").await.validity();
    assert_eq!(revoked, TravelDocumentValidity::Revoked);
}

#[tokio::test]
async fn a_number_is_not_looked_up_without_a_purpose() {
    let world = documented("TD-TEST-1").await;
    let mut nl = desk(&world, RETURN_OFFICE).await;
    let request = VerifyRequest { case: CASE.to_string(), ..Default::default() };
    let found = fields(nl.documents.verify(request).await.unwrap_err());
    assert_eq!(found.len(), 2);
    assert!(found[0].starts_with("`number`") && found[1].starts_with("`purpose`"), "{found:?}");
}

#[tokio::test]
async fn a_command_of_another_role_is_not_allowed() {
    let world = filed();
    let (request_id, case) = named("r");
    let confirm =
        ConfirmIdentityRequest { request_id, case, etag: "1-0".into(), ..Default::default() };
    for identity in [RETURN_OFFICE, AUTHORITY, AGENCY, OVERSEER] {
        let mut desk = desk(&world, identity).await;
        let status = desk.identity.confirm_identity(confirm.clone()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::PermissionDenied, "{identity}");
    }
    let (request_id, case) = named("r");
    let check = RequestRegisterCheckRequest { request_id, case, ..Default::default() };
    let (request_id, case) = named("r");
    let finding = CheckRegisterRequest { request_id, case, finding: 1, ..Default::default() };
    for (identity, may_ask) in [(AUTHORITY, false), (CONSULATE, false), (RETURN_OFFICE, true)] {
        let mut desk = desk(&world, identity).await;
        let asked = desk.identity.request_register_check(check.clone()).await;
        assert_eq!(asked.is_ok(), may_ask, "{identity}");
        let found = desk.identity.check_register(finding.clone()).await;
        let denied = found.is_err_and(|it| it.code() == tonic::Code::PermissionDenied);
        assert_eq!(denied, may_ask, "{identity}");
    }
}
