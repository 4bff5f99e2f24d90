//! The agency's topic: the same events as over gRPC, thin, once more after everything was lost.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use domain::sensitive::Sensitive;
use messaging::{
    Bootstrap, CloudEvent, DevelopmentBroker, Incoming, Reader, Start, Topic, TopicSpec, topic,
};
use proto::reintegration::v1::CaseEvent;
use runtime::config::{Broker, Servers};
use tempfile::TempDir;

use crate::events::{next, subscribe};
use crate::fake_ledger::CASE;
use crate::stage::{Do, LIMIT, Stage};

struct Courier {
    broker: Option<DevelopmentBroker>,
    folder: TempDir,
}

impl Courier {
    fn start() -> Self {
        let mut courier = Self { broker: None, folder: tempfile::tempdir().unwrap() };
        courier.replace();
        courier
    }

    /// Ends the broker, and starts an empty one on another port.
    fn replace(&mut self) {
        drop(self.broker.take());
        let topics = [homeward(), topic::agency("XK", "elsewhere").unwrap()];
        let broker = DevelopmentBroker::start(1, &topics.map(TopicSpec::single)).unwrap();
        std::fs::write(self.bootstrap(), broker.bootstrap_servers()).unwrap();
        self.broker = Some(broker);
    }

    fn bootstrap(&self) -> PathBuf {
        self.folder.path().join("bootstrap")
    }

    fn config(&self) -> Broker {
        let properties = [("fetch.wait.max.ms", "10"), ("reconnect.backoff.max.ms", "200")];
        Broker {
            servers: Servers::File(self.bootstrap()),
            properties: properties
                .map(|(name, value)| (name.to_owned(), Sensitive::new(value.to_owned())))
                .into(),
        }
    }

    fn reader(&self) -> Reader {
        let mut config = messaging::Config::new(Bootstrap::File(self.bootstrap()));
        config.fetch_wait_ms_max = messaging::development_broker::FETCH_WAIT_MS;
        Reader::new(config, homeward(), Start::Beginning).unwrap()
    }
}

fn homeward() -> Topic {
    topic::agency("XK", "homeward").unwrap()
}

async fn read(reader: &mut Reader, count: usize) -> Vec<Incoming> {
    let mut records = Vec::new();
    while records.len() < count {
        let record = tokio::time::timeout(LIMIT, reader.next()).await.unwrap();
        records.extend(record.ok());
    }
    records
}

fn decode(record: &Incoming) -> CloudEvent {
    CloudEvent::decode(&record.headers, &record.payload).unwrap()
}

/// Compares what the courier brought with what a subscriber heard.
fn same(records: &[Incoming], heard: &[CaseEvent]) {
    let found: Vec<_> = records.iter().map(|record| decode(record).id).collect();
    let wanted: Vec<_> = heard.iter().map(|event| event.id.clone()).collect();
    assert_eq!(found, wanted);
}

async fn heard(stage: &Stage, count: usize) -> Vec<CaseEvent> {
    let mut events = subscribe(&stage.homeward().await, "").await;
    let mut heard = Vec::new();
    for _ in 0..count {
        heard.push(next(&mut events).await);
    }
    heard
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_tells_what_a_subscriber_hears_and_nothing_of_the_person() {
    let courier = Courier::start();
    let stage = Stage::with(Stage::fresh_ledger(), Some(courier.config())).await;
    let (office, agency) = (stage.office().await, stage.homeward().await);
    stage.accept();
    office.does(Do::Consent, "r1").await.unwrap();
    office.does(Do::Refer, "r2").await.unwrap();
    agency.does(Do::Accept, "a1").await.unwrap();
    let mut reader = courier.reader();
    let records = read(&mut reader, 2).await;
    same(&records, &heard(&stage, 2).await);
    let first = decode(records.first().unwrap());
    assert_eq!(first.event_type, "readmit.reintegration.v1.referred");
    assert_eq!(first.source, "//xk.readmit/agency/homeward");
    assert_eq!(first.subject, Some(CASE.to_string()));
    assert!(first.data_ref.unwrap().ends_with(&format!("GetReferredCase?case={CASE}")));
    for record in &records {
        assert!(record.payload.is_empty());
        let all = format!("{:?}", decode(record)).to_lowercase();
        for secret in ["testperson", "arber", "note of", "1990"] {
            assert!(!all.contains(secret), "{all}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_starts_again_goes_on_behind_the_last_event() {
    let courier = Courier::start();
    let stage = Stage::with(Stage::fresh_ledger(), Some(courier.config())).await;
    stage.accept();
    stage.office().await.does(Do::Consent, "r1").await.unwrap();
    stage.office().await.does(Do::Refer, "r2").await.unwrap();
    let mut reader = courier.reader();
    read(&mut reader, 1).await;
    let ledger = stage.stop().await;
    let stage = Stage::with(ledger, Some(courier.config())).await;
    stage.homeward().await.does(Do::Accept, "a1").await.unwrap();
    stage.homeward().await.does(Do::Plan, "a2").await.unwrap();
    // A record that was published twice would come before these.
    let records = read(&mut courier.reader(), 3).await;
    same(&records, &heard(&stage, 3).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_is_lost_is_filled_again_from_the_first_event() {
    let mut courier = Courier::start();
    let stage = Stage::with(Stage::fresh_ledger(), Some(courier.config())).await;
    stage.accept();
    stage.office().await.does(Do::Consent, "r1").await.unwrap();
    stage.office().await.does(Do::Refer, "r2").await.unwrap();
    stage.homeward().await.does(Do::Accept, "a1").await.unwrap();
    read(&mut courier.reader(), 2).await;
    courier.replace();
    // Although nothing new is said.
    same(&read(&mut courier.reader(), 2).await, &heard(&stage, 2).await);
    stage.homeward().await.does(Do::Plan, "a2").await.unwrap();
    same(&read(&mut courier.reader(), 3).await, &heard(&stage, 3).await);
}
