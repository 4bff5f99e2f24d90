//! Collects everything that is wrong with a message, so that one answer names all of it.

use std::fmt::Display;

use proto::InvalidField;
use runtime::failure::{Detail, Failure};

/// What is wrong with a message, in the order in which it was read.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<InvalidField>);

impl Fields {
    /// What was made of a field; what is wrong with it is kept.
    pub(crate) fn take<T, E: Display>(
        &mut self,
        field: impl Into<String>,
        made: Result<T, E>,
    ) -> Option<T> {
        made.map_err(|reason| self.wrong(field, reason)).ok()
    }

    /// A field that must be there.
    pub(crate) fn required<T>(&mut self, field: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.0.push(InvalidField::missing(field));
        }
        value
    }

    /// A member of an enumeration that must be one of those that `read` knows.
    pub(crate) fn word<T>(&mut self, field: impl Into<String>, read: Option<T>) -> Option<T> {
        self.take(field, read.ok_or("must be one of the words that are known"))
    }

    /// A text that must be there; what it must look like is checked elsewhere.
    pub(crate) fn given(&mut self, field: &str, text: &str) -> Option<()> {
        self.required(field, (!text.is_empty()).then_some(()))
    }

    /// A field that does not hold what it must.
    pub(crate) fn wrong(&mut self, field: impl Into<String>, reason: impl Display) {
        self.0.push(InvalidField::new(field, reason));
    }

    /// What the fields make together. `made` is `None` only where one of them is wrong.
    pub(crate) fn done<T>(self, made: Option<T>) -> Result<T, Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_field_is_named() {
        let mut fields = Fields::default();
        assert_eq!(fields.take("a", Ok::<_, String>(1)), Some(1));
        assert_eq!(fields.take("b", Err::<u8, _>("must be b")), None);
        assert_eq!(fields.required::<u8>("c", None), None);
        let failure = fields.done(Some(())).err();
        let named: Vec<String> = failure
            .iter()
            .flat_map(Failure::details)
            .filter_map(|detail| match detail {
                Detail::Field(field) => Some(field.to_string()),
                Detail::Rule(_) | Detail::Moved(_) | Detail::Revision(_) | Detail::Retry(_) => None,
            })
            .collect();
        assert_eq!(named, ["`b` must be b", "`c` must be present"]);
    }
}
