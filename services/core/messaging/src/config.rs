//! How to reach a cluster, and every limit of this crate with its default.
//!
//! Nothing here reads the environment; TLS, SASL and the like are `properties`, passed through.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

/// Properties that decide what this crate promises; configuration cannot change them.
const RESERVED: [&str; 13] = [
    "acks",
    "allow.auto.create.topics",
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "enable.partition.eof",
    "group.id",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.broker.list",
    "transactional.id",
];

/// Where the brokers are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bootstrap {
    /// `host:port`, several separated by commas.
    Servers(String),
    /// A file that holds such a list. It is read again while running, and clients are built anew
    /// when it changed: brokers may move without a restart.
    File(PathBuf),
}

/// Why the brokers' addresses are not known at this moment.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    #[error("cannot read the broker addresses from `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("no broker address is given")]
    Empty,
}

impl Bootstrap {
    /// The addresses as they are now. A file is small and local, so it is read in place.
    pub(crate) fn servers(&self) -> Result<String, BootstrapError> {
        let text = match self {
            Self::Servers(servers) => servers.clone(),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|source| BootstrapError::Read { path: path.clone(), source })?,
        };
        match text.trim() {
            "" => Err(BootstrapError::Empty),
            servers => Ok(servers.to_owned()),
        }
    }

    /// Whether the addresses are known and differ from the ones in use. While a file is being
    /// replaced it may be missing or empty: that is no reason to give up a working client.
    pub(crate) fn moved_from(&self, in_use: &str) -> bool {
        self.servers().is_ok_and(|servers| servers != in_use)
    }
}

/// How to reach a cluster, and the limits. `Config::new` sets the defaults named here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub bootstrap: Bootstrap,
    /// What the broker's logs and quotas know this client as. Default `readmit`.
    pub client_id: String,
    /// Further librdkafka properties: `security.protocol`, `ssl.ca.location`, `sasl.username` …
    pub properties: BTreeMap<String, String>,
    /// Largest record, with key and headers. Default 1 MiB.
    pub message_bytes_max: usize,
    /// How long one record may wait for its acknowledgement. Default 10 s.
    pub publish_ms_max: u64,
    /// Records that `publish_all` keeps unacknowledged at a time. Default 256.
    pub in_flight_max: usize,
    /// How long a broker may hold a fetch when it has nothing. Default 500 ms. The development
    /// broker holds it that long even when something arrives: give it 10 ms.
    pub fetch_wait_ms_max: u64,
    /// A reader without a sign of life for this long connects anew (the first answer to a new
    /// client takes half a second), as does a publisher that failed for so long. Default 5 s.
    pub rebuild_ms: u64,
    /// A quiet reader asks this often whether its last record is still there. Default 10 s.
    pub recheck_ms: u64,
    /// How long a question to the cluster may take. Default 10 s.
    pub query_ms_max: u64,
}

/// What is wrong with a configuration; found before anything connects.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("property `{0}` is set by this program and cannot be configured")]
    Reserved(String),
    #[error("a broker property is not accepted: {reason}")]
    Property { reason: String },
    #[error("`{name}` must lie between {min} and {max}")]
    Limit { name: &'static str, min: u64, max: u64 },
}

impl Config {
    /// The defaults, for these brokers.
    #[must_use]
    pub fn new(bootstrap: Bootstrap) -> Self {
        Self {
            bootstrap,
            client_id: "readmit".to_owned(),
            properties: BTreeMap::new(),
            message_bytes_max: 1024 * 1024,
            publish_ms_max: 10_000,
            in_flight_max: 256,
            fetch_wait_ms_max: 500,
            rebuild_ms: 5_000,
            recheck_ms: 10_000,
            query_ms_max: 10_000,
        }
    }

    /// Whether clients can be built from it. Does not connect.
    ///
    /// # Errors
    /// Names the first property or limit that cannot be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        let limits = [
            ("message_bytes_max", self.message_bytes_max as u64, 1_000, 64 * 1024 * 1024),
            ("publish_ms_max", self.publish_ms_max, 1_000, 600_000),
            ("in_flight_max", self.in_flight_max as u64, 1, 10_000),
            ("fetch_wait_ms_max", self.fetch_wait_ms_max, 1, 5_000),
            ("rebuild_ms", self.rebuild_ms, 2_000, 600_000),
            ("recheck_ms", self.recheck_ms, 100, 3_600_000),
            ("query_ms_max", self.query_ms_max, 100, 600_000),
        ];
        for (name, value, min, max) in limits {
            if !(min..=max).contains(&value) {
                return Err(ConfigError::Limit { name, min, max });
            }
        }
        if let Some(name) = self.properties.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(ConfigError::Reserved(name.clone()));
        }
        for config in [self.producer(""), self.consumer("")] {
            config.create_native_config().map_err(|error| property_error(&error))?;
        }
        Ok(())
    }

    /// Idempotent, acknowledged by all replicas, sent without waiting for company.
    pub(crate) fn producer(&self, servers: &str) -> ClientConfig {
        let mut config = self.client(servers);
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            // A topic that was just created may not be known to every broker yet.
            .set("topic.metadata.propagation.max.ms", "2000")
            .set("message.timeout.ms", self.publish_ms_max.to_string())
            .set("queue.buffering.max.kbytes", "65536");
        self.with_properties(config)
    }

    /// Assigned by hand. The group is only a name that the client library insists on: nothing is
    /// committed to it and nobody joins it.
    pub(crate) fn consumer(&self, servers: &str) -> ClientConfig {
        let mut config = self.client(servers);
        config
            .set("group.id", format!("{}.unused", self.client_id))
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("enable.partition.eof", "true")
            .set("isolation.level", "read_uncommitted")
            // A missing topic is told at once; readers go on trying anyway.
            .set("topic.metadata.propagation.max.ms", "0")
            .set("fetch.wait.max.ms", self.fetch_wait_ms_max.to_string())
            .set("fetch.error.backoff.ms", "100")
            .set("fetch.queue.backoff.ms", "50")
            .set("fetch.message.max.bytes", self.message_bytes_max.to_string())
            .set("queued.max.messages.kbytes", "16384");
        self.with_properties(config)
    }

    fn client(&self, servers: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", servers)
            .set("client.id", &self.client_id)
            .set("allow.auto.create.topics", "false")
            .set("message.max.bytes", self.message_bytes_max.to_string())
            .set("reconnect.backoff.max.ms", "1000")
            .set("socket.connection.setup.timeout.ms", "5000")
            .set("socket.timeout.ms", "10000")
            .set("socket.keepalive.enable", "true")
            .set("topic.metadata.refresh.interval.ms", "10000")
            .set("enable.metrics.push", "false");
        config
    }

    fn with_properties(&self, mut config: ClientConfig) -> ClientConfig {
        for (name, value) in &self.properties {
            config.set(name, value);
        }
        config
    }
}

/// Says which property is at fault, never its value: it may be a password.
fn property_error(error: &KafkaError) -> ConfigError {
    let reason = if let KafkaError::ClientConfig(_, description, name, _) = error {
        format!("`{name}`: {description}")
    } else {
        error.to_string()
    };
    ConfigError::Property { reason }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn config() -> Config {
        Config::new(Bootstrap::Servers("localhost:1".to_owned()))
    }

    #[test]
    fn defaults_are_accepted() {
        config().check().unwrap();
    }

    #[test]
    fn what_the_promises_rest_on_cannot_be_configured() {
        for name in RESERVED {
            let mut config = config();
            config.properties.insert(name.to_owned(), "1".to_owned());
            assert!(matches!(config.check(), Err(ConfigError::Reserved(found)) if found == name));
        }
    }

    #[test]
    fn a_wrong_property_is_named_without_its_value() {
        let mut config = config();
        config.properties.insert("sasl.passwort".to_owned(), "hunter2".to_owned());
        let message = config.check().unwrap_err().to_string();
        assert!(message.contains("sasl.passwort"), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }

    #[test]
    fn a_limit_out_of_range_is_named() {
        let mut config = config();
        config.in_flight_max = 0;
        let name = match config.check() {
            Err(ConfigError::Limit { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(name, "in_flight_max");
    }

    #[test]
    fn addresses_follow_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bootstrap");
        let bootstrap = Bootstrap::File(path.clone());
        assert!(matches!(bootstrap.servers(), Err(BootstrapError::Read { .. })));
        assert!(!bootstrap.moved_from("a:1"));
        std::fs::write(&path, " \n").unwrap();
        assert!(matches!(bootstrap.servers(), Err(BootstrapError::Empty)));
        std::fs::write(&path, "a:1\n").unwrap();
        assert_eq!(bootstrap.servers().unwrap(), "a:1");
        assert!(!bootstrap.moved_from("a:1"));
        assert!(bootstrap.moved_from("b:2"));
    }
}
