//! Holidays whose date is only estimated, and what an operator confirms of them.
//!
//! Rules hold such a holiday as estimated, and then no end in working days that it decides is
//! computable ([`domain::clock::estimated`]), until an operator has confirmed it by name.

use std::collections::{BTreeMap, BTreeSet};

use domain::clock::NotComputable;
use domain::clock::estimated::{self, EstimatedHoliday};
use domain::identifier::State;
use domain::rules::{Calendar, Estimated, Length, Rules};
use domain::time::Date;

use crate::library::BUILT_IN;

/// Estimated holidays that an operator confirms, and when they did fall.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfirmedHolidays(BTreeMap<EstimatedHoliday, Falls>);

/// When a holiday did fall, all its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Falls {
    DayEarlier,
    AsEstimated,
    DayLater,
}

/// Why a text confirms no holiday.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolidayError {
    /// It is no State with a day.
    #[error(
        "`{text}` must be a State and a day, such as `XK=2026-03-20`, and where the holiday fell \
         on another day, that day too, such as `XK=2026-03-20=2026-03-21`"
    )]
    MustBeStateAndDay { text: String },
    /// There is nothing to confirm on that day.
    #[error(
        "`{state}` has no estimated holiday on {day}{}",
        .nearest.map(|it| format!("; the nearest is {it}")).unwrap_or_default()
    )]
    HolidayMustBeEstimated { state: State, day: Date, nearest: Option<Date> },
    /// A moon is not sighted so far from its day.
    #[error("the holiday of `{state}` on {day} must have fallen on it or a day beside, not {fell}")]
    HolidayMustFallNear { state: State, day: Date, fell: Date },
    /// Two confirmations of one holiday.
    #[error("the holiday of `{state}` on {day} must be confirmed once, and for one day")]
    HolidayMustBeConfirmedOnce { state: State, day: Date },
}

impl ConfirmedHolidays {
    /// Nothing is confirmed.
    pub const NONE: Self = Self(BTreeMap::new());

    /// Reads confirmations such as `XK=2026-03-20`, or `XK=2026-03-20=2026-03-21` where the
    /// holiday fell a day later than estimated. Of a holiday of several days any may be named.
    ///
    /// # Errors
    /// [`HolidayError`] with the first that confirms nothing.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, HolidayError> {
        let mut confirmed = Self::default();
        for text in texts {
            let (state, day, fell) = parts(text)
                .ok_or_else(|| HolidayError::MustBeStateAndDay { text: text.to_owned() })?;
            let days = estimated_on(state, day)?;
            let falls = match (day.yesterday().ok(), day.tomorrow().ok()) {
                _ if fell == day => Falls::AsEstimated,
                (Some(yesterday), _) if fell == yesterday => Falls::DayEarlier,
                (_, Some(tomorrow)) if fell == tomorrow => Falls::DayLater,
                (_, _) => return Err(HolidayError::HolidayMustFallNear { state, day, fell }),
            };
            if confirmed.0.insert(EstimatedHoliday { state, days }, falls).is_some() {
                return Err(HolidayError::HolidayMustBeConfirmedOnce { state, day });
            }
        }
        Ok(confirmed)
    }

    /// The first that is a holiday of none of these States.
    pub(crate) fn elsewhere(&self, states: &BTreeSet<State>) -> Option<(State, Date)> {
        let mut confirmed = self.0.keys();
        let found = confirmed.find(|holiday| !states.contains(&holiday.state));
        found.map(|holiday| (holiday.state, holiday.days.on))
    }

    /// Makes what is confirmed a holiday as any other in the calendars of rules.
    pub fn confirm_in(&self, rules: &mut Rules) {
        for calendar in &mut rules.calendars {
            self.confirm(calendar);
        }
    }

    fn confirm(&self, calendar: &mut Calendar) {
        let state = calendar.state;
        let mut holidays: BTreeSet<Date> = calendar.holidays.iter().copied().collect();
        let mut fell = BTreeSet::new();
        calendar.estimated.retain(|days| {
            let holiday = EstimatedHoliday { state, days: *days };
            let Some(falls) = self.0.get(&holiday) else { return true };
            for day in days_of(*days) {
                holidays.remove(&day);
                // A day that does not exist lies in no covered year.
                fell.extend(falls.of(day));
            }
            false
        });
        holidays.extend(fell);
        calendar.holidays = holidays.into_iter().collect();
    }

    /// What is confirmed, on the days on which it did fall.
    fn fallen(&self) -> impl Iterator<Item = EstimatedHoliday> {
        self.0.iter().filter_map(|(holiday, falls)| {
            let Estimated { on, until } = holiday.days;
            let days = Estimated { on: falls.of(on)?, until: falls.of(until)? };
            Some(EstimatedHoliday { days, ..*holiday })
        })
    }
}

impl Falls {
    fn of(self, day: Date) -> Option<Date> {
        match self {
            Self::DayEarlier => day.yesterday().ok(),
            Self::AsEstimated => Some(day),
            Self::DayLater => day.tomorrow().ok(),
        }
    }
}

/// A State, an estimated day, and the day on which the holiday did fall.
fn parts(text: &str) -> Option<(State, Date, Date)> {
    let date = |text: &str| {
        let plain = text.len() == "2026-03-20".len();
        text.parse::<Date>().ok().filter(|_| plain)
    };
    let (state, days) = text.split_once('=')?;
    let (day, fell) = days.split_once('=').unwrap_or((days, days));
    Some((State::new(state).ok()?, date(day)?, date(fell)?))
}

fn estimated_on(state: State, day: Date) -> Result<Estimated, HolidayError> {
    let estimated = BUILT_IN.calendars.estimated(state);
    let found = estimated.iter().find(|days| (days.on..=days.until).contains(&day));
    found.copied().ok_or_else(|| {
        let all = estimated.iter().flat_map(|days| days_of(*days));
        let nearest = all.min_by_key(|found| found.duration_since(day).abs());
        HolidayError::HolidayMustBeEstimated { state, day, nearest }
    })
}

fn days_of(days: Estimated) -> impl Iterator<Item = Date> {
    std::iter::successors(Some(days.on), |day| day.tomorrow().ok())
        .take_while(move |day| *day <= days.until)
}

/// The holidays that decide an end, though they are only estimated.
pub(crate) fn undecided(
    rules: &Rules,
    day_zero: Date,
    length: Length,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    estimated::deciding(rules, day_zero, length, estimated::of(rules))
}

/// The holidays that decide an end, and that are confirmed in these rules.
pub(crate) fn decided(
    rules: &Rules,
    day_zero: Date,
    length: Length,
    confirmed: &ConfirmedHolidays,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    estimated::deciding(rules, day_zero, length, confirmed.fallen())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_confirmation_names_a_day_that_is_estimated() {
        let wrong = |texts: &[&str]| {
            ConfirmedHolidays::read(texts.iter().copied()).unwrap_err().to_string()
        };
        for text in ["XK", "XK=soon", "Kosovo=2026-03-20", "XK=2026-03-20T00:00:00Z", "=", "XK=="] {
            assert_eq!(
                wrong(&[text]),
                format!(
                    "`{text}` must be a State and a day, such as `XK=2026-03-20`, and where the \
                     holiday fell on another day, that day too, such as `XK=2026-03-20=2026-03-21`"
                )
            );
        }
        assert_eq!(
            wrong(&["XK=2026-03-21"]),
            "`XK` has no estimated holiday on 2026-03-21; the nearest is 2026-03-20"
        );
        assert_eq!(wrong(&["NL=2026-04-27"]), "`NL` has no estimated holiday on 2026-04-27");
        assert_eq!(
            wrong(&["XK=2026-03-20=2026-03-22"]),
            "the holiday of `XK` on 2026-03-20 must have fallen on it or a day beside, \
             not 2026-03-22"
        );
        for again in ["AF=2026-03-22", "AF=2026-03-21=2026-03-22"] {
            let said = wrong(&["AF=2026-03-21", again]);
            assert!(said.ends_with("must be confirmed once, and for one day"), "{said}");
        }
        assert_eq!(ConfirmedHolidays::read(["XK=2026-03-20"]).unwrap().0.len(), 1);
    }

    #[test]
    fn days_that_follow_one_another_are_one_holiday() {
        let of = |on: &str| {
            let days = estimated_on(State::new("AF").unwrap(), on.parse().unwrap()).unwrap();
            (days.on.to_string(), days.until.to_string())
        };
        let eid = ("2026-03-20".to_owned(), "2026-03-22".to_owned());
        assert_eq!(of("2026-03-21"), eid);
        // The day before Eid al-Adha has a name of its own.
        let arafah = ("2026-05-26".to_owned(), "2026-05-26".to_owned());
        assert_eq!(of("2026-05-26"), arafah);
        let ramadan = ("2026-02-18".to_owned(), "2026-02-18".to_owned());
        assert_eq!(of("2026-02-18"), ramadan);
    }

    #[test]
    fn what_is_confirmed_is_a_holiday_on_the_day_on_which_it_fell() {
        let state = State::new("AF").unwrap();
        let (calendar, _) = BUILT_IN.calendars.calendar(state).unwrap();
        let march = |texts: &[&str]| -> (Vec<i8>, usize) {
            let confirmed = ConfirmedHolidays::read(texts.iter().copied()).unwrap();
            let mut found = calendar.clone();
            confirmed.confirm(&mut found);
            let march = |day: &&Date| (day.year(), day.month()) == (2026, 3);
            let days = found.holidays.iter().filter(march).map(|day| day.day()).collect();
            (days, calendar.estimated.len() - found.estimated.len())
        };
        assert_eq!(march(&[]), (vec![20, 21, 22], 0));
        assert_eq!(march(&["AF=2026-03-21"]), (vec![20, 21, 22], 1));
        assert_eq!(march(&["AF=2026-03-20=2026-03-21"]), (vec![21, 22, 23], 1));
        assert_eq!(march(&["AF=2026-03-22=2026-03-21"]), (vec![19, 20, 21], 1));
    }
}
