//! Readers for single fields: each checks one value and names the field when it does not fit.

use std::fmt::Display;

use domain::identifier::{CaseId, Digest, State};
use domain::time::Date;

use crate::InvalidField;
use crate::record::v1;

/// A sub-message that must be there.
pub(super) fn required<T>(value: Option<T>, field: &str) -> Result<T, InvalidField> {
    value.ok_or_else(|| InvalidField::missing(field))
}

/// A value that some constructor checks.
pub(super) fn checked<T, E: Display>(made: Result<T, E>, field: &str) -> Result<T, InvalidField> {
    made.map_err(|error| InvalidField::new(field, error))
}

/// A State's code.
pub(super) fn state(code: &str, field: &str) -> Result<State, InvalidField> {
    checked(State::new(code), field)
}

/// A case id that must be there.
pub(super) fn case_id(bytes: &[u8], field: &str) -> Result<CaseId, InvalidField> {
    checked(CaseId::from_slice(bytes), field)
}

/// A SHA-256 digest.
pub(super) fn digest(bytes: &[u8], field: &str) -> Result<Digest, InvalidField> {
    checked(Digest::from_slice(bytes), field)
}

/// A civil date that must be there and exist.
pub(super) fn date(value: Option<v1::Date>, field: &str) -> Result<Date, InvalidField> {
    let value = required(value, field)?;
    let parts = (
        i16::try_from(value.year).ok().filter(|year| (1..=9999).contains(year)),
        i8::try_from(value.month).ok(),
        i8::try_from(value.day).ok(),
    );
    let made = match parts {
        (Some(year), Some(month), Some(day)) => Date::new(year, month, day).ok(),
        (_, _, _) => None,
    };
    made.ok_or_else(|| InvalidField::new(field, "must be a date that exists, in years 1 to 9999"))
}

/// A civil date, written.
pub(super) fn date_message(date: Date) -> v1::Date {
    let positive = |part: i64| u32::try_from(part).unwrap_or(0);
    v1::Date {
        year: positive(date.year().into()),
        month: positive(date.month().into()),
        day: positive(date.day().into()),
    }
}

/// A number that counts from 1.
pub(super) fn from_one(number: u32, field: &str) -> Result<u32, InvalidField> {
    if number == 0 {
        return Err(InvalidField::new(field, "must be at least 1"));
    }
    Ok(number)
}

/// A text of 1 to `chars_max` characters.
pub(super) fn text(value: String, chars_max: usize, field: &str) -> Result<String, InvalidField> {
    if (1..=chars_max).contains(&value.chars().count()) {
        Ok(value)
    } else {
        Err(InvalidField::new(field, format!("must have 1 to {chars_max} characters")))
    }
}

/// A list of a bounded number of items, each read by `read`, which is given the item's path.
pub(super) fn list<T, U>(
    items: Vec<T>,
    items_max: usize,
    field: &str,
    read: impl Fn(T, &str) -> Result<U, InvalidField>,
) -> Result<Vec<U>, InvalidField> {
    if items.len() > items_max {
        return Err(InvalidField::new(field, format!("must have at most {items_max} items")));
    }
    let numbered = items.into_iter().enumerate();
    numbered.map(|(index, item)| read(item, &format!("{field}[{index}]"))).collect()
}

/// Holds a list to ascending order without repetition, by what `key` takes of each item.
pub(super) fn ascending<T, K: Ord>(
    items: &[T],
    field: &str,
    key: impl Fn(&T) -> K,
) -> Result<(), InvalidField> {
    if items.iter().map(&key).is_sorted_by(|earlier, later| earlier < later) {
        Ok(())
    } else {
        Err(InvalidField::new(field, "must be ascending, none twice"))
    }
}

/// Holds a list to have nothing twice, by what `key` takes of each item.
pub(super) fn unique<T, K: Ord>(
    items: &[T],
    field: &str,
    key: impl Fn(&T) -> K,
) -> Result<(), InvalidField> {
    let mut keys: Vec<K> = items.iter().map(key).collect();
    keys.sort_unstable();
    if keys.is_sorted_by(|earlier, later| earlier < later) {
        Ok(())
    } else {
        Err(InvalidField::new(field, "must have nothing twice"))
    }
}

/// Declares how the values of a wire enumeration and a domain enumeration answer each other: one
/// list, read in both directions, complete in both by the compiler's own check.
macro_rules! enumeration {
    ($read:ident, $write:ident, $wire:path, $domain:path, {
        $($wire_value:ident => $domain_value:ident),+ $(,)?
    }) => {
        pub(super) fn $read(number: i32, field: &str) -> Result<$domain, $crate::InvalidField> {
            use $domain as Domain;
            use $wire as Wire;
            match Wire::try_from(number) {
                $(Ok(Wire::$wire_value) => Ok(Domain::$domain_value),)+
                Ok(Wire::Unspecified) => Err($crate::InvalidField::missing(field)),
                Err(_) => Err($crate::InvalidField::new(field, "must be a known number")),
            }
        }

        pub(super) const fn $write(value: $domain) -> i32 {
            use $domain as Domain;
            use $wire as Wire;
            match value {
                $(Domain::$domain_value => Wire::$wire_value as i32,)+
            }
        }
    };
}

pub(super) use enumeration;
