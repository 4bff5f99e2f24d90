//! A broker in this process for demos and tests: the client library's own mock cluster.
//!
//! Seen working: producing (idempotent too), fetching, list offsets, metadata, cluster id, unknown
//! topics, several brokers. Its limits:
//! - everything is in memory, on ephemeral loopback ports, without TLS or access control;
//! - a partition keeps its last 5 MiB or 100,000 batches; older ones expire without notice;
//! - a fetch that finds nothing is held for the whole `fetch.wait.max.ms`, even when a record
//!   arrives meanwhile, and brings one batch at a time: set `Config::fetch_wait_ms_max` to
//!   [`FETCH_WAIT_MS`];
//! - topics cannot be created or deleted over the wire: create them here; losing everything is
//!   dropping this broker and starting another;
//! - retention, timestamps by the broker, quotas and replication do not exist.

use std::sync::mpsc;
use std::thread::JoinHandle;

use rdkafka::mocking::MockCluster;

use crate::topic::TopicSpec;

/// What `Config::fetch_wait_ms_max` should be towards this broker.
pub const FETCH_WAIT_MS: u64 = 10;

/// Orders that wait for the thread that owns the cluster; further ones wait before it.
const ORDERS_MAX: usize = 16;

/// A running development broker; it ends when dropped.
pub struct DevelopmentBroker {
    bootstrap_servers: String,
    orders: Option<mpsc::SyncSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// Why the development broker did not do as asked.
#[derive(Debug, thiserror::Error)]
pub enum DevelopmentBrokerError {
    #[error("the development broker did not start: {reason}")]
    Start { reason: String },
    #[error("the development broker did not create topic `{topic}`: {reason}")]
    CreateTopic { topic: String, reason: String },
    #[error("the development broker has ended")]
    Ended,
}

struct Order {
    spec: TopicSpec,
    done: mpsc::SyncSender<Result<(), DevelopmentBrokerError>>,
}

impl DevelopmentBroker {
    /// Starts `brokers` brokers that know these topics.
    ///
    /// # Errors
    /// When no port can be opened or a topic is refused.
    pub fn start(brokers: u16, topics: &[TopicSpec]) -> Result<Self, DevelopmentBrokerError> {
        let (started, start) = mpsc::sync_channel(ORDERS_MAX);
        let (orders, to_do) = mpsc::sync_channel::<Order>(ORDERS_MAX);
        // The cluster may not move between threads, so one thread owns it for its whole life.
        let owner = move || match MockCluster::new(i32::from(brokers)) {
            Err(error) => drop(started.send(Err(error.to_string()))),
            Ok(cluster) => {
                drop(started.send(Ok(cluster.bootstrap_servers())));
                for Order { spec, done } in to_do {
                    let name = spec.topic.as_str();
                    let created = cluster
                        .create_topic(name, spec.partitions, spec.replicas)
                        .map_err(|error| DevelopmentBrokerError::CreateTopic {
                            topic: name.to_owned(),
                            reason: error.to_string(),
                        });
                    drop(done.send(created));
                }
            }
        };
        let failed = |reason: String| DevelopmentBrokerError::Start { reason };
        let thread = std::thread::Builder::new()
            .name("development-broker".to_owned())
            .spawn(owner)
            .map_err(|error| failed(error.to_string()))?;
        let bootstrap_servers =
            start.recv().map_err(|error| failed(error.to_string()))?.map_err(failed)?;
        let broker = Self { bootstrap_servers, orders: Some(orders), thread: Some(thread) };
        topics.iter().try_for_each(|spec| broker.create_topic(spec))?;
        Ok(broker)
    }

    /// Where it listens: `127.0.0.1:port`, several separated by commas.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Adds a topic.
    ///
    /// # Errors
    /// When it exists already.
    pub fn create_topic(&self, spec: &TopicSpec) -> Result<(), DevelopmentBrokerError> {
        let (done, result) = mpsc::sync_channel(ORDERS_MAX);
        let orders = self.orders.as_ref().ok_or(DevelopmentBrokerError::Ended)?;
        orders
            .send(Order { spec: spec.clone(), done })
            .map_err(|_| DevelopmentBrokerError::Ended)?;
        result.recv().map_err(|_| DevelopmentBrokerError::Ended)?
    }
}

impl Drop for DevelopmentBroker {
    fn drop(&mut self) {
        // Without orders the owner's loop ends, and the cluster with it.
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
