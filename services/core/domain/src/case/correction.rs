//! The times that count where a State has corrected its clock.
//!
//! Who dates forward is parked by the other State until then. After `ClockCorrected` the
//! dispatches of that author that are still parked take its time; what the other State had heard
//! keeps its own. Which those are is read from both chains as they are held: of what the other
//! State has heard, nothing that comes later changes it.

use super::event::Statement;
use super::knowledge::Chains;
use super::rule;
use super::said::Side;
use crate::chain::{Chain, Content, Entry};
use crate::mutant;

/// Both chains with the times that count; `None` where nobody has corrected a clock.
pub(crate) fn corrected(chains: Chains<'_>) -> Option<(Chain, Chain)> {
    let asks = corrections(chains, Side::Requesting);
    let answers = corrections(chains, Side::Requested);
    let none = asks.is_empty() && answers.is_empty();
    if none || mutant::broken("a corrected clock dates nothing") {
        return None;
    }
    Some((
        dated(chains.requesting, chains.requested, &asks),
        dated(chains.requested, chains.requesting, &answers),
    ))
}

/// The dispatches in which a State corrected its clock, in order.
fn corrections(chains: Chains<'_>, side: Side) -> Vec<u64> {
    let chain = chains.of(side);
    let corrects =
        |entry: &&Entry| corrects(entry) && rule::corridor_understood(chains, side, entry);
    chain.entries.iter().filter(corrects).map(|entry| entry.dispatch).collect()
}

/// Whether an entry corrects its author's clock.
pub(crate) fn corrects(entry: &Entry) -> bool {
    let Content::Stated(statement) = &entry.content else {
        return false;
    };
    entry.case.is_none() && matches!(statement.as_ref(), Statement::ClockCorrected(_))
}

/// A chain with what was still parked at the partner dated by the correction that follows it.
fn dated(chain: &Chain, partner: &Chain, corrections: &[u64]) -> Chain {
    let mut dated = chain.clone();
    for correction in corrections {
        let Some(time) = dated.dispatches.get(correction).map(|dispatch| dispatch.time) else {
            continue;
        };
        for (number, dispatch) in dated.dispatches.range_mut(..correction) {
            let heard = partner.receipt_of(*number).and_then(|receipt| receipt.heard);
            let parked = heard.is_none_or(|heard| heard.number >= *correction)
                || mutant::broken("a corrected clock dates what was heard");
            if parked && dispatch.time > time {
                dispatch.time = time;
            }
        }
    }
    dated
}
