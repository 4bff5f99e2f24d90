//! Which agreements the two States have adopted and ended, asked of a corridor without any case.
//!
//! The answers are those that a filing is judged by ([`super::rule`]): what was signed by a key
//! that is revoked, or was not understood by the other State when it was said, is not said.

use super::event::AgreementReference;
use super::knowledge::Chains;
use super::rejection::Rejection;
use super::rule;
use super::said::Side;
use crate::chain::Chain;
use crate::corridor::Corridor;
use crate::identifier::{CaseId, State};
use crate::rules::Rules;
use crate::time::Date;

/// What both States have said of agreements, as far as both chains show it.
#[derive(Clone, Copy, Debug)]
pub struct Agreed<'a> {
    chains: Chains<'a>,
}

impl<'a> Agreed<'a> {
    /// Reads two chains, in whatever order they are given; `None` when they are not those of the
    /// corridor.
    #[must_use]
    pub fn of(corridor: &'a Corridor, one: &'a Chain, other: &'a Chain) -> Option<Self> {
        // No entry of a case is looked at, and so it does not matter whose half it is in.
        let any = CaseId::new([0; CaseId::LENGTH]);
        super::sides(corridor, any, one, other).map(|chains| Self { chains })
    }

    /// The rules that a State has adopted. One whose bytes do not hold what it says adopts nothing.
    #[must_use]
    pub fn adopted_by(&self, state: State) -> Vec<(AgreementReference, &'a Rules)> {
        let side = self.side(state);
        side.into_iter().flat_map(|side| rule::adoptions(self.chains, side, |_| true)).collect()
    }

    /// The rule by which the last adoption of these rules by a State adopts nothing; `None` where
    /// it counts, where it does not bring its rules, and where there is none.
    #[must_use]
    pub fn unadopted_by(&self, state: State, rules: &AgreementReference) -> Option<Rejection> {
        rule::unadopted(self.chains, self.side(state)?, rules)
    }

    /// The first day on which no request may be filed under these rules, by the word of one State.
    #[must_use]
    pub fn ended_by(&self, state: State, rules: &AgreementReference) -> Option<Date> {
        rule::ended_by(self.chains, self.side(state)?, |_| true, rules)
    }

    /// The same, by the word of either: the earliest that is named.
    #[must_use]
    pub fn ended_from(&self, rules: &AgreementReference) -> Option<Date> {
        let day = |side| rule::ended_by(self.chains, side, |_| true, rules);
        Side::BOTH.into_iter().filter_map(day).min()
    }

    fn side(&self, state: State) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.chains.of(*side).author == state)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::case::event::{AgreementEnded, Kind, Statement};
    use crate::case::history::{History, adoption, reference, revocation, rules, state};
    use crate::case::story::{NL, Story, XK};

    fn ending(ended_from: Date) -> Statement {
        Statement::AgreementEnded(AgreementEnded { ended: reference(&rules()), ended_from })
    }

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    /// What the node of a side says: by NL, by XK, by either.
    fn ended(history: &History, on: Side) -> [Option<Date>; 3] {
        let node = history.node(on);
        let agreed = Agreed::of(&history.corridor, &node.replica, &node.own).unwrap();
        let of = reference(&rules());
        let by = |side| agreed.ended_by(state(side), &of);
        [by(NL), by(XK), agreed.ended_from(&of)]
    }

    fn adopted(history: &History, by: Side) -> bool {
        let node = history.node(NL);
        let agreed = Agreed::of(&history.corridor, &node.own, &node.replica).unwrap();
        let adopted = agreed.adopted_by(state(by));
        adopted.iter().any(|(it, _)| *it == reference(&rules()))
    }

    fn unadopted(history: &History, by: Side) -> Option<Rejection> {
        let node = history.node(NL);
        let agreed = Agreed::of(&history.corridor, &node.own, &node.replica).unwrap();
        agreed.unadopted_by(state(by), &reference(&rules()))
    }

    #[test]
    fn the_earliest_day_that_either_state_names_is_the_end() {
        let (early, late) = (day("2026-05-01"), day("2026-06-01"));
        let mut given = Story::under(&rules()).history;
        assert_eq!(ended(&given, NL), [None; 3]);
        given.says(NL, [ending(late)]);
        assert_eq!(ended(&given, NL), [Some(late), None, Some(late)]);
        assert_eq!(ended(&given, XK), [None; 3], "what is not heard is not known");
        given.says(XK, [ending(early)]);
        given.exchange();
        for on in [NL, XK] {
            assert_eq!(ended(&given, on), [Some(late), Some(early), Some(early)]);
        }
    }

    #[test]
    fn what_a_revoked_key_has_signed_unheard_neither_ends_nor_adopts() {
        for heard in [true, false] {
            let mut given = Story::under(&rules()).history;
            let good = given.node(XK).own.head().unwrap().number;
            given.says(XK, [ending(day("2026-05-01"))]);
            if heard {
                given.exchange();
            }
            given.says(XK, [revocation(Some(good))]);
            given.exchange();
            assert_eq!(ended(&given, NL)[2].is_some(), heard);
            assert_eq!(ended(&given, XK), ended(&given, NL));
            // It can be said again.
            given.says(XK, [ending(day("2026-05-01"))]);
            given.exchange();
            assert!(ended(&given, NL)[2].is_some());
        }
        let mut given = History::new(crate::case::history::corridor());
        given.says(XK, []);
        let good = given.node(XK).own.head().unwrap().number;
        given.says(XK, [adoption(&rules())]);
        given.says(XK, [revocation(Some(good))]);
        given.exchange();
        assert!(!adopted(&given, XK));
        assert_eq!(unadopted(&given, XK), Some(Rejection::KeyMustNotBeRevoked));
        given.says(XK, [adoption(&rules())]);
        given.exchange();
        assert!(adopted(&given, XK));
        assert_eq!([unadopted(&given, XK), unadopted(&given, NL)], [None; 2]);
    }

    #[test]
    fn what_the_other_state_did_not_understand_is_not_said() {
        let mut given = Story::under(&rules()).not_understood(Kind::AgreementEnded).history;
        given.says(XK, [ending(day("2026-05-01"))]);
        given.exchange();
        assert_eq!(ended(&given, NL), [None; 3]);
        assert!(adopted(&given, XK));
        let given = Story::under(&rules()).not_understood(Kind::AgreementAdopted).history;
        assert_eq!(unadopted(&given, XK), Some(Rejection::KindMustBeUnderstood));
    }

    #[test]
    fn chains_of_other_states_say_nothing() {
        let given = Story::under(&rules()).history;
        let node = given.node(NL);
        assert!(Agreed::of(&given.corridor, &node.own, &node.own).is_none());
    }
}
