//! The clocks of compiled rules between two States, computed from events that somebody states.
//!
//! Nothing here is said on the record, and no clock of the machine is read: a case finds its own
//! start events. A deadline beyond the covered years is not computable, and never passed.

use std::collections::BTreeMap;

use domain::clock::estimated::EstimatedHoliday;
use domain::clock::{self, Began, NotComputable, Period, local_time};
use domain::identifier::State;
use domain::rules::{Category, Direction, Length, Rules, Source, Unit};
use domain::time::{Date, Instant};
use jiff::Timestamp;

use crate::clause::{Content, End, Party, TRANSFER_NOTICE, TRAVEL_DOCUMENT_ISSUE, Timed, clauses};
use crate::estimates::{ConfirmedHolidays, decided, undecided};
use crate::fault::nearest;
use crate::skipped::{Skipped, named};
use crate::wording::{category_word, start_word, start_words};

/// When the events happened that start clocks, by their words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Events(BTreeMap<&'static str, Began>);

/// Why a text states no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// There is no `=`.
    #[error("`{text}` must be an event and its time, such as `{EXAMPLE}`")]
    MustHaveTime { text: String },
    /// No clock starts with it.
    #[error(
        "`{event}` must be one of {}{}", known(),
        .nearest.as_deref().map(|it| format!("; the nearest is `{it}`")).unwrap_or_default()
    )]
    EventMustBeKnown { event: String, nearest: Option<String> },
    /// A local time without its offset is no moment.
    #[error("the time `{time}` of `{event}` must have an offset from UTC, such as `+02:00` or `Z`")]
    OffsetMustBeThere { event: String, time: String },
    /// Neither a moment nor a day.
    #[error(
        "the time `{time}` of `{event}` must be a moment such as `2026-05-04T10:00:00+02:00`, \
             or a day such as `2026-05-04`"
    )]
    TimeMustBeReadable { event: String, time: String },
    /// Stated twice.
    #[error("`{event}` must be given once")]
    EventMustBeGivenOnce { event: String },
}

const EXAMPLE: &str = "receipt_of_application=2026-05-04T10:00:00+02:00";

/// The words of every event that starts a clock.
#[must_use]
pub fn event_words() -> Vec<&'static str> {
    let mut words: Vec<&'static str> = start_words().map(|(word, _)| word).collect();
    for own in [TRANSFER_NOTICE, TRAVEL_DOCUMENT_ISSUE] {
        if !words.contains(&own) {
            words.push(own);
        }
    }
    words
}

fn known() -> String {
    let words: Vec<String> = event_words().iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

impl Events {
    /// Reads events such as `receipt_of_application=2026-05-04T10:00:00+02:00`. A day instead of a
    /// moment is day zero of the clock, and no clock in hours runs from it.
    ///
    /// # Errors
    /// [`EventError`] with the first that cannot be read.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, EventError> {
        let mut events = Self::default();
        for text in texts {
            let Some((event, time)) = text.split_once('=') else {
                return Err(EventError::MustHaveTime { text: text.to_owned() });
            };
            let word = canonical(event).ok_or_else(|| EventError::EventMustBeKnown {
                event: event.to_owned(),
                nearest: nearest(event, event_words().into_iter()),
            })?;
            let began = began(event, time)?;
            if events.0.insert(word, began).is_some() {
                return Err(EventError::EventMustBeGivenOnce { event: event.to_owned() });
            }
        }
        Ok(events)
    }

    /// When an event happened, if it is stated.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<Began> {
        self.0.get(word).copied()
    }
}

/// The one word for an event that the data may name in several.
fn canonical(event: &str) -> Option<&'static str> {
    let start = start_words().find(|(word, _)| *word == event);
    let own = [TRANSFER_NOTICE, TRAVEL_DOCUMENT_ISSUE].into_iter().find(|word| *word == event);
    start.map(|(_, start)| start_word(start)).or(own)
}

fn began(event: &str, time: &str) -> Result<Began, EventError> {
    let (event, time) = (event.to_owned(), time.to_owned());
    if let Ok(moment) = time.parse::<Timestamp>() {
        let ms = u64::try_from(moment.as_millisecond());
        return match ms {
            Ok(ms) => Ok(Began::At(Instant::from_ms(ms))),
            Err(_) => Err(EventError::TimeMustBeReadable { event, time }),
        };
    }
    let plain = time.len() == "2026-05-04".len();
    match time.parse::<Date>() {
        Ok(day) if plain => Ok(Began::On(day)),
        Ok(_) if time.parse::<jiff::civil::DateTime>().is_ok() => {
            Err(EventError::OffsetMustBeThere { event, time })
        }
        Ok(_) | Err(_) => Err(EventError::TimeMustBeReadable { event, time }),
    }
}

/// What is to be computed.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// Who requests, and who is requested.
    pub direction: Direction,
    /// The person's category; without one, the clocks of every category are listed.
    pub person: Option<Category>,
    /// What has happened.
    pub events: &'a Events,
    /// The estimated holidays that were confirmed in the rules, to name those that decide.
    pub confirmed: &'a ConfirmedHolidays,
}

/// A question that the rules have no answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// The rules do not let the one request the other.
    #[error("the agreement does not let `{}` request `{}`", .0.requesting, .0.requested)]
    DirectionMustBeAllowed(Direction),
    /// The rules do not cover the category.
    #[error("the agreement does not cover `{}`", category_word(*.0))]
    PersonMustBeCovered(Category),
}

/// A clock, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is called.
    pub clock: String,
    /// The clock.
    pub timed: Timed,
    /// The State that must act, by whose days it is counted.
    pub acting: State,
    /// The States whose calendars say which days are worked, where that matters.
    pub calendar: Vec<State>,
    /// Where it stands in the agreement.
    pub source: Option<Source>,
    /// Where it stands in time.
    pub situation: Situation,
}

/// Where a clock stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// Its start event is not stated; `None` where none is established.
    NotStarted(Option<&'static str>),
    /// It has started, and the rules do not cover its end.
    NotComputable {
        /// When it started.
        began: Began,
        /// Why.
        why: NotComputable,
    },
    /// It has started, and a holiday that is only estimated, and not confirmed, decides its end.
    HolidayMustBeConfirmed {
        /// When it started.
        began: Began,
        /// Every such holiday.
        holidays: Vec<EstimatedHoliday>,
    },
    /// It has started, and ends.
    Ends(Ending),
}

/// How a clock ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// When it started.
    pub began: Began,
    /// The last day of the period.
    pub last_day: Date,
    /// The moment at which it is over.
    pub at: Instant,
    /// The same by the clock of the State that must act, with its offset.
    pub local: String,
    /// Days within it that are not worked, where it is counted in working days.
    pub skipped: Vec<Skipped>,
    /// Estimated holidays that would move the end were they a day earlier or later; confirmed.
    pub estimates: Vec<EstimatedHoliday>,
}

/// Every clock of the rules, in the order in which a case meets them.
///
/// # Errors
/// [`QuestionError`] where the rules do not have the direction or the category.
pub fn timeline(question: &Question<'_>) -> Result<Vec<Line>, QuestionError> {
    let Question { rules, direction, person, .. } = question;
    if !rules.covers(*direction) {
        return Err(QuestionError::DirectionMustBeAllowed(*direction));
    }
    if let Some(person) = person.filter(|person| rules.coverage(*person).is_none()) {
        return Err(QuestionError::PersonMustBeCovered(person));
    }
    let others: Vec<String> = crate::wording::CATEGORIES
        .into_iter()
        .filter(|category| person.is_some_and(|person| person != *category))
        .map(|category| format!(" for {}", category_word(category)))
        .collect();
    let mut lines = Vec::new();
    for clause in clauses(rules) {
        let other = others.iter().any(|other| clause.name.ends_with(other));
        if let (Content::Clock(timed), false) = (clause.content, other) {
            lines.push(line(question, clause.name, timed, clause.source));
        }
    }
    Ok(lines)
}

fn line(question: &Question<'_>, clock: String, timed: Timed, source: Option<Source>) -> Line {
    let Direction { requesting, requested } = question.direction;
    let acting = match timed.acting {
        Party::Requesting => requesting,
        Party::Requested => requested,
    };
    let working = |length: Length| length.unit == Unit::WorkingDays;
    let calendar = match working(timed.length) || timed.then.is_some_and(working) {
        true => vec![requesting, requested],
        false => Vec::new(),
    };
    let began = timed.starts_on.and_then(|event| question.events.get(event));
    let situation = match began {
        None => Situation::NotStarted(timed.starts_on),
        Some(began) => match ending(question, began, timed, acting) {
            Ok(Found::Ending(ending)) => Situation::Ends(ending),
            Ok(Found::Undecided(holidays)) => Situation::HolidayMustBeConfirmed { began, holidays },
            Err(why) => Situation::NotComputable { began, why },
        },
    };
    Line { clock, timed, acting, calendar, source, situation }
}

/// A period that ends, or the holidays for want of which it has no end yet.
enum Found {
    Ending(Ending),
    Undecided(Vec<EstimatedHoliday>),
}

fn ending(
    question: &Question<'_>,
    began: Began,
    timed: Timed,
    acting: State,
) -> Result<Found, NotComputable> {
    let first = match period(question, began, timed.length, acting)? {
        Found::Ending(first) => first,
        Found::Undecided(holidays) => return Ok(Found::Undecided(holidays)),
    };
    let Some(then) = timed.then else {
        return Ok(Found::Ending(first));
    };
    // What is longer goes on from the last day; in hours, from the end.
    let from = match then.unit {
        Unit::Hours => Began::At(first.at),
        Unit::CalendarDays
        | Unit::DaysUnqualified
        | Unit::Weeks
        | Unit::CalendarMonths
        | Unit::Years
        | Unit::WorkingDays => Began::On(first.last_day),
    };
    let rest = match period(question, from, then, acting)? {
        Found::Ending(rest) => rest,
        Found::Undecided(holidays) => return Ok(Found::Undecided(holidays)),
    };
    let mut skipped = first.skipped;
    skipped.extend(rest.skipped);
    let mut estimates = first.estimates;
    estimates.extend(rest.estimates);
    estimates.sort();
    estimates.dedup();
    Ok(Found::Ending(Ending { began, skipped, estimates, ..rest }))
}

fn period(
    question: &Question<'_>,
    began: Began,
    length: Length,
    acting: State,
) -> Result<Found, NotComputable> {
    let Question { rules, confirmed, .. } = question;
    let day_zero = match began {
        Began::At(moment) => clock::day_of(rules, moment, acting)?,
        Began::On(day) => day,
    };
    let Period { day_zero: _, last_day, at, skipped } =
        match clock::period(rules, began, length, acting) {
            Ok(period) => period,
            Err(NotComputable::HolidayEstimated { .. }) => {
                return undecided(rules, day_zero, length).map(Found::Undecided);
            }
            Err(why) => return Err(why),
        };
    let estimates = decided(rules, day_zero, length, confirmed)?;
    let local = local_time(rules, at, acting)?;
    let skipped = skipped.iter().map(named).collect();
    Ok(Found::Ending(Ending { began, last_day, at, local, skipped, estimates }))
}

/// When a clock started, as people read it.
#[must_use]
pub fn began_words(began: Began) -> String {
    match began {
        Began::At(moment) => moment.to_string(),
        Began::On(day) => day.to_string(),
    }
}

/// What the end of a clock means, in a few words.
#[must_use]
pub const fn end_words(end: End) -> &'static str {
    match end {
        End::Latest => "until",
        End::Earliest => "not before the end of",
        End::Valid => "valid at least until",
    }
}
