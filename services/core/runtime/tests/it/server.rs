//! Listeners and channels: inside the process and over TLS, and who is let in.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use domain::identifier::{Office, State};
use proto::oversight::v1::statistics_service_client::StatisticsServiceClient;
use proto::oversight::v1::statistics_service_server::{StatisticsService, StatisticsServiceServer};
use proto::oversight::v1::{GetIndicatorsRequest, GetIndicatorsResponse, Indicator};
use runtime::caller::{self, Caller};
use runtime::channel::{self, Target};
use runtime::failure::{Class, Failure, code};
use runtime::server::{
    Config, Credentials, Listener, Running, Services, serve_in_memory, serve_tls,
};
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::certificates::{Authority, trust};

const LIMITS: Config = Config {
    message_bytes_max: 1024,
    calls_per_connection_max: 16,
    call_timeout: Duration::from_secs(30),
};

/// Answers with the identity of its caller.
#[derive(Clone)]
struct Echo;

#[tonic::async_trait]
impl StatisticsService for Echo {
    async fn get_indicators(
        &self,
        request: Request<GetIndicatorsRequest>,
    ) -> Result<Response<GetIndicatorsResponse>, Status> {
        let caller = caller::of(&request)?;
        if request.get_ref().partner_state == "wait" {
            std::future::pending::<()>().await;
        }
        let partner_state = caller.identity();
        let indicators = vec![Indicator { partner_state, ..Default::default() }];
        Ok(Response::new(GetIndicatorsResponse { indicators, upto_position: 0 }))
    }
}

fn services() -> Services {
    let echo =
        StatisticsServiceServer::new(Echo).max_decoding_message_size(LIMITS.message_bytes_max);
    Services::new().add(echo)
}

async fn ask(channel: Channel, text: &str) -> Result<String, Failure> {
    let request = GetIndicatorsRequest { partner_state: text.to_owned() };
    let response = StatisticsServiceClient::new(channel).get_indicators(request).await?;
    Ok(response.into_inner().indicators.remove(0).partner_state)
}

async fn listen(authorities: &[&Authority], shutdown: &Shutdown) -> Running {
    let listener = Listener {
        address: "127.0.0.1:0".parse().unwrap(),
        credentials: authorities.first().unwrap().issue(&["spiffe://nl.readmit/node"]),
        trust: trust(authorities),
    };
    serve_tls(services(), LIMITS, listener, shutdown).await.unwrap()
}

fn connect(running: &Running, server: &Authority, credentials: Option<Credentials>) -> Channel {
    channel::tls(&Target {
        address: running.address.to_string(),
        server_name: Some("localhost".into()),
        authorities: server.pem(),
        credentials,
    })
    .unwrap()
}

#[tokio::test]
async fn a_channel_inside_the_process_carries_its_one_caller() {
    let shutdown = Shutdown::new();
    let own = Caller::service(State::new("NL").unwrap(), Office::new("requests").unwrap());
    let connector = serve_in_memory(services(), LIMITS, own, &shutdown).await.unwrap();
    let channel = channel::in_memory(&connector);
    assert_eq!(ask(channel.clone(), "").await.unwrap(), "spiffe://nl.readmit/service/requests");

    let long = "x".repeat(2048);
    let failure = ask(channel.clone(), &long).await.unwrap_err();
    assert_eq!((failure.class(), failure.code()), (Class::Invalid, &code::CALL_FAILED));

    shutdown.begin();
    drop(channel);
    let failure = ask(channel::in_memory(&connector), "").await.unwrap_err();
    assert_eq!((failure.class(), failure.code()), (Class::Unavailable, &code::UNAVAILABLE));
}

#[tokio::test]
async fn a_client_certificate_is_the_caller() {
    let shutdown = Shutdown::new();
    let nl = Authority::new("NL");
    let running = listen(&[&nl], &shutdown).await;
    assert_ne!(running.address.port(), 0);
    for identity in
        ["spiffe://nl.readmit/office/return-office/official/t.tester", "spiffe://nl.readmit/node"]
    {
        let channel = connect(&running, &nl, Some(nl.issue(&[identity])));
        assert_eq!(ask(channel.clone(), "").await.unwrap(), identity);
        assert_eq!(ask(channel, "").await.unwrap(), identity);
    }
    shutdown.begin();
    running.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_is_nobody_is_unauthenticated() {
    let shutdown = Shutdown::new();
    let (nl, xk, al) = (Authority::new("NL"), Authority::new("XK"), Authority::new("AL"));
    let running = listen(&[&nl, &xk], &shutdown).await;
    let stranger = Authority::named("NL", "Stranger");
    let table = [
        (
            "an authority of a name that nobody knows",
            Some(stranger.issue(&["spiffe://nl.readmit/node"])),
            code::CERTIFICATE_FOREIGN,
        ),
        ("no certificate", None, code::CERTIFICATE_MISSING),
        ("no name", Some(nl.issue(&[])), code::CERTIFICATE_FOREIGN),
        (
            "two names",
            Some(nl.issue(&["spiffe://nl.readmit/node", "spiffe://nl.readmit/operator/x"])),
            code::CERTIFICATE_FOREIGN,
        ),
        (
            "a State without authority here",
            Some(nl.issue(&["spiffe://al.readmit/node"])),
            code::CERTIFICATE_FOREIGN,
        ),
        (
            "one partner speaks for another",
            Some(xk.issue(&["spiffe://nl.readmit/node"])),
            code::CERTIFICATE_FOREIGN,
        ),
        (
            "an authority that nobody trusts",
            Some(al.issue(&["spiffe://nl.readmit/node"])),
            code::CERTIFICATE_FOREIGN,
        ),
    ];
    for (what, credentials, wanted) in table {
        let failure = ask(connect(&running, &nl, credentials), "").await.unwrap_err();
        assert_eq!(
            (failure.class(), failure.code()),
            (Class::NotIdentified, &wanted),
            "{what}: {failure:?}"
        );
    }
    let xk_node = xk.issue(&["spiffe://xk.readmit/node"]);
    assert_eq!(
        ask(connect(&running, &nl, Some(xk_node)), "").await.unwrap(),
        "spiffe://xk.readmit/node"
    );
    shutdown.begin();
}

#[tokio::test]
async fn health_is_answered_to_anybody_and_reflection_to_callers() {
    let shutdown = Shutdown::new();
    let nl = Authority::new("NL");
    let running = listen(&[&nl], &shutdown).await;
    let service = "readmit.oversight.v1.StatisticsService".to_owned();
    let request = HealthCheckRequest { service };
    let health = HealthClient::new(connect(&running, &nl, None)).check(request).await.unwrap();
    assert_eq!(health.into_inner().status, 1);

    let anybody = list_services(connect(&running, &nl, None)).await.unwrap_err();
    assert_eq!(anybody.code(), tonic::Code::Unauthenticated);
    let credentials = nl.issue(&["spiffe://nl.readmit/operator/x"]);
    let listed = list_services(connect(&running, &nl, Some(credentials))).await.unwrap();
    assert_eq!(
        listed,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "readmit.oversight.v1.StatisticsService",
        ]
    );
    shutdown.begin();
}

async fn list_services(channel: Channel) -> Result<Vec<String>, Status> {
    use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    let request = tonic_reflection::pb::v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(channel);
    let mut answers =
        client.server_reflection_info(tokio_stream::once(request)).await?.into_inner();
    let answer = answers.message().await?.unwrap().message_response.unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else { panic!("{answer:?}") };
    let mut names: Vec<String> = list.service.into_iter().map(|service| service.name).collect();
    names.sort();
    Ok(names)
}

#[tokio::test]
async fn the_deadline_of_a_call_is_kept() {
    let shutdown = Shutdown::new();
    let own = Caller::service(State::new("NL").unwrap(), Office::new("requests").unwrap());
    let connector = serve_in_memory(services(), LIMITS, own, &shutdown).await.unwrap();
    let mut request = Request::new(GetIndicatorsRequest { partner_state: "wait".into() });
    request.set_timeout(Duration::from_millis(20));
    let mut client = StatisticsServiceClient::new(channel::in_memory(&connector));
    let failure = Failure::from(client.get_indicators(request).await.unwrap_err());
    assert_eq!((failure.class(), failure.code()), (Class::Unavailable, &code::CALL_FAILED));
}
