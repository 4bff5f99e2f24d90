//! A readmission request for one person: opens a case.

use super::Ordered;
use crate::case::Opening;
use crate::case::event::{Event, RequestFiled, Statement};
use crate::case::rejection::Rejection;

/// A readmission request.
#[derive(Clone, Debug)]
pub struct FileRequest {
    /// By whom, when, and what is sealed beside.
    pub ordered: Ordered,
    /// The facts of the request.
    pub request: RequestFiled,
}

/// Decides it, on the corridor as it stands.
///
/// # Errors
/// The rule of [`Statement::RequestFiled`] that is broken.
pub fn file_request(opening: &Opening<'_>, command: FileRequest) -> Result<Vec<Event>, Rejection> {
    let statement = Statement::RequestFiled(command.request);
    opening.check(command.ordered.by, command.ordered.at, &statement)?;
    Ok(vec![Event { statement, particulars: command.ordered.particulars }])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    use crate::case::Opening;
    use crate::case::event::{AgreementEnded, Kind, ReturnDecision};
    use crate::case::history::{History, adoption, corridor, item, request, rules, state};
    use crate::case::story::{NL, Story, XK, day};
    use crate::clock::NotComputable;
    use crate::identifier::AgreementId;
    use crate::person::Particulars;
    use crate::rules::{Category, Rules, Years};
    use Rejection as R;

    /// What filing leads to, by the Netherlands, on what they know.
    fn file(history: &History, request: RequestFiled) -> Option<Result<Vec<Statement>, R>> {
        let ordered =
            Ordered { by: state(NL), at: history.now, particulars: Particulars::default() };
        let (node, case) = (&history.asks, history.case);
        let opening = Opening::of(&history.corridor, case, &node.own, &node.replica, state(NL))?;
        let decided = file_request(&opening, FileRequest { ordered, request });
        Some(decided.map(|events| events.into_iter().map(|event| event.statement).collect()))
    }

    fn with(change: impl FnOnce(&mut RequestFiled)) -> RequestFiled {
        let mut request = request(&rules());
        change(&mut request);
        request
    }

    fn third_country(known_on: Option<crate::time::Date>) -> RequestFiled {
        with(|request| {
            request.category = Category::ThirdCountryNational;
            request.evidence = vec![item("entry_exit_stamps")];
            request.irregular_stay_known_on = known_on;
        })
    }

    #[test]
    fn a_request_is_filed_under_what_both_have_adopted_with_what_it_asks_for() {
        let given = Story::under(&rules()).history;
        for (request, expected) in [
            (with(|_| {}), Ok(())),
            (with(|request| request.evidence.clear()), Ok(())),
            (with(|request| request.under.version = 2), Err(R::AgreementMustBeAdopted)),
            (
                with(|request| request.under.agreement = AgreementId::new("other").unwrap()),
                Err(R::AgreementMustBeAdopted),
            ),
            (with(|request| request.category = Category::Stateless), Err(R::CategoryMustBeCovered)),
            (
                with(|request| request.return_decision = ReturnDecision::NotEnforceable),
                Err(R::ReturnDecisionMustBeEnforceable),
            ),
            (
                with(|request| request.evidence.push(item("horoscope"))),
                Err(R::EvidenceMustBeListed),
            ),
            (third_country(Some(day(-30))), Ok(())),
            (third_country(Some(day(-365))), Ok(())),
            (third_country(Some(day(-366))), Err(R::ApplicationMustBeInTime)),
            (third_country(None), Err(R::IrregularStayMustBeDated)),
            // Of several rules, the first in the order of the agreement is named.
            (
                with(|request| {
                    request.category = Category::Stateless;
                    request.return_decision = ReturnDecision::NotEnforceable;
                    request.evidence.push(item("horoscope"));
                }),
                Err(R::CategoryMustBeCovered),
            ),
            (
                with(|request| {
                    request.return_decision = ReturnDecision::NotEnforceable;
                    request.evidence.push(item("horoscope"));
                }),
                Err(R::ReturnDecisionMustBeEnforceable),
            ),
        ] {
            let expected = expected.map(|()| vec![Statement::RequestFiled(request.clone())]);
            assert_eq!(file(&given, request), Some(expected));
        }
    }

    /// Filing under rules that both have adopted, but for this change.
    fn under(change: impl FnOnce(&mut Rules)) -> Result<(), R> {
        let mut rules = rules();
        change(&mut rules);
        file(&Story::under(&rules).history, request(&rules)).unwrap().map(|_| ())
    }

    #[test]
    fn an_agreement_must_be_in_force_between_these_states_and_computable() {
        let years = Years { first: 2027, last: 2027 };
        for (then, expected) in [
            (under(|rules| rules.in_force_from = day(0)), Ok(())),
            (under(|rules| rules.in_force_from = day(1)), Err(R::AgreementMustBeInForce)),
            (
                under(|rules| {
                    rules.directions.retain(|direction| direction.requesting == state(XK));
                }),
                Err(R::AgreementMustCoverDirection),
            ),
            (
                under(|rules| rules.years = years),
                Err(R::DeadlineMustBeComputable(NotComputable::BeyondCoveredYears { years })),
            ),
            // The meaning of another version of the code is not this one's to judge by.
            (under(|rules| rules.meaning += 1), Err(R::AgreementMustBeAdopted)),
            (
                under(|rules| {
                    rules.in_force_from = day(1);
                    rules.directions.clear();
                }),
                Err(R::AgreementMustCoverDirection),
            ),
        ] {
            assert_eq!(then, expected);
        }
    }

    #[test]
    fn a_later_version_counts_when_both_have_adopted_it_and_the_author_knows() {
        let mut later = rules();
        later.version = 2;
        let mut given = Story::under(&rules()).history;
        given.says(NL, [adoption(&later)]);
        assert!(matches!(file(&given, request(&rules())), Some(Ok(_))));
        assert_eq!(file(&given, request(&later)), Some(Err(R::AgreementMustBeAdopted)));
        given.says(XK, [adoption(&later)]);
        assert!(matches!(file(&given, request(&rules())), Some(Ok(_))));
        given.hears(NL);
        assert_eq!(file(&given, request(&rules())), Some(Err(R::AgreementMustBeTheLatest)));
        assert!(matches!(file(&given, request(&later)), Some(Ok(_))));
    }

    fn ending(rules: &Rules, ended_from: crate::time::Date) -> Statement {
        let ended = request(rules).under;
        Statement::AgreementEnded(AgreementEnded { ended, ended_from })
    }

    #[test]
    fn nothing_is_filed_under_an_agreement_that_has_ended_as_far_as_the_author_knows() {
        let ended = Some(Err(R::AgreementMustNotHaveEnded));
        for by in [NL, XK] {
            let mut given = Story::under(&rules()).history;
            given.says(by, [ending(&rules(), day(1))]);
            given.exchange();
            assert!(matches!(file(&given, request(&rules())), Some(Ok(_))), "the day before");
            given.says(by, [ending(&rules(), day(0))]);
            let before = file(&given, request(&rules()));
            assert_eq!(before == ended, by == NL, "what is not heard is not known: {before:?}");
            given.exchange();
            assert_eq!(file(&given, request(&rules())), ended);
        }
    }

    #[test]
    fn earlier_versions_end_with_a_later_one_and_no_others() {
        let of = |version| Rules { version, ..rules() };
        let mut other = rules();
        other.agreement = AgreementId::new("other").unwrap();
        for (named, ends) in [(of(1), true), (of(2), true), (of(3), true), (other, false)] {
            let mut given = Story::under(&rules()).history;
            given.says(XK, [ending(&named, day(0))]);
            given.exchange();
            let filed = file(&given, request(&rules()));
            assert_eq!(filed == Some(Err(R::AgreementMustNotHaveEnded)), ends, "{filed:?}");
        }
        // A later version that both adopt afterwards stands.
        let mut given = Story::under(&rules()).history;
        given.says(XK, [ending(&rules(), day(0))]);
        for side in [NL, XK] {
            given.says(side, [adoption(&of(2))]);
        }
        given.exchange();
        assert!(matches!(file(&given, request(&of(2))), Some(Ok(_))));
        assert_eq!(file(&given, request(&of(1))), Some(Err(R::AgreementMustBeTheLatest)));
    }

    #[test]
    fn a_case_that_is_open_keeps_the_rules_of_an_agreement_that_ends() {
        let opened = Story::under(&rules()).nl(Statement::RequestFiled(request(&rules()))).by(NL);
        let before = opened.case();
        let after = opened.xk(ending(&rules(), day(0))).case();
        assert!(after.rules.is_some());
        assert_eq!((after.rules, after.outcome), (before.rules, before.outcome));
    }

    #[test]
    fn an_adoption_that_does_not_hold_its_rules_adopts_nothing() {
        // Symptom: a request was effective although Kosovo's adoption held no such rules.
        for hollow in [NL, XK] {
            let mut given = History::new(corridor());
            for side in [NL, XK] {
                let mut adopted = adoption(&rules());
                if let Statement::AgreementAdopted(adopted) = &mut adopted
                    && side == hollow
                {
                    adopted.rules = None;
                }
                given.says(side, [adopted]);
            }
            given.exchange();
            assert_eq!(file(&given, request(&rules())), Some(Err(R::AgreementMustBeAdopted)));
        }
    }

    #[test]
    fn a_case_is_opened_once_by_its_founder_in_words_that_are_understood() {
        let opened = Story::under(&rules()).nl(Statement::RequestFiled(request(&rules())));
        assert_eq!(file(&opened.history, request(&rules())), None);
        let mut other = Story::under(&rules()).history;
        other.case = other.case.founded_by(crate::identifier::Founder::Second);
        assert_eq!(file(&other, request(&rules())), None);
        let young = Story::under(&rules()).not_understood(Kind::RequestFiled).history;
        let unknown = with(|request| request.under.version = 2);
        assert_eq!(file(&young, unknown), Some(Err(R::KindMustBeUnderstood)));
    }

    #[test]
    fn a_request_is_filed_by_the_state_that_asks() {
        let given = Story::under(&rules()).by(XK);
        let node = &given.history.asks;
        let (corridor, case) = (&given.history.corridor, given.history.case);
        let opening = Opening::of(corridor, case, &node.own, &node.replica, state(NL)).unwrap();
        let command = FileRequest { ordered: given.ordered(), request: request(&rules()) };
        let then = file_request(&opening, command);
        assert_eq!(then, Err(R::SpeakerMustBeRequestingState));
    }

    #[test]
    fn a_request_is_dated_as_its_dispatch_will_be() {
        // Symptom: behind the partner's clock, a request was filed in time and judged late.
        let mut given = Story::under(&rules()).history;
        let limit = third_country(Some(day(-365)));
        // A minute before midnight here; there, ten minutes later, which has been heard.
        given.pass(15 * 3_600_000 - 60_000);
        assert!(matches!(file(&given, limit.clone()), Some(Ok(_))));
        let behind = given.now;
        given.pass(10 * 60_000);
        given.says(XK, []);
        given.hears(NL);
        given.now = behind;
        assert_eq!(file(&given, limit), Some(Err(R::ApplicationMustBeInTime)));
    }
}
