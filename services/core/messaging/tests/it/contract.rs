//! What every broker must let us do. One suite, run against each engine: the development broker
//! here, Apache Kafka in `integration-tests`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use messaging::read::ResetReason;
use messaging::{
    Cluster, Config, Connection, Incoming, Outgoing, Placed, PublishError, Publisher, ReadError,
    Reader, Start, Topic, cluster::QueryError,
};

/// Longer than anything here may take; only a failing test waits for it.
const LIMIT: Duration = Duration::from_secs(60);

/// A broker on which the contract is checked.
pub(crate) trait Engine {
    /// How to reach it.
    fn config(&self) -> Config;
    /// A topic that exists and is empty.
    async fn fresh_topic(&mut self) -> Topic;
    /// Everything that the topic held is gone; the topic is there and empty.
    async fn lose_everything(&mut self, topic: &Topic);
}

/// Runs all of it, one after the other.
pub(crate) async fn check_all(engine: &mut impl Engine) {
    records_are_read_as_published(engine).await;
    a_row_keeps_its_order(engine).await;
    reading_goes_on_behind_a_mark(engine).await;
    a_reader_starts_again_at_any_moment(engine).await;
    a_mark_that_is_gone_starts_again(engine).await;
    a_lost_topic_starts_again(engine).await;
    a_lost_topic_published_again_goes_on(engine).await;
    what_cannot_be_published_says_why(engine).await;
    two_publishers_do_not_disturb_each_other(engine).await;
}

async fn records_are_read_as_published(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    let sent = [record(&topic, 0), record(&topic, 1), record(&topic, 2)];
    for (offset, record) in (0..).zip(&sent) {
        let placed = publisher.publish(record).await.unwrap();
        assert_eq!(placed, Placed { partition: 0, offset });
        let read = next(&mut reader).await.unwrap();
        assert_eq!(read.offset, offset);
        assert_eq!(as_sent(&topic, &read), *record);
    }
    assert_eq!(*publisher.status().borrow(), Connection::Connected);
    assert_eq!(reader.status().borrow().connection, Connection::Connected);

    let cluster = Cluster::new(engine.config()).unwrap();
    assert_eq!(cluster.end_offset(&topic).await.unwrap(), 3);
    assert!(!cluster.id().await.unwrap().is_empty());
    for (count, first) in [(0, 3), (2, 1), (3, 0), (9, 0)] {
        let tail = cluster.tail(&topic, count).await.unwrap();
        let tail: Vec<_> = tail.iter().map(|read| as_sent(&topic, read)).collect();
        assert_eq!(tail, sent[first..]);
    }
}

async fn a_row_keeps_its_order(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let row: Vec<_> = (0..1_000).map(|n| record(&topic, n)).collect();
    let placed = Publisher::new(engine.config()).unwrap().publish_all(&row).await.unwrap();
    let offsets: Vec<_> = placed.iter().map(|place| place.offset).collect();
    assert_eq!(offsets, (0..1_000).collect::<Vec<_>>());
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    for record in &row {
        assert_eq!(as_sent(&topic, &next(&mut reader).await.unwrap()), *record);
    }
}

async fn reading_goes_on_behind_a_mark(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    publisher.publish_all(&[record(&topic, 0), record(&topic, 1)]).await.unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    let first = next(&mut reader).await.unwrap();
    let second = next(&mut reader).await.unwrap();
    drop(reader);

    let mut behind_first = behind(engine, &topic, &first);
    assert_eq!(next(&mut behind_first).await.unwrap(), second);
    let mut behind_second = behind(engine, &topic, &second);
    publisher.publish(&record(&topic, 2)).await.unwrap();
    assert_eq!(next(&mut behind_second).await.unwrap().key, b"2");

    behind_second.restart(Start::Beginning);
    assert_eq!(next(&mut behind_second).await.unwrap(), first);
}

/// Without its wait for the last stop, the client ends the whole process here (SIGABRT).
async fn a_reader_starts_again_at_any_moment(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    publisher.publish(&record(&topic, 0)).await.unwrap();
    for _ in 0..5 {
        let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
        let first = next(&mut reader).await.unwrap();
        for _ in 0..500 {
            reader.restart(Start::Beginning);
        }
        assert_eq!(next(&mut reader).await.unwrap(), first);
        reader.restart(Start::After(first.mark()));
        drop(reader);
    }
}

async fn a_mark_that_is_gone_starts_again(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    publisher.publish_all(&[record(&topic, 0), record(&topic, 1)]).await.unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    let first = next(&mut reader).await.unwrap();

    let at = |offset| Incoming { offset, ..first.clone() };
    let cases = [
        (at(1), ResetReason::Replaced),
        (at(2), ResetReason::OutOfRange),
        (at(3), ResetReason::OutOfRange),
        (at(1_000_000), ResetReason::OutOfRange),
    ];
    for (marked, reason) in cases {
        let mut reader = behind(engine, &topic, &marked);
        let expected = ReadError::Reset { topic: topic.clone(), offset: marked.offset, reason };
        assert_eq!(next(&mut reader).await, Err(expected));
        assert_eq!(next(&mut reader).await.unwrap(), first);
    }
}

/// The new content is longer than the old: the offset alone would silently skip records.
async fn a_lost_topic_starts_again(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    publisher.publish_all(&[record(&topic, 0), record(&topic, 1)]).await.unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    next(&mut reader).await.unwrap();
    next(&mut reader).await.unwrap();

    engine.lose_everything(&topic).await;
    let row: Vec<_> = (10..15).map(|n| record(&topic, n)).collect();
    publish_until_placed(&publisher, &row).await;
    assert!(matches!(next(&mut reader).await, Err(ReadError::Reset { offset: 1, .. })));
    for (offset, record) in (0..).zip(&row) {
        let read = next(&mut reader).await.unwrap();
        assert_eq!((read.offset, as_sent(&topic, &read)), (offset, record.clone()));
    }
}

/// A State publishes again from its log: the reader finds its mark and needs nothing twice.
async fn a_lost_topic_published_again_goes_on(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    let row: Vec<_> = (0..3).map(|n| record(&topic, n)).collect();
    publisher.publish_all(&row[..2]).await.unwrap();
    let mut reader = Reader::new(engine.config(), topic.clone(), Start::Beginning).unwrap();
    next(&mut reader).await.unwrap();
    let mark = next(&mut reader).await.unwrap();
    drop(reader);

    engine.lose_everything(&topic).await;
    publish_until_placed(&publisher, &row).await;
    let mut reader = behind(engine, &topic, &mark);
    assert_eq!(as_sent(&topic, &next(&mut reader).await.unwrap()), row[2]);
}

async fn what_cannot_be_published_says_why(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let publisher = Publisher::new(engine.config()).unwrap();
    let bytes_max = engine.config().message_bytes_max;

    let largest = Outgoing { payload: vec![7; bytes_max - 200], ..record(&topic, 0) };
    publisher.publish(&largest).await.unwrap();
    let too_large = Outgoing { payload: vec![7; bytes_max], ..record(&topic, 0) };
    let error = publisher.publish(&too_large).await.unwrap_err();
    assert!(matches!(error, PublishError::TooLarge { .. }), "{error}");

    let absent = messaging::topic::named("readmit.absent").unwrap();
    let error = publisher.publish(&record(&absent, 0)).await.unwrap_err();
    assert_eq!(error, PublishError::UnknownTopic { topic: absent.clone() });
    let error = Cluster::new(engine.config()).unwrap().end_offset(&absent).await.unwrap_err();
    assert!(matches!(error, QueryError::UnknownTopic { .. }), "{error}");

    publisher.publish(&record(&topic, 1)).await.unwrap();
    let row = [record(&topic, 2), too_large, record(&topic, 3)];
    let interrupted = publisher.publish_all(&row).await.unwrap_err();
    assert_eq!(interrupted.placed, [Placed { partition: 0, offset: 2 }]);
    assert!(matches!(interrupted.error, PublishError::TooLarge { .. }));
}

async fn two_publishers_do_not_disturb_each_other(engine: &mut impl Engine) {
    let topic = engine.fresh_topic().await;
    let one = Publisher::new(engine.config()).unwrap();
    let other = Publisher::new(engine.config()).unwrap();
    let row: Vec<_> = (0..100).map(|n| record(&topic, n)).collect();
    let (first, second) = tokio::join!(one.publish_all(&row), other.publish_all(&row));
    let mut offsets: Vec<_> = first.unwrap().into_iter().map(|place| place.offset).collect();
    assert!(offsets.is_sorted());
    offsets.extend(second.unwrap().into_iter().map(|place| place.offset));
    offsets.sort_unstable();
    assert_eq!(offsets, (0..200).collect::<Vec<_>>());
}

/// A record that can be told from every other.
pub(crate) fn record(topic: &Topic, number: u32) -> Outgoing {
    Outgoing {
        topic: topic.clone(),
        key: number.to_string().into_bytes(),
        headers: vec![
            ("spec".to_owned(), b"1".to_vec()),
            ("traceparent".to_owned(), format!("00-{number}").into_bytes()),
            ("empty".to_owned(), Vec::new()),
        ],
        payload: format!("dispatch {number}").into_bytes(),
    }
}

/// Publishes each record of a row again until it is there. Not several at once: of a topic that has
/// just been created again a broker may refuse the first and take those behind it.
pub(crate) async fn publish_until_placed(publisher: &Publisher, row: &[Outgoing]) {
    let publishing = async {
        for record in row {
            while publisher.publish(record).await.is_err() {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(LIMIT, publishing).await.expect("published in time");
}

pub(crate) async fn next(reader: &mut Reader) -> Result<Incoming, ReadError> {
    tokio::time::timeout(LIMIT, reader.next()).await.expect("a record in time")
}

fn behind(engine: &impl Engine, topic: &Topic, record: &Incoming) -> Reader {
    Reader::new(engine.config(), topic.clone(), Start::After(record.mark())).unwrap()
}

fn as_sent(topic: &Topic, read: &Incoming) -> Outgoing {
    Outgoing {
        topic: topic.clone(),
        key: read.key.clone(),
        headers: read.headers.clone(),
        payload: read.payload.clone(),
    }
}
