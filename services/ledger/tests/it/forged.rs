//! A log key that was stolen: the thief writes on where the node stands, and the partner takes it.
//! The State takes it in as it stands, and its next word revokes the key.

use domain::case::event::{KeyPurpose, KeyRevoked, Opaque, Statement};
use domain::case::outcome::Standing;
use domain::chain::Heard;
use ledger::KeyUse;
use proto::ledger::v1::{ImportOutcome, WaitingFor, WitnessVerdict};
use record::genesis::SignedGenesis;
use record::key::PublicKey;
use record::root_statement::{AnnouncedKey, RevokedKey, RootStatement, Statement as Stated};
use runtime::command::{self, OnCorridor};
use runtime::failure::Failure;

use crate::faults::faults_stated;
use crate::restored::{is_restored, read};
use crate::rotation::{prepare, statement};
use crate::witness::fetch_back;
use crate::world::{Running, Site, corridor, evidence, exchange, genesis, ordered};

/// NL, stopped because somebody else wrote on with its key, and XK took that.
struct Stolen {
    nl_site: Site,
    xk_site: Site,
    nl: Running,
    xk: Running,
    genesis: SignedGenesis,
    /// A case from before.
    case: String,
    /// The case that the thief opened.
    forged: String,
    /// NL's last own dispatch.
    good: Heard,
    /// The thief's last one.
    last: u64,
    stolen: PublicKey,
    next: AnnouncedKey,
}

async fn steal() -> Stolen {
    let (nl_site, xk_site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "before").await.case_id;
    exchange(&nl, &xk).await;
    let head = nl.status().await.own_head.unwrap();
    let thief_site = nl_site.fork();
    let thief = thief_site.start().await;
    let forged = thief.file("return-office", "forged").await.case_id;
    thief.state_on("return-office", "more", &forged, evidence()).await.unwrap();
    exchange(&thief, &xk).await;
    let last = thief.status().await.own_head.unwrap().number;
    thief.stop().await;
    assert!(last >= head.number + 2);
    nl.stop().await;
    let stolen = nl_site.keys.log;
    let next = prepare(&nl_site, KeyUse::Log);
    let nl = nl_site.start().await;
    assert_eq!(nl.ask(&xk).await.verdict(), WitnessVerdict::Forged);
    // What the partner says now has heard the thief.
    let heard = xk.dispatches(nl.status().await.next_wanted).await;
    for sent in &heard {
        nl.import(&sent.dispatch).await;
    }
    assert_ne!(nl.status().await.stopped, "");
    let good = heard_of(&nl).await;
    let genesis = genesis("test-ledger", &nl_site, &xk_site);
    Stolen { nl_site, xk_site, nl, xk, genesis, case, forged, good, last, stolen, next }
}

/// The last dispatch of the own log.
async fn heard_of(nl: &Running) -> Heard {
    heard_at(nl, nl.status().await.own_head.unwrap().number).await
}

async fn heard_at(nl: &Running, number: u64) -> Heard {
    let sent = nl.dispatches(number).await.remove(0).dispatch;
    record::dispatch::Dispatch::decode(&sent).unwrap().signed_header.as_heard()
}

impl Stolen {
    fn announces(&self) -> Statement {
        statement(&self.nl_site, &self.genesis, 3, self.next)
    }

    fn revokes(&self, last_good: Heard) -> Statement {
        let (purpose, key_id) = (KeyPurpose::Log, self.stolen.id());
        let revoked = RevokedKey { purpose, key_id, last_good: Some(last_good) };
        let stated = RootStatement { serial: 4, statement: Stated::KeyRevoked(revoked) };
        let site = &self.nl_site;
        let signed = stated.sign(self.genesis.digest(), site.state, &site.root);
        Statement::KeyRevoked(KeyRevoked {
            root_statement: Opaque(signed.unwrap()),
            purpose,
            key_id: *key_id.as_bytes(),
            last_good: Some(last_good),
        })
    }

    async fn says(&self, id: &str, statements: Vec<Statement>) -> Result<(), Failure> {
        let nl = &self.nl;
        let on = OnCorridor {
            ordered: ordered(&nl.operator(), id, b"keys"),
            partner: nl.partner,
            vouched: Vec::new(),
        };
        command::run_on_corridor(&nl.client, &on, |_| Ok(statements.clone())).await.map(drop)
    }
}

#[tokio::test]
async fn what_a_thief_signed_is_taken_in_and_the_key_is_revoked_behind_it() {
    let it = steal().await;
    let (nl, xk, last) = (&it.nl, &it.xk, it.last);
    let why = |status: tonic::Status| status.message().to_owned();
    for (named, reason) in [
        (None, "name the last dispatch"),
        (Some(it.good.number), "is its own"),
        (Some(last + 1), "has not shown"),
    ] {
        let refused = why(nl.take_in_forged(named).await.unwrap_err());
        assert!(refused.contains(reason), "{refused}");
    }
    let refused = why(nl.resume(Some(last)).await.unwrap_err());
    assert!(refused.contains("writing has stopped"), "{refused}");
    assert_eq!(nl.status().await.waiting, None);

    nl.take_in_forged(Some(last)).await.unwrap();
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Forged);
    assert_eq!(fetch_back(nl, xk).await as u64, last - it.good.number);
    nl.writes_again(last + 1).await;
    assert_eq!(nl.status().await.stopped, "");
    assert!(is_restored(nl, "return-office", &it.case).await);

    // Nothing is said but the revocation, from before the thief on.
    assert!(nl.status().await.alarms.contains(&"key-to-revoke".to_owned()));
    let refused = nl.try_file("return-office", "file", b"file").await.unwrap_err();
    assert_eq!(refused.code().as_str(), "LEDGER-0001");
    let late = heard_of(nl).await;
    // No witness has shown this one by itself.
    let first = heard_at(nl, it.good.number + 1).await;
    for (id, words) in [
        ("alone", vec![it.announces()]),
        ("first", vec![it.announces(), it.revokes(first)]),
        ("late", vec![it.announces(), it.revokes(late)]),
    ] {
        assert_eq!(it.says(id, words).await.unwrap_err().code().as_str(), "LEDGER-0001", "{id}");
    }
    it.says("revoke", vec![it.announces(), it.revokes(it.good)]).await.unwrap();
    assert_eq!(nl.status().await.alarms, [""; 0]);
    exchange(nl, xk).await;
    both_dispute_the_thiefs_case(&it, nl).await;
}

/// Both States hold the same, and the thief's case is in dispute.
async fn both_dispute_the_thiefs_case(it: &Stolen, nl: &Running) {
    let (xk, forged) = (&it.xk, &it.forged);
    for (node, office) in [(nl, "return-office"), (xk, "ministry")] {
        assert_eq!(read(node, office, forged).await.case.standing, Standing::Disputed);
        assert_ne!(read(node, office, &it.case).await.case.standing, Standing::Disputed);
        assert_eq!(node.status().await.stopped, "");
        assert_eq!(faults_stated(node).await, 0);
    }
    assert_eq!(xk.status().await.partner_head, nl.status().await.own_head);
    assert_eq!(nl.status().await.partner_head, xk.status().await.own_head);
    let (here, there) = (read(nl, "return-office", forged), read(xk, "ministry", forged));
    assert_eq!(here.await.case.text(), there.await.case.text());
    let filed = nl.file("return-office", "after").await;
    exchange(nl, xk).await;
    assert_eq!(read(xk, "ministry", &filed.case_id).await.case.standing, Standing::Provisional);
}

#[tokio::test]
async fn a_node_that_ends_while_it_takes_in_goes_on_where_the_operator_says_so_again() {
    let it = steal().await;
    it.nl.take_in_forged(Some(it.last)).await.unwrap();
    let sent = it.xk.held("NL", it.good.number + 1).await;
    it.nl.take_back(&sent[0]).await;
    let Stolen { nl_site, nl, .. } = it;
    nl.stop().await;
    let nl = nl_site.start().await;
    assert!(nl.status().await.stopped.contains("--take-in-forged"));
    assert_eq!(nl.status().await.waiting.unwrap().waiting_for(), WaitingFor::Safeguards);
    // Meanwhile what the partner says is seen, as far as what it had heard is here.
    let next = it.xk.dispatches(nl.status().await.next_wanted).await.remove(0);
    assert_eq!(nl.import(&next.dispatch).await.outcome(), ImportOutcome::Stored);
    nl.take_in_forged(Some(it.last)).await.unwrap();
    fetch_back(&nl, &it.xk).await;
    nl.writes_again(it.last + 1).await;
    // It is owed still, also after a start.
    nl.stop().await;
    let nl = nl_site.start().await;
    assert!(nl.status().await.alarms.contains(&"key-to-revoke".to_owned()));
    let it = Stolen { nl_site, nl, ..it };
    it.says("revoke", vec![it.announces(), it.revokes(it.good)]).await.unwrap();
    exchange(&it.nl, &it.xk).await;
    it.nl.stop().await;
    let nl = it.nl_site.start().await;
    assert_eq!(nl.status().await.alarms, [""; 0]);
    let it = Stolen { nl, ..it };
    both_dispute_the_thiefs_case(&it, &it.nl).await;
    drop(it.xk_site);
}
