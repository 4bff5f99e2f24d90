//! Never fork: a node on an old copy of its store says nothing before it has everything back that
//! it had signed, and every open case then carries the safeguard `restored`.

use std::fs;

use domain::identifier::State;
use domain::referral::Safeguard;
use ledger::{MarkError, StartError};
use proto::ledger::v1::{ImportOutcome, TakeBackOutcome, WaitingFor, Witness, WitnessVerdict};
use proto::record::v1::Dispatch;
use record::canonical;
use runtime::command::Reading;

use crate::witness::fetch_back;
use crate::world::{HOUR_MS, Running, Site, copy_folder, corridor, evidence, exchange, later};

/// The store of a site is replaced by a copy.
pub(crate) fn restore(site: &Site, copy: &tempfile::TempDir) {
    let store = site.data().join("store");
    fs::remove_dir_all(&store).unwrap();
    copy_folder(copy.path(), &store);
}

pub(crate) fn copy(site: &Site) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&site.data().join("store"), copy.path());
    copy
}

pub(crate) async fn number(node: &Running) -> u64 {
    node.status().await.own_head.unwrap().number
}

pub(crate) async fn read(node: &Running, office: &str, case: &str) -> Reading {
    node.read(&node.official(office), case).await.unwrap()
}

pub(crate) async fn is_restored(node: &Running, office: &str, case: &str) -> bool {
    let open: Vec<_> = read(node, office, case).await.safeguards().open().collect();
    open == [Safeguard::Restored]
}

/// Own dispatches as they were signed: without the case keys, which are wrapped anew each time.
pub(crate) async fn signed(node: &Running) -> Vec<Dispatch> {
    let dispatches = node.dispatches(0).await;
    let decoded = dispatches.iter().map(|it| canonical::decode(&it.dispatch).unwrap());
    decoded.map(|it: Dispatch| Dispatch { case_keys: Vec::new(), ..it }).collect()
}

/// A corridor in which NL has a case, then loses its store to a copy that lacks another case and
/// three of its own dispatches; both have spoken since.
struct Lost {
    nl_site: Site,
    xk_site: Site,
    xk: Running,
    copy: tempfile::TempDir,
    /// The last own dispatch of the copy, and of what was lost.
    kept: u64,
    last: u64,
    old_case: String,
    new_case: String,
    signed: Vec<Dispatch>,
}

async fn lose() -> Lost {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let old_case = nl.file("return-office", "old").await.case_id;
    exchange(&nl, &xk).await;
    let kept = number(&nl).await;
    nl.stop().await;
    let copy = copy(&nl_site);
    let nl = nl_site.start().await;
    xk.state_on("ministry", "said", &old_case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    let new_case = nl.file("return-office", "new").await.case_id;
    exchange(&nl, &xk).await;
    nl.state_on("return-office", "more", &new_case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    let (last, signed) = (number(&nl).await, signed(&nl).await);
    assert!(last >= kept + 3);
    nl.stop().await;
    restore(&nl_site, &copy);
    Lost { nl_site, xk_site, xk, copy, kept, last, old_case, new_case, signed }
}

#[tokio::test]
async fn an_old_copy_says_nothing_before_it_has_everything_back() {
    let lost = lose().await;
    let (xk, last) = (&lost.xk, lost.last);
    let nl = lost.nl_site.start().await;
    let waiting = nl.status().await.waiting.unwrap();
    assert_eq!(waiting.waiting_for(), WaitingFor::Dispatches);
    assert_eq!(waiting.signed, Some(last));
    assert!(nl.heads().await.waiting);

    // It reads, imports and answers, and says nothing.
    let refused = nl.try_file("return-office", "third", b"file").await.unwrap_err();
    assert_eq!(refused.code().as_str(), "LEDGER-0006");
    for site in [&lost.nl_site, &lost.xk_site] {
        later(site, 2 * HOUR_MS);
    }
    nl.handle.tick().await;
    read(&nl, "return-office", &lost.old_case).await;
    assert_eq!(number(&nl).await, lost.kept);
    let newest = xk.dispatches(0).await.pop().unwrap();
    assert_eq!(nl.import(&newest.dispatch).await.outcome(), ImportOutcome::ParkedGap);
    // Nothing is missing before this one; it waits for what it may not be judged without.
    let next = nl.status().await.next_wanted;
    let next = xk.dispatches(next).await.remove(0);
    assert_eq!(nl.import(&next.dispatch).await.outcome(), ImportOutcome::HeldBack);
    assert_eq!(nl.status().await.next_wanted, next.number);
    assert_eq!(nl.status().await.stopped, "");

    let heard = nl.ask(xk).await;
    assert_eq!((heard.verdict(), heard.takes_back), (WitnessVerdict::Newer, true));
    assert_eq!(nl.status().await.waiting.unwrap().partner.unwrap().holds, Some(last));
    assert_eq!(fetch_back(&nl, xk).await as u64, last - lost.kept);
    nl.writes_again(last + 1).await;
    assert_eq!(signed(&nl).await[..lost.signed.len()], lost.signed);

    // Every open case waits for an official, also the one that the copy did not know.
    for case in [&lost.old_case, &lost.new_case] {
        assert!(is_restored(&nl, "return-office", case).await, "{case}");
    }
    let third = nl.file("return-office", "third").await;
    assert_eq!(third.case_number, "NL-XK-2026-000003", "a number is given once");
    exchange(&nl, xk).await;
    assert_eq!(xk.status().await.stopped, "");
    for case in [&lost.old_case, &lost.new_case, &third.case_id] {
        let here = read(&nl, "return-office", case).await;
        let there = read(xk, "ministry", case).await;
        assert_eq!(here.case.text(), there.case.text());
        assert_eq!(here.bodies, there.bodies);
    }
    // It is whole from now on.
    nl.stop().await;
    let nl = lost.nl_site.start().await;
    assert_eq!(nl.status().await.waiting, None);
    assert!(!is_restored(&nl, "return-office", &third.case_id).await);
}

#[tokio::test]
async fn a_node_that_ends_on_the_way_begins_again() {
    // Symptom: a node that was ended after it had taken everything back, and before the open cases
    // carried the safeguard, would have found its store level with the mark.
    let lost = lose().await;
    let nl = lost.nl_site.start().await;
    nl.ask(&lost.xk).await;
    let dispatches = lost.xk.held("NL", lost.kept + 1).await;
    assert_eq!(nl.take_back(&dispatches[0]).await.outcome(), TakeBackOutcome::NeedsPartner);
    nl.stop().await;
    let nl = lost.nl_site.start().await;
    assert_eq!(fetch_back(&nl, &lost.xk).await as u64, lost.last - lost.kept);
    nl.writes_again(lost.last + 1).await;
    assert!(is_restored(&nl, "return-office", &lost.new_case).await);
    nl.stop().await;
    // And a copy that is older than a restored store is one again.
    restore(&lost.nl_site, &lost.copy);
    let nl = lost.nl_site.start().await;
    assert_eq!(nl.status().await.waiting.unwrap().signed, Some(lost.last + 1));
}

#[tokio::test]
async fn what_the_own_topic_holds_beyond_the_partner_is_waited_for() {
    let lost = lose().await;
    // One more dispatch, which the partner has not got, and the topic has.
    let nl = lost.nl_site.start().await;
    fetch_back(&nl, &lost.xk).await;
    nl.writes_again(lost.last + 1).await;
    let on_topic = nl.dispatches(lost.last + 1).await.pop().unwrap().dispatch;
    nl.stop().await;
    restore(&lost.nl_site, &lost.copy);

    let nl = lost.nl_site.start().await;
    nl.ask(&lost.xk).await;
    fetch_back(&nl, &lost.xk).await;
    let waiting = nl.status().await.waiting.unwrap();
    assert_eq!((waiting.signed, number(&nl).await), (Some(lost.last + 1), lost.last));
    assert!(waiting.reason.contains(&format!("{0} to {0}", lost.last + 1)), "{}", waiting.reason);
    let header = canonical::decode::<Dispatch>(&on_topic).unwrap().signed_header;
    assert_eq!(nl.hear(Witness::Topic, header).await.verdict(), WitnessVerdict::Newer);
    assert_eq!(nl.take_back(&on_topic).await.outcome(), TakeBackOutcome::Stored);
    nl.writes_again(lost.last + 2).await;
    exchange(&nl, &lost.xk).await;
    assert_eq!(lost.xk.status().await.stopped, "");
}

#[tokio::test]
async fn a_local_log_that_is_behind_is_noticed_where_the_exchanged_logs_are_whole() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_id;
    exchange(&nl, &xk).await;
    nl.stop().await;
    let copy = copy(&nl_site);
    let nl = nl_site.start().await;
    nl.open_safeguard("found", &case, Safeguard::FitnessToTravel).await;
    let last = number(&nl).await;
    nl.stop().await;
    restore(&nl_site, &copy);
    // It needs nobody: every dispatch is there.
    let nl = nl_site.start().await;
    nl.writes_again(last + 1).await;
    assert!(is_restored(&nl, "return-office", &case).await);
    exchange(&nl, &xk).await;
}

#[tokio::test]
async fn a_partner_that_answers_too_low_is_named_and_changes_nothing() {
    let (_nl_site, xk_site, nl, xk) = corridor().await;
    xk.stop().await;
    let old = copy(&xk_site);
    let xk = xk_site.start().await;
    nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let before = nl.heads().await;
    xk.stop().await;
    restore(&xk_site, &old);
    let xk = xk_site.start().await;
    assert_eq!(nl.ask(&xk).await.verdict(), WitnessVerdict::Low);
    assert!(nl.status().await.answers_low.contains("has receipted dispatch"));
    assert_eq!(nl.hear(Witness::Partner, Vec::new()).await.verdict(), WitnessVerdict::Low);
    assert_eq!(nl.heads().await, before);
    nl.file("return-office", "another").await;
    // It has got everything again: the alarm ends.
    let signed = xk.status().await.waiting.unwrap().signed.unwrap();
    fetch_back(&xk, &nl).await;
    xk.writes_again(signed + 1).await;
    exchange(&nl, &xk).await;
    assert_eq!(nl.ask(&xk).await.verdict(), WitnessVerdict::Known);
    assert_eq!(nl.status().await.answers_low, "");
}

#[tokio::test]
async fn a_newer_dispatch_by_a_stolen_key_stops_the_writing_and_is_kept() {
    // Whoever has the key writes on where the node stands, and the partner takes it.
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let last = number(&nl).await;
    let thief_site = nl_site.fork();
    let thief = thief_site.start().await;
    thief.file("return-office", "forged").await;
    for forged in thief.dispatches(last + 1).await {
        assert_eq!(xk.import(&forged.dispatch).await.outcome(), ImportOutcome::Stored);
    }
    let heard = nl.ask(&xk).await;
    assert_eq!(heard.verdict(), WitnessVerdict::Forged);
    assert!(heard.reason.contains("readmit keys revoke"), "{}", heard.reason);
    let refused = nl.try_file("return-office", "file", b"file").await.unwrap_err();
    assert_eq!(refused.code().as_str(), "LEDGER-0001");
    assert_eq!(number(&nl).await, last);
    // Also after a restart; and it is kept once.
    nl.ask(&xk).await;
    nl.stop().await;
    let nl = nl_site.start().await;
    assert!(nl.status().await.stopped.contains("readmit keys revoke"));
    nl.stop().await;
    let store = event_store::Store::open(nl_site.data().join("store"), Default::default()).unwrap();
    assert_eq!(store.log_size(&event_store::LogName::new("proofs/XK").unwrap()), 1);
}

/// NL on an old copy, after it and a thief with a copy of everything signed different words under
/// the same two numbers; what each signed.
async fn rivals() -> (Site, Running, Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    let next = number(&nl).await + 1;
    nl.stop().await;
    let (old, thief_site) = (copy(&nl_site), nl_site.fork());
    let (nl, thief) = (nl_site.start().await, thief_site.start().await);
    let mut signed = Vec::new();
    for (node, word) in [(&nl, "true"), (&thief, "forged")] {
        for turn in 0..2 {
            node.file("return-office", &format!("{word}-{turn}")).await;
        }
        let dispatches = node.dispatches(next).await;
        signed.push(dispatches.into_iter().map(|it| it.dispatch).collect::<Vec<_>>());
    }
    nl.stop().await;
    restore(&nl_site, &old);
    let nl = nl_site.start().await;
    let forged = signed.pop().unwrap();
    (nl_site, nl, signed.pop().unwrap(), forged)
}

#[tokio::test]
async fn a_forged_dispatch_at_the_mark_is_not_taken_back() {
    let (_nl_site, nl, real, forged) = rivals().await;
    let before = number(&nl).await;
    assert_eq!(nl.take_back(&real[0]).await.outcome(), TakeBackOutcome::Stored);
    assert_eq!(nl.take_back(&forged[0]).await.outcome(), TakeBackOutcome::Forged);
    assert!(nl.status().await.stopped.contains("readmit keys revoke"));
    assert_eq!(number(&nl).await, before + 1);
    // What it signed itself still comes back.
    assert_eq!(nl.take_back(&real[1]).await.outcome(), TakeBackOutcome::Stored);
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Safeguards);

    let (_nl_site, nl, real, forged) = rivals().await;
    assert_eq!(nl.take_back(&real[0]).await.outcome(), TakeBackOutcome::Stored);
    assert_eq!(nl.take_back(&forged[1]).await.outcome(), TakeBackOutcome::Forged);
}

#[tokio::test]
async fn a_forged_dispatch_below_the_mark_is_found_out_by_what_follows() {
    let (nl_site, nl, real, forged) = rivals().await;
    assert_eq!(nl.take_back(&forged[0]).await.outcome(), TakeBackOutcome::Stored);
    assert_eq!(nl.take_back(&real[1]).await.outcome(), TakeBackOutcome::Forged);
    assert!(nl.status().await.stopped.contains("readmit keys revoke"));
    let waiting = nl.status().await.waiting.unwrap();
    assert_eq!(waiting.waiting_for(), WaitingFor::Dispatches);
    nl.stop().await;
    let nl = nl_site.start().await;
    assert!(nl.status().await.stopped.contains("readmit keys revoke"));
}

#[tokio::test]
async fn bytes_that_this_state_did_not_sign_are_neither_taken_back_nor_believed() {
    let lost = lose().await;
    let nl = lost.nl_site.start().await;
    let foreign = lost.xk.dispatches(0).await.pop().unwrap().dispatch;
    assert_eq!(nl.take_back(&foreign).await.outcome(), TakeBackOutcome::NotTaken);
    assert_eq!(nl.take_back(b"nothing").await.outcome(), TakeBackOutcome::NotTaken);
    let mut bad: Dispatch = canonical::decode(&lost.xk.held("NL", lost.kept + 1).await[0]).unwrap();
    *bad.signed_header.last_mut().unwrap() ^= 1;
    assert_eq!(nl.take_back(&canonical::encode(&bad)).await.outcome(), TakeBackOutcome::NotTaken);
    let header = canonical::decode::<Dispatch>(&foreign).unwrap().signed_header;
    assert_eq!(nl.hear(Witness::Partner, header).await.verdict(), WitnessVerdict::NotSigned);
    assert_eq!(nl.status().await.stopped, "");
    assert_eq!(number(&nl).await, lost.kept);
}

#[tokio::test]
async fn a_lost_mark_waits_for_the_partner_and_an_operator() {
    let lost = lose().await;
    let marks = lost.nl_site.folder.path().join("marks");
    fs::remove_dir_all(&marks).unwrap();
    let nl = lost.nl_site.start().await;
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Operator);
    let refused = |status: &tonic::Status| {
        assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
        status.message().to_owned()
    };
    // Not before the partner has answered since the start.
    let why = refused(&nl.resume(Some(lost.last)).await.unwrap_err());
    assert!(why.contains("has not answered"), "{why}");
    nl.ask(&lost.xk).await;
    // Nor with another number, nor before what it holds is here.
    let why = refused(&nl.resume(Some(lost.last - 1)).await.unwrap_err());
    assert!(why.contains("and not"), "{why}");
    let why = refused(&nl.resume(Some(lost.last)).await.unwrap_err());
    assert!(why.contains("fetched back first"), "{why}");
    fetch_back(&nl, &lost.xk).await;
    let waiting = nl.status().await.waiting.unwrap();
    assert_eq!(waiting.waiting_for(), WaitingFor::Operator, "nobody has spoken yet");
    // However often it is started.
    nl.stop().await;
    let nl = lost.nl_site.start().await;
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Operator);
    nl.ask(&lost.xk).await;

    let made = nl.resume(Some(lost.last)).await.unwrap().unwrap();
    assert_eq!(made.number, lost.last + 1);
    nl.writes_again(lost.last + 1).await;
    for case in [&lost.old_case, &lost.new_case] {
        assert!(is_restored(&nl, "return-office", case).await);
    }
    exchange(&nl, &lost.xk).await;
    nl.stop().await;
    let nl = lost.nl_site.start().await;
    assert_eq!(nl.status().await.waiting, None);
    let nothing = nl.resume(Some(lost.last)).await.unwrap_err();
    assert!(refused(&nothing).contains("nothing is waited for"));
}

#[tokio::test]
async fn dispatches_that_nobody_holds_are_given_up_on_the_record_only() {
    let lost = lose().await;
    // The last one was signed and never sent.
    let nl = lost.nl_site.start().await;
    fetch_back(&nl, &lost.xk).await;
    nl.writes_again(lost.last + 1).await;
    nl.stop().await;
    restore(&lost.nl_site, &lost.copy);
    let nl = lost.nl_site.start().await;
    nl.ask(&lost.xk).await;
    fetch_back(&nl, &lost.xk).await;
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Dispatches);
    let made = nl.resume(Some(lost.last)).await.unwrap().unwrap();
    assert_eq!(made.number, lost.last + 1);
    exchange(&nl, &lost.xk).await;
    nl.stop().await;
    assert_eq!(lost.nl_site.start().await.status().await.waiting, None);
}

#[tokio::test]
async fn a_store_of_another_history_is_not_started() {
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    nl.stop().await;
    let thief_site = nl_site.fork();
    let (nl, thief) = (nl_site.start().await, thief_site.start().await);
    nl.file("return-office", "file").await;
    thief.file("return-office", "forged").await;
    nl.stop().await;
    thief.stop().await;
    restore(&nl_site, &copy(&thief_site));
    let refused = nl_site.try_start().await.unwrap_err();
    let StartError::Mark { source, partner } = refused else { panic!("{refused:?}") };
    assert!(matches!(source, MarkError::OtherContents { .. }), "{source:?}");
    assert_eq!(partner, State::new("XK").unwrap());
}
