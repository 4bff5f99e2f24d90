//! What the courier did not bring, fetched at the partner's door.
//!
//! Asked for by a gap, and by the clock: where the courier is silent, off or hostile, the logs
//! still meet within one interval.

use std::sync::Arc;
use std::time::Duration;

use domain::identifier::State;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{GetHeadRequest, StreamDispatchesRequest, StreamDispatchesResponse};
use runtime::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};
use tonic::Streaming;
use tonic::transport::Channel;

use crate::import::{Importer, Next};
use crate::ledger;
use crate::retry::Backoff;
use crate::status::Place;

/// How often a gap is tried to be filled before the courier is asked again.
const ATTEMPTS_MAX: u32 = 5;

/// How long the door may keep silent.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// The loop for one partner.
pub(crate) struct Fetching {
    pub(crate) partner: State,
    /// The partner's door; `None` while it is not known.
    pub(crate) door: Option<PartnerServiceClient<Channel>>,
    pub(crate) importer: Importer,
    pub(crate) poll_interval: Duration,
    pub(crate) status: Place,
    /// Somebody misses something.
    pub(crate) missing: Arc<Notify>,
    /// Told when it could not be fetched.
    pub(crate) unfetched: mpsc::Sender<u64>,
}

/// Why a fetch did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the ledger does not answer: {0}")]
    Ledger(tonic::Status),
    #[error("the partner's door does not answer: {0}")]
    Door(tonic::Status),
    #[error("the partner's door kept silent")]
    Silence,
    #[error("the partner's door sent what was refused")]
    Refused,
    #[error("the own topic cannot be looked at: {0}")]
    Topic(#[from] messaging::cluster::QueryError),
}

/// Why it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// The interval is over.
    Interval,
    /// Something is missing.
    Missing,
}

impl Fetching {
    /// Fetches until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut interval = tokio::time::interval(self.poll_interval);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let occasion = tokio::select! {
                () = self.missing.notified() => Occasion::Missing,
                _ = interval.tick() => Occasion::Interval,
                () = shutdown.wait() => return,
            };
            tokio::select! {
                () = self.occasion(occasion, &shutdown) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    async fn occasion(&self, occasion: Occasion, shutdown: &Shutdown) {
        let attempts = match (&self.door, occasion) {
            (None, _) => 0,
            (Some(_), Occasion::Interval) => 1,
            (Some(_), Occasion::Missing) => ATTEMPTS_MAX,
        };
        let mut backoff = Backoff::new();
        for attempt in 0..attempts {
            match self.fetch(shutdown).await {
                Ok(()) => {
                    self.status.change(|status| status.door.answered());
                    return;
                }
                Err(error) => {
                    tracing::debug!(partner = %self.partner, attempt, %error, "fetching failed");
                    self.status.error(&error);
                    if let FetchError::Door(_) | FetchError::Silence = error {
                        self.status.change(|status| status.door.failed(error.to_string()));
                    }
                }
            }
            if attempt + 1 < attempts {
                backoff.wait(shutdown).await;
            }
        }
        if occasion == Occasion::Missing
            && let Ok(heads) = self.importer.ledger.heads(self.partner).await
        {
            // Full: the reader has one to deal with already.
            let _ = self.unfetched.try_send(ledger::next_of_partner(&heads));
        }
    }

    /// Fetches everything that the partner's log has beyond what is stored here.
    async fn fetch(&self, shutdown: &Shutdown) -> Result<(), FetchError> {
        let Some(mut door) = self.door.clone() else { return Ok(()) };
        let heads = self.importer.ledger.heads(self.partner).await.map_err(FetchError::Ledger)?;
        let from_number = ledger::next_of_partner(&heads);
        let genesis = heads.genesis;
        let head = door.get_head(GetHeadRequest { genesis: genesis.clone() });
        let head = in_time(head).await?.into_inner().own;
        let Some(head) = head.filter(|head| head.number >= from_number) else { return Ok(()) };
        let request = StreamDispatchesRequest {
            genesis,
            author: self.partner.code().to_owned(),
            era: head.era,
            from_number,
            to_number: Some(head.number),
        };
        let dispatches = in_time(door.stream_dispatches(request)).await?.into_inner();
        self.take_all(dispatches, shutdown).await
    }

    async fn take_all(
        &self,
        mut dispatches: Streaming<StreamDispatchesResponse>,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        while let Some(sent) = in_time(dispatches.message()).await? {
            match self.importer.import(&sent.dispatch, None, shutdown).await {
                Next::GoOn => {}
                Next::Stop => return Ok(()),
                Next::Fetch(_) | Next::Refused => return Err(FetchError::Refused),
            }
        }
        Ok(())
    }
}

pub(crate) async fn in_time<T>(
    answer: impl Future<Output = Result<T, tonic::Status>>,
) -> Result<T, FetchError> {
    match tokio::time::timeout(SILENCE_MAX, answer).await {
        Ok(answer) => answer.map_err(FetchError::Door),
        Err(_) => Err(FetchError::Silence),
    }
}
