//! How an entry is judged on what its author knew: a row is a story, and the verdict of the last
//! entry in it.

use domain::case::Case;
use domain::case::event::Statement;
use domain::case::knowledge::Verdict::{self, Breach, Effective, Ineffective};
use domain::case::rejection::Rejection as R;
use domain::case::said::Side;
use domain::chain::Heard;

use crate::history::{History, state};
use crate::step::{Step, play};
use crate::watch::World;

/// Plays steps.
fn told(world: World, story: &str) -> History {
    let mut history = world.begin();
    for line in story.split(';') {
        play(&Step::parse(line.trim()), &mut history, &world.rules());
    }
    history
}

/// The verdict of the last entry of the State that spoke last, as all know it in the end.
fn verdict(world: World, story: &str) -> Verdict {
    let mut history = told(world, story);
    history.exchange();
    let case = history.case(Side::Requesting).unwrap();
    let (last, _) = story.rsplit(';').next().unwrap().trim().split_once(' ').unwrap();
    let side = [Side::Requesting, Side::Requested].into_iter().find(|it| state(*it).code() == last);
    case.history.iter().rfind(|judged| Some(judged.side) == side).unwrap().verdict
}

#[test]
fn an_entry_is_judged_by_what_its_author_had_heard() {
    use World::{Plain, Young};
    for (world, story, expected) in [
        // The opening.
        (Plain, "NL says RequestFiled", Effective),
        (
            Plain,
            "NL says RequestFiled; NL says RequestFiled",
            Ineffective(R::OpeningMustBeTheFoundersFirst),
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RequestFiled",
            Ineffective(R::OpeningMustBeTheFoundersFirst),
        ),
        (
            Plain,
            "NL says RequestFiled 4; NL says RequestFiled",
            Ineffective(R::OpeningMustBeTheFoundersFirst),
        ),
        (Plain, "NL says RequestFiled; XK says HoldPlaced", Ineffective(R::OpeningMustBeHeard)),
        (Plain, "NL says RequestFiled; XK says PersonArrived", Ineffective(R::OpeningMustBeHeard)),
        (
            Plain,
            "NL says RequestFiled; XK stores 99; XK says-deaf HoldPlaced",
            Ineffective(R::OpeningMustBeHeard),
        ),
        (Plain, "NL says RequestFiled; XK hears; XK says HoldPlaced", Effective),
        (Plain, "NL says RequestFiled + HoldPlaced", Effective),
        (
            Plain,
            "NL says RequestFiled 4; NL says RequestWithdrawn",
            Ineffective(R::OpeningMustBeEffective),
        ),
        (
            Plain,
            "NL says RequestFiled 4; XK hears; XK says RequestAccepted",
            Ineffective(R::OpeningMustBeEffective),
        ),
        (
            Plain,
            "NL says RequestFiled 4; NL says EvidenceAdded",
            Ineffective(R::OpeningMustBeEffective),
        ),
        // The vocabulary.
        (Plain, "NL says RequestFiled; NL says Gibberish", Ineffective(R::FactsMustBeCanonical)),
        (
            Plain,
            "NL says RequestFiled; NL says KeyAnnounced",
            Ineffective(R::StatementMustBelongToACase),
        ),
        (Young, "NL says RequestFiled; NL says HoldPlaced", Ineffective(R::KindMustBeUnderstood)),
        (
            Young,
            "NL says RequestFiled; XK says CapabilitiesStated; NL says HoldPlaced",
            Ineffective(R::KindMustBeUnderstood),
        ),
        (
            Young,
            "NL says RequestFiled; XK says CapabilitiesStated; NL hears; NL says HoldPlaced",
            Effective,
        ),
        (
            Young,
            "NL says RequestFiled; NL says CapabilitiesStated; NL says HoldPlaced",
            Ineffective(R::KindMustBeUnderstood),
        ),
        // Who speaks.
        (
            Plain,
            "NL says RequestFiled; NL says RequestAccepted",
            Ineffective(R::SpeakerMustBeRequestedState),
        ),
        (
            Plain,
            "NL says RequestFiled; NL says PersonArrived",
            Ineffective(R::SpeakerMustBeRequestedState),
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RequestWithdrawn",
            Ineffective(R::SpeakerMustBeRequestingState),
        ),
        // An act without effect, a report that stands.
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RequestAccepted; XK says RequestRefused",
            Ineffective(R::RequestMustBeOpen),
        ),
        (Plain, "NL says RequestFiled; NL says PersonDeparted 9", Breach(R::RequestMustBeAccepted)),
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RegisterChecked",
            Breach(R::RegisterCheckMustBeRequested),
        ),
        (Plain, "NL says RequestFiled; NL says TakenBack", Breach(R::DepartureMustBeReported)),
        (
            Plain,
            "NL says RequestFiled; NL says PersonDeparted 9 + TakenBack; NL says TakenBack",
            Breach(R::StatementMustNotRepeat),
        ),
        // What was in hand and not heard is not known; what was heard is.
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RequestAccepted; NL stores 99; \
             NL says-deaf EvidenceAdded",
            Effective,
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; XK says RequestAccepted; NL hears; NL says-deaf \
             EvidenceAdded",
            Breach(R::RequestMustBeOpen),
        ),
        // Proof must have been heard, and be what it was.
        (
            Plain,
            "NL says RequestFiled; XK hears; NL hears; 43200 minutes pass; NL says \
             SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL stores 99; NL says-deaf \
             SilenceClaimed",
            Ineffective(R::ClaimMustCiteHeardDispatch),
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; NL hears; 43200 minutes pass; NL says \
             SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL hears; NL says \
             SilenceClaimed",
            Effective,
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; NL hears; 43200 minutes pass; NL says \
             SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL hears; NL says \
             SilenceClaimed 1004",
            Ineffective(R::ClaimMustCiteHeardDispatch),
        ),
        (
            Plain,
            "NL says RequestFiled; XK hears; NL hears; 43200 minutes pass; NL says \
             SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL hears; NL says \
             SilenceClaimed; NL says SilenceClaimed",
            Ineffective(R::RequestMustBeOpen),
        ),
    ] {
        assert_eq!(verdict(world, story), expected, "{story}");
    }
}

/// The case as both nodes tell it.
fn both(history: &History) -> [Case; 2] {
    [Side::Requesting, Side::Requested].map(|side| history.case(side).unwrap())
}

#[test]
fn there_is_no_case_before_its_founder_opens_it() {
    let history = told(World::Plain, "XK says RequestFiled + HoldPlaced; NL hears");
    assert!(history.case(Side::Requesting).is_none());
    assert!(history.case(Side::Requested).is_none());
}

#[test]
fn entries_of_other_cases_are_not_looked_at() {
    let plain = told(World::Plain, "NL says RequestFiled; XK hears; NL hears");
    let other = told(World::Plain, "NL says RequestFiled + Elsewhere; XK hears; NL hears");
    for (plain, other) in both(&plain).iter().zip(&both(&other)) {
        assert_eq!(plain.history.len(), other.history.len());
        assert_eq!(plain.outcome, other.outcome);
    }
}

#[test]
fn a_screen_is_outdated_by_acts_and_by_nothing_else() {
    let filed = "NL says RequestFiled; XK hears; NL hears";
    let etag = |rest: &str| {
        let mut history = told(World::Plain, &format!("{filed}{rest}"));
        history.exchange();
        history.case(Side::Requested).unwrap().etag()
    };
    let shown = etag("");
    for (rest, same) in [
        ("; NL says EvidenceAdded", true),
        ("; XK says", true),
        ("; NL says Gibberish", true),
        ("; XK says RegisterChecked", true),
        ("; XK says RequestWithdrawn", true),
        ("; XK says RequestAccepted", false),
        ("; NL says RequestWithdrawn", false),
        ("; NL says Rectified", false),
        ("; NL says HoldPlaced", false),
    ] {
        assert_eq!(etag(rest) == shown, same, "{rest}");
    }
}

const NOTICED: &str = "NL says RequestFiled; XK hears; NL hears; 43200 minutes pass; \
    NL says SilenceNoticed; XK hears; 1500 minutes pass; XK says; NL hears";

#[test]
fn a_refusal_that_comes_after_the_silence_was_proved_is_shown_without_effect() {
    let late = format!("{NOTICED}; NL says SilenceClaimed; XK says RequestRefused");
    assert_eq!(verdict(World::Plain, &late), Ineffective(R::RequestMustBeOpen));
    // An acceptance says the same as the silence, and whom it covers.
    let late = format!("{NOTICED}; NL says SilenceClaimed; XK says RequestAccepted");
    assert_eq!(verdict(World::Plain, &late), Effective);
}

#[test]
fn a_claim_that_cites_another_era_cites_nothing() {
    for (era, expected) in [(0, Effective), (1, Ineffective(R::ClaimMustCiteHeardDispatch))] {
        let mut history = told(World::Plain, NOTICED);
        let cited = Heard { era, ..history.heard(Side::Requesting).unwrap() };
        history.says(Side::Requesting, [Statement::SilenceClaimed(cited)]);
        let case = history.case(Side::Requesting).unwrap();
        assert_eq!(case.history.last().unwrap().verdict, expected);
    }
}
