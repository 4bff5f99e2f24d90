//! The table of DESIGN 5, what crosses, as far as a history can meet it: which rows have occurred
//! in a case, and whether the case holds what the table says.

use domain::case::crossing::{Crossed, DocumentSituation, Stop, TransferSituation};
use domain::case::event::Kind;
use domain::case::knowledge::Judged;
use domain::case::outcome::Outcome;
use domain::case::said::Side;
use domain::case::{Case, Coverage};
use domain::chain::Chain;

/// A row of the table, or the part of a row that concerns one pair of kinds.
#[derive(Debug)]
pub struct Row {
    /// The words of the design.
    pub design: &'static str,
    asks: &'static [Kind],
    answers: &'static [Kind],
    result: fn(&Case) -> bool,
}

const ANSWERS: &[Kind] = &[Kind::RequestAccepted, Kind::RequestRefused, Kind::ReturnedUnconsidered];

/// The table. A transfer notice cannot cross its own cancellation, which is of the same State, nor
/// its objection, which names it and so has heard it.
pub const TABLE: &[Row] = &[
    Row {
        design: "answer × withdrawal: withdrawn; the answer is kept, shown, ineffective",
        asks: &[Kind::RequestWithdrawn],
        answers: ANSWERS,
        result: |case| {
            let of_answer = |it: &&Judged| kind(it).is_some_and(|it| ANSWERS.contains(&it));
            let shown = case.history.iter().filter(of_answer).any(|it| !it.verdict.stands());
            matches!(case.outcome, Outcome::Withdrawn(_)) && shown
        },
    },
    Row {
        design: "transfer notice × hold: the hold stands",
        asks: &[Kind::TransferNotified],
        answers: &[Kind::HoldPlaced],
        result: |case| matches!(case.transfer, TransferSituation::Stopped(_, Stop::Hold)),
    },
    Row {
        design: "travel document × withdrawal: to be revoked",
        asks: &[Kind::RequestWithdrawn],
        answers: &[Kind::TravelDocumentIssued],
        result: |case| matches!(case.document, DocumentSituation::ToBeRevoked(_)),
    },
    Row {
        design: "travel document × hold: suspended",
        asks: &[Kind::HoldPlaced],
        answers: &[Kind::TravelDocumentIssued],
        result: |case| matches!(case.document, DocumentSituation::Suspended(_)),
    },
    Row {
        design: "departure × hold: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::HoldPlaced],
        result: departed_across,
    },
    Row {
        design: "departure × objection: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::TransferObjected],
        result: departed_across,
    },
    Row {
        design: "departure × revocation: it stands, marked crossed",
        asks: &[Kind::PersonDeparted],
        answers: &[Kind::TravelDocumentRevoked],
        result: departed_across,
    },
    Row {
        design: "rectification of the person × acceptance by silence: not covered",
        asks: &[Kind::SilenceClaimed],
        answers: &[Kind::Rectified],
        result: |case| case.covers_person == Coverage::NotCovered,
    },
    Row {
        design: "rectification of the person × acceptance: not covered",
        asks: &[Kind::Rectified],
        answers: &[Kind::RequestAccepted],
        result: |case| case.covers_person == Coverage::NotCovered,
    },
];

const fn departed_across(case: &Case) -> bool {
    matches!(case.transfer, TransferSituation::Departed(_, Crossed::Yes))
}

fn kind(judged: &Judged) -> Option<Kind> {
    judged.statement.as_ref().map(|statement| statement.kind())
}

/// The rows that occurred in a case, and led to what the table says.
pub fn occurred<'a>(
    case: &'a Case,
    requesting: &'a Chain,
    requested: &'a Chain,
) -> impl Iterator<Item = &'static str> + 'a {
    let had_heard = move |by: &Judged, of: &Judged| {
        let chain = match by.side {
            Side::Requesting => requesting,
            Side::Requested => requested,
        };
        let dispatch = chain.dispatches.get(&by.at.dispatch);
        let heard = dispatch.and_then(|dispatch| dispatch.heard);
        heard.is_some_and(|heard| heard.number >= of.at.dispatch)
    };
    let of = |side: Side, kinds: &'static [Kind]| {
        let said = case.history.iter().filter(move |it| it.side == side);
        said.filter(move |it| kind(it).is_some_and(|kind| kinds.contains(&kind)))
    };
    let occurred = TABLE.iter().filter(move |row| {
        (row.result)(case)
            && of(Side::Requesting, row.asks).any(|a| {
                of(Side::Requested, row.answers).any(|b| !had_heard(a, b) && !had_heard(b, a))
            })
    });
    occurred.map(|row| row.design)
}
