//! The clocks of the story, under the compiled rules: each worked out by hand.

use agreements::ConfirmedHolidays;
use domain::clock::estimated::EstimatedHoliday;
use domain::clock::{Began, NotComputable, deadline, earliest_day_after_notice};
use domain::rules::{Category, Length, Limit, Rules, Start, Unit};
use domain::time::Instant;

use super::{netherlands_kosovo, state};

fn at(text: &str) -> Instant {
    let ms = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    Instant::from_ms(u64::try_from(ms).unwrap())
}

/// `start` is a moment or a civil day.
fn check(rules: &Rules, limit: &Limit, start: &str, acting: &str, last_day: &str, ends: &str) {
    let began = match start.parse::<jiff::Timestamp>() {
        Ok(_) => Began::At(at(start)),
        Err(_) => Began::On(start.parse().unwrap()),
    };
    let found = deadline(rules, began, limit, state(acting)).unwrap();
    assert_eq!((found.last_day.to_string().as_str(), found.at), (last_day, at(ends)), "{start}");
}

#[test]
fn the_reply_is_due_28_calendar_days_after_receipt() {
    let rules = netherlands_kosovo();
    assert_eq!(rules.reply.starts_on, Start::ReceiptOfApplication);
    // 4 May + 28 = 32 - 31 = 1 Jun, 24:00 in summer time.
    let (start, ends) = ("2026-05-04T08:00:00Z", "2026-06-01T22:00:00Z");
    check(&rules, &rules.reply, start, "XK", "2026-06-01", ends);
    check(&rules, &rules.silence.limit, start, "XK", "2026-06-01", ends);
}

#[test]
fn the_register_check_is_due_7_calendar_days_after_its_date() {
    let rules = netherlands_kosovo();
    let limit = rules.register_check.as_ref().unwrap();
    assert_eq!(limit.starts_on, Start::DateOfRequest);
    // 28 Feb + 7 = 35 - 28 = 7 Mar, a Saturday: not moved.
    check(&rules, limit, "2026-02-28T08:00:00Z", "XK", "2026-03-07", "2026-03-07T23:00:00Z");
}

#[test]
fn the_travel_document_is_due_3_working_days_after_receipt_of_its_request() {
    let mut rules = netherlands_kosovo();
    let limit = rules.travel_document.as_ref().unwrap().issue.clone().unwrap();
    let began = Began::At(at("2026-03-19T08:00:00Z"));
    let eid = rules.calendars[1].estimated.iter().find(|it| it.on.to_string() == "2026-03-20");
    let holiday = EstimatedHoliday { state: state("XK"), days: *eid.unwrap() };
    let open = Err(NotComputable::HolidayEstimated { holiday });
    assert_eq!(deadline(&rules, began, &limit, state("XK")), open, "nobody has confirmed it");
    ConfirmedHolidays::read(["XK=2026-03-20"]).unwrap().confirm_in(&mut rules);
    let document = rules.travel_document.as_ref().unwrap();
    let issue = document.issue.as_ref().unwrap();
    assert_eq!(issue.starts_on, Start::ReceiptOfTravelDocumentRequest);
    // Thu 19 Mar 2026: (Fri 20 Eid al-Fitr XK, Sat, Sun), Mon 23, Tue 24, Wed 25.
    check(&rules, issue, "2026-03-19T08:00:00Z", "XK", "2026-03-25", "2026-03-25T23:00:00Z");
    // Fri 24 Apr 2026: (Sat, Sun, Mon 27 King's Day NL), Tue 28, Wed 29, Thu 30.
    check(&rules, issue, "2026-04-24T08:00:00Z", "XK", "2026-04-30", "2026-04-30T22:00:00Z");
    // Wed 30 Apr 2025: (Thu 1 May XK), Fri 2, (Sat, Sun, Mon 5 May NL), Tue 6, Wed 7.
    check(&rules, issue, "2025-04-30T08:00:00Z", "XK", "2025-05-07", "2025-05-07T22:00:00Z");
    // Mon 1 Jan 2024: (Tue 2 XK), Wed 3, Thu 4, Fri 5.
    check(&rules, issue, "2024-01-01T08:00:00Z", "XK", "2024-01-05", "2024-01-05T23:00:00Z");
    // Fri 24 Dec 2027: (Sat, Sun, Mon 27 observed XK), Tue 28, Wed 29, Thu 30.
    check(&rules, issue, "2027-12-24T08:00:00Z", "XK", "2027-12-30", "2027-12-30T23:00:00Z");
    let months = Length { count: 3, unit: Unit::CalendarMonths };
    assert_eq!(document.validity.value, months);
    let days = Length { count: 3, unit: Unit::WorkingDays };
    assert_eq!(document.reissue.as_ref().unwrap().value, days);
}

#[test]
fn the_transfer_is_due_3_calendar_months_after_approval_and_noticed_2_working_days_before() {
    let rules = netherlands_kosovo();
    let limit = rules.transfer.as_ref().unwrap();
    assert_eq!(limit.starts_on, Start::ApprovalOrExpiryOfReplyLimit);
    // 30 Nov 2026 + 3 months: February 2027 has 28 days.
    check(&rules, limit, "2026-11-30T08:00:00Z", "NL", "2027-02-28", "2027-02-28T23:00:00Z");
    let notice = rules.transfer_notice.as_ref().unwrap();
    // Fri 15 May 2026: (Sat, Sun), Mon 18, Tue 19; from Wed 20 May 00:00 local.
    let earliest =
        earliest_day_after_notice(&rules, at("2026-05-15T08:00:00Z"), notice, state("XK"));
    assert_eq!(earliest, Ok(at("2026-05-19T22:00:00Z")));
}

#[test]
fn a_request_for_a_third_country_national_is_due_a_year_after_knowledge() {
    let rules = netherlands_kosovo();
    for category in [Category::ThirdCountryNational, Category::Stateless] {
        let limit = rules.coverage(category).unwrap().application.as_ref().unwrap();
        assert_eq!(limit.starts_on, Start::KnowledgeOfIrregularStay);
        check(&rules, limit, "2025-06-10", "NL", "2026-06-10", "2026-06-10T22:00:00Z");
        // 29 Feb 2028 + 1 year: 28 Feb 2029.
        check(&rules, limit, "2028-02-29", "NL", "2029-02-28", "2029-02-28T23:00:00Z");
    }
    for category in [Category::OwnNational, Category::FormerNational] {
        assert_eq!(rules.coverage(category).unwrap().application, None);
    }
}

#[test]
fn the_offsets_change_on_the_last_sundays_of_march_and_october() {
    let rules = netherlands_kosovo();
    let changes = [
        ("2023-12-31T23:00:00Z", 3600),
        ("2024-03-31T01:00:00Z", 7200),
        ("2024-10-27T01:00:00Z", 3600),
        ("2025-03-30T01:00:00Z", 7200),
        ("2025-10-26T01:00:00Z", 3600),
        ("2026-03-29T01:00:00Z", 7200),
        ("2026-10-25T01:00:00Z", 3600),
        ("2027-03-28T01:00:00Z", 7200),
        ("2027-10-31T01:00:00Z", 3600),
        ("2028-03-26T01:00:00Z", 7200),
        ("2028-10-29T01:00:00Z", 3600),
        ("2029-03-25T01:00:00Z", 7200),
        ("2029-10-28T01:00:00Z", 3600),
        ("2030-03-31T01:00:00Z", 7200),
        ("2030-10-27T01:00:00Z", 3600),
    ];
    for (code, zone) in [("NL", "Europe/Amsterdam"), ("XK", "Europe/Belgrade")] {
        let offsets = rules.offsets.iter().find(|offsets| offsets.state == state(code)).unwrap();
        let found: Vec<_> =
            offsets.changes.iter().map(|change| (change.from, change.seconds)).collect();
        assert_eq!(found, changes.map(|(from, seconds)| (at(from), seconds)));
        assert_eq!(offsets.zone, zone);
    }
}
