//! How an entry is judged on what its author knew: a row is a story, and the verdict of the last
//! entry in it.

use domain::case::Case;
use domain::case::event::{KeyPurpose, Statement};
use domain::case::knowledge::Verdict::{self, Breach, Effective, Ineffective};
use domain::case::outcome::Standing;
use domain::case::rejection::Rejection as R;
use domain::case::said::Side;
use domain::chain::Heard;
use domain::identifier::Digest;

use crate::history::{History, revocation, state};
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
fn a_claim_that_cites_another_digest_cites_nothing() {
    for (byte, expected) in
        [(None, Effective), (Some(9), Ineffective(R::ClaimMustCiteHeardDispatch))]
    {
        let mut history = told(World::Plain, NOTICED);
        let heard = history.heard(Side::Requesting).unwrap();
        let digest = byte.map_or(heard.digest, |byte| Digest::new([byte; 32]));
        history.says(Side::Requesting, [Statement::SilenceClaimed(Heard { digest, ..heard })]);
        let case = history.case(Side::Requesting).unwrap();
        assert_eq!(case.history.last().unwrap().verdict, expected);
    }
}

#[test]
fn what_a_revoked_key_may_have_signed_stands_where_it_was_heard_before() {
    let filed = "NL says RequestFiled; XK hears; NL hears";
    for (rest, expected) in [
        // Both heard at once: the acceptance was not heard before the revocation.
        ("XK says RequestAccepted; XK says KeyRevoked 1", Ineffective(R::KeyMustNotBeRevoked)),
        ("XK says RequestAccepted; NL hears; XK says KeyRevoked 1", Effective),
        (
            "XK says RequestAccepted; NL stores 99; XK says KeyRevoked 1",
            Ineffective(R::KeyMustNotBeRevoked),
        ),
        // It travelled in Kosovo's fourth dispatch, number 3.
        ("XK says RequestAccepted; XK says KeyRevoked 3", Effective),
        ("XK says RequestAccepted; XK says KeyRevoked 2", Ineffective(R::KeyMustNotBeRevoked)),
        ("XK says RequestAccepted; XK says KeyRevoked 99", Effective),
        ("XK says RequestAccepted; XK says KeyRevoked", Ineffective(R::KeyMustNotBeRevoked)),
        // What follows the revocation is signed with another key.
        ("XK says KeyRevoked; XK says RequestRefused", Effective),
        // A report of an unknown hand tells nothing.
        ("XK says PersonArrived; XK says KeyRevoked", Ineffective(R::KeyMustNotBeRevoked)),
        // Another State's key is another State's.
        ("XK says RequestRefused; NL says KeyRevoked", Effective),
    ] {
        let story = format!("{filed}; {rest}; XK hears");
        assert_eq!(verdict(World::Plain, &story), expected, "{rest}");
    }
}

#[test]
fn an_answer_has_its_effect_again_when_the_withdrawal_that_overtook_it_is_struck() {
    // Symptom: the model found that a heard answer, overtaken by a withdrawal that nobody had
    // heard, was judged anew when the key that signed the withdrawal was revoked.
    let crossed = "NL says RequestFiled; XK hears; NL hears; NL says RequestWithdrawn; \
        XK says RequestAccepted; NL hears";
    for (rest, outcome) in [("", "withdrawn"), ("; NL says KeyRevoked 2", "accepted")] {
        let mut history = told(World::Plain, &format!("{crossed}{rest}"));
        history.exchange();
        let case = history.case(Side::Requested).unwrap();
        assert_eq!(case.outcome_word(), outcome);
    }
}

#[test]
fn what_is_said_again_is_marked() {
    let filed = "NL says RequestFiled; XK hears; NL hears";
    let accepted = "XK says RequestAccepted; NL hears; XK hears";
    let notified = "NL says TransferNotified; XK hears";
    let closed = "XK says RequestRefused; NL hears; NL says CaseClosed";
    let (act, report) = (Ineffective(R::StatementMustNotRepeat), Breach(R::StatementMustNotRepeat));
    for (before, again, expected) in [
        ("XK says ClarificationAsked; NL hears", "NL says ClarificationGiven", report),
        ("NL says", "NL says RegisterCheckRequested", act),
        ("NL says", "NL says InterviewRequested", act),
        ("NL says", "NL says RequestWithdrawn", act),
        ("43200 minutes pass", "NL says SilenceNoticed", act),
        ("XK says", "XK says RequestAdmitted", act),
        ("NL says RegisterCheckRequested; XK hears", "XK says RegisterChecked", report),
        (accepted, "NL says TravelDocumentRequested", act),
        (&format!("{accepted}; {notified}"), "XK says TransferObjected", act),
        (
            &format!("{accepted}; NL says PersonDeparted 9; XK hears"),
            "XK says PersonArrived",
            report,
        ),
        (&format!("{accepted}; NL says PersonDeparted 9"), "NL says TakenBack", report),
        ("XK says", "XK says HoldPlaced", act),
        ("XK says", "XK says EntryUnreadable", report),
        ("XK says", "XK says EntryContested", report),
        ("XK says EntryUnreadable; NL hears", "NL says Restated", report),
        (closed, "NL says ErasureOrdered", act),
        (&format!("{closed}; NL says ErasureOrdered"), "NL says ErasureDone", act),
    ] {
        let once = format!("{filed}; {before}; {again}");
        assert_eq!(verdict(World::Plain, &once), Effective, "{once}");
        assert_eq!(verdict(World::Plain, &format!("{once}; {again}")), expected, "{once}, again");
    }
}

#[test]
fn a_person_who_has_left_does_not_leave_again() {
    let ready = "NL says RequestFiled; XK hears; XK says RequestAccepted; NL hears; \
        NL says TravelDocumentRequested; XK hears; XK says TravelDocumentIssued; NL hears; \
        NL says TransferNotified; XK hears; 7200 minutes pass; XK says; NL hears";
    for (rest, expected) in [
        ("NL says PersonDeparted", Effective),
        ("NL says PersonDeparted 9", Breach(R::TransferMustBePending)),
        ("NL says PersonDeparted 9; NL says PersonDeparted", Breach(R::PersonMustNotHaveDeparted)),
    ] {
        assert_eq!(verdict(World::Plain, &format!("{ready}; {rest}")), expected, "{rest}");
    }
}

#[test]
fn a_dispute_is_not_settled_in_a_log_that_is_frozen() {
    // Symptom: the model found a dispute that was settled, and open again once the accused had
    // gone on in its next era: its settlement had been stated in the frozen log, and was void.
    let faulty = "NL says RequestFiled; XK hears; NL hears; XK says RequestAccepted; \
        XK says FaultProved; NL hears";
    for (rest, expected) in [
        ("NL tries DisputeSettled; XK tries DisputeSettled; NL hears", Standing::Disputed),
        (
            "NL succeeds; XK hears; NL tries DisputeSettled; XK hears; XK tries DisputeSettled; \
             NL hears",
            Standing::Confirmed,
        ),
        (
            "NL tries DisputeSettled; NL succeeds; XK hears; XK tries DisputeSettled; NL hears",
            Standing::Disputed,
        ),
    ] {
        let history = told(World::Plain, &format!("{faulty}; {rest}"));
        assert_eq!(history.case(Side::Requesting).unwrap().standing, expected, "{rest}");
    }
}

#[test]
fn a_key_that_only_opens_puts_nothing_in_doubt() {
    for (purpose, causes) in [(KeyPurpose::Log, 1), (KeyPurpose::Hpke, 0)] {
        let answered = "NL says RequestFiled; XK hears; NL hears; XK says RequestAccepted";
        let mut history = told(World::Plain, answered);
        let Statement::KeyRevoked(mut revoked) = revocation(None) else {
            unreachable!("it revokes");
        };
        revoked.purpose = purpose;
        history.says(Side::Requested, [Statement::KeyRevoked(revoked)]);
        history.exchange();
        let case = history.case(Side::Requesting).unwrap();
        assert_eq!(case.causes.len(), causes);
        assert_eq!(case.history.last().unwrap().verdict.stands(), causes == 0);
    }
}

#[test]
fn nothing_follows_for_the_person_from_a_case_in_dispute() {
    let filed = "NL says RequestFiled; XK hears; NL hears";
    let told = |rest: &str| verdict(World::Plain, &format!("{filed}; {rest}"));
    let disputed = Ineffective(R::DisputeMustBeSettled);
    for (rest, expected) in [
        ("XK says FaultProved; XK says RequestAccepted", disputed),
        ("XK says FaultProved; XK says RequestRefused", Effective),
        ("XK says FaultProved; XK says ReturnedUnconsidered", Effective),
        ("XK says FaultProved; XK says HoldPlaced", Effective),
        ("XK says KeyRevoked; XK says RequestAccepted", Effective),
        ("XK says RequestAdmitted; XK says KeyRevoked; XK says RequestAccepted", disputed),
        ("NL says KeyRevoked 0; NL says RequestWithdrawn", Effective),
        ("NL says KeyRevoked 0; 43200 minutes pass; NL says SilenceNoticed", disputed),
        ("NL says KeyRevoked 0; NL says SilenceClaimed", disputed),
        ("NL says KeyRevoked 0; NL says TravelDocumentRequested", disputed),
        ("NL says KeyRevoked 0; NL says TransferNotified", disputed),
        ("NL says KeyRevoked 0; NL says PersonDeparted 9", Breach(R::DisputeMustBeSettled)),
        ("NL says KeyRevoked 0; NL says EvidenceAdded", Effective),
        // A doubt that has not been heard forbids nothing.
        ("NL says KeyRevoked 0; XK says RequestAccepted", Effective),
        ("NL says KeyRevoked 0; XK hears; XK says RequestAccepted", disputed),
        ("NL says KeyRevoked 0; XK hears; XK says TravelDocumentIssued", disputed),
        (
            "NL says KeyRevoked 0; XK hears; XK says TransferObjected 9",
            Ineffective(R::TransferMustBePending),
        ),
        // Both have settled.
        (
            "NL says KeyRevoked 0; XK hears; XK says DisputeSettled; NL hears; \
             NL says DisputeSettled; XK hears; XK says RequestAccepted",
            Effective,
        ),
    ] {
        assert_eq!(told(rest), expected, "{rest}");
    }
}

#[test]
fn what_is_still_parked_takes_the_time_of_the_correction() {
    let filed = "NL says RequestFiled; XK hears; NL hears";
    let late = |rest: &str| {
        let mut history = told(World::Plain, &format!("{filed}; {rest}"));
        history.exchange();
        let case = history.case(Side::Requesting).unwrap();
        let (at, _) = case.said.requested.answer.clone().unwrap();
        at.time.as_ms() > history.now.as_ms()
    };
    for (rest, ahead) in [
        ("XK says-ahead RequestRefused; XK says ClockCorrected", false),
        ("XK says-ahead RequestRefused; XK says RequestAdmitted; XK says ClockCorrected", false),
        // It was heard before the correction, and keeps its date.
        ("XK says-ahead RequestRefused; 700 minutes pass; XK says ClockCorrected", false),
        ("XK says-ahead RequestRefused; 718 minutes pass; NL hears; XK says ClockCorrected", true),
        // Only the first entry of a dispatch corrects a clock.
        (
            "XK says-ahead RequestRefused; XK says RequestAdmitted + ClockCorrected; \
             718 minutes pass; NL hears",
            true,
        ),
    ] {
        assert_eq!(late(rest), ahead, "{rest}");
    }
}
