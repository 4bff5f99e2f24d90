//! The door for partners: `PartnerService`. It gives out what is signed, and takes nothing in.

mod get_head;
mod stream_dispatches;

use std::collections::BTreeSet;
use std::pin::Pin;

use domain::identifier::State;
use proto::exchange::v1::partner_service_server::PartnerService;
use proto::exchange::v1::{
    GetHeadRequest, GetHeadResponse, StreamDispatchesRequest, StreamDispatchesResponse,
};
use proto::ledger::v1::GetHeadsResponse;
use runtime::caller;
use runtime::failure::Failure;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::ledger::Ledger;

/// What the door needs.
#[derive(Clone)]
pub(crate) struct Door {
    own: State,
    partners: BTreeSet<State>,
    ledger: Ledger,
}

type Dispatches = Pin<Box<dyn Stream<Item = Result<StreamDispatchesResponse, Status>> + Send>>;

impl Door {
    pub(crate) const fn new(own: State, partners: BTreeSet<State>, ledger: Ledger) -> Self {
        Self { own, partners, ledger }
    }

    /// The partner that asks: by its node's certificate, and only of the corridor with it.
    async fn partner<T>(
        &self,
        request: &Request<T>,
        genesis: &[u8],
    ) -> Result<(State, GetHeadsResponse), Failure> {
        let partner = caller::of(request)?.node()?;
        if !self.partners.contains(&partner) {
            return Err(Failure::not_allowed("only the node of a partner may do this"));
        }
        let heads = self.ledger.heads(partner).await?;
        if heads.genesis != genesis {
            return Err(Failure::not_found("corridor"));
        }
        Ok((partner, heads))
    }
}

#[tonic::async_trait]
impl PartnerService for Door {
    type StreamDispatchesStream = Dispatches;

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
}
