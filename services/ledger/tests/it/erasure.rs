//! Erasure: what was sealed for a case opens nowhere on this node any more, whatever is put back,
//! while everything that can be proved is as it was.

use std::fs;
use std::path::Path;

use domain::case::event::{ErasureBasis, Event, Opaque, Restated, Statement};
use domain::person::Particulars;
use domain::referral::{LocalEvent, LocalStatement, Safeguard};
use domain::time::Instant;
use ledger::{Aged, KeyUse, back_up_keyring, list_keys, restore_keyring};
use proto::command::v1::{Purpose, Receipt};
use proto::record::v1::WrappedCaseKey;
use record::dispatch::Dispatch;
use record::key::KeyId;
use runtime::command::{self, Body, Command, Kind, Reading};
use runtime::failure::Failure;

use crate::rotation::{announce, looked, prepare, statement};
use crate::world::{Running, Site, corridor, exchange, genesis, ordered, particulars, passphrase};

/// Stands in every body of these cases.
const KNOWN: &[u8] = b"Testperson";

/// States something without a body.
async fn state_bare(of: &Running, case: &str, statement: Statement) -> Result<Receipt, Failure> {
    let command = Command {
        ordered: ordered(&of.official("return-office"), "bare", b"bare"),
        case: case.to_owned(),
        purpose: Purpose::Unspecified,
        kind: Kind::Protective,
    };
    let event = Event { statement, particulars: Particulars::default() };
    command::run(&of.client, &command, |_| Ok(vec![event.clone()].into())).await
}

/// Keeps something about a case to the State itself.
async fn note(of: &Running, request_id: &str, case: &str) -> Result<Receipt, Failure> {
    let command = Command {
        ordered: ordered(&of.official("return-office"), request_id, b"note"),
        case: case.to_owned(),
        purpose: Purpose::Unspecified,
        kind: Kind::Protective,
    };
    command::run(&of.client, &command, |_| {
        let statement = LocalStatement::SafeguardOpened(Safeguard::Child);
        let particulars = particulars("of Testperson alone");
        Ok(vec![LocalEvent { statement, particulars }].into())
    })
    .await
}

fn opened(reading: &Reading) -> usize {
    let shared = reading.bodies.values();
    let local = reading.local.iter().map(|entry| &entry.body);
    shared.chain(local).filter(|body| matches!(body, Body::Open(_))).count()
}

/// Every file below a folder that has these bytes in it.
fn files_with(folder: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, bytes));
        } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn keyring(site: &Site) -> std::path::PathBuf {
    site.folder.path().join("keyring")
}

fn cases_with_keys(site: &Site) -> usize {
    list_keys(&keyring(site), &passphrase()).unwrap().cases
}

/// The case keys that travel with a dispatch.
async fn keys_sent(of: &Running, number: u64) -> usize {
    let dispatch = of.dispatches(number).await.remove(0).dispatch;
    Dispatch::decode(&dispatch).unwrap().case_keys.len()
}

#[tokio::test]
async fn what_is_erased_opens_nowhere_and_the_record_is_as_it_was() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let other = nl.file("return-office", "file-other").await.case_number;
    let opening = nl.status().await.own_head.unwrap().number + 1;
    let case = nl.file("return-office", "file").await.case_number;
    note(&nl, "note", &case).await.unwrap();
    exchange(&nl, &xk).await;
    let official = nl.official("return-office");
    let before = nl.read(&official, &case).await.unwrap();
    assert_eq!((opened(&before), keys_sent(&nl, opening).await), (2, 1));
    let backup = nl_site.folder.path().join("backup");
    back_up_keyring(&keyring(&nl_site), &passphrase(), &backup, Instant::from_ms(1)).unwrap();
    let old_epoch = fs::read(nl_site.folder.path().join("keyring.1")).unwrap();

    let order = Statement::ErasureOrdered(ErasureBasis::RetentionOver);
    nl.state_on("return-office", "order", &case, order).await.unwrap();
    // When the order is answered, the keys are gone: from memory, and from the keyring.
    let after = nl.read(&official, &case).await.unwrap();
    assert_eq!(opened(&after), 0);
    assert!(after.bodies.values().all(|body| matches!(body, Body::None | Body::Withheld)));
    assert_eq!((cases_with_keys(&nl_site), keys_sent(&nl, opening).await), (1, 0));
    // Nothing more can be sealed for it, for the partner or for nobody.
    let sealed = nl.state_on("return-office", "more", &case, Statement::CaseClosed).await;
    assert_eq!(sealed.unwrap_err().code().to_string(), "LEDGER-0003");
    let sealed = note(&nl, "note-2", &case).await;
    assert_eq!(sealed.unwrap_err().code().to_string(), "LEDGER-0003");
    state_bare(&nl, &case, Statement::ErasureDone).await.unwrap();
    exchange(&nl, &xk).await;

    // What is proved is as it was, alike on both sides; the partner erases for itself.
    let here = nl.read(&official, &case).await.unwrap();
    let there = xk.read(&xk.official("ministry"), &case).await.unwrap();
    assert_eq!(here.case.text(), there.case.text());
    assert_eq!(here.case.outcome, before.case.outcome);
    assert!(opened(&there) > 0);
    assert_eq!(opened(&nl.read(&official, &other).await.unwrap()), 1);

    nl.stop().await;
    event_store::verify(nl_site.data().join("store")).unwrap();
    assert_eq!(files_with(nl_site.folder.path(), KNOWN), Vec::<String>::new());
    // The contents of the old epoch, put back, are nothing without its wrapping key.
    let old = nl_site.folder.path().join("keyring.1");
    fs::write(&old, &old_epoch).unwrap();
    let nl = nl_site.start().await;
    assert_eq!(opened(&nl.read(&official, &case).await.unwrap()), 0);
    assert!(!old.exists());
    nl.stop().await;

    // A backup from before holds the keys still: they are destroyed before anything is served.
    for file in fs::read_dir(nl_site.folder.path()).unwrap().map(|file| file.unwrap().path()) {
        if file.file_name().unwrap().to_str().unwrap().starts_with("keyring") {
            fs::remove_file(file).unwrap();
        }
    }
    let passphrase = passphrase();
    let (now, taken) = (Instant::from_ms(0), Aged::Refused);
    restore_keyring(&backup, &passphrase, &keyring(&nl_site), now, taken).unwrap();
    assert_eq!(cases_with_keys(&nl_site), 2);
    let nl = nl_site.start().await;
    assert_eq!(cases_with_keys(&nl_site), 1);
    assert_eq!(opened(&nl.read(&official, &case).await.unwrap()), 0);
    assert_eq!(opened(&nl.read(&official, &other).await.unwrap()), 1);
    assert_eq!(keys_sent(&nl, opening).await, 0);
}

#[tokio::test]
async fn a_key_that_comes_again_is_not_kept() {
    let (_nl_site, xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_number;
    let number = nl.status().await.own_head.unwrap().number;
    let with_key = nl.dispatches(number).await.remove(0).dispatch;
    exchange(&nl, &xk).await;
    assert_eq!(cases_with_keys(&xk_site), 1);
    let order = Statement::ErasureOrdered(ErasureBasis::RequestOfThePerson);
    xk.state_on("ministry", "order", &case, order).await.unwrap();
    xk.import(&with_key).await;
    exchange(&nl, &xk).await;
    assert_eq!(cases_with_keys(&xk_site), 0);
    assert_eq!(opened(&xk.read(&xk.official("ministry"), &case).await.unwrap()), 0);
}

#[tokio::test]
async fn who_knows_that_the_partner_has_erased_seals_the_key_to_it_no_more() {
    // Symptom: a dispatch that was published again, after the courier had lost everything, brought
    // the key anew, sealed to whichever HPKE key the partner had by then.
    let (_nl_site, _xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_number;
    let opening = nl.status().await.own_head.unwrap().number;
    exchange(&nl, &xk).await;
    let order = Statement::ErasureOrdered(ErasureBasis::Order);
    xk.state_on("ministry", "order", &case, order).await.unwrap();
    assert_eq!(keys_sent(&nl, opening).await, 1, "it has not heard of it");
    exchange(&nl, &xk).await;
    assert_eq!(keys_sent(&nl, opening).await, 0);
    assert!(opened(&nl.read(&nl.official("return-office"), &case).await.unwrap()) > 0);
}

#[tokio::test]
async fn what_was_stated_anew_is_erased_once_its_hpke_key_is_gone() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    let case = nl.file("return-office", "file").await.case_number;
    exchange(&nl, &xk).await;
    let wrapped = WrappedCaseKey {
        position: 0,
        key_id: KeyId::of(&nl_site.keys.hpke).as_bytes().to_vec(),
        encapsulated: vec![1; 32],
        sealed: vec![2; 48],
    };
    let restated = Statement::Restated(Restated {
        entry: 0,
        sealed_body: Opaque(vec![3; 40]),
        case_key: Opaque(record::canonical::encode(&wrapped)),
    });
    xk.state_on("ministry", "restate", &case, restated).await.unwrap();
    exchange(&nl, &xk).await;
    let order = || Statement::ErasureOrdered(ErasureBasis::RetentionOver);
    let refused = nl.state_on("return-office", "order", &case, order()).await.unwrap_err();
    assert_eq!(refused.code().to_string(), "LEDGER-0012");
    assert_eq!(cases_with_keys(&nl_site), 1);

    nl.stop().await;
    let next = prepare(&nl_site, KeyUse::Hpke);
    let nl = nl_site.start().await;
    announce(&nl, "announce", statement(&nl_site, &genesis, 3, next)).await.unwrap();
    let refused = nl.state_on("return-office", "order", &case, order()).await.unwrap_err();
    assert_eq!(refused.code().to_string(), "LEDGER-0012");
    exchange(&nl, &xk).await;
    looked(&nl).await;
    nl.state_on("return-office", "order", &case, order()).await.unwrap();
    assert_eq!(cases_with_keys(&nl_site), 0);
}

#[tokio::test]
async fn no_wrapped_case_key_is_stored_anywhere() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    let number = nl.status().await.own_head.unwrap().number;
    let sent = nl.dispatches(number).await.remove(0).dispatch;
    let wrapped = Dispatch::decode(&sent).unwrap().case_keys.remove(0);
    let wanted = xk.status().await.next_wanted;
    assert_eq!(wanted, number);
    xk.import(&sent).await;
    // The same dispatch again, and a rival of it that is kept as proof.
    xk.import(&sent).await;
    exchange(&nl, &xk).await;
    assert_eq!(cases_with_keys(&xk_site), 1);
    nl.stop().await;
    xk.stop().await;
    for site in [&nl_site, &xk_site] {
        for bytes in [&wrapped.sealed, &wrapped.encapsulated] {
            assert_eq!(files_with(site.folder.path(), bytes), Vec::<String>::new());
        }
    }
}
