//! What keeps a ledger from starting, and what it finds again when it starts.

use std::collections::BTreeSet;
use std::fs;

use domain::case::event::{Kind as EventKind, Statement};
use ledger::{ClockChoice, FoundError, KeyringError, Passphrase, StartError, found, start};
use proto::ledger::v1::{ImportDispatchRequest, ImportOutcome, ReadCursorRequest};

use event_store::{LogName, Options, Store};
use proto::store::v1::StoredCommand;
use record::canonical;

use crate::world::{corridor, exchange, founded, genesis, genesis_of, genesis_with, ordered, site};

#[tokio::test]
async fn a_ledger_that_is_started_again_goes_on_where_it_was() {
    let (nl_site, _xk_site, nl, xk) = corridor().await;
    let filed = nl.file("return-office", "file").await;
    exchange(&nl, &xk).await;
    let before = nl.heads().await;
    nl.stop().await;
    let nl = nl_site.start().await;
    assert_eq!(nl.heads().await, before);
    assert!(nl.file("return-office", "file").await.replayed);
    let next = nl.file("return-office", "file-2").await;
    assert_eq!(next.case_number, "NL-XK-2026-000002");
    exchange(&nl, &xk).await;
    for case in [&filed.case_number, &next.case_number] {
        let here = nl.read(&nl.official("return-office"), case).await.unwrap();
        let there = xk.read(&xk.official("ministry"), case).await.unwrap();
        assert_eq!(here.case.text(), there.case.text());
        assert_eq!(here.bodies, there.bodies);
    }
}

#[tokio::test]
async fn a_couriers_cursor_is_stored_with_what_it_brought() {
    let (_nl_site, xk_site, nl, xk) = corridor().await;
    nl.file("return-office", "file").await;
    let wanted = xk.status().await.next_wanted;
    let context = xk.service().context(proto::command::v1::Purpose::Unspecified);
    let request = ImportDispatchRequest {
        caller: Some(context.clone()),
        partner_state: "NL".into(),
        dispatch: nl.dispatches(wanted).await.remove(0).dispatch,
        cursor: Some(proto::ledger::v1::Cursor { name: "kafka/nl".into(), value: b"17".to_vec() }),
    };
    let mut client = xk.client.clone();
    let imported = client.import_dispatch(request).await.unwrap().into_inner();
    assert_eq!(imported.outcome(), ImportOutcome::Stored);
    xk.stop().await;
    let xk = xk_site.start().await;
    let request = ReadCursorRequest { caller: Some(context), name: "kafka/nl".into() };
    let cursor = xk.client.clone().read_cursor(request).await.unwrap().into_inner();
    assert_eq!(cursor.value.unwrap(), b"17");
}

#[tokio::test]
async fn a_wrong_passphrase_a_missing_keyring_and_a_folder_in_use_are_told_apart() {
    let (nl_site, _) = founded("test-ledger");
    let nl = nl_site.start().await;
    let in_use = nl_site.try_start().await.unwrap_err();
    assert!(matches!(in_use, StartError::InUse { .. }), "{in_use:?}");
    nl.stop().await;

    let mut config = nl_site.config();
    config.passphrase = Passphrase::new("another".into());
    let wrong = start(config, nl_site.answering.subscribe()).await.unwrap_err();
    assert!(matches!(wrong, StartError::Keyring(KeyringError::WrongPassphrase { .. })));

    let keyring = nl_site.folder.path().join("keyring");
    fs::rename(&keyring, nl_site.folder.path().join("elsewhere")).unwrap();
    let missing = nl_site.try_start().await.unwrap_err();
    assert!(matches!(missing, StartError::Keyring(KeyringError::Missing { .. })));
}

#[tokio::test]
async fn what_a_command_said_is_stored_under_the_nodes_secret() {
    // Symptom: the store held the bare digest of every command and of who gave it: whoever had a
    // copy of the disk, and no key, could try names and birth dates against it.
    let (nl_site, _xk_site, nl, _xk) = corridor().await;
    nl.file("return-office", "file").await;
    let ordered = ordered(&nl.official("return-office"), "file", b"file");
    nl.stop().await;
    let store = Store::open(nl_site.data().join("store"), Options::default()).unwrap();
    let log = LogName::new("commands/XK").unwrap();
    let records = store.read_log(&log, 0, 100).unwrap();
    assert_eq!(records.len(), 2);
    for record in &records {
        let stored: StoredCommand = canonical::decode(&record.leaf).unwrap();
        assert_ne!(stored.payload_digest, ordered.payload_digest.as_bytes());
        assert_eq!((stored.payload_digest.len(), stored.command.len()), (32, 32));
    }
    store.close();
    drop(store);
    // What is held against it is the same as before.
    let nl = nl_site.start().await;
    assert!(nl.file("return-office", "file").await.replayed);
    let other = nl.try_file("return-office", "file", b"something else").await.unwrap_err();
    assert_eq!(other.code(), &runtime::failure::code::REQUEST_ID_USED);
}

#[tokio::test]
async fn a_binary_that_lacks_what_its_state_has_stated_is_not_started() {
    let lacks = |refused: StartError| {
        let StartError::LacksCapabilities { kinds, .. } = refused else { panic!("{refused:?}") };
        kinds
    };
    let (nl_site, xk_site) = (site("NL", "XK"), site("XK", "NL"));
    let genesis = genesis_with("test-ledger", &nl_site, &xk_site, [9_999]);
    nl_site.found(&genesis);
    assert_eq!(lacks(nl_site.try_start().await.unwrap_err()), [9_999]);

    let (nl_site, xk_site, nl, xk) = corridor().await;
    let stated = [EventKind::RequestFiled.number(), 9_998, 9_999];
    let capabilities = Statement::CapabilitiesStated(stated.into());
    nl.state_on_corridor("capabilities", vec![capabilities]).await.unwrap();
    exchange(&nl, &xk).await;
    nl.stop().await;
    xk.stop().await;
    assert_eq!(lacks(nl_site.try_start().await.unwrap_err()), [9_998, 9_999]);
    // What the partner understands is the partner's affair.
    xk_site.start().await;
}

/// A corridor founded by binaries that understood less: each node tells the other once what it
/// understands now, in the first word after its keys.
#[tokio::test]
async fn a_node_states_once_that_it_understands_more() {
    let taken = EventKind::ExtensionTaken.number();
    let all: BTreeSet<u32> = EventKind::ALL.iter().map(|kind| kind.number()).collect();
    let (nl_site, xk_site) = (site("NL", "XK"), site("XK", "NL"));
    let before = all.iter().copied().filter(|kind| *kind != taken);
    let genesis = genesis_of("test-ledger", &nl_site, &xk_site, before);
    nl_site.found(&genesis);
    xk_site.found(&genesis);
    let (mut nl, mut xk) = (nl_site.start().await, xk_site.start().await);
    exchange(&nl, &xk).await;
    let (of_nl, of_xk) = (nl.capabilities().await, xk.capabilities().await);
    assert_eq!(of_nl, [vec![all.clone()], vec![all.clone()]], "told, and heard");
    assert_eq!(of_nl, of_xk);
    // What both understand is not said again, however often they start.
    for _ in 0..2 {
        let heads = [nl.heads().await, xk.heads().await];
        nl.stop().await;
        xk.stop().await;
        (nl, xk) = (nl_site.start().await, xk_site.start().await);
        assert_eq!([nl.heads().await, xk.heads().await], heads);
    }
}

#[tokio::test]
async fn a_clock_that_can_be_set_is_for_tests_and_demonstrations() {
    let (nl_site, _) = founded("production");
    let refused = nl_site.try_start().await.unwrap_err();
    assert!(matches!(refused, StartError::SettableClock { .. }), "{refused:?}");
    let mut config = nl_site.config();
    config.clock = ClockChoice::System;
    let handle = start(config, nl_site.answering.subscribe()).await.unwrap();
    handle.shutdown().await;
}

#[tokio::test]
async fn a_corridor_is_founded_once_and_with_the_keys_of_this_keyring() {
    let (nl_site, xk_site) = founded("test-ledger");
    let other = genesis("test-other", &nl_site, &xk_site);
    let announcements = nl_site.announcements(&other);
    let again = found(&nl_site.data(), nl_site.state, &other, &announcements, &nl_site.keys);
    assert!(matches!(again, Err(FoundError::FoundedOtherwise { .. })), "{again:?}");
    let same = genesis("test-ledger", &nl_site, &xk_site);
    let announcements = xk_site.announcements(&same);
    let foreign = found(&nl_site.data(), nl_site.state, &same, &announcements, &xk_site.keys);
    assert!(matches!(foreign, Err(FoundError::Statement { .. })), "{foreign:?}");
    let announcements = nl_site.announcements(&same);
    let keys = found(&nl_site.data(), nl_site.state, &same, &announcements, &xk_site.keys);
    assert!(matches!(keys, Err(FoundError::OtherKey { .. })), "{keys:?}");
    nl_site.found(&same);
}
