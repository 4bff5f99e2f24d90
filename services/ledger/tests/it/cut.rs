//! The end of the journal is damaged, or torn: what the start cuts is told as no more than it is,
//! what is proven to be lost rings, and no number is signed twice.

use std::fs;
use std::path::PathBuf;

use event_store::RECORDS_LOST;
use proto::command::v1::Purpose;
use proto::ledger::v1::{GetStatusRequest, GetStatusResponse, WaitingFor};

use crate::restored::{number, read, signed};
use crate::witness::fetch_back;
use crate::world::{Running, Site, corridor, evidence, exchange};

fn segment(site: &Site) -> PathBuf {
    site.data().join("store/journal/0000000000000000.seg")
}

/// Where the last frame begins.
fn last_frame(journal: &[u8]) -> usize {
    journal.windows(4).rposition(|word| word == b"RFRM").unwrap()
}

/// Flips a bit in the last frame of a stopped node.
fn flip(site: &Site) {
    let mut journal = fs::read(segment(site)).unwrap();
    let last = last_frame(&journal);
    journal[last + 60] ^= 1;
    fs::write(segment(site), journal).unwrap();
}

/// The index is gone: nothing but the journal says what was stored.
fn forget_the_index(site: &Site) {
    fs::remove_dir_all(site.data().join("store/index")).unwrap();
}

async fn status(node: &Running) -> GetStatusResponse {
    let request = GetStatusRequest { caller: Some(node.operator().context(Purpose::Unspecified)) };
    node.client.clone().get_status(request).await.unwrap().into_inner()
}

/// What a start has cut, and the alarms of the corridor.
async fn told(node: &Running) -> (u64, Vec<String>) {
    let status = status(node).await;
    (status.recovered_cut_bytes, status.corridors[0].alarms.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_group_of_accesses_that_is_gone_rings_until_it_was_looked_into() {
    // Symptom: a group of accesses alone, acknowledged and then damaged, was cut as "never
    // answered". No mark counts it, and the index that knew it was made anew without a word.
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "one").await.case_id;
    exchange(&nl, &xk).await;
    read(&nl, "return-office", &case).await;
    let stored = status(&nl).await.store_position;
    nl.stop().await;
    flip(&nl_site);

    let nl = nl_site.start().await;
    let (cut, alarms) = told(&nl).await;
    assert!(cut > 0);
    assert_eq!(alarms, ["records-lost"]);
    let held = status(&nl).await.store_position;
    assert!(held < stored, "{held:?} {stored:?}");
    // It goes on; the alarm stays over further starts.
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    nl.stop().await;
    let nl = nl_site.start().await;
    assert_eq!(told(&nl).await, (0, vec!["records-lost".to_owned()]));
    nl.stop().await;
    fs::remove_file(nl_site.data().join("store").join(RECORDS_LOST)).unwrap();
    let nl = nl_site.start().await;
    assert_eq!(told(&nl).await, (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn released_dispatches_in_a_damaged_last_group_come_back_before_anything_is_said() {
    for index_knows in [true, false] {
        let (nl_site, xk_site, nl, xk) = corridor().await;
        let case = nl.file("return-office", "one").await.case_id;
        exchange(&nl, &xk).await;
        // The last group is this dispatch: its partner has it, and nothing was stored since.
        nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
        let (last, before) = (number(&nl).await, signed(&nl).await);
        for dispatch in nl.dispatches(last).await {
            xk.import(&dispatch.dispatch).await;
        }
        nl.stop().await;
        flip(&nl_site);
        if !index_knows {
            forget_the_index(&nl_site);
        }

        let nl = nl_site.start().await;
        let (cut, alarms) = told(&nl).await;
        assert!(cut > 0);
        let rung: &[&str] = if index_knows { &["waiting", "records-lost"] } else { &["waiting"] };
        assert_eq!(alarms, rung);
        let waiting = nl.status().await.waiting.unwrap();
        assert_eq!(waiting.waiting_for(), WaitingFor::Dispatches);
        assert_eq!(waiting.signed, Some(last));
        assert_eq!(number(&nl).await, last - 1);
        let refused = nl.state_on("return-office", "other", &case, evidence()).await.unwrap_err();
        assert_eq!(refused.code().as_str(), "LEDGER-0006");

        fetch_back(&nl, &xk).await;
        exchange(&nl, &xk).await;
        assert_eq!(signed(&nl).await[..before.len()], before);
        nl.state_on("return-office", "other", &case, evidence()).await.unwrap();
        exchange(&nl, &xk).await;
        assert!(xk.faults().await.is_empty());
        drop(xk_site);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_end_that_was_never_committed_is_cut_and_rings_nothing() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "one").await.case_id;
    exchange(&nl, &xk).await;
    nl.stop().await;
    // A group that a crash has torn: of the bytes that another life of this store wrote next, the
    // first half is there.
    let other = nl_site.fork();
    let nl = other.start().await;
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    nl.stop().await;
    let (written, mut journal) =
        (fs::read(segment(&other)).unwrap(), fs::read(segment(&nl_site)).unwrap());
    let start = (0..journal.len()).find(|at| journal[*at] != written[*at]).unwrap();
    let end = written.iter().rposition(|byte| *byte != 0).unwrap();
    let half = start + (end - start) / 2;
    journal[start..half].copy_from_slice(&written[start..half]);
    fs::write(segment(&nl_site), journal).unwrap();

    let nl = nl_site.start().await;
    let (cut, alarms) = told(&nl).await;
    assert!(cut > 0);
    assert_eq!(alarms, Vec::<String>::new());
    nl.state_on("return-office", "more", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    assert!(xk.faults().await.is_empty());
}
