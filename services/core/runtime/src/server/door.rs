//! Finds out who sends a request before any handler sees it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tower::{Layer, Service};

use crate::caller::{Caller, NotIdentified, Trust};
use crate::failure::Failure;

/// How a listener knows who comes in.
#[derive(Clone, Debug)]
pub(super) enum Door {
    /// By the client certificate.
    Certificate(Trust),
    /// By the channel: it has one caller.
    InMemory(Caller),
}

impl Door {
    fn identify(&self, request: &http::Request<Body>) -> Result<Caller, NotIdentified> {
        match self {
            Self::InMemory(caller) => Ok(caller.clone()),
            Self::Certificate(trust) => {
                let connection = request.extensions().get::<TlsConnectInfo<TcpConnectInfo>>();
                let certificates = connection.and_then(TlsConnectInfo::peer_certs);
                let leaf = certificates.as_ref().and_then(|chain| chain.first());
                trust.identify(leaf.ok_or(NotIdentified::CertificateMissing)?)
            }
        }
    }
}

/// Answered to anybody, so that a supervisor needs no certificate.
const OPEN_PATH: &str = "/grpc.health.v1.Health/";

#[derive(Clone, Debug)]
pub(super) struct DoorLayer(Door);

impl DoorLayer {
    pub(super) const fn new(door: Door) -> Self {
        Self(door)
    }
}

impl<S> Layer<S> for DoorLayer {
    type Service = DoorService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DoorService { inner, door: self.0.clone() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct DoorService<S> {
    inner: S,
    door: Door,
}

impl<S> Service<http::Request<Body>> for DoorService<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        // Whoever names a caller in an extension is this service; nothing from outside can.
        request.extensions_mut().remove::<Caller>();
        match self.door.identify(&request) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
            }
            Err(_) if request.uri().path().starts_with(OPEN_PATH) => {}
            Err(why) => {
                let status = tonic::Status::from(Failure::from(why));
                return Box::pin(std::future::ready(Ok(status.into_http())));
            }
        }
        Box::pin(self.inner.call(request))
    }
}
