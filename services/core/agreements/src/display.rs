//! The keys of the data files that no rule reads, each with the reason.
//!
//! A test takes every key of the data files away, and changes it: whatever changes neither the
//! compiled rules nor what is refused must be named here, and nothing else may be.

use domain::time::Date;

/// A key that is kept and shown, and that no rule reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisplayOnly {
    /// The table that it stands in.
    pub table: &'static str,
    /// The key.
    pub key: &'static str,
    /// The kind of its value.
    pub kind: Kind,
    /// Why no rule reads it.
    pub why: &'static str,
}

/// The kinds of values that are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text or a coded word.
    Text,
    /// A list of texts.
    Words,
    /// A whole number of at least 1.
    Count,
    /// True or false.
    Flag,
    /// A civil day.
    Day,
}

/// A value that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A text or a coded word.
    Text(String),
    /// A list of texts.
    Words(Vec<String>),
    /// A whole number.
    Count(u32),
    /// True or false.
    Flag(bool),
    /// A civil day.
    Day(Date),
}

const JUDGED: &str = "a condition that officials judge; what they find is stated as an event";
const EXTENSION: &str = "no event states the obstacle that would extend the limit";
const INSTRUMENT: &str = "describes the instrument; changes no rule of a corridor";
const RIGHTS: &str = "binds the requested State after readmission, outside the case";
const TRANSIT: &str = "transit is not part of the shared vocabulary";
const ERROR: &str = "readmission in error is not part of the shared vocabulary";
const COSTS: &str = "invoices are settled outside the case";
const DATA: &str = "a duty of each State's own handling of data";
const TRAVEL: &str = "a preference; each transfer notice states its mode";
const PRACTICE: &str = "a practice note never feeds an outcome";
const LABEL: &str = "a name for people";
const ITEM: &str = "officials judge whether a document meets it before they name the item";
const ORIGIN: &str = "says where the values come from";
const ESTIMATED: &str = "an estimated holiday counts as a holiday (ADR 0001)";

/// Every key that no rule reads.
pub const DISPLAY_ONLY: &[DisplayOnly] = &[
    text("agreement", "kind", INSTRUMENT),
    text("agreement", "prevailing_language", INSTRUMENT),
    words("agreement", "own_nationals_include_persons_eligible_for_citizenship", JUDGED),
    text("agreement", "former_nationals_condition", JUDGED),
    words("agreement", "third_country_national_bases", JUDGED),
    words("agreement", "third_country_national_exclusions", JUDGED),
    words("agreement", "requested_party_must_respect_towards_readmitted_person", RIGHTS),
    words("agreement", "written_communication_conditions", JUDGED),
    text("agreement", "written_communication_lead_time", JUDGED),
    text("agreement", "application_limit_extension", EXTENSION),
    text("agreement", "population_register_check_when", JUDGED),
    text("agreement", "interview_when", JUDGED),
    words("agreement", "interview_held_by_in_exceptional_cases", JUDGED),
    text("agreement", "transfer_limit_extension", EXTENSION),
    text("agreement", "transport_mode_default", TRAVEL),
    count("agreement", "readmission_in_error_limit_calendar_months", ERROR),
    words("agreement", "readmission_in_error_not_for", ERROR),
    count("agreement", "transit_request_min_notice_days_unqualified", TRANSIT),
    text("agreement", "transit_reply", TRANSIT),
    words("agreement", "transit_refusal_grounds", TRANSIT),
    flag("agreement", "transit_revocation_possible", TRANSIT),
    text("agreement", "transit_take_back", TRANSIT),
    text("agreement", "costs_borne_by", COSTS),
    text("agreement", "costs_up_to", COSTS),
    flag("agreement", "costs_recoverable_from_person_or_third_parties", COSTS),
    words("agreement", "data_categories_allowed", DATA),
    words("agreement", "data_duties", DATA),
    text("practice", "presentation_to_mission", PRACTICE),
    flag("practice", "all_returns_must_be_announced", PRACTICE),
    flag("practice", "criminal_record_data_may_be_shared", PRACTICE),
    text("practice", "source", PRACTICE),
    text("evidence", "label", LABEL),
    text("evidence", "kind", ITEM),
    text("evidence", "condition", ITEM),
    count("evidence", "expired_at_most_years", ITEM),
    count("evidence", "expired_more_than_years", ITEM),
    day("evidence", "issued_after", ITEM),
    text("zone", "source", ORIGIN),
    text("calendar", "source", ORIGIN),
    text("holidays", "name", LABEL),
    flag("holidays", "estimated", ESTIMATED),
    text("union", "source", ORIGIN),
];

const fn text(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Text, why }
}

const fn words(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Words, why }
}

const fn count(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Count, why }
}

const fn flag(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Flag, why }
}

const fn day(table: &'static str, key: &'static str, why: &'static str) -> DisplayOnly {
    DisplayOnly { table, key, kind: Kind::Day, why }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
    use std::collections::BTreeSet;

    use domain::identifier::{AgreementId, State};
    use domain::rules::Rules;
    use toml::{Table, Value};

    use super::*;
    use crate::compile::CompileError;
    use crate::fault::FileError;
    use crate::library::{Library, Texts};

    fn outcome(texts: &Texts) -> Result<Result<Rules, CompileError>, FileError> {
        let id = AgreementId::new("benelux_kosovo_2011").unwrap();
        let pair = (State::new("NL").unwrap(), State::new("XK").unwrap());
        Ok(Library::read(texts)?.compile(&id, 1, pair, "2026-01-05".parse().unwrap()))
    }

    /// A key of a data file: the tables on the way to it, with positions in arrays of tables.
    type Path = Vec<(String, usize)>;

    /// Puts the changed text of one file in its place.
    type Put<'a> = &'a dyn Fn(&mut Texts, String);

    /// Every key of a document, with the name of its table.
    fn keys(table: &Table, name: &str, path: &Path, found: &mut Vec<(String, Path, String)>) {
        for (key, value) in table {
            let below = |index| {
                let mut below = path.clone();
                below.push((key.clone(), index));
                below
            };
            match value {
                Value::Table(table) => keys(table, key, &below(0), found),
                Value::Array(items) if items.first().is_some_and(Value::is_table) => {
                    // Holidays are alike; the first of each calendar and an estimated one will do.
                    for (index, item) in items.iter().enumerate() {
                        let item = item.as_table().unwrap();
                        if key != "holidays" || index == 0 || item.contains_key("estimated") {
                            keys(item, key, &below(index), found);
                        }
                    }
                }
                Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Boolean(_)
                | Value::Datetime(_)
                | Value::Array(_) => found.push((name.to_owned(), path.clone(), key.clone())),
            }
        }
    }

    fn at<'t>(document: &'t mut Table, path: &Path) -> &'t mut Table {
        path.iter().fold(document, |table, (key, index)| {
            let value = table.get_mut(key).unwrap();
            let value = if value.is_array() { &mut value[*index] } else { value };
            value.as_table_mut().unwrap()
        })
    }

    fn changed(value: &Value) -> Value {
        match value {
            Value::String(_) => Value::String("something_else".to_owned()),
            Value::Integer(number) => Value::Integer(number + 1),
            Value::Float(number) => Value::Float(number + 1.0),
            Value::Boolean(flag) => Value::Boolean(!flag),
            Value::Datetime(_) => Value::Datetime("2099-01-01".parse().unwrap()),
            Value::Array(_) => Value::Array(Vec::new()),
            Value::Table(_) => Value::Table(Table::new()),
        }
    }

    /// The calendars of the pair, one that ends early and one that is empty; with each, the first
    /// estimated holiday. The others have no other keys.
    fn few(calendars: &str) -> String {
        let mut document: Table = calendars.parse().unwrap();
        let of = |table: &Value| table["state"].as_str().unwrap().to_owned();
        for (tables, states) in [("zone", &["NL", "XK"][..]), ("calendar", &["NL", "XK", "LK"])] {
            let tables = document.get_mut(tables).unwrap().as_array_mut().unwrap();
            tables.retain(|table| states.contains(&of(table).as_str()));
        }
        toml::to_string(&document).unwrap()
    }

    #[test]
    fn every_key_is_read_by_a_rule_or_listed_for_display_only() {
        let mut texts = Texts::built_in();
        texts.calendars = few(&texts.calendars);
        let whole = outcome(&texts);
        assert!(matches!(whole, Ok(Ok(_))), "{whole:?}");
        let [ref agreement] = texts.agreements[..] else { panic!("one agreement") };
        let put: [(&str, Put<'_>); 4] = [
            (&agreement.1, &|texts, text| texts.agreements[0].1 = text),
            (&texts.evidence, &|texts, text| texts.evidence = text),
            (&texts.calendars, &|texts, text| texts.calendars = text),
            (&texts.unions, &|texts, text| texts.unions = text),
        ];
        let (mut read, mut shown) = (BTreeSet::new(), BTreeSet::new());
        for (text, put) in put {
            let document: Table = text.parse().unwrap();
            let mut found = Vec::new();
            keys(&document, "file", &Path::new(), &mut found);
            for (table, path, key) in found {
                let with = |edit: &dyn Fn(&mut Table)| {
                    let mut document = document.clone();
                    edit(at(&mut document, &path));
                    let mut texts = texts.clone();
                    put(&mut texts, toml::to_string(&document).unwrap());
                    outcome(&texts)
                };
                let without = with(&|table| drop(table.remove(&key)));
                let other = with(&|table| {
                    let value = changed(table.get(&key).unwrap());
                    table.insert(key.clone(), value);
                });
                let matters = without != whole || other != whole;
                let name = (table, key);
                if matters {
                    read.insert(name)
                } else {
                    shown.insert(name)
                };
            }
        }
        let listed: BTreeSet<(String, String)> = DISPLAY_ONLY
            .iter()
            .map(|listed| (listed.table.to_owned(), listed.key.to_owned()))
            .collect();
        assert_eq!(listed.len(), DISPLAY_ONLY.len(), "a key is listed twice");
        assert_eq!(shown, listed, "what no rule reads, and what is listed");
        assert_eq!(read.intersection(&listed).next(), None, "listed, and yet it matters");
        // The counts that the documentation gives.
        assert_eq!((read.len(), shown.len()), (READ, DISPLAY_ONLY.len()));
    }

    /// Keys of the data files that rules read.
    const READ: usize = 54;
}
