//! Reading TOML tables so that every fault has its line and no key goes unread.
//!
//! A table remembers which keys it was asked for. What is left over when it is finished is an
//! unknown key, and the keys asked for are the known ones.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use domain::identifier::{EvidenceItem, Malformed, State};
use domain::rules::{Length, Unit};
use domain::time::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::display::{DISPLAY_ONLY, Kind, Shown};
use crate::fault::{Fault, FileError, is_misspelt, nearest};

/// The format that this code reads.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The units that a key can end in.
pub(crate) const UNITS: [(&str, Unit); 7] = [
    ("hours", Unit::Hours),
    ("calendar_days", Unit::CalendarDays),
    ("days_unqualified", Unit::DaysUnqualified),
    ("weeks", Unit::Weeks),
    ("calendar_months", Unit::CalendarMonths),
    ("years", Unit::Years),
    ("working_days", Unit::WorkingDays),
];

/// What may follow the unit in the key of a length.
const SUFFIXES: [&str; 5] = [
    "",
    "_third_country_nationals",
    "_with_police_escort",
    "_with_evidence",
    "_after_obstacle_removed",
];

/// The key of a length without its unit.
pub(crate) fn without_unit(key: &str) -> String {
    let stem = |suffix: &str| {
        let rest = key.strip_suffix(suffix)?;
        let stem = |(unit, _): &(&str, Unit)| rest.strip_suffix(unit)?.strip_suffix('_');
        Some(format!("{}{suffix}", UNITS.iter().find_map(stem)?))
    };
    SUFFIXES.into_iter().find_map(stem).unwrap_or_else(|| key.to_owned())
}

/// The limit that a key names without a unit, or with one that there is not; `None` where it names
/// no limit, or a unit that is only misspelt.
fn without_known_unit(key: &str, asked: &BTreeSet<String>) -> Option<String> {
    let is_limit =
        |stem: &&str| UNITS.iter().all(|(unit, _)| asked.contains(&format!("{stem}_{unit}")));
    let ends = key.rmatch_indices('_').map(|(at, _)| at);
    let stem = [key.len()].into_iter().chain(ends).filter_map(|at| key.get(..at)).find(is_limit)?;
    let unit = key.strip_prefix(stem)?.strip_prefix('_').unwrap_or_default();
    let misspelt = UNITS.iter().any(|(known, _)| is_misspelt(unit, known));
    (!misspelt).then(|| stem.to_owned())
}

/// Parses a file, checks its format version and hands its root table to `read`.
pub(crate) fn document<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&Table<'_>) -> Result<T, FileError>,
) -> Result<T, FileError> {
    let place = Place { file, text };
    let root = DeTable::parse(text).map_err(|error| {
        let message = error.message().to_owned();
        place.fault(error.span().unwrap_or_default(), Fault::NotToml { message })
    })?;
    let table = Table::new(place, "file", 0..0, root.get_ref());
    let (found, line) = table.must("format_version", |value| Ok((value.count()?, value.line())))?;
    if found != FORMAT_VERSION {
        let fault = Fault::FormatVersion { found, known: FORMAT_VERSION };
        return Err(FileError { file: file.to_owned(), line, fault });
    }
    let result = read(&table)?;
    table.finish()?;
    Ok(result)
}

/// A file, to say where in it something is.
#[derive(Clone, Copy)]
struct Place<'d> {
    file: &'d str,
    text: &'d str,
}

impl Place<'_> {
    fn line(self, span: &Range<usize>) -> usize {
        self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1
    }

    fn fault(self, span: Range<usize>, fault: Fault) -> FileError {
        FileError { file: self.file.to_owned(), line: self.line(&span), fault }
    }
}

/// A table of a data file.
pub(crate) struct Table<'d> {
    place: Place<'d>,
    name: &'d str,
    span: Range<usize>,
    entries: &'d DeTable<'d>,
    asked: RefCell<BTreeSet<String>>,
    /// The only keys that are given, if not all.
    only: RefCell<Option<BTreeSet<String>>>,
}

impl<'d> Table<'d> {
    fn new(place: Place<'d>, name: &'d str, span: Range<usize>, entries: &'d DeTable<'d>) -> Self {
        Self { place, name, span, entries, asked: RefCell::default(), only: RefCell::default() }
    }

    /// The value of a key, if it is there.
    pub(crate) fn may<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value<'d>) -> Result<T, FileError>,
    ) -> Result<Option<T>, FileError> {
        self.asked.borrow_mut().insert(key.to_owned());
        if self.only.borrow().as_ref().is_some_and(|only| !only.contains(key)) {
            return Ok(None);
        }
        self.entries
            .iter()
            .find(|(found, _)| found.get_ref() == key)
            .map(|(found, value)| {
                read(&Value { place: self.place, key: key.to_owned(), span: found.span(), value })
            })
            .transpose()
    }

    /// The value of a key that must be there.
    pub(crate) fn must<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Value<'d>) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        self.may(key, read)?.ok_or_else(|| {
            self.fault(Fault::MissingKey { table: self.name.to_owned(), key: key.to_owned() })
        })
    }

    /// A table below this one.
    pub(crate) fn table<T>(
        &self,
        key: &'d str,
        read: impl FnOnce(&Table<'d>) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        self.must(key, |value| value.table(key, read))
    }

    /// An array of tables below this one; absent is empty.
    pub(crate) fn tables<T>(
        &self,
        key: &'d str,
        mut read: impl FnMut(&Table<'d>) -> Result<T, FileError>,
    ) -> Result<Vec<T>, FileError> {
        let found = self.may(key, |value| {
            value.array()?.into_iter().map(|item| item.table(key, &mut read)).collect()
        })?;
        Ok(found.unwrap_or_default())
    }

    /// A length whose unit is the end of its key, if it is there; two units contradict each other.
    pub(crate) fn length(&self, prefix: &str) -> Result<Option<Length>, FileError> {
        self.length_with(prefix, "")
    }

    /// The same, where the unit is followed by the same words each time.
    pub(crate) fn length_with(
        &self,
        prefix: &str,
        suffix: &str,
    ) -> Result<Option<Length>, FileError> {
        let mut found: Option<(String, Length)> = None;
        for (name, unit) in UNITS {
            let key = format!("{prefix}_{name}{suffix}");
            let read = self.may(&key, |value| Ok((value.count()?, value.span.clone())))?;
            match (read, &found) {
                (None, _) => {}
                (Some((count, _)), None) => found = Some((key, Length { count, unit })),
                (Some((_, span)), Some((other, _))) => {
                    let other = other.clone();
                    return Err(self.place.fault(span, Fault::TwoUnits { key, other }));
                }
            }
        }
        Ok(found.map(|(_, length)| length))
    }

    /// The values of this table that no rule reads, as the documented list names them.
    pub(crate) fn shown(&self) -> Result<Vec<(&'static str, Shown)>, FileError> {
        self.shown_of(self.name)
    }

    /// The same, for a table that has the keys of one of another name.
    pub(crate) fn shown_of(&self, name: &str) -> Result<Vec<(&'static str, Shown)>, FileError> {
        let mut shown = Vec::new();
        let mut limits: Vec<(String, &'static str)> = Vec::new();
        for listed in DISPLAY_ONLY.iter().filter(|listed| listed.table == name) {
            let value = self.may(listed.key, |value| match listed.kind {
                Kind::Text => value.text().map(Shown::Text),
                Kind::Words => value.words().map(Shown::Words),
                Kind::Count => value.count().map(Shown::Count),
                Kind::Flag => value.flag().map(Shown::Flag),
                Kind::Day => value.date().map(Shown::Day),
            })?;
            if let Some(Shown::Count(_)) = value {
                let stem = without_unit(listed.key);
                if let Some((_, other)) = limits.iter().find(|(known, _)| *known == stem) {
                    let (key, other) = (listed.key.to_owned(), (*other).to_owned());
                    return Err(self.fault_at(listed.key, Fault::TwoUnits { key, other }));
                }
                limits.push((stem, listed.key));
            }
            shown.extend(value.map(|value| (listed.key, value)));
        }
        Ok(shown)
    }

    /// From here on, gives the values of these keys only.
    pub(crate) fn narrow(&self, only: &BTreeSet<String>) {
        self.only.replace(Some(only.clone()));
    }

    /// Fails on the first key that was not asked for.
    pub(crate) fn finish(&self) -> Result<(), FileError> {
        let asked = self.asked.borrow();
        let mut unknown = self.entries.keys().filter(|key| !asked.contains(key.get_ref().as_ref()));
        let Some(key) = unknown.next() else {
            return Ok(());
        };
        if let Some(stem) = without_known_unit(key.get_ref(), &asked) {
            let key_is = key.get_ref().to_string();
            return Err(self.place.fault(key.span(), Fault::UnitMustBeKnown { key: key_is, stem }));
        }
        let nearest = nearest(key.get_ref(), asked.iter().map(String::as_str));
        let (table, name) = (self.name.to_owned(), key.get_ref().to_string());
        Err(self.place.fault(key.span(), Fault::UnknownKey { table, key: name, nearest }))
    }

    /// Two keys that cannot both be right.
    pub(crate) fn two(&self, key: &str, other: &str) -> FileError {
        let entries = self.entries.keys().find(|found| found.get_ref().starts_with(key));
        let span = entries.map_or(self.span.clone(), Spanned::span);
        let (key, other) = (key.to_owned(), other.to_owned());
        self.place.fault(span, Fault::Contradiction { key, other })
    }

    /// The keys that stand in it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(|key| key.get_ref().as_ref())
    }

    /// A fault of the table as a whole.
    pub(crate) fn fault(&self, fault: Fault) -> FileError {
        self.place.fault(self.span.clone(), fault)
    }

    /// A fault of one of its keys; of the table where the key is absent.
    pub(crate) fn fault_at(&self, key: &str, fault: Fault) -> FileError {
        let found = self.entries.keys().find(|found| found.get_ref() == key);
        self.place.fault(found.map_or(self.span.clone(), Spanned::span), fault)
    }

    /// The line of a key; of the table where the key is absent.
    pub(crate) fn line_of(&self, key: &str) -> usize {
        let found = self.entries.keys().find(|found| found.get_ref() == key);
        self.place.line(&found.map_or(self.span.clone(), Spanned::span))
    }
}

/// A value of a data file, with its key.
pub(crate) struct Value<'d> {
    place: Place<'d>,
    key: String,
    span: Range<usize>,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    pub(crate) fn line(&self) -> usize {
        self.place.line(&self.span)
    }

    pub(crate) fn text(&self) -> Result<String, FileError> {
        let text = self.value.get_ref().as_str().ok_or_else(|| self.wrong("a text"))?;
        Ok(text.to_owned())
    }

    pub(crate) fn words(&self) -> Result<Vec<String>, FileError> {
        self.array()?.iter().map(Value::text).collect()
    }

    pub(crate) fn flag(&self) -> Result<bool, FileError> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// A whole number of at least 1: no limit is 0.
    pub(crate) fn count(&self) -> Result<u32, FileError> {
        self.value
            .get_ref()
            .as_integer()
            .and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok())
            .filter(|number| *number >= 1)
            .ok_or_else(|| self.wrong("a whole number of at least 1"))
    }

    pub(crate) fn date(&self) -> Result<Date, FileError> {
        let wrong = || self.wrong("a date such as 2014-04-01, without a time");
        let found = self.value.get_ref().as_datetime().ok_or_else(wrong)?;
        let (Some(date), None) = (found.date, found.time) else {
            return Err(wrong());
        };
        let year = i16::try_from(date.year).map_err(|_| wrong())?;
        let month = i8::try_from(date.month).map_err(|_| wrong())?;
        let day = i8::try_from(date.day).map_err(|_| wrong())?;
        Date::new(year, month, day).map_err(|_| wrong())
    }

    pub(crate) fn choice<T: Copy>(&self, choices: &[(&'static str, T)]) -> Result<T, FileError> {
        let value = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == value);
        found.map(|(_, meaning)| *meaning).ok_or_else(|| {
            let allowed = choices.iter().map(|(word, _)| *word).collect();
            self.fault(Fault::UnknownWord { key: self.key.clone(), value, allowed })
        })
    }

    pub(crate) fn items(&self) -> Result<Vec<EvidenceItem>, FileError> {
        let expected = "a list of items of `a-z`, `0-9`, `_` and `-`";
        self.array()?.iter().map(|item| item.named(EvidenceItem::new, expected)).collect()
    }

    pub(crate) fn states(&self) -> Result<Vec<State>, FileError> {
        self.array()?.iter().map(Value::state).collect()
    }

    pub(crate) fn state(&self) -> Result<State, FileError> {
        self.named(State::new, "a State's code of two capitals")
    }

    /// An identifier, made from the text.
    pub(crate) fn named<T>(
        &self,
        make: impl FnOnce(&str) -> Result<T, Malformed>,
        expected: &'static str,
    ) -> Result<T, FileError> {
        make(&self.text()?).map_err(|_| self.wrong(expected))
    }

    pub(crate) fn array(&self) -> Result<Vec<Self>, FileError> {
        let array = self.value.get_ref().as_array().ok_or_else(|| self.wrong("a list"))?;
        let item = |value: &'d Spanned<DeValue<'d>>| Self {
            place: self.place,
            key: self.key.clone(),
            span: value.span(),
            value,
        };
        Ok(array.iter().map(item).collect())
    }

    pub(crate) fn table<T>(
        &self,
        name: &'d str,
        read: impl FnOnce(&Table<'d>) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let entries = self.value.get_ref().as_table().ok_or_else(|| self.wrong("a table"))?;
        let table = Table::new(self.place, name, self.span.clone(), entries);
        let result = read(&table)?;
        table.finish()?;
        Ok(result)
    }

    pub(crate) fn fault(&self, fault: Fault) -> FileError {
        self.place.fault(self.span.clone(), fault)
    }

    fn wrong(&self, expected: &'static str) -> FileError {
        self.fault(Fault::WrongKind { key: self.key.clone(), expected })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn read(text: &str) -> Result<(Option<Length>, Option<Date>), FileError> {
        document("test.toml", text, |root| {
            root.table("limits", |limits| {
                let length = limits.length("reply_limit")?;
                Ok((length, limits.may("signed_on", Value::date)?))
            })
        })
    }

    #[test]
    fn a_length_has_the_unit_of_its_key() {
        for (suffix, unit) in UNITS {
            let text = format!("format_version = 1\n[limits]\nreply_limit_{suffix} = 28\n");
            assert_eq!(read(&text).unwrap().0, Some(Length { count: 28, unit }));
        }
        assert_eq!(read("format_version = 1\n[limits]\n").unwrap(), (None, None));
    }

    #[test]
    fn each_fault_names_its_line_and_what_would_be_right() {
        #[rustfmt::skip]
        let cases = [
            ("format_version = 2\n", "line 1: `format_version` must be 1, not 2"),
            ("[limits]\n", "line 1: key `format_version` is missing in `file`"),
            ("format_version = 1\n", "line 1: key `limits` is missing in `file`"),
            ("format_version = 1\nlimits = 3\n", "line 2: `limits` must be a table"),
            ("format_version = 1\n[limits]\n\nreply_limit_day = 3\n",
             "line 4: `reply_limit_day` must be `reply_limit_` with one of the units `hours`, \
              `calendar_days`, `days_unqualified`, `weeks`, `calendar_months`, `years`, \
              `working_days`"),
            ("format_version = 1\n[limits]\nreply_limit = 3\n",
             "line 3: `reply_limit` must be `reply_limit_` with one of the units `hours`, \
              `calendar_days`, `days_unqualified`, `weeks`, `calendar_months`, `years`, \
              `working_days`"),
            ("format_version = 1\n[limits]\nreply_limit_calender_days = 3\n",
             "line 3: unknown key `reply_limit_calender_days` in `limits`; \
              the nearest known is `reply_limit_calendar_days`"),
            ("format_version = 1\n[limits]\nquota = 3\n",
             "line 3: unknown key `quota` in `limits`"),
            ("format_version = 1\n[limits]\n[limit]\n",
             "line 3: unknown key `limit` in `file`; the nearest known is `limits`"),
            ("format_version = 1\n[limits]\nreply_limit_hours = 0\n",
             "line 3: `reply_limit_hours` must be a whole number of at least 1"),
            ("format_version = 1\n[limits]\nreply_limit_hours = -1\n",
             "line 3: `reply_limit_hours` must be a whole number of at least 1"),
            ("format_version = 1\n[limits]\nreply_limit_hours = 1.5\n",
             "line 3: `reply_limit_hours` must be a whole number of at least 1"),
            ("format_version = 1\n[limits]\nreply_limit_hours = 1\nreply_limit_weeks = 1\n",
             "line 4: `reply_limit_weeks` and `reply_limit_hours` give one limit two units"),
            ("format_version = 1\n[limits]\nsigned_on = 2011-05-12T10:00:00Z\n",
             "line 3: `signed_on` must be a date such as 2014-04-01, without a time"),
            ("format_version = 1\n[limits]\nsigned_on = \"2011-05-12\"\n",
             "line 3: `signed_on` must be a date such as 2014-04-01, without a time"),
        ];
        for (text, expected) in cases {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), format!("`test.toml`, {expected}"), "{text}");
        }
        for (text, line) in [
            ("format_version = 1\n[limits]\nsigned_on = 2011-02-30\n", 3),
            ("format_version = 1\n[limits\n", 2),
            ("format_version = 1\n[limits]\na = 1\na = 2\n", 4),
        ] {
            let error = read(text).unwrap_err();
            assert!(matches!(error.fault, Fault::NotToml { .. }), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
    }
}
