//! What this service must know: its State's agencies, and the courier that tells them.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::identifier::{Agency, State};
use runtime::config::{Broker, Servers};

/// The configuration of this service.
#[derive(Clone, Debug)]
pub struct Config {
    /// The State that runs it.
    pub state: State,
    /// The agencies that it refers people to, and their titles.
    pub agencies: BTreeMap<Agency, String>,
    /// The courier where agencies are told; `None` for none: then they subscribe.
    pub broker: Option<Broker>,
    /// Longest record that the courier takes, in bytes.
    pub broker_message_bytes_max: usize,
    /// Longest incoming message of a call, in bytes.
    pub message_bytes_max: usize,
    /// How often a topic is asked whether it still holds what was published.
    pub recheck_interval: Duration,
}

/// How long a question to the courier may take.
const QUERY_MS_MAX: u64 = 4_000;

impl From<&runtime::config::Config> for Config {
    fn from(config: &runtime::config::Config) -> Self {
        Self {
            state: config.state,
            agencies: config.own.agencies.clone(),
            broker: config.broker.clone(),
            broker_message_bytes_max: config.broker_message_bytes_max,
            message_bytes_max: config.limits.message_bytes_max,
            recheck_interval: config.exchange.recheck_interval,
        }
    }
}

impl Config {
    /// How the courier is reached.
    pub(crate) fn courier(&self, broker: &Broker) -> messaging::Config {
        let bootstrap = match &broker.servers {
            Servers::Named(servers) => messaging::Bootstrap::Servers(servers.clone()),
            Servers::File(path) => messaging::Bootstrap::File(path.clone()),
        };
        let properties = broker
            .properties
            .iter()
            .map(|(name, value)| (name.clone(), value.reveal().clone()))
            .collect();
        messaging::Config {
            client_id: format!("readmit-{}-agencies", self.state.code().to_ascii_lowercase()),
            properties,
            message_bytes_max: self.broker_message_bytes_max,
            query_ms_max: QUERY_MS_MAX,
            ..messaging::Config::new(bootstrap)
        }
    }
}
