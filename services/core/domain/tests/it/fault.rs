//! What may go wrong between two States, as rows to be counted: each must occur.

use domain::case::Case;
use domain::case::dispute::{Doubt, is_proof_only};
use domain::case::event::{Kind, Statement};
use domain::case::knowledge::{Judged, Verdict};
use domain::case::outcome::Standing;
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::chain::{Chain, Content, Entry};

use crate::history::History;

/// A row: what it is called, and whether it occurred.
type Row = (&'static str, fn(&Case, &History) -> bool);

/// The rows.
pub(crate) const ROWS: &[Row] = &[
    ("a fault disputes a case", |case, _| doubted(case, Doubt::Fault)),
    ("a fault disputes nothing: the result was confirmed", |case, history| {
        states(history, Kind::FaultProved) && !doubted(case, Doubt::Fault)
    }),
    ("a rival long heard by both is proof only", |_, history| {
        any(history, |own, other, entry| {
            let Some(Statement::FaultProved(fault)) = stated(&entry.content) else {
                return false;
            };
            is_proof_only(own, other, entry, fault)
        })
    }),
    ("a log goes on in its next era", |_, history| states(history, Kind::LogSucceeded)),
    ("a revoked key disputes a case", |case, _| doubted(case, Doubt::RevokedKey)),
    ("an entry is struck with a revoked key", |case, _| case.history.iter().any(struck)),
    ("an entry that was heard stands after the revocation", |case, history| {
        any(history, |own, _, entry| {
            let Some(Statement::KeyRevoked(revoked)) = stated(&entry.content) else {
                return false;
            };
            let last_good = revoked.last_good.map(|last| last.number);
            case.history.iter().any(|it| {
                let covered = Some(it.at.dispatch) > last_good && it.at.position < entry.position;
                it.author == own.author && covered && it.verdict == Verdict::Effective
            })
        })
    }),
    ("a confirmed result is disputed", |case, _| {
        case.standing == Standing::Disputed && case.is_heard()
    }),
    ("a dispute is settled by both", |case, _| {
        !case.causes.is_empty() && case.standing != Standing::Disputed
    }),
    ("a parked dispatch is dated by the correction", |case, history| {
        case.history.iter().any(|it| dated_anew(it, history))
    }),
    ("a dispatch that was heard keeps its date", |case, history| {
        any(history, |own, _, entry| {
            let corrects = is(&entry.content, Kind::ClockCorrected);
            let time = own.dispatch_of(entry).map(|it| it.time);
            corrects
                && case.history.iter().any(|it| {
                    let earlier = it.author == own.author && it.at.dispatch < entry.dispatch;
                    earlier && Some(it.at.time) > time
                })
        })
    }),
    ("an opening is unreadable, and stated again", |case, _| {
        !case.said.by_requested.unreadable.is_empty()
            && !case.said.by_requesting.restated.is_empty()
    }),
    ("an opening is contested", |case, _| !case.said.by_requested.contested.is_empty()),
    ("a silence is proved after the opening was stated again", |case, _| {
        !case.said.by_requesting.restated.is_empty() && case.said.requesting.claim.is_some()
    }),
    ("an erasure is done", |case, _| {
        Side::BOTH.into_iter().any(|side| case.said.either(side).erasure_done.is_some())
    }),
];

/// The rows that occurred in a case.
pub(crate) fn occurred(case: &Case, history: &History) -> Vec<&'static str> {
    let occurred = ROWS.iter().filter(|(_, occurred)| occurred(case, history));
    occurred.map(|(name, _)| *name).collect()
}

fn doubted(case: &Case, doubt: Doubt) -> bool {
    case.causes.iter().any(|cause| cause.doubt == doubt)
}

fn struck(judged: &Judged) -> bool {
    judged.verdict == Verdict::Ineffective(Rejection::KeyMustNotBeRevoked)
}

/// Whether something holds of an entry of the corridor in either log.
fn any(history: &History, holds: impl Fn(&Chain, &Chain, &Entry) -> bool) -> bool {
    Side::BOTH.into_iter().any(|side| {
        let (own, other) = (&history.node(side).own, &history.node(side.other()).own);
        own.entries.iter().any(|entry| entry.case.is_none() && holds(own, other, entry))
    })
}

fn states(history: &History, kind: Kind) -> bool {
    any(history, |_, _, entry| is(&entry.content, kind))
}

fn stated(content: &Content) -> Option<&Statement> {
    match content {
        Content::Stated(statement) => Some(statement),
        Content::NotUnderstood => None,
    }
}

fn is(content: &Content, kind: Kind) -> bool {
    stated(content).is_some_and(|statement| statement.kind() == kind)
}

/// Whether an entry counts with another time than its dispatch says.
fn dated_anew(judged: &Judged, history: &History) -> bool {
    let own = &history.node(judged.side).own;
    let dispatch = own.dispatches.get(&judged.at.dispatch);
    dispatch.is_some_and(|dispatch| dispatch.time > judged.at.time)
}
