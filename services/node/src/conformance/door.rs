//! The door at which the node under test is answered: it finds there what the play puts out.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::identifier::{CaseId, State};
use proto::exchange::v1::partner_service_server::{PartnerService, PartnerServiceServer};
use proto::exchange::v1::*;
use record::dispatch::Dispatch;
use record::genesis::SignedGenesis;
use runtime::caller;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

/// How long a question for what is not there yet is held.
const HELD_MAX: Duration = Duration::from_secs(10);

/// The door. Cheap to clone; every clone shows the same.
#[derive(Clone)]
pub(super) struct Door {
    genesis: SignedGenesis,
    partner: State,
    shelf: Arc<Mutex<Shelf>>,
    pieces: Arc<Mutex<Pieces>>,
    changed: watch::Sender<u64>,
}

/// What lies out, and how often the node has looked.
#[derive(Default)]
struct Shelf {
    /// In the order in which they are handed out.
    dispatches: Vec<Dispatch>,
    head: Option<Head>,
    /// Streams that were handed out since something new was put out.
    streamed: u64,
    /// Questions for the head since then.
    asked: u64,
}

/// What is given out beside dispatches, right or wrong, and what was asked for.
#[derive(Default)]
struct Pieces {
    bodies: BTreeMap<u64, Vec<u8>>,
    keys: BTreeMap<CaseId, Vec<u8>>,
    /// Positions of the entries whose bodies were asked for.
    asked: Vec<u64>,
}

impl Door {
    pub(super) fn new(genesis: SignedGenesis, partner: State) -> Self {
        Self {
            genesis,
            partner,
            shelf: Arc::default(),
            pieces: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }

    pub(super) fn service(&self) -> PartnerServiceServer<Self> {
        PartnerServiceServer::new(self.clone())
    }

    /// Puts dispatches out, to be handed out in this order; the head is the highest number.
    pub(super) fn put_out(&self, dispatches: Vec<Dispatch>) {
        let highest = dispatches.iter().max_by_key(|it| it.signed_header.header().number);
        let head = highest.map(|dispatch| {
            let header = dispatch.signed_header.header();
            Head {
                era: header.era,
                number: header.number,
                digest: dispatch.signed_header.digest().as_bytes().to_vec(),
                signed_header: dispatch.signed_header.bytes().to_vec(),
            }
        });
        *self.shelf() = Shelf { dispatches, head, ..Shelf::default() };
        self.changed.send_modify(|version| *version += 1);
    }

    /// Whether the node has taken what lies out and has asked again since.
    pub(super) fn was_taken(&self) -> bool {
        let shelf = self.shelf();
        shelf.streamed > 0 && shelf.asked > shelf.streamed
    }

    /// Gives this out as the sealed body of an entry.
    pub(super) fn give_body(&self, position: u64, sealed: Vec<u8>) {
        self.pieces().bodies.insert(position, sealed);
    }

    /// Gives this out as the wrapped key of a case.
    pub(super) fn give_key(&self, case: CaseId, wrapped: Vec<u8>) {
        self.pieces().keys.insert(case, wrapped);
    }

    /// The positions of all entries whose bodies were asked for, in order.
    pub(super) fn bodies_asked(&self) -> Vec<u64> {
        self.pieces().asked.clone()
    }

    fn pieces(&self) -> std::sync::MutexGuard<'_, Pieces> {
        self.pieces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit<T>(&self, request: &Request<T>, genesis: &[u8]) -> Result<(), Status> {
        let node = caller::of(request).and_then(|caller| caller.node());
        if node.ok() != Some(self.partner) {
            return Err(Status::permission_denied("only the node under test is answered"));
        }
        if genesis != self.genesis.digest().as_bytes() {
            return Err(Status::not_found("corridor"));
        }
        Ok(())
    }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<GetAttachmentResponse, Status>> + Send>>;
type Dispatches = Pin<Box<dyn Stream<Item = Result<StreamDispatchesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl PartnerService for Door {
    type StreamDispatchesStream = Dispatches;
    type GetAttachmentStream = Chunks;

    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Response<Chunks>, Status> {
        self.admit(&request, &request.get_ref().genesis)?;
        Err(Status::not_found("attachment"))
    }

    async fn get_head(
        &self,
        request: Request<GetHeadRequest>,
    ) -> Result<Response<GetHeadResponse>, Status> {
        self.admit(&request, &request.get_ref().genesis)?;
        let mut changed = self.changed.subscribe();
        let wanted = request.get_ref().wait_for_number;
        let head = || {
            let mut shelf = self.shelf();
            shelf.asked += 1;
            shelf.head.clone()
        };
        let mut own = head();
        let waits = wanted.is_some_and(|wanted| own.as_ref().is_none_or(|it| it.number < wanted));
        if waits && tokio::time::timeout(HELD_MAX, changed.changed()).await.is_ok() {
            own = head();
        }
        Ok(Response::new(GetHeadResponse { own, held: None }))
    }

    async fn stream_dispatches(
        &self,
        request: Request<StreamDispatchesRequest>,
    ) -> Result<Response<Dispatches>, Status> {
        self.admit(&request, &request.get_ref().genesis)?;
        let asked = request.into_inner();
        if asked.author == self.partner.code() {
            let none: Vec<Result<StreamDispatchesResponse, Status>> = Vec::new();
            return Ok(Response::new(Box::pin(tokio_stream::iter(none))));
        }
        let mut shelf = self.shelf();
        shelf.streamed += 1;
        let wanted = |number: u64| {
            number >= asked.from_number && asked.to_number.is_none_or(|to| number <= to)
        };
        let sent: Vec<_> = shelf
            .dispatches
            .iter()
            .filter(|dispatch| wanted(dispatch.signed_header.header().number))
            .map(|dispatch| {
                let number = dispatch.signed_header.header().number;
                Ok(StreamDispatchesResponse { number, dispatch: dispatch.encode() })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(sent))))
    }

    async fn get_body(
        &self,
        request: Request<GetBodyRequest>,
    ) -> Result<Response<GetBodyResponse>, Status> {
        self.admit(&request, &request.get_ref().genesis)?;
        let position = request.get_ref().position;
        let mut pieces = self.pieces();
        pieces.asked.push(position);
        let sealed_body = pieces.bodies.get(&position).cloned();
        let sealed_body = sealed_body.ok_or_else(|| Status::not_found("body"))?;
        Ok(Response::new(GetBodyResponse { sealed_body }))
    }

    async fn get_case_key(
        &self,
        request: Request<GetCaseKeyRequest>,
    ) -> Result<Response<GetCaseKeyResponse>, Status> {
        self.admit(&request, &request.get_ref().genesis)?;
        let case = CaseId::from_slice(&request.get_ref().case_id).ok();
        let wrapped = case.and_then(|case| self.pieces().keys.get(&case).cloned());
        let wrapped = wrapped.ok_or_else(|| Status::not_found("case key"))?;
        Ok(Response::new(GetCaseKeyResponse { wrapped }))
    }
}
