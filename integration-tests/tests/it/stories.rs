//! The stories over Apache Kafka: two nodes as processes, real files, real TLS.

use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use integration_tests::story::{Stage, accepted, outage, refused, scan, silence, withdrawn};
use integration_tests::telling::Telling;

#[tokio::test(flavor = "multi_thread")]
async fn every_story_ends_alike_on_both_nodes_over_apache_kafka() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Apache, "test-stories").await;
    let mut corridor = founded.unwrap();
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    accepted::play(&mut stage).await.unwrap();
    refused::play(&mut stage).unwrap();
    scan::play(&mut stage).unwrap();
    withdrawn::play(&mut stage).await.unwrap();
    silence::play(&mut stage).unwrap();
    outage::play(&mut stage).await.unwrap();
    corridor.stop().unwrap();
    assert!(telling.end(), "a check of a story failed; see above");
}
