//! The numbered invariants of DESIGN 5 that are about bytes, stores and nodes: 8 to 13, as pure
//! predicates over what came out of the nodes. 1 to 7 are in [`domain::invariant`].

use domain::case::Case;
use domain::case::crossing::{Crossed, TransferSituation};
use domain::case::event::{Kind, Statement};
use domain::case::knowledge::{Judged, Verdict};
use domain::case::said::Side;
use domain::chain::Chain;
use domain::corridor::Corridor;
use domain::invariant::Broken;

use super::play::is_kind;

fn holds(holds: bool, number: u8, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { number, what: what() }) }
}

/// Invariant 1, of a third party: the evidence that a node exports verifies, and holds the same
/// case, to the byte.
///
/// # Errors
/// It does not.
pub fn third_holds_the_same(evidence: &[u8], case: &Case) -> Result<(), Broken> {
    let verified = record::bundle::verify(evidence)
        .map_err(|invalid| Broken { number: 1, what: format!("the evidence: {invalid}") })?;
    holds(verified.case.text() == case.text(), 1, || {
        format!("a third holds {} and not {}", verified.case.text(), case.text())
    })
}

/// The departure of a case, if it stands without breach and crossed nothing.
fn sound_departure(case: &Case) -> Option<&Judged> {
    let crossed = match case.transfer {
        TransferSituation::Departed(_, crossed) | TransferSituation::Arrived(_, crossed) => crossed,
        TransferSituation::None
        | TransferSituation::Notified(_)
        | TransferSituation::Stopped(..)
        | TransferSituation::NotDeparted(_)
        | TransferSituation::TakenBack(_) => return None,
    };
    let departed = case.history.iter().find(|it| {
        it.verdict == Verdict::Effective && is_kind(it.statement.as_deref(), Kind::PersonDeparted)
    });
    departed.filter(|_| crossed == Crossed::No)
}

/// Whether a person has departed, and nothing is wrong with it.
#[must_use]
pub fn has_departed_soundly(case: &Case) -> bool {
    sound_departure(case).is_some()
}

/// Invariant 13: a departure without `breach` or `crossed` met every condition of DESIGN 5, on both
/// chains; recomputed from what was said. That no safeguard was open is asked where it is decided.
///
/// # Errors
/// It lacks a condition.
pub fn departure_met_every_condition(
    case: &Case,
    corridor: &Corridor,
    requesting: &Chain,
    requested: &Chain,
) -> Result<(), Broken> {
    let Some(departed) = sound_departure(case) else {
        return Ok(());
    };
    let Some(Statement::PersonDeparted(notice)) = departed.statement.as_deref() else {
        return Ok(());
    };
    let number = departed.at.dispatch;
    let heard = requesting.dispatches.get(&number).and_then(|it| it.heard).map(|it| it.number);
    // What its author knew: its own word before, and the partner's up to what it had heard.
    let known = |it: &&Judged| {
        it.verdict == Verdict::Effective
            && match it.side {
                Side::Requesting => it.at.position < departed.at.position,
                Side::Requested => Some(it.at.dispatch) <= heard,
            }
    };
    let all: Vec<&Judged> = case.history.iter().filter(known).collect();
    let any = |kind: Kind| all.iter().any(|it| is_kind(it.statement.as_deref(), kind));
    let named = |of: &dyn Fn(&Statement) -> bool| {
        all.iter().any(|it| it.statement.as_deref().is_some_and(of))
    };
    let notified = all.iter().find(|it| {
        it.at.position == *notice && is_kind(it.statement.as_deref(), Kind::TransferNotified)
    });
    let notified = notified.map(|it| it.at);
    let notified =
        notified.ok_or_else(|| Broken { number: 13, what: "without a notice".to_owned() })?;
    let heard_in_time = requested.dispatches.range(..=heard.unwrap_or_default()).any(|(_, it)| {
        let hears = it.heard.is_some_and(|heard| heard.number >= notified.dispatch);
        hears && it.time >= notified.time.plus(corridor.grace)
    });
    let held = [Side::Requesting, Side::Requested].into_iter().any(|side| {
        let of_hold = |it: &&&Judged| {
            it.side == side
                && [Kind::HoldPlaced, Kind::HoldLifted]
                    .into_iter()
                    .any(|kind| is_kind(it.statement.as_deref(), kind))
        };
        let last = all.iter().filter(of_hold).max_by_key(|it| it.at.position);
        last.is_some_and(|it| is_kind(it.statement.as_deref(), Kind::HoldPlaced))
    });
    let needs_document = case.rules.as_ref().is_some_and(|it| it.travel_document.is_some());
    let document = any(Kind::TravelDocumentIssued) || any(Kind::TravelDocumentRequested);
    let crossed = case.history.iter().any(|it| {
        let after = it.side == Side::Requested && Some(it.at.dispatch) > heard;
        let not_knowing = || {
            let dispatch = requested.dispatches.get(&it.at.dispatch);
            dispatch.and_then(|it| it.heard).is_none_or(|it| it.number < number)
        };
        let stops = [Kind::HoldPlaced, Kind::TravelDocumentRevoked]
            .into_iter()
            .any(|kind| is_kind(it.statement.as_deref(), kind))
            || matches!(it.statement.as_deref(),
                Some(Statement::TransferObjected(of)) if of == notice);
        after && stops && it.verdict == Verdict::Effective && not_knowing()
    });
    for (met, what) in [
        (any(Kind::RequestAccepted) || any(Kind::SilenceClaimed), "without an acceptance"),
        (!any(Kind::RequestWithdrawn), "after a withdrawal"),
        (heard_in_time, "without a word of the partner that had heard the notice in time"),
        (
            !named(&|it| matches!(it, Statement::TransferObjected(of) if of == notice)),
            "objected to",
        ),
        (
            !named(&|it| matches!(it, Statement::TransferCancelled(of) if of == notice)),
            "after a cancellation",
        ),
        (!held, "during a hold"),
        (!needs_document || document, "without a travel document"),
        (!crossed, "although it crossed something"),
    ] {
        holds(met, 13, || format!("a departure {what}"))?;
    }
    Ok(())
}
