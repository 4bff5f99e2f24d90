//! The configuration of a node: defaults, then a file, then the environment; checked once, whole.
//!
//! Every key stands in `config.default.toml` with its meaning and limit. Nothing here reads the
//! environment itself: whoever starts the process passes it in.

mod check;
mod known;
mod layer;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::identifier::{Agency, Office, State};

use crate::{server, telemetry};

/// The defaults, with the meaning and limit of every key.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// The configuration of a node, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The State that runs this node.
    pub state: State,
    /// Where the logs are kept.
    pub data_folder: PathBuf,
    /// Private keys and case keys.
    pub keyring: Keyring,
    /// The command of a process that keeps a log key; empty for none.
    pub signer_command: Vec<String>,
    /// Where the highest signed numbers are kept.
    pub mark_folder: PathBuf,
    /// Where the node listens.
    pub listen: Listen,
    /// What it shows and whom it trusts.
    pub tls: Tls,
    /// Where the ledger is, for a service that runs alone.
    pub ledger: Option<Address>,
    /// Offices, consulates and agencies of this State.
    pub own: Organisations,
    /// Partners, by State.
    pub partners: BTreeMap<State, Partner>,
    /// The courier where this State publishes; `None` for none.
    pub broker: Option<Broker>,
    /// Longest message that the courier takes, in bytes.
    pub broker_message_bytes_max: usize,
    /// After how long without a word to a partner an empty dispatch is sent.
    pub heartbeat_interval: Duration,
    /// How often partners and couriers are looked after.
    pub exchange: Exchange,
    /// Limits of the listeners.
    pub limits: server::Config,
    /// How the process logs.
    pub log: telemetry::Config,
}

/// How often partners and couriers are looked after, whether or not anything tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// How often each partner is asked at its door where its log stands.
    pub poll_interval: Duration,
    /// How often own topics are asked whether they still hold what was published.
    pub recheck_interval: Duration,
    /// How long the courier may hold a question while there is nothing new.
    pub fetch_wait_max: Duration,
}

/// Where the keys are, and what opens them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyring {
    /// The file.
    pub file: PathBuf,
    /// The environment variable that holds the passphrase.
    pub passphrase_env: Option<String>,
    /// A file that holds the passphrase in its first line.
    pub passphrase_file: Option<PathBuf>,
}

/// Where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listen {
    /// For people, systems and operators of the own State.
    pub api: SocketAddr,
    /// For the nodes of partners.
    pub partner: SocketAddr,
    /// For the other services, where one runs alone.
    pub internal: SocketAddr,
}

/// PEM files of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// The certificate that it shows.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of the own State.
    pub authorities: PathBuf,
}

/// Where something answers over TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// `host:port`.
    pub address: String,
    /// The name in its certificate, where it is not the host.
    pub server_name: Option<String>,
}

/// Who belongs to a State.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Organisations {
    /// Offices, by name.
    pub offices: BTreeMap<Office, OfficeEntry>,
    /// Consulates and their titles, by name.
    pub consulates: BTreeMap<Office, String>,
    /// Agencies and their titles, by name; a partner's are not known here.
    pub agencies: BTreeMap<Agency, String>,
}

/// An office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficeEntry {
    /// Its name for people.
    pub title: String,
    /// What it does.
    pub duties: Vec<Duty>,
}

/// What an office does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duty {
    /// Files requests and carries out transfers.
    Returns,
    /// Answers requests.
    Answers,
}

/// A partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its door for other nodes; `None` while it is not known.
    pub door: Option<Address>,
    /// Its authorities, PEM.
    pub authorities: PathBuf,
    /// The genesis of the corridor, signed by both States.
    pub genesis: PathBuf,
    /// Its offices and consulates.
    pub organisations: Organisations,
    /// The courier where it publishes; `None` where it is the own.
    pub broker: Option<Broker>,
}

/// A courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Where its servers are named.
    pub servers: Servers,
    /// Further properties of the client. May hold credentials: not for logs.
    pub properties: BTreeMap<String, domain::sensitive::Sensitive<String>>,
}

/// Where a courier's servers are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Servers {
    /// Here: `host:port`, several separated by commas.
    Named(String),
    /// In a file that is read again whenever a connection is made.
    File(PathBuf),
}

impl Organisations {
    /// Whether an office of that name has a duty.
    #[must_use]
    pub fn has_duty(&self, office: &Office, duty: Duty) -> bool {
        self.offices.get(office).is_some_and(|entry| entry.duties.contains(&duty))
    }
}

/// Why a configuration cannot be used. Each names the place and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the configuration file `{file}`")]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file `{file}` is not TOML, line {line}")]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        #[source]
        source: toml::de::Error,
    },
    /// There is no such key.
    #[error("{origin}: there is no key `{key}`; the nearest is `{nearest}`")]
    UnknownKey {
        /// Where it was named.
        origin: Origin,
        /// The key.
        key: String,
        /// The known key that is most like it.
        nearest: String,
    },
    /// A value is not what the key needs.
    #[error("{origin}: `{key}` {reason}")]
    Value {
        /// Where it was given.
        origin: Origin,
        /// The key.
        key: String,
        /// What it must be.
        reason: String,
    },
}

/// Where a key was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the defaults: it must be given by file or environment.
    Defaults,
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Environment(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Defaults => f.write_str("the configuration"),
            Self::File(file) => write!(f, "`{}`", file.display()),
            Self::Environment(variable) => write!(f, "environment variable `{variable}`"),
        }
    }
}

impl Config {
    /// Reads the defaults, then a file, then the environment, and checks the whole.
    ///
    /// # Errors
    /// The first key that is unknown or does not hold what it must, and where it was given.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, LoadError> {
        let layers = layer::merge(file, environment)?;
        let folder = file.and_then(Path::parent).unwrap_or(Path::new(""));
        check::check(&layers, folder)
    }
}
