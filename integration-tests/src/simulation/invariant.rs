//! The numbered invariants of DESIGN 5 that are about bytes, stores and nodes: 8 to 12, and 1 of a
//! third party, as pure predicates over what came out of the nodes. The others are in
//! [`domain::invariant`].

use domain::case::Case;
use domain::case::crossing::{Crossed, TransferSituation};
use domain::case::event::Kind;
use domain::case::knowledge::{Judged, Verdict};
use domain::invariant::Broken;

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
        let kind = it.statement.as_ref().map(|statement| statement.kind());
        it.verdict == Verdict::Effective && kind == Some(Kind::PersonDeparted)
    });
    departed.filter(|_| crossed == Crossed::No)
}

/// Whether a person has departed, and nothing is wrong with it.
#[must_use]
pub fn has_departed_soundly(case: &Case) -> bool {
    sound_departure(case).is_some()
}
