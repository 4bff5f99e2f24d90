//! What the courier did not bring, fetched at the partner's door.
//!
//! Asked for by a gap, by what a stored dispatch lacks, and by the clock: where the courier is
//! silent or hostile, the logs still meet within one interval. Where there is no courier at all,
//! the door is asked to hold its answer until there is something new, so that a dispatch is
//! fetched as soon as it is made; a door that does not hold is asked again after a pause.

use std::sync::Arc;
use std::time::Duration;

use domain::identifier::State;
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{
    GetHeadRequest, Head, StreamDispatchesRequest, StreamDispatchesResponse,
};
use proto::ledger::v1::GetHeadsResponse;
use runtime::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::grpc::{DISPATCHES_MAX, HOLD_MAX};
use crate::import::{Importer, Next};
use crate::lacking::Lacking;
use crate::ledger;
use crate::retry::Backoff;
use crate::status::Place;

/// How often a gap is tried to be filled before the courier is asked again.
const ATTEMPTS_MAX: u32 = 5;

/// How long a door is left alone that says there is something new and has nothing, or that does not
/// hold its answer.
const PAUSE: Duration = Duration::from_secs(2);

/// How long the door may keep silent: longer than it may hold an answer.
const SILENCE_MAX: Duration = Duration::from_secs(20);

/// The loop for one partner.
pub(crate) struct Fetching {
    pub(crate) partner: State,
    /// The partner's door; `None` while it is not known.
    pub(crate) door: Option<PartnerServiceClient<Channel>>,
    pub(crate) importer: Importer,
    pub(crate) poll_interval: Duration,
    /// Whether the partner has a courier that brings its word.
    pub(crate) courier: Courier,
    pub(crate) status: Place,
    /// Somebody misses something.
    pub(crate) missing: Arc<Notify>,
    /// Told when it could not be fetched.
    pub(crate) unfetched: mpsc::Sender<u64>,
}

/// Whether there is a courier that brings a partner's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Courier {
    /// There is: the door is asked now and then.
    Brings,
    /// There is none: the door says when there is something new.
    Absent,
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
    #[error("the partner's door sent more than was asked for")]
    TooMuch,
}

/// Why it is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// The interval is over.
    Interval,
    /// Dispatches are missing.
    Missing,
    /// What a stored dispatch names is lacking.
    Lacking,
    /// The door says that there is something new.
    News,
}

impl Fetching {
    /// Fetches until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut interval = tokio::time::interval(self.poll_interval);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let listens = self.courier == Courier::Absent;
        let mut pause = Duration::ZERO;
        loop {
            let occasion = tokio::select! {
                () = self.missing.notified() => Occasion::Missing,
                () = self.importer.lack.grown() => Occasion::Lacking,
                _ = interval.tick() => Occasion::Interval,
                () = self.news(pause, &shutdown), if listens => Occasion::News,
                () = shutdown.wait() => return,
            };
            let before = self.wanted().await;
            tokio::select! {
                () = self.occasion(occasion, &shutdown) => {}
                () = shutdown.wait() => return,
            }
            // News that led to nothing are not asked for again at once.
            let nothing = occasion == Occasion::News && before == self.wanted().await;
            pause = if nothing { PAUSE } else { Duration::ZERO };
        }
    }

    /// The number that is wanted next; `None` where the ledger does not say.
    async fn wanted(&self) -> Option<u64> {
        let heads = self.importer.ledger.heads(self.partner).await;
        heads.ok().as_ref().map(ledger::next_of_partner)
    }

    /// Returns when the partner's door says that its log has more than is stored here.
    async fn news(&self, pause: Duration, shutdown: &Shutdown) {
        let Some(door) = &self.door else { return std::future::pending().await };
        tokio::time::sleep(pause).await;
        let mut backoff = Backoff::new();
        loop {
            let asked = Instant::now();
            match self.listen(door.clone()).await {
                Ok(true) => return,
                Ok(false) if asked.elapsed() >= HOLD_MAX / 2 => backoff.worked(),
                Ok(false) => tokio::time::sleep(PAUSE).await,
                Err(error) => {
                    self.failed(&error);
                    backoff.wait(shutdown).await;
                }
            }
        }
    }

    /// Asks the door to answer when its log has more; whether it has.
    async fn listen(&self, mut door: PartnerServiceClient<Channel>) -> Result<bool, FetchError> {
        let heads = self.importer.ledger.heads(self.partner).await.map_err(FetchError::Ledger)?;
        let wanted = ledger::next_of_partner(&heads);
        let request = GetHeadRequest { genesis: heads.genesis, wait_for_number: Some(wanted) };
        let own = in_time(door.get_head(request)).await?.into_inner().own;
        self.status.change(|status| status.door.answered());
        Ok(own.is_some_and(|head| head.number >= wanted))
    }

    async fn occasion(&self, occasion: Occasion, shutdown: &Shutdown) {
        let attempts = match (&self.door, occasion) {
            (None, _) => 0,
            (Some(_), Occasion::Interval | Occasion::Lacking | Occasion::News) => 1,
            (Some(_), Occasion::Missing) => ATTEMPTS_MAX,
        };
        let mut backoff = Backoff::new();
        for attempt in 0..attempts {
            match self.fetch(occasion, shutdown).await {
                Ok(()) => {
                    self.status.change(|status| status.door.answered());
                    return;
                }
                Err(error) => {
                    tracing::debug!(partner = %self.partner, attempt, %error, "fetching failed");
                    self.failed(&error);
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

    fn failed(&self, error: &FetchError) {
        self.status.error(error);
        match error {
            FetchError::Door(_) | FetchError::Silence => {
                self.status.change(|status| status.door.failed(error.to_string()));
            }
            FetchError::Ledger(_)
            | FetchError::Refused
            | FetchError::Topic(_)
            | FetchError::TooMuch => {}
        }
    }

    async fn fetch(&self, occasion: Occasion, shutdown: &Shutdown) -> Result<(), FetchError> {
        let Some(door) = &self.door else { return Ok(()) };
        let dispatches = match occasion {
            Occasion::Interval | Occasion::Missing | Occasion::News => {
                self.fetch_dispatches(door.clone(), shutdown).await
            }
            Occasion::Lacking => Ok(()),
        };
        match occasion {
            // What came with its news brings its own lack.
            Occasion::Missing | Occasion::News => dispatches,
            // Dispatches that cannot be had keep nothing from being fetched for those that are
            // here.
            Occasion::Interval | Occasion::Lacking => {
                self.fetch_lacking(door.clone(), shutdown).await.and(dispatches)
            }
        }
    }

    async fn fetch_lacking(
        &self,
        door: PartnerServiceClient<Channel>,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        let ledger = &self.importer.ledger;
        let genesis = ledger.heads(self.partner).await.map_err(FetchError::Ledger)?.genesis;
        let (partner, status) = (self.partner, &self.status);
        let remain = Lacking { partner, ledger, status, door, genesis }.fetch(shutdown).await?;
        self.importer.lack.remains(remain);
        Ok(())
    }

    /// Fetches everything that the partner's log has beyond what is stored here.
    async fn fetch_dispatches(
        &self,
        mut door: PartnerServiceClient<Channel>,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        let ledger = &self.importer.ledger;
        let mut heads = ledger.heads(self.partner).await.map_err(FetchError::Ledger)?;
        let genesis = heads.genesis.clone();
        let head = door.get_head(GetHeadRequest { genesis, wait_for_number: None });
        let Some(head) = in_time(head).await?.into_inner().own else { return Ok(()) };
        loop {
            let from = ledger::next_of_partner(&heads);
            if head.number < from {
                return Ok(());
            }
            self.fetch_range(&mut door, &heads, &head, shutdown).await?;
            heads = ledger.heads(self.partner).await.map_err(FetchError::Ledger)?;
            if ledger::next_of_partner(&heads) == from {
                // Parked until its time comes, or the shutdown has begun.
                return Ok(());
            }
        }
    }

    /// Fetches the next dispatches up to a head, as many as one stream sends.
    async fn fetch_range(
        &self,
        door: &mut PartnerServiceClient<Channel>,
        heads: &GetHeadsResponse,
        head: &Head,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        let from_number = ledger::next_of_partner(heads);
        let last = head.number.min(from_number.saturating_add(DISPATCHES_MAX - 1));
        let request = StreamDispatchesRequest {
            genesis: heads.genesis.clone(),
            author: self.partner.code().to_owned(),
            era: head.era,
            from_number,
            to_number: Some(last),
        };
        let dispatches = in_time(door.stream_dispatches(request)).await?.into_inner();
        self.take_all(dispatches, last - from_number + 1, shutdown).await
    }

    async fn take_all(
        &self,
        mut dispatches: Streaming<StreamDispatchesResponse>,
        count: u64,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        // What is refused, or waits for another, must not stop what comes behind it.
        let mut refused = false;
        for _ in 0..count {
            let Some(sent) = in_time(dispatches.message()).await? else { break };
            match self.importer.import(&sent.dispatch, None, shutdown).await {
                Next::GoOn => refused = false,
                // So does everything behind it; asked for again when own words are back.
                Next::Held | Next::Stop => return Ok(()),
                Next::Fetch(_) | Next::Refused => refused = true,
            }
        }
        if refused {
            return Err(FetchError::Refused);
        }
        match in_time(dispatches.message()).await? {
            None => Ok(()),
            Some(_) => Err(FetchError::TooMuch),
        }
    }
}

/// An answer of the door, if it comes in time.
pub(crate) async fn in_time<T>(
    answer: impl Future<Output = Result<T, tonic::Status>>,
) -> Result<T, FetchError> {
    match tokio::time::timeout(SILENCE_MAX, answer).await {
        Ok(answer) => answer.map_err(FetchError::Door),
        Err(_) => Err(FetchError::Silence),
    }
}
