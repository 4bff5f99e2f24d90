//! The numbered invariants of DESIGN 5 that are about bytes, stores and nodes: 8 to 12, and 1 of a
//! third party, as pure predicates over what came out of the nodes. The others are in
//! [`domain::invariant`].

use domain::case::Case;
use domain::case::crossing::{Crossed, TransferSituation};
use domain::case::event::Kind;
use domain::case::knowledge::{Judged, Verdict};
use domain::identifier::State;
use domain::invariant::Broken;
use ledger::Log;
use proto::ledger::v1::BodyState;

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

/// Invariant 8: of two dispatches under one number, and of a dispatch that breaks its own chain,
/// evidence is left that a stand-alone verifier accepts.
///
/// # Errors
/// There is none, or it does not hold, or it accuses another State.
pub fn fault_is_proved(evidence: &[u8], accused: State) -> Result<(), Broken> {
    let verified = record::fault_evidence::verify(evidence).map_err(|invalid| Broken {
        number: 8,
        what: format!("the proof of a fault: {invalid}"),
    })?;
    holds(verified.accused == accused, 8, || format!("it accuses {}", verified.accused))
}

/// Invariant 11: where a State has ordered the erasure of its copies, its node holds no key of the
/// case and reads no body of it.
///
/// # Errors
/// It does.
pub fn erased_bodies_are_closed(
    holds_key: bool,
    bodies: &[(Log, u64, BodyState)],
) -> Result<(), Broken> {
    holds(!holds_key, 11, || "the key of an erased case is still there".to_owned())?;
    let open = bodies.iter().find(|(.., body)| *body == BodyState::Open);
    holds(open.is_none(), 11, || format!("a body is read after its erasure: {open:?}"))
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
