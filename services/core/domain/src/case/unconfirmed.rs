//! Cases under rules that hold a holiday as only estimated.
//!
//! The story begins on Monday, 2 March 2026; Wednesday, 4 March, is a holiday of Kosovo that
//! follows a moon sighting.

use super::clauses::leaves;
use super::decide::notice_silence::{NoticeSilence, notice_silence};
use super::decide::notify_transfer::{NotifyTransfer, notify_transfer};
use super::event::Statement as S;
use super::history::{office, rules, state};
use super::query::DeadlineKind;
use super::rejection::Rejection as R;
use super::story::{NL, Story, XK, document, filed_under, transfer};
use crate::clock::estimated::EstimatedHoliday;
use crate::clock::{Began, NotComputable};
use crate::invariant;
use crate::rules::{Estimated, Length, Limit, Rules, Start, Unit};
use crate::time::Date;

/// Kosovo's log holds its adoption, the acceptance, then the issue.
const ISSUE: u64 = 2;

const MOON: Date = Date::constant(2026, 3, 4);

/// Rules with the holiday, as it stands after a confirmation or before.
fn with_moon(estimated: &[Estimated], change: impl FnOnce(&mut Rules)) -> Rules {
    let mut rules = rules();
    let calendar = rules.calendars.iter_mut().find(|it| it.state == state(XK)).unwrap();
    calendar.holidays.insert(0, MOON);
    calendar.estimated = estimated.to_vec();
    change(&mut rules);
    rules
}

fn unconfirmed() -> [Estimated; 1] {
    [Estimated { on: MOON, until: MOON }]
}

fn open() -> NotComputable {
    let holiday = EstimatedHoliday { state: state(XK), days: Estimated { on: MOON, until: MOON } };
    NotComputable::HolidayEstimated { holiday }
}

fn issued(rules: &Rules) -> Story {
    let asked = S::TravelDocumentRequested(office("consulate-brussels"));
    let accepted = filed_under(rules).xk(S::RequestAccepted).nl(asked);
    accepted.xk(S::TravelDocumentIssued(document(0, 100)))
}

#[test]
fn a_notice_that_is_long_enough_wherever_the_holiday_falls_is_long_enough() {
    let notifies = |rules: &Rules, days| {
        let story = issued(rules).by(NL);
        let command = NotifyTransfer { ordered: story.ordered(), transfer: transfer(days) };
        notify_transfer(&story.case(), &story.safeguards(), command).map(|it| it.len())
    };
    let rules = with_moon(&unconfirmed(), |_| {});
    // Two working days after Mon 2. Without the holiday: Tue 3, Wed 4. At the latest (Tue to Thu
    // not worked): Fri 6, Mon 9.
    for (days, expected) in [
        (2, Err(R::TransferNoticeMustBeLongEnough)),
        (3, Err(R::DeadlineMustBeComputable(open()))),
        (7, Err(R::DeadlineMustBeComputable(open()))),
        (8, Ok(1)),
    ] {
        assert_eq!(notifies(&rules, days), expected, "in {days} days");
    }
    // Confirmed: Tue 3 (1), (Wed 4), Thu 5 (2).
    let confirmed = with_moon(&[], |_| {});
    assert_eq!(notifies(&confirmed, 3), Err(R::TransferNoticeMustBeLongEnough));
    assert_eq!(notifies(&confirmed, 4), Ok(1));
}

#[test]
fn nobody_leaves_before_the_notice_is_over_wherever_the_holiday_falls() {
    let leaves = |rules: &Rules, days| leaves(issued(rules), days);
    let rules = with_moon(&unconfirmed(), |_| {});
    assert_eq!(leaves(&rules, 2), Err(R::TransferNoticeMustBeHeardInTime));
    assert_eq!(leaves(&rules, 3), Err(R::DeadlineMustBeComputable(open())));
    assert_eq!(leaves(&rules, 7), Err(R::DeadlineMustBeComputable(open())));
    assert_eq!(leaves(&rules, 8), Ok(1));
    let confirmed = with_moon(&[], |_| {});
    assert_eq!(leaves(&confirmed, 3), Err(R::TransferNoticeMustBeHeardInTime));
    assert_eq!(leaves(&confirmed, 4), Ok(1));
}

#[test]
fn silence_that_the_holiday_decides_is_never_due() {
    let two_days = |rules: &mut Rules| {
        let length = Length { count: 2, unit: Unit::WorkingDays };
        rules.reply.length = length;
        rules.silence.limit.length = length;
    };
    let notices = |rules: &Rules, days| {
        let story = filed_under(rules).days(days).heartbeat().by(NL);
        let case = story.case();
        assert_eq!(invariant::silence_is_proved(&case), Ok(()));
        notice_silence(&case, NoticeSilence { ordered: story.ordered() }).map(|it| it.len())
    };
    let rules = with_moon(&unconfirmed(), two_days);
    assert_eq!(notices(&rules, 100), Err(R::DeadlineMustBeComputable(open())));
    let confirmed = with_moon(&[], two_days);
    assert_eq!(notices(&confirmed, 3), Err(R::SilenceMustBeDue));
    assert_eq!(notices(&confirmed, 4), Ok(1));
    let shown = |rules: &Rules| {
        let deadlines = filed_under(rules).heartbeat().by(XK).case().deadlines();
        deadlines.into_iter().find(|due| due.kind == DeadlineKind::Reply).unwrap()
    };
    let (open_end, due) = (shown(&rules), shown(&confirmed));
    assert_eq!(open_end.deadline, Err(open()));
    let reply = due.deadline.unwrap();
    assert_eq!(reply.last_day.to_string(), "2026-03-05");
    // When it started is known all the same.
    let began = open_end.began.map(|(limit, at)| (limit, Began::At(at)));
    assert_eq!(began, Some((reply.limit, reply.began)));
}

#[test]
fn the_limit_that_runs_is_known_where_its_end_is_not() {
    let two_days = Length { count: 2, unit: Unit::WorkingDays };
    let rules = with_moon(&unconfirmed(), |rules| {
        let starts_on = Start::ReceiptOfTravelDocumentRequest;
        let again = Limit { length: two_days, starts_on, ..rules.reply.clone() };
        rules.travel_document.as_mut().unwrap().reissue_limit = Some(again);
    });
    let asked_again = S::TravelDocumentRequested(office("consulate-brussels"));
    let revoked = issued(&rules).xk(S::TravelDocumentRevoked(ISSUE));
    let story = revoked.nl(asked_again).heard();
    let deadlines = story.by(NL).case().deadlines();
    let due = deadlines.into_iter().find(|due| due.kind == DeadlineKind::TravelDocument).unwrap();
    assert_eq!(due.deadline, Err(open()));
    assert_eq!(due.began.map(|(limit, _)| limit.length), Some(two_days));
}
