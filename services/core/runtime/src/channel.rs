//! Channels of clients: to a listener of this process, or over TLS with a client certificate.
//!
//! Channels connect when first used and again after a loss, so that services may start in any
//! order.

use std::time::Duration;

use hyper_util::rt::TokioIo;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Uri};
use tower::service_fn;

use crate::server::{Connector, Credentials};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How often an idle connection is asked whether it still lives.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);

/// Where a listener is and how it is recognised.
#[derive(Clone, Debug)]
pub struct Target {
    /// Host and port.
    pub address: String,
    /// The name in the listener's certificate, where it is not the host of `address`.
    pub server_name: Option<String>,
    /// Authorities that may have signed the listener's certificate, as PEM.
    pub authorities: Vec<u8>,
    /// What the client shows.
    pub credentials: Option<Credentials>,
}

/// Why there can be no channel.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address is not one.
    #[error("`{address}` is not an address of the form `host:port`")]
    Address {
        /// What should have been an address.
        address: String,
        /// Why it is none.
        #[source]
        source: tonic::transport::Error,
    },
    /// Key, certificate or authorities cannot be used.
    #[error("the client's certificate, key or authorities cannot be used")]
    Tls(#[source] tonic::transport::Error),
}

/// A channel to a listener of this process.
#[must_use]
pub fn in_memory(connector: &Connector) -> Channel {
    let connector = connector.clone();
    Endpoint::from_static("http://in-memory").connect_with_connector_lazy(service_fn(
        move |_: Uri| {
            let connector = connector.clone();
            async move { connector.connect().await.map(TokioIo::new) }
        },
    ))
}

/// A channel over TLS.
///
/// # Errors
/// When the address or the certificates cannot be used. That nobody answers shows with the first
/// call.
pub fn tls(target: &Target) -> Result<Channel, OpenError> {
    let address = target.address.clone();
    let mut tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(&target.authorities))
        .timeout(CONNECT_TIMEOUT);
    if let Some(name) = &target.server_name {
        tls = tls.domain_name(name);
    }
    if let Some(credentials) = &target.credentials {
        tls = tls.identity(credentials.identity());
    }
    let endpoint = Endpoint::from_shared(format!("https://{address}"))
        .map_err(|source| OpenError::Address { address, source })?
        .tls_config(tls)
        .map_err(OpenError::Tls)?
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_while_idle(true);
    Ok(endpoint.connect_lazy())
}
