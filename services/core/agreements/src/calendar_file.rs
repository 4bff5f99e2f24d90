//! Calendars and time zones of States, for the years that the file says it covers.

use std::collections::{BTreeMap, BTreeSet};

use domain::identifier::State;
use domain::rules::{Calendar, Estimated, OffsetChange, Offsets, Years};
use domain::time::{Date, Instant};
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use crate::display::Shown;
use crate::fault::{Fault, FileError};
use crate::reading::{Table, Value, document};

const WEEKDAYS: [(&str, u8); 7] = [
    ("monday", 1),
    ("tuesday", 2),
    ("wednesday", 3),
    ("thursday", 4),
    ("friday", 5),
    ("saturday", 6),
    ("sunday", 7),
];

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Calendars {
    pub(crate) years: Years,
    /// With the last year that the calendar covers; the first is that of all.
    calendars: BTreeMap<State, (Calendar, u16)>,
    zones: BTreeMap<State, String>,
    /// What people call the holidays.
    names: BTreeMap<(State, Date), String>,
}

/// What people call a State's holidays.
type Names = BTreeMap<Date, String>;

impl Calendars {
    pub(crate) fn read(file: &str, text: &str) -> Result<Self, FileError> {
        document(file, text, |root| {
            let years = root.table("years", |table| {
                let year = |key| {
                    table.must(key, |value| {
                        let expected = "a year of four digits";
                        u16::try_from(value.count()?)
                            .ok()
                            .filter(|year| (1970..=9998).contains(year))
                            .ok_or_else(|| {
                                value.fault(Fault::WrongKind { key: key.to_owned(), expected })
                            })
                    })
                };
                let years = Years { first: year("first")?, last: year("last")? };
                if years.first > years.last {
                    let (key, other) = ("last".to_owned(), "first".to_owned());
                    return Err(table.fault_at("last", Fault::Contradiction { key, other }));
                }
                Ok(years)
            })?;
            let mut zones = BTreeMap::new();
            root.tables("zone", |table| {
                let state = table.must("state", Value::state)?;
                table.shown()?;
                once(table, zones.insert(state, table.must("name", Value::text)?), state)
            })?;
            let (mut calendars, mut names) = (BTreeMap::new(), BTreeMap::new());
            root.tables("calendar", |table| {
                let (calendar, last, found) = read_calendar(table, years)?;
                let state = calendar.state;
                names.extend(found.into_iter().map(|(day, name)| ((state, day), name)));
                once(table, calendars.insert(state, (calendar, last)), state)
            })?;
            Ok(Self { years, calendars, zones, names })
        })
    }

    /// A State's calendar with the years that it covers; none where no holiday is known.
    pub(crate) fn calendar(&self, state: State) -> Option<(&Calendar, Years)> {
        let (calendar, last) = self.calendars.get(&state)?;
        let known = !calendar.holidays.is_empty();
        known.then_some((calendar, Years { first: self.years.first, last: *last }))
    }

    /// The holidays of a State that follow a moon sighting.
    pub(crate) fn estimated(&self, state: State) -> &[Estimated] {
        self.calendars.get(&state).map_or(&[], |(calendar, _)| &calendar.estimated)
    }

    /// The States that have a calendar here, be it empty.
    pub(crate) fn states(&self) -> BTreeSet<State> {
        self.calendars.keys().copied().collect()
    }

    /// What people call a State's holiday.
    pub(crate) fn holiday_name(&self, state: State, day: Date) -> Option<&str> {
        self.names.get(&(state, day)).map(String::as_str)
    }

    pub(crate) fn zone(&self, state: State) -> Option<&str> {
        self.zones.get(&state).map(String::as_str)
    }

    /// A State's offsets over the covered years, from the time zone database that is built into
    /// this crate. The compiled rules carry them, so no node's own database matters.
    pub(crate) fn offsets(&self, state: State, zone: &str) -> Option<Offsets> {
        let zone_rules = TimeZoneDatabase::bundled().get(zone).ok()?;
        let start_of = |year: u16| {
            let day = Date::new(i16::try_from(year).ok()?, 1, 1).ok()?;
            Some(day.to_zoned_datetime(zone_rules.clone()).ok()?.timestamp())
        };
        let first = start_of(self.years.first)?;
        let end = start_of(self.years.last + 1)?;
        let change = |from: Timestamp, seconds: i32| {
            let from = u64::try_from(from.as_millisecond()).ok()?;
            Some(OffsetChange { from: Instant::from_ms(from), seconds })
        };
        let mut changes = vec![change(first, zone_rules.to_offset(first).seconds())?];
        for following in zone_rules.following(first) {
            if following.timestamp() >= end {
                break;
            }
            let seconds = following.offset().seconds();
            // Some changes are of a zone's abbreviation only.
            if changes.last().is_some_and(|last| last.seconds != seconds) {
                changes.push(change(following.timestamp(), seconds)?);
            }
        }
        Some(Offsets { state, zone: zone.to_owned(), changes })
    }
}

fn once<T>(table: &Table<'_>, replaced: Option<T>, state: State) -> Result<(), FileError> {
    match replaced {
        None => Ok(()),
        Some(_) => {
            let (key, value) = ("state".to_owned(), state.to_string());
            Err(table.fault_at("state", Fault::Twice { key, value }))
        }
    }
}

/// A calendar, the last year that it covers, and what its holidays are called.
fn read_calendar(table: &Table<'_>, all: Years) -> Result<(Calendar, u16, Names), FileError> {
    let state = table.must("state", Value::state)?;
    let weekend: BTreeSet<u8> = table.must("weekend", |value| {
        value.array()?.iter().map(|day| day.choice(&WEEKDAYS)).collect()
    })?;
    table.shown()?;
    let last = table.may("last_year", |value| {
        let (key, expected) = ("last_year".to_owned(), "one of the covered years");
        let year = u16::try_from(value.count()?).ok();
        year.filter(|year| (all.first..=all.last).contains(year))
            .ok_or_else(|| value.fault(Fault::WrongKind { key, expected }))
    })?;
    let years = Years { last: last.unwrap_or(all.last), ..all };
    let (mut holidays, mut estimated) = (BTreeSet::new(), BTreeSet::new());
    let mut names = Names::new();
    table.tables("holidays", |holiday| {
        let date = holiday.must("date", Value::date)?;
        if holiday.may("estimated", Value::flag)? == Some(true) {
            estimated.insert(date);
        }
        for shown in holiday.shown()? {
            if let ("name", Shown::Text(name)) = shown {
                names.insert(date, name);
            }
        }
        let fault = |fault| Err(holiday.fault(fault));
        if !u16::try_from(date.year()).is_ok_and(|year| (years.first..=years.last).contains(&year))
        {
            return fault(Fault::YearsNotCovered { key: "date".to_owned(), year: date.year() });
        }
        if !holidays.insert(date) {
            return fault(Fault::Twice { key: "date".to_owned(), value: date.to_string() });
        }
        Ok(())
    })?;
    let calendar = |holidays: BTreeSet<_>, names: &Names| Calendar {
        state,
        weekend: weekend.into_iter().collect(),
        holidays: holidays.into_iter().collect(),
        estimated: feasts(&estimated, names),
    };
    // A list without any holiday says that none is known, and covers nothing.
    if holidays.is_empty() {
        return Ok((calendar(holidays, &names), years.last, names));
    }
    // No State is without a public holiday for a year: an empty year was not looked up.
    for year in (years.first..=years.last).filter_map(|year| i16::try_from(year).ok()) {
        if !holidays.iter().any(|date| date.year() == year) {
            let key = "holidays".to_owned();
            return Err(table.fault_at("holidays", Fault::YearsNotCovered { key, year }));
        }
    }
    Ok((calendar(holidays, &names), years.last, names))
}

/// The holidays that follow a moon sighting; days of one name that follow one another are one.
fn feasts(estimated: &BTreeSet<Date>, names: &Names) -> Vec<Estimated> {
    let mut feasts: Vec<Estimated> = Vec::new();
    for &on in estimated {
        let goes_on = |feast: &&mut Estimated| {
            feast.until.tomorrow().ok() == Some(on) && names.get(&feast.until) == names.get(&on)
        };
        match feasts.last_mut().filter(goes_on) {
            Some(feast) => feast.until = on,
            None => feasts.push(Estimated { on, until: on }),
        }
    }
    feasts
}
