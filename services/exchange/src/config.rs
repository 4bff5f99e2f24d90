//! With whom dispatches are exchanged, by which courier, and how often it is looked after.

use std::time::Duration;

use domain::identifier::State;
use runtime::channel::Target;
use runtime::config::{Broker, Servers};

/// The configuration of the exchange.
#[derive(Clone, Debug)]
pub struct Config {
    /// The State that runs it.
    pub own: State,
    /// The courier where this State publishes; `None` for none.
    pub broker: Option<Broker>,
    /// Longest record that the couriers take, in bytes.
    pub message_bytes_max: usize,
    /// The partners, each once.
    pub partners: Vec<Partner>,
    /// How often a partner is asked at its door where its log stands, whatever the courier says.
    pub poll_interval: Duration,
    /// How often the own topic is asked whether it still holds what was published.
    pub recheck_interval: Duration,
    /// How long the courier may hold a question while there is nothing new.
    pub fetch_wait_max: Duration,
}

/// A partner.
#[derive(Clone, Debug)]
pub struct Partner {
    /// The State.
    pub state: State,
    /// Its door; `None` while it is not known.
    pub door: Option<Target>,
    /// The courier where it publishes; `None` where it is the own.
    pub broker: Option<Broker>,
}

impl Config {
    /// How often a partner is asked where its log stands, if nothing else is configured.
    pub const POLL_INTERVAL: Duration = Duration::from_secs(60);
    /// How often the own topic is asked what it holds, if nothing else is configured.
    pub const RECHECK_INTERVAL: Duration = Duration::from_secs(10);
    /// How long the courier may hold a question, if nothing else is configured.
    pub const FETCH_WAIT_MAX: Duration = Duration::from_millis(500);

    /// No partners, no courier, the default intervals.
    #[must_use]
    pub const fn new(own: State) -> Self {
        Self {
            own,
            broker: None,
            message_bytes_max: 1024 * 1024,
            partners: Vec::new(),
            poll_interval: Self::POLL_INTERVAL,
            recheck_interval: Self::RECHECK_INTERVAL,
            fetch_wait_max: Self::FETCH_WAIT_MAX,
        }
    }

    /// How a courier is reached.
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
            client_id: format!("readmit-{}", self.own.code().to_ascii_lowercase()),
            properties,
            message_bytes_max: self.message_bytes_max,
            query_ms_max: QUERY_MS_MAX,
            fetch_wait_ms_max: u64::try_from(self.fetch_wait_max.as_millis()).unwrap_or(u64::MAX),
            ..messaging::Config::new(bootstrap)
        }
    }
}

/// How long a question to the courier may take: short, so that one that has moved to another
/// address is soon asked there.
const QUERY_MS_MAX: u64 = 4_000;
