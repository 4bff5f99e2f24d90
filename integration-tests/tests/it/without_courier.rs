//! Stories with no courier at all, on either side: the nodes meet at their doors alone, and one of
//! them is killed in mid-case.

use integration_tests::corridor::Corridor;
use integration_tests::courier::Kind;
use integration_tests::story::{Stage, outage, refused, scan, silence, withdrawn};
use integration_tests::telling::Telling;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn the_stories_end_alike_where_there_is_no_courier() {
    let folder = tempfile::tempdir().unwrap();
    let founded = Corridor::found(folder.path(), Kind::Absent, "test-without").await;
    let mut corridor = founded.unwrap();
    for node in [&corridor.nl, &corridor.xk] {
        let status = node.operator().call(&["operator", "status"]).unwrap();
        assert_eq!(status["broker"]["since_ms"], Value::Null, "no courier was ever tried");
    }
    let mut telling = Telling::default();
    let mut stage = Stage { corridor: &mut corridor, telling: &mut telling };
    refused::play(&mut stage).unwrap();
    scan::play(&mut stage).unwrap();
    withdrawn::play(&mut stage).await.unwrap();
    silence::play(&mut stage).unwrap();
    outage::play(&mut stage).await.unwrap();
    corridor.stop().unwrap();
    assert!(telling.end(), "a check of a story failed; see above");
}
