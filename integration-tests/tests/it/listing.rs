//! What an integrating engineer meets first: which services a running node has, by reflection,
//! whether they serve, by health, and the page that says so.

use std::path::Path;

use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

/// A connection to the listener whose address stands in `address_file`, with a certificate of the
/// folder `tls`, given as its path without ending, or with none.
pub(crate) async fn channel(home: &Path, address_file: &str, shown: Option<&Path>) -> Channel {
    let address = std::fs::read_to_string(home.join(address_file)).unwrap();
    let authority = std::fs::read(home.join("tls/ca.crt")).unwrap();
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .domain_name("node.nl.readmit");
    if let Some(path) = shown {
        let certificate = std::fs::read(path.with_extension("crt")).unwrap();
        let key = std::fs::read(path.with_extension("key")).unwrap();
        tls = tls.identity(Identity::from_pem(certificate, key));
    }
    let endpoint = Endpoint::from_shared(format!("https://{}", address.trim())).unwrap();
    endpoint.tls_config(tls).unwrap().connect().await.unwrap()
}

/// The services that a listener names.
async fn services(channel: Channel) -> Result<Vec<String>, tonic::Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let replies = client.server_reflection_info(tokio_stream::once(request)).await?;
    let reply = replies.into_inner().message().await?.unwrap();
    let Some(MessageResponse::ListServicesResponse(listed)) = reply.message_response else {
        panic!("not a list: {reply:?}");
    };
    let mut names: Vec<String> = listed.service.into_iter().map(|service| service.name).collect();
    names.sort();
    Ok(names)
}

const API: [&str; 14] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "readmit.identity.v1.IdentityService",
    "readmit.identity.v1.TravelDocumentService",
    "readmit.node.v1.OperatorService",
    "readmit.oversight.v1.AuditService",
    "readmit.oversight.v1.StatisticsService",
    "readmit.reintegration.v1.CaseEventService",
    "readmit.reintegration.v1.ReferralService",
    "readmit.requests.v1.AnswerService",
    "readmit.requests.v1.AttachmentService",
    "readmit.requests.v1.CaseService",
    "readmit.requests.v1.RequestService",
    "readmit.requests.v1.TransferService",
];

const DOOR: [&str; 3] = [
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "readmit.exchange.v1.PartnerService",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_running_node_lists_its_services_and_says_that_they_serve() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found_without(folder.path(), Kind::Development, "test-listing").await;
    let mut corridor = founded.unwrap();
    let home = corridor.nl.home.clone();

    let office = home.join("tls/return-office");
    let listed = services(channel(&home, "run/api.address", Some(&office)).await).await.unwrap();
    assert_eq!(listed, API);
    let partner = corridor.xk.home.join("tls/node");
    let door = channel(&home, "run/partner.address", Some(&partner)).await;
    assert_eq!(services(door).await.unwrap(), DOOR);

    // A supervisor asks without a certificate; nobody else is answered without one.
    let anybody = channel(&home, "run/api.address", None).await;
    let refused = services(anybody.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated, "{refused:?}");
    let mut health = HealthClient::new(anybody);
    for service in API.into_iter().filter(|name| name.starts_with("readmit.")) {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    corridor.stop().unwrap();
}

#[test]
fn the_page_on_the_interface_names_every_service() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/API.md");
    let page = std::fs::read_to_string(page).unwrap();
    for name in API.iter().chain(&DOOR) {
        let short = name.strip_prefix("readmit.").unwrap_or(name);
        assert!(page.contains(short), "docs/API.md does not name `{short}`");
    }
}
