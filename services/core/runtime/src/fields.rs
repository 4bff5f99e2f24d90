//! Collects everything that is wrong with a message, so that one answer names all of it.

use std::fmt::Display;

use crate::failure::{Detail, Failure};
use proto::InvalidField;

/// What is wrong with a message, in the order in which it was read.
#[derive(Debug, Default)]
pub struct Fields(Vec<InvalidField>);

impl Fields {
    /// What was made of a field; what is wrong with it is kept.
    pub fn take<T, E: Display>(
        &mut self,
        field: impl Into<String>,
        made: Result<T, E>,
    ) -> Option<T> {
        made.map_err(|reason| self.wrong(field, reason)).ok()
    }

    /// What was read of a field that the fault itself names.
    pub fn read<T>(&mut self, read: Result<T, InvalidField>) -> Option<T> {
        read.map_err(|field| self.0.push(field)).ok()
    }

    /// A field that must be there.
    pub fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.0.push(InvalidField::missing(field));
        }
        value
    }

    /// A member of an enumeration that must be one of those that `read` knows.
    pub fn word<T>(&mut self, field: impl Into<String>, read: Option<T>) -> Option<T> {
        self.take(field, read.ok_or("must be one of the words that are known"))
    }

    /// A text that must be there; what it must look like is checked elsewhere.
    pub fn given(&mut self, field: &str, text: &str) -> Option<()> {
        self.required(field, (!text.is_empty()).then_some(()))
    }

    /// A list that must hold nothing twice; names the second of two.
    pub fn none_twice<T: Ord>(&mut self, field: &str, list: Option<Vec<T>>) -> Option<Vec<T>> {
        let list = list?;
        match first_twice(&list) {
            None => Some(list),
            Some(index) => {
                self.wrong(format!("{field}[{index}]"), "must not be there twice");
                None
            }
        }
    }

    /// A field that does not hold what it must.
    pub fn wrong(&mut self, field: impl Into<String>, reason: impl Display) {
        self.0.push(InvalidField::new(field, reason));
    }

    /// A list of at most `items_max`, none twice; each item read by `read`, which names it by its
    /// path.
    pub fn list<T, U>(
        &mut self,
        field: &str,
        items: &[T],
        items_max: usize,
        mut read: impl FnMut(&mut Self, &str, &T) -> Option<U>,
    ) -> Option<Vec<U>> {
        if items.len() > items_max {
            self.wrong(field, format_args!("must be at most {items_max} in number"));
            return None;
        }
        let path = |index| format!("{field}[{index}]");
        let numbered = items.iter().enumerate();
        // Every item is read, also after one that does not fit.
        let read: Vec<Option<U>> =
            numbered.map(|(index, item)| read(self, &path(index), item)).collect();
        read.into_iter().collect()
    }

    /// What the fields make together. `made` is `None` only where one of them is wrong.
    pub fn done<T>(self, made: Option<T>) -> Result<T, Failure> {
        let mut wrong = self.0.into_iter();
        match (wrong.next(), made) {
            (None, Some(made)) => Ok(made),
            (None, None) => Err(Failure::internal("a field was neither taken nor refused")),
            (Some(first), _) => {
                let failure = Failure::from(first);
                Err(wrong.fold(failure, |failure, field| failure.with_detail(Detail::Field(field))))
            }
        }
    }
}

/// Names an item that is there twice.
fn first_twice<T: Ord>(items: &[T]) -> Option<usize> {
    let mut seen = std::collections::BTreeSet::new();
    items.iter().position(|item| !seen.insert(item))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let mut fields = Fields::default();
        assert_eq!(fields.take("a", Ok::<_, String>(1)), Some(1));
        assert_eq!(fields.take("b", Err::<u8, _>("must be b")), None);
        assert_eq!(fields.required::<u8>("c", None), None);
        let list = fields.list("d", &[1, 2, 3], 3, |fields, path, item| {
            fields.take(path, if *item == 2 { Err("must not be two") } else { Ok(*item) })
        });
        assert_eq!(list, None);
        let failure = fields.done(Some(())).err();
        let named: Vec<String> = failure
            .iter()
            .flat_map(Failure::details)
            .filter_map(|detail| match detail {
                Detail::Field(field) => Some(field.to_string()),
                Detail::Rule(_) | Detail::Moved(_) | Detail::Revision(_) | Detail::Retry(_) => None,
            })
            .collect();
        assert_eq!(named, ["`b` must be b", "`c` must be present", "`d[1]` must not be two"]);
    }

    #[test]
    fn the_second_of_two_is_found() {
        assert_eq!(first_twice(&["a", "b", "a"]), Some(2));
        assert_eq!(first_twice(&["a", "b"]), None);
    }
}
