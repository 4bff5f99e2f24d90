//! The answer to a command.
//!
//! The etag is of the case as the command left it, on what its author knew then; so the answer to
//! a repetition is the first answer again, and an act that follows is not let through by changes
//! that nobody has seen. Only the standing is of now.

use std::sync::Arc;

use domain::case::Case;
use domain::case::event::Event;
use domain::chain::{Chain, Content, Entry};
use domain::identifier::CaseNumber;
use proto::command::v1::{Receipt, Standing};
use proto::ledger::v1::PriorCommand;

use super::reading::{CorridorReading, OpeningReading, Reading, dispatch};
use crate::failure::Failure;

/// Whether something was written by this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// It was.
    New,
    /// By an earlier call of the same request id.
    Replayed,
}

/// Of a decision that was validated only.
pub(super) fn validated(reading: &Reading) -> Receipt {
    Receipt { validated_only: true, ..unchanged(reading) }
}

/// Of a command that had nothing to state: the case says it already.
pub(super) fn unchanged(reading: &Reading) -> Receipt {
    Receipt { time_ms: reading.now.as_ms(), ..of_case(&reading.case) }
}

/// Of an opening that was validated only. Neither id nor number are given away: another attempt
/// may get others.
pub(super) fn validated_opening(reading: &OpeningReading) -> Receipt {
    Receipt { time_ms: reading.now.as_ms(), validated_only: true, ..Receipt::default() }
}

/// Of what a command has just written.
pub(super) fn written(
    reading: &Reading,
    written: &PriorCommand,
    events: &[Event],
) -> Result<Receipt, Failure> {
    let case = match &written.dispatch {
        None => reading.case.clone(),
        Some(sent) => {
            let dispatch = dispatch(sent)?;
            let mut own = reading.own_chain.clone();
            own.dispatches.insert(dispatch.number, dispatch);
            for (position, event) in written.positions.iter().zip(events) {
                own.entries.push(Entry {
                    position: *position,
                    dispatch: dispatch.number,
                    case: Some(reading.case.id),
                    content: Content::Stated(Arc::new(event.statement.clone())),
                });
            }
            derived(reading, &own, &reading.partner_chain)?
        }
    };
    Ok(of_written(&case, written, &reading.partner_chain, Writing::New))
}

/// Of what an opening has just written.
pub(super) fn opened(
    reading: OpeningReading,
    written: &PriorCommand,
    events: &[Event],
) -> Result<Receipt, Failure> {
    let mut reading = reading;
    let sent = written.dispatch.as_ref();
    let sent = sent.ok_or_else(|| Failure::internal("the ledger did not name the dispatch"))?;
    let dispatch = dispatch(sent)?;
    reading.own_chain.dispatches.insert(dispatch.number, dispatch);
    for (position, event) in written.positions.iter().zip(events) {
        reading.own_chain.entries.push(Entry {
            position: *position,
            dispatch: dispatch.number,
            case: Some(reading.id),
            content: Content::Stated(Arc::new(event.statement.clone())),
        });
    }
    let reading = reading.opened()?;
    Ok(of_written(&reading.case, written, &reading.partner_chain, Writing::New))
}

/// Of what an earlier call has written.
pub(super) fn replayed(reading: &Reading, prior: &PriorCommand) -> Result<Receipt, Failure> {
    let case = match &prior.dispatch {
        None => reading.case.clone(),
        Some(sent) => {
            let dispatch = dispatch(sent)?;
            let own = up_to(&reading.own_chain, Some(dispatch.number));
            let heard = dispatch.heard.map(|heard| heard.number);
            derived(reading, &own, &up_to(&reading.partner_chain, heard))?
        }
    };
    Ok(of_written(&case, prior, &reading.partner_chain, Writing::Replayed))
}

/// Of what was written to a corridor.
pub(super) fn of_corridor(
    reading: &CorridorReading,
    written: &PriorCommand,
    writing: Writing,
) -> Result<Receipt, Failure> {
    Ok(fill(Receipt::default(), written, &reading.partner_chain, writing))
}

/// Of a corridor command that was validated only.
pub(super) fn validated_on_corridor(reading: &CorridorReading) -> Receipt {
    Receipt { validated_only: true, ..unchanged_corridor(reading) }
}

/// Of a corridor command that had nothing to state.
pub(super) fn unchanged_corridor(reading: &CorridorReading) -> Receipt {
    Receipt { time_ms: reading.now.as_ms(), ..Receipt::default() }
}

fn derived(reading: &Reading, own: &Chain, partner: &Chain) -> Result<Case, Failure> {
    let case = reading.derive(own, partner);
    case.ok_or_else(|| Failure::internal("a case that was written to cannot be derived"))
}

/// A chain as it was up to a dispatch; empty for none.
fn up_to(chain: &Chain, number: Option<u64>) -> Chain {
    let mut cut = Chain::new(chain.author);
    if let Some(number) = number {
        let dispatches = chain.dispatches.range(..=number);
        cut.dispatches = dispatches.map(|(number, dispatch)| (*number, *dispatch)).collect();
        cut.entries = chain.entries_up_to(number).cloned().collect();
    }
    cut
}

fn of_case(case: &Case) -> Receipt {
    Receipt {
        case_id: case.id.to_string(),
        case_number: case.number.as_ref().map(CaseNumber::to_string).unwrap_or_default(),
        etag: case.etag().to_string(),
        ..Receipt::default()
    }
}

fn of_written(case: &Case, written: &PriorCommand, partner: &Chain, writing: Writing) -> Receipt {
    fill(of_case(case), written, partner, writing)
}

fn fill(receipt: Receipt, written: &PriorCommand, partner: &Chain, writing: Writing) -> Receipt {
    let dispatch = written.dispatch.as_ref().map(|dispatch| dispatch.number);
    let standing = match dispatch {
        None => Standing::Unspecified,
        Some(number) if partner.receipt_of(number).is_some() => Standing::Confirmed,
        Some(_) => Standing::Provisional,
    };
    Receipt {
        positions: written.positions.clone(),
        dispatch: dispatch.unwrap_or_default(),
        time_ms: written.time_ms,
        standing: standing.into(),
        replayed: writing == Writing::Replayed,
        local_positions: written.local_positions.clone(),
        store_position: written.store_position,
        ..receipt
    }
}
