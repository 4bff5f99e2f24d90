//! The requested State takes the longer reply that the agreement allows; why is in the
//! particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;
use crate::rules::ReplyExtension;

/// The requested State takes the longer reply that the agreement allows.
#[derive(Clone, Debug)]
pub struct TakeExtension {
    /// By whom, when, and what is sealed beside: the reasons above all.
    pub ordered: Ordered,
    /// By how many of the unit that the agreement's longest is counted in; `None` is the longest.
    pub count: Option<u32>,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ExtensionTaken`] that is broken.
pub fn take_extension(case: &Case, command: TakeExtension) -> Result<Vec<Event>, Rejection> {
    let extension = case.rules.as_ref().and_then(|rules| rules.reply_extension.as_ref());
    let longest = extension.and_then(ReplyExtension::longest_taken);
    let count = command.count.or(longest.map(|longest| longest.count));
    // Where nothing may be taken, the rule says so, whatever is asked for.
    propose(case, command.ordered, Statement::ExtensionTaken(count.unwrap_or(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::{DAY, request, rules};
    use crate::clock::NotComputable;
    use crate::rules::{ExtensionCounts, ExtensionNeeds, Length, Rules, Start, Unit, Years};

    use crate::case::story::{Story, XK, check, filed, filed_under, nothing, refusal, states};
    use Rejection as R;
    use Statement as S;

    #[test]
    fn a_longer_reply_is_taken_once_before_the_limit_has_passed() {
        check(
            XK,
            Kind::ExtensionTaken,
            |given| take(given, None),
            [
                (extensible(), states(S::ExtensionTaken(10))),
                (taken(10), nothing()),
                (taken(4), Err(R::StatementMustNotRepeat)),
                // The limit ends with 30 March in Pristina, at 23:00 UTC.
                (extensible().days(28).hours(14), states(S::ExtensionTaken(10))),
                (extensible().days(28).hours(15), Err(R::ReplyMustNotBeOverdue)),
                (extensible().xk(refusal()), Err(R::RequestMustBeOpen)),
                (extensible().nl(S::RequestWithdrawn), Err(R::RequestMustBeOpen)),
                // Nobody has admitted the request: a limit that has not started has not passed.
                (filed_under(&on_admission()).days(40), states(S::ExtensionTaken(10))),
                (
                    filed_under(&on_admission()).xk(S::RequestAdmitted).days(29),
                    Err(R::ReplyMustNotBeOverdue),
                ),
                (beyond_the_years(), Err(R::DeadlineMustBeComputable(beyond()))),
                // Nothing is taken under an agreement that has none, or that counts it always.
                (filed(), Err(R::AgreementMustHaveExtension)),
                (filed_under(&always()), Err(R::AgreementMustHaveExtension)),
                (filed_under(&until_removed()), Err(R::AgreementMustHaveExtension)),
            ],
        );
    }

    #[test]
    fn a_longer_reply_is_at_most_the_longest() {
        for (count, expected) in [
            (1, states(S::ExtensionTaken(1))),
            (10, states(S::ExtensionTaken(10))),
            (0, Err(R::ExtensionMustNotBeLonger)),
            (11, Err(R::ExtensionMustNotBeLonger)),
        ] {
            let then = take(&extensible().by(XK), Some(count));
            let then = then.map(|events| events.into_iter().map(|it| it.statement).collect());
            assert_eq!(then, expected, "{count}");
        }
    }

    fn take(given: &Story, count: Option<u32>) -> Result<Vec<Event>, R> {
        take_extension(&given.case(), TakeExtension { ordered: given.ordered(), count })
    }

    /// Up to ten days more, by the word of the requested State.
    fn extension() -> Rules {
        let mut rules = rules();
        rules.reply_extension = Some(ReplyExtension {
            longest: Some(Length { count: 10, unit: Unit::CalendarDays }),
            after_obstacle: None,
            needs: ExtensionNeeds::DulyMotivatedRequest,
            counts: ExtensionCounts::WhenTaken,
            source: rules.reply.source.clone(),
        });
        rules
    }

    fn extensible() -> Story {
        filed_under(&extension())
    }

    fn taken(count: u32) -> Story {
        extensible().xk(S::ExtensionTaken(count))
    }

    fn on_admission() -> Rules {
        let mut rules = extension();
        rules.reply.starts_on = Start::ConfirmedReceiptOfApplication;
        rules
    }

    fn changed(change: fn(&mut ReplyExtension)) -> Rules {
        let mut rules = extension();
        rules.reply_extension.iter_mut().for_each(change);
        rules
    }

    fn always() -> Rules {
        changed(|extension| extension.counts = ExtensionCounts::Always)
    }

    fn until_removed() -> Rules {
        changed(|extension| extension.longest = None)
    }

    const YEARS: Years = Years { first: 2026, last: 2026 };

    const fn beyond() -> NotComputable {
        NotComputable::BeyondCoveredYears { years: YEARS }
    }

    /// The limit ends after the last year that the rules cover.
    fn beyond_the_years() -> Story {
        let rules = Rules { years: YEARS, ..extension() };
        let mut given = Story::under(&rules);
        given.history.pass(290 * DAY);
        given.nl(S::RequestFiled(request(&rules)))
    }
}
