//! The crate from outside: the golden rules, and deadlines computed under them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod clocks;
mod deadlines;
mod explanation;
mod golden;
mod refusals;
mod table;
mod timeline;

use domain::identifier::{AgreementId, State};
use domain::rules::Rules;

fn state(code: &str) -> State {
    State::new(code).unwrap()
}

fn netherlands_kosovo() -> Rules {
    let agreement = AgreementId::new("benelux_kosovo_2011").unwrap();
    let pair = (state("NL"), state("XK"));
    agreements::compile(&agreement, 1, pair, "2026-01-05".parse().unwrap()).unwrap()
}
