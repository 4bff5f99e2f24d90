//! Where a holiday whose date is only estimated would decide a deadline.
//!
//! Compiled rules count such a day as a holiday (ADR 0001), and both States adopt it so. Who
//! computes a deadline for people asks here what a moon sighting could still change, and gives no
//! day where it could: not before an operator has confirmed the holiday by name.

use std::collections::BTreeSet;

use domain::clock::{Began, NotComputable, end, end_from_day};
use domain::identifier::State;
use domain::rules::{Length, Limit, Rules, Unit};
use domain::time::{Date, Instant};

use crate::library::BUILT_IN;

/// A holiday that follows a moon sighting. One of several days moves as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimatedHoliday {
    /// Whose holiday it is.
    pub state: State,
    /// Its first day; it may fall a day earlier or later.
    pub on: Date,
    /// Its last day.
    pub until: Date,
}

/// Estimated holidays that an operator confirms, each by its State and one of its days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmedHolidays(BTreeSet<(State, Date)>);

/// Why a text confirms no holiday.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolidayError {
    /// It is no State with a day.
    #[error("`{text}` must be a State and a day, such as `XK=2026-03-20`")]
    MustBeStateAndDay { text: String },
    /// There is nothing to confirm on that day.
    #[error(
        "`{state}` has no estimated holiday on {day}{}",
        .nearest.map(|it| format!("; the nearest is {it}")).unwrap_or_default()
    )]
    HolidayMustBeEstimated { state: State, day: Date, nearest: Option<Date> },
}

impl ConfirmedHolidays {
    /// Reads confirmations such as `XK=2026-03-20`.
    ///
    /// # Errors
    /// [`HolidayError`] with the first that confirms nothing.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, HolidayError> {
        let mut confirmed = Self::default();
        for text in texts {
            let (state, day) = state_and_day(text)
                .ok_or_else(|| HolidayError::MustBeStateAndDay { text: text.to_owned() })?;
            let estimated = BUILT_IN.calendars.estimated(state);
            if !estimated.contains(&day) {
                let distance = |found: &Date| found.duration_since(day).abs();
                let nearest = estimated.into_iter().min_by_key(distance);
                return Err(HolidayError::HolidayMustBeEstimated { state, day, nearest });
            }
            confirmed.0.insert((state, day));
        }
        Ok(confirmed)
    }

    fn holds(&self, holiday: &EstimatedHoliday) -> bool {
        let EstimatedHoliday { state, on, until } = *holiday;
        self.0.range((state, on)..=(state, until)).next().is_some()
    }
}

fn state_and_day(text: &str) -> Option<(State, Date)> {
    let (state, day) = text.split_once('=')?;
    let plain = day.len() == "2026-03-20".len();
    State::new(state).ok().zip(day.parse().ok().filter(|_| plain))
}

/// The estimated holidays that would decide a deadline, and that are not confirmed: were one of
/// them a day earlier or later, the deadline would be another.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn deciding_estimates(
    rules: &Rules,
    began: Began,
    limit: &Limit,
    acting: State,
    confirmed: &ConfirmedHolidays,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    let deciding = deciding(rules, began, limit.length, acting)?;
    Ok(deciding.into_iter().filter(|holiday| !confirmed.holds(holiday)).collect())
}

impl ConfirmedHolidays {
    /// Of holidays, those that are not confirmed.
    pub(crate) fn missing(&self, holidays: &[EstimatedHoliday]) -> Vec<EstimatedHoliday> {
        holidays.iter().filter(|holiday| !self.holds(holiday)).copied().collect()
    }
}

/// The same of a length alone, confirmed or not.
pub(crate) fn deciding(
    rules: &Rules,
    began: Began,
    length: Length,
    acting: State,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    let at = |rules: &Rules| match began {
        Began::At(start) => end(rules, start, length, acting),
        Began::On(day) => end_from_day(rules, day, length, acting),
    };
    let stands = at(rules)?;
    if length.unit != Unit::WorkingDays {
        return Ok(Vec::new());
    }
    let mut deciding = Vec::new();
    for (index, calendar) in rules.calendars.iter().enumerate() {
        let holidays: BTreeSet<Date> = calendar.holidays.iter().copied().collect();
        for feast in feasts(calendar.state, &holidays) {
            let moved = |days: BTreeSet<Date>| -> Result<Instant, NotComputable> {
                let mut rules = rules.clone();
                if let Some(calendar) = rules.calendars.get_mut(index) {
                    calendar.holidays = days.into_iter().collect();
                }
                at(&rules)
            };
            if otherwise(&holidays, feast).into_iter().any(|days| moved(days) != Ok(stands)) {
                deciding.push(feast);
            }
        }
    }
    deciding.sort();
    Ok(deciding)
}

/// The estimated days among a State's holidays; those of one name that follow one another are one
/// holiday.
fn feasts(state: State, holidays: &BTreeSet<Date>) -> Vec<EstimatedHoliday> {
    let mut feasts: Vec<EstimatedHoliday> = Vec::new();
    let name = |day| BUILT_IN.calendars.holiday_name(state, day);
    for on in BUILT_IN.calendars.estimated(state).intersection(holidays).copied() {
        let goes_on = |feast: &&mut EstimatedHoliday| {
            feast.until.tomorrow().ok() == Some(on) && name(feast.until) == name(on)
        };
        match feasts.last_mut().filter(goes_on) {
            Some(feast) => feast.until = on,
            None => feasts.push(EstimatedHoliday { state, on, until: on }),
        }
    }
    feasts
}

/// The holidays as they might be: this one a day earlier, or a day later. Its days move together,
/// since one sighting decides them all.
fn otherwise(holidays: &BTreeSet<Date>, feast: EstimatedHoliday) -> [BTreeSet<Date>; 2] {
    let moved = |to: fn(&Date) -> Option<Date>| {
        let days = holidays.range(feast.on..=feast.until);
        let others = holidays.iter().filter(|day| !(feast.on..=feast.until).contains(day));
        // A day that does not exist decides nothing that is computed.
        others.copied().chain(days.filter_map(to)).collect()
    };
    [moved(|day| day.yesterday().ok()), moved(|day| day.tomorrow().ok())]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_confirmation_names_a_day_that_is_estimated() {
        let wrong = |text| ConfirmedHolidays::read([text]).unwrap_err().to_string();
        for text in ["XK", "XK=soon", "Kosovo=2026-03-20", "XK=2026-03-20T00:00:00Z", "="] {
            assert_eq!(
                wrong(text),
                format!("`{text}` must be a State and a day, such as `XK=2026-03-20`")
            );
        }
        assert_eq!(
            wrong("XK=2026-03-21"),
            "`XK` has no estimated holiday on 2026-03-21; the nearest is 2026-03-20"
        );
        assert_eq!(wrong("NL=2026-04-27"), "`NL` has no estimated holiday on 2026-04-27");
        assert_eq!(ConfirmedHolidays::read(["XK=2026-03-20"]).unwrap().0.len(), 1);
    }

    #[test]
    fn days_that_follow_one_another_are_one_holiday() {
        let state = State::new("AF").unwrap();
        let holidays = BUILT_IN.calendars.estimated(state);
        let feasts = feasts(state, &holidays);
        let of = |on: &str| {
            let on: Date = on.parse().unwrap();
            let feast = feasts.iter().find(|feast| (feast.on..=feast.until).contains(&on));
            feast.map(|feast| (feast.on.to_string(), feast.until.to_string())).unwrap()
        };
        let eid = ("2026-03-20".to_owned(), "2026-03-22".to_owned());
        assert_eq!(of("2026-03-21"), eid);
        // The day before Eid al-Adha has a name of its own.
        let arafah = ("2026-05-26".to_owned(), "2026-05-26".to_owned());
        assert_eq!(of("2026-05-26"), arafah);
        let ramadan = ("2026-02-18".to_owned(), "2026-02-18".to_owned());
        assert_eq!(of("2026-02-18"), ramadan);
    }
}
