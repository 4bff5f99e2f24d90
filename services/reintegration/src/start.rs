//! Starting this service: the feed, one publisher for each agency, and the two gRPC services.

use std::sync::Arc;

use domain::identifier::{Agency, Malformed, Office};
use messaging::{Cluster, Publisher, topic};
use proto::reintegration::v1::case_event_service_server::CaseEventServiceServer;
use proto::reintegration::v1::referral_service_server::ReferralServiceServer;
use runtime::caller::Caller;
use runtime::command::Ledger;
use runtime::server::Services;
use runtime::shutdown::Shutdown;
use tokio::task::JoinHandle;

use crate::Config;
use crate::desk::Desk;
use crate::feed::Feed;
use crate::feed::follow::Following;
use crate::publish::Publishing;

/// The service at work. It goes on when this is dropped; the shutdown ends it.
pub struct Handle {
    desk: Desk,
    loops: Vec<JoinHandle<()>>,
}

/// Why it cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The name of this service is no name.
    #[error("the service has no usable name")]
    Name(#[source] Malformed),
    /// The topic of an agency cannot be named.
    #[error("the topic of agency `{agency}` cannot be named")]
    Topic {
        /// The agency.
        agency: Agency,
        /// Why.
        #[source]
        source: messaging::topic::NameError,
    },
    /// The courier's configuration cannot be used.
    #[error("the courier's configuration cannot be used")]
    Courier(#[from] messaging::ConfigError),
}

/// Starts it; it ends when the shutdown begins. Ledger and courier are waited for.
///
/// # Errors
/// What the configuration cannot be used for.
pub fn start(config: Config, ledger: Ledger, shutdown: &Shutdown) -> Result<Handle, StartError> {
    let name = Office::new("reintegration").map_err(StartError::Name)?;
    let caller = Caller::service(config.state, name);
    let feed = Feed::new();
    let mut loops = Vec::new();
    if let Some(broker) = &config.broker {
        let courier = config.courier(broker);
        let publisher = Publisher::new(courier.clone())?;
        let cluster = Cluster::new(courier)?;
        for agency in config.agencies.keys() {
            let topic = topic::agency(config.state.code(), agency.as_str())
                .map_err(|source| StartError::Topic { agency: agency.clone(), source })?;
            let publishing = Publishing {
                state: config.state,
                agency: agency.clone(),
                topic,
                publisher: publisher.clone(),
                cluster: cluster.clone(),
                feed: feed.clone(),
                ledger: ledger.clone(),
                caller: caller.clone(),
                recheck_interval: config.recheck_interval,
            };
            loops.push(tokio::spawn(publishing.run(shutdown.clone())));
        }
    }
    let following = Following { feed: feed.clone(), ledger: ledger.clone(), caller };
    loops.push(tokio::spawn(following.run(shutdown.clone())));
    let desk = Desk { config: Arc::new(config), ledger, feed, shutdown: shutdown.clone() };
    Ok(Handle { desk, loops })
}

impl Handle {
    /// Adds the services to those of a listener.
    #[must_use]
    pub fn add_to(&self, services: Services) -> Services {
        let bytes_max = self.desk.config.message_bytes_max;
        let events = CaseEventServiceServer::new(self.desk.clone());
        let referrals = ReferralServiceServer::new(self.desk.clone());
        services
            .add(events.max_decoding_message_size(bytes_max))
            .add(referrals.max_decoding_message_size(bytes_max))
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
