//! Days that a period does not count, with what people call the holidays.
//!
//! Which days they are is the compiled rules' to say ([`domain::clock::skipped`]). The names are
//! those of the calendars that are built in: what has no name there is a public holiday.

use std::fmt;

use domain::clock::skipped;
use domain::identifier::State;
use domain::time::Date;

use crate::library::BUILT_IN;

/// A day that is not counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The day.
    pub day: Date,
    /// Why, for each State in which it is not worked.
    pub why: Vec<(State, Off)>,
}

/// Why a day is not worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Off {
    /// Its weekend.
    Weekend,
    /// A public holiday, by its name where the data has one.
    Holiday(Option<String>),
}

impl fmt::Display for Off {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weekend => f.write_str("weekend"),
            Self::Holiday(Some(name)) => f.write_str(name),
            Self::Holiday(None) => f.write_str("public holiday"),
        }
    }
}

/// A day that the clock has not counted, with the names of its holidays.
#[must_use]
pub fn named(skipped: &skipped::Skipped) -> Skipped {
    let day = skipped.day;
    let why = skipped.why.iter().map(|(state, off)| {
        let off = match off {
            skipped::Off::Weekend => Off::Weekend,
            skipped::Off::Holiday => {
                Off::Holiday(BUILT_IN.calendars.holiday_name(*state, day).map(str::to_owned))
            }
        };
        (*state, off)
    });
    Skipped { day, why: why.collect() }
}
