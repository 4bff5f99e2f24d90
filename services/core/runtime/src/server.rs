//! Listeners: one set of services over TLS, or over a channel inside the process, with health and
//! reflection beside them.
//!
//! Every request has a caller in its extensions ([`crate::caller::of`]) before a handler sees it;
//! only health checks are answered to anybody. A call's own deadline (`grpc-timeout`) is honoured
//! where it is shorter than the listener's. The size of incoming messages is limited by each
//! service as it is built: `.max_decoding_message_size(config.message_bytes_max)`.

mod door;
mod memory;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, ServerTlsConfig};
use tower::Service;

use crate::caller::{Caller, Trust};
use crate::shutdown::Shutdown;
use door::{Door, DoorLayer};

pub use memory::Connector;

/// Limits of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// Longest incoming message in bytes.
    pub message_bytes_max: usize,
    /// Calls at the same time on one connection.
    pub calls_per_connection_max: u32,
    /// How long a call may take until its first answer.
    pub call_timeout: Duration,
}

/// The key and the certificates that a listener or a client shows, as PEM.
#[derive(Clone)]
pub struct Credentials {
    /// The certificate, and any between it and the authority.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(withheld)")
    }
}

impl Credentials {
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate, &self.key)
    }
}

/// Why a listener could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on `{address}`")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Key or certificate cannot be used.
    #[error("the listener's certificate or key cannot be used")]
    Tls(#[source] tonic::transport::Error),
    /// The descriptors of the services cannot be read.
    #[error("the descriptors of the services cannot be read")]
    Descriptors(#[source] tonic_reflection::server::Error),
}

/// The services of one listener.
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
    health: tonic_health::server::HealthReporter,
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Services").field(&self.names).finish()
    }
}

impl Default for Services {
    fn default() -> Self {
        Self::new()
    }
}

impl Services {
    /// No services yet, but health.
    #[must_use]
    pub fn new() -> Self {
        let (health, server) = tonic_health::server::health_reporter();
        Self { routes: Routes::new(server), names: Vec::new(), health }
    }

    /// Adds a service.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a list of services is no number")]
    pub fn add<S>(mut self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.routes = self.routes.add_service(service);
        self.names.push(S::NAME);
        self
    }

    /// The full names of the services.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.names
    }

    /// Says that all of them serve, and adds reflection.
    async fn ready(self) -> Result<Routes, StartError> {
        let mut reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health")
            .with_service_name("grpc.reflection.v1.ServerReflection");
        for name in self.names {
            reflection = reflection.with_service_name(name);
            let serving = tonic_health::ServingStatus::Serving;
            self.health.set_service_status(name, serving).await;
        }
        let reflection = reflection.build_v1().map_err(StartError::Descriptors)?;
        Ok(self.routes.add_service(reflection))
    }
}

/// A listener that runs until the shutdown begins and its last call is answered.
#[derive(Debug)]
pub struct Running {
    /// The address that is listened on; with the port that was given where 0 was asked for.
    pub address: SocketAddr,
    /// Ends when the listener has ended.
    pub ended: JoinHandle<Result<(), tonic::transport::Error>>,
}

/// Serves over TLS to those whom `trust` can name. Without a certificate a call is answered
/// UNAUTHENTICATED; with one that no trusted authority has signed the handshake fails.
///
/// # Errors
/// When the address, the certificate or the descriptors cannot be used.
pub async fn serve_tls(
    services: Services,
    config: Config,
    listener: Listener,
    shutdown: &Shutdown,
) -> Result<Running, StartError> {
    let Listener { address, credentials, trust } = listener;
    let tls = ServerTlsConfig::new()
        .identity(credentials.identity())
        .client_ca_root(tonic::transport::Certificate::from_pem(trust.pem()))
        .client_auth_optional(true);
    let server = builder(config).tls_config(tls).map_err(StartError::Tls)?;
    let routes = services.ready().await?;
    let bind = |source| StartError::Bind { address, source };
    let incoming = TcpIncoming::bind(address).map_err(bind)?.with_nodelay(Some(true));
    let address = incoming.local_addr().map_err(bind)?;
    let ended = tokio::spawn(
        server
            .layer(DoorLayer::new(Door::Certificate(trust)))
            .add_routes(routes)
            .serve_with_incoming_shutdown(incoming, shutdown.wait()),
    );
    Ok(Running { address, ended })
}

/// Where a listener listens, what it shows and whom it trusts.
#[derive(Debug)]
pub struct Listener {
    /// The address; port 0 for any that is free.
    pub address: SocketAddr,
    /// What it shows.
    pub credentials: Credentials,
    /// Whom it trusts.
    pub trust: Trust,
}

/// Serves inside the process. Whoever connects is `caller`.
///
/// # Errors
/// When the descriptors of the services cannot be read.
pub async fn serve_in_memory(
    services: Services,
    config: Config,
    caller: Caller,
    shutdown: &Shutdown,
) -> Result<Connector, StartError> {
    let routes = services.ready().await?;
    let (connector, incoming) = memory::pair();
    let server = builder(config).layer(DoorLayer::new(Door::InMemory(caller))).add_routes(routes);
    tokio::spawn(server.serve_with_incoming_shutdown(incoming, shutdown.wait()));
    Ok(connector)
}

fn builder(config: Config) -> tonic::transport::Server {
    tonic::transport::Server::builder()
        .timeout(config.call_timeout)
        .max_concurrent_streams(Some(config.calls_per_connection_max))
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
}

/// How often an idle connection is asked whether it still lives.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// How long it may take to say so.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(20);
