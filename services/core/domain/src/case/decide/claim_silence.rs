//! The silence is claimed, on the partner's own later word.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::chain::Heard;

/// The silence is claimed. Which dispatch proves it is found, not said.
#[derive(Clone, Debug)]
pub struct ClaimSilence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it: cites the partner's first dispatch that heard the notice and is dated at or after
/// notice and grace; where there is none, its last, so that the rule that it breaks says what is
/// missing.
///
/// # Errors
/// The rule of [`Statement::SilenceClaimed`] that is broken.
pub fn claim_silence(case: &Case, command: ClaimSilence) -> Result<Vec<Event>, Rejection> {
    let chains = case.chains();
    let answers = chains.requested;
    let proof = case.said.requesting.notice.and_then(|notice| {
        answers.proof_of_silence(notice.dispatch, notice.time.plus(chains.corridor.grace))
    });
    let cited = proof.or_else(|| answers.head()).ok_or(Rejection::ClaimMustCiteHeardDispatch)?;
    let cited = Heard { era: 0, number: cited.number, digest: cited.digest };
    propose(case, command.ordered, Statement::SilenceClaimed(cited))
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::rules;
    use crate::rules::SilenceEffect;

    use crate::case::story::{
        NL, Story, XK, accepted_by_silence, check, filed, filed_under, nothing, noticed, refusal,
        silent, states,
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
            ],
        );
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
