//! Many at once: what waits shares one dispatch and one write.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::world::{corridor, evidence, exchange};

/// Tasks that write at the same time.
const TASKS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_writers_share_dispatches() {
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let nl = Arc::new(nl);
    let before = nl.status().await.own_head.unwrap().number;
    let filings = (0..TASKS).map(|task| {
        let nl = Arc::clone(&nl);
        async move { nl.file("return-office", &format!("file-{task}")).await }
    });
    let receipts = join_all(filings).await;

    let numbers: BTreeSet<_> = receipts.iter().map(|it| it.case_number.clone()).collect();
    assert_eq!(numbers.len(), TASKS, "each case has a number of its own");
    let positions: BTreeSet<_> = receipts.iter().map(|it| it.positions[0]).collect();
    assert_eq!(positions.len(), TASKS);
    let dispatches = nl.status().await.own_head.unwrap().number - before;
    assert!(dispatches < TASKS as u64 / 2, "{dispatches} dispatches for {TASKS} appends");

    exchange(&nl, &xk).await;
    for receipt in &receipts {
        let here = nl.read(&nl.official("return-office"), &receipt.case_id).await.unwrap();
        let there = xk.read(&xk.official("ministry"), &receipt.case_id).await.unwrap();
        assert_eq!(here.case.text(), there.case.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_at_the_same_time_is_written_once() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let nl = Arc::new(nl);
    let filings = (0..16).map(|_| {
        let nl = Arc::clone(&nl);
        async move { nl.file("return-office", "the-same").await }
    });
    let receipts = join_all(filings).await;
    let cases: BTreeSet<_> = receipts.iter().map(|it| it.case_id.clone()).collect();
    assert_eq!(cases.len(), 1);
    assert_eq!(receipts.iter().filter(|it| !it.replayed).count(), 1);
    let reading = nl.read(&nl.official("return-office"), &receipts[0].case_id).await.unwrap();
    assert_eq!(reading.case.history.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_on_one_case_are_decided_again_and_none_is_lost() {
    let (_nl_site, _xk_site, nl, _xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    let nl = Arc::new(nl);
    let reports = (0..4).map(|task| {
        let (nl, case) = (Arc::clone(&nl), filed.case_id.clone());
        let request_id = format!("report-{task}");
        async move { nl.state_on("return-office", &request_id, &case, evidence()).await }
    });
    for receipt in join_all(reports).await {
        receipt.unwrap();
    }
    let reading = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    assert_eq!(reading.case.history.len(), 5);
}

/// Runs all at the same time and waits for all.
async fn join_all<T: Send + 'static>(
    futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(tasks.len());
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
