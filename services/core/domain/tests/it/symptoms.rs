//! Bugs that were found: the first line of each test names the symptom.

use domain::case::crossing::DocumentSituation;
use domain::case::event::{Kind, Statement};
use domain::case::knowledge::Verdict;
use domain::case::outcome::Outcome;
use domain::case::query::DeadlineKind;
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::rules::{Length, Unit};

use crate::history::{History, adoption, corridor, item, request, rules};
use crate::step::{Step, play};
use crate::watch::World;

/// Plays steps, each of which must lead where it says.
fn told(steps: &[&str]) -> History {
    let mut history = World::Plain.begin();
    for line in steps {
        play(&Step::parse(line), &mut history, &World::Plain.rules());
    }
    history
}

#[test]
fn an_entry_before_the_opening_takes_nothing_from_the_case() {
    // Symptom: a stray entry before the opening left the case without rules, deadlines and silence.
    for stray in ["NL says EvidenceAdded", "XK says HoldPlaced", "NL says Gibberish"] {
        let history = told(&[
            stray,
            "NL hears",
            "NL tries RequestFiled",
            "XK hears",
            "43200 minutes pass",
            "NL hears",
            "NL tries SilenceNoticed",
            "XK hears",
            "1500 minutes pass",
            "XK says",
            "NL hears",
            "NL tries SilenceClaimed",
        ]);
        let case = history.case(Side::Requesting).unwrap();
        assert!(case.rules.is_some(), "{stray}");
        assert_eq!(case.outcome_word(), "accepted-by-silence", "{stray}");
    }
}

#[test]
fn an_answer_that_a_withdrawal_crossed_is_kept_and_shown_ineffective() {
    // Symptom: the answer that a withdrawal had crossed was shown as effective.
    let history = told(&[
        "NL tries RequestFiled",
        "XK hears",
        "NL tries RequestWithdrawn",
        "XK tries RequestAccepted",
        "NL hears",
        "XK hears",
    ]);
    for side in [Side::Requesting, Side::Requested] {
        let case = history.case(side).unwrap();
        assert!(matches!(case.outcome, Outcome::Withdrawn(_)));
        assert!(case.said.requested.answer.is_some());
        let answer = case.history.iter().find(|judged| {
            judged.statement.as_ref().is_some_and(|it| it.kind() == Kind::RequestAccepted)
        });
        let verdict = Verdict::Ineffective(Rejection::RequestMustNotBeWithdrawn);
        assert_eq!(answer.unwrap().verdict, verdict);
        assert!(case.text().contains("(ineffective: the request is withdrawn)"));
    }
}

#[test]
fn a_document_asked_for_again_is_due_again() {
    // Symptom: a travel document asked for after the last had expired had no deadline and no inbox.
    let history = told(&[
        "NL tries RequestFiled",
        "XK hears",
        "XK tries RequestAccepted",
        "NL hears",
        "NL tries TravelDocumentRequested",
        "XK hears",
        "XK tries TravelDocumentIssued",
        "NL hears",
        "160000 minutes pass",
        "NL tries TravelDocumentRequested",
        "XK hears",
    ]);
    let case = history.case(Side::Requested).unwrap();
    assert!(matches!(case.document, DocumentSituation::Requested(_)), "{:?}", case.document);
    assert!(case.labels(case.requested).contains("inbox/consulate-brussels"));
}

#[test]
fn nobody_waits_for_a_document_once_the_request_is_withdrawn() {
    // Symptom: a consulate was asked for a travel document of a request that had been withdrawn.
    let history = told(&[
        "NL tries RequestFiled",
        "XK hears",
        "XK tries RequestAccepted",
        "NL hears",
        "NL tries TravelDocumentRequested",
        "XK hears",
        "NL tries RequestWithdrawn",
        "XK hears",
    ]);
    let case = history.case(Side::Requested).unwrap();
    assert!(!case.labels(case.requested).contains("inbox/consulate-brussels"));
}

#[test]
fn a_transfer_after_silence_counts_from_the_end_of_the_limit_to_reply() {
    // Symptom: the limit for a transfer ran from the deadline for silence, not from that to reply.
    let mut rules = rules();
    rules.reply.length = Length { count: 10, unit: Unit::CalendarDays };
    let mut history = History::new(corridor());
    for side in [Side::Requesting, Side::Requested] {
        history.says(side, [adoption(&rules)]);
    }
    history.exchange();
    for line in [
        "NL tries RequestFiled",
        "XK hears",
        "NL hears",
        "43200 minutes pass",
        "NL tries SilenceNoticed",
        "XK hears",
        "1500 minutes pass",
        "XK says",
        "NL hears",
        "NL tries SilenceClaimed",
    ] {
        play(&Step::parse(line), &mut history, &rules);
    }
    let case = history.case(Side::Requesting).unwrap();
    let of = |kind: DeadlineKind| {
        let due = case.deadlines().into_iter().find(|due| due.kind == kind).unwrap();
        due.deadline.unwrap().last_day
    };
    assert_eq!(of(DeadlineKind::Reply).to_string(), "2026-03-12");
    assert_eq!(of(DeadlineKind::Silence).to_string(), "2026-03-30");
    // Day zero is the last day of the limit to reply, not the day after it.
    assert_eq!(of(DeadlineKind::Transfer).to_string(), "2026-06-12");
}

#[test]
fn an_adoption_that_the_partner_could_not_understand_adopts_nothing() {
    // Symptom: an agreement counted as adopted by an entry whose kind nobody had agreed to know.
    let mut corridor = corridor();
    corridor.kinds.remove(&Kind::AgreementAdopted.number());
    let mut history = History::new(corridor);
    for side in [Side::Requesting, Side::Requested] {
        history.says(side, [adoption(&rules())]);
    }
    history.exchange();
    let mut filed = request(&rules());
    filed.evidence = vec![item("own_statement")];
    history.says(Side::Requesting, [Statement::RequestFiled(filed)]);
    let case = history.case(Side::Requesting).unwrap();
    let rule = Rejection::AgreementMustBeAdopted;
    assert_eq!(case.history[0].verdict, Verdict::Ineffective(rule));
}

#[test]
fn a_withdrawal_after_a_proved_silence_is_explained_by_the_silence() {
    // Symptom: a request withdrawn after proved silence was explained by an answer nobody gave.
    let history = told(&[
        "NL tries RequestFiled",
        "XK hears",
        "NL hears",
        "43200 minutes pass",
        "NL tries SilenceNoticed",
        "XK hears",
        "1500 minutes pass",
        "XK says",
        "NL hears",
        "NL tries SilenceClaimed",
        "NL tries RequestWithdrawn",
    ]);
    let case = history.case(Side::Requesting).unwrap();
    assert_eq!(case.outcome_word(), "cancelled-after");
    assert_eq!(case.explain().rule, "withdrawn after the requesting State had proved silence");
}
