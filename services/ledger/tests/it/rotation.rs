//! Keys that succeed one another: who signs from when, and when the old ones are destroyed.

use domain::case::event::{KeyAnnounced, Statement};
use ledger::{KeyList, KeyUse, list_keys, prepare_key};
use record::genesis::SignedGenesis;
use record::key::PublicKey;
use record::root_statement::{AnnouncedKey, RootStatement};
use runtime::command::{self, Body, OnCorridor};
use runtime::failure::Failure;

use crate::world::{
    Running, Site, carry, corridor, exchange, founded, genesis, ordered, passphrase, state,
};

fn keyring(site: &Site) -> std::path::PathBuf {
    site.folder.path().join("keyring")
}

fn keys(site: &Site) -> KeyList {
    list_keys(&keyring(site), &passphrase()).unwrap()
}

pub(crate) fn prepare(site: &Site, of: KeyUse) -> AnnouncedKey {
    let key = prepare_key(&keyring(site), &passphrase(), of).unwrap();
    match of {
        KeyUse::Log => AnnouncedKey::Log(PublicKey::from_slice(&key).unwrap()),
        KeyUse::Hpke => AnnouncedKey::Hpke(key),
    }
}

pub(crate) fn statement(
    site: &Site,
    genesis: &SignedGenesis,
    serial: u64,
    key: AnnouncedKey,
) -> Statement {
    let statement = RootStatement::announcing(serial, key);
    let root_statement = statement.sign(genesis.digest(), site.state, &site.root).unwrap();
    Statement::KeyAnnounced(KeyAnnounced { root_statement })
}

pub(crate) async fn announce(
    of: &Running,
    request_id: &str,
    statement: Statement,
) -> Result<(), Failure> {
    let on = OnCorridor {
        ordered: ordered(&of.operator(), request_id, b"announce"),
        partner: of.partner,
        vouched: Vec::new(),
    };
    command::run_on_corridor(&of.client, &on, |_| Ok(vec![statement.clone()])).await.map(drop)
}

/// Lets the ledger look at its keys, and waits until it has.
pub(crate) async fn looked(running: &Running) {
    running.handle.tick().await;
    // What comes with it in one group may be answered before it looks; what comes after that not.
    for _ in 0..2 {
        running.import(b"nothing").await;
    }
}

#[tokio::test]
async fn a_log_key_speaks_from_the_dispatch_that_announces_it() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    nl.stop().await;
    let before = keys(&nl_site).log;
    let next = prepare(&nl_site, KeyUse::Log);
    let nl = nl_site.start().await;
    // Prepared is not announced: the old one goes on speaking, and is not destroyed.
    nl.file("return-office", "file-1").await;
    looked(&nl).await;
    assert_eq!(keys(&nl_site).log.len(), 2);
    exchange(&nl, &xk).await;

    announce(&nl, "announce", statement(&nl_site, &genesis, 3, next)).await.unwrap();
    let announced = nl.status().await.own_head.unwrap().number;
    let dispatch = nl.dispatches(announced).await.remove(0).dispatch;
    let dispatch = record::dispatch::Dispatch::decode(&dispatch).unwrap();
    let AnnouncedKey::Log(next) = next else { unreachable!() };
    assert_eq!(dispatch.signed_header.key_id(), next.id());
    looked(&nl).await;
    assert_eq!(keys(&nl_site).log, [next]);
    assert_ne!(before, [next]);

    exchange(&nl, &xk).await;
    nl.file("return-office", "file-2").await;
    exchange(&nl, &xk).await;
    assert_eq!(xk.status().await.partner_head, nl.status().await.own_head);
    // And it is found again.
    nl.stop().await;
    let nl = nl_site.start().await;
    nl.file("return-office", "file-3").await;
    exchange(&nl, &xk).await;
    assert_eq!(xk.status().await.partner_head, nl.status().await.own_head);
}

#[tokio::test]
async fn an_hpke_key_is_kept_until_the_partner_has_heard_of_its_successor() {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    nl.stop().await;
    let next = prepare(&nl_site, KeyUse::Hpke);
    let nl = nl_site.start().await;
    announce(&nl, "announce", statement(&nl_site, &genesis, 3, next)).await.unwrap();
    looked(&nl).await;
    assert_eq!(keys(&nl_site).hpke.len(), 2);

    // The partner has not heard of it, and seals to the old one.
    let old = xk.file("return-office", "file-1").await;
    carry(&xk, &nl).await;
    looked(&nl).await;
    assert_eq!(keys(&nl_site).hpke.len(), 2);
    carry(&nl, &xk).await;
    let new = xk.file("return-office", "file-2").await;
    exchange(&nl, &xk).await;
    looked(&nl).await;
    let AnnouncedKey::Hpke(next) = next else { unreachable!() };
    assert_eq!(keys(&nl_site).hpke, [next]);
    for filed in [&old, &new] {
        let reading = nl.read(&nl.official("ministry"), &filed.case_number).await.unwrap();
        let body = reading.bodies.get(&(state("XK"), filed.positions[0]));
        assert!(matches!(body, Some(Body::Open(_))), "{body:?}");
    }
}

#[tokio::test]
async fn a_statement_that_would_not_count_is_refused() {
    let (nl_site, xk_site, nl, _xk) = corridor().await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    nl.stop().await;
    let next = prepare(&nl_site, KeyUse::Log);
    let nl = nl_site.start().await;
    let there = AnnouncedKey::Log(nl_site.keys.log);
    let foreign = AnnouncedKey::Log(xk_site.keys.log);
    let hpke = AnnouncedKey::Hpke(xk_site.keys.hpke);
    let refused = [
        ("serial", statement(&nl_site, &genesis, 2, next)),
        ("root", {
            let statement = RootStatement::announcing(3, next);
            let root_statement =
                statement.sign(genesis.digest(), nl_site.state, &xk_site.root).unwrap();
            Statement::KeyAnnounced(KeyAnnounced { root_statement })
        }),
        ("another key", statement(&nl_site, &genesis, 3, there)),
        ("held here", statement(&nl_site, &genesis, 3, foreign)),
        ("held here", statement(&nl_site, &genesis, 3, hpke)),
    ];
    let head = nl.status().await.own_head;
    for (index, (reason, statement)) in refused.into_iter().enumerate() {
        let failure = announce(&nl, &format!("announce-{index}"), statement).await.unwrap_err();
        assert!(failure.to_string().contains(reason), "{reason}: {failure:?}");
    }
    assert_eq!(nl.status().await.own_head, head);
    announce(&nl, "announce", statement(&nl_site, &genesis, 3, next)).await.unwrap();
}

#[tokio::test]
async fn a_prepared_key_does_not_speak_in_a_corridor_that_announced_another() {
    // The first dispatch is signed by the key that was announced for it, whatever came after.
    let (nl_site, _xk_site) = founded("test-ledger");
    prepare(&nl_site, KeyUse::Log);
    let nl = nl_site.start().await;
    let dispatch = nl.dispatches(0).await.remove(0).dispatch;
    let dispatch = record::dispatch::Dispatch::decode(&dispatch).unwrap();
    assert_eq!(dispatch.signed_header.key_id(), nl_site.keys.log.id());
}
