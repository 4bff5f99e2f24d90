//! Each check on what a store is healed with, by the words in which it refuses: the checksums of
//! the journal stand behind all of them, and would refuse in other words.

use event_store::{Batch, LogName, NewRecord, Options, Store, StoredRecord};
use ledger::{Damage, Wanted};
use proto::record::v1::Dispatch;
use proto::store::v1::StoredEntry;
use record::canonical;

use crate::faults::forged;
use crate::forger::{Forger, Said, case_key, filing};
use crate::healed::{Stopped, stopped};
use crate::restored::{copy, restore, signed};
use crate::restored_era::{Succeeded, succeeded};
use crate::world::{self, copy_folder, evidence, founded, genesis};
use domain::identifier::CaseId;
use proto::ledger::v1::ImportOutcome;

const CASE: CaseId = CaseId::new([9; 16]);
const OWN: &str = "entries/XK/NL/0";

fn last<'a>(stopped: &'a Stopped, log: &str) -> &'a StoredRecord {
    stopped.all_but_the_last().filter(|it| it.log.as_str() == log).last().unwrap()
}

/// Says why nothing was healed.
fn refused(damage: &Damage, sent: &[(Wanted, Vec<Vec<u8>>)]) -> String {
    damage.heal(sent, &mut |_| ()).unwrap_err().to_string()
}

type Change<'a> = &'a dyn Fn(&mut Dispatch);

/// What is honest, with one dispatch changed.
fn lie(
    stopped: &Stopped,
    damage: &Damage,
    number: u64,
    change: impl Fn(&mut Dispatch),
) -> Vec<(Wanted, Vec<Vec<u8>>)> {
    let mut honest = stopped.honest(damage);
    for (wanted, sent) in &mut honest {
        if wanted.author != stopped.site.state {
            continue;
        }
        let at = usize::try_from(number - wanted.from_number).unwrap();
        let mut dispatch: Dispatch = canonical::decode(&sent[at]).unwrap();
        change(&mut dispatch);
        sent[at] = canonical::encode(&dispatch);
    }
    honest
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_that_was_sent_is_held_to_its_header_and_its_log_entry_by_entry() {
    let stopped = stopped().await;
    let record = last(&stopped, OWN);
    let entry: StoredEntry = canonical::decode(&record.payload).unwrap();
    stopped.damage(&[record]);
    let damage = stopped.find().unwrap();
    let other = stopped.own.iter().rev().find(|it| it.entries.len() == 1).unwrap().entries.clone();
    let earlier = stopped.own[1].entries.clone();
    assert_ne!((&other, other.len()), (&earlier, 0));
    let lies: [(&str, Change<'_>); 8] = [
        ("has other facts than its head names", &|it| it.entries[0].facts[0] ^= 1),
        ("has another body than its head names", &|it| it.entries[0].sealed_body[0] ^= 1),
        ("that has no head", &|it| it.entries[0].head.clear()),
        ("lacks the body of entry", &|it| it.entries[0].sealed_body.clear()),
        ("does not continue the log: ", &|it| it.entries.clear()),
        // Good entries, with bodies and all, of which the header does not speak.
        ("does not continue the log: ", &|it| it.entries.clone_from(&earlier)),
        ("does not continue the log: ", &|it| it.entries.push(earlier[0].clone())),
        ("is not signed by its key", &|it| *it.signed_header.last_mut().unwrap() ^= 1),
    ];
    for (index, (words, change)) in lies.into_iter().enumerate() {
        let said = refused(&damage, &lie(&stopped, &damage, entry.dispatch, change));
        let names = format!("dispatch {} of NL, as XK sent it, ", entry.dispatch);
        assert!(said.starts_with(&names) && said.contains(words), "{index}: {said}");
    }
    damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
    assert!(stopped.is_whole());
}

/// The same store with more records, which nobody of the node's own would write.
fn with(stopped: Stopped, records: Vec<NewRecord>) -> Stopped {
    let Stopped { site, own, partner, .. } = stopped;
    let store = Store::open(site.data().join("store"), Options::default()).unwrap();
    store.append_blocking(Batch { records, ..Batch::default() }).unwrap();
    store.close();
    Stopped::new(site, own, partner)
}

fn again(record: &StoredRecord) -> NewRecord {
    let StoredRecord { log, stream, leaf, payload, .. } = record.clone();
    NewRecord { log, stream, leaf, payload }
}

fn entry(record: &StoredRecord, change: impl Fn(&mut StoredEntry)) -> NewRecord {
    let mut stored: StoredEntry = canonical::decode(&record.payload).unwrap();
    change(&mut stored);
    NewRecord { payload: canonical::encode(&stored), ..again(record) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_in_the_store_is_held_to_its_headers_too() {
    let stopped = stopped().await;
    let (of_entry, of_header) = (last(&stopped, OWN).clone(), last(&stopped, "headers/XK/NL/0"));
    let of_header = of_header.clone();
    let lies = [
        ("has other facts than its head names", entry(&of_entry, |it| it.facts[0] ^= 1)),
        ("has another body than its head names", entry(&of_entry, |it| it.sealed_body[0] ^= 1)),
        ("has no head", NewRecord { leaf: vec![1], ..again(&of_entry) }),
        ("of NL cannot be read", NewRecord { payload: vec![0xff], ..again(&of_entry) }),
        ("is no header", NewRecord { leaf: vec![1], ..again(&of_header) }),
        // A good one for the second time.
        ("of NL does not continue its log: ", again(&of_header)),
    ];
    let before = tempfile::tempdir().unwrap();
    copy_folder(&stopped.site.data(), before.path());
    let mut stopped = stopped;
    for (words, record) in lies {
        std::fs::remove_dir_all(stopped.site.data()).unwrap();
        copy_folder(before.path(), &stopped.site.data());
        // A further one, so that it is not in the last frame, which a crash may have torn.
        stopped = with(with(stopped, vec![record]), vec![again(&of_header)]);
        stopped.damage(&[&of_entry]);
        let damage = stopped.find().unwrap();
        let said = refused(&damage, &stopped.honest(&damage));
        assert!(said.contains(words), "{words}: {said}");
    }
}

/// XK, which has stored four dispatches of a forged NL.
struct Forked {
    stopped: Stopped,
    /// What a fork of NL says instead of the last of them.
    rival: Dispatch,
    /// The store before the last of them.
    before: tempfile::TempDir,
}

async fn forked() -> Forked {
    let (site, xk, mut nl) = forged().await;
    let key = case_key(1);
    let said = |statement| Said { case: CASE, statement, key: &key };
    let of_nobody = nl.say_of_nobody(CASE, CaseId::new([8; 16]));
    nl.hand(&xk, &of_nobody, ImportOutcome::Stored).await;
    let filed = nl.say(&[filing(CASE, 1, &key)]);
    nl.hand(&xk, &filed, ImportOutcome::Stored).await;
    nl.listen(&xk).await;
    let introduced = xk.held("NL", 0).await.remove(0);
    xk.stop().await;
    let before = copy(&site);
    let xk = site.start().await;
    let rival = nl.fork().say(&[said(evidence()), said(evidence())]);
    let last = nl.say(&[said(evidence())]);
    nl.hand(&xk, &last, ImportOutcome::Stored).await;
    let own = signed(&xk).await;
    xk.stop().await;
    let read = |bytes: &Vec<u8>| canonical::decode(bytes).unwrap();
    let partner = [introduced, of_nobody, filed, last].iter().map(read).collect();
    Forked { stopped: Stopped::new(site, own, partner), rival: read(&rival), before }
}

fn at<'a>(stopped: &'a Stopped, log: &str, index: u64) -> &'a StoredRecord {
    stopped.records.iter().find(|it| it.log.as_str() == log && it.log_index == index).unwrap()
}

/// The whole of the third dispatch is lost, so that nothing tells whether some of the fourth is.
fn lose_the_third(stopped: &Stopped) -> Damage {
    stopped.damage(&[at(stopped, "entries/NL/NL/0", 3), at(stopped, "headers/NL/NL/0", 2)]);
    let damage = stopped.find().unwrap();
    let of_partner = damage.wanted().into_iter().find(|it| it.author == stopped.site.partner);
    let of_partner = of_partner.unwrap();
    assert_eq!((of_partner.from_number, of_partner.to_number), (2, 3));
    damage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_that_sends_another_dispatch_than_the_one_that_was_heard_is_told() {
    let Forked { mut stopped, rival, .. } = forked().await;
    let damage = lose_the_third(&stopped);
    let honest = stopped.honest(&damage);
    stopped.partner[3] = rival;
    let said = refused(&damage, &stopped.honest(&damage));
    let words = "dispatch 3 that was sent is another than the one that was heard";
    assert_eq!(said, words);
    damage.heal(&honest, &mut |_| ()).unwrap();
    assert!(stopped.is_whole());
    // An entry that is nobody's comes back as such.
    stopped.damage(&[at(&stopped, "entries/NL/NL/0", 2)]);
    let damage = stopped.find().unwrap();
    damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
    assert!(stopped.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_stands_here_without_a_good_signature_is_told() {
    let Forked { stopped, before, .. } = forked().await;
    let entry = again(at(&stopped, "entries/NL/NL/0", 4));
    let mut header = again(at(&stopped, "headers/NL/NL/0", 3));
    *header.leaf.last_mut().unwrap() ^= 1;
    restore(&stopped.site, &before);
    // Something further, so that it is not in the last frame, which a crash may have torn.
    let behind = again(at(&stopped, "headers/NL/NL/0", 0));
    let stopped = with(with(stopped, vec![entry, header]), vec![behind]);
    let damage = lose_the_third(&stopped);
    let said = refused(&damage, &stopped.honest(&damage));
    assert_eq!(said, "dispatch 3 of NL is not signed by its key");
}

/// A frame in which nothing of the two logs has perished is compared all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_in_a_damaged_frame_is_held_to_what_the_partner_has() {
    let Forked { stopped, rival, .. } = forked().await;
    let first = again(at(&stopped, "headers/NL/NL/0", 0));
    let foreign = NewRecord { log: LogName::new("proofs/NL").unwrap(), ..first };
    let mut stopped = with(stopped, vec![foreign]);
    let receipt = stopped.records.iter().rfind(|it| it.log.as_str() == "headers/NL/XK/0");
    stopped.damage(&[receipt.unwrap()]);
    let damage = stopped.find().unwrap();
    let honest = stopped.honest(&damage);
    let truth = std::mem::replace(&mut stopped.partner[3], rival);
    let said = refused(&damage, &stopped.honest(&damage));
    assert!(said.starts_with("nothing that was offered is what stood"), "{said}");
    damage.heal(&honest, &mut |_| ()).unwrap();
    assert!(stopped.is_whole());

    // The last words of a log, behind which nothing of it tells what perished: asked for are as
    // many dispatches as records of which it is not known whose they were.
    stopped.partner[3] = truth;
    let entry = |index| at(&stopped, "entries/NL/NL/0", index);
    stopped.damage(&[entry(0), entry(1), entry(4), at(&stopped, "headers/NL/NL/0", 3)]);
    let damage = stopped.find().unwrap();
    damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
    assert!(stopped.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_is_healed_across_its_eras() {
    let Succeeded { sites: [site, _], nodes: [nl, xk], .. } = succeeded().await;
    let (own, partner) = (signed(&nl).await, signed(&xk).await);
    nl.stop().await;
    xk.stop().await;
    let stopped = Stopped::new(site, own, partner);
    let records: Vec<&StoredRecord> =
        stopped.all_but_the_last().filter(|it| it.log.as_str() == OWN).collect();
    for record in records {
        stopped.damage(&[record]);
        let damage = stopped.find().unwrap();
        let wanted = damage.wanted();
        assert!(wanted.iter().any(|it| it.author == stopped.site.state && it.era == 1));
        damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
        assert!(stopped.is_whole(), "{}", record.log_index);
    }
}

/// The records of two dispatches of many entries, each to another corridor, perished in one frame.
/// They stand together by dispatch: without that there are more ways than can be tried.
#[tokio::test(flavor = "multi_thread")]
async fn dispatches_of_two_corridors_that_perished_together_come_back_in_their_order() {
    let (nl_site, site) = founded("test-ledger");
    let al_site = world::site("AL", "XK");
    let geneses =
        [genesis("test-ledger", &nl_site, &site), genesis("test-ledger", &al_site, &site)];
    site.found(&geneses[1]);
    let mut partners =
        [Forger::new(&geneses[0], &nl_site, &site), Forger::new(&geneses[1], &al_site, &site)];
    let xk = site.start().await;
    let key = case_key(1);
    let mut sent = Vec::new();
    for partner in &mut partners {
        let introduced = partner.introduce();
        partner.hand(&xk, &introduced, ImportOutcome::Stored).await;
        sent.push(vec![introduced]);
    }
    xk.stop().await;
    let before = copy(&site);
    let xk = site.start().await;
    for (partner, sent) in partners.iter_mut().zip(&mut sent) {
        let said = (0..24).map(|_| Said { case: CASE, statement: evidence(), key: &key });
        let said = partner.say(&said.collect::<Vec<_>>());
        partner.hand(&xk, &said, ImportOutcome::Stored).await;
        sent.push(said);
    }
    xk.stop().await;
    let all = Stopped::new(site, Vec::new(), Vec::new());
    let of_second = |state: &str| {
        let logs = [format!("entries/{state}/{state}/0"), format!("headers/{state}/{state}/0")];
        let found = all.records.iter().filter(move |it| {
            let from = if it.log.as_str() == logs[0] { 2 } else { 1 };
            logs.iter().any(|log| it.log.as_str() == log) && it.log_index >= from
        });
        found.map(again).collect::<Vec<_>>()
    };
    let together = [of_second("AL"), of_second("NL")].concat();
    assert_eq!(together.len(), 50);
    restore(&all.site, &before);
    let behind = NewRecord { log: LogName::new("proofs/NL").unwrap(), ..together[0].clone() };
    let stopped = with(with(all, together.clone()), vec![NewRecord { stream: None, ..behind }]);
    let lost = stopped.records.iter().filter(|it| together.contains(&again(it)));
    stopped.damage(&lost.collect::<Vec<_>>());
    let damage = stopped.find().unwrap();
    let held = |wanted: Wanted| {
        let of_partner = &sent[usize::from(wanted.author.code() == "AL")];
        let is_partner = wanted.author == wanted.partner;
        let numbers = wanted.from_number..=wanted.to_number;
        let held = (0..).zip(of_partner).filter(|(at, _)| is_partner && numbers.contains(at));
        let held = held.map(|(_, sent)| sent.clone()).collect::<Vec<_>>();
        (wanted, held)
    };
    let held: Vec<_> = damage.wanted().into_iter().map(held).collect();
    assert_eq!(damage.heal(&held, &mut |_| ()).unwrap().records, 50);
    assert!(stopped.is_whole());
}
