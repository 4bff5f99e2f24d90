//! A clock that ran ahead: its State has muted itself, and the root key's word lets it speak again.

use domain::case::event::{ClockCorrected, Opaque, Statement};
use domain::time::Instant;
use ledger::FixedClock;
use proto::ledger::v1::ImportOutcome;
use record::root_statement;

use crate::world::{HOUR_MS, NOW_MS, corridor, evidence, exchange, genesis, later};

const YEAR_MS: u64 = 365 * 24 * HOUR_MS;

#[tokio::test]
async fn a_clock_that_ran_a_year_ahead_is_corrected_and_nothing_is_lost() {
    let (mut nl_site, xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let wanted = xk.status().await.next_wanted;
    later(&nl_site, YEAR_MS);
    for request_id in ["one", "two"] {
        nl.state_on("return-office", request_id, &filed.case_id, evidence()).await.unwrap();
    }
    // A heartbeat may be among them: the hour is long over.
    let ahead = nl.dispatches(wanted).await;
    let until = wanted + ahead.len() as u64;
    for (index, sent) in ahead.iter().enumerate() {
        let parked =
            if index == 0 { ImportOutcome::ParkedFuture } else { ImportOutcome::ParkedGap };
        assert_eq!(xk.import(&sent.dispatch).await.outcome(), parked);
    }
    // The clock is right again; times never fall, so nothing that NL says would be heard.
    nl.stop().await;
    nl_site.clock = FixedClock::new(Instant::from_ms(NOW_MS));
    let nl = nl_site.start().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    let said = root_statement::Statement::ClockCorrected;
    let root_statement = Opaque(nl_site.root_says(&genesis, 3, said));
    let corrected = Statement::ClockCorrected(ClockCorrected { root_statement });
    nl.state_on_corridor("correct", vec![corrected]).await.unwrap();
    let correction = nl.dispatches(until).await.remove(0);
    xk.import(&correction.dispatch).await;
    let status = xk.status().await;
    assert_eq!((status.parked, status.next_wanted), (0, until + 1));
    assert_eq!(status.partner_head.unwrap().time_ms, NOW_MS);
    // No word of XK has heard a part of it, and XK's own time was not carried along.
    exchange(&nl, &xk).await;
    let own = xk.status().await.own_head.unwrap();
    assert_eq!((own.time_ms, own.heard.unwrap().number), (NOW_MS, until));
    for sent in xk.dispatches(0).await {
        let dispatch = record::dispatch::Dispatch::decode(&sent.dispatch).unwrap();
        let heard = dispatch.signed_header.header().heard.map(|heard| heard.number);
        assert!(heard.is_none_or(|heard| heard < wanted || heard >= until));
    }
    // Both go on with the time as it is.
    nl.state_on("return-office", "three", &filed.case_id, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    let reading = nl.read(&nl.official("return-office"), &filed.case_id).await.unwrap();
    assert!(reading.case.history.iter().all(|judged| judged.at.time.as_ms() == NOW_MS));
}
