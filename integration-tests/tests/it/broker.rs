//! The courier's contract on Apache Kafka, and what only a broker with a disk can show.
#![expect(clippy::unwrap_used, reason = "tests")]

use integration_tests::kafka::Kafka;
use integration_tests::topics::Topics;
use messaging::read::ResetReason::OutOfRange;
use messaging::{Cluster, Config, Publisher, ReadError, Reader, Start, Topic, TopicSpec, topic};

use crate::contract::{self, Engine, next, publish_until_placed, record};

struct Apache {
    kafka: Kafka,
    topics: u32,
}

impl Apache {
    async fn start() -> Self {
        Self { kafka: Kafka::start(&[]).await.unwrap(), topics: 0 }
    }
}

impl Engine for Apache {
    fn config(&self) -> Config {
        Config { rebuild_ms: 2_000, recheck_ms: 500, ..self.kafka.config() }
    }

    async fn fresh_topic(&mut self) -> Topic {
        self.topics += 1;
        let topic = topic::named(&format!("readmit.test.{}", self.topics)).unwrap();
        self.kafka.create_topics(&[TopicSpec::single(topic.clone())]).await.unwrap();
        topic
    }

    async fn lose_everything(&mut self, topic: &Topic) {
        self.kafka.recreate_topics(&[TopicSpec::single(topic.clone())]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn apache_kafka_keeps_the_contract() {
    contract::check_all(&mut Apache::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_comes_back_with_everything() {
    let corridor = Topics::read().unwrap().corridor("NL", "XK").unwrap();
    let mut kafka = Kafka::start(&corridor).await.unwrap();
    let topic = topic::dispatch("NL", "XK").unwrap();
    let cluster = Cluster::new(kafka.config()).unwrap();
    let id = cluster.id().await.unwrap();
    let publisher = Publisher::new(kafka.config()).unwrap();
    let mut reader = Reader::new(kafka.config(), topic.clone(), Start::Beginning).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();
    assert_eq!(next(&mut reader).await.unwrap().key, b"0");

    kafka.restart().await.unwrap();
    publish_until_placed(&publisher, &[record(&topic, 1)]).await;
    assert_eq!(next(&mut reader).await.unwrap().key, b"1");
    assert_eq!(cluster.id().await.unwrap(), id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_reader_notices_that_its_topic_was_emptied() {
    let corridor = Topics::read().unwrap().corridor("NL", "XK").unwrap();
    let kafka = Kafka::start(&corridor).await.unwrap();
    let config = Config { recheck_ms: 500, ..kafka.config() };
    let topic = topic::dispatch("NL", "XK").unwrap();
    let publisher = Publisher::new(config.clone()).unwrap();
    let mut reader = Reader::new(config.clone(), topic.clone(), Start::Beginning).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();
    assert_eq!(next(&mut reader).await.unwrap().key, b"0");

    let cluster = Cluster::new(config).unwrap();
    cluster.empty_topics(std::slice::from_ref(&topic)).await.unwrap();
    let reset = ReadError::Reset { topic: topic.clone(), offset: 0, reason: OutOfRange };
    assert_eq!(next(&mut reader).await, Err(reset));
    publisher.publish(&record(&topic, 1)).await.unwrap();
    assert_eq!(next(&mut reader).await.unwrap().key, b"1");
    assert_eq!(cluster.end_offset(&topic).await.unwrap(), 2);
}
