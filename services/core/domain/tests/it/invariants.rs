//! The predicates themselves: each holds of a sound history and finds what it is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::case::Case;
use domain::case::knowledge::Verdict;
use domain::case::outcome::{Ground, Outcome, Settlement, Standing, Timeliness};
use domain::case::rejection::Rejection;
use domain::case::said::Side;
use domain::chain::Chain;
use domain::identifier::Digest;
use domain::invariant::{self, Broken, Place};
use domain::rules::SilenceEffect;
use domain::time::{Instant, Span};

use crate::history::{HOUR, History};
use crate::step::{Step, play};
use crate::watch::World;

const SILENCE: &[&str] = &[
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
    "XK hears",
    "NL hears",
];

const ACCEPTED: &[&str] =
    &["NL tries RequestFiled", "XK hears", "XK tries RequestAccepted", "NL hears", "XK hears"];

/// Plays steps.
fn told(steps: &[&str]) -> History {
    let mut history = World::Plain.begin();
    for line in steps {
        play(&Step::parse(line), &mut history, &World::Plain.rules());
    }
    history
}

fn case(steps: &[&str]) -> Case {
    told(steps).case(Side::Requested).unwrap()
}

/// Which invariant is broken; 0 for none.
fn broken(result: Result<(), Broken>) -> u8 {
    result.err().map_or(0, |broken| broken.number)
}

#[test]
fn a_case_that_is_not_what_the_chains_say_breaks_the_first() {
    let history = told(SILENCE);
    let node = &history.asks;
    let mut case = history.case(Side::Requesting).unwrap();
    assert_eq!(broken(invariant::same_case(&case, &node.own, &node.replica)), 0);
    case.standing = Standing::Provisional;
    assert_eq!(broken(invariant::same_case(&case, &node.own, &node.replica)), 1);
}

#[test]
fn a_replica_that_differs_breaks_the_second() {
    let history = told(ACCEPTED);
    let original = &history.answers.own;
    let check = |change: fn(&mut Chain)| {
        let mut replica = history.asks.replica.clone();
        change(&mut replica);
        broken(invariant::replica_is_a_prefix(original, &replica))
    };
    assert_eq!(check(|_| {}), 0);
    assert_eq!(check(|replica| *replica = Chain::new(replica.author)), 0);
    assert_eq!(check(|replica| replica.entries.truncate(1)), 2);
    assert_eq!(check(|replica| replica.entries[1].position = 7), 2);
    assert_eq!(
        check(|replica| {
            replica.dispatches.remove(&0);
        }),
        2
    );
    assert_eq!(
        check(|replica| replica.dispatches.get_mut(&1).unwrap().digest = Digest::new([0; 32])),
        2
    );
    let other = &history.asks.own;
    assert_eq!(broken(invariant::replica_is_a_prefix(original, other)), 2);
}

#[test]
fn nodes_that_hold_the_same_and_tell_another_case_break_the_second() {
    let mut history = told(ACCEPTED);
    history.exchange();
    let here = history.case(Side::Requesting).unwrap();
    let mut there = history.case(Side::Requested).unwrap();
    assert_eq!(broken(invariant::nodes_converge(&here, &there)), 0);
    there.outcome = Outcome::Open;
    assert_eq!(broken(invariant::nodes_converge(&here, &there)), 2);
    // A node that has heard less may well tell another case.
    history.says(Side::Requested, []);
    let later = history.case(Side::Requested).unwrap();
    there.outcome = Outcome::Open;
    assert_eq!(broken(invariant::nodes_converge(&here, &later)), 0);
}

#[test]
fn a_confirmed_outcome_that_changes_breaks_the_third() {
    let before = case(ACCEPTED);
    assert_eq!(before.standing, Standing::Confirmed);
    let Outcome::Settled(settlement) = before.outcome else {
        unreachable!("it was accepted");
    };
    let (_, at) = settlement.deciding();
    let after = |outcome: Outcome, standing: Standing| {
        let mut after = before.clone();
        (after.outcome, after.standing) = (outcome, standing);
        broken(invariant::confirmed_outcome_stays(&before, &after))
    };
    assert_eq!(after(before.outcome, Standing::Confirmed), 0);
    assert_eq!(after(Outcome::CancelledAfter(settlement, at), Standing::Provisional), 0);
    assert_eq!(after(before.outcome, Standing::Provisional), 3);
    assert_eq!(after(Outcome::Open, Standing::Confirmed), 3);
    assert_eq!(after(Outcome::Withdrawn(at), Standing::Confirmed), 3);
    let other = Settlement::Accepted(Ground::Silence(at));
    assert_eq!(after(Outcome::Settled(other), Standing::Confirmed), 3);
    assert_eq!(after(Outcome::CancelledAfter(other, at), Standing::Confirmed), 3);
    let provisional = case(&ACCEPTED[..3]);
    assert_eq!(provisional.standing, Standing::Provisional);
    let mut open = provisional.clone();
    open.outcome = Outcome::Open;
    assert_eq!(broken(invariant::confirmed_outcome_stays(&provisional, &open)), 0);
}

#[test]
fn a_confirmed_outcome_is_disputed_by_a_cause_and_settled_by_both() {
    const DOUBTED: &[&str] = &["XK hears", "XK says KeyRevoked 1", "NL hears", "XK hears"];
    const SETTLED: &[&str] =
        &["NL tries DisputeSettled", "XK hears", "XK tries DisputeSettled", "NL hears"];
    let confirmed = case(ACCEPTED);
    let disputed = case(&[ACCEPTED, DOUBTED].concat());
    let half = case(&[ACCEPTED, DOUBTED, &SETTLED[..2]].concat());
    let settled = case(&[ACCEPTED, DOUBTED, SETTLED].concat());
    let check =
        |before: &Case, after: &Case| broken(invariant::confirmed_outcome_stays(before, after));
    for (before, after) in
        [(&confirmed, &disputed), (&disputed, &half), (&half, &settled), (&confirmed, &settled)]
    {
        assert_eq!(check(before, after), 0);
        assert_eq!(before.outcome, after.outcome);
    }
    let standing = |case: &Case, standing: Standing| {
        let mut case = case.clone();
        case.standing = standing;
        case
    };
    // Without a cause, without a settlement, with both.
    assert_eq!(check(&confirmed, &standing(&confirmed, Standing::Disputed)), 3);
    assert_eq!(check(&disputed, &standing(&disputed, Standing::Confirmed)), 3);
    assert_eq!(check(&half, &standing(&half, Standing::Confirmed)), 3);
    assert_eq!(check(&half, &standing(&settled, Standing::Disputed)), 3);
    // Disputed or not, the outcome is what it is.
    let mut open = half.clone();
    open.outcome = Outcome::Open;
    assert_eq!(check(&disputed, &open), 3);
}

#[test]
fn a_departure_that_lacks_a_condition_breaks_the_thirteenth() {
    const READY: &[&str] = &[
        "XK hears",
        "NL tries TravelDocumentRequested",
        "XK hears",
        "XK tries TravelDocumentIssued",
        "NL hears",
        "NL tries TransferNotified",
        "XK hears",
        "7200 minutes pass",
        "XK says",
        "NL hears",
    ];
    let departed = |more: &[&str]| {
        let told = told(&[ACCEPTED, READY, more, &["NL says PersonDeparted", "XK hears"]].concat());
        told.case(Side::Requesting).unwrap()
    };
    let sound = departed(&[]);
    assert_eq!(broken(invariant::departure_met_every_condition(&sound)), 0);
    // What broke a rule is a breach, and no departure that met everything. Called effective, it
    // is found.
    for more in [
        &["NL tries HoldPlaced"][..],
        &["XK tries HoldPlaced", "NL hears"],
        &["XK tries TransferObjected", "NL hears"],
        &["NL tries RequestWithdrawn"],
        &["NL tries Rectified"],
        &["XK tries Rectified", "NL hears"],
        &["NL tries TransferCancelled", "NL tries TransferNotified 14"],
        &["NL says KeyRevoked 1"],
        &["XK says KeyRevoked 1", "NL hears"],
    ] {
        let mut case = departed(more);
        assert_eq!(broken(invariant::departure_met_every_condition(&case)), 0, "{more:?}");
        let breach = case.history.iter_mut().rfind(|it| it.side == Side::Requesting).unwrap();
        assert!(matches!(breach.verdict, Verdict::Breach(_)), "{more:?}: {breach:?}");
        breach.verdict = Verdict::Effective;
        assert_eq!(broken(invariant::departure_met_every_condition(&case)), 13, "{more:?}");
    }
}

#[test]
fn what_comes_later_and_changes_what_was_judged_breaks_the_fourth() {
    let before = case(ACCEPTED);
    let after = |change: fn(&mut Case)| {
        let mut after = before.clone();
        change(&mut after);
        broken(invariant::back_dating_gains_nothing(&before, &after))
    };
    assert_eq!(after(|_| {}), 0);
    assert_eq!(after(|case| case.history.truncate(1)), 4);
    let opening = |case: &mut Case| {
        case.history[0].verdict = Verdict::Ineffective(Rejection::RequestMustNotBeWithdrawn);
    };
    assert_eq!(after(opening), 4);
    // An answer may be overtaken by what it crossed, and by nothing else.
    let crossed = |case: &mut Case| {
        case.history[1].verdict = Verdict::Ineffective(Rejection::RequestMustNotBeWithdrawn);
    };
    assert_eq!(after(crossed), 0);
    let otherwise = |case: &mut Case| {
        case.history[1].verdict = Verdict::Ineffective(Rejection::IdentityMustNotBeDenied);
    };
    assert_eq!(after(otherwise), 4);
    assert_eq!(after(|case| case.timeliness = Some(Timeliness::Late)), 4);
    // Cancelled, by a withdrawal dated an hour before what it cancels.
    let back = |by: u64| {
        let mut after = before.clone();
        let (settlement, mut at) = match after.outcome {
            Outcome::Settled(settlement) => (settlement, settlement.deciding().1),
            Outcome::Open | Outcome::Withdrawn(_) | Outcome::CancelledAfter(..) => {
                unreachable!("it was accepted")
            }
        };
        at.time = at.time.less(Span::from_ms(by));
        after.outcome = Outcome::CancelledAfter(settlement, at);
        broken(invariant::back_dating_gains_nothing(&before, &after))
    };
    assert_eq!(back(0), 0);
    assert_eq!(back(HOUR), 4);
}

#[test]
fn a_silence_that_is_not_proved_breaks_the_fifth() {
    let sound = case(SILENCE);
    let check = |change: &dyn Fn(&mut Case)| {
        let mut case = sound.clone();
        change(&mut case);
        broken(invariant::silence_is_proved(&case))
    };
    let Outcome::Settled(Settlement::Accepted(Ground::Silence(claim))) = sound.outcome else {
        unreachable!("it was accepted by silence");
    };
    assert_eq!(check(&|_| {}), 0);
    // No notice.
    assert_eq!(check(&|case| case.history.retain(|judged| judged.at.position != 2)), 5);
    // Noticed too early, or too late for the grace.
    let noticed_at = |case: &mut Case, time: Instant| {
        let notice = case.history.iter_mut().find(|it| it.at.position == 2).unwrap();
        notice.at.time = time;
    };
    assert_eq!(check(&|case| noticed_at(case, claim.time)), 5);
    assert_eq!(check(&|case| noticed_at(case, Instant::from_ms(1))), 5);
    // An answer that was known, a withdrawal before.
    let answered = case(ACCEPTED).said.requested.answer;
    assert_eq!(check(&|case| case.said.requested.answer.clone_from(&answered)), 5);
    assert_eq!(check(&|case| case.said.requesting.withdrawn = Some(sound_opening(case))), 5);
    // An outcome that does not follow from it, or from nothing.
    assert_eq!(check(&|case| case.outcome = Outcome::Open), 5);
    let refused = Settlement::Refused(Ground::Silence(claim));
    assert_eq!(check(&|case| case.outcome = Outcome::Settled(refused)), 5);
    let mute = |case: &mut Case| {
        case.rules.as_mut().unwrap().silence.effect = SilenceEffect::NotStated;
    };
    assert_eq!(check(&mute), 5);
    let unclaimed = |case: &mut Case| case.history.retain(|judged| judged.at != claim);
    assert_eq!(check(&unclaimed), 5);
}

fn sound_opening(case: &Case) -> domain::case::said::At {
    case.said.requesting.filed.as_ref().unwrap().0
}

#[test]
fn a_claim_that_cites_what_proves_nothing_breaks_the_fifth() {
    let sound = case(SILENCE);
    let check = |number: u64, digest: Option<Digest>| {
        let mut case = sound.clone();
        let heard = told(SILENCE).asks.replica.dispatches;
        let dispatch = heard.get(&number).copied();
        for judged in &mut case.history {
            if let Some(domain::case::event::Statement::SilenceClaimed(cited)) =
                judged.statement.as_mut().map(Arc::make_mut)
            {
                cited.number = number;
                let own = dispatch.map(|dispatch| dispatch.digest);
                cited.digest = digest.or(own).unwrap_or(cited.digest);
            }
        }
        broken(invariant::silence_is_proved(&case))
    };
    let proof = sound
        .history
        .iter()
        .find_map(|judged| match judged.statement.as_deref() {
            Some(domain::case::event::Statement::SilenceClaimed(cited)) => Some(cited.number),
            _ => None,
        })
        .unwrap();
    assert_eq!(check(proof, None), 0);
    assert_eq!(check(proof, Some(Digest::new([0; 32]))), 5);
    assert_eq!(check(proof - 1, None), 5, "before the grace was over");
    assert_eq!(check(1, None), 5, "had not heard the notice");
    assert_eq!(check(99, None), 5, "not there");
    assert_eq!(check(proof + 1, None), 5, "not heard");
}

#[test]
fn a_log_that_breaks_its_own_chain_breaks_the_sixth() {
    let history = told(SILENCE);
    let skew = history.corridor.skew;
    let check = |change: &dyn Fn(&mut Chain)| {
        let mut log = history.asks.own.clone();
        change(&mut log);
        broken(invariant::log_is_sound(&log, &history.asks.replica, skew))
    };
    fn last(log: &mut Chain) -> &mut domain::chain::Dispatch {
        log.dispatches.values_mut().next_back().unwrap()
    }
    assert_eq!(check(&|_| {}), 0);
    assert_eq!(check(&|log| log.dispatches.retain(|number, _| *number != 1)), 6);
    assert_eq!(check(&|log| last(log).number = 99), 6);
    assert_eq!(check(&|log| last(log).time = Instant::from_ms(0)), 6);
    assert_eq!(check(&|log| last(log).heard = None), 6);
    assert_eq!(check(&|log| last(log).heard.as_mut().unwrap().number = 99), 6);
    assert_eq!(check(&|log| last(log).heard.as_mut().unwrap().digest = Digest::new([0; 32])), 6);
    assert_eq!(check(&|log| log.entries[1].position = 5), 6);
    assert_eq!(check(&|log| log.entries[1].dispatch = 99), 6);
    assert_eq!(check(&|log| log.entries.last_mut().unwrap().dispatch = 0), 6);
    // Dated earlier than what it had heard allows, with nothing else out of order.
    let early = |log: &mut Chain| {
        for dispatch in log.dispatches.values_mut() {
            dispatch.time = Instant::from_ms(0);
        }
    };
    assert_eq!(check(&early), 6);
    // The first has heard the partner's last, which had heard it.
    let cycle = |log: &mut Chain| {
        let heard = last(log).heard;
        let now = last(log).time;
        let only = BTreeMap::from([(
            0,
            domain::chain::Dispatch { heard, time: now, ..log.dispatches[&0] },
        )]);
        log.dispatches = only;
        log.entries.clear();
    };
    assert_eq!(check(&cycle), 6);
}

#[test]
fn a_fault_without_a_place_breaks_the_seventh() {
    let log = told(ACCEPTED).asks.own;
    let check = |place: Place| broken(invariant::fault_is_located(&log, place));
    assert_eq!(check(Place::Entry(1)), 0);
    assert_eq!(check(Place::Header(1)), 0);
    assert_eq!(check(Place::Entry(99)), 7);
    assert_eq!(check(Place::Header(99)), 7);
}
