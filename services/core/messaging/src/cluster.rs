//! Questions about a cluster and its topics, and creating, emptying and deleting topics.
//!
//! Each call opens its own connection: these are rare. Nodes only ask; the rest is for
//! operators' tools and tests.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication, TopicResult};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::Offset;

use crate::config::{BootstrapError, Config, ConfigError};
use crate::connection::{self, Context};
use crate::incoming::Incoming;
use crate::topic::{Topic, TopicSpec};

/// Longest tail that can be read at once.
pub const TAIL_RECORDS_MAX: u32 = 10_000;

/// A cluster that can be asked.
#[derive(Debug, Clone)]
pub struct Cluster {
    config: Config,
}

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error("the broker addresses are not known")]
    Bootstrap(#[from] BootstrapError),
    #[error("the cluster did not answer: {reason}")]
    Unavailable { reason: String },
    #[error("topic `{topic}` does not exist")]
    UnknownTopic { topic: Topic },
    #[error("a tail of {count} records is longer than {TAIL_RECORDS_MAX}")]
    TailTooLong { count: u32 },
}

/// Why topics were not created, emptied or deleted.
#[derive(Debug, thiserror::Error)]
pub enum TopicsError {
    #[error("the broker addresses are not known")]
    Bootstrap(#[from] BootstrapError),
    #[error("the cluster did not answer: {reason}")]
    Unavailable { reason: String },
    #[error("topic `{topic}` was refused: {reason}")]
    Refused { topic: String, reason: String },
}

impl Cluster {
    /// Names a cluster; connects with each question.
    ///
    /// # Errors
    /// Only when the configuration cannot be used.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        config.check()?;
        Ok(Self { config })
    }

    /// What the cluster calls itself.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn id(&self) -> Result<String, QueryError> {
        self.ask(|consumer, limit| {
            consumer
                .client()
                .fetch_cluster_id(limit)
                .ok_or_else(|| QueryError::Unavailable { reason: "no cluster id".to_owned() })
        })
        .await
    }

    /// The offset that the topic's next record will get (its high watermark).
    ///
    /// # Errors
    /// When the cluster does not answer in time, or has no such topic.
    pub async fn end_offset(&self, topic: &Topic) -> Result<i64, QueryError> {
        let topic = topic.clone();
        self.ask(move |consumer, limit| watermarks(consumer, &topic, limit).map(|(_, end)| end))
            .await
    }

    /// The last `count` records of a topic, oldest first: what others can see of it.
    ///
    /// # Errors
    /// As [`Cluster::end_offset`], and when `count` is above [`TAIL_RECORDS_MAX`].
    pub async fn tail(&self, topic: &Topic, count: u32) -> Result<Vec<Incoming>, QueryError> {
        if count > TAIL_RECORDS_MAX {
            return Err(QueryError::TailTooLong { count });
        }
        let topic = topic.clone();
        self.ask(move |consumer, limit| tail(consumer, &topic, count, limit)).await
    }

    /// Creates the topics that do not exist yet; leaves the others as they are.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses one; others may exist by then.
    pub async fn create_topics_if_missing(&self, specs: &[TopicSpec]) -> Result<(), TopicsError> {
        if specs.is_empty() {
            return Ok(());
        }
        let retentions: Vec<_> =
            specs.iter().map(|spec| spec.retention_ms.map(|ms| ms.to_string())).collect();
        let new: Vec<_> = specs
            .iter()
            .zip(&retentions)
            .map(|(spec, retention)| {
                let replicas = TopicReplication::Fixed(spec.replicas);
                let new = NewTopic::new(spec.topic.as_str(), spec.partitions, replicas);
                match retention {
                    Some(ms) => new.set("retention.ms", ms),
                    None => new,
                }
            })
            .collect();
        let admin = self.admin()?;
        let results = admin.create_topics(&new, &self.options()).await;
        connection::retire(admin);
        check_all(results, RDKafkaErrorCode::TopicAlreadyExists)
    }

    /// Deletes topics and everything in them; those that do not exist are no error.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses one; others may be gone by then.
    pub async fn delete_topics(&self, topics: &[Topic]) -> Result<(), TopicsError> {
        if topics.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = topics.iter().map(Topic::as_str).collect();
        let admin = self.admin()?;
        let results = admin.delete_topics(&names, &self.options()).await;
        connection::retire(admin);
        check_all(results, RDKafkaErrorCode::UnknownTopicOrPartition)
    }

    /// Deletes all records of topics; their offsets go on from where they were.
    ///
    /// # Errors
    /// When the cluster does not answer or refuses one; others may be empty by then.
    pub async fn empty_topics(&self, topics: &[Topic]) -> Result<(), TopicsError> {
        let unavailable =
            |error: KafkaError| TopicsError::Unavailable { reason: error.to_string() };
        let mut ends = TopicPartitionList::with_capacity(topics.len());
        for topic in topics {
            ends.add_partition_offset(topic.as_str(), 0, Offset::End).map_err(unavailable)?;
        }
        let admin = self.admin()?;
        let results = admin.delete_records(&ends, &self.options()).await;
        connection::retire(admin);
        for result in results.map_err(unavailable)?.elements() {
            result.error().map_err(|error| TopicsError::Refused {
                topic: result.topic().to_owned(),
                reason: error.to_string(),
            })?;
        }
        Ok(())
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.config.query_ms_max)
    }

    fn options(&self) -> AdminOptions {
        AdminOptions::new()
            .request_timeout(Some(self.limit()))
            .operation_timeout(Some(self.limit()))
    }

    fn admin(&self) -> Result<AdminClient<Context>, TopicsError> {
        let servers = self.config.bootstrap.servers()?;
        self.config
            .producer(&servers)
            .create_with_context(Context { watched: None })
            .map_err(|error| TopicsError::Unavailable { reason: error.to_string() })
    }

    /// The library's questions block, so they are asked on a thread for that.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&BaseConsumer<Context>, Duration) -> Result<T, QueryError>
        + Send
        + 'static,
    ) -> Result<T, QueryError> {
        let servers = self.config.bootstrap.servers()?;
        let config = self.config.consumer(&servers);
        let limit = self.limit();
        tokio::task::spawn_blocking(move || {
            let consumer: BaseConsumer<Context> = config
                .create_with_context(Context { watched: None })
                .map_err(|error| unavailable(&error))?;
            question(&consumer, limit)
        })
        .await
        .map_err(|error| QueryError::Unavailable { reason: error.to_string() })?
    }
}

fn watermarks(
    consumer: &BaseConsumer<Context>,
    topic: &Topic,
    limit: Duration,
) -> Result<(i64, i64), QueryError> {
    consumer.fetch_watermarks(topic.as_str(), 0, limit).map_err(|error| {
        if error.rdkafka_error_code().is_some_and(connection::is_unknown_topic) {
            QueryError::UnknownTopic { topic: topic.clone() }
        } else {
            unavailable(&error)
        }
    })
}

fn tail(
    consumer: &BaseConsumer<Context>,
    topic: &Topic,
    count: u32,
    limit: Duration,
) -> Result<Vec<Incoming>, QueryError> {
    let deadline = Instant::now() + limit;
    let (oldest, end) = watermarks(consumer, topic, limit)?;
    let first = oldest.max(end - i64::from(count));
    let mut records = Vec::new();
    if first >= end {
        return Ok(records);
    }
    let mut assignment = TopicPartitionList::with_capacity(1);
    assignment
        .add_partition_offset(topic.as_str(), 0, Offset::Offset(first))
        .and_then(|()| consumer.assign(&assignment))
        .map_err(|error| unavailable(&error))?;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match consumer.poll(left) {
            Some(Ok(message)) => {
                let record = Incoming::of(&message);
                let last = record.offset >= end - 1;
                records.push(record);
                if last {
                    return Ok(records);
                }
            }
            // Shorter than it said a moment ago: what there is, is the answer.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(records),
            Some(Err(error)) if left.is_zero() => return Err(unavailable(&error)),
            Some(Err(error)) => tracing::debug!(%error, "reading a tail was disturbed"),
            None => {
                return Err(QueryError::Unavailable { reason: "no records in time".to_owned() });
            }
        }
    }
}

fn check_all(
    results: Result<Vec<TopicResult>, KafkaError>,
    no_error: RDKafkaErrorCode,
) -> Result<(), TopicsError> {
    let results =
        results.map_err(|error| TopicsError::Unavailable { reason: error.to_string() })?;
    for result in results {
        match result {
            Err((topic, code)) if code != no_error => {
                return Err(TopicsError::Refused { topic, reason: code.to_string() });
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn unavailable(error: &KafkaError) -> QueryError {
    QueryError::Unavailable { reason: error.to_string() }
}
