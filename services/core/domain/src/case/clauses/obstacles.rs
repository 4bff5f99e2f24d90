//! Where a limit is longer while an obstacle lasts that the State states that must act.

use super::*;
use crate::case::decide::report_departure::{ReportDeparture, report_departure};
use crate::case::story::{document_issued_under, ready_to_depart_under};
use crate::clock::NotComputable;

/// The reply may be delayed until ten days after an obstacle is removed.
fn delaying(rules: &mut Rules) {
    rules.reply_extension = Some(ReplyExtension {
        longest: None,
        after_obstacle: Some(Length { count: 10, unit: Unit::CalendarDays }),
        needs: ExtensionNeeds::Reasons,
        counts: ExtensionCounts::WhenObstacleStated,
        source: source(),
    });
}

fn transferable(rules: &mut Rules) {
    rules.transfer_extension = Some(source());
}

fn obstructed() -> Story {
    filed(delaying).xk(S::ObstacleReported)
}

/// Kosovo could not state to whom does not say that it understands this kind.
fn unable(kind: Kind, kinds: impl FnOnce(Story) -> Story) -> Story {
    let rules = with(delaying);
    kinds(Story::under(&rules).not_understood(kind)).nl(S::RequestFiled(request(&rules)))
}

/// What both nodes say of a deadline that is not known while an obstacle lasts.
#[track_caller]
fn waits(story: &Story, kind: DeadlineKind) {
    for side in [NL, XK] {
        let case = story.clone().heard().by(side).case();
        let due = case.deadlines().into_iter().find(|due| due.kind == kind).unwrap();
        assert_eq!(due.deadline, Err(NotComputable::ObstacleLasts), "{kind:?}");
        assert_eq!(due.moved.len(), 1, "{kind:?}");
    }
}

fn notices(story: Story) -> Result<usize, R> {
    let story = story.by(NL);
    notice_silence(&story.case(), NoticeSilence { ordered: story.ordered() }).map(|it| it.len())
}

fn claims(story: Story) -> Result<usize, R> {
    let story = story.by(NL);
    claim_silence(&story.case(), ClaimSilence { ordered: story.ordered() }).map(|it| it.len())
}

#[test]
fn a_reply_is_due_so_long_after_an_obstacle_was_removed() {
    let capable = || {
        S::CapabilitiesStated(
            [Kind::ObstacleReported, Kind::ObstacleRemoved].map(Kind::number).into(),
        )
    };
    for (story, reply, silence) in [
        // Without an obstacle, the 28 days: 30 Mar.
        (filed(delaying), "2026-03-30", Some("2026-03-30")),
        // Removed on 7 Mar: 7 + 10 = 17 Mar, so the 30th stays.
        (obstructed().days(5).xk(S::ObstacleRemoved), "2026-03-30", Some("2026-03-30")),
        // Removed on 25 Mar: 25 + 10 = 35 - 31 = 4 Apr.
        (obstructed().days(23).xk(S::ObstacleRemoved), "2026-04-04", Some("2026-04-04")),
        // Removed on 11 Apr, long after the 30th: 21 Apr.
        (obstructed().days(40).xk(S::ObstacleRemoved), "2026-04-21", Some("2026-04-21")),
        // Another until 1 May, and the last counts: 11 May.
        (
            obstructed()
                .days(40)
                .xk(S::ObstacleRemoved)
                .days(10)
                .xk(S::ObstacleReported)
                .days(10)
                .xk(S::ObstacleRemoved),
            "2026-05-11",
            Some("2026-05-11"),
        ),
        // Stated when the limit had passed: no obstacle.
        (filed(delaying).days(29).xk(S::ObstacleReported), "2026-03-30", Some("2026-03-30")),
        // It could not be stated, so that silence waits for ever, as it does without this rule.
        (unable(Kind::ObstacleReported, |it| it), "2026-03-30", None),
        (unable(Kind::ObstacleRemoved, |it| it), "2026-03-30", None),
        (unable(Kind::ObstacleReported, |it| it.nl(capable())), "2026-03-30", Some("2026-03-30")),
        (unable(Kind::ObstacleReported, |it| it.xk(capable())), "2026-03-30", None),
        (unable(Kind::ObstacleReported, |it| it).nl(capable()), "2026-03-30", None),
    ] {
        check(&story, DeadlineKind::Reply, Some(reply));
        check(&story, DeadlineKind::Silence, silence);
    }
    for kind in [DeadlineKind::Reply, DeadlineKind::Silence] {
        waits(&obstructed(), kind);
        waits(&obstructed().days(300), kind);
    }
}

#[test]
fn while_an_obstacle_lasts_no_silence_is_due_and_no_answer_late() {
    let lasts = Err(R::DeadlineMustBeComputable(NotComputable::ObstacleLasts));
    assert_eq!(notices(obstructed().days(300).heartbeat()), lasts);
    let removed = || obstructed().days(40).xk(S::ObstacleRemoved);
    // The tenth day ends fifteen hours after the hour of the request.
    assert_eq!(notices(removed().days(10).hours(14).heartbeat()), Err(R::SilenceMustBeDue));
    let over = || removed().days(10).hours(15).heartbeat();
    assert_eq!(notices(over()), Ok(1));
    let proved = over().nl(S::SilenceNoticed).hours(25).heartbeat();
    assert_eq!(claims(proved.clone()), Ok(1));
    let cited = proved.word_of_xk();
    let claimed = proved.nl(S::SilenceClaimed(cited)).by(NL).case();
    assert_eq!(claimed.outcome_word(), "accepted-by-silence");
    assert_eq!(invariant::silence_is_proved(&claimed), Ok(()));
    let answered = |story: Story| story.xk(S::RequestAccepted).by(NL).case().timeliness;
    assert_eq!(answered(obstructed().days(300)), Some(Timeliness::Timely));
    assert_eq!(answered(removed().days(10).hours(14)), Some(Timeliness::Timely));
    assert_eq!(answered(removed().days(10).hours(15)), Some(Timeliness::Late));
    assert_eq!(answered(filed(delaying).days(28).hours(15)), Some(Timeliness::Late));
    let able = unable(Kind::ObstacleRemoved, |it| it).days(28).hours(15);
    assert_eq!(answered(able), Some(Timeliness::NotComputable));
}

/// Kosovo states an obstacle on the last day; the Netherlands notice the silence before they hear.
#[test]
fn an_obstacle_under_way_makes_a_notice_of_silence_too_early() {
    let story = filed(delaying).days(28).unheard(XK, S::ObstacleReported).days(1);
    let crossed = story.unheard(NL, S::SilenceNoticed).heard().hours(25).heartbeat();
    let lasts = Err(R::DeadlineMustBeComputable(NotComputable::ObstacleLasts));
    assert_eq!((claims(crossed.clone()), notices(crossed.clone())), (lasts, lasts));
    let over = crossed.xk(S::ObstacleRemoved).days(11).heartbeat();
    assert_eq!(claims(over.clone()), Err(R::SilenceMustBeDue));
    assert_eq!(notices(over.clone()), Ok(1));
    let again = over.nl(S::SilenceNoticed).hours(25).heartbeat();
    assert_eq!(claims(again), Ok(1));
}

#[test]
fn a_transfer_may_be_later_by_the_days_that_an_obstacle_lasted() {
    let accepted = || accepted(transferable);
    let obstacle =
        |story: Story, days| story.nl(S::ObstacleReported).days(days).nl(S::ObstacleRemoved);
    for (story, expected) in [
        // Accepted on 2 Mar, three months: 2 Jun.
        (accepted(), "2026-06-02"),
        (obstacle(accepted(), 0), "2026-06-02"),
        (obstacle(accepted(), 9), "2026-06-11"),
        // Removed after the limit: stated on 22 May, 20 days, 2 + 20 = 22 Jun.
        (obstacle(accepted().days(81), 20), "2026-06-22"),
        // Two: 9 and 5 days.
        (obstacle(obstacle(accepted(), 9).days(30), 5), "2026-06-16"),
        // Stated too late.
        (obstacle(accepted().days(93), 9), "2026-06-02"),
        // Rules that do not say so.
        (obstacle(super::accepted(|_| {}), 9), "2026-06-02"),
    ] {
        check(&story, DeadlineKind::Transfer, Some(expected));
    }
    waits(&accepted().nl(S::ObstacleReported).days(200), DeadlineKind::Transfer);
    let case = obstacle(obstacle(accepted(), 9), 5).by(XK).case();
    let due = case.deadlines().into_iter().find(|due| due.kind == DeadlineKind::Transfer).unwrap();
    let days: Vec<u32> = due.deadline.unwrap().extended_by.iter().map(|it| it.count).collect();
    assert_eq!((days, due.moved.len()), (vec![9, 5], 2));
    // Days before the limit began do not count: it begins with the issue, on 12 Mar.
    let issued = |rules: &mut Rules| {
        transferable(rules);
        rules.transfer.as_mut().unwrap().starts_on = Start::IssueOfTravelDocument;
    };
    let early = super::accepted(issued).nl(ask_for_document()).nl(S::ObstacleReported).days(10);
    let issued = early.xk(S::TravelDocumentIssued(document(0, 100)));
    check(&issued.days(4).nl(S::ObstacleRemoved), DeadlineKind::Transfer, Some("2026-06-16"));
}

/// Whoever says that the person cannot be transferred does not transfer.
#[test]
fn while_an_obstacle_lasts_nobody_is_transferred() {
    let rules = with(transferable);
    let notifies = |story: Story| {
        let story = story.by(NL);
        let command = NotifyTransfer { ordered: story.ordered(), transfer: transfer(12) };
        notify_transfer(&story.case(), &story.safeguards(), command).map(|it| it.len())
    };
    let lasts = document_issued_under(&rules).nl(S::ObstacleReported);
    assert_eq!(notifies(lasts.clone()), Err(R::ObstacleMustBeRemoved));
    assert_eq!(notifies(lasts.nl(S::ObstacleRemoved)), Ok(1));
    let departs = |story: Story| {
        let story = story.by(NL);
        let command = ReportDeparture { ordered: story.ordered() };
        report_departure(&story.case(), &story.safeguards(), command).map(|it| it.len())
    };
    let ready = ready_to_depart_under(&rules).nl(S::ObstacleReported);
    assert_eq!(departs(ready.clone()), Err(R::ObstacleMustBeRemoved));
    assert_eq!(departs(ready.clone().nl(S::ObstacleRemoved)), Ok(1));
    // A departure is a report: it stands, and what it broke is found.
    let notice = ready.last(NL) - 1;
    let mut case = ready.nl(S::PersonDeparted(notice)).by(XK).case();
    assert_eq!(invariant::departure_met_every_condition(&case), Ok(()));
    let breach = case.history.iter_mut().rfind(|it| it.side == NL).unwrap();
    assert_eq!(breach.verdict, crate::case::knowledge::Verdict::Breach(R::ObstacleMustBeRemoved));
    breach.verdict = crate::case::knowledge::Verdict::Effective;
    assert!(invariant::departure_met_every_condition(&case).is_err());
}

/// On the record too there is one at a time: a second changes nothing, and says why.
#[test]
fn a_second_obstacle_while_one_lasts_is_none() {
    let case = obstructed().xk(S::ObstacleReported).by(NL).case();
    let last = case.history.iter().rfind(|it| it.side == XK).unwrap();
    let repeats = crate::case::knowledge::Verdict::Ineffective(R::StatementMustNotRepeat);
    assert_eq!((last.verdict, case.said.by_requested.obstacles.len()), (repeats, 1));
}
