//! A damaged store of a node to which bodies came after their entries: the entries come back
//! without them, as they stood, and the bodies where they were put later.

use event_store::StoredRecord;

use crate::healed::Stopped;
use crate::restored::signed;
use crate::supply::{body, carry_stripped, missing, supply_body};
use crate::world::{corridor, evidence, exchange};

const ENTRIES: &str = "entries/NL/NL/0";
const SUPPLIED: &str = "supplied/NL";

/// XK, to which three bodies came late, and NL all of whose words it has.
async fn late() -> Stopped {
    let (_nl_site, site, nl, xk) = corridor().await;
    let case = nl.file("return-office", "file").await.case_id;
    exchange(&nl, &xk).await;
    for name in ["one", "two", "three", "never"] {
        nl.state_on("return-office", name, &case, evidence()).await.unwrap();
        carry_stripped(&nl, &xk).await;
        if name != "never" {
            for lacking in missing(&xk).await {
                let body = body(&nl, lacking.position).await.unwrap();
                supply_body(&xk, lacking.position, body).await.unwrap();
            }
        }
    }
    exchange(&nl, &xk).await;
    xk.state_on("ministry", "said", &case, evidence()).await.unwrap();
    exchange(&nl, &xk).await;
    let (own, partner) = (signed(&xk).await, signed(&nl).await);
    xk.stop().await;
    nl.stop().await;
    Stopped::new(site, own, partner)
}

fn of_log<'a>(stopped: &'a Stopped, log: &str) -> Vec<&'a StoredRecord> {
    stopped.records.iter().filter(|it| it.log.as_str() == log).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_came_without_its_body_comes_back_without_it() {
    let stopped = late().await;
    for record in of_log(&stopped, ENTRIES).into_iter().rev().take(4) {
        stopped.damage(&[record]);
        let damage = stopped.find().unwrap();
        let mended = damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
        assert_eq!(mended.records, 1);
        assert!(stopped.is_whole());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_came_late_comes_back_where_it_was_put() {
    let stopped = late().await;
    let supplied = of_log(&stopped, SUPPLIED);
    assert_eq!(supplied.len(), 3);
    let entries = of_log(&stopped, ENTRIES);
    let late = &entries[entries.len() - 4..];
    for (record, entry) in supplied.iter().zip(late) {
        // By itself, with the entry that names it, and with what comes behind it in its log.
        for together in [vec![*record], vec![*record, entry], supplied.clone()] {
            stopped.damage(&together);
            let damage = stopped.find().unwrap();
            assert_eq!(damage.only_in_backups(), []);
            let mended = damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap();
            assert_eq!(mended.records, together.len() as u64);
            assert!(stopped.is_whole());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_body_than_the_one_that_the_entry_names_is_not_put_there() {
    let mut stopped = late().await;
    let record = of_log(&stopped, SUPPLIED)[1].clone();
    let damaged = stopped.damage(&[&record]);
    let damage = stopped.find().unwrap();
    let honest = stopped.honest(&damage);
    let of_nl = damage.wanted().into_iter().find(|it| it.author == stopped.site.partner).unwrap();
    for number in of_nl.from_number..=of_nl.to_number {
        let sent = &mut stopped.partner[usize::try_from(number).unwrap()];
        sent.entries.iter_mut().for_each(|it| it.sealed_body[0] ^= 1);
    }
    damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap_err();
    assert!(stopped.stands_as(&damaged));
    damage.heal(&honest, &mut |_| ()).unwrap();
    assert!(stopped.is_whole());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supply_of_which_nobody_can_tell_when_it_came_is_healed_from_a_backup_only() {
    let stopped = late().await;
    let supplied = of_log(&stopped, SUPPLIED);
    let damaged = stopped.damage_at(&supplied[..1], |_| 0);
    let damage = stopped.find().unwrap();
    let lost = damage.only_in_backups();
    assert_eq!((lost[0].log.as_str(), lost[0].indexes), (SUPPLIED, (0, 1)));
    damage.heal(&stopped.honest(&damage), &mut |_| ()).unwrap_err();
    assert!(stopped.stands_as(&damaged));
}
