//! The silence is claimed, on the partner's own later word.

use std::collections::BTreeSet;

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::case::rule;
use crate::case::said::Side;
use crate::chain::{Dispatch, Heard};

/// The silence is claimed. Which dispatch proves it is found, not said.
#[derive(Clone, Debug)]
pub struct ClaimSilence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it: cites the partner's first dispatch that heard the notice, is dated at or after
/// notice and grace, and had heard the answer to what its State could not read; where there is
/// none, its last, so that the rule that it breaks says what is missing.
///
/// # Errors
/// The rule of [`Statement::SilenceClaimed`] that is broken.
pub fn claim_silence(case: &Case, command: ClaimSilence) -> Result<Vec<Event>, Rejection> {
    let chains = case.chains();
    let answers = chains.requested;
    let cited =
        proof(case).or_else(|| answers.head()).ok_or(Rejection::ClaimMustCiteHeardDispatch)?;
    let cited =
        Heard { era: answers.era_of(cited.number), number: cited.number, digest: cited.digest };
    propose(case, command.ordered, Statement::SilenceClaimed(cited))
}

/// The partner's first dispatch that proves the silence. Where it had said that it cannot read
/// the request, only one that had heard the answer does.
fn proof(case: &Case) -> Option<&Dispatch> {
    let notice = case.said.requesting.notice?;
    let chains = case.chains();
    let from = notice.time.plus(chains.corridor.grace);
    let own = &case.said.by_requesting;
    let restated = own.restated.iter().map(|(at, _)| at.dispatch);
    let rectified = own.rectified.iter().map(|(at, _)| at.dispatch);
    let heard: BTreeSet<u64> = std::iter::once(notice.dispatch)
        .chain(restated.chain(rectified).map(|answer| answer.max(notice.dispatch)))
        .collect();
    let view = case.view(Side::Requesting, from);
    let proofs: Vec<&Dispatch> = heard
        .into_iter()
        .filter_map(|dispatch| chains.requested.proof_of_silence(dispatch, from))
        .collect();
    let readable = proofs.iter().find(|proof| rule::opening_readable(&view, proof).is_ok());
    readable.or(proofs.first()).copied()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::{Kind, Position, Rectified};
    use crate::case::history::rules;
    use crate::rules::SilenceEffect;

    use crate::case::story::{
        NL, Story, XK, accepted_by_silence, check, fault, filed, filed_under, nothing, noticed,
        refusal, restated, silent, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn silence_is_claimed_on_the_first_word_after_the_grace_that_heard_the_notice() {
        check(
            NL,
            Kind::SilenceClaimed,
            |given| claim_silence(&given.case(), ClaimSilence { ordered: given.ordered() }),
            [
                (noticed(), states(S::SilenceClaimed(noticed().word_of_xk()))),
                (
                    noticed().heartbeat().xk(S::RequestAdmitted),
                    states(S::SilenceClaimed(noticed().word_of_xk())),
                ),
                (accepted_by_silence(), nothing()),
                (accepted_by_silence().nl(S::RequestWithdrawn), nothing()),
                (noticed().xk(S::RequestAccepted), Err(R::RequestMustBeOpen)),
                (noticed().xk(refusal()), Err(R::RequestMustBeOpen)),
                (noticed().nl(S::RequestWithdrawn), Err(R::RequestMustBeOpen)),
                (filed(), Err(R::SilenceMustBeNoticed)),
                (silent(), Err(R::SilenceMustBeNoticed)),
                (
                    silent().unheard(NL, S::SilenceNoticed),
                    Err(R::ClaimMustCiteDispatchThatHeardNotice),
                ),
                (silent().nl(S::SilenceNoticed), Err(R::ClaimMustWaitForGrace)),
                (silent().nl(S::SilenceNoticed).hours(25), Err(R::ClaimMustWaitForGrace)),
                (
                    silent().nl(S::SilenceNoticed).hours(23).heartbeat(),
                    Err(R::ClaimMustWaitForGrace),
                ),
                (at_grace(), states(claims(&at_grace()))),
                (at_grace().hours(1).heartbeat(), states(claims(&at_grace()))),
                (mute(), Err(R::SilenceMustHaveAnEffect)),
                // It cannot read the request: the first such word counts, and needs an answer.
                (doubted(unreadable()), Err(R::OpeningMustBeReadable)),
                (doubted(contested()), Err(R::OpeningMustBeReadable)),
                (answered(unreadable(), restated(OPENING)), states(claims(&answered_then()))),
                (answered(contested(), restated(OPENING)), states(claims(&answered_then()))),
                (answered(contested(), rectified()), states(claims(&answered_then()))),
                (answered(unreadable(), rectified()), Err(R::OpeningMustBeReadable)),
                (again(), states(claims(&answered_then()))),
                // Another entry cannot be read.
                (noticed().xk(S::EntryUnreadable(2)).heartbeat(), states(claims(&noticed()))),
                // Said after the word that proves the silence.
                (noticed().xk(unreadable()).heartbeat(), states(claims(&noticed()))),
                // Answered before it was said.
                (before(rectified()), Err(R::OpeningMustBeReadable)),
                (disputed(), Err(R::DisputeMustBeSettled)),
            ],
        );
    }

    /// The Dutch log holds its adoption, then the request.
    const OPENING: Position = 1;

    const fn unreadable() -> S {
        S::EntryUnreadable(OPENING)
    }

    const fn contested() -> S {
        S::EntryContested(OPENING)
    }

    const fn rectified() -> S {
        S::Rectified(Rectified::Other)
    }

    /// The request cannot be read, and silence was noticed all the same.
    fn doubted(doubt: S) -> Story {
        filed().xk(doubt).days(29).heartbeat().nl(S::SilenceNoticed).hours(25).heartbeat()
    }

    /// As [`doubted`], and answered after the grace.
    fn answered(doubt: S, answer: S) -> Story {
        doubted(doubt).nl(answer)
    }

    fn answered_then() -> Story {
        answered(unreadable(), restated(OPENING))
    }

    /// Called unreadable again: the first counts.
    fn again() -> Story {
        let mut given = doubted(unreadable()).unheard(NL, restated(OPENING));
        given.history.hears(XK);
        given.unheard(XK, unreadable()).heard()
    }

    /// Said before the request was called unreadable: no answer to that.
    fn before(answer: S) -> Story {
        filed()
            .nl(answer)
            .xk(contested())
            .days(29)
            .heartbeat()
            .nl(S::SilenceNoticed)
            .hours(25)
            .heartbeat()
    }

    fn disputed() -> Story {
        noticed().xk(fault(9))
    }

    /// Kosovo's word at the very end of the grace.
    fn at_grace() -> Story {
        silent().nl(S::SilenceNoticed).hours(24).heartbeat()
    }

    fn claims(given: &Story) -> S {
        S::SilenceClaimed(given.word_of_xk())
    }

    /// Under an agreement that does not say what silence means; not even noticed.
    fn mute() -> Story {
        let mut rules = rules();
        rules.silence.effect = SilenceEffect::NotStated;
        filed_under(&rules).days(29).heartbeat()
    }

    #[test]
    fn the_other_state_does_not_repeat_a_claim() {
        // Symptom: Kosovo claiming after the Netherlands had claimed was told "nothing to do".
        let given = accepted_by_silence().by(XK);
        let when = claim_silence(&given.case(), ClaimSilence { ordered: given.ordered() });
        assert_eq!(when, Err(R::SpeakerMustBeRequestingState));
    }
}
