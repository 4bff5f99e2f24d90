//! A partner whose door lies: it says what is not so, sends other pieces than those asked for, too
//! much, too long, or without end. Whatever it does, what is true still arrives.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::identifier::State;
use exchange::Reach;
use proto::exchange::v1::partner_service_server::{PartnerService, PartnerServiceServer};
use proto::exchange::v1::*;
use runtime::caller::Trust;
use runtime::server::{self, Listener, Services, serve_tls};
use runtime::shutdown::Shutdown;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::certificates::Authority;
use crate::fake_ledger::Clear;
use crate::fake_supply::Wanted;
use crate::stage::{Side, at_door, nl, wait_until, xk};

/// The door of XK, and how it lies.
#[derive(Clone, Default)]
struct Liar {
    /// Calls of each rpc that were answered.
    heads: Arc<AtomicU64>,
    streams: Arc<AtomicU64>,
    bodies: Arc<AtomicU64>,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<GetAttachmentResponse, Status>> + Send>>;
type Dispatches = Pin<Box<dyn Stream<Item = Result<StreamDispatchesResponse, Status>> + Send>>;

#[tonic::async_trait]
impl PartnerService for Liar {
    type StreamDispatchesStream = Dispatches;

    /// Says that there is more than there ever was, and at once, whatever it was asked to wait for.
    async fn get_head(
        &self,
        _: Request<GetHeadRequest>,
    ) -> Result<Response<GetHeadResponse>, Status> {
        self.heads.fetch_add(1, Ordering::Relaxed);
        let own = Some(Head { number: 3, ..Head::default() });
        Ok(Response::new(GetHeadResponse { own, held: None }))
    }

    /// One dispatch that is true, and then the same for ever.
    async fn stream_dispatches(
        &self,
        _: Request<StreamDispatchesRequest>,
    ) -> Result<Response<Dispatches>, Status> {
        self.streams.fetch_add(1, Ordering::Relaxed);
        let said = Clear { number: 0, heard: None, text: "true".to_owned() };
        let dispatch = said.bytes();
        let endless = futures::stream::repeat_with(move || {
            Ok(StreamDispatchesResponse { number: 0, dispatch: dispatch.clone() })
        });
        Ok(Response::new(Box::pin(endless)))
    }

    /// Another body, none, one that is longer than any message, then the right one.
    async fn get_body(
        &self,
        _: Request<GetBodyRequest>,
    ) -> Result<Response<GetBodyResponse>, Status> {
        let sealed_body = match self.bodies.fetch_add(1, Ordering::Relaxed) {
            0 => b"another".to_vec(),
            1 => Vec::new(),
            2 => vec![0; 2 << 20],
            _ => b"right".to_vec(),
        };
        Ok(Response::new(GetBodyResponse { sealed_body }))
    }

    type GetAttachmentStream = Chunks;

    /// The first chunk as it is wanted, and then the same for ever.
    async fn get_attachment(
        &self,
        request: Request<GetAttachmentRequest>,
    ) -> Result<Response<Chunks>, Status> {
        let first = request.into_inner().chunks.remove(0);
        let endless = futures::stream::repeat_with(move || {
            Ok(GetAttachmentResponse { sealed_chunk: first.clone() })
        });
        Ok(Response::new(Box::pin(endless)))
    }

    /// Never the right one.
    async fn get_case_key(
        &self,
        _: Request<GetCaseKeyRequest>,
    ) -> Result<Response<GetCaseKeyResponse>, Status> {
        Ok(Response::new(GetCaseKeyResponse { wrapped: b"another".to_vec() }))
    }
}

/// Opens a door that lies.
async fn open(liar: &Liar, own: &Authority, partner: &Authority) -> server::Running {
    let limits = server::Config {
        message_bytes_max: 1 << 20,
        calls_per_connection_max: 16,
        call_timeout: Duration::from_secs(30),
    };
    let pems = [own, partner].map(|it: &Authority| -> (State, Vec<u8>) { (it.state, it.pem()) });
    let listener = Listener {
        address: "127.0.0.1:0".parse().unwrap(),
        credentials: own.issue("node"),
        trust: Trust::new(&pems).unwrap(),
    };
    let services = Services::new().add(PartnerServiceServer::new(liar.clone()));
    serve_tls(services, limits, listener, &Shutdown::new()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_lies_is_left_and_what_is_true_still_arrives() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let liar = Liar::default();
    let door = open(&liar, &at_xk, &at_nl).await;
    let mut a = Side::new(nl());
    let wanted =
        [Wanted::case_key(0, b"the key"), Wanted::body(1, b"right"), Wanted::body(2, b"right")];
    a.ledger.store().wanted = wanted.to_vec();
    a.start(at_door(door.address, &at_xk, &at_nl), None, 20).await;

    a.has_heard(&["true"]).await;
    // Of the endless stream no more is taken than was asked for; a piece that is not had or not
    // the right one keeps no other from being had.
    wait_until(
        || a.ledger.store().wanted == wanted[..1],
        || format!("{:?}", a.ledger.store().wanted),
    )
    .await;
    // Of an attachment it sends one chunk that is right each time, and that is kept.
    a.ledger.store().wanted.push(Wanted::attachment(3, &[b"one", b"two", b"three"], 0));
    wait_until(
        || a.ledger.store().wanted == wanted[..1],
        || format!("{:?}", a.ledger.store().wanted),
    )
    .await;
    let status = a.status(|status| status.refused >= 3).await;
    assert!(
        status
            .partners
            .values()
            .all(|it| matches!(it.door, Reach::Reachable { .. } | Reach::Unreachable { .. }))
    );
    let store = a.ledger.store();
    let streams = u32::try_from(liar.streams.load(Ordering::Relaxed)).unwrap();
    assert!(store.duplicates <= 4 * streams, "{} of {streams} streams", store.duplicates);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_says_there_is_news_and_has_none_is_not_asked_without_pause() {
    let [at_nl, at_xk] = [nl(), xk()].map(Authority::new);
    let liar = Liar::default();
    let door = open(&liar, &at_xk, &at_nl).await;
    let mut a = Side::new(nl());
    // An hour: nothing but the door itself can make it be asked again.
    a.start(at_door(door.address, &at_xk, &at_nl), None, 3_600_000).await;
    a.has_heard(&["true"]).await;
    // The first tick, and the look that finds nothing in the news after it.
    a.status(|status| matches!(status.door, Reach::Reachable { .. })).await;
    wait_until(|| liar.streams.load(Ordering::Relaxed) >= 2, || "no second look".to_owned()).await;
    tokio::task::yield_now().await;
    a.stop().await;
    assert!(liar.streams.load(Ordering::Relaxed) <= 3, "it is believed again and again");
}
