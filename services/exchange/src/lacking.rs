//! What did not come with its dispatch, fetched at the partner's door piece by piece: bodies and
//! case keys.
//!
//! The ledger says what it lacks and since when, and checks what it is given; nothing is kept
//! here. A piece that the partner does not have, or lies about, keeps no other from being fetched.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::identifier::State;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{
    GetAttachmentRequest, GetAttachmentResponse, GetBodyRequest, GetCaseKeyRequest,
};
use proto::ledger::v1::missing::What;
use proto::ledger::v1::{ListMissingResponse, Missing, MissingAttachment};
use runtime::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};
use tonic::transport::Channel;
use tonic::{Code, Streaming};

use crate::fetch::{FetchError, in_time};
use crate::ledger::Ledger;
use crate::retry::Backoff;
use crate::status::Place;

/// How often a piece is asked for while the door is busy.
const ATTEMPTS_MAX: u32 = 5;

/// Hands on so many chunks of a door's stream at most, as long as they are taken.
async fn hand_on(
    mut chunks: Streaming<GetAttachmentResponse>,
    count: usize,
    sink: mpsc::Sender<Vec<u8>>,
) -> Result<(), FetchError> {
    for _ in 0..count {
        let Some(sent) = in_time(chunks.message()).await? else { return Ok(()) };
        if sink.send(sent.sealed_chunk).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// What the ledger said last of how much it lacks of one partner.
#[derive(Debug, Default)]
pub(crate) struct Lack {
    count: AtomicU64,
    grown: Notify,
}

impl Lack {
    /// Notes how much is lacking; wakes the fetching where it is more than before.
    pub(crate) fn note(&self, count: u64) {
        // One import after the other notes it: nothing is ordered by this.
        if self.count.swap(count, Ordering::Relaxed) < count {
            self.grown.notify_one();
        }
    }

    /// Notes how much could not be had.
    pub(crate) fn remains(&self, count: u64) {
        self.count.store(count, Ordering::Relaxed);
    }

    /// Waits until more is lacking.
    pub(crate) async fn grown(&self) {
        self.grown.notified().await;
    }
}

/// What became of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Came,
    /// It is not there, or something else was sent: it is asked for again with the next occasion.
    Remains,
}

/// Fetches what one partner's entries name.
pub(crate) struct Lacking<'a> {
    pub(crate) partner: State,
    pub(crate) ledger: &'a Ledger,
    pub(crate) status: &'a Place,
    pub(crate) door: PartnerServiceClient<Channel>,
    pub(crate) genesis: Vec<u8>,
}

impl Lacking<'_> {
    /// Fetches everything that is lacking, as far as the partner has it; returns how many pieces it
    /// does not have.
    pub(crate) async fn fetch(mut self, shutdown: &Shutdown) -> Result<u64, FetchError> {
        let (mut from, mut remain) = (0, 0);
        loop {
            let page = self.ledger.missing(self.partner, from).await.map_err(FetchError::Ledger)?;
            let ListMissingResponse { missing, more, now_ms: _ } = page;
            let last = missing.last().map(|item| item.position);
            for item in missing {
                remain += u64::from(self.piece(item, shutdown).await? == Piece::Remains);
            }
            match last {
                Some(last) if more => from = last.saturating_add(1),
                Some(_) | None => return Ok(remain),
            }
        }
    }

    /// Fetches one piece; an error only where the next one would fail alike.
    async fn piece(&mut self, item: Missing, shutdown: &Shutdown) -> Result<Piece, FetchError> {
        let mut backoff = Backoff::new();
        for _ in 0..ATTEMPTS_MAX {
            match self.attempt(&item).await {
                Err(FetchError::Door(busy)) if busy.code() == Code::ResourceExhausted => {
                    backoff.wait(shutdown).await;
                }
                Err(FetchError::Door(status)) if status.code() == Code::NotFound => {
                    tracing::debug!(partner = %self.partner, item.position, "not there either");
                    return Ok(Piece::Remains);
                }
                Err(FetchError::Ledger(status)) if status.code() == Code::InvalidArgument => {
                    tracing::error!(
                        partner = %self.partner,
                        position = item.position,
                        reason = status.message(),
                        "the partner's door sent something else"
                    );
                    let said =
                        format!("the partner's door sent something else: {}", status.message());
                    self.status.change(|status| {
                        status.refused += 1;
                        status.last_error = Some(said);
                    });
                    return Ok(Piece::Remains);
                }
                other => return other.map(|()| Piece::Came),
            }
        }
        Ok(Piece::Remains)
    }

    /// Fetches the chunks that are not here, each handed on before the next one is taken.
    async fn attachment(
        &mut self,
        item: &Missing,
        it: &MissingAttachment,
    ) -> Result<(), FetchError> {
        let from = usize::try_from(it.from_index).unwrap_or(usize::MAX);
        let chunks: Vec<_> = it.chunks.iter().skip(from).cloned().collect();
        let (sink, taken) = mpsc::channel(1);
        let (ledger, id) = (self.ledger.clone(), it.id.clone());
        let supplied = ledger.supply_attachment(self.partner, item.position, id, taken);
        if chunks.is_empty() {
            drop(sink);
            return supplied.await.map(drop).map_err(FetchError::Ledger);
        }
        let (genesis, case_id, id) = (self.genesis.clone(), item.case_id.clone(), it.id.clone());
        let count = chunks.len();
        let request = GetAttachmentRequest { genesis, case_id, id, chunks };
        let chunks = in_time(self.door.get_attachment(request)).await?.into_inner();
        let (read, supplied) = tokio::join!(hand_on(chunks, count, sink), supplied);
        match (supplied.map_err(FetchError::Ledger)?, read) {
            (true, _) => Ok(()),
            (false, Err(error)) => Err(error),
            (false, Ok(())) => Err(FetchError::Door(tonic::Status::not_found("chunk"))),
        }
    }

    async fn attempt(&mut self, item: &Missing) -> Result<(), FetchError> {
        let genesis = self.genesis.clone();
        let (partner, position) = (self.partner, item.position);
        let supplied = match &item.what {
            Some(What::Body(_)) => {
                let author = partner.code().to_owned();
                let request = GetBodyRequest { genesis, author, position };
                let body = in_time(self.door.get_body(request)).await?.into_inner().sealed_body;
                self.ledger.supply_body(partner, position, body).await
            }
            Some(What::CaseKey(_)) => {
                let request = GetCaseKeyRequest { genesis, case_id: item.case_id.clone() };
                let key = in_time(self.door.get_case_key(request)).await?.into_inner().wrapped;
                self.ledger.supply_case_key(partner, position, key).await
            }
            Some(What::Attachment(it)) => return self.attachment(item, it).await,
            None => Ok(()),
        };
        supplied.map_err(FetchError::Ledger)
    }
}
