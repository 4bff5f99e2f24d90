//! Invariant 13: a departure without `breach` or `crossed` met every condition of DESIGN 5.
//!
//! What its author knew is gathered from the history again, entry by entry, and each condition is
//! asked of that alone.

use super::{Broken, heard, holds};
use crate::case::Case;
use crate::case::crossing::{Crossed, TransferSituation};
use crate::case::dispute::{self, Doubt};
use crate::case::event::{Kind, Position, Rectified, Statement};
use crate::case::knowledge::{Judged, Verdict};
use crate::case::outcome::Ground;
use crate::case::said::{At, Side};
use crate::clock;
use crate::rules::{Category, Rules, SilenceEffect, ThirdCountryDocument};

/// Invariant 13, of what both chains say. That no safeguard was open is known to the requesting
/// node alone, and asked where it decides.
///
/// # Errors
/// The first condition that a departure did not meet.
pub fn departure_met_every_condition(case: &Case) -> Result<(), Broken> {
    let crossed = match case.transfer {
        TransferSituation::Departed(_, crossed) | TransferSituation::Arrived(_, crossed) => crossed,
        TransferSituation::None
        | TransferSituation::Notified(_)
        | TransferSituation::Stopped(..)
        | TransferSituation::NotDeparted(_) => Crossed::No,
        // Whoever was taken back has been: what crossed the departure is not told any more.
        TransferSituation::TakenBack(_) => Crossed::Yes,
    };
    for judged in case.history.iter().filter(|it| it.verdict == Verdict::Effective) {
        let Some(Statement::PersonDeparted(notice)) = judged.statement.as_deref() else {
            continue;
        };
        let missing = Departure::of(case, judged).and_then(|it| it.missing(*notice, crossed));
        holds(missing.is_none(), 13, || format!("{judged:?}: {missing:?}"))?;
    }
    Ok(())
}

/// A departure, and what its author knew.
struct Departure<'a> {
    case: &'a Case,
    rules: &'a Rules,
    at: At,
    /// The partner's last dispatch that was heard.
    heard: Option<u64>,
    /// What stands and was known.
    known: Vec<&'a Judged>,
}

impl<'a> Departure<'a> {
    fn of(case: &'a Case, departed: &Judged) -> Option<Self> {
        let heard = heard(case.chains().requesting, departed.at.dispatch);
        let known = case.history.iter().filter(|it| {
            it.verdict.stands()
                && match it.side {
                    Side::Requesting => it.at.position < departed.at.position,
                    Side::Requested => Some(it.at.dispatch) <= heard,
                }
        });
        let known = known.collect();
        Some(Self { case, rules: case.rules.as_ref()?, at: departed.at, heard, known })
    }

    /// The first condition that is not met.
    fn missing(&self, notice: Position, crossed: Crossed) -> Option<&'static str> {
        let conditions = [
            (self.settled(), "the case was disputed"),
            (self.accepted(), "no acceptance was confirmed"),
            (self.covered(), "the acceptance did not cover the person"),
            (self.noticed(notice), "the partner had not heard the notice in time"),
            (Side::BOTH.into_iter().all(|side| !self.held(side)), "a hold was in place"),
            (self.unobstructed(), "an obstacle to the transfer lasted"),
            (self.unopposed(notice), "the transfer was objected to"),
            (self.documented(), "there was no travel document"),
            (crossed == Crossed::Yes || !self.overtaken(), "something crossed it"),
        ];
        conditions.into_iter().find(|(met, _)| !met).map(|(_, what)| what)
    }

    fn said(&self, side: Side, kind: Kind) -> impl Iterator<Item = &'a Judged> + '_ {
        let said = self.known.iter().copied().filter(move |it| it.side == side);
        said.filter(move |it| it.statement.as_ref().is_some_and(|it| it.kind() == kind))
    }

    /// Whether the author of an entry of a side had heard an entry of the other.
    fn knew(&self, side: Side, by: At, of: At) -> bool {
        heard(self.case.chains().of(side), by.dispatch) >= Some(of.dispatch)
    }

    fn settled(&self) -> bool {
        let known = |side: Side, at: At| match side {
            Side::Requesting => at.position < self.at.position,
            Side::Requested => Some(at.dispatch) <= self.heard,
        };
        let causes: Vec<_> =
            self.case.causes.iter().filter(|cause| known(cause.side, cause.at)).collect();
        causes.is_empty()
            || Side::BOTH.into_iter().all(|side| {
                self.said(side, Kind::DisputeSettled).any(|it| {
                    causes.iter().all(|cause| {
                        if cause.side == side {
                            return cause.at.position < it.at.position;
                        }
                        let chain = self.case.chains().of(side);
                        let goes_on = cause.doubt != Doubt::Fault
                            || dispute::goes_on(chain, cause.at, it.at.position);
                        self.knew(side, it.at, cause.at) && goes_on
                    })
                })
            })
    }

    fn unobstructed(&self) -> bool {
        let effective = |kind: Kind| {
            let said = self.said(Side::Requesting, kind);
            said.filter(|it| it.verdict == Verdict::Effective).count()
        };
        effective(Kind::ObstacleReported) == effective(Kind::ObstacleRemoved)
    }

    fn accepted(&self) -> bool {
        let withdrawn = self.said(Side::Requesting, Kind::RequestWithdrawn).next().is_some();
        !withdrawn
            && match self.case.outcome.accepted() {
                Some(Ground::Answer(at)) => Some(at.dispatch) <= self.heard,
                Some(Ground::Silence(claim)) => {
                    let word = self.heard.and_then(|it| heard(self.case.chains().requested, it));
                    claim.position < self.at.position && word >= Some(claim.dispatch)
                }
                None => false,
            }
    }

    fn covered(&self) -> bool {
        let acceptance = self.said(Side::Requested, Kind::RequestAccepted).last();
        let corrects =
            |it: &Judged| it.statement.as_deref() == Some(&Statement::Rectified(Rectified::Person));
        Side::BOTH.into_iter().all(|side| {
            let corrections = self.said(side, Kind::Rectified).filter(|it| corrects(it));
            corrections.into_iter().all(|correction| match (acceptance, side) {
                (Some(it), Side::Requested) => correction.at.position < it.at.position,
                (Some(it), Side::Requesting) => self.knew(Side::Requested, it.at, correction.at),
                (None, side) => self.proof_knew(side, correction.at),
            })
        })
    }

    /// Whether the silence that accepts was proved, or claimed, knowing a correction.
    fn proof_knew(&self, side: Side, correction: At) -> bool {
        let claims = self.said(Side::Requesting, Kind::SilenceClaimed);
        claims.into_iter().any(|claim| match (side, claim.statement.as_deref()) {
            (Side::Requesting, Some(Statement::SilenceClaimed(cited))) => {
                heard(self.case.chains().requested, cited.number) >= Some(correction.dispatch)
            }
            (Side::Requesting, _) => false,
            (Side::Requested, _) => self.knew(Side::Requesting, claim.at, correction),
        })
    }

    fn noticed(&self, notice: Position) -> bool {
        let chains = self.case.chains();
        let notified = self.said(Side::Requesting, Kind::TransferNotified);
        let Some(notified) = notified.into_iter().find(|it| it.at.position == notice) else {
            return false;
        };
        let word = self.heard.and_then(|number| chains.requested.dispatches.get(&number));
        let grace = notified.at.time.plus(chains.corridor.grace);
        let notices = [&self.rules.transfer_notice, &self.rules.escorted_transfer_notice];
        word.is_some_and(|word| {
            let had_heard = word.heard.map(|heard| heard.number) >= Some(notified.at.dispatch);
            let over = notices.into_iter().flatten().all(|period| {
                let (start, requested) = (notified.at.time, self.case.requested);
                clock::is_over(self.rules, start, period.length, requested, word.time) == Ok(true)
            });
            had_heard && over && word.time >= grace
        })
    }

    fn held(&self, side: Side) -> bool {
        let placed = self.said(side, Kind::HoldPlaced).last().map(|it| it.at.position);
        let lifted = self.said(side, Kind::HoldLifted).last().map(|it| it.at.position);
        placed > lifted
    }

    fn unopposed(&self, notice: Position) -> bool {
        let objections = self.said(Side::Requested, Kind::TransferObjected);
        let named = Some(Statement::TransferObjected(notice));
        objections.into_iter().all(|it| it.statement.as_deref() != named.as_ref())
    }

    fn documented(&self) -> bool {
        let Some(document) = &self.rules.travel_document else {
            return true;
        };
        let third = self.case.said.requesting.filed.as_ref().is_some_and(|(_, filed)| {
            matches!(filed.category, Category::ThirdCountryNational | Category::Stateless)
        });
        let paper = document.third_country_nationals.as_ref().filter(|_| third);
        let paper = paper.map(|cited| cited.value);
        if paper == Some(ThirdCountryDocument::OfRequestingParty) {
            return true;
        }
        let today = clock::day_of(self.rules, self.at.time, self.case.requested);
        let revoked = |issue: Position| {
            let named = Some(Statement::TravelDocumentRevoked(issue));
            let mut revocations = self.said(Side::Requested, Kind::TravelDocumentRevoked);
            revocations.any(|it| it.statement.as_deref() == named.as_ref())
        };
        let valid = self.said(Side::Requested, Kind::TravelDocumentIssued).any(|it| {
            let Some(Statement::TravelDocumentIssued(issued)) = it.statement.as_deref() else {
                return false;
            };
            !revoked(it.at.position) && today.is_ok_and(|today| today <= issued.valid_until)
        });
        // The agreement's fallback for a late document was asked of the deadline; here only that
        // there is one, and that a document had been asked for.
        let asked = self.said(Side::Requesting, Kind::TravelDocumentRequested).next().is_some();
        let claimed = self.said(Side::Requesting, Kind::SilenceClaimed).next().is_some();
        let consents =
            self.rules.silence.effect == SilenceEffect::DeemedAcceptedWithDocument && claimed;
        valid || (paper.is_none() && (consents || (asked && document.late.is_some())))
    }

    /// Whether the partner had stated, neither having heard the other, what stops a transfer.
    fn overtaken(&self) -> bool {
        let against = [Kind::HoldPlaced, Kind::TransferObjected, Kind::TravelDocumentRevoked];
        self.case.history.iter().any(|it| {
            let kind = it.statement.as_ref().map(|statement| statement.kind());
            it.side == Side::Requested
                && it.verdict.stands()
                && kind.is_some_and(|kind| against.contains(&kind))
                && Some(it.at.dispatch) > self.heard
                && !self.knew(Side::Requested, it.at, self.at)
        })
    }
}
