//! Something bare to hold the courier's figures against: a record given to rdkafka until rdkafka
//! gives it back, on the same broker, with the settings that the nodes use.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::message::Message;
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// A producer and a consumer of one topic.
pub(crate) struct Bare {
    producer: FutureProducer,
    consumer: StreamConsumer,
    topic: String,
    payload: Vec<u8>,
}

impl Bare {
    /// Connects, and waits until a record has come back.
    pub(crate) async fn connect(servers: &str, topic: &str, bytes: usize) -> Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "0")
            .create()
            .context("make a producer")?;
        let consumer: StreamConsumer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("group.id", "bench.unused")
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("fetch.wait.max.ms", "500")
            .create()
            .context("make a consumer")?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, 0, Offset::Beginning)?;
        consumer.assign(&assignment)?;
        let payload = vec![0x5a; bytes];
        let bare = Self { producer, consumer, topic: topic.to_owned(), payload };
        bare.round_trip().await?;
        Ok(bare)
    }

    /// From giving a record to the producer until the consumer gives it back.
    pub(crate) async fn round_trip(&self) -> Result<Duration> {
        let record =
            FutureRecord::<[u8], [u8]>::to(&self.topic).partition(0).payload(&self.payload);
        let start = Instant::now();
        let delivery = self.producer.send_result(record).map_err(|(error, _)| error)?;
        let message = self.consumer.recv().await?;
        let took = start.elapsed();
        let back = message.payload().unwrap_or_default();
        ensure!(back == self.payload, "another record came back");
        delivery.await?.map_err(|(error, _)| error)?;
        Ok(took)
    }
}
