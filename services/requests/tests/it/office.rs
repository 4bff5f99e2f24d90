//! Desks of a test: clients of all four services, as one caller; and what they send.
#![expect(clippy::unwrap_used, reason = "tests")]

use domain::identifier::CaseId;
use proto::command::v1::{Purpose, Receipt};
use proto::requests::v1::answer_service_client::AnswerServiceClient;
use proto::requests::v1::attachment_service_client::AttachmentServiceClient;
use proto::requests::v1::case_service_client::CaseServiceClient;
use proto::requests::v1::request_service_client::RequestServiceClient;
use proto::requests::v1::transfer_service_client::TransferServiceClient;
use proto::requests::v1::{
    AcceptRequestRequest, Case, Category, Document, ExplainCaseRequest, ExplainCaseResponse,
    FileRequestRequest, GetCaseRequest, Person, ReturnDecision, Sex,
};
use runtime::failure::{Detail, Failure};
use runtime::server::Services;
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::fake_attachments::FakeAttachments;
use crate::world::{AUTHORITY, LIMITS, RETURN_OFFICE, World, as_caller, organisations, state};

pub(crate) struct Desk {
    pub(crate) requests: RequestServiceClient<Channel>,
    pub(crate) answers: AnswerServiceClient<Channel>,
    pub(crate) transfers: TransferServiceClient<Channel>,
    pub(crate) cases: CaseServiceClient<Channel>,
    pub(crate) attachments: AttachmentServiceClient<Channel>,
    /// What the ledger was given.
    pub(crate) files: FakeAttachments,
    pub(crate) shutdown: Shutdown,
}

impl Desk {
    pub(crate) async fn new(world: &World, identity: &str) -> Self {
        // The service runs for the State whose official asks, unless that State is none of both.
        let of = if identity.starts_with("spiffe://xk") { "XK" } else { "NL" };
        Self::at(world, of, identity).await
    }

    /// A desk of somebody at the service of a State.
    pub(crate) async fn at(world: &World, of: &str, identity: &str) -> Self {
        let own = state(of);
        let partner = if of == "NL" { state("XK") } else { state("NL") };
        let config = requests::Config {
            state: own,
            own: organisations(own),
            partners: [(partner, organisations(partner))].into(),
            message_bytes_max: LIMITS.message_bytes_max,
        };
        let shutdown = Shutdown::new();
        let files = FakeAttachments::default();
        let clients = requests::Clients {
            ledger: world.ledger(of).await,
            attachments: files.client(of).await,
        };
        let services = requests::add_to(Services::new(), config, clients, &shutdown);
        let channel = as_caller(services, identity).await;
        Self {
            requests: RequestServiceClient::new(channel.clone()),
            answers: AnswerServiceClient::new(channel.clone()),
            transfers: TransferServiceClient::new(channel.clone()),
            cases: CaseServiceClient::new(channel.clone()),
            attachments: AttachmentServiceClient::new(channel),
            files,
            shutdown,
        }
    }

    pub(crate) async fn file(&mut self) -> Receipt {
        let filed = self.requests.file_request(filing("f1")).await.unwrap();
        filed.into_inner().receipt.unwrap()
    }

    pub(crate) async fn get(&mut self, case: &str, purpose: Purpose) -> Case {
        let request = GetCaseRequest { case: case.into(), purpose: purpose.into() };
        self.cases.get_case(request).await.unwrap().into_inner().case.unwrap()
    }

    pub(crate) async fn explain(&mut self, case: &str) -> ExplainCaseResponse {
        let request = ExplainCaseRequest { case: case.into() };
        self.cases.explain_case(request).await.unwrap().into_inner()
    }

    pub(crate) async fn accept(&mut self, case: &str) -> Receipt {
        let etag = self.get(case, Purpose::Unspecified).await.etag;
        let request = AcceptRequestRequest {
            request_id: "accept".into(),
            case: case.into(),
            etag,
            ..Default::default()
        };
        self.answers.accept_request(request).await.unwrap().into_inner().receipt.unwrap()
    }
}

/// The desks of both States, and the case of a request that was accepted.
pub(crate) async fn accepted(world: &World) -> (Desk, Desk, Receipt) {
    let mut nl = Desk::new(world, RETURN_OFFICE).await;
    let mut xk = Desk::new(world, AUTHORITY).await;
    let filed = nl.file().await;
    xk.accept(&filed.case_id).await;
    (nl, xk, filed)
}

pub(crate) fn id(receipt: &Receipt) -> CaseId {
    CaseId::parse(&receipt.case_id).unwrap()
}

/// A request that nothing is wrong with.
pub(crate) fn filing(request_id: &str) -> FileRequestRequest {
    FileRequestRequest {
        request_id: request_id.into(),
        partner_state: "XK".into(),
        agreement: "benelux_kosovo_2011".into(),
        persons: vec![testperson()],
        return_decision: Some(ReturnDecision {
            reference: "TEST-2026-17".into(),
            authority: "Test immigration service".into(),
            decided_on: "2026-01-15".into(),
            enforceable: true,
        }),
        category: Category::OwnNational.into(),
        evidence: vec!["photocopy_of_proof_document".into()],
        addressed_to: "authority".into(),
        reference: "OUR-1".into(),
        ..Default::default()
    }
}

pub(crate) fn testperson() -> Person {
    Person {
        family_name: "Testperson".into(),
        given_names: "Arber".into(),
        birth_date: "1990-02".into(),
        birth_place: "Testville".into(),
        sex: Sex::Male.into(),
        nationalities: vec!["XK".into()],
        documents: vec![Document {
            item: "identity_card_national".into(),
            number: "TEST-0001".into(),
            valid_until: "2021-05-31".into(),
        }],
        ..Default::default()
    }
}

/// The fields that a refusal names, each with its rule.
pub(crate) fn fields(status: tonic::Status) -> Vec<String> {
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
    let failure = Failure::from(status);
    let field = |detail: &Detail| match detail {
        Detail::Field(field) => Some(field.to_string()),
        Detail::Rule(_) | Detail::Moved(_) | Detail::Revision(_) | Detail::Retry(_) => None,
    };
    failure.details().iter().filter_map(field).collect()
}

/// The rule that a refusal names.
pub(crate) fn rule(status: tonic::Status) -> runtime::failure::Coded {
    assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
    let failure = Failure::from(status);
    let rule = |detail: &Detail| match detail {
        Detail::Rule(coded) => Some(coded.clone()),
        Detail::Field(_) | Detail::Moved(_) | Detail::Revision(_) | Detail::Retry(_) => None,
    };
    failure.details().iter().find_map(rule).unwrap()
}
