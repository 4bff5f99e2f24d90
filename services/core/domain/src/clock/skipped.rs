//! The days within a period of working days that were not counted, each with the reason.
//!
//! What people call a holiday is not in the rules, and so not here.

use super::{NotComputable, both_calendars, is_holiday, is_weekend};
use crate::identifier::State;
use crate::rules::Rules;
use crate::time::Date;

/// A day that is not counted: it is not worked in both States.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The day.
    pub day: Date,
    /// Why, for each State in which it is not worked, the requesting State of the rules first.
    pub why: Vec<(State, Off)>,
}

/// Why a day is not worked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Off {
    /// It is a day of the weekend.
    Weekend,
    /// It is a public holiday.
    Holiday,
}

/// The days after day zero, up to the last day, that are not counted.
pub(super) fn between(
    rules: &Rules,
    day_zero: Date,
    last_day: Date,
) -> Result<Vec<Skipped>, NotComputable> {
    let calendars = both_calendars(rules)?;
    let mut skipped = Vec::new();
    let mut next = day_zero.tomorrow();
    while let Ok(day) = next
        && day <= last_day
    {
        let why: Vec<(State, Off)> = calendars
            .into_iter()
            .flat_map(|calendar| {
                let weekend = is_weekend(calendar, day).then_some((calendar.state, Off::Weekend));
                let holiday = is_holiday(calendar, day).then_some((calendar.state, Off::Holiday));
                weekend.into_iter().chain(holiday)
            })
            .collect();
        if !why.is_empty() {
            skipped.push(Skipped { day, why });
        }
        next = day.tomorrow();
    }
    Ok(skipped)
}
