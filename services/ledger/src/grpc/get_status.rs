//! `GetStatus`: how the ledger stands. Holds no personal data.

use std::collections::BTreeMap;

use proto::ledger::v1::{
    self as wire, CorridorStatus, GetStatusRequest, GetStatusResponse, OutcomeCount,
};
use runtime::failure::Failure;

use super::{Service, asking, runs_the_node};
use crate::leave::{Lack, Testimony, Waiting};
use crate::quarantine::Count;
use crate::read::sent::sent_dispatch;
use crate::snapshot::CorridorSnapshot;
use crate::store_health::StoreHealth;

pub(super) fn execute(
    service: &Service,
    request: &GetStatusRequest,
) -> Result<GetStatusResponse, Failure> {
    let asking = asking(request.caller.as_ref())?;
    let reader = service.reader();
    runs_the_node(&asking, reader.own)?;
    let snapshot = service.snapshot();
    let health = StoreHealth::of(&reader.store);
    let corridors = reader.corridors.iter().map(|(partner, corridor)| {
        let it = snapshot.corridors.get(partner).cloned().unwrap_or_default();
        let quarantine = service.0.quarantine.count(*partner);
        CorridorStatus {
            partner_state: partner.to_string(),
            environment: corridor.genesis.genesis().environment().to_owned(),
            genesis: corridor.genesis.digest().as_bytes().to_vec(),
            own_head: it.own.head.as_ref().map(sent_dispatch),
            partner_head: it.partner.head.as_ref().map(sent_dispatch),
            parked: it.parked,
            quarantined: quarantine.kept,
            alarms: alarms(&it, quarantine, &health),
            stopped: it.stopped.unwrap_or_default(),
            frozen: it.frozen.unwrap_or_default(),
            quarantine_dropped: quarantine.dropped,
            arrivals: counted(&it.arrivals),
            next_wanted: it.partner.dispatches(),
            waiting: it.leave.waiting().map(|waiting| sent_waiting(waiting, it.own.dispatches())),
            answers_low: it.answers_low.clone().unwrap_or_default(),
        }
    });
    Ok(GetStatusResponse {
        own_state: reader.own.to_string(),
        now_ms: service.now_ms(),
        store_position: snapshot.next.0.checked_sub(1),
        recovered_cut_bytes: health.recovery.cut_bytes,
        store_damage: health.damage.clone().unwrap_or_default(),
        corridors: corridors.collect(),
        views_upto_position: service.0.views.upto().0.checked_sub(1),
    })
}

fn counted(arrivals: &BTreeMap<i32, u64>) -> Vec<OutcomeCount> {
    let counted = arrivals.iter();
    counted.map(|(outcome, count)| OutcomeCount { outcome: *outcome, count: *count }).collect()
}

/// What a human must look at, in the words of `docs/operations.md`.
fn alarms(it: &CorridorSnapshot, quarantine: Count, store: &StoreHealth) -> Vec<String> {
    let words = [
        (it.stopped.is_some(), "heard-unknown"),
        (it.owes_revocation, "key-to-revoke"),
        (it.leave.waiting().is_some(), "waiting"),
        (it.answers_low.is_some(), "answers-low"),
        (it.frozen.is_some(), "frozen"),
        (it.own_frozen, "own-log-frozen"),
        (it.withheld, "bytes-withheld"),
        (quarantine.kept > 0, "quarantine"),
        (quarantine.dropped > 0, "quarantine-full"),
    ];
    let of_corridor = words.into_iter().filter_map(|(rings, word)| rings.then_some(word));
    of_corridor.chain(store.alarms()).map(str::to_owned).collect()
}

fn sent_waiting(waiting: &Waiting, next: u64) -> wire::Waiting {
    let waiting_for = match waiting.lack {
        Lack::Dispatches { .. } => wire::WaitingFor::Dispatches,
        Lack::Forged { .. } => wire::WaitingFor::Forged,
        Lack::Mark => wire::WaitingFor::Operator,
        Lack::Safeguards => wire::WaitingFor::Safeguards,
    };
    let sent = |said: Testimony| wire::Testimony {
        at_ms: said.at.as_ms(),
        holds: said.holds.map(|heard| heard.number),
    };
    wire::Waiting {
        waiting_for: waiting_for.into(),
        since_ms: waiting.since.as_ms(),
        signed: waiting.signed,
        partner: waiting.partner.map(sent),
        topic: waiting.topic.map(sent),
        reason: waiting.reason(next),
    }
}
