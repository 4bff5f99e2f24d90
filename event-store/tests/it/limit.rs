//! Each limit of a batch, just kept and just broken.

use event_store::{
    AppendError, BATCH_BYTES_MAX, BATCH_CURSORS_MAX, BATCH_RECORDS_MAX, Batch, CURSOR_BYTES_MAX,
    Engine, Expected, NewRecord, Position, RECORD_BYTES_MAX,
};

use crate::place::Place;
use crate::sample::{cursor, log, record, stream};

/// What a record takes beside its log name, leaf and payload.
const HEADER: usize = 40;

fn sized(length: usize) -> NewRecord {
    let payload = vec![7; length - HEADER - "local".len()];
    NewRecord { log: log("local"), stream: None, leaf: Vec::new(), payload }
}

async fn check(
    store: &impl Engine,
    batch: Batch,
    expected: Result<(), (&'static str, usize, usize)>,
) {
    let expected =
        expected.map_err(|(what, size, size_max)| AppendError::TooLarge { what, size, size_max });
    assert_eq!(store.append(batch).await.map(|_| ()), expected);
}

async fn limits_of_a_batch(place: impl Place) {
    let store = place.open();
    let of = |records: Vec<NewRecord>| Batch { records, ..Batch::default() };
    let cursors = |count: usize, length: usize| Batch {
        cursors: vec![(cursor("kafka/in"), vec![1; length]); count],
        ..Batch::default()
    };

    assert_eq!(store.append(Batch::default()).await, Err(AppendError::Empty));
    let max = RECORD_BYTES_MAX;
    check(&store, of(vec![sized(max)]), Ok(())).await;
    check(&store, of(vec![sized(max + 1)]), Err(("a record", max + 1, max))).await;
    let max = BATCH_BYTES_MAX;
    check(&store, of(vec![sized(RECORD_BYTES_MAX); 8]), Ok(())).await;
    let mut records = vec![sized(RECORD_BYTES_MAX); 8];
    records.push(sized(100));
    check(&store, of(records), Err(("the batch", max + 100, max))).await;
    let max = BATCH_RECORDS_MAX;
    check(&store, of(vec![record("local", None, "x"); max]), Ok(())).await;
    let many = vec![record("local", None, "x"); max + 1];
    check(&store, of(many), Err(("the number of records", max + 1, max))).await;
    let max = BATCH_CURSORS_MAX;
    check(&store, cursors(max, CURSOR_BYTES_MAX), Ok(())).await;
    check(&store, cursors(max + 1, 1), Err(("the number of cursors", max + 1, max))).await;
    let expecting = |count: usize| Batch {
        records: vec![record("local", None, "x")],
        expected: vec![(stream("nobody"), Expected::Absent); count],
        ..Batch::default()
    };
    let max = BATCH_RECORDS_MAX;
    check(&store, expecting(max), Ok(())).await;
    let refused = ("the number of expected streams", max + 1, max);
    check(&store, expecting(max + 1), Err(refused)).await;
    let max = CURSOR_BYTES_MAX;
    check(&store, cursors(1, max + 1), Err(("the value of a cursor", max + 1, max))).await;

    assert_eq!(store.next_position(), Position(10 + BATCH_RECORDS_MAX as u64));
}

crate::place::on_each_engine!(limits_of_a_batch);
