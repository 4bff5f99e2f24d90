//! The contract on the development broker, and outages that only it can play in a moment.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::time::Duration;

use messaging::development_broker::FETCH_WAIT_MS;
use messaging::{
    Bootstrap, Cluster, Config, Connection, DevelopmentBroker, PublishError, Publisher, Reader,
    Start, Topic, TopicSpec, topic,
};
use tempfile::TempDir;

use crate::contract::{self, Engine, next, publish_until_placed, record};

/// A development broker behind a bootstrap file; losing everything replaces it by another one.
struct Development {
    broker: Option<DevelopmentBroker>,
    folder: TempDir,
    topics: u32,
}

impl Development {
    fn start() -> Self {
        let mut engine = Self::absent();
        engine.replace(&[]);
        engine
    }

    fn absent() -> Self {
        Self { broker: None, folder: tempfile::tempdir().unwrap(), topics: 0 }
    }

    fn bootstrap(&self) -> PathBuf {
        self.folder.path().join("bootstrap")
    }

    /// Ends the broker and starts another on another port, with these topics and no records.
    fn replace(&mut self, topics: &[TopicSpec]) {
        drop(self.broker.take());
        let broker = DevelopmentBroker::start(1, topics).unwrap();
        std::fs::write(self.bootstrap(), broker.bootstrap_servers()).unwrap();
        self.broker = Some(broker);
    }
}

impl Engine for Development {
    fn config(&self) -> Config {
        Config {
            fetch_wait_ms_max: FETCH_WAIT_MS,
            rebuild_ms: 2_000,
            recheck_ms: 500,
            ..Config::new(Bootstrap::File(self.bootstrap()))
        }
    }

    async fn fresh_topic(&mut self) -> Topic {
        self.topics += 1;
        let topic = topic::named(&format!("readmit.test.{}", self.topics)).unwrap();
        let spec = TopicSpec::single(topic.clone());
        self.broker.as_ref().unwrap().create_topic(&spec).unwrap();
        topic
    }

    async fn lose_everything(&mut self, topic: &Topic) {
        self.replace(&[TopicSpec::single(topic.clone())]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_development_broker_keeps_the_contract() {
    contract::check_all(&mut Development::start()).await;
}

#[tokio::test]
async fn several_brokers_make_one_cluster() {
    let topic = topic::dispatch("NL", "XK").unwrap();
    let spec = TopicSpec { replicas: 3, ..TopicSpec::single(topic.clone()) };
    let broker = DevelopmentBroker::start(3, &[spec]).unwrap();
    assert_eq!(broker.bootstrap_servers().split(',').count(), 3);
    let servers = Bootstrap::Servers(broker.bootstrap_servers().to_owned());
    let publisher = Publisher::new(Config::new(servers.clone())).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();
    let config = Config { fetch_wait_ms_max: FETCH_WAIT_MS, ..Config::new(servers) };
    let mut reader = Reader::new(config, topic, Start::Beginning).unwrap();
    assert_eq!(next(&mut reader).await.unwrap().key, b"0");
}

fn failing_with(error: &'static str) -> impl Fn(&Connection) -> bool {
    move |connection| match connection {
        Connection::Failing { last_error, .. } => last_error.contains(error),
        Connection::Connecting | Connection::Connected => false,
    }
}

#[tokio::test]
async fn a_reader_waits_for_a_broker_that_is_not_there_yet() {
    let mut engine = Development::absent();
    let topic = topic::dispatch("NL", "XK").unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    let mut status = reader.status();
    assert_eq!(status.borrow().connection, Connection::Connecting);
    let reading = tokio::spawn(async move { next(&mut reader).await });

    let no_file = failing_with("cannot read the broker addresses");
    status.wait_for(|status| no_file(&status.connection)).await.unwrap();
    std::fs::write(engine.bootstrap(), "127.0.0.1:1").unwrap();
    let refused = failing_with("AllBrokersDown");
    status.wait_for(|status| refused(&status.connection)).await.unwrap();
    engine.replace(&[]);
    let no_topic = failing_with("UnknownTopic");
    status.wait_for(|status| no_topic(&status.connection)).await.unwrap();

    engine.broker.as_ref().unwrap().create_topic(&TopicSpec::single(topic.clone())).unwrap();
    status.wait_for(|status| status.end_reached).await.unwrap();
    let publisher = Publisher::new(engine.config()).unwrap();
    publish_until_placed(&publisher, &[record(&topic, 0)]).await;
    assert_eq!(reading.await.unwrap().unwrap().key, b"0");
}

#[tokio::test]
async fn a_publisher_reports_an_outage_and_recovers() {
    let mut engine = Development::start();
    let topic = engine.fresh_topic().await;
    let config = Config { publish_ms_max: 3_000, ..engine.config() };
    let publisher = Publisher::new(config).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();

    drop(engine.broker.take());
    let error = publisher.publish(&record(&topic, 1)).await.unwrap_err();
    assert!(matches!(error, PublishError::Unavailable { .. }), "{error}");
    assert!(matches!(*publisher.status().borrow(), Connection::Failing { .. }));

    engine.replace(&[TopicSpec::single(topic.clone())]);
    publish_until_placed(&publisher, &[record(&topic, 0), record(&topic, 1)]).await;
    assert_eq!(*publisher.status().borrow(), Connection::Connected);
}

#[tokio::test]
async fn a_publisher_with_nothing_to_say_is_told_that_the_brokers_are_back() {
    let mut engine = Development::start();
    let topic = engine.fresh_topic().await;
    let config = Config { publish_ms_max: 3_000, query_ms_max: 1_000, ..engine.config() };
    let publisher = Publisher::new(config.clone()).unwrap();
    let cluster = Cluster::new(config).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();

    drop(engine.broker.take());
    publisher.asked(&cluster.tail(&topic, 1).await).await;
    assert!(matches!(*publisher.status().borrow(), Connection::Failing { .. }));

    engine.replace(&[]);
    publisher.asked(&cluster.tail(&topic, 1).await).await;
    assert_eq!(*publisher.status().borrow(), Connection::Connected, "it answers: no such topic");
}

#[tokio::test]
async fn a_question_to_nobody_ends_in_time() {
    let servers = Bootstrap::Servers("127.0.0.1:1".to_owned());
    let config = Config { query_ms_max: 300, ..Config::new(servers) };
    let cluster = Cluster::new(config).unwrap();
    let topic = topic::dispatch("NL", "XK").unwrap();
    let limit = Duration::from_secs(10);
    let asked = async {
        cluster.id().await.unwrap_err();
        cluster.end_offset(&topic).await.unwrap_err();
        cluster.tail(&topic, 1).await.unwrap_err();
    };
    tokio::time::timeout(limit, asked).await.unwrap();
}
