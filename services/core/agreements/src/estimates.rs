//! Where a holiday whose date is only estimated would decide a deadline.
//!
//! Compiled rules count such a day as a holiday (ADR 0001), and both States adopt it so. Who shows
//! a deadline, or adopts rules, asks here what a moon sighting could still change.

use std::collections::BTreeSet;

use domain::clock::{Began, NotComputable, end, end_from_day};
use domain::identifier::State;
use domain::rules::{Length, Limit, Rules, Unit};
use domain::time::{Date, Instant};

use crate::library::BUILT_IN;

/// A holiday that follows a moon sighting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EstimatedHoliday {
    /// Whose holiday it is.
    pub state: State,
    /// The day that is estimated; it may fall a day earlier or later.
    pub on: Date,
}

/// The estimated holidays that would decide a deadline: were one of them a day earlier or later,
/// the deadline would be another.
///
/// # Errors
/// [`NotComputable`] when the rules do not cover a day that matters.
pub fn deciding_estimates(
    rules: &Rules,
    began: Began,
    limit: &Limit,
    acting: State,
) -> Result<Vec<EstimatedHoliday>, NotComputable> {
    deciding(rules, began, limit.length, acting)
}

/// The same, of a length alone.
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
        let estimated = BUILT_IN.calendars.estimated(calendar.state);
        for on in estimated.intersection(&calendar.holidays.iter().copied().collect()) {
            let moved = |to: Date| -> Result<Instant, NotComputable> {
                let mut rules = rules.clone();
                if let Some(calendar) = rules.calendars.get_mut(index) {
                    let others = calendar.holidays.iter().filter(|day| *day != on).copied();
                    let days: BTreeSet<Date> = others.chain([to]).collect();
                    calendar.holidays = days.into_iter().collect();
                }
                at(&rules)
            };
            let days = [on.yesterday(), on.tomorrow()];
            // A day that does not exist, or that is not covered, decides nothing that is computed.
            let mut ends = days.into_iter().flatten().map(moved);
            if ends.any(|end| end != Ok(stands)) {
                deciding.push(EstimatedHoliday { state: calendar.state, on: *on });
            }
        }
    }
    deciding.sort();
    Ok(deciding)
}
