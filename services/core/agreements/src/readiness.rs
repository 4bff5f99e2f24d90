//! Whether a document can run: as it is, once values are confirmed or supplied, or never.
//!
//! What is missing is found by supplying stubs until the rules compile. No value of theirs is
//! shown or kept anywhere.

use std::fmt::Write as _;

use domain::identifier::{AgreementId, State};
use domain::time::Date;

use crate::compile::{CompileError, Order, compile_order};

/// Whether a document can run for a pair of States.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It runs as it is.
    Runs,
    /// It runs once these values are there.
    Needs {
        /// Keys that are reported, and that an operator would have to confirm.
        confirmed: Vec<String>,
        /// Keys that somebody who has the text at hand would have to supply.
        supplied: Vec<String>,
    },
    /// Not while the rules, the calendars and the facts are what they are.
    Never(Box<CompileError>),
}

/// What it takes for a document to run between two States on a day.
#[must_use]
pub fn readiness(agreement: &AgreementId, pair: (State, State), on: Date) -> Readiness {
    let mut stubs = Stubs::new(agreement, on);
    loop {
        let outcome = compile_order(&Order {
            confirmed: &stubs.confirmed,
            supplement: Some(("stub.toml", &stubs.text)),
            ..Order::plain(agreement, 1, pair, on)
        });
        let error = match outcome {
            Ok(_) if stubs.confirmed.is_empty() && stubs.supplied.is_empty() => {
                return Readiness::Runs;
            }
            Ok(_) => {
                let Stubs { confirmed, supplied, .. } = stubs;
                return Readiness::Needs { confirmed, supplied };
            }
            Err(error) => error,
        };
        if !stubs.answer(&error) {
            return Readiness::Never(Box::new(error));
        }
    }
}

/// A State on each side that stands for the parties of a document: of a union one of its members.
#[must_use]
pub fn stand_in(parties: &[String; 2]) -> Option<(State, State)> {
    let [first, second] = parties.each_ref().map(|party| match party.as_str() {
        "EU" => State::new("DE"),
        "BENELUX" => State::new("NL"),
        state => State::new(state),
    });
    first.ok().zip(second.ok())
}

struct Stubs {
    confirmed: Vec<String>,
    supplied: Vec<String>,
    text: String,
    /// The day from which whatever is in force is made up to be: after any signature.
    day: String,
}

impl Stubs {
    fn new(agreement: &AgreementId, on: Date) -> Self {
        let text = format!("format_version = 1\nagreement = \"{agreement}\"\n");
        Self { confirmed: Vec::new(), supplied: Vec::new(), text, day: on.to_string() }
    }

    /// Puts what is missing in its place; `false` where nothing would help.
    fn answer(&mut self, error: &CompileError) -> bool {
        if let CompileError::ValueMustBeConfirmed { key, .. } = error {
            let again = self.confirmed.contains(key);
            self.confirmed.push(key.clone());
            return !again;
        }
        let Some(key) = self.missing(error) else { return false };
        if self.supplied.contains(&key) {
            return false;
        }
        let stub = match key.as_str() {
            "in_force_from" | "protocol_in_force_from" => self.day.as_str(),
            "silence_effect" => "\"not_stated\"",
            "application_limit_clock_starts_on" => "\"knowledge_of_irregular_stay\"",
            start if start.contains("_clock_starts_on") => "\"receipt_of_application\"",
            length if length.contains("_<unit>") => "1",
            _ => "true",
        };
        let line = key.replace("<unit>", "calendar_days");
        // Writing to a string cannot fail.
        let _ =
            write!(self.text, "[[supplied]]\narticle = \"x\"\nsource = \"x\"\n{line} = {stub}\n");
        self.supplied.push(key);
        true
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "every other error is one that stays")]
    fn missing(&self, error: &CompileError) -> Option<String> {
        match error {
            CompileError::ValueMustBeEstablished { key, .. } => Some(key.clone()),
            CompileError::StartMustBeEstablished { key, .. } => Some((*key).to_owned()),
            CompileError::MustBeKnownInForce { .. } => Some("in_force_from".to_owned()),
            CompileError::ProtocolMustBeKnownInForce { .. } => {
                Some("protocol_in_force_from".to_owned())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn of(id: &str) -> Readiness {
        let id = AgreementId::new(id).unwrap();
        let parties = &crate::catalogue::document(id.as_str()).unwrap().parties;
        readiness(&id, stand_in(parties).unwrap(), "2026-01-05".parse().unwrap())
    }

    #[test]
    fn a_document_runs_or_lacks_values_or_never_runs() {
        assert_eq!(of("benelux_kosovo_2011"), Readiness::Runs);
        let Readiness::Needs { confirmed, supplied } = of("eu_armenia_2014") else {
            panic!("{:?}", of("eu_armenia_2014"))
        };
        assert_eq!(confirmed, ["reply_limit_calendar_days"]);
        assert!(supplied.contains(&"silence_effect".to_owned()), "{supplied:?}");
        let Readiness::Never(why) = of("eu_belarus_2020") else { panic!("suspended") };
        assert!(matches!(*why, CompileError::MustNotBeSuspended { .. }), "{why}");
    }
}
