//! The partner is told that the deadline for silence has passed.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// The partner is told that the deadline for silence has passed.
#[derive(Clone, Debug)]
pub struct NoticeSilence {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::SilenceNoticed`] that is broken.
pub fn notice_silence(case: &Case, command: NoticeSilence) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::SilenceNoticed)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::{DAY, request, rules};
    use crate::clock::NotComputable;
    use crate::rules::Years;

    use crate::case::story::{
        NL, Story, accepted, check, filed, nothing, noticed, refusal, silent, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn silence_is_noticed_once_when_the_deadline_has_passed() {
        check(
            NL,
            Kind::SilenceNoticed,
            |given| notice_silence(&given.case(), NoticeSilence { ordered: given.ordered() }),
            [
                (silent(), states(S::SilenceNoticed)),
                (filed().days(29), states(S::SilenceNoticed)),
                // 28 days from 2 March: over when 30 March ends in Pristina, at 23:00 UTC.
                (filed().days(28).hours(14), Err(R::SilenceMustBeDue)),
                (filed().days(28).hours(15), states(S::SilenceNoticed)),
                (filed(), Err(R::SilenceMustBeDue)),
                (noticed(), nothing()),
                (noticed().xk(refusal()), nothing()),
                (silent().xk(S::RequestAccepted), Err(R::RequestMustBeOpen)),
                (silent().nl(S::RequestWithdrawn), Err(R::RequestMustBeOpen)),
                (accepted(), Err(R::RequestMustBeOpen)),
                (not_received(), Err(R::RequestMustHaveBeenReceived)),
                (
                    beyond_the_years(),
                    Err(R::DeadlineMustBeComputable(NotComputable::BeyondCoveredYears {
                        years: YEARS,
                    })),
                ),
            ],
        );
    }

    const YEARS: Years = Years { first: 2026, last: 2026 };

    fn not_received() -> Story {
        Story::under(&rules()).unheard(NL, S::RequestFiled(request(&rules()))).days(40)
    }

    /// The limit ends after the last year that the rules cover.
    fn beyond_the_years() -> Story {
        let mut rules = rules();
        rules.years = YEARS;
        let mut given = Story::under(&rules);
        given.history.pass(290 * DAY);
        given.nl(S::RequestFiled(request(&rules))).days(10)
    }
}
