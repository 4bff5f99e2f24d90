//! What every engine does, each test run against each of them: the store on files, the store on the
//! simulated disk, the engine in memory. Subscriptions, labels, proofs and limits have files of
//! their own.

use std::collections::BTreeSet;

use event_store::{
    AppendError, Appended, Batch, Engine, Expected, Filter, OpenError, Placed, Position, ReadError,
    Revision,
};

use crate::place::Place;
use crate::sample::{LOGS, answers, batch, cursor, fill, log, numbered, record, since, stream};

async fn records_are_numbered_in_store_log_and_stream(place: impl Place) {
    let store = place.open();
    let records = vec![
        record(LOGS[0], Some("case"), "first"),
        record(LOGS[1], Some("case"), "second"),
        record(LOGS[0], None, "third"),
    ];
    let placed = |position, log_name, log_index, revision: Option<u64>| Placed {
        position: Position(position),
        log: log(log_name),
        log_index,
        revision: revision.map(Revision),
    };
    let appended = store.append(batch(records.clone())).await.unwrap();
    let expected = Appended {
        first: Position(0),
        next: Position(3),
        records: vec![
            placed(0, LOGS[0], 0, Some(0)),
            placed(1, LOGS[1], 0, Some(1)),
            placed(2, LOGS[0], 1, None),
        ],
    };
    assert_eq!(appended, expected);

    let read = store.read_log(&log(LOGS[0]), 0, 10).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].leaf, records[0].leaf);
    assert_eq!(read[0].payload, records[0].payload);
    assert_eq!(store.read_log(&log(LOGS[0]), 1, 10).unwrap(), read[1..]);
    assert_eq!(store.read_stream(&stream("case"), Revision(0), 10).unwrap().len(), 2);
    assert_eq!(store.read_stream(&stream("none"), Revision(0), 10).unwrap(), []);
    assert_eq!(store.read_log(&log("none"), 0, 10).unwrap(), []);
    assert_eq!(since(&store, &Filter::Log(log(LOGS[1])), 10).len(), 1);
    assert_eq!(since(&store, &Filter::LogPrefix("entries/".to_owned()), 10).len(), 3);
    assert_eq!(store.next_position(), Position(3));
}

async fn expectations_are_checked_before_the_batch(place: impl Place) {
    let store = place.open();
    let append = async |expected: Expected| {
        let records = vec![record("local", Some("case"), "x"), record("local", Some("case"), "y")];
        let expected = vec![(stream("case"), expected)];
        let cursors = vec![(cursor("kafka/in"), b"moved".to_vec())];
        store.append(Batch { records, expected, cursors }).await
    };
    let conflict = |expected, found: Option<u64>| AppendError::Conflict {
        stream: stream("case"),
        expected,
        found: found.map(Revision),
    };
    let at = |revision| Expected::Revision(Revision(revision));

    assert_eq!(append(Expected::Exists).await, Err(conflict(Expected::Exists, None)));
    assert_eq!(append(at(0)).await, Err(conflict(at(0), None)));
    assert_eq!(store.cursor(&cursor("kafka/in")), None, "a refused batch sets no cursor");
    assert_eq!(store.next_position(), Position(0));
    assert!(append(Expected::Absent).await.is_ok());
    assert_eq!(append(Expected::Absent).await, Err(conflict(Expected::Absent, Some(1))));
    assert_eq!(append(at(0)).await, Err(conflict(at(0), Some(1))));
    assert!(append(at(1)).await.is_ok());
    assert!(append(Expected::Exists).await.is_ok());
    assert!(append(Expected::Any).await.is_ok());
    assert_eq!(store.stream_revision(&stream("case")).unwrap(), Some(Revision(7)));
    assert_eq!(store.cursor(&cursor("kafka/in")), Some(b"moved".to_vec()));
}

async fn of_many_batches_that_expect_the_same_one_wins(place: impl Place) {
    let store = place.open();
    for round in 0..20 {
        let expected = match round {
            0 => Expected::Absent,
            _ => Expected::Revision(Revision(round - 1)),
        };
        let racing = (0..16).map(|racer| {
            let records = vec![record("local", Some("case"), &format!("{round}.{racer}"))];
            let expected = vec![(stream("case"), expected)];
            store.append(Batch { records, expected, cursors: Vec::new() })
        });
        let results = futures::future::join_all(racing).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    }
    assert_eq!(store.next_position(), Position(20));
    answers(&store);
}

async fn what_was_acknowledged_is_seen_by_every_read(place: impl Place) {
    let store = place.open();
    let tasks = (0..8).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            let id = format!("stream {task}");
            for n in 0..40_u64 {
                let new = record("local", Some(&id), &format!("{task}.{n}"));
                let appended = store.append(batch(vec![new.clone()])).await.unwrap();
                let placed = &appended.records[0];
                assert_eq!(placed.revision, Some(Revision(n)));
                let by_stream = store.read_stream(&stream(&id), Revision(n), 9).unwrap();
                let by_log = store.read_log(&log("local"), placed.log_index, 1).unwrap();
                let page = store.read_since(placed.position, &Filter::All, 1).unwrap();
                assert_eq!(by_stream, by_log);
                assert_eq!(by_stream, page.records);
                assert_eq!(by_stream[0].payload, new.payload);
                let all = store.read_stream(&stream(&id), Revision(0), 99).unwrap();
                assert_eq!(all.len() as u64, n + 1);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(answers(&store).all.len(), 320);
}

async fn a_place_beyond_the_end_is_an_error(place: impl Place) {
    let store = place.open();
    fill(&store, 0..1).await;
    let beyond = |result: Result<usize, ReadError>| match result {
        Err(ReadError::BeyondEnd { asked, end }) => (asked, end),
        other => panic!("{other:?}"),
    };
    assert_eq!(beyond(store.read_log(&log(LOGS[0]), 2, 1).map(|r| r.len())), (2, 1));
    assert_eq!(beyond(store.read_log(&log("none"), 1, 1).map(|r| r.len())), (1, 0));
    let read = store.read_stream(&stream("a"), Revision(2), 1);
    assert_eq!(beyond(read.map(|r| r.len())), (2, 1));
    let read = store.read_since(Position(2), &Filter::All, 1);
    assert_eq!(beyond(read.map(|r| r.records.len())), (2, 1));
}

async fn an_append_given_up_leaves_the_store_whole(place: impl Place) {
    let store = place.open();
    let mut certain = BTreeSet::new();
    for n in 0..60 {
        let append = store.append(numbered(n));
        if n % 3 == 0 {
            // Polled once, so that it may or may not have reached the writer.
            drop(futures::FutureExt::now_or_never(append));
        } else {
            certain.extend(append.await.unwrap().records.into_iter().map(|r| r.position));
        }
    }
    store.close();
    let store = place.open();
    let all = answers(&store).all;
    assert!(certain.iter().all(|position| all.iter().any(|r| r.position == *position)));
}

async fn who_blocks_and_who_waits_append_side_by_side(place: impl Place) {
    const EACH: usize = 40;
    let store = place.open();
    let stated =
        |who: &str, n: usize| batch(vec![record(LOGS[0], Some(who), &format!("{who} {n}"))]);
    let placed = std::thread::scope(|scope| {
        let blocking = ["one", "two", "three"].map(|who| {
            let store = store.clone();
            let append = move |n| store.append_blocking(stated(who, n)).unwrap();
            scope.spawn(move || (0..EACH).map(append).collect::<Vec<_>>())
        });
        let waiting = futures::executor::block_on(futures::future::join_all(
            (0..EACH).map(|n| store.append(stated("four", n))),
        ));
        let mut placed: Vec<Appended> = waiting.into_iter().map(Result::unwrap).collect();
        for thread in blocking {
            let of_thread = thread.join().unwrap();
            // Who appends one after the other finds them in that order.
            let revisions = of_thread.iter().map(|it| it.records[0].revision);
            assert!(revisions.eq((0..EACH as u64).map(|at| Some(Revision(at)))));
            placed.extend(of_thread);
        }
        placed
    });
    let positions: BTreeSet<u64> = placed.iter().map(|it| it.first.0).collect();
    assert!(positions.into_iter().eq(0..4 * EACH as u64), "each position once, and no gap");
    answers(&store);
    store.close();
    assert_eq!(store.append_blocking(stated("one", 0)), Err(AppendError::Closed));
}

async fn a_batch_goes_over_logs_streams_and_cursors_as_a_whole(place: impl Place) {
    let store = place.open();
    let follower = store.clone();
    // Whoever reads while batches are appended sees each whole.
    let reader = tokio::spawn(async move {
        let mut seen = 0;
        while seen < 200 {
            let value = follower.cursor(&cursor("kafka/in"));
            let known: u64 =
                value.map_or(0, |value| String::from_utf8(value).unwrap().parse().unwrap());
            seen = follower.log_size(&log(LOGS[0]));
            let other = follower.log_size(&log(LOGS[1]));
            assert!(known <= seen && seen <= other, "{known} {seen} {other}");
            tokio::task::yield_now().await;
        }
    });
    for n in 1..=200 {
        let records = vec![record(LOGS[0], Some("a"), "x"), record(LOGS[1], Some("a"), "y")];
        let cursors = vec![(cursor("kafka/in"), n.to_string().into_bytes())];
        store.append(Batch { records, cursors, expected: Vec::new() }).await.unwrap();
    }
    reader.await.unwrap();
}

async fn what_is_refused_leaves_nothing(place: impl Place) {
    let store = place.open();
    fill(&store, 0..10).await;
    let before = answers(&store);
    let wrong = vec![(stream("a"), Expected::Revision(Revision(99)))];
    for (expected, records) in [
        (wrong, vec![record("new", Some("new"), "x")]),
        (Vec::new(), vec![record("new", None, &"x".repeat(1 << 20))]),
        (Vec::new(), Vec::new()),
    ] {
        let cursors = match records.is_empty() {
            true => Vec::new(),
            false => vec![(cursor("kafka/in"), b"moved".to_vec())],
        };
        store.append(Batch { records, cursors, expected }).await.unwrap_err();
        assert_eq!(answers(&store), before);
    }
    assert_eq!(store.failure(), None);
    fill(&store, 10..11).await;
}

async fn appended_again_with_the_same_expectation_it_is_refused(place: impl Place) {
    let store = place.open();
    let command = || Batch {
        records: vec![record("local", Some("case"), "x")],
        expected: vec![(stream("case"), Expected::Absent)],
        ..Batch::default()
    };
    store.append(command()).await.unwrap();
    let again = store.append(command()).await.unwrap_err();
    let found = Some(Revision(0));
    let conflict =
        AppendError::Conflict { stream: stream("case"), expected: Expected::Absent, found };
    assert_eq!(again, conflict);
    assert_eq!(store.next_position(), Position(1));
}

async fn it_is_opened_once_and_keeps_what_it_has(place: impl Place) {
    let mut expected = None;
    for round in 0..3 {
        let store = place.open();
        assert!(matches!(place.try_open(), Err(OpenError::InUse)));
        if let Some(expected) = &expected {
            assert_eq!(&answers(&store), expected);
        }
        fill(&store, round * 30..(round + 1) * 30).await;
        expected = Some(answers(&store));
        let clone = store.clone();
        store.close();
        assert_eq!(clone.append(numbered(0)).await, Err(AppendError::Closed));
        assert!(matches!(clone.read_log(&log("none"), 0, 1), Err(ReadError::Closed)));
        place.lose_index();
    }
}

crate::place::on_each_engine!(
    records_are_numbered_in_store_log_and_stream,
    expectations_are_checked_before_the_batch,
    of_many_batches_that_expect_the_same_one_wins,
    what_was_acknowledged_is_seen_by_every_read,
    a_place_beyond_the_end_is_an_error,
    an_append_given_up_leaves_the_store_whole,
    who_blocks_and_who_waits_append_side_by_side,
    a_batch_goes_over_logs_streams_and_cursors_as_a_whole,
    what_is_refused_leaves_nothing,
    appended_again_with_the_same_expectation_it_is_refused,
    it_is_opened_once_and_keeps_what_it_has
);
