//! Subscriptions: nothing lost, nothing twice, whatever happens around the seam.

use event_store::{Batch, Engine, Filter, Position, ReadError, StoredRecord};
use futures::{FutureExt as _, StreamExt as _};
use rand::RngExt as _;

use crate::place::Place;
use crate::sample::{LOGS, answers, fill, log, numbered, stream};

async fn nothing_is_lost_at_the_seam_under_concurrent_appends(place: impl Place) {
    const BATCHES: usize = 200;
    let store = place.open();
    fill(&store, 0..20).await;
    let total: usize = (0..20 + BATCHES).map(|n| numbered(n).records.len()).sum();

    let subscribe = |from: u64, filter: Filter| {
        let mut subscription = store.subscribe(Position(from), filter.clone());
        let last = Position(total as u64 - 1);
        tokio::spawn(async move {
            // The last record of all is of log `LOGS[2]` and stream `e`.
            let mut seen: Vec<StoredRecord> = Vec::new();
            while seen.last().is_none_or(|record| record.position < last) {
                seen.push(subscription.next().await.unwrap());
            }
            assert_eq!(subscription.position(), Position(last.0 + 1));
            (from, filter, seen)
        })
    };
    let last = numbered(20 + BATCHES - 1).records.pop().unwrap();
    let mut followers = vec![
        subscribe(0, Filter::All),
        subscribe(0, Filter::Log(last.log.clone())),
        subscribe(0, Filter::LogPrefix(last.log.as_str()[..2].to_owned())),
    ];
    followers.extend(last.stream.map(|stream| subscribe(0, Filter::Stream(stream))));
    for n in 20..20 + BATCHES {
        store.append(numbered(n)).await.unwrap();
        if n % 16 == 0 {
            followers.push(subscribe(store.next_position().0 / 2, Filter::All));
            followers.push(subscribe(store.next_position().0, Filter::All));
        }
    }
    let all = answers(&store).all;
    for follower in followers {
        let (from, filter, seen) = follower.await.unwrap();
        let expected = all.iter().filter(|record| {
            record.position.0 >= from
                && match &filter {
                    Filter::All => true,
                    Filter::Log(log) => record.log == *log,
                    Filter::LogPrefix(prefix) => record.log.as_str().starts_with(prefix),
                    Filter::Stream(stream) => record.stream == Some(*stream),
                }
        });
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    }
}

async fn a_slow_subscriber_reads_from_the_disk(place: impl Place) {
    let store = place.open();
    let mut subscription = store.subscribe(Position(0), Filter::Stream(stream("a")));
    assert!(subscription.next().now_or_never().is_none());
    fill(&store, 0..600).await;
    let expected = answers(&store).all;
    for record in expected.iter().filter(|record| record.stream == Some(stream("a"))) {
        assert_eq!(&subscription.next().await.unwrap(), record);
    }
    assert!(subscription.next().now_or_never().is_none());
    assert_eq!(subscription.position(), store.next_position());
}

async fn a_subscription_can_be_left_and_resumed_anywhere(place: impl Place) {
    let mut random = crate::sample::random();
    let store = place.open();
    fill(&store, 0..100).await;
    let filter = Filter::Log(log(LOGS[1]));
    let expected = store.read_log(&log(LOGS[1]), 0, 1000).unwrap();
    let (mut seen, mut from) = (Vec::new(), Position(0));
    while seen.len() < expected.len() {
        let mut subscription = store.subscribe(from, filter.clone());
        for _ in 0..random.random_range(0..5).min(expected.len() - seen.len()) {
            seen.push(subscription.next().await.unwrap());
        }
        from = subscription.position();
    }
    assert_eq!(seen, expected);
}

async fn closing_ends_subscriptions(place: impl Place) {
    let store = place.open();
    fill(&store, 0..1).await;
    let mut beyond = store.subscribe(Position(2), Filter::All);
    let found = beyond.next().await;
    assert!(matches!(found, Err(ReadError::BeyondEnd { asked: 2, end: 1 })), "{found:?}");

    let stream = store.subscribe(Position(0), Filter::All).into_stream();
    let mut stream = Box::pin(stream);
    assert!(stream.next().await.unwrap().is_ok());
    let waiting = tokio::spawn(async move { stream.collect::<Vec<_>>().await });
    // Wakes the subscription without a record for it.
    let cursors = vec![(crate::sample::cursor("kafka/in"), Vec::new())];
    store.append(Batch { cursors, ..Batch::default() }).await.unwrap();
    store.close();
    let rest = waiting.await.unwrap();
    assert!(matches!(rest[..], [Err(ReadError::Closed)]), "{rest:?}");
}

async fn a_record_appended_while_the_subscription_looks_is_not_missed(place: impl Place) {
    // Each round the subscription finds nothing more just when the next record is appended; a
    // missed one would never be followed by another, and this test would not end.
    let store = place.open();
    let mut subscription = store.subscribe(Position(0), Filter::All);
    let (seen, mut saw) = tokio::sync::mpsc::channel(1);
    let follower = tokio::spawn(async move {
        for _ in 0..1000 {
            let record = subscription.next().await.unwrap();
            seen.send(record.position).await.unwrap();
        }
    });
    for n in 0..1000 {
        let new = crate::sample::record("local", None, "x");
        store.append(crate::sample::batch(vec![new])).await.unwrap();
        assert_eq!(saw.recv().await, Some(Position(n)));
    }
    follower.await.unwrap();
}

crate::place::on_each_engine!(
    nothing_is_lost_at_the_seam_under_concurrent_appends,
    a_slow_subscriber_reads_from_the_disk,
    a_subscription_can_be_left_and_resumed_anywhere,
    closing_ends_subscriptions,
    a_record_appended_while_the_subscription_looks_is_not_missed
);
