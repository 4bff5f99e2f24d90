//! Holidays whose date is only estimated: where one would decide a deadline, there is none.
//!
//! Such a holiday follows a moon sighting and may fall a day earlier or later. Rules that hold it
//! as estimated count no period whose end depends on it; once both States have adopted rules that
//! hold it as any other holiday, it is one.

use super::{NotComputable, both_calendars, covered, is_holiday, is_weekend, works};
use crate::identifier::State;
use crate::rules::{Calendar, Estimated, Length, Rules, Unit};
use crate::time::Date;

/// A holiday that is only estimated, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimatedHoliday {
    /// Whose holiday it is.
    pub state: State,
    /// Its days; they move together.
    pub days: Estimated,
}

/// Of the holidays, those that decide the end of a period: were one of them a day earlier or later,
/// the end would be another. A period that is not counted in working days has none.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn deciding(
    rules: &Rules,
    day_zero: Date,
    length: Length,
    holidays: impl IntoIterator<Item = EstimatedHoliday>,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    if length.unit != Unit::WorkingDays {
        return Ok(Vec::new());
    }
    let period = Counted::new(rules, day_zero, length.count)?;
    let decides = |holiday: &EstimatedHoliday| period.depends_on(*holiday);
    Ok(holidays.into_iter().filter(decides).collect())
}

/// Every holiday that the rules hold as estimated.
pub fn of(rules: &Rules) -> impl Iterator<Item = EstimatedHoliday> {
    rules.calendars.iter().flat_map(|calendar| {
        let state = calendar.state;
        calendar.estimated.iter().map(move |days| EstimatedHoliday { state, days: *days })
    })
}

/// So many working days after day zero, unless an estimated holiday decides it.
pub(super) fn last_day(rules: &Rules, day_zero: Date, count: u32) -> Result<Date, NotComputable> {
    let period = Counted::new(rules, day_zero, count)?;
    match of(rules).find(|holiday| period.depends_on(*holiday)) {
        None => Ok(period.last_day),
        Some(holiday) => Err(NotComputable::HolidayEstimated { holiday }),
    }
}

/// The last days between which so many working days after day zero end in any case: as if no
/// estimated holiday were one, and as if each took a day more at both ends.
pub(super) fn bounds(
    rules: &Rules,
    day_zero: Date,
    count: u32,
) -> Result<(Date, Date), NotComputable> {
    let calendars = both_calendars(rules)?;
    let within = |from: Date, day: Date, until: Date| (from..=until).contains(&day);
    let earliest = nth(rules, day_zero, count, |day| {
        calendars.iter().all(|calendar| {
            let mut estimated = calendar.estimated.iter();
            let is_estimated = estimated.any(|days| within(days.on, day, days.until));
            !is_weekend(calendar, day) && (is_estimated || !is_holiday(calendar, day))
        })
    })?;
    let latest = nth(rules, day_zero, count, |day| {
        calendars.iter().all(|calendar| {
            let mut estimated = calendar.estimated.iter();
            let may_be = estimated.any(|days| {
                let (on, until) = (days.on.yesterday(), days.until.tomorrow());
                within(on.unwrap_or(days.on), day, until.unwrap_or(days.until))
            });
            works(calendar, day) && !may_be
        })
    })?;
    Ok((earliest, latest))
}

/// A period of working days as the calendars of both States have it.
struct Counted<'a> {
    rules: &'a Rules,
    calendars: [&'a Calendar; 2],
    day_zero: Date,
    count: u32,
    last_day: Date,
}

impl<'a> Counted<'a> {
    fn new(rules: &'a Rules, day_zero: Date, count: u32) -> Result<Self, NotComputable> {
        let calendars = both_calendars(rules)?;
        let last_day = nth(rules, day_zero, count, |day| {
            calendars.iter().all(|calendar| works(calendar, day))
        })?;
        Ok(Self { rules, calendars, day_zero, count, last_day })
    }

    /// Whether the end would be another, were a holiday a day earlier or later.
    fn depends_on(&self, holiday: EstimatedHoliday) -> bool {
        let EstimatedHoliday { state, days: Estimated { on, until } } = holiday;
        // Wherever it falls, the whole holiday lies outside the days that are counted.
        let earliest = on.yesterday().unwrap_or(on);
        let latest = until.tomorrow().unwrap_or(until);
        if latest <= self.day_zero || earliest > self.last_day {
            return false;
        }
        let moved = |back: fn(Date) -> Option<Date>| {
            let falls = |day| back(day).is_some_and(|day| (on..=until).contains(&day));
            let is_off = |calendar: &Calendar, day| {
                let other = is_holiday(calendar, day) && !(on..=until).contains(&day);
                is_weekend(calendar, day) || other || falls(day)
            };
            nth(self.rules, self.day_zero, self.count, |day| {
                self.calendars.iter().all(|calendar| match calendar.state == state {
                    true => !is_off(calendar, day),
                    false => works(calendar, day),
                })
            })
        };
        let a_day_earlier = moved(|day| day.tomorrow().ok());
        let a_day_later = moved(|day| day.yesterday().ok());
        [a_day_earlier, a_day_later].into_iter().any(|end| end != Ok(self.last_day))
    }
}

/// The day on which so many days after day zero are counted. Every day between must be covered, so
/// the search ends.
fn nth(
    rules: &Rules,
    day_zero: Date,
    count: u32,
    counts: impl Fn(Date) -> bool,
) -> Result<Date, NotComputable> {
    let mut day = covered(rules, day_zero)?;
    let mut counted = 0;
    while counted < count {
        day = covered(rules, day.tomorrow().map_err(|_| super::beyond(rules))?)?;
        if counts(day) {
            counted += 1;
        }
    }
    Ok(day)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::super::tests::{at, rules, state};
    use super::super::{Began, deadline, end, extended, is_over};
    use super::*;
    use crate::rules::{Limit, Unit};

    const DAYS: Unit = Unit::WorkingDays;

    /// The rules of the cases, with holidays of Kosovo that are only estimated: Eid al-Fitr on
    /// Friday 20 March 2026, and Eid al-Adha on Wednesday 27 May.
    fn estimated() -> Rules {
        let mut rules = rules();
        let calendar = rules.calendars.iter_mut().find(|it| it.state == state("XK")).unwrap();
        calendar.estimated = ["2026-03-20", "2026-05-27"].map(one_day).to_vec();
        rules
    }

    fn one_day(on: &str) -> Estimated {
        let on = on.parse().unwrap();
        Estimated { on, until: on }
    }

    fn open(on: &str) -> NotComputable {
        let holiday = EstimatedHoliday { state: state("XK"), days: one_day(on) };
        NotComputable::HolidayEstimated { holiday }
    }

    fn ends(rules: &Rules, start: &str, count: u32) -> Result<String, NotComputable> {
        end(rules, at(start), Length { count, unit: DAYS }, state("XK")).map(|end| end.to_string())
    }

    #[test]
    fn a_holiday_that_is_only_estimated_decides_no_end() {
        let rules = estimated();
        #[rustfmt::skip]
        let cases = [
            // Thu 19 (1): on that day it would be Fri 20.
            ("2026-03-18T10:00:00Z", 1, Err(open("2026-03-20"))),
            // Thu 19 (1), (Fri 20, Sat, Sun), Mon 23 (2): on Sat it would be Fri 20.
            ("2026-03-18T10:00:00Z", 2, Err(open("2026-03-20"))),
            // Wed 11 to Mon 16 (4), Tue 17 (5), Wed 18 (6): a day earlier, on Thu, is behind it.
            ("2026-03-10T10:00:00Z", 6, Ok("2026-03-18T23:00:00.000Z")),
            // Thu 19 (7) it would not be, were it a day earlier.
            ("2026-03-10T10:00:00Z", 7, Err(open("2026-03-20"))),
            // From Fri 20 on, counted is Mon 23 (1): not before Sat 21, which is not worked.
            ("2026-03-20T10:00:00Z", 1, Ok("2026-03-23T23:00:00.000Z")),
            // Tue 26 (1), (Wed 27), Thu 28 (2), Fri 29 (3): two of Tue to Thu in any case.
            ("2026-05-25T10:00:00Z", 3, Ok("2026-05-29T22:00:00.000Z")),
            ("2026-05-25T10:00:00Z", 1, Err(open("2026-05-27"))),
            ("2026-05-25T10:00:00Z", 2, Err(open("2026-05-27"))),
        ];
        for (start, count, expected) in cases {
            assert_eq!(ends(&rules, start, count), expected.map(str::to_owned), "{start} {count}");
            let confirmed = super::super::tests::rules();
            assert!(ends(&confirmed, start, count).is_ok(), "{start} {count}: as any other");
        }
        // No other unit depends on it; what goes on in working days does.
        let calendar = Length { count: 2, unit: Unit::CalendarDays };
        let limit = Limit { length: calendar, ..rules.reply.clone() };
        let began = Began::At(at("2026-03-16T10:00:00Z"));
        let due = deadline(&rules, began, &limit, state("XK")).unwrap();
        assert_eq!(due.last_day.to_string(), "2026-03-18");
        let longer = extended(&rules, &due, Length { count: 1, unit: DAYS });
        assert_eq!(longer, Err(open("2026-03-20")));
    }

    #[test]
    fn every_holiday_that_decides_is_found() {
        let rules = estimated();
        let found = |day_zero: &str, count, unit| -> Vec<String> {
            let length = Length { count, unit };
            let found = deciding(&rules, day_zero.parse().unwrap(), length, of(&rules)).unwrap();
            found.iter().map(|holiday| holiday.days.on.to_string()).collect()
        };
        assert_eq!(found("2026-03-18", 3, DAYS), ["2026-03-20"]);
        assert_eq!(found("2026-03-18", 3, Unit::CalendarDays), [""; 0]);
        // To Thu 28 May: a Friday more would end it on Tue 26, Thursday instead of Wed on Wed 27.
        let both = found("2026-03-18", 40, DAYS);
        assert_eq!(both, ["2026-03-20", "2026-05-27"]);
        let beyond = deciding(&rules, "2030-12-30".parse().unwrap(), one(9), of(&rules));
        assert_eq!(beyond, Err(NotComputable::BeyondCoveredYears { years: rules.years }));
    }

    fn one(count: u32) -> Length {
        Length { count, unit: DAYS }
    }

    #[test]
    fn a_period_may_be_over_wherever_a_holiday_falls() {
        let rules = estimated();
        let over = |rules: &Rules, count, moment: &str| {
            let start = at("2026-03-18T10:00:00Z");
            is_over(rules, start, one(count), state("XK"), at(moment))
        };
        // Two days: over with Fri 20 at the earliest; at the latest (Thu to Sat not worked, Sun),
        // with Tue 24.
        for (moment, expected) in [
            ("2026-03-20T22:59:59.999Z", Ok(false)),
            ("2026-03-20T23:00:00Z", Err(open("2026-03-20"))),
            ("2026-03-24T22:59:59.999Z", Err(open("2026-03-20"))),
            ("2026-03-24T23:00:00Z", Ok(true)),
        ] {
            assert_eq!(over(&rules, 2, moment), expected, "{moment}");
        }
        // Confirmed: Thu 19 (1), (Fri, Sat, Sun), Mon 23 (2).
        let confirmed = super::super::tests::rules();
        assert_eq!(over(&confirmed, 2, "2026-03-23T22:59:59.999Z"), Ok(false));
        assert_eq!(over(&confirmed, 2, "2026-03-23T23:00:00Z"), Ok(true));
        // Six: with Mon 30 at the latest (Mon 23 is the first), in summer time.
        assert_eq!(over(&rules, 6, "2026-03-30T22:00:00Z"), Ok(true));
    }
}
