//! A State states that an obstacle keeps it from acting within a limit; why is in the particulars.

use super::{Ordered, propose};
use crate::case::Case;
use crate::case::event::{Event, Statement};
use crate::case::rejection::Rejection;

/// An obstacle keeps this State from acting within a limit.
#[derive(Clone, Debug)]
pub struct ReportObstacle {
    /// By whom, when, and what is sealed beside: the reasons above all.
    pub ordered: Ordered,
}

/// Decides it.
///
/// # Errors
/// The rule of [`Statement::ObstacleReported`] that is broken.
pub fn report_obstacle(case: &Case, command: ReportObstacle) -> Result<Vec<Event>, Rejection> {
    propose(case, command.ordered, Statement::ObstacleReported)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::event::Kind;
    use crate::case::history::rules;
    use crate::rules::{ExtensionCounts, ExtensionNeeds, Length, ReplyExtension, Rules, Unit};

    use crate::case::story::{
        NL, Story, XK, accepted_under, check, departed_under, filed_under, nothing, refusal, states,
    };
    use Rejection as R;
    use Statement as S;

    #[test]
    fn an_obstacle_to_the_reply_is_stated_before_its_limit_has_passed() {
        let obstructed = || filed_under(&delaying()).xk(S::ObstacleReported);
        let removed = || obstructed().days(40).xk(S::ObstacleRemoved);
        check(
            XK,
            Kind::ObstacleReported,
            report,
            [
                (filed_under(&delaying()), states(S::ObstacleReported)),
                (obstructed(), nothing()),
                // The limit ends with 30 March in Pristina, at 23:00 UTC.
                (filed_under(&delaying()).days(28).hours(14), states(S::ObstacleReported)),
                (filed_under(&delaying()).days(28).hours(15), Err(R::ReplyMustNotBeOverdue)),
                // Another obstacle, within the ten days after the first was removed: to 21 April.
                (removed().days(10).hours(14), states(S::ObstacleReported)),
                (removed().days(10).hours(15), Err(R::ReplyMustNotBeOverdue)),
                (filed_under(&delaying()).xk(refusal()), Err(R::RequestMustBeOpen)),
                (filed_under(&delaying()).nl(S::RequestWithdrawn), Err(R::RequestMustBeOpen)),
                (filed_under(&rules()), Err(R::AgreementMustAllowObstacle)),
                (filed_under(&always()), Err(R::AgreementMustAllowObstacle)),
                (filed_under(&transferable()), Err(R::AgreementMustAllowObstacle)),
            ],
        );
    }

    #[test]
    fn an_obstacle_to_the_transfer_is_stated_before_its_limit_has_passed() {
        let accepted = || accepted_under(&transferable());
        let none = Rules { transfer: None, ..transferable() };
        check(
            NL,
            Kind::ObstacleReported,
            report,
            [
                (accepted(), states(S::ObstacleReported)),
                (accepted().nl(S::ObstacleReported), nothing()),
                // Accepted on 2 March, three months: to the end of 2 June at 23:00 UTC.
                (accepted().days(92).hours(14), states(S::ObstacleReported)),
                (accepted().days(92).hours(15), Err(R::TransferMustNotBeOverdue)),
                (filed_under(&transferable()), Err(R::RequestMustBeAccepted)),
                (accepted().nl(S::RequestWithdrawn), Err(R::RequestMustBeAccepted)),
                (departed_under(&transferable()), Err(R::PersonMustNotHaveDeparted)),
                (accepted_under(&rules()), Err(R::AgreementMustAllowObstacle)),
                (accepted_under(&none), Err(R::AgreementMustAllowObstacle)),
                (accepted_under(&delaying()), Err(R::AgreementMustAllowObstacle)),
            ],
        );
    }

    fn report(given: &Story) -> Result<Vec<Event>, R> {
        report_obstacle(&given.case(), ReportObstacle { ordered: given.ordered() })
    }

    /// The reply may be delayed until ten days after an obstacle is removed.
    fn delaying() -> Rules {
        let mut rules = rules();
        rules.reply_extension = Some(ReplyExtension {
            longest: None,
            after_obstacle: Some(Length { count: 10, unit: Unit::CalendarDays }),
            needs: ExtensionNeeds::Reasons,
            counts: ExtensionCounts::WhenObstacleStated,
            source: rules.reply.source.clone(),
        });
        rules
    }

    /// The same in rules that were adopted before an obstacle could be stated.
    fn always() -> Rules {
        let mut rules = delaying();
        let extension = rules.reply_extension.iter_mut();
        extension.for_each(|extension| extension.counts = ExtensionCounts::Always);
        rules
    }

    fn transferable() -> Rules {
        let rules = rules();
        Rules { transfer_extension: Some(rules.reply.source.clone()), ..rules }
    }
}
