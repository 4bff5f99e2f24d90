//! Publishing: a record is given to the broker, and its place comes back once all replicas have it.
//!
//! At least once: a call that failed may still have been carried out. Callers publish again, and
//! readers absorb repetition. Nothing is kept here over a restart; the log is the memory.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesOrdered;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{DeliveryFuture, FutureProducer, FutureRecord, Producer};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::cluster::QueryError;
use crate::config::{Config, ConfigError};
use crate::connection::{self, Connection, Context};
use crate::topic::Topic;

/// How often a waiting publisher looks whether the brokers have moved.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// What the broker adds to the bytes of one record, at most.
const RECORD_OVERHEAD_BYTES: usize = 128;

/// A record to be published to partition 0 of its topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub topic: Topic,
    pub key: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub payload: Vec<u8>,
}

/// Where a record was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub partition: i32,
    pub offset: i64,
}

/// Why a record has no acknowledged place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Nothing is wrong with the record; publish it again later.
    #[error("the broker did not acknowledge a record for `{topic}`: {reason}")]
    Unavailable { topic: Topic, reason: String },
    #[error("a record of {bytes} bytes for `{topic}` is larger than {bytes_max}")]
    TooLarge { topic: Topic, bytes: usize, bytes_max: usize },
    #[error("topic `{topic}` does not exist")]
    UnknownTopic { topic: Topic },
    #[error("writing to topic `{topic}` is not allowed")]
    NotAllowed { topic: Topic },
}

/// A row of records was not published to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("publishing stopped after {} records", placed.len())]
pub struct Interrupted {
    /// The records before the first failure. Later ones may have been written too.
    pub placed: Vec<Placed>,
    #[source]
    pub error: PublishError,
}

/// Publishes records. Clones share one connection.
#[derive(Clone)]
pub struct Publisher {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    status: Arc<watch::Sender<Connection>>,
    /// The client in use. The lock is held while one is looked up or built, never while publishing.
    live: Mutex<Option<Live>>,
}

#[derive(Clone)]
struct Live {
    producer: Arc<Retiring>,
    servers: String,
    built: Instant,
    looked: Instant,
}

/// Dropping the library's client waits for its threads, so the last user hands it over.
struct Retiring(Option<FutureProducer<Context>>);

impl Drop for Retiring {
    fn drop(&mut self) {
        if let Some(producer) = self.0.take() {
            connection::retire(producer);
        }
    }
}

impl Publisher {
    /// Prepares publishing; connects with the first record.
    ///
    /// # Errors
    /// Only when the configuration cannot be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        let status = Arc::new(watch::Sender::new(Connection::Connecting));
        Ok(Self { shared: Arc::new(Shared { config, status, live: Mutex::new(None) }) })
    }

    /// Whether the cluster answers, as of the last record, failure or question told of.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Connection> {
        self.shared.status.subscribe()
    }

    /// Notes how the same cluster answered a question. Whoever has nothing to publish learns only
    /// from this that the brokers are back.
    pub async fn asked<T>(&self, answer: &Result<T, QueryError>) {
        match answer {
            Ok(_) | Err(QueryError::UnknownTopic { .. }) => {
                self.shared.leave_moved().await;
                self.shared.status.send_if_modified(Connection::succeed);
            }
            Err(error @ (QueryError::Bootstrap(_) | QueryError::Unavailable { .. })) => {
                let reason = error.to_string();
                self.shared.status.send_if_modified(|connection| connection.fail(reason));
            }
            Err(QueryError::TailTooLong { .. }) => {}
        }
    }

    /// Publishes one record and waits for its place, `publish_ms_max` at most.
    ///
    /// # Errors
    /// See [`PublishError`]; only `Unavailable` is worth trying again unchanged.
    pub async fn publish(&self, record: &Outgoing) -> Result<Placed, PublishError> {
        let sent = self.shared.send(record).await;
        self.shared.placed(record, sent).await
    }

    /// Publishes a row of records in order, `in_flight_max` at a time.
    ///
    /// # Errors
    /// With the first record that failed; go on from there.
    pub async fn publish_all(&self, records: &[Outgoing]) -> Result<Vec<Placed>, Interrupted> {
        let mut placed = Vec::with_capacity(records.len());
        let mut in_flight = FuturesOrdered::new();
        let mut waiting = records.iter();
        loop {
            if in_flight.len() < self.shared.config.in_flight_max
                && let Some(record) = waiting.next()
            {
                // Handed over one after the other: the broker keeps that order.
                let sent = self.shared.send(record).await;
                in_flight.push_back(self.shared.placed(record, sent));
                continue;
            }
            match in_flight.next().await {
                Some(Ok(place)) => placed.push(place),
                Some(Err(error)) => return Err(Interrupted { placed, error }),
                None => return Ok(placed),
            }
        }
    }
}

/// A record that the client has taken.
struct Sent {
    live: Live,
    delivery: DeliveryFuture,
}

impl Shared {
    /// Gives a record to the client.
    async fn send(&self, record: &Outgoing) -> Result<Sent, PublishError> {
        self.check_size(record)?;
        let live = self.producer(&record.topic).await?;
        let Some(producer) = live.producer.0.as_ref() else {
            return Err(unavailable(&record.topic, "the client was closed"));
        };
        let mut headers = OwnedHeaders::new_with_capacity(record.headers.len());
        for (key, value) in &record.headers {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let to_send = FutureRecord::to(record.topic.as_str())
            .partition(0)
            .key(&record.key)
            .payload(&record.payload)
            .headers(headers);
        let taken = producer.send_result(to_send).map_err(|(error, _)| error);
        match taken {
            Ok(delivery) => Ok(Sent { live, delivery }),
            Err(error) => Err(self.failed(&live, record, &error).await),
        }
    }

    /// Waits for a record's place, and notes whether the cluster answered.
    async fn placed(
        &self,
        record: &Outgoing,
        sent: Result<Sent, PublishError>,
    ) -> Result<Placed, PublishError> {
        let placed = match sent {
            Ok(sent) => self.delivered(record, sent).await,
            Err(error) => Err(error),
        };
        match &placed {
            Err(PublishError::Unavailable { reason, .. }) => {
                self.status.send_if_modified(|connection| connection.fail(reason.clone()));
            }
            Err(PublishError::TooLarge { .. }) => {}
            Ok(_) | Err(PublishError::UnknownTopic { .. } | PublishError::NotAllowed { .. }) => {
                self.status.send_if_modified(Connection::succeed);
            }
        }
        placed
    }

    async fn delivered(&self, record: &Outgoing, sent: Sent) -> Result<Placed, PublishError> {
        let Sent { live, mut delivery } = sent;
        loop {
            tokio::select! {
                delivered = &mut delivery => return match delivered {
                    Ok(Ok(place)) => {
                        Ok(Placed { partition: place.partition, offset: place.offset })
                    }
                    Ok(Err((error, _))) => Err(self.failed(&live, record, &error).await),
                    Err(_canceled) => Err(unavailable(&record.topic, "the client was closed")),
                },
                () = tokio::time::sleep(LOOK_INTERVAL) => {
                    if self.config.bootstrap.moved_from(&live.servers) {
                        self.discard(&live).await;
                        return Err(unavailable(&record.topic, "the brokers have moved"));
                    }
                }
            }
        }
    }

    fn check_size(&self, record: &Outgoing) -> Result<(), PublishError> {
        let headers = record.headers.iter().map(|(name, value)| name.len() + value.len() + 10);
        let bytes = record.key.len()
            + record.payload.len()
            + headers.sum::<usize>()
            + RECORD_OVERHEAD_BYTES;
        let bytes_max = self.config.message_bytes_max;
        if bytes > bytes_max {
            return Err(PublishError::TooLarge { topic: record.topic.clone(), bytes, bytes_max });
        }
        Ok(())
    }

    /// The client in use, or a new one when there is none, the brokers have moved or it has been
    /// failing for too long.
    async fn producer(&self, topic: &Topic) -> Result<Live, PublishError> {
        let mut slot = self.live.lock().await;
        if let Some(live) = slot.as_mut() {
            let look = live.looked.elapsed() >= LOOK_INTERVAL;
            if look {
                live.looked = Instant::now();
            }
            let moved = look && self.config.bootstrap.moved_from(&live.servers);
            let replace = moved || (look && self.is_worn_out(live));
            if !replace {
                return Ok(live.clone());
            }
            *slot = None;
        }
        let reason = |error: &dyn std::error::Error| unavailable(topic, &error.to_string());
        let servers = self.config.bootstrap.servers().map_err(|error| reason(&error))?;
        let context = Context { watched: Some(Arc::clone(&self.status)) };
        let producer = self
            .config
            .producer(&servers)
            .create_with_context(context)
            .map_err(|error| reason(&error))?;
        let now = Instant::now();
        let producer = Arc::new(Retiring(Some(producer)));
        let live = Live { producer, servers, built: now, looked: now };
        *slot = Some(live.clone());
        Ok(live)
    }

    fn is_worn_out(&self, live: &Live) -> bool {
        let limit = Duration::from_millis(self.config.rebuild_ms);
        let failing = matches!(
            &*self.status.borrow(),
            Connection::Failing { since, .. } if since.elapsed() >= limit
        );
        failing && live.built.elapsed() >= limit
    }

    async fn failed(&self, live: &Live, record: &Outgoing, error: &KafkaError) -> PublishError {
        let topic = record.topic.clone();
        let code = error.rdkafka_error_code();
        if code == Some(RDKafkaErrorCode::MessageSizeTooLarge) {
            let bytes = record.payload.len();
            let bytes_max = self.config.message_bytes_max;
            return PublishError::TooLarge { topic, bytes, bytes_max };
        }
        if code.is_some_and(connection::is_unknown_topic) {
            return PublishError::UnknownTopic { topic };
        }
        if code.is_some_and(connection::is_forbidden) {
            return PublishError::NotAllowed { topic };
        }
        // An idempotent client that lost its place in the row refuses everything from then on.
        let fatal = live.producer.0.as_ref().and_then(|producer| producer.client().fatal_error());
        if fatal.is_some() {
            self.discard(live).await;
        }
        unavailable(&topic, &error.to_string())
    }

    /// Forgets a client whose brokers have moved: it would go on saying that they are down.
    async fn leave_moved(&self) {
        let mut slot = self.live.lock().await;
        if slot.as_ref().is_some_and(|live| self.config.bootstrap.moved_from(&live.servers)) {
            *slot = None;
        }
    }

    /// Forgets a client, unless another caller has already replaced it.
    async fn discard(&self, live: &Live) {
        let mut slot = self.live.lock().await;
        if slot.as_ref().is_some_and(|current| Arc::ptr_eq(&current.producer, &live.producer)) {
            *slot = None;
        }
    }
}

fn unavailable(topic: &Topic, reason: &str) -> PublishError {
    PublishError::Unavailable { topic: topic.clone(), reason: reason.to_owned() }
}
