//! `GetStatus`: heads, lag, backlog and the courier, for whoever keeps the node running.

use domain::identifier::State;
use exchange::Reach;
use proto::command::v1::Purpose;
use proto::ledger::v1 as ledger;
use proto::node::v1::{
    ArrivalCount, BrokerStatus, GetStatusRequest, GetStatusResponse, PartnerStatus, Waiting,
};
use runtime::caller::Caller;
use runtime::failure::Failure;

use super::Operator;

pub(super) async fn get_status(
    operator: &Operator,
    caller: &Caller,
    _request: GetStatusRequest,
) -> Result<GetStatusResponse, Failure> {
    let request = ledger::GetStatusRequest { caller: Some(caller.context(Purpose::Unspecified)) };
    let status = operator.ledger.clone().get_status(request).await?.into_inner();
    let exchange = operator.exchange.as_ref().map(exchange::StatusHandle::now);
    let partners = status
        .corridors
        .iter()
        .map(|corridor| {
            let state = State::new(&corridor.partner_state).ok();
            let courier = state
                .zip(exchange.as_ref())
                .and_then(|(state, exchange)| exchange.partners.get(&state));
            partner(corridor, courier)
        })
        .collect();
    let broker = exchange.as_ref().map(|exchange| broker(&exchange.courier, status.now_ms));
    Ok(GetStatusResponse {
        state: status.own_state,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: status.now_ms,
        store_position: status.store_position,
        recovered_cut_bytes: status.recovered_cut_bytes,
        store_damage: status.store_damage,
        partners,
        broker: broker.flatten(),
    })
}

/// One corridor, by the ledger's word and the exchange's.
fn partner(
    corridor: &ledger::CorridorStatus,
    courier: Option<&exchange::PartnerStatus>,
) -> PartnerStatus {
    let heard = corridor.partner_head.as_ref().and_then(|head| head.heard.as_ref());
    PartnerStatus {
        state: corridor.partner_state.clone(),
        own_head: corridor.own_head.as_ref().map(|head| head.number),
        partner_head: corridor.partner_head.as_ref().map(|head| head.number),
        partner_heard: heard.map(|heard| heard.number),
        backlog: courier.map(exchange::PartnerStatus::backlog).unwrap_or_default(),
        published: courier.and_then(|courier| courier.published),
        partner_spoke_at_ms: corridor.partner_head.as_ref().map(|head| head.time_ms),
        parked: corridor.parked,
        quarantined: corridor.quarantined,
        stopped: corridor.stopped.clone(),
        frozen: corridor.frozen.clone(),
        quarantine_dropped: corridor.quarantine_dropped,
        arrivals: corridor.arrivals.iter().map(arrivals).collect(),
        alarms: corridor.alarms.clone(),
        waiting: corridor.waiting.as_ref().map(|it| waiting(it, courier)),
        answers_low: corridor.answers_low.clone(),
    }
}

/// What is waited for, with what the witnesses say or why they do not.
fn waiting(it: &ledger::Waiting, courier: Option<&exchange::PartnerStatus>) -> Waiting {
    let state = match it.waiting_for() {
        ledger::WaitingFor::Dispatches => "restored: dispatches",
        ledger::WaitingFor::Safeguards => "restored: safeguards",
        ledger::WaitingFor::Operator => "mark lost",
        ledger::WaitingFor::Forged => "forged: dispatches",
        ledger::WaitingFor::Unspecified => "",
    };
    let says = |said: &Option<ledger::Testimony>, silent: String| match said {
        None => silent,
        Some(ledger::Testimony { holds: None, .. }) => "no dispatch".to_owned(),
        Some(ledger::Testimony { holds: Some(number), .. }) => format!("dispatch {number}"),
    };
    let door = match courier.map(|courier| &courier.door) {
        Some(Reach::Unreachable { last_error, .. }) => format!("no answer: {last_error}"),
        Some(Reach::Off) => "no answer: its door is not configured".to_owned(),
        Some(Reach::Connecting | Reach::Reachable { .. }) | None => "no answer yet".to_owned(),
    };
    Waiting {
        state: state.to_owned(),
        since_ms: it.since_ms,
        signed: it.signed,
        partner_says: says(&it.partner, door),
        topic_says: says(&it.topic, "not looked at".to_owned()),
        reason: it.reason.clone(),
    }
}

fn arrivals(it: &ledger::OutcomeCount) -> ArrivalCount {
    let name = it.outcome().as_str_name().trim_start_matches("IMPORT_OUTCOME_");
    ArrivalCount { outcome: name.to_ascii_lowercase(), count: it.count }
}

/// The courier; `None` where none is configured.
fn broker(reach: &Reach, now_ms: u64) -> Option<BrokerStatus> {
    let ago = |since: &tokio::time::Instant| {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(now_ms.saturating_sub(ms))
    };
    match reach {
        Reach::Off => None,
        Reach::Connecting => Some(BrokerStatus::default()),
        Reach::Reachable { since } => {
            Some(BrokerStatus { reachable: true, since_ms: ago(since), last_error: String::new() })
        }
        Reach::Unreachable { since, last_error } => Some(BrokerStatus {
            reachable: false,
            since_ms: ago(since),
            last_error: last_error.clone(),
        }),
    }
}
