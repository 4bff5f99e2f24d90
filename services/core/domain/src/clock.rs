//! How a limit becomes a moment: days, months, working days and hours, by the adopted rules alone.
//!
//! Calendars and offsets from UTC come from [`Rules`]; no time-zone database and no clock is read
//! here. What starts a clock is the case's to find. A result that the rules do not cover is
//! [`NotComputable`], and a deadline that is not computable has never passed.

pub mod estimated;
pub mod skipped;

use std::fmt;

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};

use self::estimated::EstimatedHoliday;
use self::skipped::Skipped;
use crate::identifier::State;
use crate::rules::{Calendar, Length, Limit, Notice, Offsets, Rules, Unit, Years};
use crate::time::{Date, Instant};

/// A limit that has become a moment, with everything that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The limit: its length, unit, start event and source.
    pub limit: Limit,
    /// The State that must act: the last day is a day of its clock.
    pub acting: State,
    /// What started the clock.
    pub began: Began,
    /// The last day on which acting is in time.
    pub last_day: Date,
    /// The moment at which the period is over; acting before it is in time.
    pub at: Instant,
    /// Days within it that were not counted, where it is counted in working days.
    pub skipped: Vec<Skipped>,
    /// What has made it longer, in order; `last_day`, `at` and `skipped` hold it already.
    pub extended_by: Vec<Length>,
}

/// How a period runs from its day zero to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The day that is not counted: in hours, the day on which they begin.
    pub day_zero: Date,
    /// The last day on which acting is in time.
    pub last_day: Date,
    /// The moment at which it is over.
    pub at: Instant,
    /// Days within it that were not counted, where it is counted in working days.
    pub skipped: Vec<Skipped>,
}

/// When a clock began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Began {
    /// At a moment; its local day is day zero.
    At(Instant),
    /// On a civil day, which is day zero.
    On(Date),
}

/// Why a moment cannot be computed from the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotComputable {
    /// A day that matters lies outside the years that the rules cover.
    BeyondCoveredYears {
        /// The years that are covered.
        years: Years,
    },
    /// The rules hold no offsets from UTC for this State.
    OffsetsMissing {
        /// The State.
        state: State,
    },
    /// The rules hold no calendar for this State.
    CalendarMissing {
        /// The State.
        state: State,
    },
    /// Hours cannot be counted from a civil day.
    HoursNeedMoment,
    /// A holiday that is only estimated would decide it.
    HolidayEstimated {
        /// The first such holiday.
        holiday: EstimatedHoliday,
    },
    /// An obstacle lasts that the State has stated that must act: the end is not known yet.
    ObstacleLasts,
}

impl fmt::Display for NotComputable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeyondCoveredYears { years } => {
                write!(f, "beyond the years {} to {} that the rules cover", years.first, years.last)
            }
            Self::OffsetsMissing { state } => {
                write!(f, "the rules hold no offsets from UTC for `{state}`")
            }
            Self::CalendarMissing { state } => {
                write!(f, "the rules hold no calendar for `{state}`")
            }
            Self::HoursNeedMoment => f.write_str("hours cannot be counted from a civil day"),
            Self::HolidayEstimated { holiday: EstimatedHoliday { state, days } } => write!(
                f,
                "the holiday of `{state}` on {} follows a moon sighting, and the rules do not \
                 hold it as confirmed",
                days.on
            ),
            Self::ObstacleLasts => f.write_str("not known yet: an obstacle that was stated lasts"),
        }
    }
}

impl std::error::Error for NotComputable {}

/// When a limit is over, with what explains it.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn deadline(
    rules: &Rules,
    began: Began,
    limit: &Limit,
    acting: State,
) -> Result<Deadline, NotComputable> {
    let Period { day_zero: _, last_day, at, skipped } = period(rules, began, limit.length, acting)?;
    let (limit, extended_by) = (limit.clone(), Vec::new());
    Ok(Deadline { limit, acting, began, last_day, at, skipped, extended_by })
}

/// The same limit with an extension, which counts from its last day on; in hours, from its end.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn extended(rules: &Rules, deadline: &Deadline, by: Length) -> Result<Deadline, NotComputable> {
    let began = match by.unit {
        Unit::Hours => Began::At(deadline.at),
        Unit::CalendarDays
        | Unit::DaysUnqualified
        | Unit::Weeks
        | Unit::CalendarMonths
        | Unit::Years
        | Unit::WorkingDays => Began::On(deadline.last_day),
    };
    let longer = period(rules, began, by, deadline.acting)?;
    let mut extended = Deadline { last_day: longer.last_day, at: longer.at, ..deadline.clone() };
    extended.skipped.extend(longer.skipped);
    extended.extended_by.push(by);
    Ok(extended)
}

/// How a period of some length runs, with the days that were not counted.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn period(
    rules: &Rules,
    began: Began,
    length: Length,
    acting: State,
) -> Result<Period, NotComputable> {
    let Over { day_zero, last_day, at } = over(rules, began, length, acting)?;
    let skipped = match length.unit {
        Unit::WorkingDays => skipped::between(rules, day_zero, last_day)?,
        Unit::Hours
        | Unit::CalendarDays
        | Unit::DaysUnqualified
        | Unit::Weeks
        | Unit::CalendarMonths
        | Unit::Years => Vec::new(),
    };
    Ok(Period { day_zero, last_day, at, skipped })
}

/// The moment at which a period that starts at a moment is over.
///
/// Hours run from the moment itself. For every other unit day zero is the local day of `start` in
/// the State that must act, and the period ends at 24:00 local time of its last day. A last day
/// that is not worked is not moved: no source says so.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn end(
    rules: &Rules,
    start: Instant,
    length: Length,
    acting: State,
) -> Result<Instant, NotComputable> {
    over(rules, Began::At(start), length, acting).map(|over| over.at)
}

/// The moment at which a period that starts on a civil day is over; that day is day zero and need
/// not lie in the covered years.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters, and for hours.
pub fn end_from_day(
    rules: &Rules,
    day_zero: Date,
    length: Length,
    acting: State,
) -> Result<Instant, NotComputable> {
    over(rules, Began::On(day_zero), length, acting).map(|over| over.at)
}

/// Whether a period that starts at a moment is over at another, wherever the holidays that are only
/// estimated may fall.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters, or such a holiday decides.
pub fn is_over(
    rules: &Rules,
    start: Instant,
    length: Length,
    acting: State,
    at: Instant,
) -> Result<bool, NotComputable> {
    let open = match end(rules, start, length, acting) {
        Ok(end) => return Ok(at >= end),
        Err(open @ NotComputable::HolidayEstimated { .. }) => open,
        Err(why) => return Err(why),
    };
    let (earliest, latest) = estimated::bounds(rules, day_of(rules, start, acting)?, length.count)?;
    let ends = |last_day: Date| {
        let next = last_day.tomorrow().map_err(|_| beyond(rules))?;
        midnight(rules, next, acting)
    };
    if at >= ends(latest)? {
        return Ok(true);
    }
    if at < ends(earliest)? { Ok(false) } else { Err(open) }
}

/// The first moment at which a transfer may take place after it was notified: the whole notice
/// lies between the day of the notice and that moment, which starts a day unless the notice is
/// counted in hours.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn earliest_day_after_notice(
    rules: &Rules,
    noticed_at: Instant,
    notice: &Notice,
    acting: State,
) -> Result<Instant, NotComputable> {
    end(rules, noticed_at, notice.length, acting)
}

/// The local civil day of a moment, by the clock of a State.
///
/// # Errors
/// [`NotComputable`] when the day lies outside the covered years or the State has no offsets.
pub fn day_of(rules: &Rules, at: Instant, state: State) -> Result<Date, NotComputable> {
    let beyond = beyond(rules);
    let seconds = offset_at(rules, at, state)?;
    let local_ms = i64::try_from(at.as_ms())
        .ok()
        .and_then(|ms| ms.checked_add(i64::from(seconds) * MS_IN_SECOND))
        .ok_or(beyond)?;
    let days = Span::new().try_days(local_ms.div_euclid(MS_IN_DAY)).map_err(|_| beyond)?;
    let day = EPOCH.checked_add(days).map_err(|_| beyond)?;
    covered(rules, day)
}

/// A moment by the clock of a State with its offset from UTC, as in RFC 3339: what the rules say,
/// on every node. After the covered years the last offset goes on: the end of a period whose last
/// day is the last covered one is such a moment.
///
/// # Errors
/// [`NotComputable`] when the moment lies before the covered years or the State has no offsets.
pub fn local_time(rules: &Rules, at: Instant, state: State) -> Result<String, NotComputable> {
    let offset = Offset::from_seconds(offset_at(rules, at, state)?).ok();
    let moment = i64::try_from(at.as_ms()).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let (moment, offset) = moment.zip(offset).ok_or(beyond(rules))?;
    let local = moment.to_zoned_datetime(TimeZone::fixed(offset));
    Ok(local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string())
}

/// The moment at which a civil day starts, by the clock of a State: the first after which the
/// local day is never earlier again.
///
/// # Errors
/// [`NotComputable`] when the day lies outside the covered years or the State has no offsets.
pub fn start_of_day(rules: &Rules, day: Date, state: State) -> Result<Instant, NotComputable> {
    midnight(rules, covered(rules, day)?, state)
}

/// Whether a day is worked in both States: in no weekend and no holiday of either. No calendar is
/// named by the agreements that count in working days, so only a day that is one for both counts.
///
/// # Errors
/// [`NotComputable`] when the day lies outside the covered years or a State has no calendar.
pub fn is_working_day(rules: &Rules, day: Date) -> Result<bool, NotComputable> {
    covered(rules, day)?;
    Ok(both_calendars(rules)?.iter().all(|calendar| works(calendar, day)))
}

const MS_IN_SECOND: i64 = 1_000;
const MS_IN_HOUR: u64 = 3_600_000;
const MS_IN_DAY: i64 = 86_400_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// Where a period begins and ends.
struct Over {
    day_zero: Date,
    last_day: Date,
    at: Instant,
}

fn over(rules: &Rules, began: Began, length: Length, acting: State) -> Result<Over, NotComputable> {
    let day_zero = match (began, length.unit) {
        (Began::At(start), Unit::Hours) => return hours(rules, start, length.count, acting),
        (Began::On(_), Unit::Hours) => return Err(NotComputable::HoursNeedMoment),
        (Began::At(start), _) => day_of(rules, start, acting)?,
        (Began::On(day), _) => day,
    };
    let last_day = match length.unit {
        Unit::WorkingDays => estimated::last_day(rules, day_zero, length.count)?,
        Unit::Hours
        | Unit::CalendarDays
        | Unit::DaysUnqualified
        | Unit::Weeks
        | Unit::CalendarMonths
        | Unit::Years => days_after(rules, day_zero, length)?,
    };
    let next = covered(rules, last_day)?.tomorrow().map_err(|_| beyond(rules))?;
    // The day after the last covered one still starts at a known moment: nothing changes between.
    Ok(Over { day_zero, last_day, at: midnight(rules, next, acting)? })
}

/// So many hours after a moment. A period that ends at 24:00 ends on the day that ends there.
fn hours(rules: &Rules, start: Instant, count: u32, acting: State) -> Result<Over, NotComputable> {
    let day_zero = day_of(rules, start, acting)?;
    let at = start
        .as_ms()
        .checked_add(u64::from(count) * MS_IN_HOUR)
        .map(Instant::from_ms)
        .ok_or(beyond(rules))?;
    let last_moment = Instant::from_ms(at.as_ms().saturating_sub(1)).max(start);
    Ok(Over { day_zero, last_day: day_of(rules, last_moment, acting)?, at })
}

/// The day so many days, weeks, months or years after day zero. Months and years end on the last
/// day of a month that is too short to have the day.
fn days_after(rules: &Rules, day_zero: Date, length: Length) -> Result<Date, NotComputable> {
    let span = match length.unit {
        Unit::Weeks => Span::new().try_weeks(length.count),
        Unit::CalendarMonths => Span::new().try_months(length.count),
        Unit::Years => Span::new().try_years(length.count),
        Unit::Hours | Unit::WorkingDays | Unit::CalendarDays | Unit::DaysUnqualified => {
            Span::new().try_days(length.count)
        }
    };
    span.and_then(|span| day_zero.checked_add(span)).map_err(|_| beyond(rules))
}

/// When a day starts that is covered, or is the day after the last covered one.
fn midnight(rules: &Rules, day: Date, state: State) -> Result<Instant, NotComputable> {
    let local_ms = day.duration_since(EPOCH).as_secs().saturating_mul(MS_IN_SECOND);
    let changes = &offsets_of(rules, state)?.changes;
    let mut start = None;
    for (index, change) in changes.iter().enumerate() {
        let from = i64::try_from(change.from.as_ms()).unwrap_or(i64::MAX);
        let reached = local_ms.saturating_sub(i64::from(change.seconds) * MS_IN_SECOND);
        let until = changes.get(index + 1).map_or(u64::MAX, |next| next.from.as_ms());
        start = match u64::try_from(reached.max(from)) {
            // This offset ends before the day is reached.
            Ok(at) if at >= until => None,
            // This offset begins on or after the day: the day starts here at the latest.
            Ok(at) if reached <= from => start.or(Some(at)),
            // This offset begins before the day, even where an earlier one had reached it.
            Ok(at) => Some(at),
            Err(_) => None,
        };
    }
    start.map(Instant::from_ms).ok_or(beyond(rules))
}

/// The calendars of both States of the rules.
fn both_calendars(rules: &Rules) -> Result<[&Calendar; 2], NotComputable> {
    let beyond = beyond(rules);
    // Rules without a direction bind nobody, and no clock of theirs can run.
    let pair = rules.directions.first().ok_or(beyond)?;
    let of = |state: State| {
        rules
            .calendars
            .iter()
            .find(|calendar| calendar.state == state)
            .ok_or(NotComputable::CalendarMissing { state })
    };
    Ok([of(pair.requesting)?, of(pair.requested)?])
}

fn works(calendar: &Calendar, day: Date) -> bool {
    !is_weekend(calendar, day) && !is_holiday(calendar, day)
}

fn is_weekend(calendar: &Calendar, day: Date) -> bool {
    let weekday = day.weekday().to_monday_one_offset();
    calendar.weekend.iter().any(|off| i8::try_from(*off) == Ok(weekday))
}

fn is_holiday(calendar: &Calendar, day: Date) -> bool {
    calendar.holidays.binary_search(&day).is_ok()
}

/// How far a State's clock is ahead of UTC at a moment, in seconds.
fn offset_at(rules: &Rules, at: Instant, state: State) -> Result<i32, NotComputable> {
    let changes = &offsets_of(rules, state)?.changes;
    let change = changes
        .partition_point(|change| change.from <= at)
        .checked_sub(1)
        .and_then(|index| changes.get(index));
    change.map(|change| change.seconds).ok_or(beyond(rules))
}

fn offsets_of(rules: &Rules, state: State) -> Result<&Offsets, NotComputable> {
    rules
        .offsets
        .iter()
        .find(|offsets| offsets.state == state)
        .ok_or(NotComputable::OffsetsMissing { state })
}

fn covered(rules: &Rules, day: Date) -> Result<Date, NotComputable> {
    let within = u16::try_from(day.year())
        .is_ok_and(|year| (rules.years.first..=rules.years.last).contains(&year));
    if within { Ok(day) } else { Err(beyond(rules)) }
}

const fn beyond(rules: &Rules) -> NotComputable {
    NotComputable::BeyondCoveredYears { years: rules.years }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::identifier::AgreementId;
    use crate::rules::Unit::{
        CalendarDays, CalendarMonths, DaysUnqualified, Hours, Weeks, WorkingDays,
    };
    use crate::rules::{Direction, MEANING, OffsetChange, Silence, SilenceEffect, Source, Start};

    /// Holidays of the Netherlands that the cases below meet.
    const NL: &[&str] = &[
        "2026-01-01",
        "2026-04-03",
        "2026-04-05",
        "2026-04-06",
        "2026-04-27",
        "2026-05-14",
        "2026-05-24",
        "2026-05-25",
        "2026-12-25",
        "2026-12-26",
        "2027-01-01",
    ];
    /// Holidays of Kosovo that the cases below meet.
    const XK: &[&str] = &[
        "2026-01-01",
        "2026-01-02",
        "2026-01-07",
        "2026-02-17",
        "2026-03-20",
        "2026-04-05",
        "2026-04-06",
        "2026-04-09",
        "2026-04-12",
        "2026-04-13",
        "2026-05-01",
        "2026-05-09",
        "2026-05-11",
        "2026-05-27",
        "2026-12-25",
        "2027-01-01",
        "2027-01-02",
        "2027-01-04",
        "2027-01-07",
        "2028-02-28",
    ];
    /// Changes of the offset in Amsterdam and Pristina: last Sundays of March and October, 01:00Z.
    const CHANGES: &[(&str, i32)] = &[
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
    /// A State three hours east of UTC all year.
    const EAST: &[(&str, i32)] = &[("2023-12-31T21:00:00Z", 10800)];
    /// A State that sets its clock back, and forward, over midnight: two hours east of UTC, one
    /// hour from 1 November 2026 00:00 local (22:00Z the day before), two again from
    /// 7 March 2027 00:00 local (23:00Z the day before).
    const OVER_MIDNIGHT: &[(&str, i32)] = &[
        ("2023-12-31T22:00:00Z", 7200),
        ("2026-10-31T22:00:00Z", 3600),
        ("2027-03-06T23:00:00Z", 7200),
    ];

    pub(super) fn state(code: &str) -> State {
        State::new(code).unwrap()
    }

    pub(super) fn at(text: &str) -> Instant {
        let ms = text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        Instant::from_ms(u64::try_from(ms).unwrap())
    }

    fn source() -> Source {
        Source { instrument: "test".to_owned(), article: None }
    }

    fn calendar(code: &str, holidays: &[&str]) -> Calendar {
        Calendar {
            state: state(code),
            weekend: vec![6, 7],
            holidays: holidays.iter().map(|day| day.parse().unwrap()).collect(),
            estimated: Vec::new(),
        }
    }

    fn offsets(code: &str, changes: &[(&str, i32)]) -> Offsets {
        let changes =
            changes.iter().map(|&(from, seconds)| OffsetChange { from: at(from), seconds });
        Offsets { state: state(code), zone: String::new(), changes: changes.collect() }
    }

    pub(super) fn rules() -> Rules {
        let reply = Limit {
            length: Length { count: 28, unit: CalendarDays },
            starts_on: Start::ReceiptOfApplication,
            source: source(),
        };
        Rules {
            agreement: AgreementId::new("test").unwrap(),
            version: 1,
            meaning: MEANING,
            title: String::new(),
            in_force_from: "2014-04-01".parse().unwrap(),
            directions: vec![Direction { requesting: state("NL"), requested: state("XK") }],
            categories: Vec::new(),
            silence: Silence {
                limit: reply.clone(),
                effect: SilenceEffect::DeemedAccepted,
                source: source(),
                exception: None,
            },
            reply,
            refusal_reasons: None,
            register_check: None,
            interview: None,
            travel_document: None,
            transfer: None,
            transfer_notice: None,
            reply_with_interview: None,
            reply_extension: None,
            transfer_of_third_country_nationals: None,
            transfer_extension: None,
            escorted_transfer_notice: None,
            written_communication: None,
            evidence: Vec::new(),
            calendars: vec![calendar("NL", NL), calendar("XK", XK)],
            offsets: vec![
                offsets("NL", CHANGES),
                offsets("XK", CHANGES),
                offsets("EA", EAST),
                offsets("OM", OVER_MIDNIGHT),
            ],
            years: Years { first: 2024, last: 2030 },
        }
    }

    /// Start, length, State that must act → last day, end. `start` is a moment or a civil day.
    #[rustfmt::skip]
    const CASES: &[(&str, u32, Unit, &str, &str, &str)] = &[
        // Calendar days. Local time is UTC+1 in winter and UTC+2 in summer.
        // 5 Jan + 28 = 33 - 31 (January) = 2 Feb.
        ("2026-01-05T10:00:00Z", 28, CalendarDays, "XK", "2026-02-02", "2026-02-02T23:00:00Z"),
        // 10 Mar + 28 = 38 - 31 = 7 Apr; summer time began on 29 March, so 24:00 is 22:00Z.
        ("2026-03-10T09:00:00Z", 28, CalendarDays, "XK", "2026-04-07", "2026-04-07T22:00:00Z"),
        // 5 Oct + 28 = 33 - 31 = 2 Nov; summer time ended on 25 October.
        ("2026-10-05T08:00:00Z", 28, CalendarDays, "XK", "2026-11-02", "2026-11-02T23:00:00Z"),
        // 23:30Z is 00:30 on 6 Jan in Pristina: 6 + 28 = 34 - 31 = 3 Feb.
        ("2026-01-05T23:30:00Z", 28, CalendarDays, "XK", "2026-02-03", "2026-02-03T23:00:00Z"),
        // One millisecond before local midnight is still 5 Jan: 2 Feb.
        ("2026-01-05T22:59:59.999Z", 28, CalendarDays, "XK", "2026-02-02", "2026-02-02T23:00:00Z"),
        // Local midnight itself is 6 Jan: 3 Feb.
        ("2026-01-05T23:00:00Z", 28, CalendarDays, "XK", "2026-02-03", "2026-02-03T23:00:00Z"),
        // In summer local midnight is 22:00Z: 2 Jul + 28 = 30 Jul.
        ("2026-07-01T22:00:00Z", 28, CalendarDays, "XK", "2026-07-30", "2026-07-30T22:00:00Z"),
        // One second before: 1 Jul + 28 = 29 Jul.
        ("2026-07-01T21:59:59Z", 28, CalendarDays, "XK", "2026-07-29", "2026-07-29T22:00:00Z"),
        // 1 Mar + 28 = 29 Mar, the day of 23 hours: it ends by summer time.
        ("2026-03-01T12:00:00Z", 28, CalendarDays, "NL", "2026-03-29", "2026-03-29T22:00:00Z"),
        // 27 Sep + 28 = 55 - 30 = 25 Oct, the day of 25 hours: it ends by winter time.
        ("2026-09-27T12:00:00Z", 28, CalendarDays, "NL", "2026-10-25", "2026-10-25T23:00:00Z"),
        // 10 Feb 2028 + 28 = 38 - 29 (leap year) = 9 Mar.
        ("2028-02-10T10:00:00Z", 28, CalendarDays, "XK", "2028-03-09", "2028-03-09T23:00:00Z"),
        // 10 Feb 2027 + 28 = 38 - 28 = 10 Mar.
        ("2027-02-10T10:00:00Z", 28, CalendarDays, "XK", "2027-03-10", "2027-03-10T23:00:00Z"),
        // 1 Feb 2028 + 28 = 29 Feb.
        ("2028-02-01T10:00:00Z", 28, CalendarDays, "XK", "2028-02-29", "2028-02-29T23:00:00Z"),
        // 27 Nov + 28 = 55 - 30 = 25 Dec, a holiday in both States: not moved.
        ("2026-11-27T10:00:00Z", 28, CalendarDays, "XK", "2026-12-25", "2026-12-25T23:00:00Z"),
        // 4 Apr + 28 = 32 - 30 = 2 May, a Saturday: not moved.
        ("2026-04-04T10:00:00Z", 28, CalendarDays, "XK", "2026-05-02", "2026-05-02T22:00:00Z"),
        // 10 Dec + 28 = 38 - 31 = 7 Jan of the next year.
        ("2026-12-10T10:00:00Z", 28, CalendarDays, "XK", "2027-01-07", "2027-01-07T23:00:00Z"),
        // 26 Mar + 7 = 33 - 31 = 2 Apr.
        ("2026-03-26T10:00:00Z", 7, CalendarDays, "XK", "2026-04-02", "2026-04-02T22:00:00Z"),
        // Days without a qualification are calendar days: 1 May + 2 = 3 May, a Sunday.
        ("2026-05-01T10:00:00Z", 2, DaysUnqualified, "NL", "2026-05-03", "2026-05-03T22:00:00Z"),
        // 2 weeks: 16 Feb + 14 = 30 - 28 = 2 Mar.
        ("2026-02-16T10:00:00Z", 2, Weeks, "XK", "2026-03-02", "2026-03-02T23:00:00Z"),
        // The last covered day: 3 Dec 2030 + 28 = 31 Dec.
        ("2030-12-03T10:00:00Z", 28, CalendarDays, "XK", "2030-12-31", "2030-12-31T23:00:00Z"),

        // The State that must act gives the day: 21:30Z is 22:30 on 5 Jan in Amsterdam: 12 Jan.
        ("2026-01-05T21:30:00Z", 7, CalendarDays, "NL", "2026-01-12", "2026-01-12T23:00:00Z"),
        // Three hours east it is 00:30 on 6 Jan: 13 Jan, which ends at 21:00Z.
        ("2026-01-05T21:30:00Z", 7, CalendarDays, "EA", "2026-01-13", "2026-01-13T21:00:00Z"),

        // Months. 30 Nov + 3 months: February 2026 has 28 days.
        ("2025-11-30T10:00:00Z", 3, CalendarMonths, "NL", "2026-02-28", "2026-02-28T23:00:00Z"),
        // 30 Nov 2027 + 3 months: February 2028 has 29.
        ("2027-11-30T10:00:00Z", 3, CalendarMonths, "NL", "2028-02-29", "2028-02-29T23:00:00Z"),
        // 31 Jan + 1 month: 28 Feb.
        ("2026-01-31T10:00:00Z", 1, CalendarMonths, "NL", "2026-02-28", "2026-02-28T23:00:00Z"),
        // 31 Jan + 3 months: April has 30 days; in summer time.
        ("2026-01-31T10:00:00Z", 3, CalendarMonths, "NL", "2026-04-30", "2026-04-30T22:00:00Z"),
        // 31 Aug + 3 months: November has 30; in winter time.
        ("2026-08-31T10:00:00Z", 3, CalendarMonths, "NL", "2026-11-30", "2026-11-30T23:00:00Z"),
        // 15 May + 3 months: the same day of the month.
        ("2026-05-15T12:00:00Z", 3, CalendarMonths, "NL", "2026-08-15", "2026-08-15T22:00:00Z"),
        // 22:30Z on 31 Dec is 23:30 local: 31 Mar; summer time began on 28 March 2027.
        ("2026-12-31T22:30:00Z", 3, CalendarMonths, "NL", "2027-03-31", "2027-03-31T22:00:00Z"),
        // An hour later it is 1 Jan: 1 Apr.
        ("2026-12-31T23:30:00Z", 3, CalendarMonths, "NL", "2027-04-01", "2027-04-01T22:00:00Z"),
        // 28 Feb + 1 month is 28 Mar, not the month's last day.
        ("2026-02-28T10:00:00Z", 1, CalendarMonths, "NL", "2026-03-28", "2026-03-28T23:00:00Z"),

        // Years. 29 Feb 2028 + 1 year: 28 Feb 2029.
        ("2028-02-29T10:00:00Z", 1, Unit::Years, "NL", "2029-02-28", "2029-02-28T23:00:00Z"),
        // 28 Feb 2027 + 1 year: 28 Feb 2028, although that year has a 29th.
        ("2027-02-28T10:00:00Z", 1, Unit::Years, "NL", "2028-02-28", "2028-02-28T23:00:00Z"),
        // 29 Mar 2026 (summer time) + 1 year: 29 Mar 2027, a day after the change of 2027.
        ("2026-03-29T10:00:00Z", 1, Unit::Years, "NL", "2027-03-29", "2027-03-29T22:00:00Z"),
        // From a civil day; day zero may lie before the covered years.
        ("2023-06-15", 1, Unit::Years, "NL", "2024-06-15", "2024-06-15T22:00:00Z"),
        ("2025-10-26", 1, Unit::Years, "NL", "2026-10-26", "2026-10-26T23:00:00Z"),
        ("2026-01-31", 1, CalendarMonths, "XK", "2026-02-28", "2026-02-28T23:00:00Z"),
        // The same from a Friday in working days: Mon 8, Tue 9, Wed 10 Jun.
        ("2026-06-05", 3, WorkingDays, "XK", "2026-06-10", "2026-06-10T22:00:00Z"),

        // Hours run from the moment, also over the hour that is left out …
        ("2026-03-28T12:00:00Z", 24, Hours, "XK", "2026-03-29", "2026-03-29T12:00:00Z"),
        // … and over the one that comes twice.
        ("2026-10-24T12:00:00Z", 24, Hours, "XK", "2026-10-25", "2026-10-25T12:00:00Z"),
        // 22:30Z on 1 May is 00:30 on 2 May; 48 hours on, 00:30 on 4 May.
        ("2026-05-01T22:30:00Z", 48, Hours, "NL", "2026-05-04", "2026-05-03T22:30:00Z"),
        // An hour that ends at local midnight ends on the day before.
        ("2026-01-05T22:00:00Z", 1, Hours, "NL", "2026-01-05", "2026-01-05T23:00:00Z"),
        // It may end the last covered day.
        ("2030-12-31T22:00:00Z", 1, Hours, "NL", "2030-12-31", "2030-12-31T23:00:00Z"),

        // Working days. Mon 12 Jan: Tue 13, Wed 14, Thu 15.
        ("2026-01-12T10:00:00Z", 3, WorkingDays, "XK", "2026-01-15", "2026-01-15T23:00:00Z"),
        // Wed 14 Jan: Thu 15, Fri 16, (Sat, Sun), Mon 19.
        ("2026-01-14T10:00:00Z", 3, WorkingDays, "XK", "2026-01-19", "2026-01-19T23:00:00Z"),
        // Sat 17 Jan: (Sun), Mon 19, Tue 20, Wed 21.
        ("2026-01-17T10:00:00Z", 3, WorkingDays, "XK", "2026-01-21", "2026-01-21T23:00:00Z"),
        // Mon 16 Feb: (Tue 17 Independence Day, XK), Wed 18, Thu 19, Fri 20.
        ("2026-02-16T10:00:00Z", 3, WorkingDays, "XK", "2026-02-20", "2026-02-20T23:00:00Z"),
        // The same when NL must act: a holiday of the other State does not count either.
        ("2026-02-16T10:00:00Z", 3, WorkingDays, "NL", "2026-02-20", "2026-02-20T23:00:00Z"),
        // Fri 24 Apr: (Sat, Sun, Mon 27 King's Day, NL), Tue 28, Wed 29, Thu 30.
        ("2026-04-24T10:00:00Z", 3, WorkingDays, "XK", "2026-04-30", "2026-04-30T22:00:00Z"),
        // Wed 1 Apr: Thu 2, (Fri 3 NL, Sat, Sun, Mon 6 both), Tue 7, Wed 8.
        ("2026-04-01T10:00:00Z", 3, WorkingDays, "XK", "2026-04-08", "2026-04-08T22:00:00Z"),
        // Tue 7 Apr: Wed 8, (Thu 9 XK), Fri 10, (Sat, Sun, Mon 13 XK), Tue 14.
        ("2026-04-07T10:00:00Z", 3, WorkingDays, "XK", "2026-04-14", "2026-04-14T22:00:00Z"),
        // Thu 30 Apr: (Fri 1 May XK, Sat, Sun), Mon 4, Tue 5, Wed 6.
        ("2026-04-30T10:00:00Z", 3, WorkingDays, "XK", "2026-05-06", "2026-05-06T22:00:00Z"),
        // Fri 8 May: (Sat 9 XK, Sun, Mon 11 XK), Tue 12, Wed 13, (Thu 14 NL), Fri 15.
        ("2026-05-08T10:00:00Z", 3, WorkingDays, "XK", "2026-05-15", "2026-05-15T22:00:00Z"),
        // Fri 22 May: (Sat, Sun, Mon 25 NL), Tue 26, (Wed 27 XK), Thu 28, Fri 29.
        ("2026-05-22T10:00:00Z", 3, WorkingDays, "XK", "2026-05-29", "2026-05-29T22:00:00Z"),
        // Wed 23 Dec: Thu 24, (Fri 25 both, Sat, Sun), Mon 28, Tue 29.
        ("2026-12-23T10:00:00Z", 3, WorkingDays, "XK", "2026-12-29", "2026-12-29T23:00:00Z"),
        // Wed 30 Dec: Thu 31, (Fri 1 Jan both, Sat, Sun, Mon 4 XK), Tue 5, Wed 6.
        ("2026-12-30T10:00:00Z", 3, WorkingDays, "XK", "2027-01-06", "2027-01-06T23:00:00Z"),
        // Tue 30 Dec 2025: Wed 31, (Thu 1 both, Fri 2 XK, Sat, Sun), Mon 5, Tue 6.
        ("2025-12-30T10:00:00Z", 3, WorkingDays, "XK", "2026-01-06", "2026-01-06T23:00:00Z"),
        // Fri 5 Jun: (Sat, Sun), Mon 8, Tue 9.
        ("2026-06-05T10:00:00Z", 2, WorkingDays, "XK", "2026-06-09", "2026-06-09T22:00:00Z"),
        // 22:30Z on Sun 7 Jun is Mon 8 Jun local: Tue 9, Wed 10.
        ("2026-06-07T22:30:00Z", 2, WorkingDays, "XK", "2026-06-10", "2026-06-10T22:00:00Z"),
        // Fri 27 Mar: (Sat, Sun with the change), Mon 30 in summer time.
        ("2026-03-27T12:00:00Z", 1, WorkingDays, "NL", "2026-03-30", "2026-03-30T22:00:00Z"),
        // Fri 23 Oct: (Sat, Sun with the change), Mon 26 in winter time.
        ("2026-10-23T12:00:00Z", 1, WorkingDays, "NL", "2026-10-26", "2026-10-26T23:00:00Z"),
        // Mon 28 Feb 2028, itself a holiday in XK, is day zero: Tue 29 Feb, Wed 1 Mar.
        ("2028-02-28T10:00:00Z", 2, WorkingDays, "XK", "2028-03-01", "2028-03-01T23:00:00Z"),
    ];

    #[test]
    fn periods_end_where_the_hand_puts_them() {
        let rules = rules();
        for &(start, count, unit, acting, last_day, ends) in CASES {
            let began = match start.parse::<jiff::Timestamp>() {
                Ok(_) => Began::At(at(start)),
                Err(_) => Began::On(start.parse().unwrap()),
            };
            let limit = Limit { length: Length { count, unit }, ..rules.reply.clone() };
            let found = deadline(&rules, began, &limit, state(acting)).unwrap();
            let story = format!("{start} + {count} {unit:?}, {acting} acting");
            assert_eq!(found.last_day.to_string(), last_day, "{story}: last day");
            assert_eq!(found.at, at(ends), "{story}: end");
            assert_eq!((found.limit, found.began), (limit, began), "{story}: what explains it");
        }
        assert!(CASES.len() >= 30);
    }

    #[test]
    fn a_notice_lies_wholly_before_the_transfer() {
        let notice = Notice { length: Length { count: 2, unit: WorkingDays }, source: source() };
        // Noticed on Thu 30 Apr: (Fri 1 May XK, Sat, Sun), Mon 4, Tue 5; from Wed 6 May 00:00.
        let found =
            earliest_day_after_notice(&rules(), at("2026-04-30T08:00:00Z"), &notice, state("XK"));
        assert_eq!(found, Ok(at("2026-05-05T22:00:00Z")));
        let day = day_of(&rules(), found.unwrap(), state("XK")).unwrap();
        assert_eq!(day.to_string(), "2026-05-06");
    }

    #[test]
    fn a_working_day_is_one_in_both_states() {
        #[rustfmt::skip]
        let cases = [
            ("2026-04-08", true),   // Wednesday
            ("2026-04-09", false),  // Thursday, Constitution Day: worked in NL only
            ("2026-04-03", false),  // Good Friday: worked in XK only
            ("2026-04-06", false),  // Easter Monday: worked in neither
            ("2026-04-11", false),  // Saturday
            ("2026-04-19", false),  // Sunday
        ];
        for (day, worked) in cases {
            let found = is_working_day(&rules(), day.parse().unwrap());
            assert_eq!(found, Ok(worked), "{day}");
        }
    }

    #[test]
    fn what_the_rules_do_not_cover_is_not_computable() {
        let rules = rules();
        let beyond = Err(NotComputable::BeyondCoveredYears { years: rules.years });
        let (nl, us) = (state("NL"), state("US"));
        #[rustfmt::skip]
        let cases = [
            ("2030-12-04T10:00:00Z", 28, CalendarDays),   // 4 + 28 = 32 - 31 = 1 Jan 2031
            ("2030-12-31T10:00:00Z", 1, WorkingDays),     // Wed 1 Jan 2031
            ("2030-10-01T10:00:00Z", 3, CalendarMonths),  // 1 Jan 2031
            ("2030-06-01T10:00:00Z", 1, Unit::Years),           // 1 Jun 2031
            ("2030-12-31T22:00:00Z", 2, Hours),           // 01:00 on 1 Jan 2031
            ("2023-12-31T22:59:59Z", 28, CalendarDays),   // starts before the covered years
            ("2023-12-31T22:30:00Z", 24, Hours),          // starts before the covered years
            ("2026-01-01T10:00:00Z", u32::MAX, CalendarDays),
            ("2026-01-01T10:00:00Z", u32::MAX, Weeks),
            ("2026-01-01T10:00:00Z", u32::MAX, CalendarMonths),
            ("2026-01-01T10:00:00Z", u32::MAX, Unit::Years),
            ("2026-01-01T10:00:00Z", u32::MAX, Hours),
            ("2026-01-01T10:00:00Z", u32::MAX, WorkingDays),
        ];
        for (start, count, unit) in cases {
            let found = end(&rules, at(start), Length { count, unit }, nl);
            assert_eq!(found, beyond, "{start} + {count} {unit:?}");
        }
        let day = "2026-06-05".parse().unwrap();
        let hour = Length { count: 1, unit: Hours };
        assert_eq!(end_from_day(&rules, day, hour, nl), Err(NotComputable::HoursNeedMoment));
        let missing = Err(NotComputable::OffsetsMissing { state: us });
        assert_eq!(end(&rules, at("2026-06-05T10:00:00Z"), hour, us), missing);
        assert_eq!(start_of_day(&rules, "2031-01-01".parse().unwrap(), nl), beyond);
        // Working days need the calendars of both States.
        let mut without = rules.clone();
        without.calendars.retain(|calendar| calendar.state == nl);
        let missing = Err(NotComputable::CalendarMissing { state: state("XK") });
        let working = Length { count: 3, unit: WorkingDays };
        assert_eq!(end(&without, at("2026-06-05T10:00:00Z"), working, nl), missing);
        assert_eq!(is_working_day(&without, day), missing.map(|_: Instant| true));
        // Rules that bind nobody run no clock, rather than one without weekends.
        without.directions.clear();
        assert_eq!(end(&without, at("2026-06-05T10:00:00Z"), working, nl), beyond);
    }

    #[test]
    fn a_day_starts_once_even_where_clocks_change_at_midnight() {
        let rules = rules();
        let om = state("OM");
        #[rustfmt::skip]
        let cases = [
            ("2026-10-31", "2026-10-30T22:00:00Z"),
            // 24:00 on 31 October comes twice; the day is over at the second.
            ("2026-11-01", "2026-10-31T23:00:00Z"),
            ("2026-11-02", "2026-11-01T23:00:00Z"),
            // 00:00 on 7 March does not exist; the day starts at 01:00.
            ("2027-03-07", "2027-03-06T23:00:00Z"),
            ("2027-03-08", "2027-03-07T22:00:00Z"),
        ];
        for (day, start) in cases {
            let day = day.parse().unwrap();
            assert_eq!(start_of_day(&rules, day, om), Ok(at(start)), "{day}");
            assert_eq!(day_of(&rules, at(start), om), Ok(day), "{day}");
        }
    }

    #[test]
    fn the_start_of_a_day_is_its_first_millisecond() {
        let rules = rules();
        for code in ["NL", "EA", "OM"] {
            let mut day: Date = "2024-01-02".parse().unwrap();
            while day.year() <= 2030 {
                let start = start_of_day(&rules, day, state(code)).unwrap();
                assert_eq!(day_of(&rules, start, state(code)), Ok(day));
                let before = Instant::from_ms(start.as_ms() - 1);
                assert_eq!(day_of(&rules, before, state(code)), Ok(day.yesterday().unwrap()));
                day = day.tomorrow().unwrap();
            }
        }
    }

    /// Computable moments ascend; once one is not computable, none after it is.
    fn assert_ascending(results: impl Iterator<Item = Result<Instant, NotComputable>>, what: &str) {
        let mut last = Ok(Instant::from_ms(0));
        for found in results {
            match (last, found) {
                (Ok(earlier), Ok(later)) => assert!(earlier <= later, "{what}: {earlier} {later}"),
                (Err(_), Ok(later)) => panic!("{what}: computable again at {later}"),
                (_, Err(_)) => {}
            }
            last = found;
        }
        assert!(last.is_err(), "{what}: the end of the covered years was not reached");
    }

    #[test]
    fn a_later_start_never_ends_earlier() {
        let rules = rules();
        let first = at("2023-12-31T23:00:00Z").as_ms();
        let last = at("2031-01-02T00:00:00Z").as_ms();
        // Steps of 11 h 17 min 13.001 s meet every hour of the day, changes of the clock included.
        let starts = || (first..last).step_by(40_633_001).map(Instant::from_ms);
        for code in ["NL", "OM"] {
            for unit in [Hours, CalendarDays, Weeks, CalendarMonths, Unit::Years, WorkingDays] {
                for count in [1, 28] {
                    let length = Length { count, unit };
                    let ends = starts().map(|start| end(&rules, start, length, state(code)));
                    // 28 years fit into no covered years at all.
                    if (count, unit) != (28, Unit::Years) {
                        assert_ascending(ends, &format!("{code} {count} {unit:?}"));
                    }
                }
            }
        }
    }

    #[test]
    fn a_longer_period_never_ends_earlier() {
        let rules = rules();
        for start in ["2024-01-31T10:00:00Z", "2026-03-28T23:30:00Z", "2028-02-29T22:59:59Z"] {
            for unit in [Hours, CalendarDays, Weeks, CalendarMonths, Unit::Years, WorkingDays] {
                let ends = (1..)
                    .step_by(if unit == Hours { 100 } else { 1 })
                    .map(|count| end(&rules, at(start), Length { count, unit }, state("NL")));
                assert_ascending(ends.take(3_000), &format!("{start} {unit:?}"));
            }
        }
    }

    #[test]
    fn an_extension_goes_on_from_the_last_day() {
        let rules = rules();
        let of = |count, unit| Limit { length: Length { count, unit }, ..rules.reply.clone() };
        let mut start = at("2026-01-01T10:00:00Z");
        while start < at("2028-12-31T10:00:00Z") {
            for unit in [Hours, CalendarDays, DaysUnqualified, Weeks, WorkingDays] {
                for (first, then) in [(25, 60), (10, 10), (1, 1)] {
                    let began = Began::At(start);
                    let base = deadline(&rules, began, &of(first, unit), state("NL")).unwrap();
                    let longer = extended(&rules, &base, Length { count: then, unit }).unwrap();
                    let whole = deadline(&rules, began, &of(first + then, unit), state("NL"));
                    let whole = whole.unwrap();
                    assert_eq!((longer.last_day, longer.at), (whole.last_day, whole.at));
                    assert_eq!((longer.limit, longer.began), (base.limit, base.began));
                }
            }
            start = start.plus(crate::time::Span::from_ms(433_001_333));
        }
        // 25 days from 4 May end on 29 May; with 60 more on 28 Jul (29 + 60 - 31 - 30).
        let began = Began::At(at("2026-05-04T10:00:00Z"));
        let base = deadline(&rules, began, &of(25, CalendarDays), state("NL")).unwrap();
        let longer = extended(&rules, &base, Length { count: 60, unit: CalendarDays }).unwrap();
        assert_eq!(longer.last_day.to_string(), "2026-07-28");
        // Three working days after Fri 29 May: Mon 1, Tue 2, Wed 3 Jun.
        let longer = extended(&rules, &base, Length { count: 3, unit: WorkingDays }).unwrap();
        assert_eq!(longer.last_day.to_string(), "2026-06-03");
        let beyond = Length { count: 9, unit: Unit::Years };
        let beyond = extended(&rules, &base, beyond);
        assert_eq!(beyond, Err(NotComputable::BeyondCoveredYears { years: rules.years }));
    }

    #[test]
    fn days_weeks_and_working_days_add_up() {
        let rules = rules();
        for unit in [CalendarDays, Weeks, WorkingDays] {
            for (first, then) in [(1, 1), (3, 25), (10, 40)] {
                let mut day_zero: Date = "2026-01-01".parse().unwrap();
                while day_zero.year() == 2026 {
                    let length = |count| Length { count, unit };
                    let part = period(&rules, Began::On(day_zero), length(first), state("NL"));
                    let sum =
                        end_from_day(&rules, part.unwrap().last_day, length(then), state("NL"));
                    let whole = end_from_day(&rules, day_zero, length(first + then), state("NL"));
                    assert_eq!(sum, whole, "{day_zero} + {first} + {then} {unit:?}");
                    day_zero = day_zero.tomorrow().unwrap();
                }
            }
        }
    }

    /// Every skipped day in a line: `2026-03-20 XK Holiday`.
    fn printed(skipped: &[Skipped]) -> Vec<String> {
        let line = |it: &Skipped| {
            let why = it.why.iter().map(|(state, off)| format!(" {state} {off:?}"));
            format!("{}{}", it.day, why.collect::<String>())
        };
        skipped.iter().map(line).collect()
    }

    #[test]
    fn each_day_that_is_not_counted_says_why_and_for_whom() {
        let rules = rules();
        // Thu 19 Mar: (Fri 20 XK, Sat, Sun), Mon 23 to Fri 27, (Sat, Sun with the change), Mon 30,
        // Tue 31 in summer time.
        let began = Began::At(at("2026-03-19T10:00:00Z"));
        let length = Length { count: 7, unit: WorkingDays };
        let over = period(&rules, began, length, state("XK")).unwrap();
        assert_eq!(over.day_zero.to_string(), "2026-03-19");
        assert_eq!(over.last_day.to_string(), "2026-03-31");
        let skipped = [
            "2026-03-20 XK Holiday",
            "2026-03-21 NL Weekend XK Weekend",
            "2026-03-22 NL Weekend XK Weekend",
            "2026-03-28 NL Weekend XK Weekend",
            "2026-03-29 NL Weekend XK Weekend",
        ];
        assert_eq!(printed(&over.skipped), skipped);
        // A holiday on a weekend is both: Wed 1 Apr, Thu 2, (Fri 3 NL, Sat, Sun, Mon 6), Tue 7.
        let began = Began::At(at("2026-04-01T10:00:00Z"));
        let over = period(&rules, began, Length { count: 2, unit: WorkingDays }, state("NL"));
        let skipped = [
            "2026-04-03 NL Holiday",
            "2026-04-04 NL Weekend XK Weekend",
            "2026-04-05 NL Weekend NL Holiday XK Weekend XK Holiday",
            "2026-04-06 NL Holiday XK Holiday",
        ];
        assert_eq!(printed(&over.unwrap().skipped), skipped);
        // Other units count every day.
        let over = period(&rules, began, Length { count: 28, unit: CalendarDays }, state("NL"));
        assert_eq!(over.unwrap().skipped, []);
    }

    #[test]
    fn an_extension_says_what_it_adds_and_what_it_does_not_count() {
        let rules = rules();
        let length = Length { count: 1, unit: WorkingDays };
        let limit = Limit { length, ..rules.reply.clone() };
        // Thu 26 Mar: Fri 27; then (Sat, Sun), Mon 30, Tue 31; then 1 to 5 April, unasked.
        let began = Began::At(at("2026-03-26T10:00:00Z"));
        let due = deadline(&rules, began, &limit, state("XK")).unwrap();
        assert_eq!((due.skipped.len(), due.extended_by.len()), (0, 0));
        let (two, five) =
            (Length { count: 2, unit: WorkingDays }, Length { count: 5, unit: CalendarDays });
        let longer = extended(&rules, &due, two).unwrap();
        assert_eq!(longer.last_day.to_string(), "2026-03-31");
        let skipped = ["2026-03-28 NL Weekend XK Weekend", "2026-03-29 NL Weekend XK Weekend"];
        assert_eq!(printed(&longer.skipped), skipped);
        let longest = extended(&rules, &longer, five).unwrap();
        assert_eq!(longest.last_day.to_string(), "2026-04-05");
        assert_eq!(longest.skipped, longer.skipped);
        assert_eq!(longest.extended_by, [two, five]);
    }

    #[test]
    fn a_moment_has_the_local_time_that_the_rules_say() {
        let rules = rules();
        let check = |moment: &str, code: &str, expected: &str| {
            assert_eq!(local_time(&rules, at(moment), state(code)).unwrap(), expected, "{moment}");
        };
        check("2026-03-19T10:00:00Z", "XK", "2026-03-19T11:00:00+01:00");
        check("2026-03-29T00:59:59.999Z", "XK", "2026-03-29T01:59:59.999+01:00");
        check("2026-03-29T01:00:00Z", "XK", "2026-03-29T03:00:00+02:00");
        check("2026-03-31T22:00:00Z", "XK", "2026-04-01T00:00:00+02:00");
        check("2026-03-31T22:00:00Z", "EA", "2026-04-01T01:00:00+03:00");
        // The end of the last covered day; and before the first one nothing is known.
        check("2030-12-31T23:00:00Z", "NL", "2031-01-01T00:00:00+01:00");
        let early = local_time(&rules, at("2020-01-01T00:00:00Z"), state("NL"));
        assert_eq!(early, Err(NotComputable::BeyondCoveredYears { years: rules.years }));
        let stateless = local_time(&rules, at("2026-01-01T00:00:00Z"), state("DE"));
        assert_eq!(stateless, Err(NotComputable::OffsetsMissing { state: state("DE") }));
    }
}
