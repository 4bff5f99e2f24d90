//! A domain's rejection as a failure, with the place in the agreement that its rule comes from.

use domain::case::rejection::Rejection;
use domain::rules::Rules;

use super::{Coded, Failure};

impl Failure {
    /// A rule of a case that a command would break. `rules` are those that the case is judged by,
    /// where there are any.
    #[must_use]
    pub fn rejected(rejection: Rejection, rules: Option<&Rules>) -> Self {
        let explanation = if let Rejection::DeadlineMustBeComputable(why) = rejection {
            format!("{rejection}: {why}")
        } else {
            rejection.to_string()
        };
        Self::rule(Coded {
            code: rejection.code(),
            rule: rejection.rule(),
            source: rules.and_then(|rules| rejection.source(rules)),
            explanation,
        })
    }
}
