//! Starting the exchange: the loops of each partner, and the door for partners.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::identifier::{Malformed, State};
use messaging::{Cluster, Publisher, topic};
use proto::exchange::v1::partner_service_client::PartnerServiceClient;
use proto::exchange::v1::partner_service_server::PartnerServiceServer;
use runtime::config::Broker;
use runtime::server::Services;
use runtime::shutdown::Shutdown;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use crate::config::{Config, Partner};
use crate::fetch::{Courier, Fetching};
use crate::grpc::{Door, MESSAGE_BYTES_MAX};
use crate::import::Importer;
use crate::lacking::Lack;
use crate::ledger::{Clients, Ledger};
use crate::publish::Publishing;
use crate::read::Reading;
use crate::recover::{OwnTopic, Recovering};
use crate::restate::Restating;
use crate::rounds::go_rounds;
use crate::status::{Board, PartnerStatus, Place, Reach, StatusHandle};
use crate::unreadable::Reporting;

/// The exchange at work. It goes on when this is dropped; the shutdown ends it.
pub struct Handle {
    door: Door,
    status: StatusHandle,
    loops: Vec<JoinHandle<()>>,
}

/// Why the exchange cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The name of this service is no name.
    #[error("the exchange has no usable name")]
    Name(#[source] Malformed),
    /// A topic cannot be named.
    #[error("a topic for partner `{partner}` cannot be named")]
    Topic {
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: messaging::topic::NameError,
    },
    /// The courier's configuration cannot be used.
    #[error("the courier's configuration cannot be used")]
    Courier(#[from] messaging::ConfigError),
    /// A partner's door cannot be used.
    #[error("the door of partner `{partner}` cannot be used")]
    Door {
        /// The partner.
        partner: State,
        /// Why.
        #[source]
        source: runtime::channel::OpenError,
    },
}

/// Starts the loops; they end when the shutdown begins. Nothing has to be there yet: ledger,
/// courier and partners are waited for.
///
/// # Errors
/// What the configuration cannot be used for.
pub fn start(config: &Config, ledger: Clients, shutdown: &Shutdown) -> Result<Handle, StartError> {
    let ledger = Ledger::new(ledger, config.own).map_err(StartError::Name)?;
    let board = Board::new(reach(config.broker.is_some()), partners(config));
    let mut loops = Vec::new();
    let own = match &config.broker {
        None => None,
        Some(broker) => {
            let courier = config.courier(broker);
            let publisher = Publisher::new(courier.clone())?;
            board.follow(publisher.status());
            Some((publisher, Cluster::new(courier)?))
        }
    };
    for partner in &config.partners {
        let status = board.place(partner.state);
        let work = Work { config, partner, ledger: &ledger, status, lack: Arc::default() };
        if let Some((publisher, cluster)) = &own {
            loops.push(tokio::spawn(work.publishing(publisher, cluster)?.run(shutdown.clone())));
        }
        let cluster = own.as_ref().map(|(_, cluster)| cluster);
        loops.push(tokio::spawn(work.recovering(cluster)?.run(shutdown.clone())));
        let interval = config.poll_interval;
        let reporting = Reporting::new(partner.state, ledger.clone());
        loops.push(tokio::spawn(go_rounds(reporting, interval, shutdown.clone())));
        let restating = Restating::new(partner.state, ledger.clone());
        loops.push(tokio::spawn(go_rounds(restating, interval, shutdown.clone())));
        let missing = Arc::new(Notify::new());
        let (sender, unfetched) = mpsc::channel(1);
        loops.push(tokio::spawn(work.fetching(&missing, sender)?.run(shutdown.clone())));
        if let Some(reading) = work.reading(missing, unfetched)? {
            loops.push(tokio::spawn(reading.run(shutdown.clone())));
        }
    }
    let known: BTreeSet<State> = config.partners.iter().map(|partner| partner.state).collect();
    let door = Door::new(config.own, known, ledger, shutdown.clone());
    Ok(Handle { door, status: board.handle(), loops })
}

impl Handle {
    /// Adds the door for partners to the services of a listener: one that only partners' nodes
    /// reach.
    #[must_use]
    pub fn add_to(&self, services: Services) -> Services {
        let door = PartnerServiceServer::new(self.door.clone());
        services.add(door.max_decoding_message_size(MESSAGE_BYTES_MAX))
    }

    /// How the exchange is doing.
    #[must_use]
    pub fn status(&self) -> StatusHandle {
        self.status.clone()
    }

    /// Waits until all loops have ended, after the shutdown has begun.
    pub async fn ended(self) {
        for running in self.loops {
            if let Err(error) = running.await {
                tracing::error!(%error, "a loop ended badly");
            }
        }
    }
}

/// What the loops of one partner are made of.
struct Work<'a> {
    config: &'a Config,
    partner: &'a Partner,
    ledger: &'a Ledger,
    status: Place,
    lack: Arc<Lack>,
}

impl Work<'_> {
    fn importer(&self) -> Importer {
        Importer {
            partner: self.partner.state,
            ledger: self.ledger.clone(),
            status: self.status.clone(),
            lack: Arc::clone(&self.lack),
        }
    }

    fn publishing(
        &self,
        publisher: &Publisher,
        cluster: &Cluster,
    ) -> Result<Publishing, StartError> {
        Ok(Publishing {
            partner: self.partner.state,
            topic: self.topic(self.config.own, self.partner.state)?,
            publisher: publisher.clone(),
            cluster: cluster.clone(),
            ledger: self.ledger.clone(),
            recheck_interval: self.config.recheck_interval,
            status: self.status.clone(),
        })
    }

    fn reading(
        &self,
        missing: Arc<Notify>,
        unfetched: mpsc::Receiver<u64>,
    ) -> Result<Option<Reading>, StartError> {
        let Some(broker) = self.broker() else { return Ok(None) };
        let courier = self.config.courier(broker);
        courier.check()?;
        Ok(Some(Reading {
            topic: self.topic(self.partner.state, self.config.own)?,
            courier,
            importer: self.importer(),
            status: self.status.clone(),
            missing,
            unfetched,
        }))
    }

    fn recovering(&self, cluster: Option<&Cluster>) -> Result<Recovering, StartError> {
        let topic = match cluster.cloned() {
            None => None,
            Some(cluster) => {
                let topic = self.topic(self.config.own, self.partner.state)?;
                Some(OwnTopic { cluster, topic })
            }
        };
        Ok(Recovering {
            partner: self.partner.state,
            own: self.config.own,
            door: self.door()?,
            topic,
            importer: self.importer(),
            poll_interval: self.config.poll_interval,
            status: self.status.clone(),
        })
    }

    fn door(&self) -> Result<Option<PartnerServiceClient<Channel>>, StartError> {
        let partner = self.partner.state;
        let door = self.partner.door.as_ref().map(runtime::channel::tls).transpose();
        let door = door.map_err(|source| StartError::Door { partner, source })?;
        Ok(door.map(|door| {
            PartnerServiceClient::new(door).max_decoding_message_size(MESSAGE_BYTES_MAX)
        }))
    }

    fn fetching(
        &self,
        missing: &Arc<Notify>,
        unfetched: mpsc::Sender<u64>,
    ) -> Result<Fetching, StartError> {
        let partner = self.partner.state;
        Ok(Fetching {
            partner,
            door: self.door()?,
            importer: self.importer(),
            poll_interval: self.config.poll_interval,
            courier: if self.broker().is_some() { Courier::Brings } else { Courier::Absent },
            status: self.status.clone(),
            missing: Arc::clone(missing),
            unfetched,
        })
    }

    /// The courier that brings the partner's word.
    fn broker(&self) -> Option<&Broker> {
        self.partner.broker.as_ref().or(self.config.broker.as_ref())
    }

    fn topic(&self, author: State, recipient: State) -> Result<messaging::Topic, StartError> {
        topic::dispatch(author.code(), recipient.code())
            .map_err(|source| StartError::Topic { partner: self.partner.state, source })
    }
}

fn partners(config: &Config) -> BTreeMap<State, PartnerStatus> {
    let status = |partner: &Partner| PartnerStatus {
        own_head: None,
        published: None,
        courier: reach(partner.broker.is_some() || config.broker.is_some()),
        door: reach(partner.door.is_some()),
        stored: 0,
        refused: 0,
        last_error: None,
    };
    config.partners.iter().map(|partner| (partner.state, status(partner))).collect()
}

const fn reach(configured: bool) -> Reach {
    if configured { Reach::Connecting } else { Reach::Off }
}
