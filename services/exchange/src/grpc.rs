//! The door for partners: `PartnerService`. It gives out what is signed or sealed, and takes
//! nothing in.

mod bounds;
mod get_attachment;
mod get_body;
mod get_case_key;
mod get_head;
mod stream_dispatches;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

use domain::identifier::State;
use proto::InvalidField;
use proto::command::v1::Purpose;
use proto::exchange::v1::partner_service_server::PartnerService;
use proto::exchange::v1::*;
use proto::ledger::v1::GetHeadsResponse;
use runtime::caller;
use runtime::failure::Failure;
use runtime::shutdown::Shutdown;
use tokio::time::Instant;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::ledger::{Ledger, PartnerNode};
use bounds::Bounds;

pub(crate) use bounds::{DISPATCHES_MAX, HOLD_MAX, MESSAGE_BYTES_MAX};

/// What the door needs.
#[derive(Clone)]
pub(crate) struct Door {
    own: State,
    partners: Arc<BTreeMap<State, Bounds>>,
    ledger: Ledger,
    /// Ends what is held.
    shutdown: Shutdown,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<GetAttachmentResponse, Status>> + Send>>;
type Dispatches = Pin<Box<dyn Stream<Item = Result<StreamDispatchesResponse, Status>> + Send>>;

/// A partner that asks of the corridor with it.
struct Asked {
    node: PartnerNode,
    heads: GetHeadsResponse,
    bounds: Bounds,
}

impl Door {
    pub(crate) fn new(
        own: State,
        partners: BTreeSet<State>,
        ledger: Ledger,
        shutdown: Shutdown,
    ) -> Self {
        let partners = partners.into_iter().map(|state| (state, Bounds::new())).collect();
        Self { own, partners: Arc::new(partners), ledger, shutdown }
    }

    /// The partner that asks: by its node's certificate, as often as it may, and only of the
    /// corridor with it.
    async fn asked<T>(&self, request: &Request<T>, genesis: &[u8]) -> Result<Asked, Failure> {
        let caller = caller::of(request)?;
        let partner = caller.node()?;
        let Some(bounds) = self.partners.get(&partner) else {
            return Err(Failure::not_allowed("only the node of a partner may do this"));
        };
        bounds.call(Instant::now())?;
        let heads = self.ledger.heads(partner).await?;
        if heads.genesis != genesis {
            return Err(Failure::not_found("corridor"));
        }
        let node = PartnerNode { state: partner, context: caller.context(Purpose::Unspecified) };
        Ok(Asked { node, heads, bounds: bounds.clone() })
    }

    /// Passes for an author of the corridor.
    fn of_the_corridor(&self, partner: State, author: State) -> Result<(), InvalidField> {
        if author == partner || author == self.own {
            return Ok(());
        }
        Err(InvalidField::new("author", "must be one of the two States of the corridor"))
    }
}

#[tonic::async_trait]
impl PartnerService for Door {
    type StreamDispatchesStream = Dispatches;
    type GetAttachmentStream = Chunks;

    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Response<Chunks>, Status> {
        Ok(Response::new(self.attachment(request).await?))
    }

    async fn get_head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<Response<GetHeadResponse>, Status> {
        Ok(Response::new(self.head(request).await?))
    }

    async fn stream_dispatches(
        &self,
        request: Request<StreamDispatchesRequest>,
    ) -> Result<Response<Dispatches>, Status> {
        Ok(Response::new(self.dispatches(request).await?))
    }

    async fn get_body(
        &self,
        request: Request<GetBodyRequest>,
    ) -> Result<Response<GetBodyResponse>, Status> {
        Ok(Response::new(self.body(request).await?))
    }

    async fn get_case_key(
        &self,
        request: Request<GetCaseKeyRequest>,
    ) -> Result<Response<GetCaseKeyResponse>, Status> {
        Ok(Response::new(self.case_key(request).await?))
    }
}
