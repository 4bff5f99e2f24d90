//! A partner with true keys that does what it must not: whatever it sends, this State loses
//! nothing, tells nobody what is not theirs, and goes on.

use domain::case::event::Statement;
use domain::identifier::CaseId;
use event_store::{Batch, LogName, NewRecord, Options, Store, StreamId};
use proto::command::v1::Purpose;
use proto::ledger::v1::{
    BodyState, FollowCasesRequest, ImportOutcome, ListLabelsRequest, ReadCaseRequest,
    ReadCaseResponse, RecordKind,
};
use record::canonical;
use runtime::failure::Class;
use tokio_stream::StreamExt as _;

use crate::forger::{Forger, Said, case_key, filing};
use crate::world::{HOUR_MS, Running, Site, caller, evidence, founded, genesis, later, site};

const STORED: ImportOutcome = ImportOutcome::Stored;

/// XK, running, and an NL that was introduced and is forged.
async fn forged() -> (Site, Running, Forger) {
    let (nl_site, xk_site) = founded("test-ledger");
    let xk = xk_site.start().await;
    let mut nl = Forger::new(&genesis("test-ledger", &nl_site, &xk_site), &nl_site, &xk_site);
    xk.adopt().await;
    let introduction = nl.introduce();
    nl.hand(&xk, &introduction, STORED).await;
    nl.listen(&xk).await;
    (xk_site, xk, nl)
}

/// A case of NL's: it comes first in the genesis, so the first bit is 0.
const fn case(byte: u8) -> CaseId {
    CaseId::new([byte; 16])
}

async fn read(xk: &Running, case: &CaseId) -> ReadCaseResponse {
    let overseer = caller("xk.readmit/overseer/ombuds/official/x");
    let request = ReadCaseRequest {
        caller: Some(overseer.context(Purpose::Oversight)),
        case: case.to_string(),
        request_id: String::new(),
    };
    xk.client.clone().read_case(request).await.unwrap().into_inner()
}

/// How many dispatches are kept as proof against NL; ends the ledger.
async fn proofs(site: &Site, xk: Running) -> u64 {
    xk.stop().await;
    let store = Store::open(site.data().join("store"), Options::default()).unwrap();
    store.log_size(&LogName::new("proofs/NL").unwrap())
}

#[tokio::test]
async fn a_second_opening_does_not_take_the_place_of_the_key() {
    // Symptom: a partner opened a case a second time, with another key; every body of the case
    // that was sealed before could not be read any more, also after a restart.
    let (xk_site, xk, mut nl) = forged().await;
    let (first, second) = (case_key(1), case_key(2));
    let opening = nl.say(&[filing(case(1), 1, &first)]);
    nl.hand(&xk, &opening, STORED).await;
    let again = nl.say(&[filing(case(1), 2, &second)]);
    nl.hand(&xk, &again, STORED).await;
    let twice = nl.say(&[filing(case(2), 3, &first), filing(case(2), 4, &second)]);
    nl.hand(&xk, &twice, STORED).await;
    let check = async |xk: &Running| {
        for case in [case(1), case(2)] {
            let read = read(xk, &case).await.partner.unwrap();
            let of_case = read.entries.iter().filter(|it| it.body_state() != BodyState::None);
            let states: Vec<_> = of_case.map(|it| it.body_state()).collect();
            assert_eq!(states, [BodyState::Open, BodyState::Unreadable], "{case}");
        }
    };
    check(&xk).await;
    xk.stop().await;
    check(&xk_site.start().await).await;
}

#[tokio::test]
async fn an_opening_in_the_others_half_brings_no_key() {
    // Symptom: a partner "opened" a case of this State, and its key took the place of the one that
    // this State had minted: the person's own file could not be read.
    let (_xk_site, xk, mut nl) = forged().await;
    let filed = xk.file("ministry", "file").await;
    let case = CaseId::parse(&filed.case_id).unwrap();
    let key = case_key(2);
    let forged = nl.say(&[filing(case, 1, &key)]);
    nl.hand(&xk, &forged, STORED).await;
    let own = read(&xk, &case).await.own.unwrap();
    assert_eq!(own.entries.last().unwrap().body_state(), BodyState::Open);
}

#[tokio::test]
async fn a_rival_that_was_parked_is_kept_as_proof() {
    // Symptom: a dispatch that was parked for its date was forgotten when another one of its
    // number was stored, and with it the proof that its author had signed two.
    let (xk_site, xk, mut nl) = forged().await;
    let (mut other, key) = (nl.fork(), case_key(1));
    let dated_forward = nl.say_later(&[filing(case(1), 1, &key)], HOUR_MS);
    nl.hand(&xk, &dated_forward, ImportOutcome::ParkedFuture).await;
    let dated_now = other.say(&[filing(case(2), 1, &key)]);
    other.hand(&xk, &dated_now, STORED).await;
    assert_eq!(xk.status().await.parked, 0);
    assert_eq!(proofs(&xk_site, xk).await, 1);
}

#[tokio::test]
async fn one_fault_is_kept_once_however_often_it_is_brought() {
    // Symptom: a courier that brought one rival again and again filled the room for proofs, and
    // the next fault was not kept.
    let (xk_site, xk, mut nl) = forged().await;
    let key = case_key(1);
    let mut others = [nl.fork(), nl.fork()];
    let stored = nl.say(&[filing(case(1), 1, &key)]);
    nl.hand(&xk, &stored, STORED).await;
    for (round, other) in others.iter_mut().enumerate() {
        let rival = other.say(&[filing(case(2), 2 + u32::try_from(round).unwrap(), &key)]);
        for _ in 0..70 {
            other.hand(&xk, &rival, ImportOutcome::Rival).await;
        }
    }
    assert_eq!(proofs(&xk_site, xk).await, 2);
}

#[tokio::test]
async fn a_fault_as_large_as_a_message_is_kept_and_stops_nothing() {
    // Symptom: a rival with as many bytes of wrapped keys as a message may have was more than a
    // record of the store takes, and the ledger stopped writing for good.
    let (xk_site, xk, mut nl) = forged().await;
    let mut other = nl.fork();
    let stored = nl.say(&[filing(case(1), 1, &case_key(1))]);
    nl.hand(&xk, &stored, STORED).await;
    let context = xk.service().context(Purpose::Unspecified);
    let context = canonical::encode(&context).len();
    let without = other.fork().say_much(case(2), 15, 0).len();
    let rival = other.say_much(case(2), 15, (1 << 20) - without - context - 32);
    other.hand(&xk, &rival, ImportOutcome::Rival).await;
    let more = nl.say(&[Said { case: case(1), statement: evidence(), key: &case_key(1) }]);
    nl.hand(&xk, &more, ImportOutcome::Frozen).await;
    assert_eq!(proofs(&xk_site, xk).await, 1);
}

#[tokio::test]
async fn a_number_that_was_given_twice_names_no_case() {
    // Symptom: a partner gave two cases one number, and who asked by number was shown, and could
    // answer, whichever of the two came first.
    let (_xk_site, xk, mut nl) = forged().await;
    let key = case_key(1);
    let twice = nl.say(&[filing(case(1), 1, &key), filing(case(2), 1, &key)]);
    nl.hand(&xk, &twice, STORED).await;
    let ministry = xk.official("ministry");
    // A number that is not there is waited for until the views have seen everything.
    xk.read(&ministry, "NL-XK-2026-000099").await.unwrap_err();
    let by_number = xk.read(&ministry, "NL-XK-2026-000001").await.unwrap_err();
    assert_eq!(by_number.class(), Class::Invalid, "{by_number}");
    assert!(by_number.to_string().contains("more than one case"), "{by_number}");
    xk.read(&ministry, &case(2).to_string()).await.unwrap();
    // Who may see neither is told nothing.
    let stranger = xk.read(&xk.official("registry"), "NL-XK-2026-000001").await.unwrap_err();
    assert_eq!(stranger.class(), Class::NotFound);
}

#[tokio::test]
async fn receipts_of_one_partner_are_not_shown_with_a_case_of_another() {
    // Symptom: who watched a case saw when other States were written to.
    let (nl_site, xk_site) = founded("test-ledger");
    let al_site = site("AL", "XK");
    let with_al = genesis("test-ledger", &al_site, &xk_site);
    xk_site.found(&with_al);
    let xk = xk_site.start().await;
    let mut nl = Forger::new(&genesis("test-ledger", &nl_site, &xk_site), &nl_site, &xk_site);
    let mut al = Forger::new(&with_al, &al_site, &xk_site);
    let key = case_key(1);
    xk.adopt().await;
    let introduction = nl.introduce();
    nl.hand(&xk, &introduction, STORED).await;
    nl.listen(&xk).await;
    let opening = nl.say(&[filing(case(1), 1, &key)]);
    nl.hand(&xk, &opening, STORED).await;
    let introduction = al.introduce();
    al.hand(&xk, &introduction, STORED).await;
    let more = nl.say(&[Said { case: case(1), statement: evidence(), key: &key }]);
    nl.hand(&xk, &more, STORED).await;
    let request = FollowCasesRequest {
        caller: Some(xk.official("ministry").context(Purpose::Unspecified)),
        from_position: 0,
        case_id: case(1).as_bytes().to_vec(),
        with_local: false,
        with_receipts: true,
    };
    let stream = xk.client.clone().follow_cases(request).await.unwrap().into_inner();
    let seen: Vec<_> = stream.take(4).map(Result::unwrap).collect().await;
    let seen: Vec<_> = seen.iter().map(|it| (it.partner_state.as_str(), it.kind())).collect();
    let (entry, receipt) = (RecordKind::Entry, RecordKind::Receipt);
    assert_eq!(seen, [("NL", entry), ("NL", receipt), ("NL", entry), ("NL", receipt)]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_keeps_no_other_case_from_its_labels() {
    // Symptom: one damaged record of one case, and no list of any office showed a new case.
    let (xk_site, xk, mut nl) = forged().await;
    let key = case_key(1);
    let opening = nl.say(&[filing(case(1), 1, &key)]);
    nl.hand(&xk, &opening, STORED).await;
    xk.stop().await;
    let store = Store::open(xk_site.data().join("store"), Options::default()).unwrap();
    let garbage = NewRecord {
        log: LogName::new("local/NL").unwrap(),
        stream: Some(StreamId::new(case(1).as_bytes()).unwrap()),
        leaf: b"no head".to_vec(),
        payload: b"no entry".to_vec(),
    };
    let batch = Batch { records: vec![garbage], expected: Vec::new(), cursors: Vec::new() };
    store.append(batch).await.unwrap();
    store.close();
    drop(store);

    let xk = xk_site.start().await;
    later(&xk_site, 1);
    let next = nl.say(&[filing(case(2), 2, &key)]);
    nl.hand(&xk, &next, STORED).await;
    let number = "NL-XK-2026-000002";
    let found = xk.read(&xk.official("ministry"), number).await.unwrap();
    assert_eq!(found.case.id, case(2));
    let request = ListLabelsRequest {
        caller: Some(xk.official("ministry").context(Purpose::Unspecified)),
        prefix: "office/ministry".into(),
        after: None,
        limit: 10,
        wait_for_position: None,
    };
    let listed = xk.client.clone().list_labels(request).await.unwrap().into_inner();
    assert!(listed.labels.iter().any(|it| it.case_id == case(2).as_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_a_case_keeps_nobody_from_stopping_it() {
    // Symptom: each of the partner's entries moved the case, and a hold that was decided again
    // three times was answered "busy" for as long as the flood went on.
    let (_site, xk, mut forger) = forged().await;
    let key = case_key(1);
    let filed = forger.say(&[filing(case(9), 1, &key)]);
    forger.hand(&xk, &filed, ImportOutcome::Stored).await;
    let running = std::sync::Arc::new(xk);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    // It goes on until it is stopped, however fast either side is.
    let flooding = tokio::spawn({
        let (running, stop) = (running.clone(), stop.clone());
        async move {
            let mut begun = Some(begun);
            while !stop.load(std::sync::atomic::Ordering::Acquire) {
                let more = Said { case: case(9), statement: evidence(), key: &key };
                let dispatch = forger.say(&[more]);
                assert_eq!(running.import(&dispatch).await.outcome(), STORED);
                if let Some(begun) = begun.take() {
                    begun.send(()).unwrap();
                }
            }
        }
    });
    has_begun.await.unwrap();
    for index in 0..4 {
        let statement = if index % 2 == 0 { Statement::HoldPlaced } else { Statement::HoldLifted };
        let id = format!("hold-{index}");
        running.state_on("ministry", &id, &case(9).to_string(), statement).await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Release);
    flooding.await.unwrap();
}
