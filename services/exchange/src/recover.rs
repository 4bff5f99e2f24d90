//! What others hold of the own log: asked at the start and ever again, and taken back where the own
//! store has lost it.
//!
//! Two witnesses: the partner, at its door, and the own topic. What their answers are worth the
//! ledger finds out. While it takes dispatches back, those that they had heard of the partner's
//! are fetched in between, and the question is asked more often.

use std::time::Duration;

use domain::identifier::State;
use messaging::{Cluster, Incoming, Topic};
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::{GetHeadRequest, Head, StreamDispatchesRequest};
use proto::ledger::v1::{GetHeadsResponse, TakeBackOutcome, Witness, WitnessVerdict};
use runtime::shutdown::Shutdown;
use tonic::transport::Channel;

use crate::carriage;
use crate::fetch::{FetchError, in_time};
use crate::import::{Importer, Next};
use crate::ledger;
use crate::status::Place;

/// How often it is asked while something is waited for.
const WAITING_INTERVAL: Duration = Duration::from_secs(2);

/// Records of the own topic that are taken back at once, at most.
const TOPIC_RECORDS_MAX: u64 = 1024;

/// The own topic.
pub(crate) struct OwnTopic {
    pub(crate) cluster: Cluster,
    pub(crate) topic: Topic,
}

/// The loop for one partner.
pub(crate) struct Recovering {
    pub(crate) partner: State,
    pub(crate) own: State,
    /// The partner's door; `None` while it is not known.
    pub(crate) door: Option<PartnerServiceClient<Channel>>,
    /// `None` without a courier.
    pub(crate) topic: Option<OwnTopic>,
    pub(crate) importer: Importer,
    pub(crate) poll_interval: Duration,
    pub(crate) status: Place,
}

/// The last era of each log, as the partner knows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Eras {
    own: u32,
    partner: u32,
}

/// What the ledger makes of a witness.
struct Heard {
    verdict: WitnessVerdict,
    /// Whether it is to be asked for what it holds of the own log.
    is_to_be_had: bool,
}

/// What is asked of the own topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topicality {
    /// It has not answered since the start.
    Open,
    /// It has.
    Answered,
}

impl Recovering {
    /// Asks until the shutdown begins.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut topicality = Topicality::Open;
        loop {
            let waiting = tokio::select! {
                waiting = self.look(&mut topicality, &shutdown) => waiting,
                () = shutdown.wait() => return,
            };
            let wait = match waiting {
                Ok(false) => self.poll_interval,
                Ok(true) => self.poll_interval.min(WAITING_INTERVAL),
                Err(error) => {
                    tracing::debug!(partner = %self.partner, %error, "no witness was asked");
                    self.status.error(&error);
                    self.poll_interval.min(WAITING_INTERVAL)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = shutdown.wait() => return,
            }
        }
    }

    /// Asks both witnesses once; says whether it is to be asked again soon: the node waits, or the
    /// partner holds what an operator may take in at any moment.
    async fn look(
        &self,
        topicality: &mut Topicality,
        shutdown: &Shutdown,
    ) -> Result<bool, FetchError> {
        let heads = self.heads().await?;
        // Each is asked although the other does not answer.
        let door = self.ask_door(&heads, shutdown).await;
        if heads.waiting || *topicality == Topicality::Open {
            let topic = self.ask_topic(&heads).await;
            if topic.is_ok() {
                *topicality = Topicality::Answered;
            }
            topic?;
        }
        Ok(door? == WitnessVerdict::Forged || self.heads().await?.waiting)
    }

    async fn heads(&self) -> Result<GetHeadsResponse, FetchError> {
        self.importer.ledger.heads(self.partner).await.map_err(FetchError::Ledger)
    }

    /// Asks the partner what it holds, and has it back.
    async fn ask_door(
        &self,
        heads: &GetHeadsResponse,
        shutdown: &Shutdown,
    ) -> Result<WitnessVerdict, FetchError> {
        let Some(mut door) = self.door.clone() else { return Ok(WitnessVerdict::Known) };
        let genesis = heads.genesis.clone();
        let asked = door.get_head(GetHeadRequest { genesis, wait_for_number: None });
        let there = in_time(asked).await?.into_inner();
        // Numbers go on through all eras of a log: its last one names them all.
        let era = |head: &Option<Head>| head.as_ref().map_or(0, |head| head.era);
        let eras = Eras { own: era(&there.held), partner: era(&there.own) };
        let header = there.held.map(|head| head.signed_header).unwrap_or_default();
        let Heard { verdict, is_to_be_had } =
            self.hear(Witness::Partner, header, Vec::new()).await?;
        if is_to_be_had {
            self.fetch_back(heads, eras, door, shutdown).await?;
        }
        Ok(verdict)
    }

    /// Tells the ledger what a witness holds.
    async fn hear(
        &self,
        witness: Witness,
        signed_header: Vec<u8>,
        dispatch: Vec<u8>,
    ) -> Result<Heard, FetchError> {
        let ledger = &self.importer.ledger;
        let heard = ledger.hear_witness(self.partner, witness, signed_header, dispatch).await;
        let heard = heard.map_err(FetchError::Ledger)?;
        let verdict = heard.verdict();
        let (is_wrong, is_to_be_had) = match verdict {
            WitnessVerdict::Known => (false, false),
            WitnessVerdict::Newer => (false, true),
            // It may hold more than this store all the same.
            WitnessVerdict::Low => (true, true),
            WitnessVerdict::Forged | WitnessVerdict::NotSigned | WitnessVerdict::Unspecified => {
                (true, false)
            }
        };
        if is_wrong {
            let (verdict, reason) = (verdict.as_str_name(), &heard.reason);
            tracing::error!(partner = %self.partner, verdict, reason, "a witness of the own log");
            self.status.error(format_args!("{verdict}: {reason}"));
        }
        Ok(Heard { verdict, is_to_be_had: heard.takes_back && is_to_be_had })
    }

    /// Takes back what the partner holds of the own log, and what that had heard, in turn.
    async fn fetch_back(
        &self,
        heads: &GetHeadsResponse,
        eras: Eras,
        mut door: PartnerServiceClient<Channel>,
        shutdown: &Shutdown,
    ) -> Result<(), FetchError> {
        loop {
            let now = self.heads().await?;
            let next_own = ledger::own_head(&now).map_or(0, |number| number.saturating_add(1));
            let next_partner = ledger::next_of_partner(&now);
            let range = |author: State, era, from_number| StreamDispatchesRequest {
                genesis: heads.genesis.clone(),
                author: author.code().to_owned(),
                era,
                from_number,
                to_number: None,
            };
            let asked = door.stream_dispatches(range(self.own, eras.own, next_own));
            let mut dispatches = in_time(asked).await?.into_inner();
            let mut moved = false;
            while let Some(sent) = in_time(dispatches.message()).await? {
                match self.take_back(sent.dispatch).await? {
                    TakeBackOutcome::Stored => moved = true,
                    TakeBackOutcome::Duplicate => {}
                    TakeBackOutcome::NeedsPartner => break,
                    TakeBackOutcome::Unspecified
                    | TakeBackOutcome::Gap
                    | TakeBackOutcome::Forged
                    | TakeBackOutcome::NotTaken
                    | TakeBackOutcome::NotWanted => return Ok(()),
                }
            }
            let asked = door.stream_dispatches(range(self.partner, eras.partner, next_partner));
            let mut dispatches = in_time(asked).await?.into_inner();
            while let Some(sent) = in_time(dispatches.message()).await? {
                match self.importer.import(&sent.dispatch, None, shutdown).await {
                    Next::GoOn => moved = true,
                    // It has heard what is still to be taken back.
                    Next::Held | Next::Fetch(_) => break,
                    Next::Refused => return Err(FetchError::Refused),
                    Next::Stop => return Ok(()),
                }
            }
            if !moved {
                return Ok(());
            }
        }
    }

    async fn take_back(&self, dispatch: Vec<u8>) -> Result<TakeBackOutcome, FetchError> {
        let taken = self.importer.ledger.take_back(self.partner, dispatch).await;
        let taken = taken.map_err(FetchError::Ledger)?;
        if !taken.reason.is_empty() {
            let outcome = taken.outcome().as_str_name();
            tracing::info!(partner = %self.partner, outcome, reason = taken.reason, "taken back");
        }
        Ok(taken.outcome())
    }

    /// Looks at the end of the own topic, and takes back what stands there.
    async fn ask_topic(&self, heads: &GetHeadsResponse) -> Result<(), FetchError> {
        let Some(own) = &self.topic else { return Ok(()) };
        let last = own.cluster.tail(&own.topic, 1).await?.pop();
        let number = |record: &Incoming| carriage::number(record, &heads.genesis);
        let Some((last, newest)) = last.and_then(|record| Some((number(&record)?, record))) else {
            self.hear(Witness::Topic, Vec::new(), Vec::new()).await?;
            return Ok(());
        };
        let heard = self.hear(Witness::Topic, Vec::new(), newest.payload).await?;
        if !heard.is_to_be_had {
            return Ok(());
        }
        let next = ledger::own_head(&self.heads().await?).map_or(0, |it| it.saturating_add(1));
        let count = last.saturating_sub(next).saturating_add(1).min(TOPIC_RECORDS_MAX);
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        for record in own.cluster.tail(&own.topic, count).await? {
            match self.take_back(record.payload).await? {
                TakeBackOutcome::Stored | TakeBackOutcome::Duplicate => {}
                // What it had heard comes by the partner's courier, or at its door.
                TakeBackOutcome::NeedsPartner
                | TakeBackOutcome::Unspecified
                | TakeBackOutcome::Gap
                | TakeBackOutcome::Forged
                | TakeBackOutcome::NotTaken
                | TakeBackOutcome::NotWanted => return Ok(()),
            }
        }
        Ok(())
    }
}
