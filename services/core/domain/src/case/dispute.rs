//! What puts a case in doubt, what a revoked key takes away, and how a dispute ends (ADR 0005).
//!
//! A *cause* is a proven fault of one State's log, stated by the other before it knew the result
//! confirmed, or a revoked log key under which an entry of the case may have been signed. What
//! an author knew of causes and settlements is asked of its view, as everything else. What a
//! revocation strikes is read from both chains as they are held: of what the other State had
//! heard, a revocation never changes anything.

use super::event::{FaultProved, KeyPurpose, Position, Statement};
use super::knowledge::{Chains, View, heard_of};
use super::outcome::{Outcome, Standing, heard_by};
use super::rule;
use super::said::{At, Side};
use crate::chain::{Chain, Content, Entry};
use crate::mutant;

/// What puts a case in doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Who stated it.
    pub side: Side,
    /// Where it stands in that State's log.
    pub at: At,
    /// What it is.
    pub doubt: Doubt,
}

/// What casts the doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// The log of the other State was proved to contradict itself.
    Fault,
    /// A key of the State that says so was revoked, and may have signed an entry of the case.
    RevokedKey,
}

/// A log key that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    position: Position,
    dispatch: u64,
    /// The last good dispatch; `None` where none is.
    last_good: Option<u64>,
}

impl Revocation {
    /// The revocation that an entry states, if it is one of a log key.
    fn stated(entry: &Entry) -> Option<Self> {
        let Content::Stated(statement) = &entry.content else {
            return None;
        };
        let Statement::KeyRevoked(revoked) = statement.as_ref() else {
            return None;
        };
        let of_log = revoked.purpose == KeyPurpose::Log
            || mutant::broken("any key that is revoked signed the log");
        let revokes = entry.case.is_none() && of_log;
        revokes.then(|| Self {
            position: entry.position,
            dispatch: entry.dispatch,
            last_good: revoked.last_good.map(|last| last.number),
        })
    }

    /// Whether an entry of the same log was stated after the last good dispatch and before the
    /// revocation.
    fn covers(&self, entry: &Entry) -> bool {
        let good = if mutant::broken("the last good dispatch is not good") {
            Some(entry.dispatch) < self.last_good
        } else {
            Some(entry.dispatch) <= self.last_good
        };
        let later = entry.position >= self.position
            && !mutant::broken("what follows a revocation is revoked too");
        !good && !later
    }
}

/// The log keys that a State has revoked, in both chains as they are held.
pub(crate) fn revocations(chains: Chains<'_>, side: Side) -> Vec<Revocation> {
    let entries = chains.of(side).entries.iter();
    let revocations = entries.filter_map(|entry| {
        let revocation = Revocation::stated(entry)?;
        rule::corridor_understood(chains, side, entry).then_some(revocation)
    });
    revocations.collect()
}

/// Whether an entry is ineffective because of a revoked key: it may have been signed with it, and
/// the other State is not shown to have heard it before it heard the revocation.
pub(crate) fn struck(
    chains: Chains<'_>,
    side: Side,
    entry: &Entry,
    revocations: &[Revocation],
) -> bool {
    let mut covering = revocations.iter().filter(|revocation| revocation.covers(entry)).peekable();
    if covering.peek().is_none() || mutant::broken("a revoked key takes nothing away") {
        return false;
    }
    if mutant::broken("a revoked key takes away what was heard") {
        return true;
    }
    // `heard` never falls, so the first that heard the entry is the one that had heard the least.
    let receipt = chains.of(side.other()).receipt_of(entry.dispatch);
    let heard = receipt.and_then(|receipt| receipt.heard).map(|heard| heard.number);
    covering.any(|revocation| heard.is_none_or(|heard| heard >= revocation.dispatch))
}

/// Whether a revocation puts a case in doubt: it may have signed an entry of it.
pub(crate) fn doubts(entry: &Entry, of_case: &[&Entry]) -> bool {
    let revocation = Revocation::stated(entry);
    revocation.is_some_and(|it| of_case.iter().any(|entry| it.covers(entry)))
        && !mutant::broken("a revoked key puts nothing in doubt")
}

/// The fault that an entry of the corridor proves.
pub(crate) fn fault(entry: &Entry) -> Option<&FaultProved> {
    let Content::Stated(statement) = &entry.content else {
        return None;
    };
    let Statement::FaultProved(fault) = statement.as_ref() else {
        return None;
    };
    entry.case.is_none().then_some(fault)
}

/// Whether a fault is proof only: the accuser's chain shows that the number was heard, and the
/// accused's that it heard that, as far as the accuser knew. It freezes and disputes nothing.
#[must_use]
pub fn is_proof_only(
    accuser: &Chain,
    accused: &Chain,
    stated: &Entry,
    fault: &FaultProved,
) -> bool {
    let Some(receipt) = accuser.receipt_of(fault.number) else {
        return false;
    };
    let known = heard_of(accuser, stated);
    if mutant::broken("a rival that one has heard of is proof only") {
        return true;
    }
    let back = accused.receipt_of(receipt.number);
    back.is_some_and(|back| Some(back.number) <= known)
        && !mutant::broken("a rival long heard by both freezes")
}

/// Whether a fault puts a case in doubt, in the view of whoever proves it.
pub(crate) fn faults(view: &View<'_>, stated: &Entry, fault: &FaultProved) -> bool {
    let accuser = view.chains.of(view.side);
    let accused = view.chains.of(view.side.other());
    if is_proof_only(accuser, accused, stated, fault)
        || mutant::broken("a fault puts nothing in doubt")
    {
        return false;
    }
    if mutant::broken("a fault puts in doubt what was confirmed") {
        return true;
    }
    Outcome::of(view).standing(view) != Standing::Confirmed
}

/// Whether the case is in dispute in a view: there is a cause that not both States have settled.
#[must_use]
pub(crate) fn disputed(view: &View<'_>) -> bool {
    let unsettled = |side: &Side| !settled(view, *side);
    if mutant::broken("one State alone ends a dispute") {
        return !view.causes.is_empty() && Side::BOTH.iter().all(unsettled);
    }
    !view.causes.is_empty() && Side::BOTH.iter().any(unsettled)
}

/// Whether a State has taken the case as it stands, knowing every cause of this view.
#[must_use]
pub(crate) fn settled(view: &View<'_>, side: Side) -> bool {
    view.said.either(side).settled.iter().any(|settled| {
        view.causes.iter().all(|cause| {
            let stands = is_carried_on(view, side, cause, settled.position)
                || mutant::broken("a State settles in its frozen log");
            knew(view, side, *settled, cause) && stands
        })
    })
}

/// Whether a State has said that it takes the case as it stands, and would say the same again.
/// What it says in a log that is frozen settles nothing, and is said again in the next era.
#[must_use]
pub(crate) fn has_said(view: &View<'_>, side: Side) -> bool {
    view.said.either(side).settled.iter().any(|settled| {
        view.causes.iter().all(|cause| {
            let carried_on = |at: Position| is_carried_on(view, side, cause, at);
            knew(view, side, *settled, cause)
                && carried_on(settled.position) == carried_on(view.before)
        })
    })
}

/// Whether the author of a settlement knew a cause.
fn knew(view: &View<'_>, side: Side, settled: At, cause: &Cause) -> bool {
    if mutant::broken("a settlement need not know what it settles") {
        true
    } else if cause.side == side {
        cause.at.position < settled.position
    } else {
        heard_by(view, side, settled, cause.at)
    }
}

/// Whether what a State states at a position is not void: its log was not frozen by this cause,
/// or goes on by then.
fn is_carried_on(view: &View<'_>, side: Side, cause: &Cause, at: Position) -> bool {
    let freezes = cause.side != side && cause.doubt == Doubt::Fault;
    !freezes || goes_on(view.chains.of(side), cause.at, at)
}

/// Whether a log that a fault froze goes on in its next era before a position. What its author
/// states before that is void, and settles nothing.
pub(crate) fn goes_on(chain: &Chain, fault: At, before: Position) -> bool {
    chain.entries.iter().take_while(|entry| entry.position < before).any(|entry| {
        let Content::Stated(statement) = &entry.content else {
            return false;
        };
        matches!(statement.as_ref(), Statement::LogSucceeded(_))
            && heard_of(chain, entry) >= Some(fault.dispatch)
    })
}
