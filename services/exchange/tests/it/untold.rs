//! What cannot be told or answered now waits its turn: it is tried again later, and not at once,
//! and keeps nothing else from being told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use domain::identifier::CaseId;
use proto::ledger::v1::Label;

use crate::fake_supply::{Wanted, case_id};
use crate::stage::{Courier, Side, by_courier, nl, wait_until, xk};

/// More than one round looks at.
const COUNT: u64 = 300;

/// How often each case was read.
fn reads(side: &Side) -> BTreeMap<String, usize> {
    let mut reads = BTreeMap::new();
    for case in &side.ledger.store().read_cases {
        *reads.entry(case.clone()).or_default() += 1;
    }
    reads
}

fn cases(positions: impl Iterator<Item = u64>) -> BTreeMap<String, usize> {
    let printed = |at| CaseId::from_slice(&case_id(at)).unwrap().to_string();
    positions.map(|at| (printed(at), 1)).collect()
}

/// Runs the exchange until so many cases were read, and then a few rounds more.
async fn run(side: &mut Side, count: u64) {
    let count = usize::try_from(count).unwrap();
    let courier = Courier::absent();
    side.start(by_courier(xk()), Some(courier.config()), 10).await;
    wait_until(|| reads(side).len() >= count, || format!("{}", reads(side).len())).await;
    let polled = side.ledger.store().rounds;
    wait_until(|| side.ledger.store().rounds > polled + 10, || "no more rounds".to_owned()).await;
    side.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_has_its_turn_to_be_called_unreadable_and_none_is_tried_at_once_again() {
    let mut side = Side::new(nl());
    side.ledger.store().wanted = (0..COUNT).map(|at| Wanted::body(at, b"lost")).collect();
    side.ledger.store().hour_is_over = true;
    run(&mut side, COUNT).await;
    assert_eq!(reads(&side), cases(0..COUNT));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_called_unreadable_before_its_hour_is_over() {
    let mut side = Side::new(nl());
    side.ledger.store().wanted = vec![Wanted::body(1, b"late")];
    run(&mut side, 0).await;
    assert_eq!(reads(&side), BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_case_has_its_turn_to_be_stated_again_and_none_is_tried_at_once_again() {
    let mut side = Side::new(nl());
    let label = |name: &str, at| Label { label: name.to_owned(), case_id: case_id(at) };
    let mut labels: Vec<Label> = (0..COUNT).map(|at| label("restate/XK", at)).collect();
    // What another partner could not read.
    labels.push(label("restate/AL", COUNT));
    side.ledger.store().labels = labels;
    run(&mut side, COUNT).await;
    assert_eq!(reads(&side), cases(0..COUNT));
}
